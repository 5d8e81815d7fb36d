//! `setup`: the release build of pype and of the plugins beside it, which is all that a user needs.

use crate::places::Places;
use crate::steps::{Failed, Step};
use std::path::Path;

/// What cargo builds, one invocation a line: options, packages. The binary and its plugins never share one: cargo would then
/// build their common libraries once, with the features of all, and plugins would carry what they do not need.
const BUILDS: [(&str, &str); 3] = [
    ("build --release", "-p pype"),
    ("build --profile plugin", "-p pype-files -p pype-relational -p pype-control"),
    ("build --release", "-p pype-rows"),
];

/// The plugin libraries that these builds make, by the folder of their profile.
const PLUGINS: [(&str, &str); 4] =
    [("plugin", "pype_files"), ("plugin", "pype_relational"), ("plugin", "pype_control"), ("release", "pype_rows")];

/// Builds for CPUs of 2013 and later, as .cargo/config.toml says.
pub fn tuned(places: &Places) -> Result<(), Failed> {
    prepare(&places.target)?;
    for (build, packages) in BUILDS {
        Step::cargo(places, build).args(packages.split(' ')).run()?;
    }
    install(&places.target)?;
    eprintln!("pype is ready: {}", places.shown(&places.pype()));
    Ok(())
}

/// Builds the binary in which the tests of reliability switch bugs on; it takes the plugins of the other.
pub fn planted(places: &Places) -> Result<(), Failed> {
    Step::cargo(places, "build --release -p pype --bin pype-planted --features planted-bugs").run()
}

/// Builds for any CPU of the architecture.
pub fn portable(places: &Places) -> Result<(), Failed> {
    let target = places.portable_target();
    prepare(&target)?;
    for (build, packages) in BUILDS {
        let mut step = Step::cargo(places, build).args(packages.split(' '));
        step = step.arg("--target-dir").arg(&target);
        // Only x86-64 is tuned in .cargo/config.toml; this variable takes that file's place.
        if cfg!(target_arch = "x86_64") {
            step = step.env("CARGO_ENCODED_RUSTFLAGS", "-Ctarget-cpu=x86-64");
        }
        step.run()?;
    }
    install(&target)?;
    eprintln!("pype is ready: {}", places.shown(&target.join("release")));
    Ok(())
}

/// Puts the plugins into `modules/` beside the binary, where pype looks for them. Each takes its name in one step: a run that
/// goes on meanwhile keeps the file it has opened.
fn install(target: &Path) -> Result<(), Failed> {
    let modules = target.join("release").join("modules");
    let put = |profile: &str, name: &str| -> std::io::Result<()> {
        let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        std::fs::create_dir_all(&modules)?;
        let beside = modules.join(format!(".{file}.new"));
        std::fs::copy(target.join(profile).join(&file), &beside)?;
        std::fs::rename(beside, modules.join(&file))?;
        // Cargo leaves its own copy beside the binary, where pype would look first.
        match std::fs::remove_file(target.join("release").join(&file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    };
    for (profile, name) in PLUGINS {
        put(profile, name)
            .map_err(|error| Failed::new(format!("plugin `{name}` cannot be put into place: {error}")))?;
    }
    Ok(())
}

/// Says how long it takes, and what is missing before that time is spent.
fn prepare(target: &Path) -> Result<(), Failed> {
    require("rustc", "the Rust compiler", "install Rust from https://rustup.rs")?;
    // The memory allocator and the compression libraries are C.
    let advice = "install one, for example with `apt install gcc` or `xcode-select --install`";
    require("cc", "a C compiler", &format!("it builds the C libraries; {advice}"))?;
    if is_first_build(target) {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        eprintln!("{}", estimate(cores));
    }
    Ok(())
}

/// Ends the command if a program that the build needs is not there.
fn require(program: &str, what: &str, advice: &str) -> Result<(), Failed> {
    let output = std::process::Command::new(program).arg("--version").output();
    if output.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    Err(Failed::new(format!("{what} (`{program}`) is missing: {advice}, then run this command again")))
}

/// No Polars, the query engine, has been built yet.
fn is_first_build(target: &Path) -> bool {
    let is_polars = |name: &str| name.starts_with("libpolars_core-") && name.ends_with(".rlib");
    let Ok(mut entries) = target.join("release/deps").read_dir() else { return true };
    !entries.any(|entry| entry.is_ok_and(|entry| is_polars(&entry.file_name().to_string_lossy())))
}

/// The first build's length: 30 to 50 minutes of one core. Many cores do not help with its longest crates.
fn estimate(cores: usize) -> String {
    let least = 30_usize.div_ceil(cores).max(4);
    let most = 50_usize.div_ceil(cores).max(7);
    let cores = if cores == 1 { "1 core".to_owned() } else { format!("{cores} cores") };
    format!(
        "first build: about {least} to {most} minutes on {cores}, most of it the query engine; later ones take seconds"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_cores_are_faster_up_to_a_point() {
        assert!(estimate(2).starts_with("first build: about 15 to 25 minutes on 2 cores"));
        assert!(estimate(1).contains("30 to 50 minutes on 1 core,"));
        assert!(estimate(64).contains("4 to 7 minutes"));
    }

    #[test]
    fn a_missing_program_is_named_with_advice() {
        let failed = require("no-such-compiler", "a compiler", "install one").unwrap_err();
        let wanted = "a compiler (`no-such-compiler`) is missing: install one, then run this command again";
        assert_eq!(failed.message, wanted);
    }

    #[test]
    fn an_empty_target_folder_means_a_first_build() {
        assert!(is_first_build(Path::new("no/such/folder")));
    }
}

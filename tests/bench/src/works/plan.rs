//! A race as it is planned: one flow, one program of our own, and one script for each Python package.

use super::setting::Setting;
use crate::contenders::{Contender, Kind, Program};
use crate::hand;
use crate::outputs::{Key, Output};
use crate::process::output;
use crate::race::Race;
use crate::{Result, project, venv};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What all contenders of a race have in common, and what each of them is.
pub struct Plan {
    /// Its name, and that of the flow.
    pub name: &'static str,
    /// What is done.
    pub about: String,
    /// Whose answers count.
    pub reference: Kind,
    /// Rows of the first output, where they are known beforehand.
    pub rows: Option<u64>,
    /// The flow.
    pub flow: String,
    /// What the flow asks of the environment of its build.
    pub environment: Vec<(&'static str, String)>,
    /// The program of our own.
    pub hand: hand::Program,
    /// Scripts of Python packages.
    pub scripts: Vec<(Kind, &'static str)>,
    /// What all programs but `pype` are told, before the folder of the outputs.
    pub words: Vec<OsString>,
    /// Those who are told something else.
    pub other_words: Vec<(Kind, Vec<OsString>)>,
    /// What is written.
    pub outputs: Vec<Wanted>,
}

/// An output that all contenders write.
#[derive(Clone, Copy)]
pub struct Wanted {
    /// Its file name.
    pub file: &'static str,
    /// Columns by which its rows are in order.
    pub order: &'static [Key],
    /// It is compared value by value.
    pub whole: bool,
}

impl Plan {
    /// Makes everything ready that is not part of the work.
    pub fn race(self, setting: &Setting) -> Race {
        let mut contenders = Vec::new();
        for kind in &setting.kinds {
            let script = self.scripts.iter().find(|(of, _)| *of == kind.script()).map(|(_, script)| *script);
            let (folder, program) = match kind {
                Kind::Pype => {
                    let job = pype(setting, self.name, &self.flow, &self.environment);
                    (setting.project().join("out").join(self.name), job)
                }
                Kind::Other => {
                    let Some(executable) = setting.other.clone() else { continue };
                    let project = setting.other_project();
                    let job = job(executable, &project, self.name, &self.flow, &self.environment);
                    (project.join("out").join(self.name), job)
                }
                Kind::Hand => {
                    let folder = setting.scratch.join(format!("{}-hand", self.name));
                    let program = hand(self.hand, &self.words, &folder);
                    (folder, program)
                }
                _ => {
                    let Some(script) = script else { continue };
                    let folder = setting.scratch.join(format!("{}-{}", self.name, kind.name()));
                    let program = python(&setting.work, *kind, script, self.words(*kind), &folder);
                    (folder, program)
                }
            };
            contenders.push(contender(setting, self.name, kind.name(), *kind, program, folder, &self.outputs));
        }
        Race { name: self.name.to_owned(), about: self.about, reference: self.reference, rows: self.rows, contenders }
    }
}

impl Plan {
    fn words(&self, kind: Kind) -> &[OsString] {
        let other = self.other_words.iter().find(|(of, _)| *of == kind.script());
        other.map_or(&self.words, |(_, words)| words)
    }
}

/// A contender of a race.
pub fn contender(
    setting: &Setting,
    race: &str,
    name: &str,
    kind: Kind,
    program: Result<Program>,
    folder: PathBuf,
    outputs: &[Wanted],
) -> Contender {
    let place = |wanted: &Wanted| Output { path: folder.join(wanted.file), order: wanted.order, whole: wanted.whole };
    Contender {
        name: name.to_owned(),
        kind,
        program: program.map_err(|error| error.to_string()),
        outputs: outputs.iter().map(place).collect(),
        log: setting.scratch.join(format!("{race}-{}.log", name.replace(' ', "-"))),
        folder,
        samples: Vec::new(),
        output_bytes: 0,
    }
}

/// A job of the flow, built.
pub fn pype(setting: &Setting, name: &str, flow: &str, environment: &[(&'static str, String)]) -> Result<Program> {
    job(project::binary()?, &setting.project(), name, flow, environment)
}

fn job(
    executable: PathBuf,
    folder: &Path,
    name: &str,
    flow: &str,
    environment: &[(&'static str, String)],
) -> Result<Program> {
    std::fs::create_dir_all(folder.join("flows"))?;
    std::fs::write(folder.join("pype.toml"), "")?;
    let file = folder.join("flows").join(format!("{name}.yaml"));
    std::fs::write(&file, flow)?;
    let mut build = project::command(&executable);
    output(
        build.arg("build").arg(&file).current_dir(folder).envs(environment.iter().map(|(name, value)| (name, value))),
    )?;
    let mut arguments = vec![OsString::from("run"), folder.join("jobs").join(name).into_os_string()];
    arguments.extend(["--log-level", "warn"].map(OsString::from));
    Ok(Program { version: project::version(&executable)?, executable, arguments })
}

fn hand(program: hand::Program, words: &[OsString], folder: &Path) -> Result<Program> {
    let name = clap::ValueEnum::to_possible_value(&program).ok_or("a program without a name")?;
    let mut arguments = vec![OsString::from("hand"), name.get_name().into()];
    arguments.extend(words.iter().cloned());
    arguments.push(folder.into());
    let version = format!("polars crate {}", polars::VERSION);
    Ok(Program { version, executable: std::env::current_exe()?, arguments })
}

fn python(work: &Path, kind: Kind, script: &str, words: &[OsString], folder: &Path) -> Result<Program> {
    let (package, _) = kind.package().ok_or("not a Python package")?;
    let (executable, version) = venv::package(work, package)?;
    if kind == Kind::Pandas {
        // It reads and writes Parquet with it.
        venv::package(work, "pyarrow")?;
    }
    let mut arguments = vec![OsString::from("-c"), script.into()];
    arguments.extend(words.iter().cloned());
    arguments.push(folder.into());
    let name = package.split('=').next().unwrap_or(package);
    Ok(Program { version: format!("{name} {version} for Python"), executable, arguments })
}

//! What a build costs: flows of one to a hundred thousand modules, checked and built, with time and memory for each module.

use crate::measure::{Sample, measure};
use crate::{Result, project};
use std::fmt::Write;
use std::path::Path;

/// A form of flow, as large as it is asked for.
struct Case {
    name: &'static str,
    sizes: &'static [u64],
    text: fn(u64) -> String,
}

const CASES: [Case; 5] = [
    Case { name: "csv > filter > csv, one after another", sizes: &[1_000, 10_000, 100_000], text: copies },
    Case { name: "noop_solo, each by itself", sizes: &[1_000, 10_000, 100_000], text: solos },
    Case { name: "noop_solo, one after another", sizes: &[1_000, 10_000], text: chain },
    Case { name: "noop_solo, fan and gate", sizes: &[1_000, 5_000], text: fan },
    Case { name: "filter_mod, one behind another", sizes: &[1_000, 10_000], text: rows },
];

/// Measures all cases `rounds` times, and prints medians.
pub fn run(work: &Path, rounds: u32) -> Result<()> {
    let pype = project::binary()?;
    let mut table = format!(
        "{:<38} {:>8} {:>11} {:>9} {:>11} {:>9} {:>9} {:>9}\n",
        "", "modules", "validate s", "build s", "\u{b5}s/module", "peak MB", "kB/module", "files MB"
    );
    for case in &CASES {
        for size in case.sizes {
            let root = work.join(format!("build{size}"));
            std::fs::create_dir_all(&root)?;
            std::fs::write(root.join("pype.toml"), "")?;
            std::fs::write(root.join("flow.yaml"), format!("{HEAD}{}", (case.text)(*size)))?;
            let sample = |command: &str| -> Result<Sample> {
                let mut samples: Vec<Sample> =
                    (0..rounds).map(|_| once(&pype, &root, command)).collect::<Result<_>>()?;
                samples.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
                samples.get(samples.len() / 2).copied().ok_or_else(|| "no round was measured".into())
            };
            let (validate, build) = (sample("validate")?, sample("build")?);
            let each = *size as f64;
            writeln!(
                table,
                "{:<38} {size:>8} {:>11.3} {:>9.3} {:>11.1} {:>9.1} {:>9.2} {:>9.1}",
                case.name,
                validate.wall_s,
                build.wall_s,
                build.wall_s / each * 1e6,
                build.rss_mb,
                build.rss_mb / each * 1e3,
                written(&root.join("jobs/big"))? / 1e6,
            )?;
            std::fs::remove_dir_all(&root)?;
        }
    }
    print!("{table}");
    Ok(())
}

const HEAD: &str = "flow: {name: big, version: 1.0.0, authors: [bench], created: \"2026-01-01\"}\nmodules:\n";

fn once(pype: &Path, root: &Path, command: &str) -> Result<Sample> {
    let jobs = root.join("jobs");
    if jobs.is_dir() {
        std::fs::remove_dir_all(&jobs)?;
    }
    measure(project::command(pype).arg(command).arg(root.join("flow.yaml")).arg("--quiet"), &root.join("log"))
}

/// Bytes of the files that the build has made.
fn written(job: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(job)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64)
}

/// Links in one of the two forms.
fn connections(data: &[String], control: &[String]) -> String {
    let list = |links: &[String]| links.iter().map(|link| format!("    - \"{link}\"\n")).collect::<String>();
    let section = |name: &str, links: &[String]| match links.is_empty() {
        true => format!("  {name}: []\n"),
        false => format!("  {name}:\n{}", list(links)),
    };
    format!("connections:\n{}{}", section("data", data), section("control", control))
}

/// Sub flows of three modules, each started by the one before.
fn copies(modules: u64) -> String {
    let (mut text, mut data, mut control) = (String::new(), Vec::new(), Vec::new());
    for at in 0..modules / 3 {
        text += &format!("  - {{id: s{at}, name: csv_source, configs: {{file_path: in/{at}.csv}}}}\n");
        text += &format!("  - {{id: f{at}, name: filter_mod, configs: {{condition: \"a > {at}\"}}}}\n");
        text += &format!("  - {{id: w{at}, name: csv_sink, configs: {{output_path: out/{at}.csv}}}}\n");
        data.extend([format!("s{at}.data - f{at}.input"), format!("f{at}.output - w{at}.input")]);
        control.extend((at > 0).then(|| format!("s{} (1|) s{at}", at.saturating_sub(1))));
    }
    text + &connections(&data, &control)
}

fn solos(modules: u64) -> String {
    let nodes: String = (0..modules).map(|at| format!("  - {{id: n{at}, name: noop_solo}}\n")).collect();
    nodes + &connections(&[], &[])
}

fn chain(modules: u64) -> String {
    let nodes: String = (0..modules).map(|at| format!("  - {{id: n{at}, name: noop_solo}}\n")).collect();
    let links: Vec<String> = (1..modules).map(|at| format!("n{} (1|) n{at}", at - 1)).collect();
    nodes + &connections(&[], &links)
}

/// One sub flow starts all others, and the last one waits for them.
fn fan(modules: u64) -> String {
    let nodes: String = (0..modules).map(|at| format!("  - {{id: n{at}, name: noop_solo}}\n")).collect();
    let last = modules - 1;
    let links: Vec<String> =
        (1..last).flat_map(|at| [format!("n0 (1|) n{at}"), format!("n{at} (1|) n{last}")]).collect();
    nodes + &connections(&[], &links)
}

/// One sub flow as long as there are modules.
fn rows(modules: u64) -> String {
    let mut text = "  - {id: f0, name: csv_source, configs: {file_path: in.csv}}\n".to_owned();
    let mut links = Vec::new();
    for at in 1..modules - 1 {
        text += &format!("  - {{id: f{at}, name: filter_mod, configs: {{condition: \"a > {at}\"}}}}\n");
        links.push(format!("f{}.{} - f{at}.input", at - 1, if at == 1 { "data" } else { "output" }));
    }
    text += "  - {id: w, name: csv_sink, configs: {output_path: out.csv}}\n";
    links.push(format!("f{}.output - w.input", modules - 2));
    text + &connections(&links, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_have_as_many_modules_as_they_say() {
        for (text, links) in [(copies(30), 29), (solos(30), 0), (chain(30), 29), (fan(30), 56), (rows(30), 29)] {
            assert_eq!(text.matches("name: ").count(), 30, "{text}");
            assert_eq!(text.matches("    - \"").count(), links, "{text}");
        }
    }
}

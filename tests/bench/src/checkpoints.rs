//! What it costs to be able to go on: sub flows that do nothing, with their checkpoints and without; and how soon a run that goes
//! on begins its first new module.

use crate::measure::{Sample, measure};
use crate::{Result, project};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

/// Sub flows, one after another.
const CHAIN: u64 = 10_000;

/// Items of a loop; a tenth of them shows that memory does not grow with them.
const ITEMS: u64 = 1_000_000;

/// What is compared: a name, and the settings.
const KINDS: [(&str, &str); 4] = [
    ("checkpoint: off", "checkpoint: off"),
    ("durability: process", "durability: process"),
    ("durability: power", "durability: power"),
    ("power, commit_delay: 0", "durability: power, commit_delay: 0"),
];

/// Runs all in turn, `rounds` times, and prints medians.
pub fn run(work: &Path, rounds: u32) -> Result<()> {
    let pype = project::binary()?;
    let mut table = format!(
        "{:<24} {:>10} {:>12} {:>12} {:>8} {:>9}\n",
        "10,000 sub flows", "process s", "µs/sub flow", "over off, µs", "syncs", "peak MB"
    );
    let jobs: Vec<PathBuf> = KINDS
        .iter()
        .enumerate()
        .map(|(at, (_, settings))| build(&pype, work, &format!("chain{at}"), settings, &chain(CHAIN, "")))
        .collect::<Result<_>>()?;
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); KINDS.len()];
    for _ in 0..rounds {
        for (job, samples) in jobs.iter().zip(&mut samples) {
            samples.push(once(&pype, work, job, &[])?);
        }
    }
    let mut off = None;
    for (((name, _), job), samples) in KINDS.iter().zip(&jobs).zip(&mut samples) {
        let log = work.join("operations");
        remove(&log)?;
        once(&pype, work, job, &[("PYPE_FAULT_LOG", log.as_os_str())])?;
        let syncs = std::fs::read_to_string(&log)?.lines().filter(|line| line.contains(" sync")).count();
        samples.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
        let Some(median) = samples.get(samples.len() / 2) else { continue };
        let per = median.wall_s / CHAIN as f64 * 1e6;
        let over = per - *off.get_or_insert(per);
        writeln!(
            table,
            "{name:<24} {:>10.3} {per:>12.1} {over:>12.1} {syncs:>8} {:>9.1}",
            median.wall_s, median.rss_mb
        )?;
    }
    writeln!(
        table,
        "\n{:<24} {:>10} {:>12} {:>12} {:>18}",
        "a loop", "items", "process s", "peak MB", "MB, 1/10 of them"
    )?;
    for (name, settings) in KINDS.iter().take(3) {
        let flow = |n: u64| build(&pype, work, &format!("loop{n}"), settings, &items(n, ""));
        let small = once(&pype, work, &flow(ITEMS / 10)?, &[])?;
        let large = once(&pype, work, &flow(ITEMS)?, &[])?;
        writeln!(table, "{name:<24} {ITEMS:>10} {:>12.3} {:>12.1} {:>18.1}", large.wall_s, large.rss_mb, small.rss_mb)?;
    }
    writeln!(table, "\n{:<24} {:>22} {:>14}", "going on", "first new module, s", "whole run, s")?;
    for (name, text) in [("10,000 sub flows", chain(CHAIN, STEP)), ("10,000 items", items(10_000, STEP))] {
        let folder = format!("on{}", name.replace([' ', ','], ""));
        let job = build(&pype, work, &folder, "durability: power", &text)?;
        let (first, whole) = resume(&pype, &job, &work.join(&folder))?;
        writeln!(table, "{name:<24} {first:>22.3} {whole:>14.3}")?;
    }
    print!("{table}");
    Ok(())
}

/// The last step: it says when it began, and fails until it may succeed.
const STEP: &str = "    - \"LAST (2|) last\"\n";

/// Seconds until the first module that was not done before, and until the end; medians of five.
fn resume(pype: &Path, job: &Path, project: &Path) -> Result<(f64, f64)> {
    let (began, may) = (project.join("began"), project.join("may"));
    let mut found = Vec::new();
    for _ in 0..5 {
        remove(&may)?;
        let mut command = project::command(pype);
        command.arg("run").arg(job).args(["-q"]);
        // It fails, as it should.
        let _ = command.output()?;
        std::fs::write(&may, "")?;
        remove(&began)?;
        let (start, clock) = (SystemTime::now(), Instant::now());
        let mut command = project::command(pype);
        command.arg("run").arg(job).args(["--resume", "-q"]);
        let output = command.output()?;
        let whole = clock.elapsed().as_secs_f64();
        if !output.status.success() {
            return Err(format!("resuming failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let at = std::fs::metadata(&began)?.modified()?;
        found.push((at.duration_since(start)?.as_secs_f64(), whole));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    found.get(found.len() / 2).copied().ok_or_else(|| "nothing was measured".into())
}

fn build(pype: &Path, work: &Path, name: &str, settings: &str, text: &str) -> Result<PathBuf> {
    let folder = work.join(name);
    let head = format!(
        "flow: {{name: {name}, version: 1.0.0, authors: [bench], created: \"2026-01-01\"}}\nsettings: {{{settings}}}\n"
    );
    project::build(pype, &folder, name, &(head + text))
}

fn once(pype: &Path, work: &Path, job: &Path, env: &[(&str, &std::ffi::OsStr)]) -> Result<Sample> {
    let mut command = project::command(pype);
    command.arg("run").arg(job).args(["--log-level", "warn", "-q"]).envs(env.iter().copied());
    measure(&mut command, &work.join("checkpoints.log"))
}

fn remove(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

const LAST: &str = "  - {id: last, name: shell_solo, configs: {command: \"touch began; test -f may\"}}\n";

/// `n0 -> n1 -> n2 -> …`, and behind them the last step if there is one.
fn chain(units: u64, last: &str) -> String {
    let mut text = "modules:\n".to_owned();
    for at in 0..units {
        text += &format!("  - {{id: n{at}, name: noop_solo}}\n");
    }
    if !last.is_empty() {
        text += LAST;
    }
    text += "connections:\n  control:\n";
    for at in 1..units {
        text += &format!("    - \"n{} (1|) n{at}\"\n", at - 1);
    }
    text + &last.replace("LAST", &format!("n{}", units - 1))
}

/// One list, one sub flow per item, and behind them the last step if there is one.
fn items(units: u64, last: &str) -> String {
    let step = if last.is_empty() { "" } else { LAST };
    let text = format!(
        "modules:\n  - {{id: list, name: loop_source, configs: {{from: 1, to: {units}}}}}\n  - {{id: body, name: noop_solo}}\n{step}\
         connections:\n  control:\n    - \"list (1|iterate) body\"\n"
    );
    text + &last.replace("LAST", "list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_have_as_many_units_as_they_say() {
        assert_eq!(chain(3, "").matches("noop_solo").count(), 3);
        assert!(chain(3, STEP).contains("n2 (2|) last"));
        assert!(items(7, STEP).contains("to: 7") && items(7, STEP).contains("list (2|) last"));
    }
}

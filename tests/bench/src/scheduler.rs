//! What control flow itself costs: sub flows, items and branches that do nothing, many of them, with the event log on.

use crate::measure::{Sample, measure};
use crate::{Result, project};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// One flow of many units that do nothing.
struct Case {
    name: &'static str,
    flow: &'static str,
    units: u64,
    text: fn(u64) -> String,
}

const CASES: [Case; 4] = [
    Case { name: "chain of sub flows", flow: "chain", units: 10_000, text: chain },
    Case { name: "ITERATE, one after another", flow: "iterate", units: 1_000_000, text: |n| iterate(n, 1) },
    Case { name: "ITERATE parallel=2", flow: "iterate2", units: 1_000_000, text: |n| iterate(n, 2) },
    Case { name: "fan of parallel sub flows", flow: "fan", units: 10_000, text: fan },
];

/// What a case cost.
struct Figures {
    /// Seconds of the run by its own clock: from its first event to its last.
    run_s: f64,
    whole: Sample,
}

/// Runs all cases in turn, `rounds` times, and prints medians.
pub fn run(work: &Path, rounds: u32) -> Result<()> {
    let pype = project::binary()?;
    let mut table = format!(
        "{:<28} {:>9} {:>9} {:>9} {:>12} {:>10} {:>16}\n",
        "", "units", "run s", "µs/unit", "process s", "peak MB", "MB, 1/10 units"
    );
    for case in &CASES {
        let (job, tenth) = (build(&pype, work, case, case.units)?, build(&pype, work, case, case.units / 10)?);
        let mut runs: Vec<Figures> = (0..rounds).map(|_| once(&pype, work, &job)).collect::<Result<_>>()?;
        let small = once(&pype, work, &tenth)?;
        runs.sort_by(|a, b| a.run_s.total_cmp(&b.run_s));
        let Some(median) = runs.get(runs.len() / 2) else { continue };
        let per_unit = median.run_s / case.units as f64 * 1e6;
        writeln!(
            table,
            "{:<28} {:>9} {:>9.3} {per_unit:>9.2} {:>12.3} {:>10.1} {:>16.1}",
            case.name, case.units, median.run_s, median.whole.wall_s, median.whole.rss_mb, small.whole.rss_mb
        )?;
    }
    print!("{table}");
    Ok(())
}

fn build(pype: &Path, work: &Path, case: &Case, units: u64) -> Result<PathBuf> {
    let name = format!("{}{units}", case.flow);
    let head = format!("flow: {{name: {name}, version: 1.0.0, authors: [bench], created: \"2026-01-01\"}}\n");
    project::build(pype, &work.join(&name), &name, &(head + &(case.text)(units)))
}

fn once(pype: &Path, work: &Path, job: &Path) -> Result<Figures> {
    let runs = job.join("runs");
    if runs.is_dir() {
        std::fs::remove_dir_all(&runs)?;
    }
    let mut command = project::command(pype);
    command.arg("run").arg(job).args(["--log-level", "warn", "--output", "json"]);
    let whole = measure(&mut command, &work.join("scheduler.log"))?;
    let record = std::fs::read_dir(&runs)?.next().ok_or("the run left no record")??.path();
    let result: serde_json::Value = serde_json::from_slice(&std::fs::read(record.join("result.json"))?)?;
    let run_s = result.get("seconds").and_then(serde_json::Value::as_f64).ok_or("a result without seconds")?;
    Ok(Figures { run_s, whole })
}

/// `n0 -> n1 -> n2 -> …`.
fn chain(units: u64) -> String {
    let mut text = "modules:\n".to_owned();
    for at in 0..units {
        text += &format!("  - {{id: n{at}, name: noop_solo}}\n");
    }
    text += "connections:\n  control:\n";
    for at in 1..units {
        text += &format!("    - \"n{} (1|) n{at}\"\n", at - 1);
    }
    text
}

/// One list, one sub flow per item.
fn iterate(units: u64, parallel: u32) -> String {
    format!(
        "modules:\n  - {{id: list, name: loop_source, configs: {{from: 1, to: {units}}}}}\n  - {{id: body, name: noop_solo}}\n\
         connections:\n  control:\n    - \"list (1|iterate parallel={parallel}) body\"\n"
    )
}

/// One sub flow whose links all have the same order.
fn fan(units: u64) -> String {
    let mut text = "modules:\n  - {id: hub, name: noop_solo}\n".to_owned();
    for at in 0..units {
        text += &format!("  - {{id: n{at}, name: noop_solo}}\n");
    }
    text += "connections:\n  control:\n";
    for at in 0..units {
        text += &format!("    - \"hub (1|) n{at}\"\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_have_as_many_units_as_they_say() {
        assert_eq!(chain(3).matches("noop_solo").count(), 3);
        assert_eq!(chain(3).matches("(1|)").count(), 2);
        assert_eq!(fan(3).matches("hub (1|)").count(), 3);
        assert!(iterate(7, 2).contains("to: 7") && iterate(7, 2).contains("parallel=2"));
    }
}

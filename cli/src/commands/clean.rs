//! `pype clean`: what was taken away, in words.

use crate::args::{CleanArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::run::clean::{Cleaned, Wish, clean as engine_clean};
use std::time::Duration;

/// Seconds of a day.
const DAY: u64 = 24 * 60 * 60;

/// Cleans a job.
pub fn clean(global: &Global, args: &CleanArgs) -> Result<u8, Failure> {
    let older_than = args.older_than.map(|days| Duration::from_secs(u64::from(days) * DAY));
    let wish = Wish { keep_runs: args.keep_runs, older_than, dry_run: args.dry_run };
    let cleaned = engine_clean(&args.job, wish)?;
    match global.output {
        Output::Json => render::json(&cleaned),
        Output::Text => told(&cleaned).iter().for_each(|line| render::line(line)),
    }
    Ok(Exit::Success as u8)
}

fn told(cleaned: &Cleaned) -> Vec<String> {
    let word = if cleaned.dry_run { "would remove" } else { "removed" };
    let checkpoints = cleaned.checkpoints.iter().map(|dropped| {
        let landed = render::grouped(dropped.landed);
        let landed = if dropped.landed == 1 { "1 sub flow".to_owned() } else { format!("{landed} sub flows") };
        let by = dropped.called_by.as_ref().map_or_else(String::new, |run| format!(", which run {run} would resume"));
        format!("{word} the checkpoints of run {}{by}: {landed} had landed", dropped.run_id)
    });
    let records = cleaned.records.iter().map(|run| format!("{word} the record of run {run}"));
    let temporary = cleaned.temporary.iter().map(|path| format!("{word} {}", path.display()));
    let lines: Vec<String> = checkpoints.chain(records).chain(temporary).collect();
    if lines.is_empty() { vec![format!("{}: there is nothing to remove", cleaned.job)] } else { lines }
}

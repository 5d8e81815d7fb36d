//! Numbers and states of runs as people read them.

use crate::render::{grouped, line, new_table};
use comfy_table::CellAlignment;
use pypeline_history::{Live, Run, RunState};

/// Seconds: `0.345`, `12.3`, `4 min 05 s`, `3 h 07 min`.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    match whole {
        0..10 => format!("{seconds:.3}"),
        10..100 => format!("{seconds:.1}"),
        100..3_600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3_600, whole / 60 % 60),
    }
}

/// Seconds in the midst of a sentence: `0.345 s`, `4 min 05 s`.
pub fn span(length: f64) -> String {
    if length < 100.0 { format!("{} s", seconds(length)) } else { seconds(length) }
}

pub fn opt_seconds(value: Option<f64>) -> String {
    value.map_or_else(String::new, seconds)
}

pub fn opt_count(n: Option<u64>) -> String {
    n.map_or_else(String::new, grouped)
}

/// Failures of a run, handled ones told apart.
pub fn failures(run: &Run) -> String {
    match (run.n_failures, run.n_handled) {
        (0, _) => String::new(),
        (all, 0) => grouped(all),
        (all, handled) => format!("{} ({} handled)", grouped(all), grouped(handled)),
    }
}

/// A run that did not come to its end, and could go on.
pub const RESUMABLE: &str = "resumable";

/// Whether a run went on with another, and could go on itself.
pub fn standing(run: &Run) -> String {
    let resumes = run.resumes.as_ref().map(|other| format!("resumes {other}"));
    let parts: Vec<String> = resumes.into_iter().chain(run.resumable.then(|| RESUMABLE.to_owned())).collect();
    parts.join(", ")
}

/// A state in colour; the writer takes the colour away where nobody sees it.
pub fn coloured(state: RunState) -> String {
    let colour = match state {
        RunState::Succeeded => 32,
        RunState::Running => 36,
        RunState::Failed | RunState::Died => 31,
        RunState::Cancelled | RunState::Unknown => 33,
    };
    format!("\u{1b}[{colour}m{}\u{1b}[0m", state.as_str())
}

/// How far a run is, and what it does: `41.0 s so far, 45 %, about 50.0 s to go: orders (12.0 s), paid (3.000 s)`.
pub fn progress(live: &Live) -> String {
    let mut text = format!("{} so far", span(live.elapsed));
    if let Some(done) = live.done {
        text.push_str(&format!(", {:.0} %", done * 100.0));
    }
    match (live.remaining, live.usual) {
        (Some(_), Some(usual)) if live.elapsed > usual => {
            text.push_str(&format!(", longer than the usual {}", span(usual)));
        }
        (Some(remaining), _) => text.push_str(&format!(", about {} to go", span(remaining))),
        _ => {}
    }
    let running = live.running.iter().map(|part| {
        let times = if part.running > 1 { format!("{} times, ", grouped(part.running)) } else { String::new() };
        let attempt = if part.attempt > 1 { format!("attempt {}, ", part.attempt) } else { String::new() };
        format!("{} ({times}{attempt}{})", part.name, span(part.seconds))
    });
    let loops = live.loops.iter().map(|one| {
        let failed = if one.failed > 0 { format!(", {} failed", grouped(one.failed)) } else { String::new() };
        format!("loop over {} ({} done{failed})", one.sub_flow, grouped(one.done))
    });
    let at_work: Vec<String> = running.chain(loops).collect();
    if !at_work.is_empty() {
        text.push_str(&format!(": {}", at_work.join(", ")));
    }
    text
}

/// A table whose numbers stand at the right; `right` are the columns of numbers, from 0.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, right: &[usize]) {
    let mut table = new_table(header, rows);
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    line(&table.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_as_exact_as_they_are_short() {
        let texts = [0.0, 9.9994, 12.34, 99.99, 125.0, 3_599.9, 11_220.0].map(seconds);
        assert_eq!(texts, ["0.000", "9.999", "12.3", "100.0", "2 min 05 s", "59 min 59 s", "3 h 07 min"]);
        assert_eq!([span(1.0), span(125.0)], ["1.000 s", "2 min 05 s"]);
    }
}

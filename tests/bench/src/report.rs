//! The figures as a table for people and as JSON for programs.

use crate::contenders::{Contender, Kind};
use crate::data::Input;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::startup::Startup;
use serde_json::{Value, json};

/// Everything that was measured.
pub struct Report {
    /// On what.
    pub machine: Machine,
    /// With what.
    pub input: Input,
    /// How often.
    pub rounds: u32,
    /// By whom.
    pub contenders: Vec<Contender>,
    /// The cost of an empty run, where pype takes part.
    pub startup: Option<Result<Startup, String>>,
}

impl Report {
    /// Nothing of the project itself is missing.
    pub fn is_complete(&self) -> bool {
        let mut ours = self.contenders.iter().filter(|contender| contender.kind.is_ours());
        ours.all(|contender| contender.program.is_ok()) && !matches!(self.startup, Some(Err(_)))
    }

    /// For people.
    pub fn text(&self) -> String {
        let Machine { cores, cpu, memory_gb } = &self.machine;
        let Input { bytes, rows, kept, .. } = &self.input;
        let mut text = format!("machine: {cores} cores, {cpu}, {memory_gb:.1} GB\n");
        text += &format!("input: {:.3} GB, {rows} rows, {kept} of them kept; ", *bytes as f64 / 1e9);
        text += &format!("{} rounds, medians of them where nothing else is said\n", self.rounds);
        for contender in &self.contenders {
            let name = contender.kind.name();
            match &contender.program {
                Ok(program) => text += &format!("{name}: {}\n", program.version),
                Err(reason) => text += &format!("{name}: not available: {reason}\n"),
            }
        }
        text += &format!("\n{}\n", self.comparison());
        match &self.startup {
            Some(Ok(startup)) => text += &startup_table(startup),
            Some(Err(reason)) => text += &format!("startup: not available: {reason}\n"),
            None => {}
        }
        text
    }

    fn comparison(&self) -> String {
        let header = [
            "contender",
            "median s",
            "min s",
            "max s",
            "/ hand",
            "/ hand by round",
            "CPU s",
            "peak RSS MB",
            "/ hand",
            "peak anon MB",
            "output MB",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let hand = self.contenders.iter().find(|contender| contender.kind == Kind::Hand);
        let hand = hand.map(|hand| hand.samples.as_slice()).unwrap_or_default();
        let hand_wall = spread(hand, |sample| sample.wall_s).map(|wall| wall.median);
        let hand_rss = spread(hand, |sample| sample.rss_mb).map(|rss| rss.median);
        for contender in &self.contenders {
            let samples = contender.samples.as_slice();
            let Some(wall) = spread(samples, |sample| sample.wall_s) else { continue };
            let cpu = spread(samples, |sample| sample.cpu_s).map(|cpu| cpu.median);
            // Zero is what a system without /proc leaves: no figure at all.
            let memory = |value: fn(&Sample) -> f64| spread(samples, value).map(|mb| mb.median).filter(|mb| *mb > 0.0);
            let (rss, anon) = (memory(|sample| sample.rss_mb), memory(|sample| sample.anon_mb));
            let by_round: Vec<f64> = samples.iter().zip(hand).map(|(own, hand)| own.wall_s / hand.wall_s).collect();
            rows.push(vec![
                contender.kind.name().to_owned(),
                number(Some(wall.median), 3),
                number(Some(wall.min), 3),
                number(Some(wall.max), 3),
                number(ratio(Some(wall.median), hand_wall), 3),
                number(Spread::of(by_round).map(|ratios| ratios.median), 3),
                number(cpu, 2),
                number(rss, 0),
                number(ratio(rss, hand_rss), 3),
                number(anon, 0),
                number(Some(contender.output_bytes as f64 / 1e6), 0),
            ]);
        }
        table(&rows)
    }

    /// For programs: every single measurement.
    pub fn json(&self) -> Value {
        let Machine { cores, cpu, memory_gb } = &self.machine;
        let Input { bytes, rows, kept, .. } = &self.input;
        let contenders: Vec<Value> = self.contenders.iter().map(contender_json).collect();
        let startup = self.startup.as_ref().map(|startup| match startup {
            Ok(startup) => json!({ "run_ms": startup.run_ms, "version_ms": startup.version_ms }),
            Err(reason) => json!({ "not_available": reason }),
        });
        json!({
            "machine": { "cores": cores, "cpu": cpu, "memory_gb": memory_gb },
            "input": { "bytes": bytes, "rows": rows, "kept": kept },
            "rounds": self.rounds,
            "contenders": contenders,
            "startup": startup,
        })
    }
}

fn contender_json(contender: &Contender) -> Value {
    let name = contender.kind.name();
    let program = match &contender.program {
        Ok(program) => program,
        Err(reason) => return json!({ "name": name, "not_available": reason }),
    };
    let sample = |sample: &Sample| {
        let Sample { wall_s, cpu_s, rss_mb, anon_mb } = sample;
        json!({ "wall_s": wall_s, "cpu_s": cpu_s, "peak_rss_mb": rss_mb, "peak_anon_mb": anon_mb })
    };
    let samples: Vec<Value> = contender.samples.iter().map(sample).collect();
    json!({ "name": name, "version": program.version, "output_bytes": contender.output_bytes, "samples": samples })
}

fn startup_table(startup: &Startup) -> String {
    let mut rows = vec![["startup", "median ms", "min ms", "max ms"].map(str::to_owned).to_vec()];
    for (name, times) in [("pype run, two noop_solo", &startup.run_ms), ("pype --version", &startup.version_ms)] {
        if let Some(Spread { median, min, max }) = Spread::of(times.clone()) {
            let cells = [median, min, max].map(|value| number(Some(value), 1));
            rows.push(std::iter::once(name.to_owned()).chain(cells).collect());
        }
    }
    table(&rows)
}

/// Middle and ends of some values.
#[derive(Debug, PartialEq)]
struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values.get((values.len() - 1) / 2)?, values.get(values.len() / 2)?);
        Some(Self { median: f64::midpoint(*low, *high), min, max })
    }
}

fn spread(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Option<Spread> {
    Spread::of(samples.iter().map(value).collect())
}

fn ratio(value: Option<f64>, base: Option<f64>) -> Option<f64> {
    Some(value? / base.filter(|base| *base > 0.0)?)
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Columns as wide as their widest cell: the first to the left, the others to the right.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ") + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_middle() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(vec![4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn a_table_is_aligned() {
        let rows = [["name", "s"], ["a", "12.5"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "name     s\na     12.5\n");
    }
}

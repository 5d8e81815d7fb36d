//! The figures as tables for people and as JSON for programs.

mod figures;
mod json;
mod queries;

use crate::contenders::{Contender, Kind};
use crate::machine::Machine;
use crate::measure::Sample;
use crate::race::Race;
use crate::startup::Startup;
use crate::works::Work;
use figures::{Spread, by_round, number, ratio, spread, table};
use json::Done;
use serde_json::Value;

/// Everything that was measured.
pub struct Report {
    /// On what.
    pub machine: Machine,
    /// By whom.
    pub kinds: Vec<Kind>,
    /// How often.
    pub rounds: u32,
    /// What was done: races, or why there are none.
    pub works: Vec<Done>,
    /// The cost of starting, where pype takes part.
    pub startup: Option<Result<Startup, String>>,
}

impl Report {
    /// Nothing of the project itself is missing.
    pub fn is_complete(&self) -> bool {
        let races = |(_, races): &Done| {
            races.as_ref().is_ok_and(|races| {
                let mut ours = races.iter().flat_map(|race| &race.contenders).filter(|one| one.kind.is_ours());
                ours.all(|contender| contender.program.is_ok())
            })
        };
        self.works.iter().all(races) && !matches!(self.startup, Some(Err(_)))
    }

    /// For people.
    pub fn text(&self) -> String {
        let Machine { cores, cpu, memory_gb } = &self.machine;
        let mut text = format!("machine: {cores} cores, {cpu}, {memory_gb:.1} GB\n");
        text += &format!("{} rounds, medians of them where nothing else is said\n", self.rounds);
        let races: Vec<&Race> = self.works.iter().filter_map(|(_, races)| races.as_ref().ok()).flatten().collect();
        for kind in &self.kinds {
            let contenders = races.iter().flat_map(|race| &race.contenders);
            let mut versions = contenders.filter(|one| one.kind == *kind).filter_map(|one| one.program.as_ref().ok());
            if let Some(program) = versions.next() {
                text += &format!("{}: {}\n", kind.name(), program.version);
            }
        }
        for (work, races) in &self.works {
            text += &format!("\n== {} ==\n", work.name());
            match races {
                Ok(races) => text += &self.work(*work, races),
                Err(reason) => text += &format!("not available: {reason}\n"),
            }
        }
        match &self.startup {
            Some(Ok(startup)) => text += &format!("\n{}", startup_table(startup)),
            Some(Err(reason)) => text += &format!("\nstartup: not available: {reason}\n"),
            None => {}
        }
        text
    }

    fn work(&self, work: Work, races: &[Race]) -> String {
        let mut text = String::new();
        for race in races {
            if work != Work::Tpch {
                text += &format!("{}\n", race.about);
            }
            for contender in &race.contenders {
                if let Err(reason) = &contender.program {
                    text += &format!("{}: {}: not available: {reason}\n", race.name, contender.name);
                }
            }
            if work != Work::Tpch && self.rounds > 0 {
                text += &format!("\n{}\n", comparison(race));
            }
        }
        if work == Work::Tpch && self.rounds > 0 {
            text += &queries::queries(races, &self.kinds);
        }
        text
    }

    /// For programs: every single measurement.
    pub fn json(&self) -> Value {
        json::report(&self.machine, self.rounds, &self.works, self.startup.as_ref())
    }
}

fn comparison(race: &Race) -> String {
    let header = [
        race.name.as_str(),
        "median s",
        "min s",
        "max s",
        "/ hand",
        "by round",
        "/ wheel",
        "by round",
        "CPU s",
        "peak RSS MB",
        "/ hand",
        "peak anon MB",
        "output MB",
    ];
    let mut rows = vec![header.map(str::to_owned).to_vec()];
    let samples = |kind: Kind| {
        let found = race.contenders.iter().find(|contender| contender.kind == kind);
        found.map(|contender| contender.samples.as_slice()).unwrap_or_default()
    };
    let (hand, wheel) = (samples(Kind::Hand), samples(Kind::Wheel));
    let median = |samples: &[Sample], value: fn(&Sample) -> f64| spread(samples, value).map(|found| found.median);
    let (hand_wall, wheel_wall) = (median(hand, |sample| sample.wall_s), median(wheel, |sample| sample.wall_s));
    let hand_rss = median(hand, |sample| sample.rss_mb);
    for contender in &race.contenders {
        let samples = contender.samples.as_slice();
        let Some(wall) = spread(samples, |sample| sample.wall_s) else { continue };
        // Zero is what a system without /proc leaves: no figure at all.
        let memory = |value: fn(&Sample) -> f64| median(samples, value).filter(|mb| *mb > 0.0);
        let (rss, anon) = (memory(|sample| sample.rss_mb), memory(|sample| sample.anon_mb));
        rows.push(vec![
            contender.name.clone(),
            number(Some(wall.median), 3),
            number(Some(wall.min), 3),
            number(Some(wall.max), 3),
            number(ratio(Some(wall.median), hand_wall), 3),
            number(by_round(samples, hand), 3),
            number(ratio(Some(wall.median), wheel_wall), 3),
            number(by_round(samples, wheel), 3),
            number(median(samples, |sample| sample.cpu_s), 2),
            number(rss, 0),
            number(ratio(rss, hand_rss), 3),
            number(anon, 0),
            megabytes(contender),
        ]);
    }
    table(&rows)
}

fn megabytes(contender: &Contender) -> String {
    number(Some(contender.output_bytes as f64 / 1e6), 0)
}

fn startup_table(startup: &Startup) -> String {
    let mut rows = vec![["startup", "median ms", "min ms", "max ms"].map(str::to_owned).to_vec()];
    for (name, times) in &startup.times {
        if let Some(Spread { median, min, max }) = Spread::of(times.clone()) {
            let cells = [median, min, max].map(|value| number(Some(value), 1));
            rows.push(std::iter::once(name.clone()).chain(cells).collect());
        }
    }
    table(&rows)
}

//! Every single measurement, for programs.

use crate::contenders::Contender;
use crate::machine::Machine;
use crate::measure::Sample;
use crate::race::Race;
use crate::startup::Startup;
use crate::works::Work;
use serde_json::{Map, Value, json};

/// A work and its races, or why there are none.
pub type Done = (Work, Result<Vec<Race>, String>);

/// The whole report, of its parts.
pub fn report(machine: &Machine, rounds: u32, works: &[Done], startup: Option<&Result<Startup, String>>) -> Value {
    let Machine { cores, cpu, memory_gb } = machine;
    let startup = startup.map(|startup| match startup {
        Ok(startup) => {
            let times = startup.times.iter().map(|(name, times)| (name.clone(), json!(times)));
            json!({ "ms": times.collect::<Map<String, Value>>() })
        }
        Err(reason) => json!({ "not_available": reason }),
    });
    json!({
        "machine": { "cores": cores, "cpu": cpu, "memory_gb": memory_gb },
        "rounds": rounds,
        "works": works.iter().map(work).collect::<Vec<Value>>(),
        "startup": startup,
    })
}

fn work((work, races): &Done) -> Value {
    match races {
        Ok(races) => json!({ "name": work.name(), "races": races.iter().map(race).collect::<Vec<Value>>() }),
        Err(reason) => json!({ "name": work.name(), "not_available": reason }),
    }
}

fn race(race: &Race) -> Value {
    let contenders: Vec<Value> = race.contenders.iter().map(contender).collect();
    json!({ "name": race.name, "about": race.about, "contenders": contenders })
}

fn contender(contender: &Contender) -> Value {
    let program = match &contender.program {
        Ok(program) => program,
        Err(reason) => return json!({ "name": contender.name, "not_available": reason }),
    };
    let sample = |sample: &Sample| {
        let Sample { wall_s, cpu_s, rss_mb, anon_mb } = sample;
        json!({ "wall_s": wall_s, "cpu_s": cpu_s, "peak_rss_mb": rss_mb, "peak_anon_mb": anon_mb })
    };
    let samples: Vec<Value> = contender.samples.iter().map(sample).collect();
    json!({
        "name": contender.name,
        "version": program.version,
        "output_bytes": contender.output_bytes,
        "samples": samples,
    })
}

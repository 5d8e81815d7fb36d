//! The rounds: all contenders in turn, forwards and then backwards, so that a machine that gets warmer or busier does
//! so for all alike. A contender that fails or writes a wrong number of rows leaves the race.

use crate::contenders::{Contender, Program};
use crate::measure::{Sample, measure};
use crate::{Result, hand};

/// Runs one round that is not measured, and then the measured ones.
pub fn run(contenders: &mut [Contender], rounds: u32, kept: u64) {
    for contender in contenders.iter_mut() {
        turn(contender, kept, "warm-up");
        contender.samples.clear();
    }
    for round in 1..=rounds {
        let label = format!("round {round}");
        if round % 2 == 1 {
            contenders.iter_mut().for_each(|contender| turn(contender, kept, &label));
        } else {
            contenders.iter_mut().rev().for_each(|contender| turn(contender, kept, &label));
        }
    }
}

fn turn(contender: &mut Contender, kept: u64, label: &str) {
    let Ok(program) = &contender.program else { return };
    let name = contender.kind.name();
    match attempt(contender, program, kept) {
        Ok((sample, output_bytes)) => {
            eprintln!("{label}: {name} {:.3} s, {:.0} MB", sample.wall_s, sample.rss_mb);
            contender.samples.push(sample);
            contender.output_bytes = output_bytes;
        }
        Err(error) => {
            eprintln!("{label}: {name} failed: {error}");
            contender.samples.clear();
            contender.program = Err(format!("failed in {label}: {error}"));
        }
    }
}

fn attempt(contender: &Contender, program: &Program, kept: u64) -> Result<(Sample, u64)> {
    let output = &contender.output;
    // Overwriting costs more than writing anew, and an old file must not pass for a new one.
    match std::fs::remove_file(output) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let sample = measure(&mut program.command(), &contender.log)?;
    let rows = hand::rows(output)?;
    if rows != kept {
        return Err(format!("{} has {rows} rows and should have {kept}", output.display()).into());
    }
    Ok((sample, std::fs::metadata(output)?.len()))
}

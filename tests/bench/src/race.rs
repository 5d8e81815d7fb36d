//! The rounds of one race: all contenders in turn, forwards and then backwards, so that a machine that gets warmer or busier does
//! so for all alike. A contender that fails, or answers otherwise than the one whose answers count, leaves the race.

use crate::Result;
use crate::contenders::{Contender, Kind, Program};
use crate::measure::{Sample, measure};
use crate::outputs::Answer;
use std::path::Path;

/// Contenders that do the same.
pub struct Race {
    /// Its name.
    pub name: String,
    /// What is done.
    pub about: String,
    /// Whose answers count; where it has none, those of the first that has.
    pub reference: Kind,
    /// Rows of the first output, where they are known beforehand.
    pub rows: Option<u64>,
    /// Who does it.
    pub contenders: Vec<Contender>,
}

impl Race {
    /// Runs one round that is not measured, in which answers are compared, and then the measured ones.
    pub fn run(&mut self, rounds: u32) {
        let answers = self.contenders.iter_mut().map(|contender| first(&self.name, contender)).collect::<Vec<_>>();
        self.compare(&answers);
        for round in 1..=rounds {
            let mut turn = |(contender, answers): (&mut Contender, &Option<Vec<Answer>>)| {
                turn(&self.name, contender, answers.as_deref().unwrap_or_default(), round);
            };
            let pairs = self.contenders.iter_mut().zip(&answers);
            if round % 2 == 1 { pairs.for_each(&mut turn) } else { pairs.rev().for_each(&mut turn) }
        }
    }

    fn compare(&mut self, answers: &[Option<Vec<Answer>>]) {
        let of = |wanted: Option<Kind>| {
            let mut pairs = self.contenders.iter().zip(answers);
            pairs.find(|(contender, answers)| answers.is_some() && wanted.is_none_or(|kind| kind == contender.kind))
        };
        let Some((reference, Some(wanted))) = of(Some(self.reference)).or_else(|| of(None)) else { return };
        let name = reference.name.clone();
        for (contender, own) in self.contenders.iter_mut().zip(answers) {
            let Some(own) = own else { continue };
            let known = self.rows.zip(own.first()).filter(|(rows, answer)| *rows != answer.rows());
            let unknown = known.map(|(rows, answer)| format!("{} rows, and not {rows}", answer.rows()));
            let mut differences = own.iter().zip(wanted).filter_map(|(own, wanted)| own.difference(wanted));
            if let Some(difference) = unknown.or_else(|| differences.next()) {
                out(&self.name, contender, "the check", &format!("its answer is not that of {name}: {difference}"));
            }
        }
    }
}

fn first(race: &str, contender: &mut Contender) -> Option<Vec<Answer>> {
    let program = contender.program.as_ref().ok()?;
    let tried = attempt(contender, program).and_then(|sample| {
        Ok((sample, contender.outputs.iter().map(|output| output.answer()).collect::<Result<Vec<_>>>()?))
    });
    match tried {
        Ok((sample, answers)) => {
            told(race, contender, "warm-up", &sample);
            Some(answers)
        }
        Err(error) => {
            out(race, contender, "the warm-up", &error.to_string());
            None
        }
    }
}

fn turn(race: &str, contender: &mut Contender, answers: &[Answer], round: u32) {
    let Ok(program) = &contender.program else { return };
    let tried = attempt(contender, program).and_then(|sample| {
        let mut bytes = 0;
        for (output, answer) in contender.outputs.iter().zip(answers) {
            let rows = output.rows()?;
            if rows != answer.rows() {
                return Err(format!("{} has {rows} rows, and had {}", output.path.display(), answer.rows()).into());
            }
            bytes += output.bytes()?;
        }
        Ok((sample, bytes))
    });
    match tried {
        Ok((sample, bytes)) => {
            told(race, contender, &format!("round {round}"), &sample);
            contender.samples.push(sample);
            contender.output_bytes = bytes;
        }
        Err(error) => out(race, contender, &format!("round {round}"), &error.to_string()),
    }
}

fn attempt(contender: &Contender, program: &Program) -> Result<Sample> {
    // Overwriting costs more than writing anew, and an old file must not pass for a new one.
    clear(&contender.folder)?;
    std::fs::create_dir_all(&contender.folder)?;
    measure(&mut program.command(), &contender.log)
}

/// Files that are removed before others are made; more of them go aside, and stay as long as the folder of all outputs. On ext4 a new file is not put
/// where one was that was removed in the last half minute: to pass over thousands of such places takes longer than the work measured.
const FEW: usize = 100;

fn clear(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    if n_files(folder)? <= FEW {
        return Ok(std::fs::remove_dir_all(folder)?);
    }
    let aside = |number: u32| folder.with_extension(format!("aside-{number}"));
    let free = (0..).map(aside).find(|aside| !aside.exists()).ok_or("no name is free")?;
    Ok(std::fs::rename(folder, free)?)
}

fn n_files(folder: &Path) -> Result<usize> {
    let mut found = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        found += if entry.file_type()?.is_dir() { n_files(&entry.path())? } else { 1 };
    }
    Ok(found)
}

fn told(race: &str, contender: &Contender, when: &str, sample: &Sample) {
    eprintln!("{race}: {when}: {} {:.3} s, {:.0} MB", contender.name, sample.wall_s, sample.rss_mb);
}

/// Takes a contender out of the race.
fn out(race: &str, contender: &mut Contender, when: &str, why: &str) {
    eprintln!("{race}: {} failed in {when}: {why}", contender.name);
    contender.samples.clear();
    contender.program = Err(format!("failed in {when}: {why}"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outputs::Output;

    fn contender(folder: &Path, kind: Kind, script: &str) -> Contender {
        let folder = folder.join(kind.name());
        let program = Program {
            version: "1".to_owned(),
            executable: "sh".into(),
            arguments: ["-c".into(), script.into(), "sh".into(), folder.join("out.csv").into()].into(),
        };
        let outputs = vec![Output { path: folder.join("out.csv"), order: &[], whole: true }];
        let log = folder.with_extension("log");
        Contender {
            name: kind.name().to_owned(),
            kind,
            program: Ok(program),
            folder,
            outputs,
            log,
            samples: Vec::new(),
            output_bytes: 0,
        }
    }

    #[test]
    fn who_answers_otherwise_or_fails_leaves_the_race() {
        let folder = tempfile::tempdir().unwrap();
        let right = r#"printf 'a\n1\n2\n' > "$1""#;
        let mut race = Race {
            name: "numbers".to_owned(),
            about: String::new(),
            reference: Kind::Hand,
            rows: Some(2),
            contenders: vec![
                contender(folder.path(), Kind::Pype, r#"printf 'a\n1\n3\n' > "$1""#),
                contender(folder.path(), Kind::Hand, right),
                contender(folder.path(), Kind::Duckdb, right),
                contender(folder.path(), Kind::Wheel, "echo broken >&2; exit 1"),
            ],
        };
        race.run(2);
        let said: Vec<Option<&str>> =
            race.contenders.iter().map(|contender| contender.program.as_ref().err().map(String::as_str)).collect();
        assert!(said[0].unwrap().contains("not that of hand"), "{said:?}");
        assert!(said[3].unwrap().contains("broken"), "{said:?}");
        assert_eq!((said[1], said[2]), (None, None));
        let samples: Vec<usize> = race.contenders.iter().map(|contender| contender.samples.len()).collect();
        assert_eq!(samples, [0, 2, 2, 0]);
        assert_eq!(race.contenders[1].output_bytes, 6);
    }

    #[test]
    fn a_number_of_rows_that_is_known_holds_for_the_reference_too() {
        let folder = tempfile::tempdir().unwrap();
        let only = contender(folder.path(), Kind::Hand, r#"printf 'a\n1\n' > "$1""#);
        let mut race = Race {
            name: "numbers".to_owned(),
            about: String::new(),
            reference: Kind::Hand,
            rows: Some(2),
            contenders: vec![only],
        };
        race.run(1);
        assert!(race.contenders[0].program.as_ref().err().unwrap().contains("1 rows, and not 2"));
    }
}

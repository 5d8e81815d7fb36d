//! Checkpoints that were damaged while nobody looked: what is wrong is found, named and kept aside; what depends on it runs
//! again; or the run is refused in plain words. It never crashes, and never makes something of what is wrong.

use crate::fixtures::{Fixture, spilling, twenty};
use crate::promises::Story;
use crate::support::process::End;
use crate::support::seed::Chance;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::tree::Tree;
use crate::support::trial::Trial;
use crate::support::{Check, Pype, workers};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One damage to one file of a checkpoint.
#[derive(Debug, Clone)]
pub struct Damage {
    kind: &'static str,
    /// Draws the file and the place in it.
    chance: Chance,
    /// The crash that it follows: after so many records.
    records: usize,
}

const KINDS: [&str; 9] = [
    "cut short",
    "emptied",
    "a bit flipped",
    "a bit flipped",
    "zeroed in part",
    "longer",
    "missing",
    "another's content",
    "a stranger",
];

/// So many damages of all kinds.
pub fn damages(chance: &mut Chance, n: usize, most_records: usize) -> Vec<Damage> {
    (0..n)
        .map(|at| Damage {
            kind: KINDS[at % KINDS.len()],
            chance: chance.fork(),
            records: 1 + chance.below(most_records),
        })
        .collect()
}

/// How a resumption of what was damaged ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    Right,
    RanAgain,
    Refused,
    /// The crash did not come, or there was no file to damage.
    Nothing,
}

/// What was done to which file.
struct Done {
    kind: &'static str,
    path: PathBuf,
    what: String,
    /// It was changed where no mere end of a file that was being written is.
    is_inside: bool,
}

impl Damage {
    /// Does it to a file of the folder.
    fn apply(&self, folder: &Path) -> Option<Done> {
        let mut chance = self.chance.clone();
        let tree = Tree::read(folder);
        let files: Vec<(&PathBuf, &Vec<u8>)> =
            tree.0.iter().filter_map(|(path, content)| Some((path, content.as_ref()?))).collect();
        if files.is_empty() {
            return None;
        }
        let (name, content) = files[chance.below(files.len())];
        let path = folder.join(name);
        let at = chance.below(content.len());
        let mut bytes = content.clone();
        let mut what = format!("{} {} at {at} of {}", name.display(), self.kind, content.len());
        match self.kind {
            "cut short" => bytes.truncate(at),
            "emptied" => bytes.clear(),
            "a bit flipped" => *bytes.get_mut(at)? ^= 1 << chance.below(8),
            "zeroed in part" => {
                let end = (at + 1 + chance.below(64)).min(bytes.len());
                bytes[at..end].fill(0);
            }
            "longer" => bytes.extend((0..1 + chance.below(100)).map(|_| chance.next() as u8)),
            "missing" => {
                std::fs::remove_file(&path).unwrap();
                return Some(Done { kind: self.kind, path, what, is_inside: false });
            }
            "another's content" => {
                let (other, theirs) = files[chance.below(files.len())];
                what = format!("{} with the content of {}", name.display(), other.display());
                bytes = theirs.clone();
            }
            _ => {
                let path = path.with_file_name(["stranger", "stranger.parquet", ".stranger", "0"][chance.below(4)]);
                std::fs::write(&path, &bytes[..at]).unwrap();
                return Some(Done {
                    kind: self.kind,
                    what: format!("{} is a stranger", path.display()),
                    path,
                    is_inside: false,
                });
            }
        }
        if bytes == *content {
            return None;
        }
        std::fs::write(&path, bytes).unwrap();
        let is_change = matches!(self.kind, "a bit flipped" | "zeroed in part");
        Some(Done { kind: self.kind, path, what, is_inside: is_change && at < content.len() / 2 })
    }
}

/// Kills a run after some records, damages its checkpoint, resumes it.
pub fn damage_and_resume(template: &Template, damage: &Damage) -> Result<Ended, String> {
    let mut story = Story::new(Trial::new(template));
    let killed = story.trial.run(&format!("mark=written#{}:kill", damage.records));
    story.then(killed);
    let Some(folder) = story.trial.unfinished().into_iter().next() else { return Ok(Ended::Nothing) };
    let Some(done) = damage.apply(&folder) else { return Ok(Ended::Nothing) };
    let resumed = story.trial.resume("", &[]);
    story.then(resumed);
    let ended = if matches!(story.last().end, End::Code(1 | 3)) {
        refused(&mut story, &done)
    } else {
        resumed_rightly(&story, &done)
    };
    ended.map_err(|wrong| story.wrong(format!("{}: {wrong}", done.what)))
}

/// The file to which rows are added: where the journal was cut, nobody can see that this was done, and it is done again.
fn grows(path: &Path) -> bool {
    path == Path::new("ledger.csv")
}

/// A refusal names what is wrong, and a new run is not hindered by it.
fn refused(story: &mut Story<'_>, done: &Done) -> Result<Ended, String> {
    story.last().sane()?;
    let name = done.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let says = &story.last().stderr;
    if !says.contains("checkpoints/") && !says.contains(&name) {
        return Err(format!("the refusal does not say of what: {}", story.last().last_words()));
    }
    let anew = story.trial.run("");
    story.then(anew).expect(End::Code(0))?;
    // A file that grows has grown once more.
    story.trial.is_golden_but(grows)?;
    Ok(Ended::Refused)
}

fn resumed_rightly(story: &Story<'_>, done: &Done) -> Result<Ended, String> {
    let resumed = story.last();
    resumed.expect(End::Code(0))?;
    if resumed.found_nothing() && story.trial.is_golden_but(|_| false).is_err() {
        return Err("there was nothing to resume, and no word of what was damaged".to_owned());
    }
    let is_cut = done.path.extension().is_none() && ["cut short", "emptied", "missing"].contains(&done.kind);
    story.trial.is_golden_but(|path| is_cut && grows(path)).map_err(|wrong| format!("wrong output: {wrong}"))?;
    let ran_again = story.kept().is_err();
    let is_journal = done.path.extension().is_none();
    if done.is_inside && (ran_again || is_journal) {
        was_told_and_kept(story, done)?;
    }
    Ok(if ran_again { Ended::RanAgain } else { Ended::Right })
}

/// A warning names the file, and the file is put aside for a person to look at.
fn was_told_and_kept(story: &Story<'_>, done: &Done) -> Check {
    let name = done.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !story.last().stderr.contains(&name) {
        return Err(format!("nothing was said of the damaged {name}"));
    }
    if !story.last().log.named(".corrupt-") {
        return Err(format!("the damaged {name} was not put aside as *.corrupt-N"));
    }
    Ok(())
}

fn damage(name: &str, fixture: &Fixture, n: usize) {
    let mut chance = Chance::of_test(name);
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let records = Trial::new(&template).run("").log.of("written").len();
    assert!(records > 3, "only {records} records");
    let damages = damages(&mut chance, n, records - 1);
    let ended = workers::each(name, &damages, |damage| damage_and_resume(&template, damage));
    let mut by_end: BTreeMap<Ended, usize> = BTreeMap::new();
    ended.iter().for_each(|ended| *by_end.entry(*ended).or_default() += 1);
    tally.count("damages", n);
    by_end.iter().for_each(|(ended, n)| tally.count(&format!("{ended:?}"), *n));
    tally.tell();
    assert!(by_end.get(&Ended::Nothing).is_none_or(|nothing| nothing * 5 < n), "too few damages were done: {by_end:?}");
}

#[test]
fn a_damaged_checkpoint_is_found_and_never_used() {
    damage("damaged checkpoints, 20 sub flows", &twenty(), 54);
    damage("damaged checkpoints, spilling", &spilling(), 18);
}

#[test]
#[ignore = "nightly"]
fn nightly_two_hundred_damages_to_checkpoints_are_found() {
    damage("nightly: damaged checkpoints, 20 sub flows", &twenty(), 270);
    damage("nightly: damaged checkpoints, spilling", &spilling(), 90);
}

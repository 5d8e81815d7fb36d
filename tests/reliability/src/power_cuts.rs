//! The power fails after each operation: whatever the disk then holds, the job is resumed, ends with the output of an
//! undisturbed run, and nothing runs again that had landed.

use crate::fixtures::{Fixture, five, twenty, two_hundred};
use crate::power_cut::cuts::{Cut, Stash, cuts};
use crate::power_cut::trace;
use crate::promises::Story;
use crate::support::process::End;
use crate::support::seed::Chance;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::tree::Tree;
use crate::support::trial::{Trial, copy};
use crate::support::{Check, Pype};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A run that was traced, in whose folder its cuts are tried: checkpoints may know where they lie.
struct Traced<'a> {
    trial: Trial<'a>,
    stash: Stash,
    cuts: Vec<Cut>,
}

impl<'a> Traced<'a> {
    fn new(template: &'a Template, plan: &Plan, chance: &mut Chance) -> Result<Self, String> {
        let trial = Trial::new(template);
        let start = Tree::read(trial.root()).without(|path| path.starts_with("said"));
        let folder = trial.root().join("said/trace");
        let job = format!("jobs/{}", template.job);
        std::fs::create_dir_all(&folder).unwrap();
        let run = trial.attempt("", &[("PYPE_FAULT_TRACE", folder.to_str().unwrap())], &["run", &job]);
        run.expect(End::Code(0))?;
        template.is_golden(&trial.outputs())?;
        let steps = trace::read(&folder, trial.root())?;
        let landed = steps.iter().filter(|step| matches!(step, trace::Step::Landed(_))).count();
        if landed < 3 {
            return Err(format!("the trace tells of {landed} sub flows that landed"));
        }
        let end = Tree::read(trial.root()).without(|path| path.starts_with("said"));
        let stash = Stash::new(end, trial.root(), &trial.root().join("stash"));
        Ok(Self { trial, stash, cuts: cuts(&start, &steps, plan.chances, chance) })
    }

    /// Resumes after a cut.
    fn check(&self, cut: &Cut) -> Check {
        // What processes have said before is in nobody's way, but a disk in memory is small.
        let _ = std::fs::remove_dir_all(self.trial.root().join("said"));
        cut.write(self.trial.root(), &self.stash);
        let mut story = Story::new(Trial::within(self.trial.template, self.trial.root()));
        story.before = cut.landed.clone();
        story.finish_after_a_power_cut().map_err(|wrong| {
            // What is left is for a person to look at, and the state that it came from is made again beside it.
            let kept = self.trial.root().with_extension(format!("cut-{}", cut.after));
            cut.write(self.trial.root(), &self.stash);
            copy(self.trial.root(), &kept);
            format!("cut after operation {} ({}), state in {}: {wrong}", cut.after, cut.kind, kept.display())
        })
    }
}

/// Which cuts are tried.
pub struct Plan {
    /// States drawn after each operation.
    pub chances: usize,
    /// None: all cuts; else as many as there is time for.
    pub time: Option<Duration>,
}

/// What the cuts of a job have shown.
pub struct Shown {
    distinct: usize,
    tried: usize,
    /// What went wrong.
    pub lost: Vec<String>,
    by_kind: BTreeMap<&'static str, usize>,
}

/// Tries cuts of a job: all, or as many as there is time for, chosen by chance.
pub fn show(template: &Template, plan: &Plan, chance: &mut Chance) -> Result<Shown, String> {
    // Each of the two threads has a run, and so a folder, of its own, and tries every second cut.
    let traced = [Traced::new(template, plan, chance)?, Traced::new(template, plan, chance)?];
    let distinct = traced.iter().map(|traced| traced.cuts.len()).min().unwrap_or(0);
    let (begun, time) = (Instant::now(), plan.time);
    let mut halves: Vec<(Traced<'_>, Vec<usize>)> = Vec::new();
    for (half, traced) in traced.into_iter().enumerate() {
        let mut order: Vec<usize> = (half..traced.cuts.len()).step_by(2).collect();
        if time.is_some() {
            (1..order.len()).for_each(|at| order.swap(at, chance.below(at + 1)));
        }
        halves.push((traced, order));
    }
    let tried = std::thread::scope(|scope| {
        let work = |(traced, order): (Traced<'_>, Vec<usize>)| {
            let (mut kinds, mut lost) = (Vec::new(), Vec::new());
            for at in order {
                if time.is_some_and(|time| begun.elapsed() > time) || lost.len() >= 3 {
                    break;
                }
                kinds.push(traced.cuts[at].kind);
                lost.extend(traced.check(&traced.cuts[at]).err());
            }
            (kinds, lost)
        };
        let threads: Vec<_> = halves.into_iter().map(|half| scope.spawn(move || work(half))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut shown = Shown { distinct, tried: 0, lost: Vec::new(), by_kind: BTreeMap::new() };
    for (kinds, lost) in tried {
        shown.tried += kinds.len();
        shown.lost.extend(lost);
        kinds.into_iter().for_each(|kind| *shown.by_kind.entry(kind).or_default() += 1);
    }
    Ok(shown)
}

/// Tries the cuts of a fixture, and tells how many.
fn cut(name: &str, fixture: &Fixture, plan: &Plan) -> usize {
    let mut chance = Chance::of_test(name);
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let shown = show(&template, plan, &mut chance).unwrap_or_else(|wrong| panic!("{wrong}"));
    tally.count("distinct states", shown.distinct);
    tally.count("states tried", shown.tried);
    shown.by_kind.iter().for_each(|(kind, n)| tally.count(kind, *n));
    tally.tell();
    assert!(shown.lost.is_empty(), "{}", shown.lost.join("\n"));
    shown.tried
}

/// Records go to disk together, a few at a time.
fn together() -> Fixture {
    twenty().setting("commit_delay", "0.05")
}

#[test]
fn a_power_cut_loses_nothing_that_had_landed() {
    cut("power cuts, each record by itself", &twenty(), &Plan { chances: 2, time: Some(Duration::from_secs(15)) });
    cut("power cuts, records together", &together(), &Plan { chances: 2, time: Some(Duration::from_secs(10)) });
}

#[test]
#[ignore = "nightly"]
fn nightly_two_thousand_power_cuts_lose_nothing_that_had_landed() {
    let all = |chances| Plan { chances, time: None };
    let mut tried = cut("nightly: power cuts, each record by itself", &twenty(), &all(10));
    tried += cut("nightly: power cuts, records together", &together(), &all(10));
    tried += cut("nightly: power cuts, 5 sub flows", &five(), &all(10));
    tried += cut("nightly: power cuts, 200 sub flows", &two_hundred(), &all(1));
    assert!(tried >= 2000, "only {tried} states");
}

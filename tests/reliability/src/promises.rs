//! What pype promises of a job that was disturbed and then resumed, each as a look at the trial and at what its processes have
//! written down.

use crate::support::Check;
use crate::support::attempt::Attempt;
use crate::support::log::Line;
use crate::support::process::End;
use crate::support::tree::Tree;
use crate::support::trial::Trial;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What one trial went through.
pub struct Story<'a> {
    pub trial: Trial<'a>,
    pub attempts: Vec<Attempt>,
    /// What had landed when the story began: not empty where another run has gone before.
    pub before: BTreeSet<String>,
}

impl<'a> Story<'a> {
    /// A story that begins with a trial.
    pub fn new(trial: Trial<'a>) -> Self {
        Self { trial, attempts: Vec::new(), before: BTreeSet::new() }
    }

    /// Adds a process that has ended; gives it back to look at.
    pub fn then(&mut self, attempt: Attempt) -> &Attempt {
        self.attempts.push(attempt);
        self.attempts.last().unwrap()
    }

    /// The process that ended last.
    pub fn last(&self) -> &Attempt {
        self.attempts.last().unwrap()
    }

    /// Says what went wrong, and keeps the folder.
    pub fn wrong(&self, wrong: String) -> String {
        self.trial.kept(wrong, &self.attempts.iter().collect::<Vec<_>>())
    }

    /// Adds the story to what went wrong in a look at it.
    pub fn told(&self, check: Check) -> Check {
        check.map_err(|wrong| self.wrong(wrong))
    }

    /// Goes on without faults until the job has succeeded, and looks whether all promises were kept.
    pub fn finish(&mut self, options: &[&str]) -> Check {
        self.resume_to_the_end(options)?;
        let kept = self.outputs_and_records_were_kept().and_then(|()| nothing_is_left(&self.trial));
        self.told(kept)
    }

    /// The same after a power cut. Which run was the last may be lost then, and with it what that was writing its record to: that
    /// goes with `pype clean`.
    pub fn finish_after_a_power_cut(&mut self) -> Check {
        self.resume_to_the_end(&[])?;
        let kept = self.outputs_and_records_were_kept();
        self.told(kept)?;
        if nothing_is_left(&self.trial).is_err() {
            let cleaned = self.trial.pype("", &["clean", &format!("jobs/{}", self.trial.template.job)]);
            let end = self.then(cleaned).expect(End::Code(0));
            self.told(end)?;
        }
        self.told(nothing_is_left(&self.trial))
    }

    /// Goes on without faults until the job has succeeded. A run that had nothing to go on with is followed by a new one, if
    /// nothing had been kept for it.
    pub fn resume_to_the_end(&mut self, options: &[&str]) -> Check {
        let kept = self.kept().map_err(|wrong| self.wrong(wrong))?;
        let resumed = self.trial.resume("", options);
        let end = self.then(resumed).expect(End::Code(0));
        self.told(end)?;
        if !self.last().found_nothing() || self.is_golden().is_ok() {
            return Ok(());
        }
        if let Some(lost) = kept.first() {
            return Err(self.wrong(format!("there is nothing to resume, although {lost} was kept")));
        }
        let anew = self.trial.run("");
        let end = self.then(anew).expect(End::Code(0));
        self.told(end)
    }

    fn is_golden(&self) -> Check {
        // Temporary files are looked for on their own.
        self.trial.is_golden_but(is_temporary)
    }

    /// The output is right, and nothing that was kept ran again.
    pub fn outputs_and_records_were_kept(&self) -> Check {
        self.is_golden().map_err(|wrong| format!("wrong output: {wrong}"))?;
        self.kept().map(|_| ())
    }

    /// The sub flows that were kept, unless one of them began again.
    pub fn kept(&self) -> Result<BTreeSet<String>, String> {
        let mut kept = self.before.clone();
        for (at, attempt) in self.attempts.iter().enumerate() {
            for line in &attempt.log.0 {
                let Line::Mark { kind, of } = line else { continue };
                if kind == "begin" && kept.contains(of) {
                    return Err(format!("{of} was kept, and run {} ran it again", at + 1));
                }
                let is_reaction = attempt.has_failed() && self.trial.template.reactions.contains(&of.as_str());
                if *kind == attempt.survives && !is_reaction {
                    kept.insert(of.clone());
                }
            }
        }
        Ok(kept)
    }

    /// Each sub flow begins at most once more than there were crashes: that holds where nothing is tried again.
    pub fn nothing_began_too_often(&self) -> Check {
        let mut begun: BTreeMap<&str, usize> = BTreeMap::new();
        for of in self.attempts.iter().flat_map(|attempt| attempt.log.of("begin")) {
            *begun.entry(of).or_default() += 1;
        }
        let most = self.attempts.len();
        match begun.iter().find(|(_, n)| **n > most) {
            Some((of, n)) => Err(self.wrong(format!("{of} began {n} times in {most} runs"))),
            None => Ok(()),
        }
    }
}

/// At any time, whatever has happened: a file in `out/` is as it was before the run or as it is after it, and a folder of
/// partitions is all old or all new. Temporary files are of no interest.
pub fn files_are_whole(trial: &Trial<'_>) -> Check {
    let (old, new) = (&trial.template.start.0, &trial.template.golden.0);
    let outputs = trial.outputs().without(is_temporary);
    for (path, content) in &outputs.0 {
        if content.is_some() && new.get(path) != Some(content) && old.get(path) != Some(content) {
            return Err(format!("{} is neither the old file nor the new one", path.display()));
        }
    }
    let in_folder = |tree: &BTreeMap<PathBuf, Option<Vec<u8>>>| {
        let files = tree.iter().filter(|(path, content)| path.starts_with(PARTITIONED) && content.is_some());
        files.map(|(path, _)| path.clone()).collect::<BTreeSet<_>>()
    };
    let found = in_folder(&outputs.0);
    if found != in_folder(old) && found != in_folder(new) {
        return Err(format!("the folder {PARTITIONED} has a part of its files: {found:?}"));
    }
    Ok(())
}

/// The folder in `out/` to which the fixtures write partitions.
const PARTITIONED: &str = "regions";

fn is_temporary(path: &Path) -> bool {
    path.to_string_lossy().contains(".pype-")
}

/// After success: no temporary file, no folder of a dead run, no checkpoints.
pub fn nothing_is_left(trial: &Trial<'_>) -> Check {
    let project = Tree::read(&trial.path(""));
    if let Some(left) = project.0.keys().find(|path| is_temporary(path)) {
        return Err(format!("the temporary file {} was left", left.display()));
    }
    if let Some(left) = Tree::read(&trial.root().join("tmp")).0.keys().next() {
        return Err(format!("{} was left in the temporary folder", left.display()));
    }
    match trial.unfinished().first() {
        Some(left) => Err(format!("{} was left, although the job has succeeded", left.display())),
        None => Ok(()),
    }
}

/// Resuming a finished job does nothing: exit 0, no sub flow begins, nothing in the job folder changes but the records of runs.
pub fn resuming_again_does_nothing(trial: &Trial<'_>) -> Check {
    let is_record = |path: &Path| path.starts_with("runs") || path == Path::new(".lock");
    let look = || (Tree::read(&trial.job("")).without(is_record), trial.outputs());
    let (job, outputs) = look();
    let again = trial.resume("", &[]);
    let check = || {
        again.expect(End::Code(0))?;
        if let Some(begun) = again.log.of("begin").first() {
            return Err(format!("{begun} began, although the job was finished"));
        }
        let (job_after, outputs_after) = look();
        job_after.same_as(&job)?;
        outputs_after.same_as(&outputs)
    };
    check().map_err(|wrong| trial.kept(format!("resuming a finished job: {wrong}"), &[&again]))
}

//! One run per job folder at a time: of racers one wins, the others say who holds it and touch nothing; a death frees it at
//! once; a copy of a folder at work is a job of its own.

use crate::fixtures::{sleeping, twenty};
use crate::promises::{Story, nothing_is_left};
use crate::support::attempt::Attempt;
use crate::support::process::{self, End, KILL, PATIENCE};
use crate::support::seed::Chance;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::{Files, Trial, copy};
use crate::support::{Check, Pype};
use serde_json::Value;
use std::process::Child;
use std::time::{Duration, Instant};

/// Longer than any loser may take, however busy the machine is; the figure itself is told.
const LATEST: Duration = Duration::from_secs(5);

/// A run that goes on; killed if its test ends first.
pub struct Holder<'a, 'b> {
    trial: &'b Trial<'a>,
    child: Child,
    files: Files,
    begun: Instant,
    /// The faults and the arguments.
    shown: (String, Vec<String>),
}

impl<'a, 'b> Holder<'a, 'b> {
    /// Starts a run, and waits until it has come to this point.
    pub fn at(trial: &'b Trial<'a>, point: &str) -> Result<Self, String> {
        let job = format!("jobs/{}", trial.template.job);
        Self::start(trial, "", &["run", &job], point)
    }

    /// Starts pype with faults, and waits until its log has these words.
    pub fn start(trial: &'b Trial<'a>, faults: &str, args: &[&str], point: &str) -> Result<Self, String> {
        let (mut command, files) = trial.command(faults, args);
        let begun = Instant::now();
        let shown = (faults.to_owned(), args.iter().map(|arg| (*arg).to_owned()).collect());
        let mut holder = Self { trial, child: command.spawn().unwrap(), files, begun, shown };
        while !std::fs::read_to_string(&holder.files.log).unwrap_or_default().contains(point) {
            if holder.child.try_wait().unwrap().is_some() || begun.elapsed() > PATIENCE {
                return Err(format!("it did not come to `{point}`"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(holder)
    }

    fn ended(&self, end: End) -> Attempt {
        let (faults, args) = &self.shown;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.trial.ended(&self.files, faults, &args, end, self.begun)
    }

    /// Waits for its end.
    pub fn end(mut self) -> Attempt {
        let end = process::wait(&mut self.child, PATIENCE);
        self.ended(end)
    }

    /// `kill -9`.
    pub fn kill(mut self) -> Attempt {
        self.child.kill().unwrap();
        let end = process::wait(&mut self.child, PATIENCE);
        self.ended(end)
    }
}

impl Drop for Holder<'_, '_> {
    fn drop(&mut self) {
        // Most have ended by themselves: then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many starters at once: one wins, the others leave with 4, and name the winner. Gives the times of the losers.
pub fn race(template: &Template, starters: usize) -> Result<Vec<Duration>, String> {
    let trial = Trial::new(template);
    let told = |wrong: String| trial.kept(format!("{starters} starters: {wrong}"), &[]);
    let job = format!("jobs/{}", template.job);
    let args = ["run", &job];
    let mut running: Vec<(Child, Files, Instant, Option<End>)> = (0..starters)
        .map(|_| {
            let (mut command, files) = trial.command("", &args);
            (command.spawn().unwrap(), files, Instant::now(), None)
        })
        .collect();
    let mut losers = Vec::new();
    let mut winners = Vec::new();
    while running.iter().any(|(.., end)| end.is_none()) {
        for (child, files, begun, end) in running.iter_mut().filter(|(.., end)| end.is_none()) {
            let Some(status) = child.try_wait().unwrap() else { continue };
            *end = Some(status.into());
            let attempt = trial.ended(files, "", &args, status.into(), *begun);
            match attempt.end {
                End::Code(0) => winners.push((child.id(), attempt)),
                End::Code(4) => losers.push(attempt),
                end => return Err(told(format!("one ended with {end:?}: {}", attempt.last_words()))),
            }
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let [(pid, winner)] = &winners[..] else { return Err(told(format!("{} won", winners.len()))) };
    let run = run_ids(&trial)
        .into_iter()
        .find(|run| winner.stdout.contains(run.as_str()) || winner.stderr.contains(run.as_str()));
    for loser in &losers {
        let names_holder = loser.stderr.contains(&pid.to_string());
        let names_run = run.as_ref().is_some_and(|run| loser.stderr.contains(run.as_str()));
        if !names_holder || !names_run {
            return Err(told(format!("a loser does not name process {pid} and its run: {}", loser.stderr)));
        }
        if !loser.log.of("begin").is_empty() {
            return Err(told("a loser began a sub flow".to_owned()));
        }
    }
    template.is_golden(&trial.outputs()).and_then(|()| nothing_is_left(&trial)).map_err(told)?;
    Ok(losers.into_iter().map(|loser| loser.took).collect())
}

/// Ids of the runs that have a record.
fn run_ids(trial: &Trial<'_>) -> Vec<String> {
    let entries = std::fs::read_dir(trial.job("runs")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn milliseconds(of: &[Duration], share: f64) -> u64 {
    let mut sorted: Vec<Duration> = of.to_vec();
    sorted.sort();
    let at = ((sorted.len() as f64 - 1.0) * share).round() as usize;
    sorted.get(at).map_or(0, |time| time.as_millis() as u64)
}

#[test]
fn of_racers_one_wins_and_the_others_name_it() {
    let mut tally = Tally::new("racers for one job");
    let template = Template::new(&Pype::released(), &sleeping(1.0));
    let two: Vec<Duration> =
        (0..3).flat_map(|_| race(&template, 2).unwrap_or_else(|wrong| panic!("{wrong}"))).collect();
    tally.count("ms to leave, worst of 3 with 1 rival", milliseconds(&two, 1.0));
    let template = Template::new(&Pype::released(), &sleeping(5.0));
    let fifty = race(&template, 50).unwrap_or_else(|wrong| panic!("{wrong}"));
    tally.count("ms to leave, median of 49 at once", milliseconds(&fifty, 0.5));
    tally.count("ms to leave, worst of 49 at once", milliseconds(&fifty, 1.0));
    tally.tell();
    assert!(two.iter().chain(&fifty).all(|time| *time < LATEST), "a loser took too long: {fifty:?}");
}

#[test]
fn a_killed_holder_lets_go_at_once() {
    let template = Template::new(&Pype::released(), &sleeping(0.5));
    let mut story = Story::new(Trial::new(&template));
    let killed = Holder::at(&story.trial, "begin wait@").unwrap().kill();
    assert_eq!(story.then(killed).end, KILL);
    story.finish(&[]).unwrap_or_else(|wrong| panic!("{wrong}"));
}

/// What `pype status` says of the job.
fn status(trial: &Trial<'_>) -> Result<(bool, String), String> {
    let attempt = trial.pype("", &["status", "--output", "json"]);
    attempt.expect(End::Code(0))?;
    let shown: Value = serde_json::from_str(&attempt.stdout).map_err(|error| format!("{error}: {}", attempt.stdout))?;
    let runs = shown["running"].as_array().is_some_and(|running| !running.is_empty());
    Ok((runs, shown["jobs"][0]["last"]["state"].as_str().unwrap_or_default().to_owned()))
}

/// A run is shown as running while it lives, and never when it is dead.
pub fn status_tells_the_dead_from_the_living(template: &Template) -> Check {
    let trial = Trial::new(template);
    let look = || {
        let holder = Holder::at(&trial, "begin wait@")?;
        let alive = status(&trial)?;
        holder.kill();
        let dead = status(&trial)?;
        if alive != (true, "running".to_owned()) {
            return Err(format!("a run at work is shown as {alive:?}"));
        }
        if dead.0 || ["running", "failed", "succeeded"].contains(&dead.1.as_str()) {
            return Err(format!("a dead run is shown as {dead:?}"));
        }
        Ok(())
    };
    look().map_err(|wrong| trial.kept(wrong, &[]))
}

#[test]
fn a_dead_run_never_looks_alive() {
    let template = Template::new(&Pype::released(), &sleeping(2.0));
    for _ in 0..3 {
        status_tells_the_dead_from_the_living(&template).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

/// A copy of the project of a run at work.
fn copied<'a>(trial: &Trial<'a>) -> Trial<'a> {
    let other = Trial::empty(trial.template);
    copy(&trial.path(""), &other.path(""));
    std::fs::create_dir_all(other.root().join("tmp")).unwrap();
    other
}

#[test]
fn a_copy_of_a_job_at_work_is_resumed_or_refused() {
    let template = Template::new(&Pype::released(), &sleeping(1.0));
    let trial = Trial::new(&template);
    let holder = Holder::at(&trial, "begin wait@").unwrap();
    let other = copied(&trial);
    let resumed = other.resume("", &[]);
    let check = match resumed.end {
        End::Code(0) => template.is_golden(&other.outputs()).and_then(|()| nothing_is_left(&other)),
        End::Code(1 | 3 | 4) => resumed.sane(),
        end => Err(format!("it ended with {end:?}")),
    };
    check.unwrap_or_else(|wrong| panic!("{}", other.kept(wrong, &[&resumed])));
    holder.end().expect(End::Code(0)).unwrap();
    template.is_golden(&trial.outputs()).unwrap();
}

/// A copy that was made while files changed holds them as of different times: it may come to another end, but not to a crash.
fn copy_at_any_time(name: &str, times: usize) {
    let mut chance = Chance::of_test(name);
    let template = Template::new(&Pype::released(), &twenty());
    for _ in 0..times {
        let trial = Trial::new(&template);
        let point =
            *chance.pick(&["begin orders@", "written orders@", "begin visits@1", "written entry@", "begin note@"]);
        let holder = Holder::at(&trial, point).unwrap();
        let other = copied(&trial);
        let resumed = other.resume("", &[]);
        resumed.sane().unwrap_or_else(|wrong| panic!("{}", other.kept(wrong, &[&resumed])));
        holder.end().expect(End::Code(0)).unwrap();
        template.is_golden(&trial.outputs()).unwrap_or_else(|wrong| panic!("{}", trial.kept(wrong, &[])));
    }
}

#[test]
fn a_copy_made_at_any_time_disturbs_neither_run() {
    copy_at_any_time("copies of a job at work", 6);
}

#[test]
#[ignore = "nightly"]
fn nightly_copies_made_at_any_time_disturb_neither_run() {
    copy_at_any_time("nightly: copies of a job at work", 60);
}

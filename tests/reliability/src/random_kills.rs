//! `kill -9` from outside at any time, again and again on the same job until it gets through: no failpoint has a hand in it.

use crate::fixtures::{Fixture, spilling, twenty, two_hundred};
use crate::promises::{files_are_whole, nothing_is_left};
use crate::support::Pype;
use crate::support::process::{self, End, KILL, PATIENCE};
use crate::support::seed::Chance;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::Trial;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What one thread has seen.
#[derive(Debug, Default)]
struct Cycles {
    kills: usize,
    jobs: usize,
    most_for_one_job: usize,
}

/// The command that goes on with a job; none if it has succeeded, and was killed when it had nothing more to do.
fn next<'a>(trial: &Trial<'_>, job: &'a str) -> Option<Vec<&'a str>> {
    if !trial.unfinished().is_empty() {
        return Some(vec!["run", job, "--resume", "--force"]);
    }
    // Killed before its first record, a run leaves nothing to resume.
    trial.template.is_golden(&trial.outputs()).is_err().then(|| vec!["run", job])
}

/// Begins or resumes a job, and kills it after some time; true if it was faster and has succeeded.
fn kill_after(trial: &Trial<'_>, time: Duration) -> Result<bool, String> {
    let job = format!("jobs/{}", trial.template.job);
    let Some(args) = next(trial, &job) else { return Ok(true) };
    let (mut command, files) = trial.command("", &args);
    command.env_remove("PYPE_FAULT_LOG");
    let begun = Instant::now();
    let mut child = command.spawn().unwrap();
    std::thread::sleep(time);
    // It may have ended by itself: then there is nothing to kill.
    let _ = child.kill();
    let end = process::wait(&mut child, PATIENCE);
    let attempt = trial.ended(&files, "", &args, end, begun);
    let check = match end {
        KILL => files_are_whole(trial).map(|()| false),
        _ => attempt.expect(End::Code(0)).map(|()| true),
    };
    check.map_err(|wrong| trial.kept(format!("after {} ms: {wrong}", time.as_millis()), &[&attempt]))
}

/// Kills jobs until `left` is used up; the last job is brought to its end.
fn cycles(template: &Template, left: &Mutex<usize>, runtime: Duration, mut chance: Chance) -> Result<Cycles, String> {
    let mut seen = Cycles::default();
    let takes_one = || {
        let mut left = left.lock().unwrap();
        *left = left.saturating_sub(1);
        *left > 0
    };
    let mut goes_on = true;
    while goes_on {
        let trial = Trial::new(template);
        let mut kills = 0;
        loop {
            let time = if goes_on { runtime.mul_f64(chance.share() * 1.1) } else { PATIENCE };
            let is_done = if goes_on { kill_after(&trial, time)? } else { to_the_end(&trial)? };
            if is_done {
                break;
            }
            kills += 1;
            goes_on = takes_one();
        }
        // What the last kill has left goes with the next command that runs the job, though there be nothing to do.
        trial.resume("", &[]).expect(End::Code(0)).map_err(|wrong| trial.kept(wrong, &[]))?;
        let end = template.is_golden(&trial.outputs()).and_then(|()| nothing_is_left(&trial));
        end.map_err(|wrong| trial.kept(format!("after {kills} kills: {wrong}"), &[]))?;
        seen.jobs += 1;
        seen.kills += kills;
        seen.most_for_one_job = seen.most_for_one_job.max(kills);
    }
    Ok(seen)
}

fn to_the_end(trial: &Trial<'_>) -> Result<bool, String> {
    let job = format!("jobs/{}", trial.template.job);
    let Some(args) = next(trial, &job) else { return Ok(true) };
    let attempt = trial.pype("", &args);
    attempt.expect(End::Code(0)).map(|()| true).map_err(|wrong| trial.kept(wrong, &[&attempt]))
}

/// So many kills of a job, two jobs at a time.
fn kill_at_random(name: &str, fixture: &Fixture, kills: usize) {
    let mut chance = Chance::of_test(name);
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let runtime = (0..3).map(|_| Trial::new(&template).run("").took).max().unwrap_or_default();
    let left = Mutex::new(kills);
    let both = std::thread::scope(|scope| {
        let forks = [chance.fork(), chance.fork()];
        let threads = forks.map(|chance| scope.spawn(|| cycles(&template, &left, runtime, chance)));
        threads.map(|thread| thread.join().unwrap())
    });
    let seen: Vec<Cycles> = both.into_iter().map(|seen| seen.unwrap_or_else(|wrong| panic!("{wrong}"))).collect();
    tally.count("kills", seen.iter().map(|seen| seen.kills).sum::<usize>());
    tally.count("jobs", seen.iter().map(|seen| seen.jobs).sum::<usize>());
    tally.count("most kills of one job", seen.iter().map(|seen| seen.most_for_one_job).max());
    tally.tell();
}

#[test]
fn kills_at_any_time_never_change_the_outcome() {
    kill_at_random("random kills, 20 sub flows", &twenty(), 20);
    kill_at_random("random kills, spilling", &spilling(), 10);
}

#[test]
#[ignore = "nightly"]
fn nightly_three_hundred_kills_at_any_time_never_change_the_outcome() {
    for durability in ["power", "process"] {
        let name = |fixture: &str| format!("nightly: random kills, {fixture}, durability {durability}");
        let with = |fixture: Fixture| fixture.setting("durability", durability);
        kill_at_random(&name("200 sub flows"), &with(two_hundred()), 120);
        kill_at_random(&name("20 sub flows"), &with(twenty()), 60);
        kill_at_random(&name("spilling"), &with(spilling()), 40);
    }
    // Without checkpoints each death begins anew: no file of this one grows.
    kill_at_random("nightly: random kills, durability off", &spilling().setting("durability", "off"), 60);
}

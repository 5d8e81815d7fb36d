//! `kill -9` before each durable operation, and in the middle of each write: the job is resumed, ends with the output of an
//! undisturbed run, and nothing that was kept runs again. Then the same while it is being resumed, and once more.

use crate::fixtures::{Fixture, spilling, twenty, two_hundred};
use crate::promises::{Story, files_are_whole, nothing_is_left, resuming_again_does_nothing};
use crate::support::Pype;
use crate::support::log::Log;
use crate::support::process::{End, KILL};
use crate::support::seed::Chance;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::Trial;
use crate::support::workers;

/// Parallel parts take turns in another order each time, and what is synced together differs: the last operations may not be
/// reached in each run. Two of a hundred may not strike; of few, two.
pub fn may_miss(points: usize) -> usize {
    (points / 50).max(2)
}

/// Where the story of one kill ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    Yes,
    /// The process ended before it came to that operation.
    No,
}

/// The orders that strike a run at each operation, or at each write, of three undisturbed runs the one with the fewest:
/// `at` gives `at=1`, `at=2`, …, and `op=write` gives `op=write#1`, ….
pub fn points(template: &Template, when: &str) -> Vec<String> {
    let of_run = |_| Trial::new(template).run("").log;
    let logs: Vec<Log> = (0..3).map(of_run).collect();
    let least = |of: fn(&Log) -> usize| logs.iter().map(of).min().unwrap_or(0);
    let (all, writes) = (least(Log::operations), least(|log| log.count("write")));
    assert!(all > 20 && writes > 5, "{all} operations, {writes} writes: the binary does not tell of them");
    if when == "op=write" {
        (1..=writes).map(|k| format!("{when}#{k}")).collect()
    } else {
        (1..=all).map(|n| format!("{when}={n}")).collect()
    }
}

/// Kills a run with this order and resumes it.
pub fn kill_and_resume(template: &Template, order: &str) -> Result<Struck, String> {
    let mut story = Story::new(Trial::new(template));
    match kill(&mut story, order, false)? {
        Struck::Yes => {}
        Struck::No => return Ok(Struck::No),
    }
    story.finish(&[])?;
    story.nothing_began_too_often()?;
    resuming_again_does_nothing(&story.trial)?;
    Ok(Struck::Yes)
}

/// Runs or resumes to a death by this order; an order that did not strike has left a finished job.
pub fn kill(story: &mut Story<'_>, order: &str, resuming: bool) -> Result<Struck, String> {
    let trial = &story.trial;
    let attempt = if resuming { trial.resume(order, &["--force"]) } else { trial.run(order) };
    let attempt = story.then(attempt);
    let (end, struck) = (attempt.end, attempt.log.has_fired());
    if struck {
        let died = if end == KILL { Ok(()) } else { Err(format!("the kill struck, and it ended with {end:?}")) };
        story.told(died.and_then(|()| files_are_whole(&story.trial)))?;
        return Ok(Struck::Yes);
    }
    let finished = story.last().expect(End::Code(0));
    story.told(finished)?;
    story.told(nothing_is_left(&story.trial))?;
    Ok(Struck::No)
}

/// Kills at each `stride`-th of these points.
fn strike(name: &str, fixture: &Fixture, when: &str, action: &str, stride: usize) {
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let all = points(&template, when);
    let some: Vec<&String> = all.iter().step_by(stride).collect();
    let struck = workers::each(name, &some, |point| kill_and_resume(&template, &format!("{point}:{action}")));
    let missed = struck.iter().filter(|struck| **struck == Struck::No).count();
    tally.count("points", all.len());
    tally.count("kills", some.len() - missed);
    tally.count("not reached", missed);
    tally.tell();
    assert!(missed <= may_miss(some.len()), "{missed} of {} kills did not strike", some.len());
}

#[test]
fn a_kill_before_any_operation_of_twenty_sub_flows_costs_nothing_that_was_kept() {
    strike("kill before each operation, 20 sub flows", &twenty(), "at", "kill", 1);
}

#[test]
fn a_kill_in_the_middle_of_a_write_leaves_nothing_that_resume_would_take() {
    strike("kill inside each 3rd write, 20 sub flows", &twenty(), "op=write", "torn", 3);
}

#[test]
fn a_kill_before_an_operation_of_two_hundred_sub_flows_costs_nothing_that_was_kept() {
    strike("kill before each 40th operation, 200 sub flows", &two_hundred(), "at", "kill", 40);
}

#[test]
fn a_kill_while_rows_are_in_files_costs_nothing_that_was_kept() {
    strike("kill before each 2nd operation, spilling", &spilling(), "at", "kill", 2);
}

#[test]
#[ignore = "nightly"]
fn nightly_a_kill_inside_each_write_of_twenty_sub_flows() {
    strike("nightly: kill inside each write, 20 sub flows", &twenty(), "op=write", "torn", 1);
}

#[test]
#[ignore = "nightly"]
fn nightly_a_kill_before_each_operation_of_two_hundred_sub_flows() {
    strike("nightly: kill before each operation, 200 sub flows", &two_hundred(), "at", "kill", 1);
}

#[test]
#[ignore = "nightly"]
fn nightly_a_kill_before_each_operation_of_two_hundred_sub_flows_that_spill() {
    let fixture = two_hundred().setting("spill_threshold_rows", "0");
    strike("nightly: kill before each operation, 200, spilling", &fixture, "at", "kill", 3);
    strike("nightly: kill inside each write, spilling", &spilling(), "op=write", "torn", 1);
}

#[test]
#[ignore = "nightly"]
fn nightly_a_kill_before_each_operation_without_syncs() {
    let fixture = twenty().setting("durability", "process");
    strike("nightly: kill before each operation, durability process", &fixture, "at", "kill", 1);
    strike("nightly: kill inside each write, durability process", &fixture, "op=write", "torn", 1);
}

/// Kills a run, its resumption, and so on, at one operation each; then resumes to the end.
fn kill_in_turn(template: &Template, points: &[usize]) -> Result<usize, String> {
    let mut story = Story::new(Trial::new(template));
    let mut kills = 0;
    for (turn, at) in points.iter().enumerate() {
        match kill(&mut story, &format!("at={at}:kill"), turn > 0)? {
            Struck::Yes => kills += 1,
            // Nothing was left to do, or it was done before.
            Struck::No => break,
        }
    }
    story.finish(&["--force"])?;
    story.nothing_began_too_often()?;
    Ok(kills)
}

/// Random operations of a run, its resumption, and the resumption of that.
fn kill_at_random_in_turn(name: &str, fixture: &Fixture, times: usize) {
    let mut chance = Chance::of_test(name);
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let all = points(&template, "at").len();
    let turns: Vec<Vec<usize>> =
        (0..times).map(|n| (0..2 + n % 2).map(|turn| 1 + chance.below(all / (turn + 1))).collect()).collect();
    let kills = workers::each(name, &turns, |points| kill_in_turn(&template, points));
    let of = |n: usize| kills.iter().filter(|kills| **kills == n).count();
    tally.count("stories", times);
    tally.count("killed once", of(1));
    tally.count("killed twice", of(2));
    tally.count("killed three times", of(3));
    tally.tell();
    assert!(of(2) + of(3) > times / 3, "too few resumptions were killed: {kills:?}");
}

#[test]
fn a_kill_while_resuming_and_another_while_resuming_that_come_to_the_same_end() {
    kill_at_random_in_turn("kills two and three deep, by chance", &twenty(), 60);
}

#[test]
#[ignore = "nightly"]
fn nightly_kills_two_and_three_deep_in_two_hundred_sub_flows() {
    kill_at_random_in_turn("nightly: kills two and three deep, 200 sub flows", &two_hundred(), 400);
}

/// Kills at operation `first`, then before each operation of what resumes it.
fn kill_each_resumption(template: &Template, first: usize) -> Result<usize, String> {
    for at in 1.. {
        if kill_in_turn(template, &[first, at])? < 2 {
            return Ok(at - 1);
        }
    }
    Ok(0)
}

/// All pairs of a kill of the run and one of its resumption.
fn kill_all_pairs(name: &str, fixture: &Fixture, stride: usize) {
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let points: Vec<usize> = (1..=points(&template, "at").len()).step_by(stride).collect();
    let pairs = workers::each(name, &points, |first| kill_each_resumption(&template, *first));
    tally.count("first kills", points.len());
    tally.count("pairs", pairs.iter().sum::<usize>());
    tally.tell();
}

#[test]
#[ignore = "nightly"]
fn nightly_a_kill_before_each_operation_of_each_resumption() {
    kill_all_pairs("nightly: all pairs of kills, 5 sub flows", &crate::fixtures::five(), 1);
    kill_all_pairs("nightly: pairs of kills, each 4th first one, 20 sub flows", &twenty(), 4);
}

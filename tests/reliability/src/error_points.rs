//! Each durable operation fails once, or from one on all do: the run says so and names the file, or its output is right all
//! the same; what was kept is still there, and once the disk works again the job goes on to the right end.

use crate::fixtures::{Fixture, twenty, two_hundred};
use crate::kill_points::{may_miss, points};
use crate::promises::{Story, nothing_is_left};
use crate::support::attempt::Attempt;
use crate::support::process::End;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::Trial;
use crate::support::{Check, Pype, workers};
use std::collections::BTreeSet;

/// What is no failure at all: half a write, and an interrupted one, are done again.
const HARMLESS: [&str; 2] = ["short", "eintr"];

/// Operations that tidy up: where they fail, the next run does it.
const MAY_BE_SILENT: [&str; 3] = ["remove_file", "remove_tree", "set_mode"];

/// How the runs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    WithAnError,
    Well,
    NotReached,
}

/// A failure names a file: the folder of the trial is part of all their paths, the others of those that are shown relative to
/// the project.
pub fn names_a_path(attempt: &Attempt, trial: &Trial<'_>) -> Check {
    let said = &attempt.stderr;
    let is_named = ["checkpoints/", "runs/", "out/", ".lock"].iter().any(|part| said.contains(part));
    if is_named || said.contains(&*trial.root().to_string_lossy()) {
        return Ok(());
    }
    Err(format!("the failure names no path: {}", attempt.last_words()))
}

/// An error in a sync leaves open what is on the disk: then only what had landed before it counts as kept.
pub fn mark_what_survives(attempt: &mut Attempt) {
    if attempt.log.struck().is_some_and(|(kind, _)| kind.starts_with("sync")) {
        attempt.survives = "landed";
    }
}

/// Has operations of a run fail by this order, looks at how it ended, and resumes it without faults.
pub fn fail_and_resume(template: &Template, order: &str) -> Result<Ended, String> {
    let mut story = Story::new(Trial::new(template));
    let mut attempt = story.trial.run(order);
    mark_what_survives(&mut attempt);
    story.then(attempt);
    let checked = after_the_failure(&story, order);
    let ended = checked.map_err(|wrong| story.wrong(wrong))?;
    if ended == Ended::WithAnError {
        story.finish(&[])?;
        return Ok(ended);
    }
    // What the failing operation was to remove may still be there; the outputs and records count.
    story.resume_to_the_end(&[])?;
    let kept = story.outputs_and_records_were_kept();
    story.told(kept)?;
    Ok(ended)
}

fn after_the_failure(story: &Story<'_>, order: &str) -> Result<Ended, String> {
    let attempt = story.last();
    attempt.sane()?;
    let is_harmless = HARMLESS.iter().any(|action| order.ends_with(action));
    match attempt.end {
        End::Code(0) => story.outputs_and_records_were_kept()?,
        End::Code(1) if !is_harmless => names_a_path(attempt, &story.trial)?,
        end => return Err(format!("it ended with {end:?}: {}", attempt.last_words())),
    }
    if !attempt.log.has_fired() {
        return attempt.expect(End::Code(0)).and_then(|()| nothing_is_left(&story.trial)).map(|()| Ended::NotReached);
    }
    if is_harmless {
        nothing_is_left(&story.trial)?;
    } else if attempt.end == End::Code(0)
        && attempt.log.struck().is_some_and(|(kind, _)| !MAY_BE_SILENT.contains(&kind))
        && !has_tried_again(attempt)
    {
        // The run could do without what failed, and says so all the same.
        names_a_path(attempt, &story.trial)?;
    }
    Ok(if attempt.end == End::Code(0) { Ended::Well } else { Ended::WithAnError })
}

/// A sub flow began twice: what had failed was done anew.
fn has_tried_again(attempt: &Attempt) -> bool {
    let begun = attempt.log.of("begin");
    begun.iter().collect::<BTreeSet<_>>().len() < begun.len()
}

/// Has each `stride`-th of these points fail, from `first` on.
fn strike(name: &str, fixture: &Fixture, when: &str, action: &str, first: usize, stride: usize) {
    let template = Template::new(&Pype::released(), fixture);
    let mut tally = Tally::new(name);
    let all = points(&template, when);
    let some: Vec<&String> = all.iter().skip(first).step_by(stride).collect();
    let ended = workers::each(name, &some, |point| fail_and_resume(&template, &format!("{point}:{action}")));
    let of = |wanted: Ended| ended.iter().filter(|ended| **ended == wanted).count();
    let missed = of(Ended::NotReached);
    tally.count("points", all.len());
    tally.count("faults", some.len() - missed);
    tally.count("runs that failed", of(Ended::WithAnError));
    tally.count("runs that did without", of(Ended::Well));
    tally.count("not reached", missed);
    tally.tell();
    assert!(missed <= may_miss(some.len()), "{missed} of {} faults did not strike", some.len());
    let is_harmless = HARMLESS.contains(&action);
    assert!(is_harmless || of(Ended::WithAnError) > 0, "no error was ever told");
}

/// An attempt that fails is not tried again, so that no trial waits for that.
fn once() -> Fixture {
    twenty().setting("retries", "0")
}

#[test]
fn an_operation_that_fails_is_told_and_resume_goes_on() {
    strike("an input/output error in each 5th operation", &once(), "at", "eio", 0, 5);
}

#[test]
fn a_full_disk_is_told_and_resume_goes_on_once_there_is_space() {
    strike("no space in one operation, each 7th", &once(), "at", "enospc", 2, 7);
    strike("no space from an operation on, each 7th", &once(), "from", "enospc", 3, 7);
}

#[test]
fn half_writes_and_interruptions_are_no_failures() {
    strike("half a write, each 7th operation", &once(), "op=write", "short", 4, 7);
    strike("an interruption, each 7th operation", &once(), "at", "eintr", 5, 7);
}

#[test]
#[ignore = "nightly"]
fn nightly_each_operation_fails_in_each_way() {
    for (when, action) in [
        ("at", "eio"),
        ("at", "enospc"),
        ("from", "enospc"),
        ("at", "edquot"),
        ("from", "erofs"),
        ("from", "eio"),
        ("at", "emfile"),
        ("at", "efbig"),
        ("op=write", "short"),
        ("at", "eintr"),
    ] {
        strike(&format!("nightly: {action} {when} each, 20 sub flows"), &once(), when, action, 0, 1);
    }
}

#[test]
#[ignore = "nightly"]
fn nightly_an_operation_of_two_hundred_sub_flows_fails() {
    let fixture = two_hundred().setting("retries", "0");
    strike("nightly: at=each 7th:eio, 200 sub flows", &fixture, "at", "eio", 0, 7);
    strike("nightly: from=each 7th:enospc, 200 sub flows", &fixture, "from", "enospc", 4, 7);
}

#[test]
#[ignore = "nightly"]
fn nightly_an_operation_that_fails_once_is_tried_again() {
    let fixture = twenty().setting("retries", "2").setting("retry_delay", "0");
    strike("nightly: at=each:eio, with attempts", &fixture, "at", "eio", 0, 1);
}

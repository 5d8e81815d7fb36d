//! The checks by which planted bugs are caught: short forms of the tests of this crate, and a few that only a bug needs.

mod neighbours;

pub use neighbours::{cleaning, crowd, late, neighbour};

use crate::corruption;
use crate::error_points::fail_and_resume;
use crate::fixtures::{Fixture, five, nested, sleeping};
use crate::kill_points::{Struck, kill_and_resume, points};
use crate::locks;
use crate::power_cuts::{self, Plan};
use crate::promises::Story;
use crate::support::process::{End, KILL};
use crate::support::seed::Chance;
use crate::support::template::Template;
use crate::support::trial::Trial;
use crate::support::{Check, Pype, workers};
use std::time::Duration;

/// A job that was built, and once run, without the bug: it is to be seen by what it does to a job in trouble.
pub fn template(pype: &Pype, fixture: &Fixture) -> Template {
    let mut template = Template::new(&Pype::planted(None), fixture);
    template.pype = pype.clone();
    template
}

fn kill_at_each(pype: &Pype, fixture: &Fixture, when: &str, action: &str) -> Check {
    let template = template(pype, fixture);
    let points = points(&template, when);
    workers::until_one_fails(&points, |point| kill_and_resume(&template, &format!("{point}:{action}"))).map(|_| ())
}

pub fn kills(pype: &Pype) -> Check {
    kill_at_each(pype, &five(), "at", "kill")
}

pub fn torn_writes(pype: &Pype) -> Check {
    kill_at_each(pype, &five(), "op=write", "torn")
}

pub fn power_cuts(pype: &Pype) -> Check {
    let template = template(pype, &five());
    let plan = Plan { chances: 0, time: Some(Duration::from_secs(15)) };
    let shown = power_cuts::show(&template, &plan, &mut Chance::new(1))?;
    shown.lost.into_iter().next().map_or(Ok(()), Err)
}

/// All operations of a kind fail, one per run.
fn fail_at_each(pype: &Pype, kind: &str, action: &str) -> Check {
    let template = template(pype, &five().setting("retries", "0"));
    let all = Trial::new(&template).run("").log.count(kind);
    let points: Vec<usize> = (1..=all).collect();
    workers::until_one_fails(&points, |k| fail_and_resume(&template, &format!("op={kind}#{k}:{action}"))).map(|_| ())
}

pub fn sync_errors(pype: &Pype) -> Check {
    fail_at_each(pype, "sync", "eio")
}

pub fn write_errors(pype: &Pype) -> Check {
    fail_at_each(pype, "write", "enospc")
}

pub fn damages(pype: &Pype) -> Check {
    let template = template(pype, &five());
    let damages = corruption::damages(&mut Chance::new(1), 45, 8);
    workers::until_one_fails(&damages, |damage| corruption::damage_and_resume(&template, damage)).map(|_| ())
}

/// One outer item is held up while inner items of the other one land: what has landed for those is nothing to this one.
pub fn nested_loops(pype: &Pype) -> Check {
    let template = template(pype, &nested());
    let kills = ["0/0", "0/1"].map(|item| format!("mark=begin row@1/:delay=500,mark=written row@{item}:kill"));
    workers::until_one_fails(&kills, |order| match kill_and_resume(&template, order)? {
        Struck::Yes => Ok(()),
        Struck::No => Err(format!("{order} did not strike")),
    })
    .map(|_| ())
}

pub fn race(pype: &Pype) -> Check {
    locks::race(&template(pype, &sleeping(1.0)), 2).map(|_| ())
}

/// A context variable has another value, a file that was read has other rows, the flow itself is another: resume names what changed, and goes on only where it
/// is told to.
pub fn changed(pype: &Pype) -> Check {
    let fixture = Fixture { flow: five().flow + "context: {unused: {type: int, default: 1}}\n", ..five() };
    let template = template(pype, &fixture);
    let killed = || {
        let mut story = Story::new(Trial::new(&template));
        let attempt = story.trial.run("mark=written label:kill");
        let died = story.then(attempt).end == KILL;
        if died { Ok(story) } else { Err(story.wrong("it was not killed".to_owned())) }
    };
    let refused = |story: &mut Story<'_>, options: &[&str], word: &str| {
        let attempt = story.trial.resume("", options);
        let attempt = story.then(attempt);
        let check = match attempt.end {
            End::Code(0) => Err(format!("it went on although {word} has changed")),
            _ if !attempt.log.of("begin").is_empty() => Err("it began a sub flow all the same".to_owned()),
            _ if !attempt.stderr.contains(word) => Err(format!("it does not name {word}: {}", attempt.last_words())),
            _ => attempt.sane(),
        };
        story.told(check)
    };
    let mut story = killed()?;
    refused(&mut story, &["--set", "unused=2"], "unused")?;
    story.finish(&["--set", "unused=2", "--on-change", "accept"])?;

    let mut story = killed()?;
    let orders = story.trial.path("in/orders.csv");
    let more = std::fs::read_to_string(&orders).unwrap() + "13,ann,east,99.0,true\n";
    std::fs::write(&orders, more).unwrap();
    refused(&mut story, &[], "orders.csv")?;
    rerun_makes(&mut story, "out/regions/region=east")?;

    let mut story = killed()?;
    let flow = story.trial.path("five.yaml");
    let text = std::fs::read_to_string(&flow).unwrap().replace("out/note.csv", "out/other.csv");
    std::fs::write(&flow, text).unwrap();
    story.trial.pype("", &["build", "five.yaml"]).expect(End::Code(0)).map_err(|wrong| story.wrong(wrong))?;
    refused(&mut story, &[], "note")?;
    rerun_makes(&mut story, "out/other.csv")
}

/// What the change concerns runs again, and makes this.
fn rerun_makes(story: &mut Story<'_>, path: &str) -> Check {
    let attempt = story.trial.resume("", &["--on-change", "rerun-affected"]);
    let check = story.then(attempt).expect(End::Code(0)).and_then(|()| {
        let is_there = story.trial.path(path).exists();
        if is_there { Ok(()) } else { Err(format!("what was affected by the change did not run: there is no {path}")) }
    });
    story.told(check)
}

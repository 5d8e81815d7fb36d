//! Checks in which something goes on beside a run: another job, another item, an attempt that was given up, a cleaning.

use super::template;
use crate::fixtures::{crowded, late as late_fixture, sleeping, waiting_rows};
use crate::locks::Holder;
use crate::promises::{Story, nothing_is_left};
use crate::support::process::{End, KILL};
use crate::support::tree::Tree;
use crate::support::trial::Trial;
use crate::support::{Check, Pype, workers};

/// The rows of a job wait in its temporary folder, while another job, which cleans up before it begins, runs beside it.
pub fn neighbour(pype: &Pype) -> Check {
    let (waiting, other) = (template(pype, &waiting_rows(1.0)), template(pype, &sleeping(0.0)));
    let trial = Trial::new(&waiting);
    let told = |wrong: String| trial.kept(wrong, &[]);
    let holder = Holder::at(&trial, "begin wait@").map_err(told)?;
    let folders = || Tree::read(&trial.root().join("tmp")).0.into_keys().collect::<Vec<_>>();
    let before = folders();
    if before.is_empty() {
        return Err(told("no rows wait in files".to_owned()));
    }
    let beside = Trial::new(&other);
    let temporary = trial.root().join("tmp");
    let job = format!("jobs/{}", other.job);
    let ran = beside.attempt("", &[("TMPDIR", temporary.to_str().unwrap_or_default())], &["run", &job]);
    ran.expect(End::Code(0)).map_err(|wrong| beside.kept(wrong, &[&ran]))?;
    let gone = before.iter().find(|path| !folders().contains(path));
    let check = match gone {
        Some(path) => Err(format!("{} of a living run was removed", path.display())),
        None => holder.end().expect(End::Code(0)).and_then(|()| waiting.is_golden(&trial.outputs())),
    };
    check.map_err(told)
}

/// One of two items that write the same file is held up at each of its operations; in the end the file is whole.
pub fn crowd(pype: &Pype) -> Check {
    let template = template(pype, &crowded());
    let operations: Vec<usize> = (1..=12).collect();
    let one = |k: &usize| {
        let trial = Trial::new(&template);
        let run = trial.run(&format!("path=rows.csv#{k}:delay=300"));
        let check = run.expect(End::Code(0)).and_then(|()| template.is_golden(&trial.outputs()));
        check.and_then(|()| nothing_is_left(&trial)).map_err(|wrong| trial.kept(wrong, &[&run]))
    };
    workers::until_one_fails(&operations, one).map(|_| ())
}

/// The disk takes two seconds for one operation of a sub flow that has one: either it counts as done, or its file is not there,
/// not even later.
pub fn late(pype: &Pype) -> Check {
    let template = template(pype, &late_fixture());
    let operations: Vec<usize> = (1..=8).collect();
    let one = |k: &usize| {
        let trial = Trial::new(&template);
        let run = trial.run(&format!("path=late.csv#{k}:delay=2000"));
        let has_landed = run.log.of("written").contains(&"rows@");
        let is_there = trial.path("out/late.csv").exists();
        let check = match (has_landed, is_there) {
            (false, true) => Err("what was given up has published its file".to_owned()),
            (true, false) => Err("what has landed has not published its file".to_owned()),
            _ => run.sane(),
        };
        check.map(|()| has_landed).map_err(|wrong| trial.kept(wrong, &[&run]))
    };
    let landed = workers::until_one_fails(&operations, one)?;
    if landed.iter().all(|landed| *landed) { Err("no attempt was given up".to_owned()) } else { Ok(()) }
}

/// Somebody cleans up, and somebody else begins the job, while it runs: what it has kept is still there when it dies.
pub fn cleaning(pype: &Pype) -> Check {
    let template = template(pype, &sleeping(1.5));
    let mut story = Story::new(Trial::new(&template));
    let holder = Holder::at(&story.trial, "begin wait@").map_err(|wrong| story.wrong(wrong))?;
    let cleaned = story.trial.pype("", &["clean"]);
    let second = story.trial.run("");
    let killed = holder.kill();
    let check = if second.end == End::Code(4) {
        cleaned.sane()
    } else {
        Err(format!("a second run ended with {:?}", second.end))
    };
    story.then(killed);
    story.told(check)?;
    if story.last().end != KILL {
        return Err(story.wrong("it was not killed".to_owned()));
    }
    story.finish(&[])
}

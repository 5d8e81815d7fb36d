//! Checks in which something goes on beside a run: another job, another item, an attempt that was given up, a cleaning.

use super::template;
use crate::fixtures::{late as late_fixture, one_file, sleeping, waiting_rows};
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

/// Two jobs write the same file. One is held up at each of its operations, and the other does all of its work meanwhile: both
/// succeed, and in the end the file is whole.
pub fn crowd(pype: &Pype) -> Check {
    let template = template(pype, &one_file(1000));
    let operations = [1, 2, 3];
    let one = |k: &usize| {
        let (slow, quick) = (Trial::new(&template), Trial::new(&template));
        let job = format!("jobs/{}", template.job);
        let folder = format!("folder={}", slow.path("out").display());
        let args = ["run", &job, "--set", &folder];
        let holder = Holder::start(&slow, &format!("path=rows.csv#{k}:delay=400"), &args, "fired")?;
        let beside = quick.pype("", &args);
        let held_up = holder.end();
        let check = held_up.expect(End::Code(0)).and_then(|()| beside.expect(End::Code(0)));
        let check = check.and_then(|()| template.is_golden(&slow.outputs())).and_then(|()| nothing_is_left(&slow));
        check.map_err(|wrong| slow.kept(wrong, &[&held_up, &beside]))
    };
    workers::until_one_fails(&operations, one).map(|_| ())
}

/// The disk takes longer for one operation of a sub flow than that may take: either it counts as done, or nothing of it is to
/// be seen, not even later.
pub fn late(pype: &Pype) -> Check {
    let template = template(pype, &late_fixture());
    let operations: Vec<String> = ["late.csv#1", "late.csv#2", "late.csv#3", "data-#1", "data-#2", "data-#3"]
        .map(|operation| format!("path={operation}:delay=1400"))
        .into();
    let one = |order: &String| {
        let trial = Trial::new(&template);
        let run = trial.run(order);
        let was_given_up = run.log.of("begin").contains(&"first_wait@");
        let has_landed = run.log.of("written").contains(&"rows@");
        let check = match (was_given_up, has_landed, trial.path("out/late.csv").exists()) {
            (true, true, _) => Err("what was given up has landed".to_owned()),
            (true, _, true) => Err("what was given up has published its file".to_owned()),
            (false, _, false) => Err("what has succeeded has not published its file".to_owned()),
            _ => run.sane(),
        };
        check.map(|()| was_given_up).map_err(|wrong| trial.kept(wrong, &[&run]))
    };
    let given_up = workers::until_one_fails(&operations, one)?;
    if given_up.contains(&true) { Ok(()) } else { Err("no attempt was given up".to_owned()) }
}

/// Somebody cleans up, and somebody else begins the job, while it runs: what it has kept is still there when it dies.
pub fn cleaning(pype: &Pype) -> Check {
    let template = template(pype, &sleeping(1.5));
    let mut story = Story::new(Trial::new(&template));
    let holder = Holder::at(&story.trial, "begin wait@").map_err(|wrong| story.wrong(wrong))?;
    let cleaned = story.trial.pype("", &["clean", &format!("jobs/{}", template.job)]);
    let second = story.trial.run("");
    let killed = holder.kill();
    let refused = [("a cleaning", &cleaned), ("a second run", &second)].map(|(who, attempt)| match attempt.end {
        End::Code(4) => Ok(()),
        end => Err(format!("{who} beside a run at work ended with {end:?}: {}", attempt.last_words())),
    });
    let check: Check = refused.into_iter().collect();
    story.then(killed);
    story.told(check)?;
    if story.last().end != KILL {
        return Err(story.wrong("it was not killed".to_owned()));
    }
    story.finish(&[])
}

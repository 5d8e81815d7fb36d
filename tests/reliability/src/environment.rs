//! What the machine may lack: space, inodes, a disk that can be written to, file handles, leave to write large files. The run
//! says what is missing and at which file; once it is there, the job goes on with what it had.

mod small_disk;

use crate::error_points::names_a_path;
use crate::fixtures::{Fixture, bulky, one_file, spilling, twenty};
use crate::promises::{Story, nothing_is_left};
use crate::support::process::{self, End};
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::Trial;
use crate::support::{Check, Pype, workers};
use small_disk::{Disk, Room};
use std::time::Instant;

/// How a run under a limit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    WithAnError,
}

/// It got through, or said at which file it did not, or else what it was short of; nothing else will do.
fn told(story: &Story<'_>, short_of: &str) -> Result<Ended, String> {
    let attempt = story.last();
    attempt.sane()?;
    match attempt.end {
        End::Code(0) => story.outputs_and_records_were_kept().map(|()| Ended::Well),
        End::Code(1) if attempt.stderr.contains(short_of) => Ok(Ended::WithAnError),
        End::Code(1) => names_a_path(attempt, &story.trial).map(|()| Ended::WithAnError),
        end => Err(format!("it ended with {end:?}: {}", attempt.last_words())),
    }
}

/// What a process without file handles is told: what it wanted to open is not always a file.
const NO_HANDLES: &str = "Too many open files";
/// Errors of the disk name a file.
const A_FILE: &str = "not anything else";

fn tell(mut tally: Tally, ended: &[Ended]) {
    let failed = ended.iter().filter(|ended| **ended == Ended::WithAnError).count();
    tally.count("limits", ended.len());
    tally.count("runs that failed", failed);
    tally.count("runs that got through", ended.len() - failed);
    tally.tell();
    assert!(failed > 0, "no limit was ever met");
}

/// Runs under a limit of the shell, then without it.
fn limited(template: &Template, limit: &str, short_of: &str) -> Result<Ended, String> {
    let mut story = Story::new(Trial::new(template));
    let script = format!("{limit} && exec \"$@\"");
    let job = format!("jobs/{}", template.job);
    let args = ["run", job.as_str()];
    let (mut command, files) = story.trial.prefixed(&["sh", "-c", &script, "sh"], "", &args);
    let begun = Instant::now();
    let end = process::run(&mut command);
    let attempt = story.trial.ended(&files, "", &args, end, begun);
    story.then(attempt);
    let ended = told(&story, short_of).map_err(|wrong| story.wrong(format!("{limit}: {wrong}")))?;
    if ended == Ended::WithAnError {
        story.finish(&[])?;
    }
    Ok(ended)
}

fn limits(name: &str, fixture: &Fixture, limits: &[String], short_of: &str) {
    let template = Template::new(&Pype::released(), &fixture.clone().setting("retries", "0"));
    let tally = Tally::new(name);
    let ended = workers::each(name, limits, |limit| limited(&template, limit, short_of));
    tell(tally, &ended);
}

#[test]
fn too_few_file_handles_are_told_and_cost_nothing_that_was_kept() {
    let handles: Vec<String> = (16..64).step_by(4).map(|n| format!("ulimit -n {n}")).collect();
    limits("file handles", &twenty(), &handles, NO_HANDLES);
}

#[test]
fn a_limit_of_file_sizes_is_told_and_costs_nothing_that_was_kept() {
    // In units of 512 bytes. The default action of the system would be to end the process without a word. Plugins are opened from
    // copies in memory, for which the limit holds too: the files of this job are larger.
    let sizes: Vec<String> = (5..12).map(|megabytes| format!("ulimit -f {}", megabytes * 2048)).collect();
    limits("largest file", &bulky(), &sizes, A_FILE);
}

/// Runs on a small disk, makes it large, goes on.
fn on_a_small_disk(template: &Template, room: Room) -> Result<Ended, String> {
    let trial = Trial::new(template);
    let disk = Disk::mount(&trial, room)?;
    let trial = trial.seen_at(disk.seen());
    let mut story = Story::new(trial);
    let job = format!("jobs/{}", template.job);
    let run = disk.pype(&story.trial, &["run", &job]);
    story.then(run);
    let ended = told(&story, A_FILE).map_err(|wrong| story.wrong(format!("{room:?}: {wrong}")))?;
    if ended == Ended::WithAnError {
        disk.enlarge()?;
        resume_there(&mut story, &disk)?;
    }
    Ok(ended)
}

/// Goes on to the end on a disk that only the processes of the trial see.
fn resume_there(story: &mut Story<'_>, disk: &Disk) -> Check {
    let job = format!("jobs/{}", story.trial.template.job);
    let resumed = disk.pype(&story.trial, &["run", &job, "--resume"]);
    let mut check = story.then(resumed).expect(End::Code(0));
    if check.is_ok() && story.last().found_nothing() && story.outputs_and_records_were_kept().is_err() {
        let anew = disk.pype(&story.trial, &["run", &job]);
        check = story.then(anew).expect(End::Code(0));
    }
    let kept = check.and_then(|()| story.outputs_and_records_were_kept()).and_then(|()| nothing_is_left(&story.trial));
    story.told(kept)
}

fn small_disks(name: &str, fixture: &Fixture, rooms: &[Room]) {
    if !small_disk::may_mount(name) {
        return;
    }
    let template = Template::new(&Pype::released(), &fixture.clone().setting("retries", "0"));
    let tally = Tally::new(name);
    let ended = workers::each(name, rooms, |room| on_a_small_disk(&template, *room));
    tell(tally, &ended);
}

#[test]
fn a_disk_that_is_too_small_is_told_and_costs_nothing_that_was_kept() {
    let rooms: Vec<Room> = (0..20).map(|n| Room { kilobytes: n * 16, inodes: 1000 }).collect();
    small_disks("small disks", &twenty(), &rooms);
}

#[test]
fn a_disk_that_ends_within_the_last_bytes_of_a_file_is_told() {
    let rooms: Vec<Room> = (0..40).map(|n| Room { kilobytes: n * 8, inodes: 1000 }).collect();
    small_disks("small disks, one file", &one_file(20_000), &rooms);
}

#[test]
fn a_disk_with_too_few_inodes_is_told_and_costs_nothing_that_was_kept() {
    let rooms: Vec<Room> = (0..36).step_by(3).map(|inodes| Room { kilobytes: 10_000, inodes }).collect();
    small_disks("few inodes", &twenty(), &rooms);
}

#[test]
#[ignore = "nightly"]
fn nightly_disks_of_all_sizes() {
    let sizes: Vec<Room> = (0..100).map(|n| Room { kilobytes: n * 4, inodes: 1000 }).collect();
    small_disks("nightly: small disks, 20 sub flows", &twenty(), &sizes);
    small_disks("nightly: small disks, spilling", &spilling(), &sizes);
    let inodes: Vec<Room> = (0..60).map(|inodes| Room { kilobytes: 10_000, inodes }).collect();
    small_disks("nightly: few inodes, 20 sub flows", &twenty(), &inodes);
    let handles: Vec<String> = (8..128).map(|n| format!("ulimit -n {n}")).collect();
    limits("nightly: file handles", &twenty(), &handles, NO_HANDLES);
}

/// Runs where a folder of the project cannot be written to, then where it can.
fn read_only(template: &Template, folder: &str) -> Check {
    let trial = Trial::new(template);
    std::fs::create_dir_all(trial.path(folder)).unwrap();
    let disk = Disk::mount(&trial, Room { kilobytes: 100_000, inodes: 10_000 })?;
    disk.bind_read_only(folder)?;
    let mut story = Story::new(trial.seen_at(disk.seen()));
    let job = format!("jobs/{}", template.job);
    let run = disk.pype(&story.trial, &["run", &job]);
    story.then(run);
    match told(&story, A_FILE) {
        Ok(Ended::WithAnError) => {}
        Ok(Ended::Well) => return Err(story.wrong("it wrote to a folder that cannot be written to".to_owned())),
        Err(wrong) => return Err(story.wrong(wrong)),
    }
    disk.unbind(folder)?;
    resume_there(&mut story, &disk)
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_and_costs_nothing_that_was_kept() {
    if !small_disk::may_mount("read-only folders") {
        return;
    }
    let template = Template::new(&Pype::released(), &twenty().setting("retries", "0"));
    for folder in ["out", "out/visits", "jobs/twenty", "jobs/twenty/checkpoints"] {
        read_only(&template, folder).unwrap_or_else(|wrong| panic!("{folder}: {wrong}"));
    }
}

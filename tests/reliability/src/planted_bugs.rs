//! Tests that find nothing prove nothing, unless they would have found something: bugs are planted in a second binary, one
//! at a time, and each must be caught by the check that is there for its kind, which finds nothing where none is planted.

mod scenarios;

use crate::support::tally::Tally;
use crate::support::{Check, Pype};
use std::time::Instant;

/// What is done to see a bug: a name that the guide shows, and the check.
type Scenario = (&'static str, fn(&Pype) -> Check);

const KILLS: Scenario = ("kill before each operation", scenarios::kills);
const TORN: Scenario = ("kill inside each write", scenarios::torn_writes);
const CUTS: Scenario = ("power cuts", scenarios::power_cuts);
const SYNC_ERRORS: Scenario = ("each sync fails", scenarios::sync_errors);
const WRITE_ERRORS: Scenario = ("each write finds the disk full", scenarios::write_errors);
const DAMAGES: Scenario = ("damaged checkpoints", scenarios::damages);
const NESTED: Scenario = ("kill in nested loops", scenarios::nested_loops);
const RACE: Scenario = ("two racers for one job", scenarios::race);
const NEIGHBOUR: Scenario = ("a job beside one whose rows wait in files", scenarios::neighbour);
const CROWD: Scenario = ("two jobs that write one file", scenarios::crowd);
const LATE: Scenario = ("a sub flow whose disk is too slow", scenarios::late);
const CHANGED: Scenario = ("resume with other inputs", scenarios::changed);
const CLEANING: Scenario = ("cleaning beside a run at work", scenarios::cleaning);

/// Every bug, and the scenario that must catch it.
const TABLE: [(&str, Scenario); 20] = [
    ("no-file-sync", CUTS),
    ("no-folder-sync", CUTS),
    ("no-journal-sync", CUTS),
    ("rename-without-content", TORN),
    ("one-temporary-name", CROWD),
    ("lock-by-pid", RACE),
    ("remove-living", NEIGHBOUR),
    ("sync-error-ignored", SYNC_ERRORS),
    ("write-error-ignored", WRITE_ERRORS),
    ("skip-hash", DAMAGES),
    ("frame-key-without-path", NESTED),
    ("land-before-publish", KILLS),
    ("no-fencing", LATE),
    ("failed-is-landed", KILLS),
    ("append-twice", KILLS),
    ("restore-without-globals", KILLS),
    ("forget-last-record", KILLS),
    ("ignore-changed-inputs", CHANGED),
    ("keep-temporaries", KILLS),
    ("clean-living-checkpoints", CLEANING),
];

#[test]
fn every_planted_bug_is_caught_by_its_check_which_passes_without_it() {
    let mut tally = Tally::new("planted bugs");
    let mut wrong = Vec::new();
    let mut scenarios: Vec<Scenario> = TABLE.iter().map(|(_, scenario)| *scenario).collect();
    scenarios.sort_by_key(|(name, _)| *name);
    scenarios.dedup_by_key(|(name, _)| *name);
    for (name, check) in &scenarios {
        let begun = Instant::now();
        let found = check(&Pype::planted(None));
        println!("{name:<45} without a bug: {:.1} s", begun.elapsed().as_secs_f64());
        wrong.extend(found.err().map(|found| format!("{name} finds something where no bug is planted: {found}")));
    }
    let mut caught = 0;
    for (bug, (name, check)) in &TABLE {
        let begun = Instant::now();
        let found = check(&Pype::planted(Some(bug)));
        let shown = found.as_ref().err().and_then(|found| found.lines().next()).unwrap_or("NOT CAUGHT").to_owned();
        println!("{bug:<25} {name:<45} {:>5.1} s  {shown}", begun.elapsed().as_secs_f64());
        match found {
            Err(_) => caught += 1,
            Ok(()) => wrong.push(format!("{bug} is not caught by: {name}")),
        }
    }
    tally.count("bugs", TABLE.len());
    tally.count("caught", caught);
    tally.tell();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guide_lists_every_planted_bug() {
    let guide = include_str!("../../../docs/guides/reliability.md");
    for (bug, (scenario, _)) in TABLE {
        let row = guide.lines().find(|line| line.contains(&format!("`{bug}`")));
        assert!(row.is_some_and(|row| row.contains(scenario)), "the guide has no row with `{bug}` and {scenario}");
    }
}

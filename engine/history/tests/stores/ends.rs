//! Runs that did not come to a proper end, or not yet; and records that are not whole.

use crate::etl::*;
use crate::suite::{all, begin, one, open};
use pypeline_history::{Filter, History, Place, RunState};
use pypeline_schema::run_result::State;

pub fn a_run_that_died(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    let events = vec![
        sub_flow_started("read"),
        node_finished("read", State::Failed, 3),
        node_finished("write", State::Succeeded, 42),
        sub_flow_started("next"),
    ];
    write_log(&job, 1, events);
    // The last line was being written.
    let path = record(&job, &id(1)).join("events.jsonl");
    let text = std::fs::read_to_string(&path).unwrap() + "{\"seq\":6,\"t\":9.0,\"event\":\"sub_flow_fin";
    std::fs::write(&path, text).unwrap();
    // And one never said a word.
    std::fs::create_dir_all(record(&job, &id(2))).unwrap();
    let mut history = open(place);
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.warnings), (2, Vec::new()));
    let died = one(&mut history, 1);
    assert_eq!((died.run.state, died.run.exit_code, died.run.seconds), (RunState::Died, None, Some(0.5)));
    assert_eq!((died.run.started_at.clone(), died.run.fingerprint.as_deref()), (started_at(1), Some(FINGERPRINT)));
    assert_eq!((died.run.n_failures, died.run.failed_message.as_deref()), (1, Some("a bad row")));
    assert_eq!(died.run.rows, Some(42), "what its sinks have written, by the build that is still there");
    assert_eq!(died.nodes[1].module.as_deref(), Some("write_module"));
    let parts: Vec<_> = died.sub_flows.iter().map(|part| (part.name.as_str(), part.state, part.runs)).collect();
    assert_eq!(parts, [("read", State::Running, 1), ("next", State::Running, 1)], "at work when it died");
    assert_eq!(died.sub_flows[0].seconds, Some(0.375), "up to the last that is heard of it");
    let failures = history.failures(&died.run);
    assert_eq!((failures[0].node.as_str(), failures[0].line), ("read", 3));
    let silent = one(&mut history, 2).run;
    assert_eq!((silent.state, silent.started_at), (RunState::Unknown, started_at(2)));

    // A result that could not be written: the log has the end.
    write_log(
        &job,
        3,
        vec![pypeline_schema::event::Event::RunFinished { state: State::Failed, exit_code: 1, seconds: 4.0 }],
    );
    history.sync(&etl.project).unwrap();
    let run = one(&mut history, 3).run;
    assert_eq!((run.state, run.exit_code, run.seconds), (RunState::Failed, Some(1), Some(4.0)));
}

/// A disk that was full when a run began: its record says nothing, least of all that it was killed.
pub fn a_record_without_a_line(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    for (n, text) in [(1, Some("")), (2, Some("{\"seq\":1,\"t\":0.0,\"ev")), (3, None)] {
        std::fs::create_dir_all(record(&job, &id(n))).unwrap();
        if let Some(text) = text {
            std::fs::write(record(&job, &id(n)).join("events.jsonl"), text).unwrap();
        }
    }
    write_record(&job, 4, 4, State::Succeeded);
    let mut history = open(place);
    // Known from its beginning on, and gone without an end.
    history.begin(&begin(&job, etl, 1)).unwrap();
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!(synced.warnings, [""; 0]);
    let runs = all(&mut history);
    let unknown = RunState::Unknown;
    assert_eq!(runs.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Succeeded, unknown, unknown, unknown]);
    assert!(history.is_silent(&runs[1]) && !history.is_silent(&runs[0]));
    assert_eq!((runs[3].seconds, runs[3].started_at.clone()), (None, started_at(1)));
    let mut found = |state, limit| {
        let runs = history.runs(&Filter { state: Some(state), limit, ..Filter::default() }).unwrap();
        runs.into_iter().map(|run| run.run_id).collect::<Vec<_>>()
    };
    assert_eq!(found(unknown, 2), [id(3), id(2)]);
    assert_eq!(found(RunState::Running, 9), [""; 0]);
    let [line] = history.jobs().unwrap().try_into().unwrap();
    assert_eq!((line.ended, line.succeeded), (1, 1));
    // What is learned later counts.
    write_record(&job, 2, 2, State::Failed);
    history.index(&job, &id(2)).unwrap();
    assert_eq!(one(&mut history, 2).run.state, RunState::Failed);
}

/// One long sub flow tells no event; what its modules say is in the run's log.
pub fn a_run_that_died_late(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    let events = vec![sub_flow_started("read"), sub_flow_finished("read", State::Succeeded), sub_flow_started("load")];
    for (n, time) in [(1, "2026-11-01T03:00:01.500000Z"), (2, "2026-11-01T00:00:02.900000Z")] {
        write_log(&job, n, events.clone());
        let lines = format!("{{\"time\":\"{time}\",\"level\":\"INFO\",\"message\":\"on\"}}\n{{\"time\":\"2026-11-01T0");
        std::fs::write(record(&job, &id(n)).join("log.jsonl"), lines).unwrap();
    }
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let late = one(&mut history, 1);
    assert_eq!((late.run.state, late.run.seconds), (RunState::Died, Some(10_800.5)));
    let parts: Vec<_> = late.sub_flows.iter().map(|part| (part.name.as_str(), part.state, part.seconds)).collect();
    assert_eq!(parts, [("read", State::Succeeded, Some(0.375)), ("load", State::Running, Some(10_800.125))]);
    assert_eq!(one(&mut history, 2).run.seconds, Some(0.375), "a beginning is known to the second");
}

pub fn a_live_run_is_never_dead(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    write_log(&job, 1, vec![sub_flow_started("read")]);
    write_log(&job, 2, vec![sub_flow_started("read")]);
    let lock = hold(&job, &id(2));
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let states = |history: &mut History| all(history).iter().map(|run| run.state).collect::<Vec<_>>();
    assert_eq!(states(&mut history), [RunState::Running, RunState::Died]);
    history.sync(&etl.project).unwrap();
    history.index(&job, &id(2)).unwrap();
    assert_eq!(states(&mut history), [RunState::Running, RunState::Died]);
    let run = one(&mut history, 2).run;
    let (detail, live) = history.live(&run).unwrap();
    assert_eq!(live.running.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["read"]);
    assert_eq!((detail.run.state, live.done), (RunState::Running, None));
    // Seen by an index that does not know it yet.
    let mut fresh = History::in_memory().unwrap();
    fresh.sync(&etl.project).unwrap();
    assert_eq!(states(&mut fresh), [RunState::Running, RunState::Died]);
    // It ends properly, and nobody told the index.
    write_record(&job, 2, 5, State::Succeeded);
    drop(lock);
    assert_eq!(states(&mut history), [RunState::Succeeded, RunState::Died], "without a sync");
    // Killed: the system lets go of the lock.
    let lock = hold(&job, &id(3));
    write_log(&job, 3, Vec::new());
    history.begin(&begin(&job, etl, 3)).unwrap();
    assert_eq!(states(&mut history)[0], RunState::Running);
    drop(lock);
    assert_eq!(states(&mut history)[0], RunState::Died);
    // A later look at the record of a run whose end is known does not make it a dead one.
    std::fs::remove_file(record(&job, &id(2)).join("result.json")).unwrap();
    std::fs::write(record(&job, &id(2)).join("events.jsonl"), "").unwrap();
    history.index(&job, &id(2)).unwrap();
    assert_eq!(one(&mut history, 2).run.state, RunState::Succeeded);
}

pub fn a_run_whose_record_is_gone(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    let mut history = open(place);
    let lock = hold(&job, &id(1));
    history.begin(&begin(&job, etl, 1)).unwrap();
    assert_eq!(all(&mut history)[0].state, RunState::Running, "its record was never written");
    drop(lock);
    let [run] = all(&mut history).try_into().unwrap();
    assert_eq!((run.state, run.has_record), (RunState::Died, false));
}

pub fn broken_records(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    write_record(&job, 1, 1, State::Succeeded);
    write_record(&job, 2, 2, State::Succeeded);
    let result = record(&job, &id(2)).join("result.json");
    let whole = std::fs::read(&result).unwrap();
    std::fs::write(&result, &whole[..whole.len() / 2]).unwrap();
    write_record(&job, 3, 3, State::Succeeded);
    let log = record(&job, &id(3)).join("events.jsonl");
    std::fs::write(&log, b"\xff\xfe no line\n{}\n\n").unwrap();
    std::fs::remove_file(record(&job, &id(3)).join("result.json")).unwrap();
    write_record(&job, 4, 4, State::Succeeded);
    let newer = String::from_utf8(whole).unwrap().replace("\"format_version\": 1", "\"format_version\": 2");
    std::fs::write(record(&job, &id(4)).join("result.json"), newer).unwrap();
    let mut history = open(place);
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!(synced.indexed, 4);
    let told = |part: &str| synced.warnings.iter().filter(|warning| warning.contains(part)).count();
    assert_eq!(
        (told("is not whole"), told("3 lines cannot be read"), told("format version 2")),
        (1, 1, 1),
        "{synced:?}"
    );
    let states: Vec<RunState> = all(&mut history).iter().map(|run| run.state).collect();
    assert_eq!(states, [RunState::Succeeded, RunState::Died, RunState::Succeeded, RunState::Succeeded]);
    assert_eq!(history.sync(&etl.project).unwrap().warnings, [""; 0], "said once");
}

//! What both databases must do alike.

use crate::ends::*;
use crate::etl::*;
use crate::moved::*;
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::secrets::net;
use pypeline_history::stats::Anomaly;
use pypeline_history::{Detail, Filter, Found, History, JobRef, Place, Run, RunBegin, RunState};
use pypeline_schema::run_result::State;
use pypeline_schema::secret::Secret;

/// A question to both: its name, and what it does with an index that is there for it alone.
pub type Case = (&'static str, fn(&Place, &Etl));

pub const CASES: [Case; 21] = [
    ("a run begins and ends", a_run_begins_and_ends),
    ("nothing is there at first", nothing_is_there_at_first),
    ("records are found and read once", records_are_found_and_read_once),
    ("records that go and come back", records_that_go_and_come_back),
    ("a run that died", a_run_that_died),
    ("a run that died late", a_run_that_died_late),
    ("a record without a line", a_record_without_a_line),
    ("a live run is never dead", a_live_run_is_never_dead),
    ("a run whose record is gone", a_run_whose_record_is_gone),
    ("broken records", broken_records),
    ("filters", filters),
    ("ids by their beginning", ids_by_their_beginning),
    ("jobs at a glance", jobs_at_a_glance),
    ("what is usual", what_is_usual),
    ("secrets and strange letters", secrets_and_strange_letters),
    ("a secret that is a word of ours", a_secret_that_is_a_word_of_ours),
    ("a rebuild keeps what has no record", a_rebuild_keeps_what_has_no_record),
    ("a project that moves", a_project_that_moves),
    ("a project that is copied", a_project_that_is_copied),
    ("large runs", large_runs),
    ("many at once", many_at_once),
];

pub fn open(place: &Place) -> History {
    History::open(place).unwrap()
}

pub fn begin(job: &JobFolder, etl: &Etl, n: u64) -> RunBegin {
    RunBegin {
        run_id: id(n),
        job: job.name().to_owned(),
        job_folder: job.path().to_path_buf(),
        project: etl.project.root().to_path_buf(),
        started_at: started_at(n),
        fingerprint: FINGERPRINT.to_owned(),
    }
}

pub fn all(history: &mut History) -> Vec<Run> {
    history.runs(&Filter { limit: 1_000, ..Filter::default() }).unwrap()
}

fn ids(runs: &[Run]) -> Vec<&str> {
    runs.iter().map(|run| run.run_id.as_str()).collect()
}

pub fn one(history: &mut History, n: u64) -> Detail {
    match history.run(&id(n)).unwrap() {
        Found::One(detail) => *detail,
        other => panic!("{other:?}"),
    }
}

fn job_ref(history: &mut History, name: &str) -> JobRef {
    let [job] = history.jobs_named(name).unwrap().try_into().unwrap();
    job
}

fn a_run_begins_and_ends(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    let mut history = open(place);
    let lock = hold(&job, &id(1));
    history.begin(&begin(&job, etl, 1)).unwrap();
    history.begin(&begin(&job, etl, 1)).unwrap();
    let [run] = all(&mut history).try_into().unwrap();
    assert_eq!((run.state, run.pid, run.seconds), (RunState::Running, Some(std::process::id()), None));
    assert_eq!(run.started_at, started_at(1));
    drop(lock);

    let result = write_record(&job, 1, 1_234, State::Succeeded);
    history.record(&job, &result).unwrap();
    let first = one(&mut history, 1);
    history.record(&job, &result).unwrap();
    history.index(&job, &id(1)).unwrap();
    history.begin(&begin(&job, etl, 1)).unwrap();
    let again = one(&mut open(place), 1);
    assert_eq!(first, again, "repeating changes nothing");
    let run = &again.run;
    assert_eq!(
        (run.state, run.exit_code, run.seconds, run.rows),
        (RunState::Succeeded, Some(0), Some(0.5), Some(1_234))
    );
    assert_eq!((run.started_at.as_str(), run.fingerprint.as_deref()), (started_at(1).as_str(), Some(FINGERPRINT)));
    assert_eq!((run.peak_rss_bytes, run.pid.is_some(), run.host.is_some()), (Some(1 << 20), true, true));
    assert_eq!((run.job.as_str(), run.job_folder.as_path(), run.has_record), ("daily", job.path(), true));
    let [sub_flow] = again.sub_flows.as_slice() else { panic!() };
    assert_eq!(
        (sub_flow.name.as_str(), sub_flow.runs, sub_flow.retries, sub_flow.seconds),
        ("read", 1, 2, Some(0.375))
    );
    let [read, write] = again.nodes.as_slice() else { panic!() };
    assert_eq!((read.id.as_str(), read.rows_in, read.rows_out), ("read", None, Some(1_234)));
    assert_eq!((write.module.as_deref(), write.sub_flow.as_deref()), (Some("write_module"), Some("read")));
    let [link] = again.links.as_slice() else { panic!() };
    assert_eq!((link.from.as_str(), link.to.as_str(), link.rows), ("read.data", "write.input", 1_234));

    let failed = write_record(&job, 2, 7, State::Failed);
    history.record(&job, &failed).unwrap();
    let run = one(&mut history, 2).run;
    assert_eq!((run.state, run.exit_code, run.n_failures, run.rows), (RunState::Failed, Some(1), 1, Some(0)));
    assert_eq!(run.failed_node.as_deref(), Some("read"));
    assert_eq!(run.failed_message.as_deref(), Some("the file is not there"));
    assert_eq!(history.failures(&run).len(), 1);
}

fn nothing_is_there_at_first(place: &Place, etl: &Etl) {
    let mut history = open(place);
    assert_eq!(all(&mut history), []);
    assert_eq!(history.run("2026").unwrap(), Found::Nothing);
    assert_eq!(history.jobs().unwrap(), []);
    assert_eq!(history.jobs_named("daily").unwrap(), []);
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.gone), (0, 0));
    etl.job("never-run");
    assert_eq!(history.sync(&etl.project).unwrap().indexed, 0);
    assert_eq!(history.jobs().unwrap(), []);
}

fn records_are_found_and_read_once(place: &Place, etl: &Etl) {
    let (daily, weekly) = (etl.job("daily"), etl.job("weekly"));
    for n in 1..=5 {
        write_record(&daily, n, n, State::Succeeded);
    }
    write_record(&weekly, 6, 6, State::Cancelled);
    std::fs::create_dir_all(daily.runs().join("notes")).unwrap();
    std::fs::write(daily.runs().join("20261101T000001-file"), "no folder").unwrap();
    let mut history = open(place);
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.warnings), (6, Vec::new()));
    assert_eq!(history.sync(&etl.project).unwrap().indexed, 0);
    let runs = all(&mut history);
    assert_eq!(ids(&runs), [id(6), id(5), id(4), id(3), id(2), id(1)]);
    assert_eq!((runs[0].state, runs[0].started_at.clone()), (RunState::Cancelled, started_at(6)));
    assert_eq!(runs[1].project, etl.project.root());

    // One that a run wrote into the index itself, one that nobody did, and one whose id is older than all.
    let known = write_record(&daily, 7, 7, State::Succeeded);
    history.record(&daily, &known).unwrap();
    write_record(&daily, 8, 8, State::Succeeded);
    write_record(&daily, 0, 0, State::Succeeded);
    assert_eq!(history.sync(&etl.project).unwrap().indexed, 2);
    assert_eq!(all(&mut open(place)).len(), 9);
    // A job folder elsewhere is known once a run of it is.
    let elsewhere = JobFolder::new(etl.project.root().join("out/adhoc"), "adhoc");
    let result = write_record(&elsewhere, 9, 9, State::Succeeded);
    history.record(&elsewhere, &result).unwrap();
    write_record(&elsewhere, 10, 10, State::Succeeded);
    assert_eq!(history.sync(&etl.project).unwrap().indexed, 1);
}

fn records_that_go_and_come_back(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    for n in 1..=4 {
        write_record(&job, n, n, State::Succeeded);
    }
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let (there, away) = (record(&job, &id(2)), etl.folder.path().join("away"));
    std::fs::rename(&there, &away).unwrap();
    let synced = history.sync(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.gone), (0, 1));
    let with_record: Vec<bool> = all(&mut history).iter().map(|run| run.has_record).collect();
    assert_eq!(with_record, [true, true, false, true]);
    std::fs::rename(&away, &there).unwrap();
    assert_eq!(history.sync(&etl.project).unwrap().gone, 0);
    assert!(all(&mut history).iter().all(|run| run.has_record));
    std::fs::remove_dir_all(job.path()).unwrap();
    assert_eq!(history.sync(&etl.project).unwrap().gone, 4);
    assert_eq!(history.sync(&etl.project).unwrap().gone, 0);
    assert_eq!(all(&mut history).len(), 4, "the runs stay");
}

fn filters(place: &Place, etl: &Etl) {
    let (daily, weekly) = (etl.job("daily"), etl.job("weekly"));
    for n in 1..=6 {
        write_record(&daily, n, n, if n % 3 == 0 { State::Failed } else { State::Succeeded });
    }
    write_record(&weekly, 7, 7, State::Succeeded);
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let daily = job_ref(&mut history, "daily");
    let mut found = |job: Option<&JobRef>, state, since: Option<u64>, limit| {
        let since = since.map(|n| pypeline_history::time::seconds(&started_at(n)).unwrap());
        let runs = history.runs(&Filter { job: job.cloned(), state, since, limit }).unwrap();
        runs.into_iter().map(|run| run.run_id).collect::<Vec<_>>()
    };
    assert_eq!(found(None, None, None, 2), [id(7), id(6)]);
    assert_eq!(found(Some(&daily), None, None, 3), [id(6), id(5), id(4)]);
    assert_eq!(found(None, Some(RunState::Failed), None, 9), [id(6), id(3)]);
    assert_eq!(found(Some(&daily), Some(RunState::Succeeded), Some(2), 9), [id(5), id(4), id(2)]);
    assert_eq!(found(None, None, Some(6), 9), [id(7), id(6)]);
    assert_eq!(found(None, Some(RunState::Running), None, 9), [""; 0]);
    let by_path = history.jobs_named(&etl.project.jobs().join("weekly").display().to_string()).unwrap();
    assert_eq!(by_path[0].name, "weekly");
    assert_eq!(history.latest(&daily).unwrap().unwrap().run.run_id, id(6));
}

fn ids_by_their_beginning(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    for n in [1, 2, 70] {
        write_record(&job, n, n, State::Succeeded);
    }
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    assert!(matches!(history.run("20261101T0001").unwrap(), Found::One(found) if found.run.run_id == id(70)));
    assert_eq!(history.run("20261101T0000").unwrap(), Found::Several(vec![id(1), id(2)]));
    assert_eq!(history.run("2027").unwrap(), Found::Nothing);
    assert_eq!(history.run("%").unwrap(), Found::Nothing);
}

fn jobs_at_a_glance(place: &Place, etl: &Etl) {
    let (daily, weekly) = (etl.job("daily"), etl.job("weekly"));
    for n in 1..=24 {
        write_record(&daily, n, n, if n <= 4 || n == 23 { State::Failed } else { State::Succeeded });
    }
    write_record(&weekly, 1, 1, State::Failed);
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let lines = history.jobs().unwrap();
    let shown: Vec<_> = lines
        .iter()
        .map(|line| (line.job.name.as_str(), line.last.as_ref().unwrap().run_id.clone(), line.ended, line.succeeded))
        .collect();
    assert_eq!(shown, [("daily", id(24), 20, 19), ("weekly", id(1), 1, 0)]);
}

fn what_is_usual(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    for n in 1..=8 {
        write_record(&job, n, 1_000 + n, State::Succeeded);
    }
    write_record(&job, 9, 5, State::Failed);
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    let job_ref = job_ref(&mut history, "daily");
    let stats = history.stats(&job_ref, 20).unwrap();
    assert_eq!(stats.runs.len(), 8, "only what succeeded");
    let link = &stats.links[0];
    assert_eq!(
        (link.from.as_str(), link.rows.median, link.rows.last, link.rows.anomaly),
        ("read.data", Some(1_004.5), Some(1_008.0), None)
    );
    assert_eq!(link.rows.values[0], Some(1_001.0));
    assert_eq!(link.seconds.median, Some(0.25));
    assert_eq!(history.stats(&job_ref, 3).unwrap().runs.len(), 3);
    write_record(&job, 10, 0, State::Succeeded);
    history.sync(&etl.project).unwrap();
    let stats = history.stats(&job_ref, 20).unwrap();
    assert_eq!(stats.links[0].rows.anomaly, Some(Anomaly::NoRows));
    assert_eq!(stats.nodes[1].rows.anomaly, Some(Anomaly::NoRows));

    let expected = history.expected(&job_ref).unwrap();
    assert_eq!((expected.n_runs, expected.seconds), (9, Some(0.5)));
    let usual = expected.links[&("read.data".to_owned(), "write.input".to_owned())];
    assert_eq!((usual.rows, usual.seconds), (Some(1_004.0), Some(0.25)));
    assert_eq!(expected.sub_flows["read"].seconds, Some(0.375));

    let _lock = hold(&job, &id(11));
    write_log(&job, 11, vec![sub_flow_started("read"), sub_flow_finished("read", State::Succeeded)]);
    history.sync(&etl.project).unwrap();
    let run = one(&mut history, 11).run;
    let (_, live) = history.live(&run).unwrap();
    assert_eq!((live.done, live.remaining, live.usual), (Some(1.0), Some(0.0), Some(0.5)));
}

fn secrets_and_strange_letters(place: &Place, etl: &Etl) {
    let secret = "hunter2-correct-horse";
    net::add([&Secret::new(secret)]);
    let job = etl.job("j\u{f6}b 'quoted\" \u{1f600}");
    let mut result = result(&job, &id(1), 1, State::Failed);
    result.failures[0].fault.message = format!("cannot log in with {secret} \0 at all");
    result.sub_flows[0].name = format!("of {secret}");
    open(place).record(&job, &result).unwrap();
    let detail = one(&mut open(place), 1);
    assert_eq!(detail.run.failed_message.as_deref(), Some("cannot log in with *** \u{fffd} at all"));
    assert_eq!(detail.sub_flows[0].name, format!("of {secret}"), "a name is no place for a secret");
    assert_eq!(detail.run.job, job.name());
}

/// A secret may be any word: the index goes by its own words, and by names and paths.
fn a_secret_that_is_a_word_of_ours(place: &Place, etl: &Etl) {
    let job = etl.job("warehouse-of-secrets");
    let secrets = ["running", "succeeded", "warehouse", "read_module", &id(1)].map(Secret::new);
    net::add(&secrets);
    let lock = hold(&job, &id(1));
    let mut history = open(place);
    history.begin(&begin(&job, etl, 1)).unwrap();
    assert_eq!(one(&mut history, 1).run.state, RunState::Running);
    let result = write_record(&job, 1, 1, State::Succeeded);
    drop(lock);
    history.record(&job, &result).unwrap();
    assert_eq!(history.sync(&etl.project).unwrap().indexed, 0);
    let detail = one(&mut open(place), 1);
    assert_eq!((detail.run.state, detail.run.job_folder.as_path()), (RunState::Succeeded, job.path()));
    assert_eq!(detail.nodes[0].module.as_deref(), Some("read_module"));
    let succeeded = Filter { state: Some(RunState::Succeeded), limit: 9, ..Filter::default() };
    assert_eq!(ids(&history.runs(&succeeded).unwrap()), [id(1)]);
    assert_eq!(history.jobs().unwrap().len(), 1);
    assert_eq!(job_ref(&mut history, "warehouse-of-secrets").folder, job.path());
}

fn a_rebuild_keeps_what_has_no_record(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    for n in 1..=3 {
        write_record(&job, n, n, State::Succeeded);
    }
    let mut history = open(place);
    history.sync(&etl.project).unwrap();
    std::fs::remove_dir_all(record(&job, &id(1))).unwrap();
    // A record that was mended by hand.
    write_record(&job, 2, 222, State::Succeeded);
    let synced = history.rebuild(&etl.project).unwrap();
    assert_eq!((synced.indexed, synced.gone), (2, 1));
    let rows: Vec<_> = all(&mut history).iter().map(|run| (run.rows, run.has_record)).collect();
    assert_eq!(rows, [(Some(3), true), (Some(222), true), (Some(1), false)]);
}

fn large_runs(place: &Place, etl: &Etl) {
    let job = etl.job("large");
    let mut result = result(&job, &id(1), 1, State::Succeeded);
    let node = result.sub_flows[0].nodes[0].clone();
    result.sub_flows[0].nodes = (0..7_001)
        .map(|at| {
            let mut node = node.clone();
            node.id = format!("n{at}");
            node
        })
        .collect();
    result.sub_flows[0].nodes[7_000].rows_out = Some(u64::MAX);
    let mut history = open(place);
    history.record(&job, &result).unwrap();
    history.record(&job, &result).unwrap();
    let detail = one(&mut history, 1);
    assert_eq!(detail.nodes.len(), 7_001);
    assert_eq!((detail.nodes[7_000].id.as_str(), detail.nodes[7_000].rows_out), ("n7000", Some(i64::MAX as u64)));
}

/// Also at the moment when the tables are made.
fn many_at_once(place: &Place, etl: &Etl) {
    let job = etl.job("daily");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let job = &job;
            scope.spawn(move || {
                let mut history = open(place);
                history.begin(&begin(job, etl, n)).unwrap();
                let result = write_record(job, n, n, State::Succeeded);
                history.record(job, &result).unwrap();
                history.sync(&etl.project).unwrap();
            });
        }
    });
    let runs = all(&mut open(place));
    assert_eq!(runs.len(), 8);
    assert!(runs.iter().all(|run| run.state == RunState::Succeeded));
}

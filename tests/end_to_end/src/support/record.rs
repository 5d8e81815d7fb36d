//! What a run has left in its job folder: the event log and the result, and both asked by names.

use super::process::Running;
use super::{Project, run::Run};
use serde_json::Value;

/// The record of a run.
#[derive(Debug)]
pub struct Record {
    /// Lines of `events.jsonl`, in their order.
    pub events: Vec<Value>,
    /// `result.json`.
    pub result: Value,
}

impl Project {
    /// The record of a run of a job.
    #[track_caller]
    pub fn record(&self, job: &str, run: &Run) -> Record {
        self.record_of(job, run.result["run_id"].as_str().unwrap())
    }

    /// The record of the only run that a job has had.
    #[track_caller]
    pub fn only_record(&self, job: &str) -> Record {
        let ids = self.run_ids(job);
        assert_eq!(ids.len(), 1, "{job} has not run once: {ids:?}");
        self.record_of(job, &ids[0])
    }

    /// The records of all runs of a job, the oldest first; all of them have come to an end.
    #[track_caller]
    pub fn records(&self, job: &str) -> Vec<Record> {
        self.run_ids(job).iter().map(|id| self.record_of(job, id)).collect()
    }

    /// The record of the last run of a job.
    #[track_caller]
    pub fn last_record(&self, job: &str) -> Record {
        self.record_of(job, self.run_ids(job).last().unwrap())
    }

    /// Ids of the runs of a job that have left a record, sorted.
    pub fn run_ids(&self, job: &str) -> Vec<String> {
        let folders = std::fs::read_dir(self.path(&format!("jobs/{job}/runs"))).into_iter().flatten();
        let mut ids: Vec<String> = folders.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
        ids.sort();
        ids
    }

    /// No run of a job has begun: what was refused has a record that says so, and no sub flows.
    pub fn nothing_ran(&self, job: &str) -> bool {
        self.run_ids(job).iter().all(|id| {
            let record = self.record_of(job, id);
            let kinds: Vec<&Value> = record.events.iter().map(|event| &event["event"]).collect();
            kinds == ["run_started", "run_finished"] && record.result["fault"].is_object()
        })
    }

    fn record_of(&self, job: &str, run_id: &str) -> Record {
        let folder = format!("jobs/{job}/runs/{run_id}");
        let events: Vec<Value> = self.read(&format!("{folder}/events.jsonl")).lines().map(parsed).collect();
        let result = parsed(&self.read(&format!("{folder}/result.json")));
        // Whatever the test is about: the log has no gaps, and a beginning and an end.
        let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(seqs, (1..=events.len() as u64).collect::<Vec<_>>());
        assert_eq!(events.first().unwrap()["event"], "run_started");
        let last = events.last().unwrap();
        assert_eq!((&last["event"], &last["exit_code"]), (&"run_finished".into(), &result["exit_code"]));
        Record { events, result }
    }

    /// Waits until the event log of the only run of a job has a line with these words, each a piece of its JSON. The run
    /// writes its log a few times a second.
    #[track_caller]
    pub fn wait_for_event(&self, run: &mut Running, job: &str, words: &[&str]) {
        let has_it = || {
            let ids = self.run_ids(job);
            let path = ids.first().map(|id| self.path(&format!("jobs/{job}/runs/{id}/events.jsonl")));
            let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
            text.lines().any(|line| words.iter().all(|word| line.contains(word)))
        };
        run.wait_until(&format!("an event with {words:?}"), has_it);
    }
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

impl Record {
    /// All events of a kind.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Value> {
        self.events.iter().filter(move |event| event["event"] == kind)
    }

    /// The one event of a kind in which these keys have these values.
    #[track_caller]
    pub fn one<'a>(&'a self, kind: &'a str, keys: &[(&str, &str)]) -> &'a Value {
        let fits = |event: &&Value| keys.iter().all(|(key, value)| event[*key] == *value);
        let found: Vec<&Value> = self.all(kind).filter(fits).collect();
        assert_eq!(found.len(), 1, "events `{kind}` with {keys:?}: {found:#?}");
        found[0]
    }

    /// When the one event of a kind with these keys happened, in seconds since the run began.
    #[track_caller]
    pub fn time(&self, kind: &str, keys: &[(&str, &str)]) -> f64 {
        self.one(kind, keys)["t"].as_f64().unwrap()
    }
}

//! Who writes a run into the index while it goes on: a thread of its own, so that the run never waits for the index, and at the
//! end for at most 2 seconds.

use crate::history::{History, RunBegin};
use crate::place::Place;
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::project::Project;
use pypeline_engine::run::observe::Observer;
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::run_result::RunResult;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a run waits at its end for the index.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a connection is kept for the run's end; a long run opens another one.
const KEEP: Duration = Duration::from_secs(5);

/// Watches one run and writes it into the index.
pub struct Recorder {
    place: Place,
    job_folder: PathBuf,
    project: PathBuf,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    job: Option<String>,
    /// To the thread: how the run ended.
    end: Option<Sender<Box<RunResult>>>,
    /// From the thread: what was wrong with the index, if anything.
    done: Option<Receiver<Option<String>>>,
    /// What was wrong when the run began.
    trouble: Arc<Mutex<Option<String>>>,
}

impl Recorder {
    /// Of a run of the job in this folder. Nothing is opened before the run begins.
    pub fn new(place: Place, project: &Project, job_folder: &Path) -> Self {
        let job_folder = job_folder.to_path_buf();
        let project = project.root().to_path_buf();
        Self { place, job_folder, project, patience: PATIENCE, state: Mutex::default() }
    }

    /// Waits so long at the run's end, in place of 2 seconds.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits until the run's end is written, at most 2 seconds. What is given back is a warning: the run is as it is, and the
    /// index will learn of it from its record.
    pub fn finish(&self, result: &RunResult) -> Option<String> {
        let mut state = self.state();
        // A run that never told of its beginning has no record either; one that is not to be kept has no thread.
        let (Some(end), Some(done)) = (state.end.take(), state.done.take()) else { return None };
        let why = match end.send(Box::new(result.clone())) {
            Err(_) => Some(format!("the run history {} cannot be written", self.place)),
            Ok(()) => match done.recv_timeout(self.patience) {
                Ok(why) => why,
                Err(RecvTimeoutError::Timeout) => {
                    let late =
                        || format!("the run history {} has not answered in {} s", self.place, self.patience.as_secs());
                    Some(lock(&state.trouble).take().unwrap_or_else(late))
                }
                Err(RecvTimeoutError::Disconnected) => {
                    Some(format!("the run history {} cannot be written", self.place))
                }
            },
        };
        why.map(|why| format!("{why}; `pype status` will read this run from its record"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn start(&self, begin: RunBegin) {
        let mut state = self.state();
        if state.job.is_some() || matches!(self.place, Place::Off) {
            return;
        }
        state.job = Some(begin.job.clone());
        let ((end, ended), (done, told)) = (channel(), channel());
        let (place, trouble) = (self.place.clone(), Arc::clone(&state.trouble));
        let write = move || {
            // Nobody waits any more if it took too long.
            let _ = done.send(write(&place, &begin, &ended, &trouble, KEEP));
        };
        // Without a thread to be had, the index learns of the run from its record.
        if std::thread::Builder::new().name("pype-history".to_owned()).spawn(write).is_ok() {
            (state.end, state.done) = (Some(end), Some(told));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes a run's beginning and end; what was wrong is told once. The index is kept open for as long as `keep`: nothing is held
/// for as long as a run may take.
fn write(
    place: &Place,
    begin: &RunBegin,
    ended: &Receiver<Box<RunResult>>,
    trouble: &Mutex<Option<String>>,
    keep: Duration,
) -> Option<String> {
    let begun = History::open(place).and_then(|mut history| history.begin(begin).map(|()| history));
    let mut history = match begun {
        Ok(history) => Some(history),
        Err(error) => {
            *lock(trouble) = Some(error.to_string());
            None
        }
    };
    let result = match ended.recv_timeout(keep) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => {
            history = None;
            ended.recv().ok()?
        }
        Err(RecvTimeoutError::Disconnected) => return None,
    };
    let job = JobFolder::new(&begin.job_folder, &begin.job);
    // What kept the beginning from being written may be over.
    let history = history.map_or_else(|| History::open(place), Ok);
    let written = history.and_then(|mut history| history.record(&job, &result));
    written.err().map(|error| error.to_string())
}

impl Observer for Recorder {
    fn event(&self, line: &EventLine) {
        if let Event::RunStarted { run_id, job, started_at, fingerprint, .. } = &line.event {
            self.start(RunBegin {
                run_id: run_id.clone(),
                job: job.clone(),
                job_folder: self.job_folder.clone(),
                project: self.project.clone(),
                started_at: started_at.clone(),
                fingerprint: fingerprint.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_schema::run_result::State;

    #[test]
    fn an_index_that_is_not_kept_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        let project = Project::at(folder.path());
        let place = Place::parse("", &project).unwrap();
        let begin = RunBegin {
            run_id: "20261101T000001-000001".to_owned(),
            job: "daily".to_owned(),
            job_folder: project.jobs().join("daily"),
            project: project.root().to_path_buf(),
            started_at: "2026-11-01T00:00:01Z".to_owned(),
            fingerprint: String::new(),
        };
        let result = RunResult {
            format_version: 1,
            run_id: begin.run_id.clone(),
            job: begin.job.clone(),
            state: State::Succeeded,
            exit_code: 0,
            seconds: 1.0,
            fault: None,
            peak_rss_bytes: 0,
            sub_flows: Vec::new(),
            failures: Vec::new(),
            n_failures: 0,
            n_handled: 0,
            record: None,
            resumes: None,
            resume: None,
            links: Vec::new(),
        };
        let (end, ended) = channel();
        let (trouble, (to_open, to_begin)) = (Mutex::default(), (&place, &begin));
        std::thread::scope(|scope| {
            let trouble = &trouble;
            let written = scope.spawn(move || write(to_open, to_begin, &ended, trouble, Duration::ZERO));
            let began = std::time::Instant::now();
            while History::open(&place).unwrap().run("2026").unwrap() == crate::Found::Nothing {
                assert!(began.elapsed() < Duration::from_secs(60));
                std::thread::yield_now();
            }
            std::fs::remove_dir_all(folder.path().join(".pype")).unwrap();
            end.send(Box::new(result)).unwrap();
            assert_eq!(written.join().unwrap(), None);
        });
        assert!(matches!(History::open(&place).unwrap().run("2026").unwrap(), crate::Found::One(_)));
    }
}

//! A run's numbers as a file, written again and again while it goes on: whole each time, for whoever reads it just then.

use super::RunMetrics;
use crate::run::observe::{LinkCounter, Observer};
use pypeline_disk::{by_umask, talk};
use pypeline_schema::event::{Event, EventLine};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Pause between two writings.
const EVERY: Duration = Duration::from_secs(5);

/// How long the end waits for the last writing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Bytes that are read of what an earlier run has left.
const LARGEST: u64 = 16 << 20;

/// The family that outlives a run that fails.
const SUCCESS: &str = "pype_run_last_success_timestamp_seconds{job=\"";

/// Writes the numbers of a run to a file. When an earlier run of the job has last succeeded is read from it first.
pub struct MetricsFile {
    metrics: Arc<RunMetrics>,
    path: PathBuf,
    writer: Mutex<Option<Writer>>,
}

struct Writer {
    /// Gone when the run has ended.
    more: SyncSender<()>,
    ended: Receiver<()>,
}

impl MetricsFile {
    /// The file at `path`: for node_exporter one in its `--collector.textfile.directory` whose name ends in `.prom`. Its folder
    /// must be there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { metrics: Arc::default(), path: path.into(), writer: Mutex::default() }
    }

    fn start(&self, job: &str) {
        let (more, next) = sync_channel(0);
        let (over, ended) = sync_channel(0);
        let (metrics, path, job) = (Arc::clone(&self.metrics), self.path.clone(), job.to_owned());
        let write = move || {
            if let Some(time) = last_success(&before(&path), &job) {
                metrics.remember(time);
            }
            write_on(&metrics, &path, &next);
            drop(over);
        };
        match std::thread::Builder::new().name("pype-metrics".to_owned()).spawn(write) {
            Ok(_) => *self.writer() = Some(Writer { more, ended }),
            Err(error) => tracing::error!("the metrics file `{}` is not written: {error}", self.path.display()),
        }
    }

    fn writer(&self) -> std::sync::MutexGuard<'_, Option<Writer>> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_on(metrics: &RunMetrics, path: &Path, next: &Receiver<()>) {
    let mut has_failed = false;
    loop {
        let is_over = next.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected);
        if let Err(error) = replace(path, &metrics.prometheus())
            && !std::mem::replace(&mut has_failed, true)
        {
            tracing::error!("the metrics file `{}` cannot be written: {error}", path.display());
        }
        if is_over {
            return;
        }
    }
}

/// What an earlier run has left there; nothing where it is no file, or none of ours by its size.
fn before(path: &Path) -> String {
    let is_file = std::fs::metadata(path).is_ok_and(|about| about.is_file());
    let mut text = String::new();
    if is_file {
        // What cannot be read says nothing.
        let _ = File::open(path).and_then(|file| file.take(LARGEST).read_to_string(&mut text));
    }
    text
}

/// Beside it first: a reader never sees a part. Readable for others as the process's files are. A link stays a link, a device is
/// written to, and nothing waits for the reader of a pipe.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    match std::fs::metadata(path) {
        Ok(about) if about.file_type().is_char_device() => {
            return talk::open(path)?.write_all(text.as_bytes());
        }
        Ok(about) if !about.is_file() => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        _ => {}
    }
    talk::replace_as(path, text.as_bytes(), by_umask(0o666))
}

/// What a file of an earlier run says of this job.
fn last_success(text: &str, job: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(SUCCESS))?;
    line.strip_prefix(job)?.strip_prefix("\"} ")?.trim().parse().ok().filter(|time: &f64| time.is_finite())
}

impl Observer for MetricsFile {
    fn begin(&self, links: &[LinkCounter]) {
        self.metrics.begin(links);
    }

    fn event(&self, line: &EventLine) {
        self.metrics.event(line);
        match &line.event {
            Event::RunStarted { job, .. } => self.start(job),
            Event::RunFinished { .. } => {
                if let Some(Writer { more, ended }) = self.writer().take() {
                    drop(more);
                    // The last writing goes on by itself if the disk is slow, as long as the process lives.
                    let _ = ended.recv_timeout(PATIENCE);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{links, started, tell};
    use super::*;
    use pypeline_schema::run_result::State;

    fn run(path: &Path, state: State) -> String {
        let file = MetricsFile::new(path);
        file.begin(&links());
        tell(&file, &[], started());
        tell(&file, &[], Event::RunFinished { state, exit_code: 0, seconds: 2.5 });
        std::fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn the_file_is_whole_at_the_end_and_remembers_the_last_success() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daily.prom");
        let first = run(&path, State::Succeeded);
        let success = |text: &str| last_success(text, "daily");
        assert!(first.contains("pype_run_state{job=\"daily\",state=\"succeeded\"} 1\n"), "{first}");
        assert!(success(&first).unwrap() > 1e9);
        let second = run(&path, State::Failed);
        assert!(second.contains("pype_run_state{job=\"daily\",state=\"failed\"} 1\n"));
        assert_eq!(success(&second), success(&first));
        assert_eq!(last_success(&second, "dail"), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn devices_and_links_stay_what_they_are() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link.prom"), folder.path().join("target.prom"));
        std::os::unix::fs::symlink(&target, &link).unwrap();
        std::fs::write(&target, "").unwrap();
        assert!(run(&link, State::Succeeded).contains("pype_run_state"));
        assert!(link.is_symlink() && target.is_file() && !target.is_symlink());
        run(Path::new("/dev/null"), State::Succeeded);
        assert!(std::fs::metadata("/dev/null").unwrap().file_type().is_char_device());
        assert_eq!(replace(folder.path(), "x").unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_file_that_cannot_be_written_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(&folder.path().join("nowhere/daily.prom"), State::Succeeded), "");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

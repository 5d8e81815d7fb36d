//! A log to its end; where the run still goes on, to the run's end.

use super::super::escape::is_foul;
use super::files::LogReader;
use super::find::{FoundRun, runs_of};
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::log_line::LogLine;
use std::borrow::Cow;
use std::fmt::Write;
use std::fs::{File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

/// Pause between two looks at the log.
const TICK: Duration = Duration::from_millis(200);

/// How long a run whose process is there may say nothing before its lock is looked at all the same.
const SILENCE: Duration = Duration::from_secs(30);

/// Bytes at the end of an event log in which its last line is looked for.
const TAIL: u64 = 64 << 10;

/// What there was to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// There is a log.
    pub is_there: bool,
    /// Lines that were no log lines, and were passed over.
    pub n_broken: u64,
    /// Files were removed before they were read.
    pub has_gap: bool,
}

/// Hands on every line of a run's log, as it is written (with nothing in it that a terminal would obey) and as it is read;
/// with `follow`, until the run has ended, or nobody runs its job any more. Ends sooner where `each` breaks off.
pub fn each_line(
    run: &FoundRun,
    follow: bool,
    each: &mut dyn FnMut(&str, &LogLine) -> ControlFlow<()>,
) -> io::Result<Outcome> {
    let mut reader = LogReader::new(&run.folder);
    let mut each_clean = |raw: &str, line: &LogLine| each(&clean(raw), line);
    let mut last_word = Instant::now();
    loop {
        // Asked before the log is read: what was said before the end is then there.
        let is_over = !follow || is_over(run, last_word.elapsed() > SILENCE);
        match reader.read(&mut each_clean)? {
            ControlFlow::Break(()) => break,
            ControlFlow::Continue(true) => last_word = Instant::now(),
            // The writer is a moment behind the event log: once over, it must also have nothing more to say.
            ControlFlow::Continue(false) if is_over => break,
            ControlFlow::Continue(false) => {}
        }
        if follow {
            std::thread::sleep(TICK);
        }
    }
    Ok(Outcome { is_there: reader.is_there(), n_broken: reader.n_broken(), has_gap: reader.has_gap() })
}

/// The run has ended: it says so, or has no process any more.
fn is_over(run: &FoundRun, is_silent: bool) -> bool {
    has_finished(&run.folder.join("events.jsonl")).unwrap_or(false)
        // A job runs once at a time.
        || runs_of(&run.job).iter().any(|other| other.run_id > run.run_id)
        || !is_held(&run.job.join(".lock"), is_silent)
}

/// The last line of an event log is the run's end.
fn has_finished(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let last = tail.trim_ascii().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let line: Result<EventLine, _> = serde_json::from_slice(last);
    Ok(line.is_ok_and(|line| matches!(line.event, Event::RunFinished { .. })))
}

/// Somebody runs or builds the job. The lock itself is tried as seldom as can be: a run that begins just then would find it
/// taken. While the process that is named in it is there, it is taken as held.
fn is_held(path: &Path, is_silent: bool) -> bool {
    let Ok(mut file) = File::open(path) else { return false };
    let mut holder = String::new();
    let named = file.read_to_string(&mut holder).ok().and_then(|_| holder.rsplit(' ').next()?.trim().parse().ok());
    let process = named.and_then(rustix::process::Pid::from_raw);
    let is_there = |process| match rustix::process::test_kill_process(process) {
        Ok(()) => true,
        // Somebody else's process.
        Err(error) => error == rustix::io::Errno::PERM,
    };
    if !is_silent && process.is_some_and(is_there) {
        return true;
    }
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// A line of a file that others may have written to, without what a terminal obeys.
fn clean(raw: &str) -> Cow<'_, str> {
    if !raw.contains(is_foul) {
        return Cow::Borrowed(raw);
    }
    let mut clean = String::with_capacity(raw.len());
    for character in raw.chars() {
        if is_foul(character) {
            // Writing into a string does not fail.
            let _ = write!(clean, "\\u{:04x}", u32::from(character));
        } else {
            clean.push(character);
        }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job_folder::JobFolder;
    use std::fs::OpenOptions;
    use std::io::Write as _;

    const LONG: Duration = Duration::from_secs(60);

    fn line(text: &str) -> String {
        format!("{{\"time\":\"2026-11-21T09:42:01.000000Z\",\"level\":\"INFO\",\"message\":\"{text}\"}}\n")
    }

    fn run_in(job: &Path) -> FoundRun {
        let folder = job.join("runs/r1");
        std::fs::create_dir_all(&folder).unwrap();
        FoundRun { run_id: "r1".to_owned(), folder, job: job.to_path_buf() }
    }

    /// What is read; `writer` does its work after the first line was read.
    fn followed(run: &FoundRun, writer: impl FnOnce(&mut File)) -> Vec<String> {
        let path = run.folder.join("log.jsonl");
        std::fs::write(&path, line("first")).unwrap();
        let (mut said, mut writer, began) = (Vec::new(), Some(writer), Instant::now());
        let outcome = each_line(run, true, &mut |_, line| {
            said.push(line.message.clone());
            if let Some(writer) = writer.take() {
                writer(&mut OpenOptions::new().append(true).open(&path).unwrap());
            }
            ControlFlow::Continue(())
        });
        assert!(outcome.unwrap().is_there && began.elapsed() < LONG);
        said
    }

    #[test]
    fn a_run_is_followed_until_it_says_that_it_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        let lock = JobFolder::new(folder.path(), "job").lock("pype run").unwrap();
        let events = run.folder.join("events.jsonl");
        std::fs::write(&events, "{\"seq\":1,\"t\":0.0,\"event\":\"stopping\",\"reason\":\"failure\"}\n").unwrap();
        assert!(!is_over(&run, false) && !is_over(&run, true));
        let said = followed(&run, |log| {
            let end = "{\"seq\":2,\"t\":0.0,\"event\":\"run_finished\",\"state\":\"succeeded\",\"exit_code\":0,\"seconds\":1.0}\n";
            let mut events = OpenOptions::new().append(true).open(&events).unwrap();
            events.write_all(end.as_bytes()).unwrap();
            log.write_all(line("last").as_bytes()).unwrap();
        });
        assert_eq!(said, ["first", "last"]);
        drop(lock);
    }

    #[test]
    fn a_run_whose_process_is_gone_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let run = run_in(folder.path());
        assert!(is_over(&run, false));
        // A process that never was, and a text that nobody holds.
        std::fs::write(folder.path().join(".lock"), "pype run, process 2147483646").unwrap();
        assert!(is_over(&run, false));
        assert_eq!(followed(&run, |_| ()), ["first"]);
        // The process lives, but does something else.
        std::fs::write(folder.path().join(".lock"), format!("pype run, process {}", std::process::id())).unwrap();
        assert!(!is_over(&run, false) && is_over(&run, true));
        std::fs::create_dir(folder.path().join("runs/r2")).unwrap();
        assert!(is_over(&run, false));
    }

    #[test]
    fn raw_lines_are_clean() {
        assert_eq!(clean("{\"a\u{9b}\":\"\u{202e}\"}"), "{\"a\\u009b\":\"\\u202e\"}");
        assert_eq!(clean("{\"a\":1}"), "{\"a\":1}");
    }
}

//! A command as a process group: its output while it runs, and its end, by itself or by force. It knows no module.

use crate::captured::Captured;
use pypeline_sdk::prelude::*;
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How often the command is looked at.
const TICK: Duration = Duration::from_millis(20);
/// What a group has to clean up after SIGTERM. Less than what the host gives to a module that is asked to stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long pipes are read after the command's end: a process that it left behind may hold them open for ever.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What to run.
pub struct Command {
    pub program: String,
    pub arguments: Vec<String>,
    pub cwd: PathBuf,
    pub env: BTreeMap<String, String>,
    pub timeout: Option<Duration>,
    /// Bytes to keep of each pipe.
    pub max_output: usize,
}

/// One of the command's pipes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pipe {
    Stdout,
    Stderr,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End {
    ByItself,
    Stopped,
    TimedOut,
}

/// What is left of it.
pub struct Outcome {
    pub end: End,
    /// As shells tell it: 128 and the signal's number where a signal ended it.
    pub exit_code: i32,
    pub stdout: Captured,
    pub stderr: Captured,
}

impl Command {
    /// Runs it to its end, and blocks meanwhile. `must_stop` is asked at each tick.
    pub fn run(&self, must_stop: &dyn Fn() -> bool, on_line: &mut dyn FnMut(Pipe, &str)) -> Result<Outcome> {
        let (mut group, mut output) = self.start()?;
        let begin = Instant::now();
        let (end, status) = loop {
            output.take(TICK, on_line);
            if let Some(status) = group.exited()? {
                break (End::ByItself, status);
            }
            if must_stop() {
                break (End::Stopped, group.stop(&mut output, on_line)?);
            }
            if self.timeout.is_some_and(|timeout| begin.elapsed() >= timeout) {
                break (End::TimedOut, group.stop(&mut output, on_line)?);
            }
        };
        let until = Instant::now() + LAST_WORDS;
        while output.is_open && Instant::now() < until {
            output.take(TICK, on_line);
        }
        output.stdout.finish(&mut |line| on_line(Pipe::Stdout, line));
        output.stderr.finish(&mut |line| on_line(Pipe::Stderr, line));
        let exit_code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1);
        Ok(Outcome { end, exit_code, stdout: output.stdout, stderr: output.stderr })
    }

    fn start(&self) -> Result<(Group, Output)> {
        if !self.cwd.is_dir() {
            return Err(Error::io("the command's folder is not there").with("path", self.cwd.display()));
        }
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.cwd).envs(&self.env).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // No argument and no variable is named: they may be secret.
        let mut child = command.spawn().map_err(|error| {
            Error::io(format!("`{}` cannot be started: {error}", self.program))
                .help("is it installed, and may it be run?")
        })?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let group = Group { id: Pid::from_child(&child), child, status: None };
        // A short queue: a command that writes faster than its lines are taken waits, as at any pipe.
        let (sender, chunks) = sync_channel(16);
        stdout.map_or(Ok(()), |pipe| read(pipe, Pipe::Stdout, sender.clone()))?;
        stderr.map_or(Ok(()), |pipe| read(pipe, Pipe::Stderr, sender))?;
        let kept = || Captured::new(self.max_output);
        Ok((group, Output { chunks, is_open: true, stdout: kept(), stderr: kept() }))
    }
}

type Chunk = (Pipe, Vec<u8>);

/// Reads a pipe to its end on a thread of its own, which outlives the command where a process that it left behind holds the
/// pipe: so the thread holds nothing else. It reads on where nobody listens, or that process would die of its next word.
fn read(mut pipe: impl Read + Send + 'static, name: Pipe, listener: SyncSender<Chunk>) -> Result<()> {
    let mut listener = Some(listener);
    let work = move || {
        let mut buffer = [0; 16_384];
        loop {
            match pipe.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => {
                    let chunk = buffer.get(..read).unwrap_or_default().to_vec();
                    listener = listener.take().filter(|listener| listener.send((name, chunk)).is_ok());
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
    };
    std::thread::Builder::new().name("command output".to_owned()).spawn(work)?;
    Ok(())
}

/// What comes out of both pipes.
struct Output {
    chunks: Receiver<Chunk>,
    /// At least one pipe is open.
    is_open: bool,
    stdout: Captured,
    stderr: Captured,
}

impl Output {
    /// Takes the next piece; waits for it no longer than `time`.
    fn take(&mut self, time: Duration, on_line: &mut dyn FnMut(Pipe, &str)) {
        if !self.is_open {
            return std::thread::sleep(time);
        }
        match self.chunks.recv_timeout(time) {
            Ok((pipe @ Pipe::Stdout, bytes)) => self.stdout.push(&bytes, &mut |line| on_line(pipe, line)),
            Ok((pipe @ Pipe::Stderr, bytes)) => self.stderr.push(&bytes, &mut |line| on_line(pipe, line)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.is_open = false,
        }
    }
}

/// The command and all processes that it starts and that do not leave its group.
struct Group {
    child: Child,
    id: Pid,
    status: Option<ExitStatus>,
}

impl Group {
    fn exited(&mut self) -> Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.status = self.child.try_wait()?;
        }
        Ok(self.status)
    }

    /// Ends all of it: first with a request, which its processes may use to clean up, then by force.
    fn stop(&mut self, output: &mut Output, on_line: &mut dyn FnMut(Pipe, &str)) -> Result<ExitStatus> {
        // A signal that reaches nobody is no failure: they have ended meanwhile.
        let _ = kill_process_group(self.id, Signal::TERM);
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            // Their last words are read on: a full pipe would hold them up.
            output.take(TICK, on_line);
            if let Some(status) = self.exited()?
                && test_kill_process_group(self.id).is_err()
            {
                return Ok(status);
            }
        }
        let _ = kill_process_group(self.id, Signal::KILL);
        match self.status {
            Some(status) => Ok(status),
            None => Ok(*self.status.insert(self.child.wait()?)),
        }
    }
}

impl Drop for Group {
    /// After an error or a panic: no process goes on unseen, none stays a zombie.
    fn drop(&mut self) {
        if self.status.is_none() {
            let _ = kill_process_group(self.id, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

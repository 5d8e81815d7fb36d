//! Runs that are watched and stopped while they go on.

use super::{Output, Project};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Only a broken product ever waits so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A run that has begun; killed if its test ends first.
pub struct Running<'a>(Option<Child>, &'a Project);

/// Runs a command to its end; none if it had to be killed, since that did not come in time.
pub fn ended_within(command: &mut Command, time: Duration) -> Option<Output> {
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output().unwrap()));
    match told.recv_timeout(time) {
        Ok(output) => Some(Output::of(output)),
        Err(_) => {
            assert!(Command::new("kill").args(["-KILL", &id.to_string()]).status().unwrap().success());
            told.recv().unwrap();
            None
        }
    }
}

impl Project {
    /// Starts pype.
    pub fn start(&self, args: &[&str]) -> Running<'_> {
        self.start_with(&[], args)
    }

    /// Starts pype with variables in its environment.
    pub fn start_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Running<'_> {
        let mut command = self.command(args);
        command.envs(environment.iter().copied());
        Running(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()), self)
    }
}

impl Running<'_> {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until `is_ready`; the process must not end meanwhile.
    #[track_caller]
    pub fn wait_until(&mut self, what: &str, is_ready: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_ready() {
            if self.0.as_mut().unwrap().try_wait().unwrap().is_some() {
                let output = self.0.take().unwrap().wait_with_output().unwrap();
                panic!("it ended before {what}: {:?}", Output::of(output));
            }
            assert!(begun.elapsed() < PATIENCE, "{what} did not come");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until there is such a file.
    #[track_caller]
    pub fn wait_for(&mut self, path: &Path) {
        self.wait_until(&path.display().to_string(), || path.exists());
    }

    /// Reads stderr up to a line that holds `word`; the rest of stderr is the `Output`'s.
    #[track_caller]
    pub fn wait_for_line(&mut self, word: &str) {
        let child = self.0.as_mut().unwrap();
        let mut lines = BufReader::with_capacity(1, child.stderr.as_mut().unwrap());
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            let read = lines.read_line(&mut line).unwrap();
            assert!(read > 0, "stderr ended without `{word}`");
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Output {
        let begun = Instant::now();
        while self.0.as_mut().unwrap().try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it did not end");
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = Output::of(self.0.take().unwrap().wait_with_output().unwrap());
        self.1.note(&output);
        output
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            // It may have ended by itself: then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

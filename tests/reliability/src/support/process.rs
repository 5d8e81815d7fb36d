//! A process run to its end, which a test that hangs must not wait for without end.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// How long anything may take. Only a broken product ever waits so long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Code(i32),
    Signal(i32),
    /// It was killed by the test, as it did not end.
    Hung,
}

/// The signal of `kill -9`.
pub const KILL: End = End::Signal(9);

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, signal) => Self::Signal(signal.unwrap_or(0)),
        }
    }
}

impl End {
    /// A panic, an abort or a fault of memory, which no input and no disk may ever cause.
    pub fn is_crash(self) -> bool {
        matches!(self, Self::Code(101 | 134 | 139) | Self::Signal(4 | 6 | 7 | 11))
    }
}

/// Starts a program and waits for its end.
pub fn run(command: &mut Command) -> End {
    wait(&mut command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")), PATIENCE)
}

/// Waits for the end of a process; at the end of its patience kills it.
pub fn wait(child: &mut Child, patience: Duration) -> End {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.into();
        }
        if begun.elapsed() > patience {
            // It may have ended in this moment: then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
            return End::Hung;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

#[test]
fn ends_are_told_apart() {
    let of = |script: &str| run(Command::new("sh").args(["-c", script]));
    assert_eq!(of("exit 3"), End::Code(3));
    assert_eq!(of("kill -9 $$"), KILL);
    assert!(of("exit 101").is_crash() && !of("exit 1").is_crash());
    let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
    assert_eq!(wait(&mut sleeper, Duration::from_millis(20)), End::Hung);
}

//! The wish that something stops: a flag for code that looks, a future for code that waits, and the signals that cause it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// Cheap to clone; once cancelled, always cancelled.
#[derive(Debug, Clone, Default)]
pub(in crate::run) struct Cancel(Arc<State>);

#[derive(Debug, Default)]
struct State {
    flag: Arc<AtomicBool>,
    notify: Notify,
}

impl Cancel {
    pub(in crate::run) fn cancel(&self) {
        self.0.flag.store(true, Ordering::Release);
        self.0.notify.notify_waiters();
    }

    pub(in crate::run) fn is_cancelled(&self) -> bool {
        self.0.flag.load(Ordering::Acquire)
    }

    /// The flag itself, for an executor.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.flag)
    }

    /// Ends when it is cancelled.
    pub(in crate::run) async fn cancelled(&self) {
        loop {
            // Listening first: a wish that comes between the look and the wait is heard.
            let notified = self.0.notify.notified();
            if self.is_cancelled() {
                return;
            }
            notified.await;
        }
    }
}

/// SIGINT and SIGTERM as exit codes.
pub(super) struct Signals {
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Starts listening; without signals to be had, a run just cannot be stopped gently.
    pub(super) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self { interrupt: signal(SignalKind::interrupt()).ok(), terminate: signal(SignalKind::terminate()).ok() }
    }

    /// None: they are for the job around this one.
    pub(super) fn none() -> Self {
        Self { interrupt: None, terminate: None }
    }

    /// The exit code of the next signal.
    pub(super) async fn next(&mut self) -> u8 {
        async fn of(signal: &mut Option<tokio::signal::unix::Signal>) {
            match signal {
                Some(signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            }
        }
        tokio::select! {
            () = of(&mut self.interrupt) => 130,
            () = of(&mut self.terminate) => 143,
        }
    }
}

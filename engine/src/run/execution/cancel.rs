//! The wish that something stops: a flag for code that looks, a future for code that waits, and the signals that cause it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Cheap to clone; once cancelled, always cancelled.
#[derive(Debug, Clone)]
pub(super) struct Cancel {
    flag: Arc<AtomicBool>,
    signal: Arc<watch::Sender<bool>>,
}

impl Cancel {
    pub(super) fn new() -> Self {
        Self { flag: Arc::new(AtomicBool::new(false)), signal: Arc::new(watch::Sender::new(false)) }
    }

    pub(super) fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.signal.send_replace(true);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// The flag itself, for an executor.
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.flag)
    }

    /// Ends when it is cancelled.
    pub(super) async fn cancelled(&self) {
        let mut receiver = self.signal.subscribe();
        // The sender lives as long as `self`: waiting can only end by the value.
        let _ = receiver.wait_for(|cancelled| *cancelled).await;
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

//! The wish that something stops: a flag for code that looks, a future for code that waits, and the signals that cause it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::Signal;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

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

/// SIGINT, SIGTERM and SIGHUP as exit codes. They are waited for on a thread that does nothing else: a second one ends the process at
/// once, whatever everybody else is waiting for.
pub(super) struct Signals(Option<UnboundedReceiver<u8>>);

impl Signals {
    /// Starts listening; without signals to be had, a run just cannot be stopped gently.
    pub(super) fn listen() -> Self {
        let (sender, receiver) = unbounded_channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let listen = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(hear(sender, ready));
            }
        };
        match std::thread::Builder::new().name("pype-signals".to_owned()).spawn(listen) {
            Ok(_) => {
                // Nothing comes where there are no signals to be had.
                let _ = is_ready.recv();
                Self(Some(receiver))
            }
            Err(_) => Self(None),
        }
    }

    /// None: they are for the job around this one.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The exit code of the first signal.
    pub(super) async fn next(&mut self) -> u8 {
        let heard = match &mut self.0 {
            Some(receiver) => receiver.recv().await,
            None => None,
        };
        match heard {
            Some(code) => code,
            None => std::future::pending().await,
        }
    }
}

async fn hear(sender: UnboundedSender<u8>, ready: std::sync::mpsc::Sender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt()).ok(), signal(SignalKind::terminate()).ok());
    let mut hangup = signal(SignalKind::hangup()).ok();
    // Whoever started this thread waits for it.
    let _ = ready.send(());
    let mut is_asked = false;
    loop {
        let code = tokio::select! {
            () = of(&mut interrupt) => 130,
            () = of(&mut terminate) => 143,
            // The terminal has gone, as when a connection breaks.
            () = of(&mut hangup) => 129,
        };
        if is_asked || sender.send(code).is_err() {
            // Asked twice: leave at once. The system drops the lock, the next run the temporary files.
            std::process::exit(i32::from(code));
        }
        is_asked = true;
    }
}

async fn of(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

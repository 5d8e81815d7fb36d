//! Failpoints: before each operation of this crate a test may have the process killed, or the disk fail. They are in every
//! build, since only what users get proves anything about what users get; off, they cost one relaxed load.
//!
//! `PYPE_FAULT` holds orders (`order.rs`), `PYPE_FAULT_LOG` names a file that gets a line per operation, and `PYPE_FAULT_TRACE` a
//! folder that gets all operations with their content (`trace.rs`).

mod order;
mod trace;

use order::{Action, Orders};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use trace::{Event, Log, Trace};

/// The kinds of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Create,
    Write,
    Sync,
    Rename,
    Exchange,
    Link,
    SyncFolder,
    SyncFileSystem,
    RemoveFile,
    RemoveTree,
    Mkdir,
    Truncate,
    Lock,
    SetMode,
}

/// The names of operations in orders, logs and traces.
const OPS: [(Op, &str); 14] = [
    (Op::Create, "create"),
    (Op::Write, "write"),
    (Op::Sync, "sync"),
    (Op::Rename, "rename"),
    (Op::Exchange, "exchange"),
    (Op::Link, "link"),
    (Op::SyncFolder, "sync_folder"),
    (Op::SyncFileSystem, "sync_file_system"),
    (Op::RemoveFile, "remove_file"),
    (Op::RemoveTree, "remove_tree"),
    (Op::Mkdir, "mkdir"),
    (Op::Truncate, "truncate"),
    (Op::Lock, "lock"),
    (Op::SetMode, "set_mode"),
];

impl Op {
    fn name(self) -> &'static str {
        OPS.iter().find(|(op, _)| *op == self).map_or("", |(_, name)| name)
    }

    fn named(name: &str) -> Option<Self> {
        OPS.iter().find(|(_, known)| *known == name).map(|(op, _)| *op)
    }
}

/// One operation, and what the trace says of it.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    op: Op,
    path: &'a Path,
    to: Option<&'a Path>,
    len: Option<u64>,
    mode: Option<u32>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(op: Op, path: &'a Path) -> Self {
        Self { op, path, to: None, len: None, mode: None }
    }

    pub(crate) fn to(self, to: &'a Path) -> Self {
        Self { to: Some(to), ..self }
    }

    pub(crate) fn len(self, len: u64) -> Self {
        Self { len: Some(len), ..self }
    }

    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode: Some(mode), ..self }
    }
}

/// Said before anything is looked at.
static IS_ARMED: AtomicBool = AtomicBool::new(false);

/// Whoever holds it performs an operation: logs and traces have the order of the effects. It costs parallel work, of tests alone.
static ARMED: Mutex<Option<Armed>> = Mutex::new(None);

struct Armed {
    orders: Orders,
    log: Option<Log>,
    trace: Option<Trace>,
    /// Operations that have begun.
    n: u64,
}

impl Armed {
    /// Counts an operation; what an order says of it.
    fn begin(&mut self, step: &Step<'_>) -> Option<Action> {
        self.n += 1;
        if let Some(log) = &mut self.log {
            log.operation(self.n, step);
        }
        let fired = self.orders.at_operation(self.n, step)?;
        self.fire(fired)
    }

    fn fire(&mut self, (order, action): (String, Action)) -> Option<Action> {
        if let Some(log) = &mut self.log {
            log.line(&format!("fired {order}"));
        }
        Some(action)
    }

    fn trace(&mut self, event: &Event<'_>) {
        if let Some(trace) = &mut self.trace {
            trace.put(event);
        }
    }
}

fn armed() -> MutexGuard<'static, Option<Armed>> {
    ARMED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some order, log or trace is asked for.
#[must_use]
pub fn is_armed() -> bool {
    IS_ARMED.load(Ordering::Relaxed)
}

/// Reads the orders from the environment; `main` calls it once, before anything is written.
///
/// # Errors
/// What is wrong with an order, or with the place of a log or trace.
pub fn arm_from_env() -> Result<(), String> {
    let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let (orders, log, trace) = (value("PYPE_FAULT"), value("PYPE_FAULT_LOG"), value("PYPE_FAULT_TRACE"));
    if orders.is_none() && log.is_none() && trace.is_none() {
        return Ok(());
    }
    let text = orders.unwrap_or_default();
    let text = text.to_str().ok_or("PYPE_FAULT is no text")?;
    let orders = Orders::parse(text).map_err(|error| format!("PYPE_FAULT: {error}"))?;
    let log = log.map(PathBuf::from).map(|path| {
        Log::open(&path).map_err(|error| format!("PYPE_FAULT_LOG: cannot write `{}`: {error}", path.display()))
    });
    let trace = trace.map(PathBuf::from).map(|path| {
        Trace::open(&path).map_err(|error| format!("PYPE_FAULT_TRACE: cannot write to `{}`: {error}", path.display()))
    });
    *armed() = Some(Armed { orders, log: log.transpose()?, trace: trace.transpose()?, n: 0 });
    IS_ARMED.store(true, Ordering::Relaxed);
    Ok(())
}

/// A point of the program's logic, as `landed load@3`: orders may name it, logs and traces show it. It is no operation, and
/// counted by nobody.
pub fn mark(text: impl FnOnce() -> String) {
    if !is_armed() {
        return;
    }
    let text = text();
    let mut state = armed();
    let Some(armed) = state.as_mut() else { return };
    if let Some(log) = &mut armed.log {
        log.line(&format!("mark {text}"));
    }
    armed.trace(&Event::Mark(&text));
    let fired = armed.orders.at_mark(&text).and_then(|fired| armed.fire(fired));
    match fired {
        Some(Action::Delay(time)) => {
            drop(state);
            std::thread::sleep(time);
        }
        // Nothing can fail at a mark.
        Some(_) => kill(),
        None => {}
    }
}

/// A bug planted on purpose is asked for, so that the tests can prove that they see it.
#[cfg(not(feature = "planted-bugs"))]
#[inline(always)]
pub const fn planted(_name: &str) -> bool {
    false
}

/// A bug planted on purpose is asked for, so that the tests can prove that they see it.
#[cfg(feature = "planted-bugs")]
pub fn planted(name: &str) -> bool {
    static PLANTED: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
    PLANTED.get_or_init(|| std::env::var_os("PYPE_PLANTED")).as_deref().is_some_and(|planted| planted == name)
}

/// Performs an operation; one that a signal interrupts is begun again. The work must not perform another.
pub(crate) fn perform<T>(step: &Step<'_>, mut work: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    if !is_armed() {
        return again(&mut work);
    }
    let (mut state, action) = begin(step);
    let mut is_interrupted = false;
    match action {
        Some(Action::Kill | Action::Torn) => kill(),
        Some(Action::Fail(errno)) => return Err(errno.into()),
        Some(Action::Interrupt) => is_interrupted = true,
        Some(Action::Short | Action::Delay(_)) | None => {}
    }
    let done = again(&mut || match std::mem::take(&mut is_interrupted) {
        true => Err(io::ErrorKind::Interrupted.into()),
        false => work(),
    })?;
    trace(&mut state, &Event::Step(step));
    Ok(done)
}

/// Performs one that brings something to disk.
pub(crate) fn sync(step: &Step<'_>, work: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    let synced = perform(step, work);
    if planted("sync-error-ignored") { Ok(()) } else { synced }
}

/// Writes some of the bytes, which come to stand at `offset`; to be called again with the rest, and after an interruption, as
/// `write_all` does.
pub(crate) fn write(
    path: &Path,
    offset: u64,
    bytes: &[u8],
    work: impl FnOnce(&[u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let written = match is_armed() {
        true => write_armed(path, offset, bytes, work),
        false => work(bytes),
    };
    if planted("write-error-ignored") { written.or(Ok(bytes.len())) } else { written }
}

fn write_armed(
    path: &Path,
    offset: u64,
    bytes: &[u8],
    work: impl FnOnce(&[u8]) -> io::Result<usize>,
) -> io::Result<usize> {
    let (mut state, action) = begin(&Step::new(Op::Write, path));
    let half = |least: usize| bytes.get(..(bytes.len() / 2).max(least)).unwrap_or(bytes);
    let part = match action {
        Some(Action::Kill) => kill(),
        Some(Action::Torn) => half(0),
        Some(Action::Fail(errno)) => return Err(errno.into()),
        Some(Action::Interrupt) => return Err(io::ErrorKind::Interrupted.into()),
        // Nothing written at all would mean that nothing can be.
        Some(Action::Short) => half(1),
        Some(Action::Delay(_)) | None => bytes,
    };
    let written = work(part)?;
    trace(&mut state, &Event::Write { path, offset, bytes: part.get(..written).unwrap_or(part) });
    if action == Some(Action::Torn) {
        kill();
    }
    Ok(written)
}

/// Has the system copy up to `len` bytes to the end of a file: counted as a write, shown in the trace as the content that comes of
/// it. The work is told how many bytes, and says how many it copied.
pub(crate) fn copy(path: &Path, len: u64, mut work: impl FnMut(u64) -> io::Result<u64>) -> io::Result<u64> {
    if !is_armed() {
        return again(&mut || work(len));
    }
    let (state, action) = begin(&Step::new(Op::Write, path).len(len));
    let part = match action {
        Some(Action::Kill) => kill(),
        Some(Action::Torn) => len / 2,
        Some(Action::Fail(errno)) => return Err(errno.into()),
        Some(Action::Short) => (len / 2).max(1),
        Some(Action::Interrupt | Action::Delay(_)) | None => len,
    };
    let copied = again(&mut || work(part))?;
    drop(state);
    content(path)?;
    if action == Some(Action::Torn) {
        kill();
    }
    Ok(copied)
}

/// A trace is written: what others do is to be shown in it.
pub(crate) fn is_traced() -> bool {
    is_armed() && armed().as_ref().is_some_and(|armed| armed.trace.is_some())
}

/// Shows in the trace what others have done.
pub(crate) fn show(step: &Step<'_>) {
    trace(&mut armed(), &Event::Step(step));
}

/// Shows in the trace what others have written to a file.
pub(crate) fn content(path: &Path) -> io::Result<()> {
    if is_armed() {
        let mut state = armed();
        if state.as_ref().is_some_and(|armed| armed.trace.is_some()) {
            let bytes = std::fs::read(path)?;
            trace(&mut state, &Event::Content { path, bytes: &bytes });
        }
    }
    Ok(())
}

/// Counts an operation, and waits where it is ordered to; the guard is to be held until the operation has been traced.
fn begin(step: &Step<'_>) -> (MutexGuard<'static, Option<Armed>>, Option<Action>) {
    let mut state = armed();
    let action = state.as_mut().and_then(|armed| armed.begin(step));
    if let Some(Action::Delay(time)) = action {
        drop(state);
        std::thread::sleep(time);
        state = armed();
    }
    (state, action)
}

fn trace(state: &mut Option<Armed>, event: &Event<'_>) {
    if let Some(armed) = state {
        armed.trace(event);
    }
}

/// As the machine's end would come: nothing is flushed, nobody is asked.
fn kill() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn again<T>(work: &mut impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match work() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

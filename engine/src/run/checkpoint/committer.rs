//! Group commit: one thread brings to disk what several sub flows have written, with one sync of each folder and one of the
//! journal. Nobody waits for it but those who have to.

use super::Broken;
use pypeline_disk::{Syncer, faults};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// What is to be brought to disk.
#[derive(Debug, Default)]
struct Pending {
    /// Records written.
    written: u64,
    /// Folders with new names in them, to be synced before the journal says so.
    folders: BTreeSet<PathBuf>,
    /// Somebody waits.
    is_urgent: bool,
    /// Journal and folder need not come to disk any more: the run is over, and both go.
    is_dropped: bool,
    is_closed: bool,
    /// Names for the marks of tests.
    names: Vec<String>,
}

#[derive(Debug, Default)]
struct Desk {
    pending: Mutex<Pending>,
    bell: Condvar,
}

impl Desk {
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread, seen from outside.
#[derive(Debug)]
pub(super) struct Committer {
    desk: Arc<Desk>,
    /// Records on disk; or that no more come there.
    synced: watch::Receiver<Result<u64, Broken>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    delay: Duration,
}

impl Committer {
    /// A committer of this journal. Folders in `first` are synced before its first records.
    pub(super) fn new(journal: Syncer, path: &Path, first: Vec<PathBuf>, delay: Duration) -> std::io::Result<Self> {
        let desk = Arc::<Desk>::default();
        let (sender, synced) = watch::channel(Ok(0));
        let (at, path) = (Arc::clone(&desk), path.to_path_buf());
        let work = move || commit(&at, &journal, &path, first, delay, &sender);
        let thread = std::thread::Builder::new().name("pype-commit".to_owned()).spawn(work)?;
        Ok(Self { desk, synced, thread: Mutex::new(Some(thread)), delay })
    }

    /// A record stands in the journal, and these folders have new names in them. Gives the number to wait for.
    pub(super) fn note(&self, folders: impl IntoIterator<Item = PathBuf>, name: impl FnOnce() -> String) -> u64 {
        let mut pending = self.desk.pending();
        pending.written += 1;
        pending.folders.extend(folders);
        if faults::is_armed() {
            pending.names.push(name());
        }
        let number = pending.written;
        drop(pending);
        self.desk.bell.notify_one();
        number
    }

    /// Every record is waited for.
    pub(super) fn is_immediate(&self) -> bool {
        self.delay.is_zero()
    }

    /// Waits until a record is on disk.
    pub(super) async fn wait_for(&self, number: u64) -> Result<(), Broken> {
        self.desk.pending().is_urgent = true;
        self.desk.bell.notify_one();
        let mut synced = self.synced.clone();
        let is_there = |synced: &Result<u64, Broken>| synced.as_ref().map_or(true, |synced| *synced >= number);
        match synced.wait_for(is_there).await {
            Ok(found) => found.clone().map(drop),
            Err(_) => Err(Broken::gone()),
        }
    }

    /// What broke it, if something did.
    pub(super) fn broken(&self) -> Option<Broken> {
        self.synced.borrow().as_ref().err().cloned()
    }

    /// Brings the rest to disk and ends. `drops` says that the journal itself is about to go: only the folders matter.
    pub(super) fn close(&self, drops: bool) -> Result<(), Broken> {
        let mut pending = self.desk.pending();
        (pending.is_closed, pending.is_dropped) = (true, drops);
        drop(pending);
        self.desk.bell.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        // A thread that has panicked has broken the rest.
        if thread.is_some_and(|thread| thread.join().is_err()) {
            return Err(Broken::gone());
        }
        self.broken().map_or(Ok(()), Err)
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        // Whoever cares has closed it, and knows how it ended.
        let _ = self.close(true);
    }
}

/// Until it is closed.
fn commit(
    desk: &Desk,
    journal: &Syncer,
    path: &Path,
    mut first: Vec<PathBuf>,
    delay: Duration,
    synced: &watch::Sender<Result<u64, Broken>>,
) {
    let mut done = 0;
    loop {
        let mut pending = desk.pending();
        while pending.written == done && !pending.is_closed {
            pending = desk.bell.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        if !pending.is_urgent && !pending.is_closed {
            let is_patient = |pending: &mut Pending| !pending.is_urgent && !pending.is_closed;
            let waited = desk.bell.wait_timeout_while(pending, delay, is_patient);
            pending = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let (number, is_closed, is_dropped) = (pending.written, pending.is_closed, pending.is_dropped);
        let (mut folders, names) = (std::mem::take(&mut pending.folders), std::mem::take(&mut pending.names));
        pending.is_urgent = false;
        drop(pending);
        let has_work = number > done && !is_dropped;
        if has_work {
            folders.extend(std::mem::take(&mut first));
        }
        if let Err(broken) = sync(folders, has_work.then_some(journal), path) {
            // Synced again, a file may seem to be whole that is not: this journal takes no more.
            let _ = synced.send_replace(Err(broken));
            return;
        }
        done = number;
        if !is_dropped {
            names.iter().for_each(|name| faults::mark(|| format!("landed {name}")));
        }
        let _ = synced.send_replace(Ok(done));
        if is_closed {
            return;
        }
    }
}

fn sync(folders: BTreeSet<PathBuf>, journal: Option<&Syncer>, path: &Path) -> Result<(), Broken> {
    for folder in folders {
        match pypeline_disk::sync_folder(&folder) {
            // A later step has taken it away.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            synced => synced.map_err(|error| Broken::new(&folder, &error))?,
        }
    }
    let Some(journal) = journal.filter(|_| !faults::planted("no-journal-sync")) else { return Ok(()) };
    journal.sync().map_err(|error| Broken::new(path, &error))
}

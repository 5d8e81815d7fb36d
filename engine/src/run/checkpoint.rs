//! Checkpoints: what each sub flow has left for others, written down when it has succeeded, so that a run that died goes on
//! where it was. One journal per run, `checkpoints/<run id>/journal`, and Parquet files beside it for larger tables.
//!
//! Landed means: its record is in the journal, and has been handed to the system (`durability: process`) or is on disk
//! (`power`). The order of the journal is that of the run, so that what survives is always a beginning of it.

mod begin;
mod changes;
mod committer;
pub(super) mod freeze;
mod journal;
mod line;
mod resumed;
pub mod standing;
pub(super) mod table;
mod tables;
pub mod unfinished;

use crate::artifacts::Artifact;
use crate::secrets::net;
pub(super) use begin::{Continued, Syncing};
pub(super) use changes::{Changes, file_seen};
use committer::Committer;
use journal::Journal;
use pypeline_disk::faults;
use pypeline_schema::checkpoint::{Intent, KeptTable, Landed, Record, SessionEnd};
use pypeline_schema::fault::{Fault, FaultKind};
pub(super) use resumed::{Found, Resumed, Sessions};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tables::Tables;
pub(super) use tables::Unkept;

/// What stands in the way of all further records.
#[derive(Debug, Clone)]
pub(super) struct Broken {
    path: PathBuf,
    why: String,
}

impl Broken {
    fn new(path: &Path, error: &std::io::Error) -> Self {
        Self { path: path.to_path_buf(), why: error.to_string() }
    }

    /// The committer is no more.
    fn gone() -> Self {
        Self { path: PathBuf::from("journal"), why: "the thread that syncs it has ended".to_owned() }
    }

    fn fault(&self) -> Box<Fault> {
        let mut fault = Fault::new(FaultKind::Io, "the run's checkpoints cannot be brought to disk")
            .with("path", self.path.display())
            .help("see that the disk is sound and has space, and resume the run: what has landed is not run again");
        fault.causes.push(self.why.clone());
        Box::new(fault)
    }
}

/// The checkpoints of one run; or none, where they are turned off.
#[derive(Debug, Default)]
pub(super) struct Checkpoints(Option<Active>);

#[derive(Debug)]
struct Active {
    /// The run whose checkpoints these are: the first, however often it was resumed.
    run_id: String,
    folder: PathBuf,
    journal: Mutex<Journal>,
    /// Of `durability: power`.
    committer: Option<Committer>,
    /// The number of the last data file.
    numbers: AtomicU64,
    /// Where the run begins again, if it was resumed.
    resumed: Option<Resumed>,
    /// Folders of runs that are superseded once this one has succeeded.
    older: Vec<PathBuf>,
    /// Every sub flow that begins is noted: an earlier process died.
    notes_begins: bool,
    has_said_secret: AtomicBool,
}

/// A record in the journal, on its way to the disk.
#[must_use]
pub(super) struct Ticket(Option<u64>);

impl Checkpoints {
    /// They are kept.
    pub(super) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Each sub flow's record is to be on disk before the next begins.
    pub(super) fn is_immediate(&self) -> bool {
        self.0.as_ref().and_then(|active| active.committer.as_ref()).is_some_and(Committer::is_immediate)
    }

    /// The run whose checkpoints these are.
    pub(super) fn run_id(&self) -> Option<&str> {
        self.0.as_ref().map(|active| active.run_id.as_str())
    }

    /// What stands in the journal from before, if the run was resumed.
    pub(super) fn resumed(&self) -> Option<&Resumed> {
        self.0.as_ref()?.resumed.as_ref()
    }

    /// The folder for tables that grow with the items of loops.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.0.as_ref().map(|active| active.folder.as_path())
    }

    /// Every sub flow that begins is noted.
    pub(super) fn notes_begins(&self) -> bool {
        self.0.as_ref().is_some_and(|active| active.notes_begins)
    }

    /// Writes a table down, for a record to come.
    pub(super) fn keep(&self, table: &Artifact) -> Result<Vec<KeptTable>, Unkept> {
        let Some(active) = &self.0 else { return Ok(Vec::new()) };
        active.is_sound().map_err(Unkept::Fault)?;
        let synced = active.committer.is_some();
        Tables { folder: &active.folder, numbers: &active.numbers, synced }.keep(table)
    }

    /// The rows of a record, and what is wrong with them.
    pub(super) fn restore(&self, table: &[KeptTable]) -> Result<Artifact, String> {
        self.0.as_ref().map_or_else(|| Err(String::new()), |active| tables::restore(&active.folder, table))
    }

    /// Files of a table that are damaged are kept for whoever wants to know, and taken for nothing.
    pub(super) fn set_aside(&self, table: &[KeptTable]) {
        let Some(active) = &self.0 else { return };
        for part in table {
            if let KeptTable::File { name, .. } = part
                && tables::restore(&active.folder, std::slice::from_ref(part)).is_err()
            {
                begin::set_aside(&active.folder.join(name));
            }
        }
    }

    /// Writes a record that nobody waits for.
    pub(super) fn note(&self, record: &Record) -> Result<(), Box<Fault>> {
        self.0.as_ref().map_or(Ok(()), |active| active.write(record).map(drop))
    }

    /// Files that rows are added to are about to take their names: that comes to disk first.
    pub(super) async fn intend(&self, intents: Vec<Intent>) -> Result<(), Box<Fault>> {
        let Some(active) = self.0.as_ref().filter(|_| !intents.is_empty()) else { return Ok(()) };
        for intent in intents {
            active.write(&Record::Intent(intent))?;
        }
        match &active.committer {
            Some(committer) => {
                let number = committer.note([], || "intent".to_owned());
                committer.wait_for(number).await.map_err(|broken| broken.fault())
            }
            None => Ok(()),
        }
    }

    /// A sub flow has succeeded: its record is written. `folders` have new names in them, which come to disk before it.
    pub(super) fn land(&self, landed: Landed, folders: BTreeSet<PathBuf>, place: &str) -> Result<Ticket, Box<Fault>> {
        let Some(active) = &self.0 else { return Ok(Ticket(None)) };
        active.is_sound()?;
        let holds_secret = !active.write(&Record::Landed(Box::new(landed)))?;
        if holds_secret {
            active.say_secret(place);
        } else {
            faults::mark(|| format!("written {place}"));
        }
        Ok(active.hand_over(folders, place, holds_secret))
    }

    /// The same for one whose record is not written: only its folders come to disk.
    pub(super) fn land_without_record(&self, folders: BTreeSet<PathBuf>, place: &str) -> Ticket {
        let Some(active) = &self.0 else { return Ticket(None) };
        active.say_secret(place);
        active.hand_over(folders, place, true)
    }

    /// Waits until a record is on disk.
    pub(super) async fn wait_for(&self, ticket: Ticket) -> Result<(), Box<Fault>> {
        let committer = self.0.as_ref().and_then(|active| active.committer.as_ref());
        match (committer, ticket.0) {
            (Some(committer), Some(number)) => committer.wait_for(number).await.map_err(|broken| broken.fault()),
            _ => Ok(()),
        }
    }

    /// The run is over. Of one that has succeeded nothing stays.
    pub(super) fn finish(&self, state: &str) -> Result<(), Box<Fault>> {
        let Some(active) = &self.0 else { return Ok(()) };
        let has_succeeded = state == "succeeded";
        let noted =
            if has_succeeded { Ok(true) } else { active.write(&Record::Ended(SessionEnd { state: state.to_owned() })) };
        let closed = match &active.committer {
            Some(committer) => {
                if !has_succeeded {
                    let _ = committer.note([], || "end".to_owned());
                }
                committer.close(has_succeeded).map_err(|broken| broken.fault())
            }
            None => Ok(()),
        };
        closed.and(noted)?;
        if has_succeeded {
            // Its own first: with it, the run is unfinished no more.
            for folder in std::iter::once(&active.folder).chain(&active.older) {
                if let Err(error) = unfinished::remove(folder) {
                    tracing::warn!("checkpoints in `{}` cannot be removed: {error}", folder.display());
                }
            }
            unfinished::remove_if_empty(active.folder.parent());
        }
        Ok(())
    }
}

impl Active {
    /// False if the record holds a secret, and was not written.
    fn write(&self, record: &Record) -> Result<bool, Box<Fault>> {
        let line = line::of(record).map_err(|error| Broken::new(&self.folder, &error).fault())?;
        if line.len() > line::LONGEST || !net::is_clean(&line) {
            return Ok(false);
        }
        let mut journal = self.journal.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        journal.add(&line).map(|()| true).map_err(|broken| broken.fault())
    }

    fn is_sound(&self) -> Result<(), Box<Fault>> {
        let broken = self.committer.as_ref().and_then(Committer::broken);
        broken.map_or(Ok(()), |broken| Err(broken.fault()))
    }

    fn hand_over(&self, folders: BTreeSet<PathBuf>, place: &str, is_unwritten: bool) -> Ticket {
        let Some(committer) = &self.committer else {
            if !is_unwritten {
                faults::mark(|| format!("landed {place}"));
            }
            return Ticket(None);
        };
        let name = || if is_unwritten { "nothing".to_owned() } else { place.to_owned() };
        Ticket(Some(committer.note(folders, name)))
    }

    fn say_secret(&self, place: &str) {
        if !self.has_said_secret.swap(true, Ordering::Relaxed) {
            let name = place.split('@').next().unwrap_or_default();
            tracing::info!(
                "what `{name}` leaves holds a secret: it is kept nowhere, and made again if the run is resumed"
            );
        }
    }
}

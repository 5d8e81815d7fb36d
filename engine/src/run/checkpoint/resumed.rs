//! What a run that goes on finds done: where each record stands in the journal, by its key.

use super::begin;
use super::line;
use super::table::Table;
use super::unfinished::JOURNAL;
use crate::run::keys::{self, Key};
use pypeline_schema::checkpoint::{Begun, FailedSubFlow, Intent, Landed, Record};
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// A sub flow has begun, and more is not known; above the place of any record.
const BEGUN: u64 = u64::MAX;

/// Names of sub flows at work when a process died, at most.
const TOLD: usize = 20;

/// Records by their keys.
#[derive(Debug)]
pub(in crate::run) struct Resumed {
    table: Table,
    journal: Mutex<Option<BufReader<File>>>,
    /// The last that has landed.
    last: Option<Key>,
    /// Of sub flows that have not landed.
    intents: HashMap<Key, Vec<Intent>>,
}

/// What a sub flow has come to, and where that stands in the journal.
pub(in crate::run) enum Found {
    /// It has succeeded.
    Landed(Box<Landed>, u64),
    /// It has failed, and a link may have handled that.
    Failed(Box<FailedSubFlow>, u64),
}

impl Resumed {
    /// Nothing yet; a large table gets its file in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self { table: Table::new(folder), journal: Mutex::new(None), last: None, intents: HashMap::new() }
    }

    /// Takes note of a record that stands at this place.
    pub(super) fn take(&mut self, record: Record, at: u64) -> std::io::Result<()> {
        match record {
            Record::Landed(landed) => {
                if let Some(key) = keys::parse(&landed.key) {
                    self.table.set(&key, at)?;
                    self.last = Some(key);
                    self.intents.remove(&key);
                }
            }
            Record::Failed(failed) => {
                if let Some(key) = keys::parse(&failed.key) {
                    self.table.set(&key, at)?;
                }
            }
            Record::Begun(begun) => {
                // What was done and is begun again is no longer taken for done.
                if let Some(key) = keys::parse(&begun.key) {
                    self.table.set(&key, BEGUN)?;
                }
            }
            Record::Intent(intent) => {
                if let Some(key) = keys::parse(&intent.key) {
                    self.intents.entry(key).or_default().push(intent);
                }
            }
            Record::Frozen(_) | Record::Session(_) | Record::Ended(_) => {}
        }
        Ok(())
    }

    /// Opens the journal that the places are of.
    pub(super) fn open(&mut self, path: &Path) -> std::io::Result<()> {
        self.journal = Mutex::new(Some(BufReader::with_capacity(1 << 14, File::open(path)?)));
        Ok(())
    }

    /// What a sub flow has come to. What cannot be read was not done.
    pub(in crate::run) fn find(&self, key: &Key) -> Option<Found> {
        if pypeline_disk::faults::planted("forget-last-record") && self.last == Some(*key) {
            return None;
        }
        let at = self.place(key).filter(|at| *at != BEGUN)?;
        match self.read(at) {
            Ok(Some(Record::Landed(landed))) if keys::parse(&landed.key) == Some(*key) => {
                Some(Found::Landed(landed, at))
            }
            Ok(Some(Record::Failed(failed))) if keys::parse(&failed.key) == Some(*key) => {
                Some(Found::Failed(failed, at))
            }
            Ok(_) => None,
            Err(error) => {
                tracing::warn!("a record of the run's journal cannot be read: {error}");
                None
            }
        }
    }

    /// It has succeeded; without reading its record.
    pub(in crate::run) fn has_landed(&self, key: &Key) -> bool {
        self.place(key).is_some_and(|at| at != BEGUN)
    }

    /// It has begun, and not ended.
    pub(in crate::run) fn has_begun(&self, key: &Key) -> bool {
        self.place(key) == Some(BEGUN)
    }

    fn place(&self, key: &Key) -> Option<u64> {
        self.table.get(key).unwrap_or_else(|error| {
            tracing::warn!("the table of the run's records cannot be read: {error}");
            None
        })
    }

    /// Files that rows were added to, perhaps, by attempts that did not come to their end.
    pub(in crate::run) fn intents(&self, key: &Key) -> Vec<Intent> {
        self.intents.get(key).cloned().unwrap_or_default()
    }

    fn read(&self, at: u64) -> std::io::Result<Option<Record>> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(journal) = journal.as_mut() else { return Ok(None) };
        // Records are asked for in their order, mostly: what is read ahead stays.
        let here = journal.stream_position()?;
        match i64::try_from(i128::from(at) - i128::from(here)) {
            Ok(offset) => journal.seek_relative(offset)?,
            Err(_) => drop(journal.seek(SeekFrom::Start(at))?),
        }
        let mut bytes = Vec::new();
        journal.read_until(b'\n', &mut bytes)?;
        bytes.pop_if(|last| *last == b'\n');
        Ok(line::parse(&bytes))
    }
}

/// Who has written which file last.
struct Files {
    writers: Table,
    names: Vec<String>,
}

impl Files {
    /// Takes note of what a sub flow has written; gives those that wrote what it has read.
    fn take(&mut self, landed: &Landed) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for input in &landed.inputs {
            // Without the table, what hangs together by files alone is not known.
            let writer = self.writers.get(&keys::sub_flow(&keys::FLOW, &input.path)).ok().flatten();
            let name = writer.and_then(|at| self.names.get(usize::try_from(at).ok()?));
            if let Some(name) = name.filter(|name| **name != landed.sub_flow) {
                found.push((landed.sub_flow.clone(), name.clone()));
            }
        }
        for output in &landed.outputs {
            let at = self.names.iter().position(|name| *name == landed.sub_flow).unwrap_or_else(|| {
                self.names.push(landed.sub_flow.clone());
                self.names.len() - 1
            });
            let _ = self.writers.set(&keys::sub_flow(&keys::FLOW, &output.path), at as u64);
        }
        found
    }
}

/// The processes that have worked on a run.
#[derive(Debug, Default)]
pub(in crate::run) struct Sessions {
    /// Those that died one after another since the last that got anywhere.
    pub deaths: u64,
    /// What was at work when the last died.
    pub at_work: Vec<Begun>,
    /// Id of the last one's record.
    pub last_run: String,
    /// Sub flows that have landed.
    pub landed: u64,
    /// Records of which it is not known what they were.
    pub damaged: u64,
    /// Sub flows that have read what others had written, each with the other.
    pub by_files: BTreeSet<(String, String)>,
}

impl Sessions {
    /// Reads them off a run's journal.
    pub(in crate::run) fn of(folder: &Path) -> std::io::Result<Self> {
        let mut sessions = Self::default();
        let mut is_open = false;
        let mut files = Files { writers: Table::new(folder), names: Vec::new() };
        let damaged = begin::each_record(&folder.join(JOURNAL), |record| match record {
            Record::Session(session) => {
                sessions.deaths += u64::from(is_open);
                is_open = true;
                sessions.last_run = session.run_id;
                sessions.at_work.clear();
            }
            Record::Ended(_) => (is_open, sessions.deaths) = (false, 0),
            Record::Landed(landed) => {
                sessions.deaths = 0;
                sessions.landed += 1;
                sessions.by_files.extend(files.take(&landed));
                // It got somewhere: if it dies now, that counts for nothing.
                is_open = false;
                sessions.at_work.retain(|begun| begun.key != landed.key);
            }
            Record::Begun(begun) if sessions.at_work.len() < TOLD => sessions.at_work.push(begun),
            Record::Begun(_) | Record::Failed(_) | Record::Intent(_) | Record::Frozen(_) => {}
        })?;
        sessions.deaths += u64::from(is_open);
        sessions.damaged = damaged;
        Ok(sessions)
    }
}

//! How the checkpoints of a run begin: with a journal of its own, or with what is whole of the journal of a run that died.

use super::committer::Committer;
use super::journal::Journal;
use super::line::{self, Found, Lines};
use super::resumed::{Resumed, Sessions};
use super::unfinished::JOURNAL;
use super::{Active, Broken, Checkpoints};
use crate::job_folder::JobFolder;
use pypeline_disk::{AppendFile, NewFile, Publish};
use pypeline_schema::checkpoint::{Frozen, Record, Session};
use pypeline_schema::fault::Fault;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

/// How the records come to disk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::run) enum Syncing {
    /// By a committer, after so long.
    Power(Duration),
    /// When the system likes.
    Process,
}

/// What goes on.
pub(in crate::run) struct Continued {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Sub flows whose records are no longer taken.
    pub dropped: BTreeSet<String>,
    /// What was changed, and is accepted.
    pub accepted: Vec<String>,
}

impl Checkpoints {
    /// Those of a run that begins, in a folder of this name. `older` are superseded by it.
    pub(in crate::run) fn begin(
        job: &JobFolder,
        name: &str,
        frozen: Frozen,
        session: Session,
        syncing: Syncing,
        older: Vec<PathBuf>,
    ) -> Result<Self, Box<Fault>> {
        let folder = job.checkpoints().join(name);
        let path = folder.join(JOURNAL);
        let run_id = frozen.run_id.clone();
        let begin = || -> std::io::Result<Active> {
            pypeline_disk::make_folders(&folder, 0o700)?;
            let mut file = AppendFile::create(&path, 0o600)?;
            let bytes = [head(frozen)?, line::of(&Record::Session(session))?].concat();
            file.write_all(&bytes)?;
            active(run_id, &folder, file, bytes.len() as u64, syncing)
        };
        let active = begin().map_err(|error| Broken::new(&path, &error).fault())?;
        Ok(Self(Some(Active { older, ..active })))
    }

    /// Those of a run that goes on: all whole records in a journal of their own, of which what was not brought to disk before is
    /// brought there now. A damaged journal is kept beside it.
    pub(in crate::run) fn go_on(
        continued: Continued,
        frozen: Frozen,
        session: Session,
        sessions: &Sessions,
        syncing: Syncing,
        older: Vec<PathBuf>,
    ) -> Result<Self, Box<Fault>> {
        let Continued { folder, dropped, accepted } = continued;
        let path = folder.join(JOURNAL);
        let run_id = frozen.run_id.clone();
        let session = Session { accepted, ..session };
        let go_on = || -> std::io::Result<Active> {
            remove_leftovers(&folder)?;
            let ends = (head(frozen)?, line::of(&Record::Session(session))?);
            let resumed = copy(&path, &ends, &dropped, syncing)?;
            let file = AppendFile::open(&path)?;
            let (length, numbers) = (file.len()?, last_number(&folder)?);
            let active = active(run_id, &folder, file, length, syncing)?;
            Ok(Active {
                numbers: AtomicU64::new(numbers),
                notes_begins: sessions.deaths > 0,
                resumed: Some(resumed),
                older,
                ..active
            })
        };
        go_on().map(|active| Self(Some(active))).map_err(|error| Broken::new(&path, &error).fault())
    }
}

/// What the run was given: twice, since all else is worth nothing without it.
fn head(frozen: Frozen) -> std::io::Result<Vec<u8>> {
    Ok(line::of(&Record::Frozen(Box::new(frozen)))?.repeat(2))
}

fn active(run_id: String, folder: &Path, file: AppendFile, length: u64, syncing: Syncing) -> std::io::Result<Active> {
    let committer = match syncing {
        Syncing::Power(delay) => {
            // The journal's name, that of its folder, and that of the folder of all.
            let first = folder.ancestors().take(3).map(Path::to_path_buf).collect();
            Some(Committer::new(file.syncer()?, file.path(), first, delay)?)
        }
        Syncing::Process => None,
    };
    Ok(Active {
        run_id,
        folder: folder.to_path_buf(),
        journal: Mutex::new(Journal::new(file, length)),
        committer,
        numbers: AtomicU64::new(0),
        resumed: None,
        older: Vec::new(),
        notes_begins: false,
        has_said_secret: AtomicBool::new(false),
    })
}

/// Calls for each whole record of a journal, in its order. Gives how many are damaged.
pub(super) fn each_record(path: &Path, mut take: impl FnMut(Record)) -> std::io::Result<u64> {
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, File::open(path)?));
    let mut n_damaged = 0;
    while let Some((_, found)) = lines.next()? {
        match found {
            Found::Record(record, _) => take(*record),
            Found::Damaged(_) => n_damaged += 1,
            Found::Torn => {}
        }
    }
    Ok(n_damaged)
}

/// The whole records of a journal between a new head and a new end, in its place; and where each stands.
fn copy(
    path: &Path,
    (head, end): &(Vec<u8>, Vec<u8>),
    dropped: &BTreeSet<String>,
    syncing: Syncing,
) -> std::io::Result<Resumed> {
    let mut lines = Lines::new(BufReader::with_capacity(1 << 16, File::open(path)?));
    let new = NewFile::beside(path, "next", 0o600)?;
    let mut out = BufWriter::with_capacity(1 << 16, new);
    out.write_all(head)?;
    let mut at = head.len() as u64;
    let folder = path.parent().unwrap_or(path);
    let (mut resumed, mut n_damaged) = (Resumed::new(folder), 0_u64);
    while let Some((place, found)) = lines.next()? {
        let (record, mut line) = match found {
            Found::Record(record, line) => (record, line),
            Found::Damaged(_) => {
                n_damaged += 1;
                tracing::warn!("`{}` is damaged at byte {place}: a record there is not taken", path.display());
                continue;
            }
            Found::Torn => continue,
        };
        let is_stale = |name: &String| dropped.contains(name);
        let stays = match &*record {
            Record::Frozen(_) => false,
            Record::Landed(landed) => !is_stale(&landed.sub_flow),
            Record::Failed(failed) => !is_stale(&failed.sub_flow),
            _ => true,
        };
        if stays {
            line.push(b'\n');
            out.write_all(&line)?;
            resumed.take(*record, at)?;
            at += line.len() as u64;
        }
    }
    out.write_all(end)?;
    let mut new = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    if syncing != Syncing::Process {
        new.sync()?;
    }
    if n_damaged > 0 {
        keep_damaged(path)?;
    }
    new.publish(path, Publish::Replace)?;
    resumed.open(path)?;
    Ok(resumed)
}

/// A damaged file stays beside what is whole of it, for whoever wants to know.
pub(super) fn keep_damaged(path: &Path) -> std::io::Result<PathBuf> {
    for n in 1..1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".corrupt-{n}"));
        let beside = PathBuf::from(name);
        match pypeline_disk::hard_link(path, &beside) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            linked => return linked.map(|()| beside),
        }
    }
    Ok(path.to_path_buf())
}

/// The same for a file of rows, which is gone from where it was.
pub(super) fn set_aside(path: &Path) {
    if path.is_file()
        && let Err(error) = keep_damaged(path).and_then(|_| pypeline_disk::remove_file(path))
    {
        tracing::warn!("`{}` is damaged, and cannot be set aside: {error}", path.display());
    }
}

/// Files that a process which died was writing here.
fn remove_leftovers(folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(".pype-tmp") {
            pypeline_disk::remove_file(&entry.path())?;
        }
    }
    Ok(())
}

/// The highest number of a data file.
fn last_number(folder: &Path) -> std::io::Result<u64> {
    let mut last = 0;
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("data-")).and_then(|name| name.split('.').next());
        last = last.max(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0));
    }
    Ok(last)
}

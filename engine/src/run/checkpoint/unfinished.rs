//! Runs of a job that have not come to their end: which there are, and what they were given.

use super::begin::each_record;
use super::line::{Found, Lines};
use crate::job_folder::JobFolder;
use pypeline_schema::checkpoint::{CHECKPOINT_VERSION, Frozen, Record};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// Name of the file in a run's folder.
pub(super) const JOURNAL: &str = "journal";

/// How the names of folders begin that are being removed.
pub(in crate::run) const GONE: &str = ".gone-";

/// A run that died, failed or was stopped.
#[derive(Debug)]
pub struct Unfinished {
    /// `checkpoints/<run id>`.
    pub folder: PathBuf,
    /// How it began.
    pub beginning: Beginning,
}

/// The beginning of a journal.
#[derive(Debug)]
pub enum Beginning {
    /// What the run was given.
    Known(Box<Frozen>),
    /// It died before it had written that down, and before anything else.
    Empty,
    /// It is damaged, and so why.
    Damaged(String),
    /// A later pype has written it, in this version of its records.
    Later(u32),
}

/// What a journal tells of a run's work, as far as it can be read.
#[derive(Debug, Default)]
pub(in crate::run) struct Contents {
    /// Sub flows that have landed.
    pub landed: u64,
    /// Folders of files that they wrote.
    pub folders: BTreeSet<PathBuf>,
}

impl Unfinished {
    /// Id of the run.
    pub fn run_id(&self) -> &str {
        self.folder.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    fn sequence(&self) -> u64 {
        match &self.beginning {
            Beginning::Known(frozen) => frozen.sequence,
            _ => 0,
        }
    }

    /// Its journal.
    pub(in crate::run) fn journal(&self) -> PathBuf {
        self.folder.join(JOURNAL)
    }

    /// Reads all of its journal. What cannot be read tells nothing.
    pub(in crate::run) fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        let folder = |path: &str| Path::new(path).parent().map(Path::to_path_buf);
        let _ = each_record(&self.journal(), |record| match record {
            Record::Landed(landed) => {
                contents.landed += 1;
                contents.folders.extend(landed.outputs.iter().filter_map(|file| folder(&file.path)));
            }
            Record::Intent(intent) => contents.folders.extend(folder(&intent.target)),
            _ => {}
        });
        contents
    }

    /// Another job's run began it, and resumes it.
    pub fn is_called(&self) -> bool {
        matches!(&self.beginning, Beginning::Known(frozen) if frozen.called_by.is_some())
    }
}

/// The unfinished runs of a job, the newest first. Where the job is not held, one of them may be at work.
pub fn list(job: &JobFolder) -> std::io::Result<Vec<Unfinished>> {
    let entries = match std::fs::read_dir(job.checkpoints()) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_gone = entry.file_name().to_string_lossy().starts_with(GONE);
        if entry.file_type()?.is_dir() && !is_gone {
            let beginning = beginning(&entry.path().join(JOURNAL));
            found.push(Unfinished { folder: entry.path(), beginning });
        }
    }
    found.sort_by(|a, b| (b.sequence(), b.run_id()).cmp(&(a.sequence(), a.run_id())));
    Ok(found)
}

fn beginning(path: &Path) -> Beginning {
    let mut lines = match File::open(path) {
        Ok(file) => Lines::new(BufReader::new(file)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Beginning::Empty,
        Err(error) => return Beginning::Damaged(error.to_string()),
    };
    // It stands there twice: one may be damaged.
    for _ in 0..2 {
        match lines.next() {
            Ok(Some((_, Found::Record(record, _)))) => {
                if let Record::Frozen(frozen) = *record {
                    let is_later = frozen.checkpoint_version > CHECKPOINT_VERSION;
                    return if is_later {
                        Beginning::Later(frozen.checkpoint_version)
                    } else {
                        Beginning::Known(frozen)
                    };
                }
            }
            Ok(Some((_, Found::Damaged(line)))) => {
                if let Some(version) = version(&line).filter(|version| *version > CHECKPOINT_VERSION) {
                    return Beginning::Later(version);
                }
            }
            Ok(Some((0, Found::Torn)) | None) => return Beginning::Empty,
            Ok(Some((_, Found::Torn))) => {}
            Err(error) => return Beginning::Damaged(error.to_string()),
        }
    }
    Beginning::Damaged("its first records are not what was written".to_owned())
}

/// The version of a first record that this pype cannot read.
fn version(line: &[u8]) -> Option<u32> {
    let json = line.splitn(2, |byte| *byte == b' ').nth(1)?;
    let value: serde_json::Value = serde_json::from_slice(json).ok()?;
    u32::try_from(value.get("checkpoint_version")?.as_u64()?).ok()
}

/// Removes the folder of a run. In one step it is no unfinished run any more; what is in it goes after that.
pub(in crate::run) fn remove(folder: &Path) -> std::io::Result<()> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let gone = folder.with_file_name(format!("{GONE}{name}"));
    pypeline_disk::rename(folder, &gone)?;
    pypeline_disk::remove_tree(&gone)
}

/// Removes what is left of folders over whose removal somebody has died. The job is held.
pub(in crate::run) fn finish_removing(job: &JobFolder) {
    for entry in std::fs::read_dir(job.checkpoints()).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(GONE) {
            // What stays is tried again.
            let _ = pypeline_disk::remove_tree(&entry.path());
        }
    }
}

/// Takes away a folder that holds nothing.
pub(in crate::run) fn remove_if_empty(folder: Option<&Path>) {
    if let Some(folder) = folder
        && std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
    {
        // Somebody may have put something into it meanwhile.
        let _ = pypeline_disk::remove_tree(folder);
    }
}

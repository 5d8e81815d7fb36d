//! Others read the files of a job while it writes them anew: they only ever see a whole file, and never one that is older than
//! what they saw before.

use crate::fixtures::rewriting;
use crate::support::Pype;
use crate::support::process::End;
use crate::support::tally::Tally;
use crate::support::template::Template;
use crate::support::trial::Trial;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Rows that each round has more than the one before.
const STEP: usize = 1000;

/// Looks at one target.
type Look = fn(&Path) -> Result<Option<usize>, String>;

/// Rows of a Parquet file: its end and each of its row groups must be there.
fn parquet_rows(path: &Path) -> Result<Option<usize>, String> {
    let Ok(file) = File::open(path) else { return Ok(None) };
    let wrong = |error: parquet::errors::ParquetError| format!("{} is not whole: {error}", path.display());
    let reader = SerializedFileReader::new(file).map_err(wrong)?;
    let rows = reader.metadata().file_metadata().num_rows() as usize;
    let read = reader.get_row_iter(None).map_err(wrong)?.filter(|row| row.is_ok()).count();
    if read == rows { Ok(Some(rows)) } else { Err(format!("{} has {read} of {rows} rows", path.display())) }
}

/// Rows of a CSV file with a header, whose last line is whole.
fn csv_rows(path: &Path) -> Result<Option<usize>, String> {
    let Ok(text) = std::fs::read_to_string(path) else { return Ok(None) };
    if !text.ends_with('\n') {
        return Err(format!("{} ends in the middle of a line", path.display()));
    }
    Ok(Some(text.lines().count() - 1))
}

/// Rows of all files of a folder, if it was the same folder before and after they were read.
fn folder_rows(path: &Path) -> Result<Option<usize>, String> {
    let inode = || std::fs::metadata(path).map(|known| known.ino()).ok();
    let Some(before) = inode() else { return Ok(None) };
    let mut rows = Ok(0);
    for file in files(path) {
        rows = rows.and_then(|sum| Ok(sum + parquet_rows(&file)?.unwrap_or(0)));
    }
    // It was taken away while it was read: what was seen of it says nothing.
    if inode() != Some(before) { Ok(None) } else { rows.map(Some) }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => found.extend(files(&entry.path())),
            false => found.push(entry.path()),
        }
    }
    found
}

/// Reads a target in a tight loop until the job has ended: how often, and how many different states it saw.
fn poll(path: &Path, look: Look, has_ended: &AtomicBool) -> Result<(usize, usize), String> {
    let (mut looks, mut states, mut newest) = (0, 0, 0);
    let mut was_there = false;
    while !has_ended.load(Ordering::Relaxed) {
        let Some(rows) = look(path)? else {
            if was_there && !path.exists() && !path.exists() {
                return Err(format!("{} was gone for a while", path.display()));
            }
            continue;
        };
        was_there = true;
        looks += 1;
        if rows == 0 || rows % STEP != 0 || rows < newest {
            return Err(format!("{} had {rows} rows, after {newest}", path.display()));
        }
        if rows > newest {
            (newest, states) = (rows, states + 1);
        }
    }
    Ok((looks, states))
}

/// Three readers beside a run.
fn read_while_it_writes(name: &str, times: usize) {
    let mut tally = Tally::new(name);
    let template = Template::new(&Pype::released(), &rewriting());
    let targets: [(&str, Look); 3] =
        [("out/table.parquet", parquet_rows), ("out/table.csv", csv_rows), ("out/folder", folder_rows)];
    let (mut looks, mut states) = (0, 0);
    for _ in 0..times {
        let trial = Trial::new(&template);
        let has_ended = AtomicBool::new(false);
        let paths = targets.map(|(path, look)| (trial.path(path), look));
        let seen = std::thread::scope(|scope| {
            let has_ended = &has_ended;
            let readers: Vec<_> =
                paths.iter().map(|(path, look)| scope.spawn(move || poll(path, *look, has_ended))).collect();
            let run = trial.run("");
            has_ended.store(true, Ordering::Relaxed);
            let seen: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
            run.expect(End::Code(0)).map(|()| seen)
        });
        let told = |wrong: String| -> ! { panic!("{}", trial.kept(wrong, &[])) };
        for seen in seen.unwrap_or_else(|wrong| told(wrong)) {
            let (more, different) = seen.unwrap_or_else(|wrong| told(wrong));
            (looks, states) = (looks + more, states + different);
        }
    }
    tally.count("looks", looks);
    tally.count("different files seen", states);
    tally.tell();
    assert!(looks > 10 && states > 3, "the readers saw too little: {looks} looks, {states} files");
}

#[test]
fn readers_see_whole_files_and_folders_while_a_job_writes_them() {
    read_while_it_writes("readers beside a run", 1);
}

#[test]
#[ignore = "nightly"]
fn nightly_readers_see_whole_files_and_folders() {
    read_while_it_writes("nightly: readers beside runs", 20);
}

//! A log file that is rotated: `log.jsonl`, then `log.jsonl.1` and so on, the older the higher.

use super::sink::Destination;
use pypeline_disk::{by_umask, talk};
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Sizes of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFiles {
    /// Bytes of a file, at most; a line is never parted.
    pub max_bytes: u64,
    /// Files that are kept, with the one that is being written; at least 1.
    pub keep: usize,
}

impl Default for LogFiles {
    fn default() -> Self {
        Self { max_bytes: 16 << 20, keep: 5 }
    }
}

/// The log file at a path.
pub(super) struct LogFile {
    path: PathBuf,
    limits: LogFiles,
    /// Of files that it makes.
    mode: u32,
    open: Option<Open>,
    /// The last line may lack its end.
    is_torn: bool,
}

struct Open {
    file: File,
    size: u64,
    /// Device and number: another file may take its place.
    is: (u64, u64),
    /// A device or a pipe, which nobody may rename.
    is_device: bool,
}

impl LogFile {
    /// Opens the file to append to it, or makes it; not its folder.
    pub(super) fn open(path: &Path, limits: LogFiles) -> io::Result<Self> {
        Self::opened(path, limits, by_umask(0o666))
    }

    /// The same for its user alone, whatever the umask.
    pub(super) fn private(path: &Path, limits: LogFiles) -> io::Result<Self> {
        Self::opened(path, limits, 0o600)
    }

    fn opened(path: &Path, limits: LogFiles, mode: u32) -> io::Result<Self> {
        // A link stays a link: what it leads to is rotated.
        let path = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path))?;
        let mut file = Self { mode, ..Self::later(&path, limits) };
        file.reopen()?;
        Ok(file)
    }

    /// The file, to be opened when there is something to write.
    pub(super) fn later(path: &Path, limits: LogFiles) -> Self {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Self { path, limits, mode: by_umask(0o666), open: None, is_torn: false }
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut file = talk::append(&self.path, self.mode)?;
        let found = file.metadata()?;
        self.is_torn = found.is_file() && is_torn(&mut file, found.len());
        self.open = Some(Open { file, size: found.len(), is: identity(&found), is_device: !found.is_file() });
        Ok(())
    }

    /// The file may have been removed or moved away by somebody else, and one of another size be in its place.
    fn look(&mut self) -> io::Result<()> {
        let is_there = self.open.as_ref().is_some_and(|open| {
            open.is_device || std::fs::metadata(&self.path).is_ok_and(|found| identity(&found) == open.is)
        });
        if is_there { Ok(()) } else { self.reopen() }
    }

    fn write_lines(&mut self, lines: &[u8]) -> io::Result<()> {
        self.look()?;
        let mut rest = lines;
        if std::mem::take(&mut self.is_torn) {
            self.append(b"\n")?;
        }
        while !rest.is_empty() {
            let (size, is_device) = self.open.as_ref().map_or((0, false), |open| (open.size, open.is_device));
            let room = usize::try_from(self.limits.max_bytes.saturating_sub(size)).unwrap_or(usize::MAX);
            let n = if is_device { rest.len() } else { whole_lines(rest, room, size == 0) };
            if n == 0 {
                self.rotate()?;
                continue;
            }
            let (now, later) = rest.split_at_checked(n).unwrap_or((rest, &[]));
            self.append(now)?;
            rest = later;
        }
        Ok(())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some(open) = &mut self.open else { return Err(io::ErrorKind::NotFound.into()) };
        open.file.write_all(bytes)?;
        open.size += bytes.len() as u64;
        Ok(())
    }

    /// Gives each file the next number, from the oldest on, which goes: at no time are there two of one number, nor none of those that are kept.
    fn rotate(&mut self) -> io::Result<()> {
        for n in (1..self.limits.keep).rev() {
            let older = if n == 1 { self.path.clone() } else { numbered(&self.path, n - 1) };
            match talk::rename(&older, &numbered(&self.path, n)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.limits.keep <= 1 {
            drop(talk::create(&self.path, self.mode)?);
        }
        self.reopen()
    }
}

fn numbered(path: &Path, n: usize) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{n}"));
    PathBuf::from(name)
}

impl Destination for LogFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.write_lines(lines);
        if written.is_err() {
            // Opened anew for the next lines: it may be there again, and what is in it by now is not known.
            self.open = None;
        }
        written
    }
}

fn identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// What a process left that was killed, or a disk that was full.
fn is_torn(file: &mut File, size: u64) -> bool {
    let mut last = [b'\n'];
    let read = size > 0 && file.seek(SeekFrom::Start(size - 1)).and_then(|_| file.read_exact(&mut last)).is_ok();
    read && last != [b'\n']
}

/// Bytes of the first lines that fit into `room`; of one line at least where nothing is in the file.
fn whole_lines(lines: &[u8], room: usize, is_empty: bool) -> usize {
    if lines.len() <= room {
        return lines.len();
    }
    let fits = lines.get(..room).and_then(|part| part.iter().rposition(|byte| *byte == b'\n')).map_or(0, |at| at + 1);
    match fits {
        0 if is_empty => lines.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |at| at + 1),
        fits => fits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn files_are_rotated_between_lines_and_only_so_many_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut file = LogFile::open(&path, LogFiles { max_bytes: 8, keep: 3 }).unwrap();
        file.write(b"one\ntwo\nthree\n").unwrap();
        assert_eq!((read(&path), read(&numbered(&path, 1))), ("three\n".to_owned(), "one\ntwo\n".to_owned()));
        file.write(b"a line that is longer than a file\n4\n").unwrap();
        file.write(b"5\n").unwrap();
        assert_eq!(read(&path), "4\n5\n");
        assert_eq!(read(&numbered(&path, 1)), "a line that is longer than a file\n");
        assert_eq!(read(&numbered(&path, 2)), "three\n");
        assert!(!numbered(&path, 3).exists());
    }

    #[test]
    fn a_file_goes_on_where_another_process_left_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        std::fs::write(&path, "whole\ntorn").unwrap();
        let mut file = LogFile::open(&path, LogFiles { max_bytes: 20, keep: 2 }).unwrap();
        file.write(b"next\n").unwrap();
        assert_eq!(read(&path), "whole\ntorn\nnext\n");
        file.write(b"123456\n").unwrap();
        assert_eq!((read(&path), read(&numbered(&path, 1))), ("123456\n".to_owned(), "whole\ntorn\nnext\n".to_owned()));
    }

    #[test]
    fn what_others_do_to_its_files_is_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("logs");
        std::fs::create_dir(&logs).unwrap();
        let path = logs.join("log.jsonl");
        let mut file = LogFile::open(&path, LogFiles { max_bytes: 8, keep: 3 }).unwrap();
        file.write(b"one\n").unwrap();
        // As logrotate does.
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        file.write(b"two\n").unwrap();
        assert_eq!(read(&path), "two\n");
        // A file where it does not expect one.
        std::fs::write(numbered(&path, 1), "foreign\n").unwrap();
        for line in [b"three\n", b"fours\n", b"fives\n"] {
            file.write(line).unwrap();
        }
        assert_eq!(read(&path), "fives\n");
        assert_eq!(
            (read(&numbered(&path, 1)), read(&numbered(&path, 2))),
            ("fours\n".to_owned(), "three\n".to_owned())
        );
        std::fs::remove_dir_all(&logs).unwrap();
        assert_eq!(file.write(b"lost\n").unwrap_err().kind(), io::ErrorKind::NotFound);
        std::fs::create_dir(&logs).unwrap();
        file.write(b"back\n").unwrap();
        assert_eq!(read(&path), "back\n");
    }

    #[test]
    fn a_device_is_written_and_never_renamed() {
        let mut file = LogFile::open(Path::new("/dev/null"), LogFiles { max_bytes: 1, keep: 1 }).unwrap();
        file.write(b"one\ntwo\n").unwrap();
        assert!(!Path::new("/dev/null.1").exists());
    }
}

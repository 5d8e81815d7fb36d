//! The lines of a log with its rotated files, the oldest first, also while they are being written and rotated.

use super::super::RUN_LOG;
use pypeline_schema::log_line::LogLine;
use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;

/// Bytes of a line, at most: what is longer was not written by us.
const LONGEST: usize = 1 << 20;

/// Reads a log from its beginning on.
pub struct LogReader {
    folder: PathBuf,
    open: Option<Open>,
    /// A line that has no end yet.
    pending: Vec<u8>,
    n_broken: u64,
    has_gap: bool,
}

struct Open {
    file: File,
    /// Device and number: its name changes when it is rotated.
    is: (u64, u64),
}

impl LogReader {
    /// The log in the folder of a run's record, if there is one.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), open: None, pending: Vec::new(), n_broken: 0, has_gap: false }
    }

    /// There is a log.
    pub fn is_there(&self) -> bool {
        self.open.is_some() || !self.paths().is_empty()
    }

    /// Lines that were no log lines, and were passed over.
    pub fn n_broken(&self) -> u64 {
        self.n_broken
    }

    /// Files were removed before they were read to their end.
    pub fn has_gap(&self) -> bool {
        self.has_gap
    }

    /// Hands on all lines that have come since, as they are written and as they are read. True if there were any bytes.
    pub fn read(
        &mut self,
        each: &mut dyn FnMut(&str, &LogLine) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<(), bool>> {
        let mut has_any = false;
        loop {
            if self.open.is_none() && !self.open_next(None)? {
                return Ok(ControlFlow::Continue(has_any));
            }
            let is = self.open.as_ref().map(|open| open.is);
            // Asked for before it is read: what is written to it afterwards is found next time.
            let is_newest =
                std::fs::metadata(self.folder.join(RUN_LOG)).is_ok_and(|now| Some((now.dev(), now.ino())) == is);
            match self.read_file(each)? {
                ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
                ControlFlow::Continue(any) => has_any |= any,
            }
            if is_newest {
                return Ok(ControlFlow::Continue(has_any));
            }
            // It was rotated: nobody writes to it any more, and a line in it that has no end will never have one.
            self.n_broken += u64::from(!std::mem::take(&mut self.pending).is_empty());
            if !self.open_next(is)? {
                return Ok(ControlFlow::Continue(has_any));
            }
        }
    }

    fn read_file(
        &mut self,
        each: &mut dyn FnMut(&str, &LogLine) -> ControlFlow<()>,
    ) -> io::Result<ControlFlow<(), bool>> {
        let (mut block, mut has_any) = (vec![0; BLOCK], false);
        loop {
            let Some(open) = &mut self.open else { return Ok(ControlFlow::Continue(has_any)) };
            let n = match open.file.read(&mut block) {
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if n == 0 {
                return Ok(ControlFlow::Continue(has_any));
            }
            has_any = true;
            for part in block.get(..n).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
                if self.pending.len() <= LONGEST {
                    self.pending.extend_from_slice(part);
                }
                if part.ends_with(b"\n") && self.hand_on(each).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
    }

    fn hand_on(&mut self, each: &mut dyn FnMut(&str, &LogLine) -> ControlFlow<()>) -> ControlFlow<()> {
        let bytes = std::mem::take(&mut self.pending);
        let text = bytes.trim_ascii();
        let read = std::str::from_utf8(text).ok().and_then(|text| Some((text, serde_json::from_str(text).ok()?)));
        match read {
            Some((text, line)) => each(text, &line),
            None => {
                self.n_broken += u64::from(!text.is_empty());
                ControlFlow::Continue(())
            }
        }
    }

    /// Opens the file that was begun after this one; without one, the oldest. False where there is none.
    fn open_next(&mut self, after: Option<(u64, u64)>) -> io::Result<bool> {
        let paths = self.paths();
        let place = after.and_then(|is| {
            paths.iter().position(|path| std::fs::metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == is))
        });
        if after.is_some() && place.is_none() && !paths.is_empty() {
            self.has_gap = true;
        }
        let Some(path) = paths.get(place.map_or(0, |place| place + 1)) else {
            // The newest: it was removed, or it is just being rotated.
            return Ok(false);
        };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        self.open = Some(Open { is: (found.dev(), found.ino()), file });
        Ok(true)
    }

    /// All files of the log, the oldest first.
    fn paths(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut found: Vec<(u64, PathBuf)> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let rest = name.strip_prefix(RUN_LOG)?;
                let age = if rest.is_empty() { 0 } else { rest.strip_prefix('.')?.parse().ok()? };
                Some((age, entry.path()))
            })
            .collect();
        found.sort_by_key(|(age, _)| std::cmp::Reverse(*age));
        found.into_iter().map(|(_, path)| path).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn line(n: usize) -> String {
        format!("{{\"time\":\"2026-11-21T09:42:01.000000Z\",\"level\":\"INFO\",\"message\":\"{n}\"}}\n")
    }

    fn read(reader: &mut LogReader) -> Vec<usize> {
        let mut said = Vec::new();
        let more = reader.read(&mut |raw, line| {
            assert!(raw.starts_with('{') && raw.ends_with('}'));
            said.push(line.message.parse().unwrap());
            ControlFlow::Continue(())
        });
        assert_eq!(more.unwrap(), ControlFlow::Continue(!said.is_empty()));
        said
    }

    #[test]
    fn lines_are_read_in_order_across_rotation_and_broken_ones_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = |suffix: &str| folder.path().join(format!("{RUN_LOG}{suffix}"));
        let mut reader = LogReader::new(folder.path());
        assert!(!reader.is_there());
        assert_eq!(read(&mut reader), [0; 0]);
        std::fs::write(path(".10"), line(0) + "no json\n\n" + &line(1)).unwrap();
        std::fs::write(path(".2"), line(2) + "{\"torn").unwrap();
        let mut newest = File::create(path("")).unwrap();
        newest.write_all((line(3) + &line(4)[..20]).as_bytes()).unwrap();
        assert_eq!(read(&mut reader), [0, 1, 2, 3]);
        newest.write_all(&line(4).as_bytes()[20..]).unwrap();
        newest.write_all(line(5).as_bytes()).unwrap();
        // Rotated twice before it is looked at again.
        std::fs::rename(path(""), path(".2")).unwrap();
        std::fs::write(path(".1"), line(6)).unwrap();
        std::fs::write(path(""), line(7)).unwrap();
        assert_eq!(read(&mut reader), [4, 5, 6, 7]);
        assert_eq!((reader.n_broken(), reader.has_gap()), (2, false));
        // It was too slow: its file has gone, with all before it.
        for suffix in ["", ".2", ".10"] {
            std::fs::remove_file(path(suffix)).unwrap();
        }
        std::fs::write(path(""), line(9)).unwrap();
        std::fs::write(path(".1"), line(8)).unwrap();
        assert_eq!(read(&mut reader), [8, 9]);
        assert!(reader.has_gap());
    }

    #[test]
    fn whoever_has_enough_gets_no_more() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(RUN_LOG), line(0) + &line(1)).unwrap();
        let mut n = 0;
        let more = LogReader::new(folder.path()).read(&mut |_, _| {
            n += 1;
            ControlFlow::Break(())
        });
        assert_eq!((more.unwrap(), n), (ControlFlow::Break(()), 1));
    }

    #[test]
    fn a_line_without_an_end_does_not_fill_the_memory() {
        let folder = tempfile::tempdir().unwrap();
        let huge = vec![b'x'; 3 * LONGEST];
        std::fs::write(folder.path().join(RUN_LOG), [huge, b"\n".to_vec(), line(1).into_bytes()].concat()).unwrap();
        let mut reader = LogReader::new(folder.path());
        assert_eq!(read(&mut reader), [1]);
        assert_eq!(reader.n_broken(), 1);
    }
}

//! A record as a line: sixteen hex digits of its SHA-256, a space, the JSON. A line that is torn or damaged is lost alone.

use pypeline_schema::checkpoint::Record;
use sha2::{Digest, Sha256};
use std::io::{BufRead, Read};

/// Hex digits of the checksum.
const DIGITS: usize = 16;

/// Bytes of a line, at most. Larger ones are not written.
pub(super) const LONGEST: usize = 64 << 20;

/// The line of a record.
pub(super) fn of(record: &Record) -> std::io::Result<Vec<u8>> {
    let mut line = vec![b' '; DIGITS + 1];
    serde_json::to_writer(&mut line, record)?;
    let digits = line.get(DIGITS + 1..).map(checksum).unwrap_or_default();
    line.splice(..DIGITS, digits);
    line.push(b'\n');
    Ok(line)
}

/// Sixteen hex digits.
fn checksum(json: &[u8]) -> [u8; DIGITS] {
    let hash = Sha256::digest(json);
    let mut digits = [b'0'; DIGITS];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.iter()) {
        for (digit, half) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = if half < 10 { b'0' + half } else { b'a' + half - 10 };
        }
    }
    digits
}

/// The record of a line without its end; none if it is damaged.
pub(super) fn parse(line: &[u8]) -> Option<Record> {
    let (digits, json) = line.split_at_checked(DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    let is_whole = checksum(json) == digits || pypeline_disk::faults::planted("skip-hash");
    if is_whole { serde_json::from_slice(json).ok() } else { None }
}

/// What stands at a place of a journal.
pub(super) enum Found {
    /// A record, and the line that it stands in.
    Record(Box<Record>, Vec<u8>),
    /// A line that is none, and what it is.
    Damaged(Vec<u8>),
    /// The last line has no end: a process died while it was written.
    Torn,
}

/// Lines of a journal, each with the place where it begins.
pub(super) struct Lines<R> {
    reader: R,
    at: u64,
}

impl<R: BufRead> Lines<R> {
    /// From its beginning.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, at: 0 }
    }

    /// The next line; none at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<(u64, Found)>> {
        let (mut line, begin) = (Vec::new(), self.at);
        let limit = LONGEST as u64;
        let n = self.reader.by_ref().take(limit).read_until(b'\n', &mut line)?;
        self.at += n as u64;
        if n == 0 {
            return Ok(None);
        }
        if line.pop_if(|last| *last == b'\n').is_none() {
            let is_end = (n as u64) < limit;
            return Ok(Some((begin, if is_end { Found::Torn } else { Found::Damaged(line) })));
        }
        let found = match parse(&line) {
            Some(record) => Found::Record(Box::new(record), line),
            None => Found::Damaged(line),
        };
        Ok(Some((begin, found)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_schema::checkpoint::Begun;

    fn record(n: u64) -> Record {
        Record::Begun(Begun { key: format!("{n:032x}"), sub_flow: "load".to_owned(), iter: vec![n] })
    }

    fn read(bytes: &[u8]) -> Vec<Option<Record>> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while let Some((_, line)) = lines.next().unwrap() {
            found.push(match line {
                Found::Record(record, _) => Some(*record),
                Found::Damaged(_) | Found::Torn => None,
            });
        }
        found
    }

    #[test]
    fn whatever_single_bit_flips_no_other_record_is_lost_and_none_is_changed() {
        let lines: Vec<Vec<u8>> = (0..3).map(|n| of(&record(n)).unwrap()).collect();
        let whole = lines.concat();
        for at in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[at / 8] ^= 1 << (at % 8);
            let found: Vec<Record> = read(&bytes).into_iter().flatten().collect();
            // Where the end of a line flips, the next goes with it.
            assert!((1..=2).contains(&found.len()), "{at}");
            assert!(found.iter().all(|one| (0..3).any(|n| record(n) == *one)));
        }
    }

    #[test]
    fn a_torn_end_is_told_from_damage() {
        let whole = [of(&record(0)).unwrap(), of(&record(1)).unwrap()].concat();
        let first = of(&record(0)).unwrap().len();
        for cut in first + 1..whole.len() {
            let mut lines = Lines::new(&whole[..cut]);
            assert!(matches!(lines.next().unwrap(), Some((0, Found::Record(..)))));
            assert!(matches!(lines.next().unwrap(), Some((_, Found::Torn))));
            assert!(lines.next().unwrap().is_none());
        }
    }
}

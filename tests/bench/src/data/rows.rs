//! The large file of text: a CSV file of a wanted size, and how many of its rows the filter keeps.

use crate::Result;
use crate::data::random::{SplitMix64, push_number, push_one_of, push_text};
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Raise it when rows change, so that files of older generators are not reused.
pub const GENERATOR: u64 = 1;
const CHUNK: usize = 1 << 20;
/// The names of the columns.
pub const HEADER: &[u8] = b"id,name,age,city,amount,date,flag,comment,score\n";

const NAMES: &[&str] = &[
    "Ada Lovelace",
    "Alan Turing",
    "Barbara Liskov",
    "Donald Knuth",
    "Edsger Dijkstra",
    "Frances Allen",
    "Grace Hopper",
    "Jim Gray",
    "John Backus",
    "Leslie Lamport",
    "Niklaus Wirth",
    "Tony Hoare",
];
const CITIES: &[&str] = &[
    "Athens", "Berlin", "Dublin", "Geneva", "Helsinki", "Lisbon", "London", "Madrid", "Munich", "Naples", "Prague",
    "Tallinn", "Vienna", "Warsaw", "Zagreb", "Zurich",
];
const WORDS: &[&str] = &[
    "amber", "basalt", "cobalt", "damask", "ember", "falcon", "garnet", "hazel", "indigo", "jasper", "kestrel",
    "lilac", "marble", "nutmeg", "ochre", "pewter",
];

/// The file and what is known about it.
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its rows, without the header.
    pub rows: u64,
    /// Rows with `age > 18`.
    pub kept: u64,
}

impl Input {
    /// For people.
    pub fn described(&self) -> String {
        format!("{:.3} GB, {} rows", self.bytes as f64 / 1e9, self.rows)
    }
}

/// The file of this size: the one of an earlier run if it is whole, else a new one.
pub fn prepare(work: &Path, gigabytes: f64) -> Result<Input> {
    let wanted = (gigabytes * 1e9).round() as u64;
    let path = work.join(format!("input-{wanted}.csv"));
    let sidecar = work.join(format!("input-{wanted}.json"));
    if let Some(input) = reuse(&path, &sidecar) {
        return Ok(input);
    }
    eprintln!("writing {}", path.display());
    let part = work.join(format!("input-{wanted}.csv.part"));
    let (bytes, rows, kept) = write(&part, wanted).map_err(|error| format!("{}: {error}", part.display()))?;
    std::fs::rename(&part, &path)?;
    let facts = json!({ "generator": GENERATOR, "bytes": bytes, "rows": rows, "kept": kept });
    std::fs::write(&sidecar, format!("{facts}\n"))?;
    Ok(Input { path, bytes, rows, kept })
}

fn reuse(path: &Path, sidecar: &Path) -> Option<Input> {
    let facts: Value = serde_json::from_slice(&std::fs::read(sidecar).ok()?).ok()?;
    let fact = |name: &str| facts.get(name).and_then(Value::as_u64);
    let bytes = std::fs::metadata(path).ok()?.len();
    let same = fact("generator")? == GENERATOR && fact("bytes")? == bytes;
    Some(Input { path: path.to_path_buf(), bytes, rows: fact("rows")?, kept: fact("kept")? }).filter(|_| same)
}

fn write(path: &Path, wanted: u64) -> std::io::Result<(u64, u64, u64)> {
    let mut file = File::create(path)?;
    let mut random = SplitMix64(1);
    let mut buffer = Vec::with_capacity(CHUNK + 4096);
    buffer.extend_from_slice(HEADER);
    let (mut bytes, mut rows, mut kept) = (0_u64, 0_u64, 0_u64);
    while bytes + (buffer.len() as u64) < wanted {
        rows += 1;
        kept += u64::from(push_row(&mut buffer, &mut random, rows));
        if buffer.len() >= CHUNK {
            file.write_all(&buffer)?;
            bytes += buffer.len() as u64;
            buffer.clear();
        }
    }
    file.write_all(&buffer)?;
    bytes += buffer.len() as u64;
    // Else the disk would still be busy with this file during the first rounds.
    file.sync_all()?;
    Ok((bytes, rows, kept))
}

/// One row of about 90 bytes; whether the filter keeps it.
pub fn push_row(out: &mut Vec<u8>, random: &mut SplitMix64, id: u64) -> bool {
    push_number(out, id, 1);
    out.push(b',');
    push_one_of(out, random, NAMES);
    out.push(b',');
    let age = random.below(100);
    push_number(out, age, 1);
    out.push(b',');
    push_one_of(out, random, CITIES);
    out.push(b',');
    let cents = random.below(10_000_000);
    push_number(out, cents / 100, 1);
    out.push(b'.');
    push_number(out, cents % 100, 2);
    out.push(b',');
    push_number(out, 2015 + random.below(10), 4);
    out.push(b'-');
    push_number(out, 1 + random.below(12), 2);
    out.push(b'-');
    push_number(out, 1 + random.below(28), 2);
    push_text(out, if random.below(2) == 0 { ",true," } else { ",false," });
    let quoted = random.below(4) == 0;
    push_text(out, if quoted { "\"" } else { "" });
    push_one_of(out, random, WORDS);
    push_text(out, if quoted { ", " } else { " " });
    push_one_of(out, random, WORDS);
    out.push(b' ');
    // Most comments are different, as in life: a column of few values would compress to nothing.
    push_number(out, random.below(100_000_000), 8);
    push_text(out, if quoted { "\",0." } else { ",0." });
    push_number(out, random.below(1_000_000), 6);
    out.push(b'\n');
    age > 18
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_those_of_the_file_and_the_file_is_reused() {
        let folder = tempfile::tempdir().unwrap();
        let input = prepare(folder.path(), 0.001).unwrap();
        let text = std::fs::read_to_string(&input.path).unwrap();
        let ages: Vec<u64> =
            text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
        assert_eq!(text.len() as u64, input.bytes);
        assert_eq!(ages.len() as u64, input.rows);
        assert_eq!(ages.iter().filter(|age| **age > 18).count() as u64, input.kept);
        assert!((80..95).contains(&(input.bytes / input.rows)), "{} bytes a row", input.bytes / input.rows);

        let written = std::fs::metadata(&input.path).unwrap().modified().unwrap();
        prepare(folder.path(), 0.001).unwrap();
        assert_eq!(std::fs::metadata(&input.path).unwrap().modified().unwrap(), written);
        std::fs::write(&input.path, "cut").unwrap();
        assert_eq!(prepare(folder.path(), 0.001).unwrap().bytes, input.bytes);
        assert_eq!(std::fs::read_to_string(&input.path).unwrap(), text);
    }
}

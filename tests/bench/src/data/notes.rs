//! A second table as large as the first: for each of its rows a note, in another order.

use crate::Result;
use crate::data::random::{SplitMix64, push_number, push_text};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

const CHUNK: usize = 1 << 20;

/// What notes are made of.
const WORDS: [&str; 12] = [
    " returned",
    " customer",
    " delivery",
    " waiting",
    " complaint",
    " invoice",
    " payment",
    " reminder",
    " address",
    " unknown",
    " replaced",
    " refunded",
];

/// A prime, and more than any number of rows: its multiples go through all of them.
const STRIDE: u64 = 1_000_000_007;

/// The file for so many rows, made where it is not there. A file that is there is whole: it took its name at its end.
pub fn prepare(work: &Path, rows: u64) -> Result<PathBuf> {
    let path = work.join(format!("long-notes-{rows}.csv"));
    if !path.is_file() {
        eprintln!("writing {}", path.display());
        let part = work.join(format!("long-notes-{rows}.csv.part"));
        write(&part, rows).map_err(|error| format!("{}: {error}", part.display()))?;
        std::fs::rename(&part, &path)?;
    }
    Ok(path)
}

fn write(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    let mut random = SplitMix64(2);
    let mut buffer = Vec::with_capacity(CHUNK + 4096);
    push_text(&mut buffer, "id,note,weight\n");
    for row in 0..rows {
        let id = u128::from(row) * u128::from(STRIDE) % u128::from(rows) + 1;
        push_number(&mut buffer, u64::try_from(id).unwrap_or_default(), 1);
        push_text(&mut buffer, ",note ");
        push_number(&mut buffer, random.below(1_000_000_000), 9);
        for _ in 0..7 {
            let word = usize::try_from(random.below(WORDS.len() as u64)).unwrap_or_default();
            push_text(&mut buffer, WORDS.get(word).copied().unwrap_or_default());
        }
        buffer.push(b',');
        push_number(&mut buffer, random.below(1000), 1);
        buffer.push(b'\n');
        if buffer.len() >= CHUNK {
            file.write_all(&buffer)?;
            buffer.clear();
        }
    }
    file.write_all(&buffer)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_row_has_one_note() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(prepare(folder.path(), 1000).unwrap()).unwrap();
        let ids: Vec<u64> = text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect();
        assert_eq!(ids.iter().copied().collect::<BTreeSet<u64>>(), (1..=1000).collect());
        assert!(ids.windows(2).any(|pair| pair[0] > pair[1]), "they are in the order of the rows");
    }
}

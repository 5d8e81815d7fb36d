//! A map from keys to numbers that takes no more memory however many there are: beyond some thousands it is an open hash table
//! in a file without a name, whose pages the system gives up when it needs them.

use crate::run::keys::Key;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Entries kept in memory.
const IN_MEMORY: usize = 1 << 15;

/// Bytes of a slot: key, number, and whether it is taken.
const SLOT: u64 = 32;

/// Slots looked at by one read.
const AT_ONCE: u64 = 8;

/// The map.
#[derive(Debug)]
pub(in crate::run) struct Table {
    folder: PathBuf,
    store: Store,
}

#[derive(Debug)]
enum Store {
    Memory(HashMap<Key, u64>),
    File { file: File, slots: u64, taken: u64 },
}

/// Where a key is, or would be.
struct Place {
    slot: u64,
    number: Option<u64>,
}

impl Table {
    /// An empty one; once it is large, its file is made in `folder`.
    pub(in crate::run) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_path_buf(), store: Store::Memory(HashMap::new()) }
    }

    /// The number of a key.
    pub(in crate::run) fn get(&self, key: &Key) -> std::io::Result<Option<u64>> {
        match &self.store {
            Store::Memory(map) => Ok(map.get(key).copied()),
            Store::File { file, slots, .. } => find(file, *slots, key).map(|place| place.number),
        }
    }

    /// Sets the number of a key; the one before.
    pub(in crate::run) fn set(&mut self, key: &Key, number: u64) -> std::io::Result<Option<u64>> {
        self.make_room()?;
        match &mut self.store {
            Store::Memory(map) => Ok(map.insert(*key, number)),
            Store::File { file, slots, taken } => {
                let place = find(file, *slots, key)?;
                write(file, place.slot, key, number)?;
                *taken += u64::from(place.number.is_none());
                Ok(place.number)
            }
        }
    }

    /// At most half of the slots are taken.
    fn make_room(&mut self) -> std::io::Result<()> {
        let slots = match &self.store {
            Store::Memory(map) if map.len() < IN_MEMORY => return Ok(()),
            Store::Memory(map) => map.len() as u64 * 8,
            Store::File { slots, taken, .. } if taken * 2 < *slots => return Ok(()),
            Store::File { slots, .. } => slots * 4,
        };
        let larger = pypeline_disk::scratch_file(&self.folder)?;
        let mut taken = 0;
        let mut put = |key: &Key, number| {
            taken += 1;
            write(&larger, find(&larger, slots, key)?.slot, key, number)
        };
        match &self.store {
            Store::Memory(map) => map.iter().try_for_each(|(key, number)| put(key, *number))?,
            Store::File { file, slots, .. } => {
                for first in (0..*slots).step_by(AT_ONCE as usize) {
                    for slot in read(file, first)?.chunks_exact(SLOT as usize) {
                        if let Some((key, number)) = entry(slot) {
                            put(&key, number)?;
                        }
                    }
                }
            }
        }
        self.store = Store::File { file: larger, slots, taken };
        Ok(())
    }
}

/// A group of slots; those beyond the end of the file were never taken.
fn read(file: &File, first: u64) -> std::io::Result<[u8; (SLOT * AT_ONCE) as usize]> {
    let mut bytes = [0; (SLOT * AT_ONCE) as usize];
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, first * SLOT + at as u64)? {
            0 => break,
            n => at += n,
        }
    }
    Ok(bytes)
}

fn entry(slot: &[u8]) -> Option<(Key, u64)> {
    let (key, rest) = slot.split_first_chunk::<16>()?;
    let (number, rest) = rest.split_first_chunk::<8>()?;
    (rest.first() == Some(&1)).then(|| (*key, u64::from_le_bytes(*number)))
}

/// Looks from the key's own group of slots onwards.
fn find(file: &File, slots: u64, key: &Key) -> std::io::Result<Place> {
    let (home, _) = key.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    let groups = (slots / AT_ONCE).max(1);
    let mut group = u64::from_le_bytes(*home) % groups;
    loop {
        let first = group * AT_ONCE;
        for (at, slot) in (first..).zip(read(file, first)?.chunks_exact(SLOT as usize)) {
            match entry(slot) {
                None => return Ok(Place { slot: at, number: None }),
                Some((found, number)) if found == *key => return Ok(Place { slot: at, number: Some(number) }),
                Some(_) => {}
            }
        }
        group = (group + 1) % groups;
    }
}

fn write(file: &File, slot: u64, key: &Key, number: u64) -> std::io::Result<()> {
    let mut bytes = [0; SLOT as usize];
    let content = key.iter().copied().chain(number.to_le_bytes()).chain([1]);
    bytes.iter_mut().zip(content).for_each(|(to, from)| *to = from);
    file.write_all_at(&bytes, slot * SLOT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::keys::content;
    use serde_json::json;

    #[test]
    fn in_memory_and_in_its_file_it_answers_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = Table::new(folder.path());
        let n = IN_MEMORY as u64 * 5;
        let key = |at: u64| content(&json!(at));
        for at in 0..n {
            assert_eq!(table.set(&key(at), at).unwrap(), None);
        }
        assert!(matches!(table.store, Store::File { taken, .. } if taken == n));
        for at in (0..n).step_by(97) {
            assert_eq!(table.get(&key(at)).unwrap(), Some(at));
            assert_eq!(table.set(&key(at), at + 1).unwrap(), Some(at));
            assert_eq!(table.get(&key(at)).unwrap(), Some(at + 1));
        }
        assert_eq!(table.get(&key(n)).unwrap(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "its file has no name");
    }
}

//! The states that a cut may leave of a disk: each a choice, for every name and every file, of what was safe, what was seen,
//! or something in between.

use super::disk::{Disk, Id, Names, Node, ROOT};
use super::trace::{Bytes, Step};
use crate::support::seed::Chance;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files with their content, and folders, below the root.
pub type State = BTreeMap<PathBuf, Option<Bytes>>;

/// All that programs have seen.
pub fn applied(disk: &Disk) -> State {
    choose(disk, &|names| last(names), &mut |_, contents| last(contents).clone())
}

/// Nothing but what was synced.
pub fn only_synced(disk: &Disk) -> State {
    choose(disk, &|names| &names[0].1, &mut |_, contents| contents[0].1.clone())
}

/// All names, with the content that was synced; what was not is missing.
pub fn names_ahead(disk: &Disk) -> State {
    choose(disk, &|names| last(names), &mut |_, contents| contents[0].1.clone())
}

/// All names and lengths, with the content that was synced; what was not is zeros.
pub fn lengths_ahead(disk: &Disk) -> State {
    choose(disk, &|names| last(names), &mut |_, contents| zeroed(contents))
}

/// By chance, as file systems that keep names and lengths in one order (ext4, XFS, Btrfs) may leave it: both as they were after some operation
/// (or a later one, where they were synced later); of the content whatever was not synced may be missing or zeros.
pub fn by_chance(disk: &Disk, chance: &mut Chance) -> State {
    let unsafe_since = |node: &Node| match node {
        Node::File(states) => states.get(1).map(|state| state.0),
        Node::Folder(states) => states.get(1).map(|state| state.0),
    };
    let oldest = disk.nodes.iter().filter_map(unsafe_since).min().unwrap_or(disk.at);
    let until = oldest.saturating_sub(1) + chance.below(disk.at + 2 - oldest);
    choose(disk, &|states| &states[until_then(states, until)].1, &mut |_, states| {
        let known = &states[..=until_then(states, until)];
        match chance.below(4) {
            0 | 1 => last(known).clone(),
            2 => zeroed(known),
            _ => halved(known, chance),
        }
    })
}

/// The place of the last state that was reached by some operation; the first is safe at any time.
fn until_then<T>(states: &[(usize, T)], until: usize) -> usize {
    states.iter().rposition(|(at, _)| *at <= until).unwrap_or(0)
}

/// One of the states, with a part of what it has more than the one before.
fn halved(states: &[(usize, Bytes)], chance: &mut Chance) -> Bytes {
    let at = chance.below(states.len());
    let (before, after) = (states[at.saturating_sub(1)].1.len(), &states[at].1);
    let end = before.min(after.len()) + chance.below(after.len().saturating_sub(before) + 1);
    Arc::new(after[..end].to_vec())
}

/// What a write leaves of which only one half was done; none for other operations.
pub fn torn(disk: &Disk, step: &Step) -> Option<State> {
    let half = |bytes: &Bytes| Arc::new(bytes[..bytes.len() / 2].to_vec());
    let torn = match step {
        Step::Write(path, offset, bytes) => Step::Write(path.clone(), *offset, half(bytes)),
        Step::Content(path, bytes) => Step::Content(path.clone(), half(bytes)),
        _ => return None,
    };
    let mut disk = disk.clone();
    disk.apply(&torn);
    Some(applied(&disk))
}

/// What is left where the removal of a folder got to some point: the files in it go in an order that nobody knows.
pub fn half_removed(disk: &Disk, path: &Path, chance: &mut Chance) -> State {
    let mut files = disk.below(path);
    files.retain(|file| disk.find(file).is_some_and(|id| matches!(disk.nodes[id], Node::File(_))));
    let mut disk = disk.clone();
    for _ in 0..chance.below(files.len() + 1) {
        let file = files.remove(chance.below(files.len()));
        disk.apply(&Step::RemoveFile(file));
    }
    applied(&disk)
}

fn last<T>(states: &[(usize, T)]) -> &T {
    &states[states.len() - 1].1
}

/// What was not safe is zeros, in the length that was seen.
fn zeroed(states: &[(usize, Bytes)]) -> Bytes {
    let (safe, seen) = (&states[0].1, last(states));
    let byte = |at: usize| seen.get(at).copied().filter(|byte| safe.get(at) == Some(byte)).unwrap_or(0);
    if safe == seen { safe.clone() } else { Arc::new((0..seen.len()).map(byte).collect()) }
}

type ChooseNames<'a> = &'a dyn Fn(&[(usize, Names)]) -> &Names;
type ChooseContent<'a> = &'a mut dyn FnMut(Id, &[(usize, Bytes)]) -> Bytes;

fn choose(disk: &Disk, names: ChooseNames<'_>, content: ChooseContent<'_>) -> State {
    let mut state = State::new();
    // A file with two names has one content.
    let mut known: BTreeMap<Id, Bytes> = BTreeMap::new();
    let mut left = vec![(PathBuf::new(), ROOT)];
    while let Some((path, id)) = left.pop() {
        match &disk.nodes[id] {
            Node::File(states) => {
                let bytes = known.entry(id).or_insert_with(|| content(id, states)).clone();
                state.insert(path, Some(bytes));
            }
            Node::Folder(states) => {
                left.extend(names(states).iter().map(|(name, inner)| (path.join(name), *inner)));
                state.insert(path, None);
            }
        }
    }
    state.remove(Path::new(""));
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One file that was synced as `old` and then written to be `newer`, and another that was renamed.
    fn disk() -> Disk {
        let mut disk = Disk::new();
        disk.put(Path::new("a"), Some(b"old".to_vec()));
        disk.put(Path::new("b"), Some(b"b".to_vec()));
        disk.apply(&Step::Write("a".into(), 0, Arc::new(b"newer".to_vec())));
        disk.apply(&Step::Rename("b".into(), "c".into()));
        disk
    }

    fn shown(state: &State) -> String {
        let file = |(path, content): (&PathBuf, &Option<Bytes>)| {
            let content = content.as_ref().map(|bytes| String::from_utf8_lossy(bytes).replace('\0', "0"));
            format!("{}={}", path.display(), content.unwrap_or_default())
        };
        state.iter().map(file).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn states_between_what_was_safe_and_what_was_seen() {
        let disk = disk();
        assert_eq!(shown(&applied(&disk)), "a=newer c=b");
        assert_eq!(shown(&only_synced(&disk)), "a=old b=b");
        assert_eq!(shown(&names_ahead(&disk)), "a=old c=b");
        assert_eq!(shown(&lengths_ahead(&disk)), "a=00000 c=b");
    }

    #[test]
    fn chance_finds_all_of_them_and_never_two_names_or_none() {
        let (disk, mut chance) = (disk(), Chance::new(1));
        let found: std::collections::BTreeSet<String> =
            (0..200).map(|_| shown(&by_chance(&disk, &mut chance))).collect();
        for state in ["a=newer c=b", "a=old b=b", "a=00000 c=b", "a=newer b=b", "a=newe c=b"] {
            assert!(found.contains(state), "{state} is not in {found:?}");
        }
        assert!(found.iter().all(|state| state.ends_with(" b=b") || state.ends_with(" c=b")), "{found:?}");
    }

    #[test]
    fn halves_of_writes_and_removals() {
        let disk = disk();
        let write = Step::Write("a".into(), 5, Arc::new(b"st!!".to_vec()));
        assert_eq!(torn(&disk, &write).map(|state| shown(&state)), Some("a=newerst c=b".to_owned()));
        assert_eq!(torn(&disk, &Step::Sync("a".into())), None);
        let mut chance = Chance::new(2);
        let found: std::collections::BTreeSet<String> =
            (0..40).map(|_| shown(&half_removed(&disk, Path::new(""), &mut chance))).collect();
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["", "a=newer", "a=newer c=b", "c=b"]);
    }
}

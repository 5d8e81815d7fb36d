//! All cuts of a run: after each of its operations each kind of state, and each state once.

use super::disk::Disk;
use super::states::{self, State};
use super::trace::Step;
use crate::support::seed::Chance;
use crate::support::tree::Tree;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// The files that a run has left, under names that nothing touches: a file that a cut has left too keeps its number and its
/// time, by which runs tell whether what is there is what they have made or read.
#[derive(Debug)]
pub struct Stash {
    folder: PathBuf,
    files: Tree,
}

impl Stash {
    /// Keeps all files of a tree that lies there in a folder of the same disk.
    pub fn new(tree: Tree, root: &Path, folder: &Path) -> Self {
        let files = tree.without(|path| !root.join(path).is_file());
        for path in files.0.keys() {
            let kept = folder.join(path);
            std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
            std::fs::hard_link(root.join(path), kept).unwrap();
        }
        Self { folder: folder.to_path_buf(), files }
    }

    /// The file that has this content, and this name or once had it: `.name.tag.pype-tmp` becomes `name`.
    fn find(&self, path: &Path, content: &[u8]) -> Option<PathBuf> {
        let name = path.file_name()?.to_str()?;
        let is_it = |known: &&PathBuf| {
            let last = known.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let is_beside = name.starts_with(&format!(".{last}.")) && known.parent() == path.parent();
            known.as_path() == path || is_beside
        };
        let mut same = self.files.0.iter().filter(|(_, bytes)| bytes.as_deref() == Some(content)).map(|(path, _)| path);
        same.find(is_it).map(|path| self.folder.join(path))
    }
}

/// The power has failed.
#[derive(Debug, Clone)]
pub struct Cut {
    /// What the disk then holds.
    pub state: State,
    /// How that came about.
    pub kind: &'static str,
    /// Operations of the run before it.
    pub after: usize,
    /// Sub flows that had landed by then.
    pub landed: BTreeSet<String>,
}

/// Every cut of a run that found the disk as `start`; after each operation `chances` states are drawn, beside the certain ones.
pub fn cuts(start: &Tree, steps: &[Step], chances: usize, chance: &mut Chance) -> Vec<Cut> {
    let mut disk = Disk::new();
    start.0.iter().for_each(|(path, content)| disk.put(path, content.clone()));
    let mut found = Found::default();
    let mut landed = BTreeSet::new();
    for (at, step) in steps.iter().enumerate() {
        if let Some(state) = states::torn(&disk, step) {
            found.add(state, "half a write", at, &landed);
        }
        if let Step::RemoveTree(path) = step {
            for _ in 0..chances.max(2) {
                found.add(states::half_removed(&disk, path, chance), "half a removal", at, &landed);
            }
        }
        disk.apply(step);
        if let Step::Landed(of) = step {
            landed.insert(of.clone());
        }
        found.add(states::applied(&disk), "all", at + 1, &landed);
        found.add(states::only_synced(&disk), "only what was synced", at + 1, &landed);
        found.add(states::names_ahead(&disk), "names ahead of content", at + 1, &landed);
        found.add(states::lengths_ahead(&disk), "lengths ahead of content", at + 1, &landed);
        for _ in 0..chances {
            found.add(states::by_chance(&disk, chance), "by chance", at + 1, &landed);
        }
    }
    found.cuts
}

#[derive(Default)]
struct Found {
    cuts: Vec<Cut>,
    known: HashMap<u64, usize>,
}

impl Found {
    /// A state that is known already counts as found at its last time, when most had landed.
    fn add(&mut self, state: State, kind: &'static str, after: usize, landed: &BTreeSet<String>) {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        let at = *self.known.entry(hasher.finish()).or_insert(self.cuts.len());
        match self.cuts.get_mut(at) {
            Some(cut) => (cut.after, cut.landed) = (after, landed.clone()),
            None => self.cuts.push(Cut { state, kind, after, landed: landed.clone() }),
        }
    }
}

impl Cut {
    /// Brings the disk to this state, whatever it holds now in the folders that the start knew.
    pub fn write(&self, root: &Path, stash: &Stash) {
        for folder in ["project", "tmp"] {
            // It may be gone already.
            let _ = std::fs::remove_dir_all(root.join(folder));
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for (path, content) in &self.state {
            let Some(bytes) = content else {
                std::fs::create_dir_all(root.join(path)).unwrap();
                continue;
            };
            match stash.find(path, bytes) {
                Some(kept) => std::fs::hard_link(kept, root.join(path)).unwrap(),
                None => std::fs::write(root.join(path), bytes.as_slice()).unwrap(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A program that brings two files to disk, one after another, and says so each time.
    fn steps(has_file_sync: bool, has_folder_sync: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        for name in ["x", "y"] {
            let (beside, target) = (PathBuf::from(format!("d/.{name}")), PathBuf::from(format!("d/{name}")));
            steps.push(Step::Create(beside.clone()));
            steps.push(Step::Write(beside.clone(), 0, Arc::new(b"whole".to_vec())));
            steps.extend(has_file_sync.then(|| Step::Sync(beside.clone())));
            steps.push(Step::Rename(beside, target));
            steps.extend(has_folder_sync.then(|| Step::SyncFolder("d".into())));
            steps.push(Step::Landed(name.to_owned()));
        }
        steps
    }

    /// Cuts after which a file is not whole, or not there although it had landed.
    fn lost(steps: &[Step]) -> usize {
        let start = Tree([(PathBuf::from("d"), None)].into());
        let cuts = cuts(&start, steps, 5, &mut Chance::new(3));
        assert!(cuts.len() > 8);
        let is_lost = |cut: &&Cut| {
            ["x", "y"].iter().any(|name| match cut.state.get(&Path::new("d").join(name)) {
                Some(content) => content.as_ref().is_none_or(|bytes| bytes.as_slice() != b"whole"),
                None => cut.landed.contains(*name),
            })
        };
        cuts.iter().filter(is_lost).count()
    }

    #[test]
    fn a_program_that_syncs_loses_nothing_and_one_that_forgets_a_sync_does() {
        assert_eq!(lost(&steps(true, true)), 0);
        assert!(lost(&steps(false, true)) > 0);
        assert!(lost(&steps(true, false)) > 0);
    }

    #[test]
    fn a_file_that_is_made_again_is_the_same_file() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        std::fs::create_dir_all(root.join("project")).unwrap();
        std::fs::write(root.join("project/x"), "whole").unwrap();
        let number = |path: &str| root.join(path).metadata().unwrap().ino();
        let before = number("project/x");
        let stash = Stash::new(Tree::read(&root), &root, &folder.path().join("stash"));
        let cut = |path: &str, content: &str| {
            let state = [(PathBuf::from(path), Some(Arc::new(content.as_bytes().to_vec())))].into();
            Cut { state, kind: "", after: 0, landed: BTreeSet::new() }.write(&root, &stash);
        };
        cut("project/.x.1.pype-tmp", "whole");
        assert_eq!(number("project/.x.1.pype-tmp"), before);
        cut("project/x", "other");
        assert_ne!(number("project/x"), before);
        cut("project/x", "whole");
        assert_eq!(number("project/x"), before);
    }

    #[test]
    fn a_state_that_comes_twice_counts_at_its_last_time() {
        let start = Tree([(PathBuf::from("d"), None)].into());
        let mut twice = steps(true, true);
        twice.push(Step::Landed("more".to_owned()));
        let cuts = cuts(&start, &twice, 0, &mut Chance::new(3));
        let whole = cuts.iter().filter(|cut| cut.landed.contains("more")).count();
        assert_eq!(whole, 1);
        assert_eq!(cuts.iter().map(|cut| &cut.state).collect::<BTreeSet<_>>().len(), cuts.len());
    }
}

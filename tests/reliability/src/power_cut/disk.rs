//! A disk in the middle of a run: what programs see, what of it is safe, and every state of a name or a file in between.
//!
//! Nothing is safe but what was synced: a file's content by a sync of that file, a name by a sync of its folder.

use super::trace::{Bytes, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or folder, whatever its names are.
pub type Id = usize;
/// What a folder holds.
pub type Names = BTreeMap<String, Id>;

/// A file or a folder, with all that it has been since it was last synced; the first of these is what is safe.
#[derive(Debug, Clone)]
pub enum Node {
    File(Vec<(usize, Bytes)>),
    Folder(Vec<(usize, Names)>),
}

/// All of it.
#[derive(Debug, Clone)]
pub struct Disk {
    pub nodes: Vec<Node>,
    /// Operations so far.
    pub at: usize,
}

/// The folder that everything lies in.
pub const ROOT: Id = 0;

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self { nodes: vec![Node::Folder(vec![(0, Names::new())])], at: 0 }
    }

    /// Puts a file or folder (without content) on the disk, safely.
    pub fn put(&mut self, path: &Path, content: Option<Vec<u8>>) {
        let (folder, name) = self.place(path);
        let id = match (self.names(folder).get(&name), &content) {
            (Some(known), None) => *known,
            (_, None) => self.add(Node::Folder(vec![(0, Names::new())])),
            (_, Some(_)) => self.add(Node::File(vec![(0, Arc::new(content.unwrap_or_default()))])),
        };
        self.rename_in(folder, |names| names.insert(name, id));
        self.sync_all();
    }

    /// Everything is safe from now on.
    fn sync_all(&mut self) {
        for id in 0..self.nodes.len() {
            self.sync(id);
        }
    }

    fn sync(&mut self, id: Id) {
        match &mut self.nodes[id] {
            Node::File(states) => drop(states.drain(..states.len() - 1)),
            Node::Folder(states) => drop(states.drain(..states.len() - 1)),
        }
    }

    fn add(&mut self, node: Node) -> Id {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// What a folder holds now.
    pub fn names(&self, id: Id) -> &Names {
        match &self.nodes[id] {
            Node::Folder(states) => &states.last().unwrap().1,
            Node::File(_) => panic!("a file is taken for a folder"),
        }
    }

    /// What is in a file now.
    pub fn content(&self, id: Id) -> &Bytes {
        match &self.nodes[id] {
            Node::File(states) => &states.last().unwrap().1,
            Node::Folder(_) => panic!("a folder is taken for a file"),
        }
    }

    /// The file or folder of this name.
    pub fn find(&self, path: &Path) -> Option<Id> {
        path.iter().try_fold(ROOT, |id, name| match &self.nodes[id] {
            Node::Folder(states) => states.last()?.1.get(&*name.to_string_lossy()).copied(),
            Node::File(_) => None,
        })
    }

    /// The folder that a name is in, which is made if need be, and the name.
    fn place(&mut self, path: &Path) -> (Id, String) {
        let parent = path.parent().unwrap_or(Path::new("")).to_path_buf();
        (self.folder(&parent), path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    /// A folder, made with those around it if it is not there.
    fn folder(&mut self, path: &Path) -> Id {
        let mut id = ROOT;
        for name in path {
            let name = name.to_string_lossy().into_owned();
            id = match self.names(id).get(&name) {
                Some(inner) => *inner,
                None => {
                    let inner = self.add(Node::Folder(vec![(self.at, Names::new())]));
                    self.rename_in(id, |names| names.insert(name, inner));
                    inner
                }
            };
        }
        id
    }

    /// Changes the names in a folder.
    fn rename_in(&mut self, id: Id, change: impl FnOnce(&mut Names) -> Option<Id>) {
        let mut names = self.names(id).clone();
        change(&mut names);
        if let Node::Folder(states) = &mut self.nodes[id] {
            states.push((self.at, names));
        }
    }

    /// Changes what is in a file, which is made if it is not there: then nothing in it is safe.
    fn write(&mut self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let id = self.find(path).unwrap_or_else(|| {
            let id = self.add(Node::File(vec![(self.at, Arc::default())]));
            let (folder, name) = self.place(path);
            self.rename_in(folder, |names| names.insert(name, id));
            id
        });
        let mut content = self.content(id).to_vec();
        change(&mut content);
        if let Node::File(states) = &mut self.nodes[id] {
            states.push((self.at, Arc::new(content)));
        }
    }

    fn take(&mut self, path: &Path) -> Option<Id> {
        let id = self.find(path)?;
        let (folder, name) = self.place(path);
        self.rename_in(folder, |names| names.remove(&name));
        Some(id)
    }

    fn give(&mut self, path: &Path, id: Id) {
        let (folder, name) = self.place(path);
        self.rename_in(folder, |names| names.insert(name, id));
    }

    /// Does what the run did.
    pub fn apply(&mut self, step: &Step) {
        self.at += 1;
        match step {
            Step::Create(path) => self.write(path, |_| {}),
            Step::Write(path, offset, bytes) => self.write(path, |content| write_at(content, *offset, bytes)),
            Step::Content(path, bytes) => self.write(path, |content| *content = bytes.to_vec()),
            Step::Truncate(path, length) => self.write(path, |content| content.resize(*length, 0)),
            Step::Sync(path) | Step::SyncFolder(path) => {
                if let Some(id) = self.find(path) {
                    self.sync(id);
                }
            }
            Step::SyncFileSystem => self.sync_all(),
            Step::Rename(from, to) => self.rename(from, to),
            Step::Exchange(a, b) => {
                if let (Some(was_a), Some(was_b)) = (self.find(a), self.find(b)) {
                    self.give(a, was_b);
                    self.give(b, was_a);
                }
            }
            Step::Link(from, to) => {
                if let Some(id) = self.find(from) {
                    self.give(to, id);
                }
            }
            Step::RemoveFile(path) => {
                self.take(path);
            }
            Step::RemoveTree(path) => self.remove_tree(path),
            Step::MakeFolder(path) => {
                self.folder(path);
            }
            Step::Landed(_) => {}
        }
    }

    /// Within a folder the old name and the new one change at once.
    fn rename(&mut self, from: &Path, to: &Path) {
        let Some(id) = self.find(from) else { return };
        let ((old_folder, old), (new_folder, new)) = (self.place(from), self.place(to));
        if old_folder == new_folder {
            self.rename_in(old_folder, |names| {
                names.remove(&old);
                names.insert(new, id)
            });
        } else {
            self.give(to, id);
            self.take(from);
        }
    }

    fn remove_tree(&mut self, path: &Path) {
        for file in self.below(path) {
            self.take(&file);
        }
        self.take(path);
    }

    /// All that is in a folder, the inner before the outer.
    pub fn below(&self, path: &Path) -> Vec<PathBuf> {
        let Some(Node::Folder(states)) = self.find(path).map(|id| &self.nodes[id]) else { return Vec::new() };
        let names: Vec<PathBuf> = states.last().unwrap().1.keys().map(|name| path.join(name)).collect();
        names.into_iter().flat_map(|inner| self.below(&inner).into_iter().chain([inner.clone()])).collect()
    }
}

/// Writes into bytes as into a file: what is skipped is zero.
fn write_at(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    content.resize(content.len().max(end), 0);
    content[offset..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(steps: &[Step]) -> Disk {
        let mut disk = Disk::new();
        disk.put(Path::new("old/kept"), Some(b"old".to_vec()));
        steps.iter().for_each(|step| disk.apply(step));
        disk
    }

    fn safe(disk: &Disk, path: &str) -> Option<Vec<u8>> {
        let id = Path::new(path).iter().try_fold(ROOT, |id, name| match &disk.nodes[id] {
            Node::Folder(states) => states.first()?.1.get(name.to_str()?).copied(),
            Node::File(_) => None,
        })?;
        match &disk.nodes[id] {
            Node::File(states) => Some(states.first()?.1.to_vec()),
            Node::Folder(_) => None,
        }
    }

    fn written(path: &str) -> [Step; 2] {
        [Step::Create(path.into()), Step::Write(path.into(), 0, Arc::new(b"new".to_vec()))]
    }

    #[test]
    fn what_was_there_before_is_safe() {
        assert_eq!(safe(&applied(&[]), "old/kept"), Some(b"old".to_vec()));
    }

    #[test]
    fn a_file_is_safe_when_it_and_its_name_are() {
        let mut steps = written("old/x").to_vec();
        assert_eq!(safe(&applied(&steps), "old/x"), None);
        steps.push(Step::SyncFolder("old".into()));
        assert_eq!(safe(&applied(&steps), "old/x"), Some(Vec::new()), "the name without the content");
        steps.push(Step::Sync("old/x".into()));
        assert_eq!(safe(&applied(&steps), "old/x"), Some(b"new".to_vec()));
        let disk = applied(&steps);
        assert_eq!(disk.content(disk.find(Path::new("old/x")).unwrap()).as_slice(), b"new");
    }

    #[test]
    fn a_new_folder_is_safe_when_the_one_around_it_is() {
        let mut steps = vec![Step::MakeFolder("a/b".into())];
        steps.extend(written("a/b/x"));
        steps.extend([Step::Sync("a/b/x".into()), Step::SyncFolder("a/b".into()), Step::SyncFolder("a".into())]);
        assert_eq!(safe(&applied(&steps), "a/b/x"), None);
        steps.push(Step::SyncFolder("".into()));
        assert_eq!(safe(&applied(&steps), "a/b/x"), Some(b"new".to_vec()));
    }

    #[test]
    fn a_name_takes_its_file_along() {
        let mut steps = written("old/.x").to_vec();
        steps.extend([Step::Sync("old/.x".into()), Step::Rename("old/.x".into(), "old/kept".into())]);
        assert_eq!(safe(&applied(&steps), "old/kept"), Some(b"old".to_vec()));
        steps.push(Step::SyncFolder("old".into()));
        assert_eq!(safe(&applied(&steps), "old/kept"), Some(b"new".to_vec()));
        assert_eq!(safe(&applied(&steps), "old/.x"), None);
    }

    #[test]
    fn what_is_removed_is_so_once_that_is_synced() {
        let mut steps = vec![Step::RemoveTree("old".into())];
        assert_eq!(safe(&applied(&steps), "old/kept"), Some(b"old".to_vec()));
        assert_eq!(applied(&steps).find(Path::new("old")), None);
        steps.push(Step::SyncFileSystem);
        assert_eq!(safe(&applied(&steps), "old/kept"), None);
    }

    #[test]
    fn folders_change_places() {
        let mut steps = written("b/x").to_vec();
        steps.push(Step::Exchange("old".into(), "b".into()));
        let disk = applied(&steps);
        assert!(disk.find(Path::new("old/x")).is_some() && disk.find(Path::new("b/kept")).is_some());
    }

    #[test]
    fn files_grow_and_shrink() {
        let steps = [Step::Write("old/kept".into(), 5, Arc::new(b"er".to_vec())), Step::Truncate("old/kept".into(), 6)];
        let disk = applied(&steps);
        assert_eq!(disk.content(disk.find(Path::new("old/kept")).unwrap()).as_slice(), b"old\0\0e");
    }
}

//! What happens to names: folders, renaming, removing, and bringing all that to disk.

use crate::faults::{self, Op, Step, planted};
use crate::open::{give_mode, options};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Makes a folder and those above it that are missing; those that it makes have this mode whatever the umask.
pub fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    make_all(path, &|path| faults::perform(&Step::new(Op::Mkdir, path).mode(mode), || make_folder(path, mode)))
}

/// Makes what is missing of a path, each folder by `make`.
pub(crate) fn make_all(path: &Path, make: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_all(parent, make)?;
    }
    match make(path) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Somebody else has filled a folder by itself (the query engine): traces take what is in it as it is there.
pub fn filled_by_others(path: &Path) -> io::Result<()> {
    if !faults::is_traced() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            faults::show(&Step::new(Op::Mkdir, &path));
            filled_by_others(&path)?;
        } else {
            faults::show(&Step::new(Op::Create, &path));
            faults::content(&path)?;
        }
    }
    Ok(())
}

pub(crate) fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(path)?;
    let is_folder = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    match OpenOptions::new().read(true).custom_flags(is_folder).open(path) {
        Ok(folder) => give_mode(&folder, mode),
        // The umask has taken the right to read it away.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            std::fs::set_permissions(path, Permissions::from_mode(mode))
        }
        Err(error) => Err(error),
    }
}

/// Brings the names in a folder to disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    if planted("no-folder-sync") {
        return Ok(());
    }
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    faults::sync(&Step::new(Op::SyncFolder, path), || File::open(path)?.sync_all())
}

/// Brings the whole file system to disk that holds a path: one wait for many files.
pub fn sync_file_system(path: &Path) -> io::Result<()> {
    if planted("no-file-sync") {
        return Ok(());
    }
    faults::sync(&Step::new(Op::SyncFileSystem, path), || {
        let file = File::open(path)?;
        #[cfg(target_os = "linux")]
        return Ok(rustix::fs::syncfs(&file)?);
        #[cfg(not(target_os = "linux"))]
        return file.sync_all();
    })
}

/// Gives a file or folder another name; what has it is replaced.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::perform(&Step::new(Op::Rename, from).to(to), || std::fs::rename(from, to))
}

/// Two files or folders change places in one step.
pub fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    faults::perform(&Step::new(Op::Exchange, a).to(b), || Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?))
}

/// Gives a file a second name, which must be free.
pub fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    faults::perform(&Step::new(Op::Link, from).to(to), || std::fs::hard_link(from, to))
}

/// Removes a file or a link.
pub fn remove_file(path: &Path) -> io::Result<()> {
    faults::perform(&Step::new(Op::RemoveFile, path), || std::fs::remove_file(path))
}

/// Removes a folder with all that is in it. Links in it go; what they lead to stays.
pub fn remove_tree(path: &Path) -> io::Result<()> {
    faults::perform(&Step::new(Op::RemoveTree, path), || std::fs::remove_dir_all(path))
}

/// Gives a file or folder these permissions. A link is refused.
pub fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    faults::perform(&Step::new(Op::SetMode, path).mode(mode), || give_mode(&options().open(path)?, mode))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn folders_that_are_there_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("outer"), folder.path().join("outer/middle/inner"));
        std::fs::create_dir(&outer).unwrap();
        std::fs::set_permissions(&outer, Permissions::from_mode(0o711)).unwrap();
        make_folders(&inner, 0o700).unwrap();
        make_folders(&inner, 0o755).unwrap();
        assert_eq!((mode(&outer), mode(inner.parent().unwrap()), mode(&inner)), (0o711, 0o700, 0o700));
        symlink(&inner, folder.path().join("link")).unwrap();
        make_folders(&folder.path().join("link"), 0o700).unwrap();
        std::fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(make_folders(&folder.path().join("file"), 0o700).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        sync_folder(&inner).unwrap();
        sync_file_system(&inner).unwrap();
    }

    #[test]
    fn a_tree_goes_and_what_its_links_lead_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, outside) = (folder.path().join("tree"), folder.path().join("outside"));
        std::fs::create_dir_all(tree.join("inner")).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("file"), "safe").unwrap();
        symlink(&outside, tree.join("inner/link")).unwrap();
        symlink(outside.join("file"), tree.join("link")).unwrap();
        remove_tree(&tree).unwrap();
        symlink(&outside, &tree).unwrap();
        // The link itself may go, or be refused.
        let _ = remove_tree(&tree);
        assert!(outside.join("file").is_file());
        assert_eq!(remove_tree(&folder.path().join("nowhere")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn names_move_change_places_and_double() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let read = |name: &str| std::fs::read_to_string(path(name)).unwrap();
        std::fs::write(path("a"), "a").unwrap();
        std::fs::write(path("b"), "b").unwrap();
        exchange(&path("a"), &path("b")).unwrap();
        assert_eq!((read("a"), read("b")), ("b".to_owned(), "a".to_owned()));
        assert_eq!(exchange(&path("a"), &path("nowhere")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(hard_link(&path("a"), &path("b")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        hard_link(&path("a"), &path("c")).unwrap();
        rename(&path("a"), &path("b")).unwrap();
        remove_file(&path("c")).unwrap();
        assert_eq!((read("b"), path("a").exists(), path("c").exists()), ("b".to_owned(), false, false));
    }

    #[test]
    fn permissions_go_to_files_and_folders_but_not_through_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        std::fs::write(&file, "").unwrap();
        symlink(&file, &link).unwrap();
        set_mode(&file, 0o640).unwrap();
        set_mode(folder.path(), 0o710).unwrap();
        assert!(set_mode(&link, 0o777).is_err());
        assert_eq!((mode(&file), mode(folder.path())), (0o640, 0o710));
    }
}

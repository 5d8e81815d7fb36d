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
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folders(parent, mode)?;
    }
    match faults::perform(&Step::new(Op::Mkdir, path).mode(mode), || make_folder(path, mode)) {
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
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

//! How files of this crate are opened: never through a planted link, and with the mode that was asked for whatever the umask.

use rustix::fs::OFlags;
use std::fs::{File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::OnceLock;

/// How the names of temporary files end.
pub(crate) const SUFFIX: &str = ".pype-tmp";

/// No link as the last part of the path, and no waiting for the other end of a pipe.
const CAREFULLY: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();

/// Options for a file of ours, readable too.
pub(crate) fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(CAREFULLY);
    options
}

/// A file that was not there before.
pub(crate) fn create_new(options: &mut OpenOptions, path: &Path, mode: u32) -> io::Result<File> {
    let file = options.create_new(true).mode(mode).open(path)?;
    match give_mode(&file, mode) {
        Ok(()) => Ok(file),
        Err(error) => {
            let _ = std::fs::remove_file(path);
            Err(error)
        }
    }
}

/// A file that may have been there; one that was keeps its mode.
pub(crate) fn open_or_create(options: &mut OpenOptions, path: &Path, mode: u32) -> io::Result<File> {
    loop {
        match options.create_new(false).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => return opened,
        }
        match create_new(options, path, mode) {
            // A dangling link is there too, and cannot be opened.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !path.is_symlink() => {}
            made => return made,
        }
    }
}

/// What the umask has taken away is given back.
pub(crate) fn give_mode(file: &File, mode: u32) -> io::Result<()> {
    if file.metadata()?.mode() & 0o7777 == mode {
        return Ok(());
    }
    file.set_permissions(Permissions::from_mode(mode))
}

/// The file is what the path names, by now too.
pub(crate) fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// `mode` less what the umask of this process takes away: for files that are the user's own.
pub fn by_umask(mode: u32) -> u32 {
    static UMASK: OnceLock<u32> = OnceLock::new();
    // Asking the system for it would set it, for all threads.
    let umask = UMASK.get_or_init(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let text = status.lines().find_map(|line| line.strip_prefix("Umask:")).unwrap_or_default();
        u32::from_str_radix(text.trim(), 8).unwrap_or(0o022)
    });
    mode & !umask
}

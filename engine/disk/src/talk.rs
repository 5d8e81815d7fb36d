//! Files that only tell: event logs, text logs, metrics, an index of runs. They are never synced and no failpoint counts them, since what they
//! say decides nothing.

use crate::folders::{make_all, make_folder};
use crate::open::{create_new, open_or_create, options};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a file, or empties the one that is there; a link is refused. One that it makes has `mode` whatever the umask.
pub fn create(path: &Path, mode: u32) -> io::Result<File> {
    let file = open_or_create(options().write(true), path, mode)?;
    file.set_len(0)?;
    Ok(file)
}

/// Opens a file to add to it, or makes it with `mode`. The path is the user's: it may be a link, a device or a pipe.
pub fn append(path: &Path, mode: u32) -> io::Result<File> {
    // Reading too: a pipe is then opened without waiting for somebody at its other end.
    open_or_create(OpenOptions::new().read(true).append(true), path, mode)
}

/// Makes a folder, and those above it that are missing, with `mode` whatever the umask.
pub fn make_folders(path: &Path, mode: u32) -> io::Result<()> {
    make_all(path, &|path| make_folder(path, mode))
}

/// Gives a file another name.
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)
}

/// Opens what is there, a device as a rule, to write to it.
pub fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// Replaces a file that only its user may read.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_as(path, bytes, 0o600)
}

/// Writes a file with `mode` beside its place and renames it: whole each time, for whoever reads it just then.
pub fn replace_as(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let beside = path.with_file_name(format!(".{name}.{}-{n}.tmp", std::process::id()));
    let written = create_new(options().write(true), &beside, mode)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        // What was never made cannot be removed.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn logs_are_begun_anew_or_added_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        create(&path, 0o600).unwrap().write_all(b"one, and more").unwrap();
        create(&path, 0o600).unwrap().write_all(b"two").unwrap();
        append(&path, 0o600).unwrap().write_all(b"three").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "twothree");
        open(Path::new("/dev/null")).unwrap().write_all(b"x").unwrap();
    }

    #[test]
    fn a_log_of_ours_is_no_link_and_one_of_the_user_may_be() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("log"), folder.path().join("other"));
        std::fs::write(&other, "safe").unwrap();
        symlink(&other, &path).unwrap();
        assert!(create(&path, 0o600).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "safe");
        append(&path, 0o600).unwrap().write_all(b"!").unwrap();
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "safe!");
    }

    #[test]
    fn what_is_replaced_is_whole_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("numbers");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert!(replace(folder.path(), b"x").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

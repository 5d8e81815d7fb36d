//! Files without a name: they go with whoever holds them, however that dies.

use rustix::fs::{Mode, OFlags};
use std::fs::File;
use std::io;
use std::path::Path;

/// A file for reading and writing that has no name, on the file system of `folder`. Nothing of it is ever durable.
///
/// # Errors
/// What the system says; where it knows no files without a name, one is made and its name removed.
pub fn scratch_file(folder: &Path) -> io::Result<File> {
    let mode = Mode::from_raw_mode(0o600);
    match rustix::fs::open(folder, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode) {
        Ok(file) => Ok(file.into()),
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR | rustix::io::Errno::INVAL) => {
            let path = folder.join(format!(".scratch.{}.pype-tmp", std::process::id()));
            let file = File::options().read(true).write(true).create_new(true).open(&path)?;
            std::fs::remove_file(&path)?;
            Ok(file)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn it_holds_bytes_and_has_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let file = scratch_file(folder.path()).unwrap();
        file.write_all_at(b"abc", 10).unwrap();
        let mut bytes = [0; 3];
        file.read_exact_at(&mut bytes, 10).unwrap();
        assert_eq!((&bytes, std::fs::read_dir(folder.path()).unwrap().count()), (b"abc", 0));
    }
}

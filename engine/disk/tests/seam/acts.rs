//! What the processes of these tests do.

use pypeline_disk::{AppendFile, Lock, NewFile, Publish, faults, make_folders, remove_leftover, replace, sync_folder};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Run by other tests with an act in the environment; by itself it does nothing.
#[test]
fn child() {
    let Some(act) = std::env::var_os("DISK_ACT") else { return };
    let folder = PathBuf::from(std::env::var_os("DISK_FOLDER").unwrap());
    let said = |text: &str| std::fs::write(folder.join("said"), text).unwrap();
    if let Err(error) = faults::arm_from_env() {
        said(&error);
        panic!("{error}");
    }
    let ended = match act.to_str().unwrap() {
        "publish" => publish(&folder),
        "foreign" => foreign(&folder),
        "copy" => copy(&folder),
        "filled" => filled(&folder),
        "append" => append(&folder),
        "modes" => modes(&folder),
        "umask" => umask(&folder),
        "beside" => NewFile::beside(&folder.join("out"), "second", 0o600).map(drop),
        "lock" => Lock::take(&folder.join("lock"), Duration::ZERO).map(drop).map_err(std::io::Error::other),
        "leftover" => remove_leftover(&folder.join("leftover")).map(drop),
        act => panic!("{act}?"),
    };
    match ended {
        Ok(()) => said(""),
        Err(error) => said(&error.raw_os_error().map_or(error.to_string(), |number| format!("os error {number}"))),
    }
}

/// Operations: 1 create, 2 and 3 write, 4 sync, 5 rename, 6 `sync_folder`.
fn publish(folder: &Path) -> Result<()> {
    let target = folder.join("out");
    faults::mark(|| "begin out@1".to_owned());
    let mut file = NewFile::beside(&target, "t", 0o640)?;
    file.write_all(b"hello ")?;
    file.write_all(b"world")?;
    file.sync()?;
    faults::mark(|| "written out@1".to_owned());
    file.publish(&target, Publish::Replace)?;
    sync_folder(folder)?;
    faults::mark(|| "landed out@1".to_owned());
    Ok(())
}

/// The file is written through its path, and even replaced, by somebody who knows nothing of this crate.
fn foreign(folder: &Path) -> Result<()> {
    let target = folder.join("out");
    let mut file = NewFile::beside(&target, "t", 0o640)?;
    std::fs::write(folder.join("other"), "of others")?;
    std::fs::rename(folder.join("other"), file.path())?;
    file.written_by_others()?;
    file.write_all(b", and more")?;
    file.sync()?;
    file.publish(&target, Publish::New)
}

/// What is there already, a line, and some of it once more. Operations: 1 create, 2 to 4 write, 5 rename.
fn copy(folder: &Path) -> Result<()> {
    let target = folder.join("out");
    let mut old = std::fs::File::open(&target)?;
    let mut file = NewFile::beside(&target, "t", 0o640)?;
    file.copy_from(&mut old, 3)?;
    file.write_all(b"\n")?;
    std::io::Seek::rewind(&mut old)?;
    file.copy_from(&mut old, 2)?;
    assert!(file.copy_from(&mut old, 2).is_err(), "there is one byte more");
    file.publish(&target, Publish::Replace)
}

/// Folders and files that somebody has made who knows nothing of this crate.
fn filled(folder: &Path) -> Result<()> {
    let new = folder.join("new");
    make_folders(&new, 0o755)?;
    std::fs::create_dir(new.join("a=1"))?;
    std::fs::write(new.join("a=1/rows"), "1\n")?;
    pypeline_disk::filled_by_others(&new)?;
    pypeline_disk::rename(&new, &folder.join("out"))
}

fn append(folder: &Path) -> Result<()> {
    let mut file = AppendFile::create(&folder.join("log"), 0o600)?;
    let syncer = file.syncer()?;
    file.write_all(b"one\n")?;
    std::thread::scope(|scope| scope.spawn(|| syncer.sync()).join().unwrap())?;
    file.write_all(b"two\n")?;
    file.truncate(4)
}

/// What is the user's own is as the umask says.
fn umask(folder: &Path) -> Result<()> {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
    replace(&folder.join("out"), b"text", pypeline_disk::by_umask(0o666), false)
}

/// Each mode under a umask that takes away too much, and one that takes away nothing.
fn modes(folder: &Path) -> Result<()> {
    for umask in [0o777, 0] {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        let name = |name: &str| folder.join(format!("{name}.{umask:o}"));
        make_folders(&name("folder").join("inner"), 0o750)?;
        replace(&name("replaced"), b"text", 0o644, true)?;
        AppendFile::create(&name("appended"), 0o640)?;
        drop(Lock::take(&name("lock"), Duration::ZERO).map_err(std::io::Error::other)?);
        pypeline_disk::talk::replace(&name("told"), b"text")?;
        pypeline_disk::talk::create(&name("created"), 0o600)?;
    }
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    Ok(())
}

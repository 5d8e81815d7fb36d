//! A disk of any size for one trial, which no other process sees: a file system in memory, mounted in a name space of its own.

use crate::support::attempt::Attempt;
use crate::support::process;
use crate::support::trial::Trial;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// Says on the error output, which no test runner swallows, where a test cannot be done.
pub fn may_mount(name: &str) -> bool {
    let script = "mount -t tmpfs -o size=64k t /mnt && command -v nsenter";
    let tried = Command::new("unshare").args(["-m", "sh", "-c", script]).output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        let said = format!("SKIPPED: {name}: this needs `unshare -m`, `mount` and `nsenter`, and so to be root\n");
        // Where even that cannot be written, there is nobody to read it.
        let _ = std::io::stderr().write_all(said.as_bytes());
    }
    may
}

/// What a disk can hold beside what lies there at the start.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub kilobytes: usize,
    pub inodes: usize,
}

/// Options of a disk with room for everything.
const LARGE: &str = "size=100m,nr_inodes=20000";

/// The disk on which a trial's project lies; it goes when this is dropped.
pub struct Disk {
    /// Holds the name space.
    holder: Child,
    project: PathBuf,
}

impl Disk {
    /// Moves the project of a trial to a disk on which there is so much room for more.
    pub fn mount(trial: &Trial<'_>, room: Room) -> Result<Self, String> {
        let project = trial.project();
        let (from, to) = (trial.root().join("before"), project.display());
        let used = |what: &str| format!("$(df -k --output={what} '{to}' | tail -n 1)");
        let script = format!(
            "cp -a '{to}' '{from}' && mount -t tmpfs -o {LARGE} t '{to}' && cp -a '{from}/.' '{to}/' \
             && mount -o remount,size=$(({} + {}))k,nr_inodes=$(({} + {})) '{to}' && echo ready && exec sleep 600",
            used("used"),
            room.kilobytes,
            used("iused"),
            room.inodes,
            from = from.display(),
        );
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut holder = command.spawn().map_err(|error| format!("unshare: {error}"))?;
        let mut line = String::new();
        let said = holder.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        let disk = Self { holder, project };
        match line.trim() {
            "ready" => Ok(disk),
            other => Err(format!("no disk with {room:?}: {other} {said:?}")),
        }
    }

    /// Where the project is to be seen from outside.
    pub fn seen(&self) -> PathBuf {
        let inside = self.project.strip_prefix("/").unwrap_or(&self.project);
        PathBuf::from(format!("/proc/{}/root", self.holder.id())).join(inside)
    }

    /// Runs pype there.
    pub fn pype(&self, trial: &Trial<'_>, args: &[&str]) -> Attempt {
        let id = self.holder.id().to_string();
        let script = format!("cd '{}' && exec \"$@\"", self.project.display());
        let (mut command, files) = trial.prefixed(&["nsenter", "-t", &id, "-m", "sh", "-c", &script, "sh"], "", args);
        let begun = Instant::now();
        let end = process::run(&mut command);
        trial.ended(&files, "", args, end, begun)
    }

    /// Gives the disk all the room that may be wanted.
    pub fn enlarge(&self) -> Result<(), String> {
        self.run(&format!("mount -o remount,{LARGE} '{}'", self.project.display()))
    }

    /// Nothing can be written to a folder of the project.
    pub fn bind_read_only(&self, folder: &str) -> Result<(), String> {
        let path = self.project.join(folder);
        let path = path.display();
        self.run(&format!("mount --bind '{path}' '{path}' && mount -o remount,bind,ro '{path}'"))
    }

    /// It can again.
    pub fn unbind(&self, folder: &str) -> Result<(), String> {
        self.run(&format!("umount '{}'", self.project.join(folder).display()))
    }

    fn run(&self, script: &str) -> Result<(), String> {
        let id = self.holder.id().to_string();
        let output = Command::new("nsenter").args(["-t", &id, "-m", "sh", "-c", script]).output();
        let output = output.map_err(|error| format!("nsenter: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may have ended by itself: then the disk is gone too.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

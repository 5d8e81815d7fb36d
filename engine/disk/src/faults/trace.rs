//! What tests see of a process's operations: a log of one line each, and a trace with their content, from which every state of
//! the disk can be made that a failing machine may leave.

use super::Step;
use serde_json::{Map, Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Lines `N OPERATION PATH [TO]`, `mark TEXT` and `fired ORDER`, each written at once: a process that is killed leaves whole lines.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        OpenOptions::new().append(true).create(true).open(path).map(Self)
    }

    pub(super) fn operation(&mut self, n: u64, step: &Step<'_>) {
        let to = step.to.map(|to| format!(" {}", absolute(to).display())).unwrap_or_default();
        self.line(&format!("{n} {} {}{to}", step.op.name(), absolute(step.path).display()));
    }

    pub(super) fn line(&mut self, text: &str) {
        // A test that misses lines sees that by itself.
        let _ = self.0.write_all(format!("{}\n", text.replace('\n', " ")).as_bytes());
    }
}

/// What the trace is told, after it has happened.
#[derive(Debug)]
pub(super) enum Event<'a> {
    Step(&'a Step<'a>),
    Write { path: &'a Path, offset: u64, bytes: &'a [u8] },
    Content { path: &'a Path, bytes: &'a [u8] },
    Mark(&'a str),
}

/// `ops.jsonl` in a folder, with the bytes in files beside it.
#[derive(Debug)]
pub(super) struct Trace {
    folder: PathBuf,
    lines: File,
    n: u64,
}

impl Trace {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let lines = OpenOptions::new().append(true).create(true).open(folder.join("ops.jsonl"))?;
        Ok(Self { folder: folder.to_path_buf(), lines, n: 0 })
    }

    pub(super) fn put(&mut self, event: &Event<'_>) {
        self.n += 1;
        let mut line = Map::new();
        line.insert("n".into(), json!(self.n));
        match event {
            Event::Step(step) => {
                line.insert("op".into(), json!(step.op.name()));
                line.insert("path".into(), of(step.path));
                line.extend(step.to.map(|to| ("to".to_owned(), of(to))));
                line.extend(step.len.map(|len| ("len".to_owned(), json!(len))));
                line.extend(step.mode.map(|mode| ("mode".to_owned(), json!(mode))));
            }
            Event::Write { path, offset, bytes } => {
                line.insert("op".into(), json!("write"));
                line.insert("path".into(), of(path));
                line.insert("offset".into(), json!(offset));
                line.insert("len".into(), json!(bytes.len()));
                line.insert("blob".into(), self.blob(bytes));
            }
            Event::Content { path, bytes } => {
                line.insert("op".into(), json!("content"));
                line.insert("path".into(), of(path));
                line.insert("len".into(), json!(bytes.len()));
                line.insert("blob".into(), self.blob(bytes));
            }
            Event::Mark(text) => {
                line.insert("op".into(), json!("mark"));
                line.insert("text".into(), json!(text));
            }
        }
        // A test that misses lines sees that by itself.
        let _ = self.lines.write_all(format!("{}\n", Value::Object(line)).as_bytes());
    }

    /// The process is in the name: others may write to the same folder, one after another.
    fn blob(&self, bytes: &[u8]) -> Value {
        let name = format!("{}-{}.bin", std::process::id(), self.n);
        match std::fs::write(self.folder.join(&name), bytes) {
            Ok(()) => json!(name),
            Err(_) => Value::Null,
        }
    }
}

fn of(path: &Path) -> Value {
    json!(absolute(path).to_string_lossy())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

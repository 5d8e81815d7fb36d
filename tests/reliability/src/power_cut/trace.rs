//! The durable operations of a run, in the order of their effects, with what was written: `PYPE_FAULT_TRACE` makes it.

use crate::support::tree::Tree;
use serde_json::Value;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Bytes that several states share.
pub type Bytes = Arc<Vec<u8>>;

/// One operation on paths below the root of the trial, or a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Create(PathBuf),
    Write(PathBuf, usize, Bytes),
    /// All that others have written to a file.
    Content(PathBuf, Bytes),
    Truncate(PathBuf, usize),
    Sync(PathBuf),
    SyncFolder(PathBuf),
    SyncFileSystem,
    Rename(PathBuf, PathBuf),
    Exchange(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    RemoveFile(PathBuf),
    RemoveTree(PathBuf),
    MakeFolder(PathBuf),
    /// A sub flow has landed.
    Landed(String),
}

/// Reads the trace in a folder; what happened outside `root` is left out.
///
/// # Errors
/// A line that is not understood.
pub fn read(folder: &Path, root: &Path) -> Result<Vec<Step>, String> {
    let path = folder.join("ops.jsonl");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut steps = Vec::new();
    let lines: Result<Vec<Value>, String> =
        text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))).collect();
    let lines = lines?;
    for (at, line) in lines.iter().enumerate() {
        let blob = |name: &str| std::fs::read(folder.join(name)).map_err(|error| format!("{name}: {error}"));
        if line["op"] == "sync_file_system" {
            steps.extend(written_by_others(line, &lines[at..], root));
        }
        if let Some(step) = step(line, root, &blob).map_err(|wrong| format!("{line}: {wrong}"))? {
            steps.push(step);
        }
    }
    Ok(steps)
}

/// The query engine fills folders of partitions by itself, before the whole file system is synced: what it wrote is taken from
/// where the folder lies in the end.
fn written_by_others(sync: &Value, rest: &[Value], root: &Path) -> Vec<Step> {
    let path = &sync["path"];
    let is_move = |line: &&Value| ["rename", "exchange"].iter().any(|op| line["op"] == **op) && line["path"] == *path;
    let target = rest.iter().find(is_move).and_then(|line| line["to"].as_str());
    let Some((target, beside)) = target.zip(path.as_str().and_then(|path| below(root, path))) else {
        return Vec::new();
    };
    let files = Tree::read(Path::new(target)).0.into_iter();
    files.filter_map(|(file, content)| Some(Step::Content(beside.join(file), Arc::new(content?)))).collect()
}

type Blob<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

fn step(line: &Value, root: &Path, blob: Blob<'_>) -> Result<Option<Step>, String> {
    let text = |key: &str| line[key].as_str().ok_or_else(|| format!("no `{key}`"));
    let number = |key: &str| line[key].as_u64().map(|n| n as usize).ok_or_else(|| format!("no `{key}`"));
    let bytes = || blob(text("blob")?).map(Arc::new);
    let op = text("op")?;
    match op {
        // Only sub flows have a place: `load@3`.
        "mark" => {
            let of = text("text")?.strip_prefix("landed ").filter(|of| of.contains('@'));
            return Ok(of.map(|of| Step::Landed(of.to_owned())));
        }
        "sync_file_system" => return Ok(Some(Step::SyncFileSystem)),
        "set_mode" => return Ok(None),
        _ => {}
    }
    let Some(path) = below(root, text("path")?) else { return Ok(None) };
    let to = || text("to").map(|to| below(root, to));
    Ok(Some(match op {
        "create" | "lock" => Step::Create(path),
        "write" => Step::Write(path, number("offset")?, bytes()?),
        "content" => Step::Content(path, bytes()?),
        "truncate" => Step::Truncate(path, number("len")?),
        "sync" => Step::Sync(path),
        "sync_folder" => Step::SyncFolder(path),
        "remove_file" => Step::RemoveFile(path),
        "remove_tree" => Step::RemoveTree(path),
        "mkdir" => Step::MakeFolder(path),
        "rename" | "exchange" | "link" => {
            let to = to()?.ok_or("it leads out of the trial")?;
            match op {
                "rename" => Step::Rename(path, to),
                "exchange" => Step::Exchange(path, to),
                _ => Step::Link(path, to),
            }
        }
        _ => return Err("an unknown operation".to_owned()),
    }))
}

/// A path relative to the root, if it lies there.
fn below(root: &Path, path: &str) -> Option<PathBuf> {
    let below = Path::new(path).strip_prefix(root).ok()?;
    let mut plain = PathBuf::new();
    for part in below.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => drop(plain.pop()),
            _ => {}
        }
    }
    Some(plain)
}

#[test]
fn a_trace_is_read() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("2.bin"), "abc").unwrap();
    let lines = [
        r#"{"n":1,"op":"create","path":"/r/a/./x"}"#,
        r#"{"n":2,"op":"write","path":"/r/a/x","offset":4,"len":3,"blob":"2.bin"}"#,
        r#"{"n":3,"op":"rename","path":"/r/a/x","to":"/r/b/../y"}"#,
        r#"{"n":4,"op":"mark","text":"begin load@"}"#,
        r#"{"n":5,"op":"mark","text":"landed load@"}"#,
        r#"{"n":6,"op":"sync","path":"/elsewhere"}"#,
    ];
    std::fs::write(folder.path().join("ops.jsonl"), lines.join("\n")).unwrap();
    let steps = read(folder.path(), Path::new("/r")).unwrap();
    let x = PathBuf::from("a/x");
    let expected = [
        Step::Create(x.clone()),
        Step::Write(x.clone(), 4, Arc::new(b"abc".to_vec())),
        Step::Rename(x, "y".into()),
        Step::Landed("load@".into()),
    ];
    assert_eq!(steps, expected);
    std::fs::write(folder.path().join("ops.jsonl"), r#"{"op":"write","path":"/r/x"}"#).unwrap();
    assert!(read(folder.path(), Path::new("/r")).unwrap_err().contains("no `offset`"));
}

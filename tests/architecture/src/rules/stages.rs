//! The two stages of the engine, `build` and `run`, share a file format and nothing else; and the scheduler is pure, so
//! that its tests need neither threads nor clocks.

use super::cycles::module_of;
use crate::paths::{Path, paths};
use crate::tokens::tokens;
use crate::tree::File;

/// What the scheduler must not reach.
const IMPURE: [&[&str]; 4] = [&["tokio"], &["std", "fs"], &["std", "time"], &["std", "net"]];

/// Places in one stage that name the other.
pub fn separation(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for (stage, other) in [("build", "run"), ("run", "build")] {
        let place = format!("engine/src/{stage}");
        let mut of_stage = files.iter().filter(|file| file.is_within(&place)).peekable();
        if of_stage.peek().is_none() {
            found.push(format!("{place} has no files"));
        }
        for file in of_stage {
            let module = module_of("engine/src", file).unwrap_or_default();
            let leads_over = |path: &Path| {
                path.from_root(&module).is_some_and(|path| path.first().is_some_and(|name| name == other))
            };
            for path in paths(&tokens(&file.text)).iter().filter(|path| leads_over(path)) {
                found.push(format!("{}:{} names {}", file.path, path.line, path.segments.join("::")));
            }
        }
    }
    found
}

/// Places in the scheduler that name files, clocks, sockets or the async runtime.
pub fn scheduling(files: &[File]) -> Vec<String> {
    let is_scheduler = |file: &&File| {
        let module = module_of("engine/src", file).unwrap_or_default();
        module.iter().any(|name| name == "scheduling")
    };
    let mut scheduler = files.iter().filter(is_scheduler).peekable();
    let mut found = Vec::new();
    if scheduler.peek().is_none() {
        found.push("engine/src has no module `scheduling`".to_owned());
    }
    let is_impure = |path: &Path| {
        IMPURE
            .iter()
            .any(|impure| path.segments.len() >= impure.len() && path.segments.iter().zip(*impure).all(|(a, b)| a == b))
    };
    for file in scheduler {
        for path in paths(&tokens(&file.text)).iter().filter(|path| is_impure(path)) {
            found.push(format!("{}:{} names {}", file.path, path.line, path.segments.join("::")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_that_sees_the_other_is_found() {
        let run = File::new("engine/src/run/job.rs", "use super::prepare;\nuse super::super::build::plan;");
        let build = File::new("engine/src/build.rs", "fn a() { crate::run::b() }");
        assert_eq!(
            separation(&[run, build]),
            ["engine/src/build.rs:1 names crate::run::b", "engine/src/run/job.rs:2 names super::super::build::plan"]
        );
    }

    #[test]
    fn a_stage_without_files_is_found() {
        assert_eq!(separation(&[]).len(), 2);
    }

    #[test]
    fn an_impure_scheduler_is_found() {
        let of = |text| scheduling(&[File::new("engine/src/scheduling/gate.rs", text)]);
        assert_eq!(of("use std::{collections::BTreeMap, fs, time::Instant};").len(), 2);
        assert_eq!(of("async fn a() { tokio::task::yield_now().await }").len(), 1);
        assert_eq!(of("// std::fs\nuse std::collections::BTreeMap;"), [""; 0]);
        assert_eq!(scheduling(&[]).len(), 1);
    }
}

//! Looking at flows without running them: pictures and dry runs, of a flow as it is written and of its job folder alike.

mod dry_run;
mod graph;

use crate::support::Project;
use std::path::Path;

/// A copy of a flow of `jobs/`, with its data, in a project of its own.
fn sample(name: &str) -> Project {
    let project = Project::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs").join(name);
    let mut left = vec![root.clone()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let to = path.strip_prefix(&root).unwrap().display().to_string();
            // What somebody has built and run there is no part of it.
            if ["jobs", "out", ".pype"].contains(&to.as_str()) {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else {
                project.copy(&path, &to);
            }
        }
    }
    project
}

/// All files of a project with their content: what a command that only looks must leave as it was.
fn everything(project: &Project) -> Vec<(String, Vec<u8>)> {
    let files = project.files(".").into_iter();
    files.map(|name| (name.clone(), std::fs::read(project.path(&name)).unwrap())).collect()
}

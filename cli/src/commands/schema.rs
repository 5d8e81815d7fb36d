//! `pype schema`: what editors complete and check flows with. `pype init` puts it where the modeline of a flow looks for it.

use super::project_here;
use crate::args::{Global, Output, SchemaArgs};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_disk::{by_umask, make_folders, replace};
use pypeline_engine::flow_schema::{self, FlowSchema, PLACE};
use pypeline_engine::project::Project;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Prints the schema, or writes it to a file.
pub fn schema(global: &Global, args: &SchemaArgs) -> Result<u8, Failure> {
    let found = find(&project_here(global))?;
    match &args.out {
        None => render::json(&found.schema),
        Some(path) => {
            write(path, &found)?;
            if global.output == Output::Json {
                render::json(&json!({"written": path, "modules": found.modules}));
            } else {
                let modules = render::count(found.modules.len(), "module");
                render::line(&format!("wrote {} ({modules})", path.display()));
            }
        }
    }
    Ok(Exit::Success as u8)
}

/// Writes the schema of a project to its place in it.
pub(super) fn put(project: &Project) -> Result<PathBuf, Failure> {
    let path = project.root().join(PLACE);
    let ignore = path.with_file_name(".gitignore");
    let found = find(project)?;
    write(&path, &found)?;
    if !ignore.exists() {
        let written = replace(&ignore, b"*\n", by_umask(0o666), true);
        written.map_err(|error| cannot_write(&ignore, &error))?;
    }
    Ok(path)
}

fn find(project: &Project) -> Result<FlowSchema, Failure> {
    let found = flow_schema::of_project(project)?;
    for error in &found.broken {
        render::warning(&error.to_string());
    }
    if found.modules.is_empty() {
        render::warning("no plugin library on the search path: the schema takes any module");
    }
    Ok(found)
}

fn write(path: &Path, found: &FlowSchema) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(&found.schema).unwrap_or_default() + "\n";
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let write = folder
        .map_or(Ok(()), |folder| make_folders(folder, by_umask(0o777)))
        .and_then(|()| replace(path, text.as_bytes(), by_umask(0o666), true));
    write.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display()))
}

//! `pype init`: the file that marks a project's root, and the schema that editors check its flows with.

use super::schema;
use crate::args::{Global, InitArgs, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_disk::{by_umask, make_folders, replace};
use pypeline_engine::flow_schema::{MODELINE, PLACE};
use pypeline_engine::project::{MARKER, Project};
use serde_json::json;

const CONTENT: &str = "\
# The root of a pype project: relative paths in flows start here, jobs are built into jobs/, plugins are looked for in modules/.
";

/// Makes a folder a project; the mark of one that is there already stays as it is. Its schema is written anew.
pub fn init(global: &Global, args: &InitArgs) -> Result<u8, Failure> {
    let marker = args.folder.join(MARKER);
    let is_new = !marker.exists();
    if is_new {
        let write = make_folders(&args.folder, by_umask(0o777))
            .and_then(|()| replace(&marker, CONTENT.as_bytes(), by_umask(0o666), true));
        write.map_err(|error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", marker.display())))?;
    }
    let schema = schema::put(&Project::at(&args.folder))?;
    if global.output == Output::Json {
        render::json(&json!({"project": args.folder, "created": is_new, "schema": schema}));
    } else {
        let word = if is_new { "made" } else { "is there already:" };
        render::line(&format!("{word} {}", marker.display()));
        render::line(&format!("wrote {}; let flows begin with `{MODELINE}`", args.folder.join(PLACE).display()));
    }
    Ok(Exit::Success as u8)
}

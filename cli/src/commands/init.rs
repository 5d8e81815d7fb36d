//! `pype init`: the file that marks a project's root.

use crate::args::{Global, InitArgs, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_disk::{by_umask, make_folders, replace};
use pypeline_engine::project::MARKER;
use serde_json::json;

const CONTENT: &str = "\
# The root of a pype project: relative paths in flows start here, jobs are built into jobs/, plugins are looked for in modules/.
";

/// Makes a folder a project; one that is there already stays as it is.
pub fn init(global: &Global, args: &InitArgs) -> Result<u8, Failure> {
    let marker = args.folder.join(MARKER);
    let is_new = !marker.exists();
    if is_new {
        let write = make_folders(&args.folder, by_umask(0o777))
            .and_then(|()| replace(&marker, CONTENT.as_bytes(), by_umask(0o666), true));
        write.map_err(|error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", marker.display())))?;
    }
    if global.output == Output::Json {
        render::json(&json!({"project": args.folder, "created": is_new}));
    } else {
        let word = if is_new { "made" } else { "is there already:" };
        render::line(&format!("{word} {}", marker.display()));
    }
    Ok(Exit::Success as u8)
}

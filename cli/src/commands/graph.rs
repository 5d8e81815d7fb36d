//! `pype graph`: a picture of a flow or a job.

use super::subject::{self, Subject};
use crate::args::{Global, GraphArgs, GraphForm, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_disk::{by_umask, make_folders, replace};
use pypeline_engine::graph::{self, Form};
use std::path::Path;

/// Draws a flow or a job.
pub fn graph(global: &Global, args: &GraphArgs) -> Result<u8, Failure> {
    let Subject { dag, metadata, .. } = match subject::find(global, &args.subject)? {
        Ok(subject) => subject,
        Err(exit) => return Ok(exit),
    };
    let form = match args.format {
        // Who asks for JSON and for no picture gets data.
        GraphForm::Ascii if global.output == Output::Text => Some(Form::Ascii),
        GraphForm::Ascii | GraphForm::Json => None,
        GraphForm::Dot => Some(Form::Dot),
        GraphForm::Mermaid => Some(Form::Mermaid),
        GraphForm::Svg => Some(Form::Svg),
    };
    let text = match form {
        Some(form) => graph::draw(&dag, &metadata, form, args.full),
        None => format!("{:#}\n", graph::data(&dag, &metadata)),
    };
    match &args.out {
        None => render::text(&text),
        Some(path) => {
            write(path, &text)
                .map_err(|error| Failure::new(Exit::Failed, format!("cannot write `{}`: {error}", path.display())))?;
            render::talk(&format!("wrote {}", path.display()));
        }
    }
    Ok(Exit::Success as u8)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_folders(folder, by_umask(0o777))?;
    }
    replace(path, text.as_bytes(), by_umask(0o666), false)
}

//! The context whose values stand in for templates while columns are looked at: nothing of it is written anywhere.

use crate::job_folder::JobFolder;
use serde_json::{Map, Value};
use std::path::PathBuf;

/// The context that was asked for cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("context file `{}`: {why}", .path.display())]
pub struct ContextError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// Values of the named context, which must be there, else of the default one, if a build has written one before.
pub fn context_values(folder: &JobFolder, name: Option<&str>) -> Result<Map<String, Value>, ContextError> {
    let path = folder.context(name.unwrap_or("default"));
    let read = || -> Result<Map<String, Value>, String> {
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| format!("it is not a JSON object: {error}"))
    };
    match (read(), name) {
        (Ok(values), _) => Ok(values),
        // Whether the default one can be read is told where it is written.
        (Err(_), None) => Ok(Map::new()),
        (Err(why), Some(_)) => Err(ContextError { path, why }),
    }
}

//! The context whose values stand in for templates while a flow is checked: nothing of it is written anywhere.

use super::BuildError;
use crate::job_folder::JobFolder;
use serde_json::{Map, Value};

/// Values of the named context, which must be there, else of the default one, if a build has written one before.
pub(super) fn values(folder: Option<&JobFolder>, name: Option<&str>) -> Result<Map<String, Value>, BuildError> {
    let Some(folder) = folder else { return Ok(Map::new()) };
    let path = folder.context(name.unwrap_or("default"));
    let read = || -> Result<Map<String, Value>, String> {
        let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| format!("it is not a JSON object: {error}"))
    };
    match (read(), name) {
        (Ok(values), _) => Ok(values),
        // Whether the default one can be read is told where it is written.
        (Err(_), None) => Ok(Map::new()),
        (Err(why), Some(_)) => Err(BuildError::Context { path, why }),
    }
}

//! Whatever any test builds is what the committed JSON Schemas of the job's files say.

use jsonschema::{Draft, Validator};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A committed schema.
pub fn schema(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A validator of the draft that our schemas are written in.
pub fn validator(schema: &Value) -> Validator {
    jsonschema::options().with_draft(Draft::Draft202012).build(schema).unwrap()
}

/// Looks at the job folder that a `pype build`, run in `folder`, says it has made.
#[track_caller]
pub fn check(said: &str, folder: &Path) {
    let job = folder.join(job_folder(said));
    let name = |suffix: &str| {
        let is_it = |path: &PathBuf| path.display().to_string().ends_with(suffix);
        let entries = std::fs::read_dir(&job).unwrap_or_else(|error| panic!("{}: {error}\n{said}", job.display()));
        entries.map(|entry| entry.unwrap().path()).find(is_it).unwrap_or_else(|| panic!("no {suffix} in {job:?}"))
    };
    static SCHEMAS: OnceLock<[(&str, Validator); 2]> = OnceLock::new();
    let schemas = SCHEMAS.get_or_init(|| {
        [("_dag.json", "dag"), ("_execution_metadata.json", "execution_metadata")]
            .map(|(file, format)| (file, validator(&schema(&format!("{format}.schema.json")))))
    });
    for (suffix, validator) in schemas {
        let path = name(suffix);
        let built: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&built).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    }
}

/// From the result, as text or JSON.
fn job_folder(said: &str) -> String {
    if let Ok(result) = serde_json::from_str::<Value>(said) {
        return result["job_folder"].as_str().unwrap().to_owned();
    }
    let line =
        said.lines().find_map(|line| line.strip_prefix("built ")).unwrap_or_else(|| panic!("built what?\n{said}"));
    line.rsplit_once(" (").unwrap().0.to_owned()
}

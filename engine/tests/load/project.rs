//! A project for one test, without any module.

use pypeline_engine::build;
use pypeline_engine::diagnostics::Diagnostics;
use pypeline_engine::project::Project;
use std::path::PathBuf;

/// A folder with files.
pub struct Files(tempfile::TempDir);

impl Files {
    /// Files with their contents.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Self(folder)
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is said of one of them.
    pub fn validate(&self, name: &str) -> Diagnostics {
        build::validate(&Project::at(self.0.path()), &self.path(name), &build::Options::default()).unwrap().diagnostics
    }

    /// What is said of one of them: code, file, line, column, in the order of their places.
    pub fn findings(&self, name: &str) -> Vec<(&'static str, String, u32, u32)> {
        let diagnostics = self.validate(name);
        let place = |span: &pypeline_engine::diagnostics::Span| (span.line, span.col);
        let finding = |item: &&pypeline_engine::diagnostics::Diagnostic| {
            let file = diagnostics.file_of(item).rsplit_once(self.0.path().to_str().unwrap()).unwrap().1;
            let (line, col) = item.span.as_ref().map_or((0, 0), place);
            (item.code.as_str(), file.trim_start_matches('/').to_owned(), line, col)
        };
        diagnostics.sorted().iter().map(finding).collect()
    }
}

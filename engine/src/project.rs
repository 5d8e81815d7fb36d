//! Where a project is, and what a relative path means.

use std::path::{Path, PathBuf};

/// Name of the file that marks a project's root.
pub const MARKER: &str = "pype.toml";

/// A project: the folder that relative paths of configurations start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    root: PathBuf,
}

impl Project {
    /// The project of a flow file or job folder: `explicit` if given, else `PYPE_PROJECT`, else the nearest folder above
    /// `subject` that holds a `pype.toml`, else the folder of `subject`.
    pub fn locate(explicit: Option<&Path>, subject: &Path) -> Self {
        let from_env = || std::env::var_os("PYPE_PROJECT").filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = explicit.map(Path::to_path_buf).or_else(from_env).unwrap_or_else(|| Self::around(subject));
        Self { root: std::path::absolute(&root).unwrap_or(root) }
    }

    /// The project of a job folder: as [`locate`](Self::locate), but without a `pype.toml` it is the folder that holds the
    /// `jobs/` in which `pype build` put the job.
    pub fn locate_job(explicit: Option<&Path>, job: &Path) -> Self {
        let job = std::path::absolute(job).unwrap_or_else(|_| job.to_path_buf());
        let project = Self::locate(explicit, &job.join("job"));
        let jobs = job.parent().filter(|parent| parent.file_name().is_some_and(|name| name == "jobs"));
        match jobs.and_then(Path::parent) {
            Some(root) if project.root == job => Self { root: root.to_path_buf() },
            _ => project,
        }
    }

    /// A project at a known folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { root: std::path::absolute(&root).unwrap_or(root) }
    }

    fn around(subject: &Path) -> PathBuf {
        let subject = std::path::absolute(subject).unwrap_or_else(|_| subject.to_path_buf());
        let folder = subject.parent().unwrap_or(&subject);
        folder.ancestors().find(|folder| folder.join(MARKER).is_file()).unwrap_or(folder).to_path_buf()
    }

    /// The root folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where `pype build` writes jobs.
    pub fn jobs(&self) -> PathBuf {
        self.root.join("jobs")
    }

    /// The project's own plugins.
    pub fn modules(&self) -> PathBuf {
        self.root.join("modules")
    }

    /// The registry file.
    pub fn registry(&self) -> PathBuf {
        self.modules().join("ModRegistry.json")
    }

    /// A path of a configuration.
    pub fn resolve(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_marker_wins_then_the_flows_folder() {
        let folder = tempfile::tempdir().unwrap();
        let flows = folder.path().join("flows/daily");
        std::fs::create_dir_all(&flows).unwrap();
        assert_eq!(Project::around(&flows.join("f.yaml")), flows);
        std::fs::write(folder.path().join(MARKER), "").unwrap();
        assert_eq!(Project::around(&flows.join("f.yaml")), folder.path());
        assert_eq!(Project::locate_job(None, &folder.path().join("jobs/x")).root(), folder.path());
        std::fs::remove_file(folder.path().join(MARKER)).unwrap();
        assert_eq!(Project::locate_job(None, &folder.path().join("jobs/x")).root(), folder.path());
        assert_eq!(Project::at("/a").resolve("b/c.csv"), Path::new("/a/b/c.csv"));
        assert_eq!(Project::at("/a").resolve("/x.csv"), Path::new("/x.csv"));
    }
}

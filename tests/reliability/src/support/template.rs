//! A project with a built job, and what the job's undisturbed run makes: made once per test, copied for each trial.

use super::process::End;
use super::tree::Tree;
use super::trial::Trial;
use super::{Check, Pype};
use crate::fixtures::Fixture;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The folder in which trials live: a file system in memory, where there is one, so that a loop of a thousand runs waits for
/// no disk. `PYPE_RELIABILITY_DIR` names another.
pub fn ground() -> PathBuf {
    if let Some(named) = std::env::var_os("PYPE_RELIABILITY_DIR").filter(|value| !value.is_empty()) {
        return PathBuf::from(named);
    }
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() }
}

/// A folder of its own there.
pub fn folder(name: &str) -> TempDir {
    tempfile::Builder::new().prefix(&format!("pype-reliability-{name}-")).tempdir_in(ground()).unwrap()
}

/// A project that is ready to run.
pub struct Template {
    folder: TempDir,
    /// The name of the job, which is that of the fixture.
    pub job: String,
    pub pype: Pype,
    /// What lies in `out/` after a run that nothing has disturbed.
    pub golden: Tree,
    /// What lies there before it.
    pub start: Tree,
    /// See [`Fixture::reactions`].
    pub reactions: &'static [&'static str],
}

impl Template {
    /// Builds the job of a fixture and runs it once, elsewhere.
    pub fn new(pype: &Pype, fixture: &Fixture) -> Self {
        Self::tried(pype, fixture)
            .unwrap_or_else(|wrong| panic!("{} does not even run undisturbed: {wrong}", fixture.name))
    }

    /// The same; what goes wrong is handed back.
    pub fn tried(pype: &Pype, fixture: &Fixture) -> Result<Self, String> {
        let folder = folder(&format!("{}-template", fixture.name));
        let (job, pype) = (fixture.name.clone(), pype.clone());
        let (golden, start) = (Tree::default(), Tree::default());
        let mut template = Self { folder, job, pype, golden, start, reactions: fixture.reactions };
        fixture.write(&template.project());
        std::fs::create_dir_all(template.folder.path().join("tmp")).unwrap();
        // Only the build happens in the template's own folder.
        let builder = Trial::within(&template, template.folder.path());
        builder.pype("", &["build", &format!("{}.yaml", fixture.name)]).expect(End::Code(0))?;
        std::fs::remove_dir_all(template.root().join("said")).unwrap();
        (template.start, template.golden) = template.undisturbed()?;
        Ok(template)
    }

    /// What lies in `out/` before and after a run.
    fn undisturbed(&self) -> Result<(Tree, Tree), String> {
        let trial = Trial::new(self);
        let start = trial.outputs();
        let run = trial.run("");
        let made = run.expect(End::Code(0)).map(|()| (start, trial.outputs()));
        made.map_err(|wrong| trial.kept(wrong, &[&run]))
    }

    /// The project's folder.
    pub fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The folder around it, with the temporary folder.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Says whether the outputs of a trial are those of an undisturbed run.
    pub fn is_golden(&self, outputs: &Tree) -> Check {
        outputs.same_as(&self.golden)
    }
}

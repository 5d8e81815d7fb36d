//! Exit codes in one table, and what leads to them.

use pypeline_engine::build::{BuildError, WriteError};
use pypeline_engine::job_folder::LockError;
use pypeline_engine::plugins::error::PluginError;
use pypeline_engine::registry::RegistryError;
use pypeline_engine::run::RunError;
use pypeline_engine::run::clean::CleanError;
use std::fmt::Display;

/// The codes of all commands; 130 and 143 come from signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It is done.
    Success = 0,
    /// The run failed, or the system did (disk, permissions).
    Failed = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The flow, the job folder or a plugin is invalid, or has changed since the build.
    Invalid = 3,
    /// Another run or build holds the job.
    Held = 4,
}

impl Exit {
    /// The code of this number.
    fn of(code: u8) -> Self {
        match code {
            0 => Self::Success,
            2 => Self::Usage,
            3 => Self::Invalid,
            4 => Self::Held,
            _ => Self::Failed,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    /// The process's exit code.
    pub exit: Exit,
    /// One sentence, perhaps with its cause.
    pub message: String,
}

impl Failure {
    /// A failure with this code.
    pub fn new(exit: Exit, error: impl Display) -> Self {
        Self { exit, message: error.to_string() }
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let exit = match error {
            LockError::Held { .. } => Exit::Held,
            LockError::Io { .. } => Exit::Failed,
            LockError::Unsafe { .. } => Exit::Invalid,
        };
        Self::new(exit, error)
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let exit = match &error {
            RegistryError::Unknown { .. } | RegistryError::Ambiguous { .. } => Exit::Usage,
            RegistryError::Damaged { .. } => Exit::Invalid,
            RegistryError::Plugin(PluginError::NotFound { .. }) => Exit::Usage,
            RegistryError::Plugin(_) => Exit::Invalid,
            RegistryError::Io { .. } => Exit::Failed,
        };
        Self::new(exit, error)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Registry(error) => error.into(),
            error @ BuildError::Context(_) => Self::new(Exit::Usage, error),
            BuildError::Write(WriteError::Locked(error)) => error.into(),
            BuildError::Write(error @ (WriteError::Context { .. } | WriteError::OtherJob { .. })) => {
                Self::new(Exit::Invalid, error)
            }
            BuildError::Write(error @ WriteError::Io { .. }) => Self::new(Exit::Failed, error),
        }
    }
}

impl From<CleanError> for Failure {
    fn from(error: CleanError) -> Self {
        match error {
            CleanError::Locked(error) => error.into(),
            CleanError::Job(_) => Self::new(Exit::Invalid, error),
            CleanError::Io { .. } => Self::new(Exit::Failed, error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Locked(error) => error.into(),
            error => Self::new(Exit::of(error.exit_code()), error),
        }
    }
}

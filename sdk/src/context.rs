//! The RunContext of the specification, as a module sees it.

use crate::error::{Error, Result};
use crate::panics::catch;
use pypeline_abi::context::{BlockingTask, BlockingTask_TO, HostContextArc};
use pypeline_abi::sabi_trait::TD_Opaque;
use pypeline_schema::secret::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The host's services for one node. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct RunContext {
    host: HostContextArc,
}

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something is odd.
    Warn = 2,
    /// Something happened.
    Info = 3,
    /// For the curious.
    Debug = 4,
}

impl RunContext {
    pub(crate) fn new(host: HostContextArc) -> Self {
        Self { host }
    }

    /// The node's id.
    pub fn node_id(&self) -> String {
        self.host.node_id().into_string()
    }

    /// Writes a log line, tagged with the node, with facts beside the text.
    pub fn log(&self, level: Level, message: &str, fields: &Value) {
        let fields = if fields.is_null() { String::new() } else { fields.to_string() };
        self.host.log(level as u8, message.into(), fields.as_str().into());
    }

    /// Writes a log line at INFO.
    pub fn info(&self, message: impl AsRef<str>) {
        self.log(Level::Info, message.as_ref(), &Value::Null);
    }

    /// Writes a log line at WARN.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.log(Level::Warn, message.as_ref(), &Value::Null);
    }

    /// Publishes a global, `{{node__name}}` in templates.
    pub fn set_global<T: Serialize + ?Sized>(&self, name: &str, value: &T) -> Result<()> {
        let value = serde_json::to_string(value)?;
        Error::from_abi(self.host.set_global(name.into(), value.as_str().into()))
    }

    /// Reads a global of any node, ignoring case.
    pub fn get_global<T: DeserializeOwned>(&self, node: &str, name: &str) -> Result<Option<T>> {
        let value = self.host.get_global(node.into(), name.into()).into_option();
        Ok(value.map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// The item of the innermost loop.
    pub fn iter_item<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        Ok(self.host.iter_item().into_option().map(|json| serde_json::from_str(&json)).transpose()?)
    }

    /// The index of that item, from 0.
    pub fn iter_index(&self) -> Option<u64> {
        self.host.iter_index().into_option()
    }

    /// Tells how far the module is, in units of its own; `total` 0 where it is unknown.
    pub fn progress(&self, done: u64, total: u64) {
        self.host.progress(done, total);
    }

    /// The run was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.host.is_cancelled()
    }

    /// Ends when the run is asked to stop.
    pub async fn cancelled(&self) {
        // The only answer there is: it ended.
        let _ = self.host.cancelled().await;
    }

    /// Waits; an error of kind `cancelled` if the run is asked to stop meanwhile.
    pub async fn sleep(&self, time: Duration) -> Result<()> {
        Error::from_abi(self.host.sleep(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).await)
    }

    /// A folder of this node's own, which goes with the run.
    pub fn temp_folder(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(Error::from_abi(self.host.temp_folder())?.into_string()))
    }

    /// A path of the configuration: a relative one is taken from the project root.
    pub fn path(&self, path: &str) -> PathBuf {
        PathBuf::from(self.host.resolve_path(path.into()).into_string())
    }

    /// A secret: by its place (`vault://mount/path#key`, `env://NAME`, `file://path`), or by a bare name, which is the environment
    /// variable `PYPE_SECRET_<NAME>`. It may wait for a server: call it in `setup`, or in [`run_blocking`](Self::run_blocking).
    pub fn secret(&self, name: &str) -> Result<Secret> {
        Ok(Secret::new(Error::from_abi(self.host.secret(name.into()))?.into_string()))
    }

    /// Runs blocking work on the run's one pool, so that it never holds up the scheduler.
    pub async fn run_blocking<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let result = Arc::new(Mutex::new(None));
        let task = Task { work: Some(work), result: Arc::clone(&result) };
        Error::from_abi(self.host.run_blocking(BlockingTask_TO::from_value(task, TD_Opaque)).await)?;
        let mut result = result.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        result.take().unwrap_or_else(|| Err(Error::other("the host dropped the blocking work unfinished")))
    }
}

/// Blocking work and the place where its result waits for the future.
struct Task<T, F> {
    work: Option<F>,
    result: Arc<Mutex<Option<Result<T>>>>,
}

impl<T, F> BlockingTask for Task<T, F>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    fn call(&mut self) {
        if let Some(work) = self.work.take() {
            let result = catch(work);
            *self.result.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
        }
    }
}

//! A fused stage as data, and the trait of what runs it. No type of any executor appears here.
//!
//! Polars is the embedded executor (`engine/polars`); another engine comes in by the same trait, with the same stages.

use crate::artifacts::{Artifact, ArtifactStore, ArtifactWriter};
use crate::streams::Stream;
use pypeline_schema::fault::Fault;
use pypeline_schema::fields::Field;
use pypeline_schema::lowering::{Destination, Operation, Scan};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// What one node of a stage does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Reads files, given by absolute paths or globs; rows leave by port `data`.
    Scan(Scan),
    /// One SELECT or operator per output port over tables named after the input ports.
    Select(BTreeMap<String, Operation>),
    /// Writes a file: to `temporary`, beside the destination's path. The engine renames it when the sub flow has succeeded.
    Write {
        /// Format and final path.
        destination: Destination,
        /// Where to write.
        temporary: PathBuf,
    },
}

/// One node.
#[derive(Debug, Clone)]
pub struct StageNode {
    /// Its id, for messages.
    pub id: String,
    /// What it does.
    pub work: Work,
}

/// Where the rows of a link come from.
#[derive(Clone)]
pub enum LinkSource {
    /// An output port of a node of the stage: index into [`Stage::nodes`], port.
    Port(usize, String),
    /// A table made before.
    Table(Arc<Artifact>),
    /// Rows of a unit that runs at the same time; their columns are known. Once read they are gone.
    Stream(Arc<Stream>),
}

/// Where the rows of a link go.
#[derive(Clone)]
pub enum LinkTarget {
    /// An input port of a node of the stage: index into [`Stage::nodes`], port.
    Port(usize, String),
    /// A table for a later stage or module.
    Table(Arc<ArtifactWriter>),
    /// A unit that runs at the same time. Whoever runs the stage says when all is sent.
    Stream(Arc<Stream>),
}

/// One data link that begins, ends or runs inside the stage.
pub struct StageLink {
    /// For messages: `a.output - b.input`.
    pub name: String,
    /// Where rows come from.
    pub from: LinkSource,
    /// Where they go.
    pub to: LinkTarget,
    /// Rows that have passed; moves while the stage runs.
    pub rows: Arc<AtomicU64>,
}

/// Connected nodes that run as one plan.
pub struct Stage {
    /// In topological order.
    pub nodes: Vec<StageNode>,
    /// All their links.
    pub links: Vec<StageLink>,
    /// Set from outside to stop the stage at the next batch.
    pub cancelled: Arc<AtomicBool>,
    /// What it may take; none where nobody asks.
    pub memory: Option<Memory>,
}

/// What a stage may take of the process's memory, and where it puts what does not fit.
#[derive(Clone)]
pub struct Memory {
    /// Bytes above which it works in parts, on disk.
    pub soft: u64,
    /// Bytes above which it fails.
    pub hard: u64,
    /// Has the run's folder of temporary files.
    pub store: Arc<ArtifactStore>,
    /// Set by the executor to stop its own work at the next batch.
    pub outgrown: Arc<AtomicBool>,
}

/// A failure of a stage, laid at a node's door where that is known.
#[derive(Debug)]
pub struct StageFault {
    /// Id of the node.
    pub node: Option<String>,
    /// What went wrong.
    pub fault: Box<Fault>,
}

/// Columns by port.
pub type PortFields = BTreeMap<String, Arc<[Field]>>;

/// Why a node cannot work with the columns of its inputs, or a source's file not be read.
#[derive(Debug, Clone)]
pub struct ColumnsFault {
    /// What is in the way.
    pub what: Refusal,
    /// In words.
    pub fault: Box<Fault>,
}

/// What is in the way of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// No input has this column.
    UnknownColumn(String),
    /// The output would have two columns of this name.
    Duplicate(String),
    /// Types that do not go together.
    Type,
    /// SQL that the executor does not know.
    Sql,
    /// The declared columns are not those of the file.
    Header,
    /// Anything else.
    Other,
}

impl ColumnsFault {
    /// The word of a module.
    pub fn of_module(fault: Fault) -> Self {
        Self { what: Refusal::Other, fault: Box::new(fault) }
    }
}

/// Runs stages.
pub trait Executor: Send + Sync {
    /// Its name, for `--explain` and logs.
    fn name(&self) -> &'static str;

    /// Resolves the columns of every node, without reading more than files' heads; the faults found on the way.
    /// A node behind a faulty one cannot be looked at.
    fn check(&self, stage: &Stage) -> Vec<StageFault>;

    /// The columns of a node's output ports over those of its input ports, without rows: of files no more than the head is read. A node
    /// that writes has none. The fault of a node that cannot work with these inputs.
    fn columns(&self, work: &Work, inputs: &PortFields) -> Result<PortFields, ColumnsFault>;

    /// The plan as text.
    fn explain(&self, stage: &Stage) -> Result<String, StageFault>;

    /// Runs the stage to its end on the calling thread, which may block.
    fn run(&self, stage: &Stage) -> Result<(), StageFault>;
}

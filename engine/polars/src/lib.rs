//! The embedded executor: fused stages on Polars' streaming engine. Nothing but the final binary links this crate.
//!
//! Order: [`plan`] turns a stage into lazy frames, with a counter on every link but those that [`footers`] count and [`watch`] looks after; [`operate`] (with [`functions`]) makes what a port carries; [`scan`], [`sink`] (with [`partitions`]), [`table`] and [`stream`] make its ends, and [`held`] says which of them must be tables;
//! [`columns`] says without rows what a node will give; [`arrow_bridge`] carries rows between Polars' Arrow and arrow-rs; [`bounded`] runs them within a budget of memory; [`fault`] says in our words what Polars says in its own, and [`blame`] whose it is.

mod arrow_bridge;
mod blame;
mod bounded;
mod columns;
mod fault;
mod footers;
mod functions;
mod header_only;
mod held;
mod mend;
mod operate;
mod partitions;
mod plan;
mod scan;
mod sink;
mod stop;
mod stream;
mod table;
mod threads;
mod types;
mod watch;
mod writer;

use fault::translate;
use held::WithTables;
use plan::Planned;
use polars::prelude::{LazyFrame, OptFlags, PolarsError};
use pypeline_engine::executor::{ColumnsFault, Executor, Memory, PortFields, Refusal, Stage, StageFault, Work};
use pypeline_schema::fault::{Fault, FaultKind};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{LazyLock, Once, OnceLock};

/// Runs stages on Polars.
pub struct PolarsExecutor;

impl Executor for PolarsExecutor {
    fn name(&self) -> &'static str {
        "polars"
    }

    fn check(&self, stage: &Stage) -> Vec<StageFault> {
        plan::plan(stage).err().into_iter().collect()
    }

    fn columns(&self, work: &Work, inputs: &PortFields) -> Result<PortFields, ColumnsFault> {
        caught(|| columns::columns(work, inputs))
    }

    fn explain(&self, stage: &Stage) -> Result<String, StageFault> {
        hear_warnings();
        let planned = plan::plan(stage)?;
        let plans = planned.frames.into_iter().map(|frame| frame.logical_plan).collect();
        LazyFrame::explain_all(plans, OptFlags::default() | OptFlags::STREAMING)
            .map_err(|error| lay(stage, translate(&error)))
    }

    fn run(&self, stage: &Stage) -> Result<(), StageFault> {
        hear_warnings();
        stage.memory.iter().for_each(|memory| threads::choose(memory.soft));
        start_readers().map_err(|fault| StageFault { node: None, fault })?;
        let explained = |mut found: StageFault| {
            header_only::explain(stage, &mut found.fault);
            found
        };
        let counted = RefCell::new(Vec::new());
        let plan = || {
            let Planned { frames, footers, .. } = plan::plan(stage)?;
            let plan = bounded::optimized(frames, stage, &footers)?;
            counted.replace(footers);
            Ok::<_, Failed>(plan)
        };
        let run = || {
            let first = plan()?;
            match &stage.memory {
                _ if !held::has_streams(stage) => bounded::run(first, plan, stage)?,
                Some(memory) if !held::passes_rows(&first) => self.run_with_tables(stage, memory)?,
                _ => bounded::run_once(first, stage)?,
            }
            Ok(footers::count(counted.take())?)
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(ran) => ran.map_err(|failed| match failed {
                Failed::Planning(fault) => explained(fault),
                Failed::Running(error) => explained(lay(stage, translate(&error))),
            }),
            Err(panic) => Err(lay(stage, *panicked(&*panic))),
        }
    }
}

impl PolarsExecutor {
    /// A stage that holds its rows.
    fn run_with_tables(&self, stage: &Stage, memory: &Memory) -> Result<(), Failed> {
        let of_stage = |fault| Failed::Planning(StageFault { node: None, fault });
        let tables = WithTables::of(stage, &memory.store).map_err(of_stage)?;
        self.run(&tables.stage)?;
        tables.send().map_err(of_stage)
    }
}

/// Where a stage fails.
enum Failed {
    Planning(StageFault),
    Running(PolarsError),
}

impl From<StageFault> for Failed {
    fn from(fault: StageFault) -> Self {
        Self::Planning(fault)
    }
}

impl From<PolarsError> for Failed {
    fn from(error: PolarsError) -> Self {
        Self::Running(error)
    }
}

/// Polars panics at a few plans that it cannot make: a refusal like others. On a thread of its own, as a panic of the main one is
/// told as a defect.
fn caught(work: impl FnOnce() -> Result<PortFields, ColumnsFault> + Send) -> Result<PortFields, ColumnsFault> {
    hear_warnings();
    let refused = |fault| Err(ColumnsFault { what: Refusal::Other, fault });
    std::thread::scope(|threads| {
        match std::thread::Builder::new().name("pype-plan".to_owned()).spawn_scoped(threads, work) {
            Ok(thread) => thread.join().unwrap_or_else(|panic| refused(panicked(&*panic))),
            Err(error) => refused(Box::new(Fault::new(FaultKind::Io, "no thread to be had").caused_by(&error))),
        }
    })
}

/// Polars starts the runtime that reads files when it is first asked, and panics where it cannot: the second to ask would hear of that
/// only that there was a panic before.
fn start_readers() -> Result<(), Box<Fault>> {
    static STARTED: OnceLock<Result<(), String>> = OnceLock::new();
    let start = || {
        let started = catch_unwind(|| {
            let _ = LazyLock::force(&polars_async::ASYNC);
        });
        started.map_err(|panic| panicked(&*panic).message)
    };
    STARTED.get_or_init(start).clone().map_err(|why| {
        let fault = Fault::new(FaultKind::Io, format!("the threads that read files cannot be started: {why}"));
        Box::new(fault.help("let the process have more open files and threads: `ulimit -n`, `ulimit -u`"))
    })
}

/// What Polars would write to stderr, of what its next version will refuse and the like, is for those who look into it.
fn hear_warnings() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| polars::error::set_warning_function(|text, _| tracing::debug!("polars: {text}")));
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Box<Fault> {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref().copied());
    let text = format!("polars panicked: {}", said.unwrap_or("without a word"));
    Box::new(Fault::new(FaultKind::Panic, text))
}

/// A fault of the running plan at the door of the node that caused it: the SELECT that cannot be planned by itself, else the
/// one scan or sink that reads or writes what went wrong, else the SELECT that fails over the rows. Of a want of memory: the node that
/// holds the rows.
fn lay(stage: &Stage, fault: Fault) -> StageFault {
    let node = match fault.kind {
        FaultKind::Cancelled => None,
        FaultKind::Memory => blame::holder(stage).or_else(|| fault::culprit(stage, &fault)),
        _ => plan::first_that_cannot_be_planned(stage)
            .or_else(|| fault::culprit(stage, &fault))
            .or_else(|| blame::search(stage)),
    };
    let scan = stage.nodes.iter().find_map(|each| match &each.work {
        Work::Scan(scan) if node.as_ref() == Some(&each.id) => scan.paths.first(),
        _ => None,
    });
    let fault = match scan {
        Some(path) if !fault.context.iter().any(|(key, _)| key == "path") => fault.with("path", path),
        _ => fault,
    };
    StageFault { node, fault: Box::new(fault) }
}

//! Commands that look at a flow or at a job folder, and write nothing into either.

use super::ValueArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What to draw.
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// A flow, or a job folder
    #[arg(value_name = "FLOW.yaml|JOB_FOLDER")]
    pub subject: PathBuf,
    /// How to draw it
    #[arg(long, value_enum, value_name = "FORM", default_value_t = GraphForm::Ascii)]
    pub format: GraphForm,
    /// Write it there; else it is printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Draw all of a large flow too
    #[arg(long)]
    pub full: bool,
}

/// Forms of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphForm {
    /// Boxes of plain characters
    Ascii,
    /// For Graphviz
    Dot,
    /// For Mermaid, as Markdown pages show it
    Mermaid,
    /// An image
    Svg,
    /// Nodes, links, sub flows and scopes as data
    Json,
}

/// What to look ahead at.
#[derive(Debug, Args)]
pub struct DryRunArgs {
    /// A flow, or a job folder
    #[arg(value_name = "FLOW.yaml|JOB_FOLDER")]
    pub subject: PathBuf,
    /// The values of the run.
    #[command(flatten)]
    pub values: ValueArgs,
    /// Show the executor's plan of each stage too
    #[arg(long)]
    pub explain: bool,
    /// Take every node for a stage of its own
    #[arg(long)]
    pub no_fuse: bool,
}

/// Whose lineage to show.
#[derive(Debug, Args)]
pub struct LineageArgs {
    /// A flow, or a job folder
    #[arg(value_name = "FLOW.yaml|JOB_FOLDER")]
    pub subject: PathBuf,
    /// Only this column: `sink.column`, or all of a sink: `sink`
    #[arg(long, value_name = "SINK.COLUMN")]
    pub column: Option<String>,
    /// Context whose values stand in for templates; else the default one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

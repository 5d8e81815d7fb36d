//! Where the flow's JSON Schema goes.

use clap::Args;
use std::path::PathBuf;

/// Where to write the schema.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Write it there; else it is printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

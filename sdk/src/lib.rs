//! All that a module author needs: a configuration struct, `impl Module`, `export_plugin!`.
//!
//! # A module that lowers
//!
//! It says what it does, and the engine does it, fused with its neighbours into one streaming plan. Such a plugin links
//! neither Arrow nor an async runtime. This is a whole one:
//!
//! ```
//! use pypeline_sdk::prelude::*;
//!
//! /// Keeps the rows with the largest values of one column.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct TopConfig {
//!     /// Column to order by
//!     column: String,
//!     /// Rows to keep
//!     #[serde(default = "ten")]
//!     rows: u32,
//! }
//!
//! fn ten() -> u32 {
//!     10
//! }
//!
//! struct Top;
//!
//! impl Module for Top {
//!     type Config = TopConfig;
//!     const MANIFEST: Manifest = Manifest::transform("top_mod").category("Rows").description("Keeps the largest rows").lowers();
//!
//!     fn lower(config: &TopConfig, _: &Ports) -> Result<Lowering> {
//!         let column = sql::identifier(&config.column);
//!         Ok(lowering::select("output", format!("SELECT * FROM input ORDER BY {column} DESC LIMIT {}", config.rows)))
//!     }
//! }
//!
//! export_plugin!(Top);
//! # fn main() {}
//! ```
//!
//! `Cargo.toml`: `crate-type = ["cdylib"]`, and `pypeline-sdk`, `serde` and `schemars` as dependencies. Put the library
//! into a project's `modules/` folder and `pype list-modules` shows it.
//!
//! # A module that runs
//!
//! For what SQL cannot say. With the feature `arrow` it takes and gives record batches:
//!
//! ```
//! # #[cfg(feature = "arrow")]
//! # mod plugin {
//! use pypeline_sdk::prelude::*;
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct CountConfig {}
//!
//! struct Count;
//!
//! impl Module for Count {
//!     type Config = CountConfig;
//!     const MANIFEST: Manifest = Manifest::transform("count_mod").description("Counts rows").globals(&["row_count"]);
//!
//!     fn create(_: CountConfig) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     async fn run(&mut self, io: &mut Io) -> Result<()> {
//!         let (mut input, mut output) = (io.input("input")?, io.output("output")?);
//!         output.open(&input.schema()?)?;
//!         let mut rows = 0;
//!         while let Some(batch) = input.next().await? {
//!             rows += batch.num_rows();
//!             output.send(batch).await?;
//!         }
//!         io.context.set_global("row_count", &rows)
//!     }
//! }
//!
//! export_plugin!(Count);
//! # }
//! # fn main() {}
//! ```
//!
//! Errors go up with `?`; a panic is caught and becomes an error that names the module and the place. An author never
//! writes `unsafe`, a JSON schema, or a port's number.

pub mod boundary;
pub mod columns;
pub mod context;
pub mod error;
pub mod io;
pub mod lowering;
pub mod manifest;
pub mod module;
pub mod panics;
#[cfg(feature = "arrow")]
pub mod rows;
pub mod sql;

pub use schemars;
pub use serde;
pub use serde_json;

/// What a module's file imports.
pub mod prelude {
    pub use crate::columns::Columns;
    pub use crate::context::RunContext;
    pub use crate::error::{Error, Result};
    pub use crate::export_plugin;
    pub use crate::io::Io;
    pub use crate::lowering;
    pub use crate::manifest::Manifest;
    pub use crate::module::{Module, Ports};
    #[cfg(feature = "arrow")]
    pub use crate::rows::{Input, Output};
    pub use crate::sql;
    pub use pypeline_schema::lowering::{Lowering, Service};
    pub use pypeline_schema::manifest::{Effect, Maturity};
    pub use pypeline_schema::secret::Secret;
    pub use schemars::JsonSchema;
    pub use serde::{Deserialize, Serialize};
}

/// Version of this SDK, written into every plugin.
pub const SDK_VERSION: &str = env!("CARGO_PKG_VERSION");

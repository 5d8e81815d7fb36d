//! Tables of earlier stages as lazy frames: memory is handed over without a copy, a file is scanned.

use crate::arrow_bridge::frame;
use crate::fault::translate;
use polars::prelude::{HiveOptions, IntoLazy, LazyFrame, PlRefPath, PolarsResult, ScanArgsParquet, UnionArgs, concat};
use pypeline_engine::artifacts::Artifact;
use pypeline_schema::fault::Fault;

/// The rows of a table.
pub(crate) fn read(artifact: &Artifact) -> Result<LazyFrame, Box<Fault>> {
    if let Artifact::Joined { parts, .. } = artifact {
        let parts = parts.iter().map(|part| read(part)).collect::<Result<Vec<_>, _>>()?;
        return concat(parts, UnionArgs { maintain_order: true, ..UnionArgs::default() })
            .map_err(|error| Box::new(translate(&error)));
    }
    read_one(artifact).map_err(|error| Box::new(translate(&error)))
}

fn read_one(artifact: &Artifact) -> PolarsResult<LazyFrame> {
    match artifact {
        Artifact::Memory { schema, batches, .. } => frame(schema, batches).map(IntoLazy::lazy),
        Artifact::Parquet { path, .. } => PlRefPath::try_from_path(path).and_then(|path| {
            let args = ScanArgsParquet {
                glob: false,
                hive_options: HiveOptions::new_disabled(),
                ..ScanArgsParquet::default()
            };
            LazyFrame::scan_parquet(path, args)
        }),
        Artifact::Joined { .. } => Ok(LazyFrame::default()),
    }
}

//! The program that an expert would write for this work with the Polars crate: the measure for all others.

use crate::Result;
use polars::prelude::{
    Engine, FileWriteFormat, LazyCsvReader, LazyFileListReader, ParquetReader, ParquetWriteOptions, PlRefPath,
    SerReader, SinkDestination, SinkTarget, UnifiedSinkArgs, col, lit,
};
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Reads the CSV file, keeps the rows with `age > 18`, and writes them as Parquet.
pub fn run(input: &Path, output: &Path) -> Result<()> {
    // A thousand rows, as `csv_source` reads for it; everything else as Polars has it.
    let rows = LazyCsvReader::new(PlRefPath::try_from_path(input)?).with_infer_schema_length(Some(1000)).finish()?;
    let kept = rows.filter(col("age").gt(lit(18)));
    let sink = kept.sink(
        SinkDestination::File { target: SinkTarget::Path(PlRefPath::try_from_path(output)?) },
        FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions::default())),
        UnifiedSinkArgs::default(),
    )?;
    sink.collect_with_engine(Engine::Streaming)?;
    Ok(())
}

/// Rows of a Parquet file, by its footer.
pub fn rows(path: &Path) -> Result<u64> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(ParquetReader::new(file).num_rows()? as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_keeps_what_the_generator_counted() {
        let folder = tempfile::tempdir().unwrap();
        let input = crate::data::prepare(folder.path(), 0.001).unwrap();
        let output = folder.path().join("out.parquet");
        run(&input.path, &output).unwrap();
        assert_eq!(rows(&output).unwrap(), input.kept);
    }
}

//! Sinks: files, tables for later stages, and nowhere.

use crate::arrow_bridge::{batches, schema};
use crate::fault::{from_table, translate};
use crate::partitions;
use crate::writer::writer;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use polars::prelude::{
    CsvWriterOptions, DataFrame, DataType, DslBuilder, FileWriteFormat, LazyFrame, OptFlags, ParquetCompression,
    ParquetWriteOptions, PlRefPath, PlSmallStr, PlanCallback, PolarsResult, SerializeOptions, SinkDestination,
    SinkTarget, SpecialEq, UnifiedSinkArgs,
};
use polars_async::executor::block_in_place;
use pypeline_disk::Filler;
use pypeline_engine::artifacts::ArtifactWriter;
use pypeline_engine::executor::Stage;
use pypeline_engine::streams::Stream;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{Compression, Destination, WriteFormat};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Rows per batch handed on, at most: what travels best across the plugin boundary.
const BATCH_ROWS: usize = 65_536;

/// Bytes per batch handed on, about, at most; less where the run may take little.
const BATCH_BYTES: usize = 16 << 20;

/// Rows into a file, or into a folder of files.
pub(crate) fn write(
    mut frame: LazyFrame,
    destination: &Destination,
    temporary: &Path,
) -> Result<LazyFrame, Box<Fault>> {
    let format = match &destination.format {
        WriteFormat::Csv(csv) => FileWriteFormat::Csv(CsvWriterOptions {
            include_header: csv.header,
            // Compression would go by the final name, which the temporary one does not have.
            check_extension: false,
            serialize_options: Arc::new(SerializeOptions {
                separator: u8::try_from(csv.delimiter).unwrap_or(b','),
                quote_char: u8::try_from(csv.quote).unwrap_or(b'"'),
                null: csv.null_value.as_str().into(),
                ..SerializeOptions::default()
            }),
            ..CsvWriterOptions::default()
        }),
        WriteFormat::Parquet(parquet) => FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions {
            compression: match parquet.compression {
                Compression::Zstd => ParquetCompression::Zstd(None),
                Compression::Snappy => ParquetCompression::Snappy,
                Compression::Lz4 => ParquetCompression::Lz4Raw,
                Compression::Gzip => ParquetCompression::Gzip(None),
                Compression::None => ParquetCompression::Uncompressed,
            },
            row_group_size: parquet.row_group_rows.and_then(|rows| usize::try_from(rows).ok()),
            ..ParquetWriteOptions::default()
        })),
    };
    let columns = &destination.partition_by;
    let target = if columns.is_empty() {
        let writer = writer(Filler::of(temporary), temporary);
        SinkDestination::File { target: SinkTarget::Dyn(SpecialEq::new(Arc::new(Mutex::new(Some(writer))))) }
    } else {
        let path = PlRefPath::try_from_path(temporary).map_err(|error| Box::new(translate(&error)))?;
        partitions::check(&mut frame, columns)?;
        partitions::destination(path, temporary, columns, &destination.format)
    };
    let frame = settled(frame).map_err(|error| Box::new(translate(&error)))?;
    frame.sink(target, format, UnifiedSinkArgs::default()).map_err(|error| Box::new(translate(&error)))
}

/// Decimals of the type that the plan has for them: divided ones come with more digits than it says, and a Parquet file cannot be written so.
fn settled(mut frame: LazyFrame) -> PolarsResult<LazyFrame> {
    let schema = frame.collect_schema()?;
    let decimals: Vec<(PlSmallStr, DataType)> = schema
        .iter()
        .filter(|(_, data_type)| matches!(data_type, DataType::Decimal(..)))
        .map(|(name, data_type)| (name.clone(), data_type.clone()))
        .collect();
    if decimals.is_empty() {
        return Ok(frame);
    }
    let settle = move |mut rows: DataFrame| -> PolarsResult<DataFrame> {
        for (name, data_type) in &decimals {
            let column = rows.column(name)?;
            if column.dtype() != data_type {
                let settled = column.strict_cast(data_type)?;
                rows.with_column(settled)?;
            }
        }
        Ok(rows)
    };
    let optimizations = frame.get_current_optimizations();
    let plan = DslBuilder::from(frame.logical_plan).map(settle, OptFlags::STREAMING, None, "decimals".into()).build();
    Ok(LazyFrame::from_logical_plan(plan, optimizations))
}

/// Bytes of the batches that a stage hands on: several wait for whoever takes them.
pub(crate) fn batch_bytes(stage: &Stage) -> usize {
    let share = stage.memory.as_ref().and_then(|memory| usize::try_from(memory.soft / 32).ok());
    share.map_or(BATCH_BYTES, |share| share.min(BATCH_BYTES))
}

/// Rows into a table, batch by batch and in order.
pub(crate) fn table(frame: LazyFrame, writer: Arc<ArtifactWriter>, bytes: usize) -> Result<LazyFrame, Box<Fault>> {
    let open = Arc::clone(&writer);
    taken(frame, bytes, move |columns| open.open(columns), move |batch| writer.write(batch))
}

/// Rows to a unit that runs at the same time; waits while it has no room for them.
pub(crate) fn stream(frame: LazyFrame, stream: Arc<Stream>, bytes: usize) -> Result<LazyFrame, Box<Fault>> {
    let open = Arc::clone(&stream);
    let send = move |batch| match stream.send_at_once(batch) {
        Ok(sent) => sent,
        // Waiting keeps no thread from others: the engine puts another in its place.
        Err(batch) => block_in_place(|| stream.send_blocking(batch)),
    };
    taken(frame, bytes, move |columns| open.open(columns), send)
}

/// Rows handed over batch by batch and in order.
fn taken(
    mut frame: LazyFrame,
    bytes: usize,
    open: impl FnOnce(SchemaRef) -> Result<(), Box<Fault>>,
    take: impl Fn(RecordBatch) -> Result<(), Box<Fault>> + Send + Sync + 'static,
) -> Result<LazyFrame, Box<Fault>> {
    let columns = frame.collect_schema().map_err(|error| Box::new(translate(&error)))?;
    let columns = schema(&columns).map_err(|error| Box::new(Fault::new(FaultKind::Data, error.to_string())))?;
    open(Arc::clone(&columns))?;
    let take = move |rows: DataFrame| -> PolarsResult<bool> {
        let n_rows = batch_rows(&rows, bytes);
        for batch in batches(rows, &columns)? {
            for from in (0..batch.num_rows()).step_by(n_rows) {
                let batch = batch.slice(from, n_rows.min(batch.num_rows() - from));
                take(batch).map_err(|fault| from_table(*fault))?;
            }
        }
        Ok(false)
    };
    frame.sink_batches(PlanCallback::new(take), true, None).map_err(|error| Box::new(translate(&error)))
}

/// Rows of a batch, by what they take on average.
fn batch_rows(rows: &DataFrame, bytes: usize) -> usize {
    let of_row = rows.estimated_size() / rows.height().max(1);
    (bytes / of_row.max(1)).clamp(1, BATCH_ROWS)
}

/// Rows nowhere: they are only counted on their way.
pub(crate) fn discard(frame: LazyFrame) -> PolarsResult<LazyFrame> {
    frame.sink_batches(PlanCallback::new(|_: DataFrame| Ok(false)), false, None)
}

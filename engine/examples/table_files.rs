//! In which form tables between units are written: seconds to write and to read the same rows, and the size of the file, for each
//! compression and row group size. `cargo run --release -p pypeline-engine --example table_files [million rows]`; docs/benchmarks.md has a run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use std::fs::File;
use std::sync::Arc;
use std::time::Instant;

const BATCH: usize = 65_536;

/// Rows as they come out of a stage: numbers, sums of money, a few words, names that differ, times.
fn batches(n_rows: usize) -> Vec<RecordBatch> {
    let mut state = 7_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let batch = |from: usize| {
        let n = BATCH.min(n_rows - from);
        let ids: Int64Array = (from..from + n).map(|id| Some(id as i64)).collect();
        let amounts: Float64Array = (0..n).map(|_| Some((next() % 1_000_000) as f64 / 100.0)).collect();
        let words = ["paid", "open", "cancelled", "returned to its sender"];
        let states: StringViewArray = (0..n).map(|_| words.get(next() as usize % words.len()).copied()).collect();
        let names: StringViewArray =
            (0..n).map(|_| Some(format!("customer number {:08}", next() % 5_000_000))).collect();
        let times: TimestampMicrosecondArray = (0..n).map(|_| Some(1_700_000_000_000_000 + next() as i64)).collect();
        let columns: [(&str, ArrayRef); 5] = [
            ("id", Arc::new(ids)),
            ("amount", Arc::new(amounts)),
            ("state", Arc::new(states)),
            ("name", Arc::new(names)),
            ("at", Arc::new(times)),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    };
    (0..n_rows).step_by(BATCH).map(batch).collect()
}

fn main() {
    let millions = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let batches = batches(millions * 1_000_000);
    let bytes: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
    println!("{millions} million rows, {} MB of Arrow", bytes / 1_000_000);
    println!("{:<14}{:>10}{:>12}{:>10}{:>10}{:>9}", "compression", "encoding", "group rows", "write s", "read s", "MB");
    let zstd = |level| Compression::ZSTD(ZstdLevel::try_new(level).unwrap());
    let folder = tempfile::tempdir().unwrap();
    for (name, compression) in [
        ("none", Compression::UNCOMPRESSED),
        ("lz4", Compression::LZ4_RAW),
        ("snappy", Compression::SNAPPY),
        ("zstd 1", zstd(1)),
        ("zstd 3", zstd(3)),
    ] {
        for (dictionary, rows) in [(false, BATCH), (true, 4 * BATCH), (false, 4 * BATCH), (true, 16 * BATCH)] {
            let path = folder.path().join("table.parquet");
            let properties = WriterProperties::builder()
                .set_compression(compression)
                .set_dictionary_enabled(dictionary)
                .set_max_row_group_row_count(Some(rows))
                .build();
            let start = Instant::now();
            let file = File::create(&path).unwrap();
            let mut writer = ArrowWriter::try_new(file, batches.first().unwrap().schema(), Some(properties)).unwrap();
            batches.iter().for_each(|batch| writer.write(batch).unwrap());
            writer.close().unwrap();
            let written = start.elapsed().as_secs_f64();
            let start = Instant::now();
            let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
            let n_rows: usize =
                reader.with_batch_size(BATCH).build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
            assert_eq!(n_rows, millions * 1_000_000);
            let read = start.elapsed().as_secs_f64();
            let size = std::fs::metadata(&path).unwrap().len() / 1_000_000;
            let encoding = if dictionary { "dictionary" } else { "plain" };
            println!("{name:<14}{encoding:>10}{rows:>12}{written:>10.2}{read:>10.2}{size:>9}");
        }
    }
}

//! Files in and out. Everything here lowers: the engine reads and writes, fused with what lies between.

mod csv_sink;
mod csv_source;
mod parquet_sink;
mod parquet_source;
mod partitions;

use csv_sink::CsvSink;
use csv_source::CsvSource;
use parquet_sink::ParquetSink;
use parquet_source::ParquetSource;

pypeline_sdk::export_plugin!(CsvSource, CsvSink, ParquetSource, ParquetSink);

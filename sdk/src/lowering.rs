//! Short forms of a module's answer to `lower`.

pub use pypeline_schema::lowering::{
    CacheMode, CacheWrite, Column, ColumnType, Compression, ContextLoad, CsvRead, CsvWrite, Destination, Items,
    Lowering, OnUnknown, ParquetWrite, RunJob, Scan, ScanFormat, Service, WriteFormat, WriteMode,
};

/// One SELECT, for output port `port`; tables are named after the input ports.
pub fn select(port: &str, sql: impl Into<String>) -> Lowering {
    Lowering::Select([(port.to_owned(), sql.into())].into())
}

/// One SELECT per output port.
pub fn selects<const N: usize>(selects: [(&str, String); N]) -> Lowering {
    Lowering::Select(selects.into_iter().map(|(port, sql)| (port.to_owned(), sql)).collect())
}

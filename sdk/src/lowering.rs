//! Short forms of a module's answer to `lower`.

pub use pypeline_schema::lowering::{
    CacheMode, CacheWrite, Column, ColumnType, Compression, ContextLoad, CsvRead, CsvWrite, Derived, Destination,
    Items, Join, JoinHow, Lowering, OnUnknown, Operation, Operator, ParquetWrite, Pivot, RunJob, Sample, Scan,
    ScanFormat, Service, Unpivot, With, WriteFormat, WriteMode,
};

/// One SELECT, for output port `port`; tables are named after the input ports.
pub fn select(port: &str, sql: impl Into<String>) -> Lowering {
    Lowering::Select([(port.to_owned(), Operation::Select(sql.into()))].into())
}

/// One SELECT per output port.
pub fn selects<const N: usize>(selects: [(&str, String); N]) -> Lowering {
    Lowering::Select(selects.into_iter().map(|(port, sql)| (port.to_owned(), Operation::Select(sql))).collect())
}

/// One operator, for output port `port`.
pub fn operator(port: &str, operator: Operator) -> Lowering {
    Lowering::Select([(port.to_owned(), Operation::Operator(operator))].into())
}

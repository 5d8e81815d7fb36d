//! Parquet files read back by another library than the one that wrote them.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::printer::print_schema;
use std::fs::File;
use std::path::Path;

/// Rows as texts: values with commas between them, texts in quotes.
#[track_caller]
pub fn parquet_rows(path: &Path) -> Vec<String> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let reader = SerializedFileReader::new(file).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let row = row.unwrap();
        let values: Vec<String> = row.get_column_iter().map(|(_, value)| value.to_string()).collect();
        values.join(",")
    });
    rows.collect()
}

/// Names of a file's columns.
#[track_caller]
pub fn parquet_columns(path: &Path) -> Vec<String> {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    schema.columns().iter().map(|column| column.name().to_owned()).collect()
}

/// A file's columns with all that it says of their types.
#[track_caller]
pub fn parquet_schema(path: &Path) -> String {
    let reader = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let mut text = Vec::new();
    print_schema(&mut text, reader.metadata().file_metadata().schema());
    String::from_utf8(text).unwrap()
}

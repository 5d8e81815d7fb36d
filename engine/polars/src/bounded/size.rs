//! How many bytes a node of a plan gives, about: from the sizes of files, and the columns that are taken of them. A filter is taken to
//! let everything through.

use polars::io::parquet::metadata::FileMetadataRef;
use polars::prelude::{DataType, Schema, SchemaRef};
use polars_plan::dsl::{FileScanIR, ScanSources};
use polars_plan::plans::IR;
use polars_utils::arena::{Arena, Node};
use std::collections::HashMap;

/// A text, in bytes, where nothing is known of it.
const TEXT: u64 = 32;

/// What says where a text is.
const VIEW: u64 = 16;

/// Sizes by node; none where nothing can be known.
#[derive(Default)]
pub(super) struct Sizes(HashMap<Node, Option<u64>>);

impl Sizes {
    /// The size of a node that was looked at.
    pub(super) fn of(&self, node: Node) -> Option<u64> {
        self.0.get(&node).copied().flatten()
    }

    /// Notes a node; those before it were noted.
    pub(super) fn note(&mut self, node: Node, nodes: &Arena<IR>) {
        let size = self.estimate(node, nodes);
        self.0.insert(node, size);
    }

    /// Notes what is known.
    pub(super) fn set(&mut self, node: Node, bytes: u64) {
        self.0.insert(node, Some(bytes));
    }

    fn estimate(&self, node: Node, nodes: &Arena<IR>) -> Option<u64> {
        let inputs = || nodes.get(node).get_inputs();
        match nodes.get(node) {
            IR::Scan { sources, file_info, output_schema, scan_type, unified_scan_args, .. } => {
                let taken = output_schema.as_ref().unwrap_or(&file_info.schema);
                if let Some(slice) = &unified_scan_args.pre_slice {
                    return Some(width(taken).saturating_mul(slice.len() as u64));
                }
                match (&**scan_type, file_info.row_estimation) {
                    (FileScanIR::Parquet { first_metadata: Some(footer), .. }, (rows, _)) if footer.num_rows > 0 => {
                        let rows = rows.map_or_else(|| rows_like(footer, on_disk(sources)?), |rows| Some(rows as u64));
                        Some(width_in(footer, taken).saturating_mul(rows?))
                    }
                    (FileScanIR::Parquet { .. }, (Some(rows), _)) => Some(width(taken).saturating_mul(rows as u64)),
                    (FileScanIR::Parquet { .. }, _) => Some(on_disk(sources)?.saturating_mul(4)),
                    _ => Some(part(on_disk(sources)?, taken, &file_info.schema)),
                }
            }
            IR::DataFrameScan { df, output_schema, schema } => {
                let taken: &SchemaRef = output_schema.as_ref().unwrap_or(schema);
                Some(part(df.estimated_size() as u64, taken, schema))
            }
            IR::Slice { len, .. } => Some(width(&nodes.get(node).schema(nodes)).saturating_mul(u64::from(*len))),
            IR::Sort { slice: Some((_, len, _)), .. } => {
                Some(width(&nodes.get(node).schema(nodes)).saturating_mul(*len as u64))
            }
            _ => {
                let mut all = 0_u64;
                for input in inputs() {
                    let of_input = nodes.get(input).schema(nodes);
                    let taken = nodes.get(node).schema(nodes);
                    all = all.saturating_add(part(self.of(input)?, &taken, &of_input));
                }
                Some(all)
            }
        }
    }
}

/// What some columns are of all; new ones count too.
fn part(bytes: u64, taken: &Schema, all: &Schema) -> u64 {
    (bytes as f64 * (width(taken) as f64 / width(all).max(1) as f64)) as u64
}

fn on_disk(sources: &ScanSources) -> Option<u64> {
    match sources {
        ScanSources::Paths(paths) => {
            let size = |path: &polars::prelude::PlRefPath| Some(std::fs::metadata(path.as_std_path()).ok()?.len());
            paths.iter().map(size).sum()
        }
        ScanSources::Buffers(buffers) => Some(buffers.iter().map(|buffer| buffer.len() as u64).sum()),
        ScanSources::Files(_) => None,
    }
}

/// Rows of files of so many bytes together, if they are like this one.
fn rows_like(footer: &FileMetadataRef, bytes: u64) -> Option<u64> {
    let of_this: u64 = footer.row_groups.iter().map(|group| group.compressed_size() as u64).sum();
    Some((bytes as f64 / of_this.max(1) as f64 * footer.num_rows as f64) as u64)
}

/// Bytes of a row as the file's footer knows them: texts and lists are as long as they are on average.
fn width_in(footer: &FileMetadataRef, schema: &Schema) -> u64 {
    let of_column = |name: &str, data_type: &DataType| -> u64 {
        if !is_of_any_length(data_type) {
            return width_of(data_type);
        }
        let chunks = footer.row_groups.iter().filter_map(|group| group.columns_under_root_iter(name)).flatten();
        let bytes: u64 = chunks.map(|chunk| u64::try_from(chunk.uncompressed_size()).unwrap_or(0)).sum();
        width_of(data_type).max(VIEW + bytes / (footer.num_rows as u64).max(1))
    };
    schema.iter().map(|(name, data_type)| of_column(name, data_type)).sum::<u64>().max(1)
}

fn is_of_any_length(data_type: &DataType) -> bool {
    match data_type {
        DataType::String | DataType::Binary | DataType::List(_) | DataType::Array(..) => true,
        DataType::Struct(fields) => fields.iter().any(|field| is_of_any_length(field.dtype())),
        _ => false,
    }
}

/// Bytes of a row.
fn width(schema: &Schema) -> u64 {
    schema.iter_values().map(width_of).sum::<u64>().max(1)
}

fn width_of(data_type: &DataType) -> u64 {
    match data_type {
        DataType::Boolean | DataType::Int8 | DataType::UInt8 | DataType::Null => 1,
        DataType::Int16 | DataType::UInt16 => 2,
        DataType::Int32 | DataType::UInt32 | DataType::Float32 | DataType::Date => 4,
        DataType::Decimal(..) | DataType::Int128 => 16,
        DataType::String | DataType::Binary => TEXT,
        DataType::List(_) | DataType::Array(..) => 4 * TEXT,
        DataType::Struct(fields) => fields.iter().map(|field| width_of(field.dtype())).sum(),
        _ => 8,
    }
}

//! Rows into folders by the values of columns, in the way of Hive: `column=value/`, one in another, and those columns in no file.

use crate::writer::{named, writer};
use polars::prelude::file_provider::{FileProviderArgs, FileProviderReturn, FileProviderType, HivePathProvider};
use polars::prelude::{
    DataType, LazyFrame, PartitionStrategy, PlRefPath, PlanCallback, PolarsError, PolarsResult, Schema,
    SinkDestination, col,
};
use pypeline_disk::Filler;
use pypeline_engine::diagnostics::suggest;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::WriteFormat;
use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Partitions below `folder`; the columns have been looked at.
pub(crate) fn destination(
    base_path: PlRefPath,
    folder: &Path,
    columns: &[String],
    format: &WriteFormat,
) -> SinkDestination {
    SinkDestination::Partitioned {
        base_path,
        file_path_provider: Some(files(folder, format)),
        partition_strategy: PartitionStrategy::Keyed {
            keys: columns.iter().map(|column| col(column.as_str())).collect(),
            include_keys: false,
            keys_pre_grouped: false,
        },
        // No limits: a partition is as few files as can be.
        max_rows_per_file: 0,
        approximate_bytes_per_file: 0,
    }
}

/// Files at the paths that Polars itself would choose. Two values that make the same name, as NULL and the text that stands for it, would
/// have one file overwrite the other: that is an error.
fn files(folder: &Path, format: &WriteFormat) -> FileProviderType {
    let base = folder.to_path_buf();
    let extension = match format {
        WriteFormat::Csv(_) => "csv",
        WriteFormat::Parquet(_) => "parquet",
    };
    let hive = HivePathProvider { extension: extension.into() };
    let given: Mutex<HashSet<String>> = Mutex::default();
    FileProviderType::Function(PlanCallback::new(move |args: FileProviderArgs| -> PolarsResult<FileProviderReturn> {
        let path = hive.get_path(args)?;
        if !given.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone()) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let text =
                format!("two values would have the folder `{folder}`: make them differ before, or leave one out");
            return Err(PolarsError::ComputeError(text.into()));
        }
        let path = base.join(path);
        let mut file = Filler::new(&path);
        // Made at once: what its name does not allow is an error of the folder, and not of what is written.
        file.finish().map_err(|error| match error.kind() {
            ErrorKind::InvalidFilename => error,
            _ => named(&path, &error),
        })?;
        Ok(FileProviderReturn::Writable(writer(file, &path)))
    }))
}

/// The columns are there, are fit for the name of a folder, and leave something for the files.
pub(crate) fn check(frame: &mut LazyFrame, columns: &[String]) -> Result<(), Box<Fault>> {
    let schema = frame.collect_schema().map_err(|error| Box::new(crate::fault::translate(&error)))?;
    look(&schema, columns).map_err(|fault| Box::new(fault.with("key", "partition_by")))
}

fn look(schema: &Schema, columns: &[String]) -> Result<(), Box<Fault>> {
    for column in columns {
        let Some(data_type) = schema.get(column) else {
            let names: Vec<&str> = schema.iter_names().map(|name| name.as_str()).collect();
            let fault = Fault::new(FaultKind::Config, format!("there is no column `{column}`"));
            return Err(Box::new(fault.help(suggest::help(column, "columns", &names))));
        };
        if data_type.is_nested() || matches!(data_type, DataType::Binary | DataType::Unknown(_)) {
            let text = format!("the values of column `{column}` have no text that could name a folder ({data_type})");
            return Err(Box::new(Fault::new(FaultKind::Config, text)));
        }
    }
    if schema.len() == columns.len() {
        let fault = Fault::new(FaultKind::Config, "every column names a folder, and none is left for the files");
        return Err(Box::new(fault.help("leave a column out of `partition_by`")));
    }
    Ok(())
}

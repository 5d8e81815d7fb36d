//! Rows in a checkpoint: small tables in the record itself, larger ones as Parquet files beside the journal, each with its hash.

use crate::artifacts::{Artifact, Held};
use crate::run::keys::hex;
use crate::secrets::net;
use arrow_array::{Array, RecordBatch, RecordBatchOptions};
use arrow_data::ArrayData;
use arrow_schema::{Schema, SchemaRef};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use pypeline_disk::{NewFile, Publish};
use pypeline_schema::checkpoint::KeptTable;
use pypeline_schema::fault::{Fault, FaultKind};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes in memory up to which a table is tried to be kept in its record.
const SMALL: usize = 256 << 10;

/// Bytes of Parquet up to which it is.
const INLINE: usize = 48 << 10;

/// Rows per batch when read again.
const BATCH_ROWS: usize = 65_536;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Why a table is not kept.
#[derive(Debug)]
pub(in crate::run) enum Unkept {
    /// A secret stands in it, and is written nowhere.
    Secret,
    /// The disk refused.
    Fault(Box<Fault>),
}

/// Where tables go.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    pub folder: &'a Path,
    /// The number of the last file.
    pub numbers: &'a AtomicU64,
    /// Files are brought to disk.
    pub synced: bool,
}

impl Tables<'_> {
    /// Writes a table down, part by part.
    pub(super) fn keep(&self, table: &Artifact) -> Result<Vec<KeptTable>, Unkept> {
        match table {
            Artifact::Joined { parts, .. } => {
                let parts: Result<Vec<_>, _> = parts.iter().map(|part| self.keep(part)).collect();
                Ok(parts?.concat())
            }
            // Files of Parquet do not say how many rows of nothing they have.
            Artifact::Memory { schema, .. } if schema.fields().is_empty() => {
                let notes = schema.metadata().clone().into_iter().collect();
                Ok(vec![KeptTable::Columnless { rows: table.n_rows(), notes }])
            }
            Artifact::Memory { batches, .. } => {
                if net::is_in_use() && !batches.iter().all(is_clean) {
                    return Err(Unkept::Secret);
                }
                let size: usize = batches.iter().map(RecordBatch::get_array_memory_size).sum();
                if size <= SMALL {
                    let mut bytes = Vec::new();
                    write(table, &mut bytes).map_err(|fault| self.fault(*fault))?;
                    if bytes.len() <= INLINE {
                        return Ok(vec![KeptTable::Here(STANDARD.encode(bytes))]);
                    }
                }
                self.to_file(table.n_rows(), |file| write(table, file)).map(|kept| vec![kept])
            }
            Artifact::Parquet { path, n_rows, .. } => {
                if net::is_in_use() {
                    for batch in table.to_stream().map_err(Unkept::Fault)? {
                        let batch =
                            batch.map_err(|error| self.fault(Fault::new(FaultKind::Data, error.to_string())))?;
                        if !is_clean(&batch) {
                            return Err(Unkept::Secret);
                        }
                    }
                }
                self.link(path, *n_rows).map(|kept| vec![kept])
            }
        }
    }

    fn fault(&self, cause: Fault) -> Unkept {
        let mut fault = Fault::new(FaultKind::Io, "rows cannot be written to the run's checkpoints");
        fault.causes.extend(std::iter::once(cause.message).chain(cause.causes));
        Unkept::Fault(Box::new(fault.with("path", self.folder.display())))
    }

    fn io(&self, error: &std::io::Error) -> Unkept {
        self.fault(Fault::new(FaultKind::Io, error.to_string()))
    }

    fn next_name(&self) -> String {
        format!("data-{:06}.parquet", self.numbers.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn to_file(
        &self,
        rows: u64,
        write: impl FnOnce(&mut Hashing<'_>) -> Result<(), Box<Fault>>,
    ) -> Result<KeptTable, Unkept> {
        let name = self.next_name();
        let target = self.folder.join(&name);
        let mut file = NewFile::beside(&target, "new", 0o600).map_err(|error| self.io(&error))?;
        let mut hashing = Hashing { file: &mut file, hasher: Sha256::new(), length: 0 };
        write(&mut hashing).map_err(|fault| self.fault(*fault))?;
        let (length, sha256) = (hashing.length, hex(&hashing.hasher.finalize()));
        let finish = |file: &mut NewFile| {
            if self.synced {
                file.sync()?;
            }
            file.publish(&target, Publish::New)
        };
        finish(&mut file).map_err(|error| self.io(&error))?;
        Ok(KeptTable::File { name, length, sha256, rows })
    }

    /// A file that is there already gets a second name; where that cannot be, it is copied.
    fn link(&self, path: &Path, rows: u64) -> Result<KeptTable, Unkept> {
        let name = self.next_name();
        let target = self.folder.join(&name);
        if pypeline_disk::hard_link(path, &target).is_err() {
            let mut from = File::open(path).map_err(|error| self.io(&error))?;
            return self.to_file(rows, |file| match std::io::copy(&mut from, file) {
                Ok(_) => Ok(()),
                Err(error) => Err(Box::new(Fault::new(FaultKind::Io, error.to_string()))),
            });
        }
        let seal = || -> std::io::Result<(u64, String)> {
            if self.synced {
                pypeline_disk::AppendFile::open(&target)?.syncer()?.sync()?;
            }
            hash(&target)
        };
        let (length, sha256) = seal().map_err(|error| self.io(&error))?;
        Ok(KeptTable::File { name, length, sha256, rows })
    }
}

/// The rows that were kept, in `folder`. The error says what is wrong with them.
pub(super) fn restore(folder: &Path, kept: &[KeptTable]) -> Result<Artifact, String> {
    let mut parts = kept.iter().map(|part| restore_part(folder, part)).collect::<Result<Vec<_>, _>>()?;
    match parts.pop() {
        Some(only) if parts.is_empty() => Ok(only),
        Some(last) => {
            parts.push(last);
            let schema = parts.first().map(|first| first.schema().clone());
            let parts = parts.into_iter().map(Arc::new).collect();
            schema.map(|schema| Artifact::Joined { schema, parts }).ok_or_else(String::new)
        }
        None => Err("a table has no parts".to_owned()),
    }
}

fn restore_part(folder: &Path, kept: &KeptTable) -> Result<Artifact, String> {
    match kept {
        KeptTable::Here(text) => {
            let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
            guarded(|| {
                let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))?;
                // The reader forgets what the schema says of itself.
                let schema = Arc::clone(reader.schema());
                let batches = reader.with_batch_size(BATCH_ROWS).build()?;
                let batches = batches.map(|batch| batch?.with_schema(Arc::clone(&schema)));
                let batches = batches.collect::<Result<_, _>>()?;
                Ok(Artifact::Memory { schema, batches, held: Held::default() })
            })
        }
        KeptTable::Columnless { rows, notes } => {
            let notes: HashMap<_, _> = notes.clone().into_iter().collect();
            let schema = SchemaRef::new(Schema::empty().with_metadata(notes));
            let rows = usize::try_from(*rows).map_err(|error| error.to_string())?;
            let options = RecordBatchOptions::new().with_row_count(Some(rows));
            let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &options);
            let batches = vec![batch.map_err(|error| error.to_string())?];
            Ok(Artifact::Memory { schema, batches, held: Held::default() })
        }
        KeptTable::File { name, length, sha256, rows } => {
            let is_ours = name.starts_with("data-") && !name.contains(['/', '\\']);
            if !is_ours {
                return Err(format!("`{name}` is no name of a table"));
            }
            let path = folder.join(name);
            // Hashed before it is opened: readers of Parquet trust what they read.
            let (found, hash) = hash(&path).map_err(|error| format!("`{name}`: {error}"))?;
            if (found, hash.as_str()) != (*length, sha256) && !pypeline_disk::faults::planted("skip-hash") {
                return Err(format!("`{name}` is not what was written"));
            }
            guarded(|| {
                let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path)?)?;
                Ok(Artifact::Parquet { schema: reader.schema().clone(), path, n_rows: *rows, owned: false })
            })
        }
    }
}

/// A reader that panics has read something damaged.
fn guarded(read: impl FnOnce() -> Result<Artifact, parquet::errors::ParquetError>) -> Result<Artifact, String> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(_) => Err("it cannot be read".to_owned()),
    }
}

fn hash(path: &Path) -> std::io::Result<(u64, String)> {
    let (mut file, mut hasher, mut length) = (File::open(path)?, Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let n = file.read(&mut chunk)?;
        if n == 0 {
            return Ok((length, hex(&hasher.finalize())));
        }
        length += n as u64;
        hasher.update(chunk.get(..n).unwrap_or_default());
    }
}

fn write(table: &Artifact, to: &mut (impl Write + Send)) -> Result<(), Box<Fault>> {
    let fail = |error: parquet::errors::ParquetError| Box::new(Fault::new(FaultKind::Io, error.to_string()));
    let level = ZstdLevel::try_new(1).map_err(fail)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(level)).build();
    let mut writer = ArrowWriter::try_new(to, table.schema().clone(), Some(properties)).map_err(fail)?;
    for batch in table.to_stream()? {
        let batch = batch.map_err(|error| Box::new(Fault::new(FaultKind::Data, error.to_string())))?;
        writer.write(&batch).map_err(fail)?;
    }
    writer.close().map(drop).map_err(fail)
}

/// No secret stands in the buffers of a batch.
fn is_clean(batch: &RecordBatch) -> bool {
    fn buffers(data: &ArrayData) -> bool {
        data.buffers().iter().all(|buffer| net::is_clean(buffer.as_slice())) && data.child_data().iter().all(buffers)
    }
    batch.columns().iter().all(|column| buffers(&column.to_data()))
}

/// Hashes what it writes.
struct Hashing<'a> {
    file: &'a mut NewFile,
    hasher: Sha256,
    length: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(bytes.get(..n).unwrap_or_default());
        self.length += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests;

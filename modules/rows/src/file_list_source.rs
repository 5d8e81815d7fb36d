//! `file_list_source`: the files or folders of a folder as rows, which a loop can go through.

use crate::batches;
use crate::file_walk::{Entry, EntryKind, Order, Walk};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use glob::Pattern;
use pypeline_sdk::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Where to look, and for what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileListConfig {
    /// Folder to list; relative to the project
    folder: String,
    /// Glob or list of globs for names; one with a `/` is for paths below the folder (`in/**/*.csv`)
    #[serde(default)]
    mask: Masks,
    /// List the folders inside too; linked folders are not gone into
    #[serde(default)]
    recursive: bool,
    /// `files`, `folders` or `both`
    #[serde(default)]
    kind: EntryKind,
    /// Order of the rows: by `name`, `path`, `modified` or `size`, equal ones by path
    #[serde(default)]
    order_by: Order,
    /// The largest or latest first
    #[serde(default)]
    descending: bool,
    /// List what has a name that begins with a dot, and go into such folders
    #[serde(default)]
    hidden: bool,
    /// What to do where nothing is found: `ignore` or `fail`
    #[serde(default)]
    on_empty: OnEmpty,
}

/// One glob or several.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Masks {
    /// One
    One(String),
    /// Any of several
    Several(Vec<String>),
}

impl Default for Masks {
    fn default() -> Self {
        Self::One("*".to_owned())
    }
}

/// What an empty list means.
#[derive(Deserialize, Serialize, JsonSchema, Clone, Copy, PartialEq, Default)]
#[serde(rename_all = "lowercase")]
pub enum OnEmpty {
    /// No rows
    #[default]
    Ignore,
    /// A failure
    Fail,
}

pub struct FileList {
    config: FileListConfig,
    masks: Vec<Pattern>,
}

impl Module for FileList {
    type Config = FileListConfig;
    const MANIFEST: Manifest = Manifest::source("file_list_source")
        .category("File Sources")
        .description("Lists the files or folders of a folder")
        .globals(&["row_count"])
        .packages(&["arrow"])
        .list_port("data");

    fn columns(_: &FileListConfig, _: &Columns) -> Result<Columns> {
        Ok(Columns::unknown().with_schema("data", &table(&[])?.schema()))
    }

    fn create(config: FileListConfig) -> Result<Self> {
        let masks = match &config.mask {
            Masks::One(mask) => std::slice::from_ref(mask),
            Masks::Several(masks) => masks,
        };
        let wrong = |text: String| Error::config(text).with("key", "mask");
        if masks.is_empty() {
            return Err(wrong("`mask` is an empty list: nothing would match".to_owned()));
        }
        let pattern = |mask: &String| {
            Pattern::new(mask)
                .map_err(|error| wrong(format!("`{mask}` is no glob: {} at character {}", error.msg, error.pos + 1)))
        };
        let masks = masks.iter().map(pattern).collect::<Result<_>>()?;
        Ok(Self { config, masks })
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let config = &self.config;
        let walk = Walk {
            folder: std::path::absolute(io.context.path(&config.folder))?,
            masks: self.masks.clone(),
            recursive: config.recursive,
            kind: config.kind,
            order_by: config.order_by,
            descending: config.descending,
            hidden: config.hidden,
        };
        let (folder, context) = (walk.folder.clone(), io.context.clone());
        let work = move || table(&walk.entries(&|| context.is_cancelled(), &|text| context.warn(text))?);
        let table = io.context.run_blocking(work).await?;
        if table.num_rows() == 0 && config.on_empty == OnEmpty::Fail {
            return Err(Error::data("nothing was found that matches")
                .with("path", folder.display())
                .with("mask", self.masks.iter().map(Pattern::as_str).collect::<Vec<_>>().join(", ")));
        }
        batches::send(&mut io.output("data")?, &table).await?;
        io.context.set_global("row_count", &table.num_rows())
    }
}

/// The columns of the list.
fn table(entries: &[Entry]) -> Result<RecordBatch> {
    let text = |of: fn(&Path) -> Option<&std::ffi::OsStr>| -> ArrayRef {
        let text =
            |entry: &Entry| of(Path::new(&entry.path)).and_then(std::ffi::OsStr::to_str).unwrap_or_default().to_owned();
        Arc::new(entries.iter().map(|entry| Some(text(entry))).collect::<StringViewArray>())
    };
    let sizes = entries.iter().map(|entry| entry.size.and_then(|size| i64::try_from(size).ok()));
    let modified = entries.iter().map(|entry| entry.modified.and_then(microseconds));
    // All columns can hold NULL, also where there are no rows to show it: the schema is the same for every list.
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("path", text(|path| Some(path.as_os_str())), true),
        ("name", text(Path::file_name), true),
        ("folder", text(|path| path.parent().map(Path::as_os_str)), true),
        ("stem", text(Path::file_stem), true),
        ("extension", text(Path::extension), true),
        ("size", Arc::new(sizes.collect::<Int64Array>()), true),
        ("modified", Arc::new(modified.collect::<TimestampMicrosecondArray>()), true),
    ])?)
}

/// Since 1970-01-01 in UTC, below 0 for what is older.
fn microseconds(time: SystemTime) -> Option<i64> {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok(),
        Err(before) => i64::try_from(before.duration().as_micros()).ok().map(|before| -before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_cast::pretty::pretty_format_batches;
    use pypeline_sdk::serde_json::{Value, from_value, json};
    use std::time::Duration;

    #[test]
    fn an_entry_is_a_row() {
        let entry = |path: &str, size, milliseconds| Entry {
            path: path.to_owned(),
            name: path.rsplit('/').next().unwrap_or_default().to_owned(),
            size,
            modified: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)),
        };
        let entries = [entry("/in/a.tar.gz", Some(10), 1500), entry("/in/README", None, 0)];
        let expected = "\
+--------------+----------+--------+-------+-----------+------+-------------------------+
| path         | name     | folder | stem  | extension | size | modified                |
+--------------+----------+--------+-------+-----------+------+-------------------------+
| /in/a.tar.gz | a.tar.gz | /in    | a.tar | gz        | 10   | 1970-01-01T00:00:01.500 |
| /in/README   | README   | /in    | README |           |      | 1970-01-01T00:00:00     |
+--------------+----------+--------+-------+-----------+------+-------------------------+";
        let squeezed = |text: &str| text.replace([' ', '-'], "");
        let table = pretty_format_batches(&[table(&entries).unwrap()]).unwrap().to_string();
        assert_eq!(squeezed(&table), squeezed(expected));
    }

    #[test]
    fn an_empty_list_has_its_columns() {
        assert_eq!(table(&[]).unwrap().num_columns(), 7);
        assert_eq!(microseconds(SystemTime::UNIX_EPOCH - Duration::from_millis(1)), Some(-1000));
    }

    #[test]
    fn masks_are_checked_first() {
        let create = |mask: Value| FileList::create(from_value(json!({"folder": "in", "mask": mask})).unwrap());
        assert_eq!(create(json!(["*.csv", "*.txt"])).unwrap().masks.len(), 2);
        for bad in [json!([]), json!("a***"), json!(["*", "[a"])] {
            assert!(create(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(FileList::create(from_value(json!({"folder": "in"})).unwrap()).unwrap().masks[0].as_str(), "*");
    }
}

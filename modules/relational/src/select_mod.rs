//! `select_mod`: which columns go on, in which order, and under which names.

use crate::columns::{self, ColumnName};
use crate::named;
use pypeline_sdk::lowering::select;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use std::collections::BTreeMap;

/// Which columns go on. What is not named goes on as it is, in its place.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectConfig {
    /// Columns that go on, in this order, and no others
    #[serde(default)]
    keep: Vec<ColumnName>,
    /// Columns that do not go on; not together with `keep`
    #[serde(default)]
    drop: Vec<ColumnName>,
    /// Columns that get another name: the new name, and the column that gets it
    #[serde(default)]
    rename: BTreeMap<String, ColumnName>,
    /// Columns that go before all others, in this order, by their names in the input; not together with `keep`
    #[serde(default)]
    first: Vec<ColumnName>,
}

pub struct Select;

impl Module for Select {
    type Config = SelectConfig;
    const MANIFEST: Manifest = Manifest::transform("select_mod")
        .category("Columns")
        .description("Keeps, drops, renames and reorders columns")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &SelectConfig, _: &Ports) -> Result<Lowering> {
        let SelectConfig { keep, drop, rename, first } = config;
        let wrong = |what: &str, key: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        if keep.is_empty() && drop.is_empty() && rename.is_empty() && first.is_empty() {
            return wrong("nothing is selected", "keep", "name columns under `keep`, `drop`, `rename` or `first`");
        }
        if !keep.is_empty() && !drop.is_empty() {
            return wrong("`keep` and `drop` are both given", "drop", "what `keep` does not name is dropped already");
        }
        if !keep.is_empty() && !first.is_empty() {
            return wrong("`keep` and `first` are both given", "first", "`keep` has an order of its own");
        }
        for (key, columns) in [("keep", keep), ("drop", drop), ("first", first)] {
            columns::once(key, columns)?;
        }
        named::once("rename", rename.keys().map(String::as_str))?;
        named::once("rename", rename.values().map(ColumnName::as_str))?;
        if let Some(column) = drop.iter().find(|column| first.contains(column)) {
            return wrong(&format!("`{}` is dropped, and cannot be first", column.as_str()), "first", "name it once");
        }
        for (new, column) in rename {
            let is_there = if keep.is_empty() { !drop.contains(column) } else { keep.contains(column) };
            if !is_there {
                let what = format!("`{}` does not go on, and gets no other name", column.as_str());
                return wrong(&what, &named::place("rename", new), "keep it, or take its new name out");
            }
        }
        Ok(select("output", if keep.is_empty() { others(config) } else { kept(config)? }))
    }
}

/// The columns that are named, and no others.
fn kept(config: &SelectConfig) -> Result<String> {
    let name = |column: &ColumnName| {
        let renamed = config.rename.iter().find(|(_, old)| *old == column);
        renamed.map_or(column.as_str(), |(new, _)| new.as_str()).to_owned()
    };
    let names: Vec<String> = config.keep.iter().map(name).collect();
    named::once("rename", names.iter().map(String::as_str))?;
    let items = config.keep.iter().zip(&names).map(|(old, new)| format!("{} AS {}", old.sql(), sql::identifier(new)));
    Ok(format!("SELECT {} FROM input", items.collect::<Vec<_>>().join(", ")))
}

/// All columns but those that are dropped. Polars' SQL renames one column after the other, so that names that are exchanged get mixed
/// up, and takes a name that is nobody's for one to drop: each named column gets a name of our own first.
fn others(config: &SelectConfig) -> String {
    let own = |prefix: &str, at: usize| sql::identifier(&format!("__pype_{prefix}_{at}"));
    let mut sql = "SELECT * FROM input".to_owned();
    if !config.drop.is_empty() {
        let copies =
            config.drop.iter().enumerate().map(|(at, column)| format!("{} AS {}", column.sql(), own("drop", at)));
        let copies: Vec<String> = copies.collect();
        let names = (0..copies.len()).map(|at| own("drop", at)).collect::<Vec<_>>().join(", ");
        let dropped = columns::list(&config.drop);
        sql = format!("SELECT * EXCLUDE ({dropped}, {names}) FROM (SELECT *, {} FROM input)", copies.join(", "));
    }
    if !config.first.is_empty() {
        let copies =
            config.first.iter().enumerate().map(|(at, column)| format!("{} AS {}", column.sql(), own("first", at)));
        let back =
            config.first.iter().enumerate().map(|(at, column)| format!("{} AS {}", own("first", at), column.sql()));
        let (copies, back) = (copies.collect::<Vec<_>>().join(", "), back.collect::<Vec<_>>().join(", "));
        let first = columns::list(&config.first);
        sql = format!("SELECT * RENAME ({back}) FROM (SELECT {copies}, * EXCLUDE ({first}) FROM ({sql}))");
    }
    if !config.rename.is_empty() {
        let away = config.rename.values().enumerate().map(|(at, old)| format!("{} AS {}", old.sql(), own("name", at)));
        let to = config
            .rename
            .keys()
            .enumerate()
            .map(|(at, new)| format!("{} AS {}", own("name", at), sql::identifier(new)));
        let (away, to) = (away.collect::<Vec<_>>().join(", "), to.collect::<Vec<_>>().join(", "));
        sql = format!("SELECT * RENAME ({to}) FROM (SELECT * RENAME ({away}) FROM ({sql}))");
    }
    sql
}

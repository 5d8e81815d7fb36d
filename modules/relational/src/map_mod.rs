//! `map_mod`: rows of one input, with what lookups know of them and with variables, to any number of outputs.
//!
//! All outputs are SELECTs over one [`table`]: the input with further columns. [`steps`] finds the order in which these can be worked
//! out, and [`names`] turns `customers.name` in expressions into a column's name.

mod config;
mod names;
mod steps;
mod table;

use crate::expression::Expression;
use crate::named;
use config::{Catch, Columns, Item, Lookup, MapConfig, Match, Output};
use names::{INPUT, VARIABLES};
use pypeline_sdk::lowering::Operation;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use std::collections::BTreeMap;
use steps::Reader;
use table::{Table, table};

pub struct Map;

impl Module for Map {
    type Config = MapConfig;
    const MANIFEST: Manifest = Manifest::transform("map_mod")
        .category("Rows")
        .description("Maps rows to any number of outputs, with lookups in other inputs, variables, filters, and outputs for what others do not take")
        .inputs_of("lookups")
        .outputs(&[])
        .outputs_of("outputs")
        .globals(&["row_count", "reject_count"])
        .lowers();

    fn lower(config: &MapConfig, ports: &Ports) -> Result<Lowering> {
        check(config)?;
        let mut reader = Reader::new(config);
        let mut outputs = Vec::new();
        for (port, output) in &config.outputs {
            let filter = output.filter.as_ref();
            let filter = filter.map(|filter| reader.read(filter, &format!("outputs.{port}.filter"))).transpose()?;
            let items = items(&mut reader, port, &output.columns)?;
            outputs.push((port, output, items, filter.map(|filter| filter.sql)));
        }
        let steps = reader.steps()?;
        // All outputs are over the very same table, so that it is worked out once.
        let is_unmatched =
            |(port, output): (&String, &Output)| output.catch == Some(Catch::Unmatched) && ports.is_linked(port);
        let table = table(&steps, config.outputs.iter().any(is_unmatched));
        let unmatched = table.unmatched.as_deref().unwrap_or("FALSE");
        let matched = table.unmatched.as_ref().map(|unmatched| format!("NOT ({unmatched})"));
        let holds = |filter: &String| format!("coalesce(({filter}\n), FALSE)");
        let taken: Vec<String> = outputs
            .iter()
            .filter(|(_, output, ..)| output.catch.is_none())
            .filter_map(|(.., filter)| filter.as_ref().map(holds))
            .collect();
        let mut selects = BTreeMap::new();
        for (port, output, items, filter) in &outputs {
            let mut conditions: Vec<String> = match output.catch {
                None => matched.clone().into_iter().collect(),
                Some(Catch::Rejected) => {
                    matched.clone().into_iter().chain([format!("NOT ({})", taken.join(" OR "))]).collect()
                }
                Some(Catch::Unmatched) => vec![format!("({unmatched})")],
            };
            conditions.extend(filter.iter().map(|filter| format!("({filter}\n)")));
            let condition =
                if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
            let select = format!("SELECT {} FROM {}{condition}", selected(items, &table), table.from);
            selects.insert((*port).clone(), Operation::Select(select));
        }
        Ok(Lowering::Select(selects))
    }
}

/// What needs no look into expressions.
fn check(config: &MapConfig) -> Result<()> {
    let wrong = |key: String, what: String, help: &str| Err(Error::config(what).with("key", key).help(help));
    for (name, lookup) in &config.lookups {
        let key = format!("lookups.{name}");
        if [INPUT, VARIABLES].contains(&name.as_str()) || !is_identifier(name) {
            let help =
                "letters, digits and `_`, no digit first, and neither `input` nor `var`: it is a port and a table";
            return wrong(key, format!("a lookup cannot be called `{name}`"), help);
        }
        let Lookup { on, r#match, .. } = lookup;
        match (r#match, on.is_empty()) {
            (Match::Cross, false) => {
                return wrong(
                    format!("{key}.on"),
                    format!("`{name}` takes every row, and has `on`"),
                    "leave `on` or `match: cross` out",
                );
            }
            (Match::Cross, true) | (_, false) => {}
            (_, true) => {
                let help = "e.g. `on: {customer_id: input.customer}`; for every row of the table, `match: cross`";
                return wrong(key, format!("the lookup `{name}` has no `on`"), help);
            }
        }
    }
    if config.outputs.is_empty() {
        let help = "e.g. `outputs: {output: {columns: \"*\"}}`";
        return wrong("outputs".to_owned(), "there are no outputs".to_owned(), help);
    }
    let is_filtered = |output: &Output| output.catch.is_none() && output.filter.is_some();
    for (port, output) in &config.outputs {
        let key = format!("outputs.{port}");
        if !is_identifier(port) {
            let help = "letters, digits and `_`, no digit first: links name it";
            return wrong(key, format!("an output cannot be called `{port}`"), help);
        }
        match output.catch {
            Some(Catch::Rejected) if !config.outputs.values().any(is_filtered) => {
                let help =
                    "it has the rows for which no filter of an output without `catch` holds: give one a `filter`";
                return wrong(
                    format!("{key}.catch"),
                    "no output has a filter that could reject a row".to_owned(),
                    help,
                );
            }
            Some(Catch::Unmatched) if !config.lookups.values().any(|lookup| lookup.join == config::Join::Inner) => {
                let help =
                    "it has the rows for which a lookup with `join: inner` finds nothing: give one `join: inner`";
                return wrong(format!("{key}.catch"), "no lookup leaves rows out".to_owned(), help);
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_identifier(name: &str) -> bool {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    name.chars().all(is_word) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

/// What an output has: all columns of the input, or a name with its expression.
enum Selected {
    All,
    One(String, String),
}

fn items(reader: &mut Reader<'_>, port: &str, columns: &Columns) -> Result<Vec<Selected>> {
    let key = format!("outputs.{port}.columns");
    let mut one = |name: &String, made: &Expression, key: String| -> Result<Selected> {
        Ok(Selected::One(name.clone(), reader.read(made, &key)?.sql))
    };
    let mut found = Vec::new();
    match columns {
        Columns::All(_) => found.push(Selected::All),
        Columns::Mapping(mapping) => {
            for (name, made) in mapping {
                found.push(one(name, made, format!("{key}.{name}"))?);
            }
        }
        Columns::List(list) => {
            for (at, item) in list.iter().enumerate() {
                match item {
                    Item::All(_) => found.push(Selected::All),
                    Item::One(mapping) => {
                        let mut of_item = mapping.iter();
                        let (Some((name, made)), None) = (of_item.next(), of_item.next()) else {
                            let what = format!("item {} of `{key}` has {} names", at + 1, mapping.len());
                            let help =
                                "write one name with its expression per item: `- total: input.price * input.quantity`";
                            return Err(Error::config(what).with("key", format!("{key}.{at}")).help(help));
                        };
                        found.push(one(name, made, format!("{key}.{at}.{name}"))?);
                    }
                }
            }
        }
    }
    if found.is_empty() {
        let help = "name at least one column, or write `\"*\"` for all of the input";
        return Err(Error::config(format!("`{key}` is empty")).with("key", key).help(help));
    }
    if found.iter().filter(|item| matches!(item, Selected::All)).count() > 1 {
        return Err(Error::config(format!("`*` stands twice in `{key}`")).with("key", key).help("write it once"));
    }
    let names =
        found.iter().filter_map(|item| if let Selected::One(name, _) = item { Some(name.as_str()) } else { None });
    named::once(&key, names)?;
    Ok(found)
}

/// What stands behind SELECT.
fn selected(items: &[Selected], table: &Table) -> String {
    let all = || {
        let made: Vec<String> = table.made.iter().map(|name| sql::identifier(name)).collect();
        if made.is_empty() { "*".to_owned() } else { format!("* EXCLUDE ({})", made.join(", ")) }
    };
    let item = |item: &Selected| match item {
        Selected::All => all(),
        Selected::One(name, made) => format!("({made}\n) AS {}", sql::identifier(name)),
    };
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

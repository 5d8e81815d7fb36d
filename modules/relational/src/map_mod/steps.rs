//! Variables and lookups in an order in which each has what it uses.

use super::config::{Lookup, MapConfig};
use super::names::{INPUT, Rewritten, VARIABLES, flat, rewrite};
use crate::expression::Expression;
use pypeline_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What is worked out for all outputs.
pub struct Steps<'a> {
    /// In this order.
    pub order: Vec<Step<'a>>,
    /// By lookup, the columns that some expression uses.
    pub used: BTreeMap<&'a str, BTreeSet<String>>,
}

/// A variable, or a lookup.
pub enum Step<'a> {
    /// Names and expressions that do not use each other.
    Variables(Vec<(&'a str, String)>),
    /// A lookup with the expressions of its keys.
    Lookup {
        /// Its name.
        name: &'a str,
        /// Its configuration.
        lookup: &'a Lookup,
        /// Its columns, and what each is equal to.
        on: Vec<(&'a str, String)>,
        /// The condition over its own columns.
        filter: Option<String>,
    },
}

/// Reads expressions of one configuration.
pub struct Reader<'a> {
    config: &'a MapConfig,
    used: BTreeMap<&'a str, BTreeSet<String>>,
}

impl<'a> Reader<'a> {
    pub fn new(config: &'a MapConfig) -> Self {
        Self { config, used: BTreeMap::new() }
    }

    /// An expression over the one table. `key` is its place.
    pub fn read(&mut self, expression: &Expression, key: &str) -> Result<Rewritten> {
        let config = self.config;
        let is_table = |name: &str| name == INPUT || name == VARIABLES || config.lookups.contains_key(name);
        let read = rewrite(expression.sql(key)?, |table, column| is_table(table).then(|| flat(table, column)));
        for (table, column) in &read.used {
            if table == VARIABLES && !config.variables.contains_key(column) {
                let known: Vec<&str> = config.variables.keys().map(String::as_str).collect();
                let help = match known.as_slice() {
                    [] => "there are no `variables`".to_owned(),
                    known => format!("variables: {}", known.join(", ")),
                };
                return Err(Error::config(format!("there is no variable `{column}`")).with("key", key).help(help));
            }
            if let Some((name, _)) = config.lookups.get_key_value(table) {
                self.used.entry(name).or_default().insert(column.clone());
            }
        }
        Ok(read)
    }

    /// A condition over the own columns of a lookup.
    fn filter(&self, name: &str, filter: &Expression) -> Result<String> {
        let key = format!("lookups.{name}.filter");
        let is_other = |table: &str| {
            table != name && (table == INPUT || table == VARIABLES || self.config.lookups.contains_key(table))
        };
        let read =
            rewrite(filter.sql(&key)?, |table, column| (table == name || is_other(table)).then(|| column.to_owned()));
        if let Some((table, column)) = read.used.iter().find(|(table, _)| is_other(table)) {
            let error = Error::config(format!("the filter of `{name}` names `{table}.{column}`")).with("key", key);
            let help =
                "it sees the columns of its own table: compare with others under `on`, or in the filter of an output";
            return Err(error.help(help));
        }
        Ok(read.sql)
    }

    /// All steps; to be asked when every expression has been read.
    pub fn steps(mut self) -> Result<Steps<'a>> {
        let config = self.config;
        let mut variables = BTreeMap::new();
        for (name, expression) in &config.variables {
            variables.insert(name.as_str(), self.read(expression, &format!("variables.{name}"))?);
        }
        let mut lookups = BTreeMap::new();
        for (name, lookup) in &config.lookups {
            let key = |column: &String| format!("lookups.{name}.on.{column}");
            let on = lookup.on.iter().map(|(column, made)| Ok((column.as_str(), self.read(made, &key(column))?)));
            let on = on.collect::<Result<Vec<_>>>()?;
            let filter = lookup.filter.as_ref().map(|filter| self.filter(name, filter)).transpose()?;
            lookups.insert(name.as_str(), (lookup, on, filter));
        }
        let mut done: BTreeSet<(String, String)> = BTreeSet::new();
        let mut order = Vec::new();
        while !variables.is_empty() || !lookups.is_empty() {
            let is_ready = |read: &Rewritten| {
                read.used.iter().all(|(table, column)| match table.as_str() {
                    INPUT => true,
                    VARIABLES => done.contains(&(VARIABLES.to_owned(), column.clone())),
                    lookup => done.contains(&(lookup.to_owned(), String::new())),
                })
            };
            let ready: Vec<&str> = variables.iter().filter(|(_, read)| is_ready(read)).map(|(name, _)| *name).collect();
            let next =
                lookups.iter().find(|(_, (_, on, _))| on.iter().all(|(_, read)| is_ready(read))).map(|(name, _)| *name);
            if !ready.is_empty() {
                let mut batch = Vec::new();
                for name in ready {
                    batch.extend(variables.remove(name).map(|read| (name, read.sql)));
                    done.insert((VARIABLES.to_owned(), name.to_owned()));
                }
                order.push(Step::Variables(batch));
            } else if let Some(name) = next {
                if let Some((lookup, on, filter)) = lookups.remove(name) {
                    let on = on.into_iter().map(|(column, read)| (column, read.sql)).collect();
                    order.push(Step::Lookup { name, lookup, on, filter });
                }
                done.insert((name.to_owned(), String::new()));
            } else {
                return Err(circle(variables.keys().copied(), lookups.keys().copied()));
            }
        }
        Ok(Steps { order, used: self.used })
    }
}

fn circle<'a>(variables: impl Iterator<Item = &'a str>, lookups: impl Iterator<Item = &'a str>) -> Error {
    let variables: Vec<String> = variables.map(|name| format!("`var.{name}`")).collect();
    let lookups: Vec<String> = lookups.map(|name| format!("`{name}`")).collect();
    let key = if variables.is_empty() { "lookups" } else { "variables" };
    let names = [variables, lookups].concat().join(", ");
    let what = format!("these use each other in a circle: {names}");
    Error::config(what).with("key", key).help("let each use only what can be worked out before it")
}

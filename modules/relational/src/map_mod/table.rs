//! The one table over which all outputs are selected: the input, with variables and with what is looked up as further columns.

use super::config::{Join, Lookup, Match};
use super::names::{VARIABLES, flat};
use super::steps::{Step, Steps};
use pypeline_sdk::sql;
use std::collections::BTreeSet;

/// A table, and the columns in it that are none of the input's.
pub struct Table {
    /// What stands behind FROM.
    pub from: String,
    /// Names of further columns.
    pub made: Vec<String>,
    /// Holds for a row for which a lookup with `join: inner` found nothing; none where such rows are not in it.
    pub unmatched: Option<String>,
}

/// Makes the table; with the rows for which an inner lookup finds nothing, or without them.
pub fn table(steps: &Steps<'_>, with_unmatched: bool) -> Table {
    let mut from = sql::identifier("input");
    let (mut made, mut unmatched) = (Vec::new(), Vec::new());
    for (at, step) in steps.order.iter().enumerate() {
        match step {
            Step::Variables(variables) => {
                let named: Vec<_> =
                    variables.iter().map(|(name, made)| (flat(VARIABLES, name), made.clone())).collect();
                from = with(&from, &named, at);
                made.extend(named.into_iter().map(|(name, _)| name));
            }
            Step::Lookup { name, lookup, on, filter } => {
                let is_inner = lookup.join == Join::Inner;
                let used = steps.used.get(name);
                let right = looked_up(name, lookup, filter.as_deref(), used);
                made.extend(right.columns);
                let right = format!("({}) AS \"__pype_{at}_right\"", right.select);
                if lookup.r#match == Match::Cross && is_inner && !with_unmatched {
                    from = format!("(SELECT * FROM {from} CROSS JOIN {right}) AS \"__pype_{at}\"");
                    continue;
                }
                let mut keys: Vec<(String, String)> =
                    on.iter().map(|(column, key)| (format!("__pype_on {name}.{column}"), key.clone())).collect();
                if lookup.r#match == Match::Cross {
                    keys.push((format!("__pype_all {name}"), "1".to_owned()));
                }
                let left = with(&from, &keys, at);
                let partners = on.iter().map(|(column, _)| flat(name, column));
                let partners = partners.chain((lookup.r#match == Match::Cross).then(|| found(name)));
                let partners: Vec<String> = partners.collect();
                let on = keys.iter().zip(&partners).map(|((left, _), right)| {
                    let (left, right) = (sql::identifier(left), sql::identifier(right));
                    format!("\"__pype_{at}_left\".{left} = \"__pype_{at}_right\".{right}")
                });
                let on = on.collect::<Vec<_>>().join(" AND ");
                let join = if is_inner && !with_unmatched { "INNER" } else { "LEFT" };
                from = format!("(SELECT * FROM {left} {join} JOIN {right} ON {on}) AS \"__pype_{at}\"");
                if is_inner {
                    unmatched.extend(partners.first().map(|key| format!("{} IS NULL", sql::identifier(key))));
                }
                made.extend(keys.into_iter().map(|(name, _)| name));
            }
        }
    }
    Table { from, made, unmatched: with_unmatched.then(|| unmatched.join(" OR ")) }
}

/// A table with further columns, for step number `at`.
fn with(from: &str, columns: &[(String, String)], at: usize) -> String {
    let items: Vec<String> =
        columns.iter().map(|(name, made)| format!(", ({made}\n) AS {}", sql::identifier(name))).collect();
    format!("(SELECT *{} FROM {from}) AS \"__pype_{at}_left\"", items.concat())
}

struct LookedUp {
    select: String,
    columns: Vec<String>,
}

/// The rows of a lookup as they are joined: its keys, and the columns that are used.
fn looked_up(name: &str, lookup: &Lookup, filter: Option<&str>, used: Option<&BTreeSet<String>>) -> LookedUp {
    let keys: Vec<&str> = lookup.on.keys().map(String::as_str).collect();
    let others = used.into_iter().flatten().map(String::as_str).filter(|column| !keys.contains(column));
    let aggregate = match lookup.r#match {
        Match::Unique | Match::Last => Some("last"),
        Match::First => Some("first"),
        Match::All | Match::Cross => None,
    };
    let mut columns: Vec<(String, String)> = keys.iter().map(|key| (sql::identifier(key), flat(name, key))).collect();
    columns.extend(others.map(|column| {
        let own = sql::identifier(column);
        (aggregate.map_or_else(|| own.clone(), |aggregate| format!("{aggregate}({own})")), flat(name, column))
    }));
    if lookup.r#match == Match::Cross {
        columns.push(("1".to_owned(), found(name)));
    }
    let items: Vec<String> =
        columns.iter().map(|(made, name)| format!("{made} AS {}", sql::identifier(name))).collect();
    let filter = filter.map(|filter| format!(" WHERE ({filter}\n)")).unwrap_or_default();
    let keys: Vec<String> = keys.iter().map(|key| sql::identifier(key)).collect();
    let group = if aggregate.is_some() { format!(" GROUP BY {}", keys.join(", ")) } else { String::new() };
    let select = format!("SELECT {} FROM {}{filter}{group}", items.join(", "), sql::identifier(name));
    LookedUp { select, columns: columns.into_iter().map(|(_, name)| name).collect() }
}

/// A column that has a value where a lookup without keys has a row.
fn found(name: &str) -> String {
    format!("__pype_found {name}")
}

//! Orders of rows as a configuration gives them: columns, each with its direction and the place of what is NULL.

use crate::columns::ColumnName;
use crate::named;
use pypeline_sdk::prelude::*;

/// One column to order by: its name, or a mapping that says more.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Order {
    /// Its name: ascending, NULL last
    Name(ColumnName),
    /// With direction, place of NULL, and how values are compared
    Full(FullOrder),
}

/// One column to order by, with all that can be said of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FullOrder {
    /// Its name
    column: ColumnName,
    /// The largest first
    #[serde(default)]
    descending: bool,
    /// Where NULL stands: `last` or `first`, whatever the direction
    #[serde(default)]
    nulls: Nulls,
    /// Compare as `number` or as `text`; without it as the column's type has it
    #[serde(default, rename = "as")]
    compare: Option<Compare>,
}

/// Where NULL stands.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// Behind all others.
    #[default]
    Last,
    /// Before all others.
    First,
}

/// How values are compared.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum Compare {
    /// As numbers; what is none stands where NULL stands.
    Number,
    /// As texts, by their characters.
    Text,
}

impl Order {
    pub fn column(&self) -> &ColumnName {
        match self {
            Self::Name(column) | Self::Full(FullOrder { column, .. }) => column,
        }
    }

    fn sql(&self) -> String {
        let column = self.column().sql();
        let Self::Full(full) = self else { return format!("{column} ASC NULLS LAST") };
        let compared = match full.compare {
            None => column,
            Some(Compare::Number) => format!("TRY_CAST({column} AS DOUBLE)"),
            Some(Compare::Text) => format!("CAST({column} AS VARCHAR)"),
        };
        let direction = if full.descending { "DESC" } else { "ASC" };
        let nulls = if matches!(full.nulls, Nulls::First) { "FIRST" } else { "LAST" };
        format!("{compared} {direction} NULLS {nulls}")
    }
}

/// What stands behind ORDER BY; each column is named once.
pub fn list(key: &str, orders: &[Order]) -> Result<String> {
    named::once(key, orders.iter().map(|order| order.column().as_str()))?;
    Ok(orders.iter().map(Order::sql).collect::<Vec<_>>().join(", "))
}

/// The input, in order where one is given, as what stands behind FROM.
pub fn ordered_input(key: &str, orders: &[Order]) -> Result<String> {
    if orders.is_empty() {
        return Ok("input".to_owned());
    }
    Ok(format!("(SELECT * FROM input ORDER BY {})", list(key, orders)?))
}

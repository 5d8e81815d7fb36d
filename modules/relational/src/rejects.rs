//! What becomes of rows whose values are not what they should be: they are never lost without a word.

use pypeline_sdk::lowering::{Derived, Operation, Operator, With};
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use serde::{Deserializer, Serialize};

/// What to do with a bad row.
#[derive(Deserialize, Serialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// It leaves by port `reject`; where nobody reads that port, the run fails.
    #[default]
    Reject,
    /// What is bad becomes NULL, and the row is a good one.
    Null,
    /// The run fails.
    Fail,
}

/// As it is written: YAML takes the word `null` for nothing.
pub fn on_error<'de, D: Deserializer<'de>>(written: D) -> std::result::Result<OnError, D::Error> {
    Ok(Option::deserialize(written)?.unwrap_or(OnError::Null))
}

/// What may be wrong with a row.
pub struct Doubt {
    /// The column that it is about.
    pub column: String,
    /// An SQL condition that holds where it is wrong.
    pub condition: String,
    /// An SQL text that says what is wrong.
    pub reason: String,
}

impl Doubt {
    /// Something is wrong with the value of a column, which is told with the value.
    pub fn of_value(column: &str, condition: String, what: &str) -> Self {
        let said = sql::literal(&format!("`{column}` {what}: "));
        // `||` is NULL where a part is: of a value that is NULL it is said in words.
        let shown = format!("coalesce(substr(CAST({} AS VARCHAR), 1, 100), 'NULL')", sql::identifier(column));
        Self { column: column.to_owned(), condition, reason: format!("{said} || {shown}") }
    }
}

/// All columns with what is derived, and on port `reject` the bad rows as they came, with columns `reject_column` and `reject_reason`.
pub fn parted(on_error: OnError, ports: &Ports, columns: Vec<Derived>, doubts: &[Doubt]) -> Lowering {
    let bad = doubts.iter().map(|doubt| format!("coalesce({}, FALSE)", doubt.condition)).collect::<Vec<_>>();
    let bad = if bad.is_empty() { "FALSE".to_owned() } else { bad.join(" OR ") };
    let all = |separator: &str, part: &dyn Fn(&Doubt) -> String| {
        let parts = doubts.iter().map(|doubt| format!("CASE WHEN {} THEN {} END", doubt.condition, part(doubt)));
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { "''".to_owned() } else { format!("concat_ws('{separator}', {})", parts.join(", ")) }
    };
    let reason = all("; ", &|doubt| doubt.reason.clone());
    let condition = match on_error {
        _ if doubts.is_empty() => None,
        OnError::Null => None,
        OnError::Reject if ports.is_linked("reject") => Some(format!("NOT ({bad})")),
        // SQL has no word for failing: a text that is no number cannot be one, and the executor says which text.
        OnError::Reject | OnError::Fail => Some(format!("CAST(CASE WHEN {bad} THEN {reason} END AS BIGINT) IS NULL")),
    };
    let rejected = With {
        columns: vec![
            Derived { name: "reject_column".to_owned(), expression: all(", ", &|doubt| sql::literal(&doubt.column)) },
            Derived { name: "reject_reason".to_owned(), expression: reason },
        ],
        condition: Some(if on_error == OnError::Reject { bad } else { "FALSE".to_owned() }),
    };
    let ports = [("output", With { columns, condition }), ("reject", rejected)];
    let operation = |with| Operation::Operator(Operator::With(with));
    Lowering::Select(ports.map(|(port, with)| (port.to_owned(), operation(with))).into())
}

//! Rows of two inputs side by side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Rows of two inputs side by side: first the columns of the left one, then those of the right one. Of the columns that rows are
/// joined by there is one each, under the left one's name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Join {
    /// An input port.
    pub left: String,
    /// Another.
    pub right: String,
    /// Columns whose values are the same, NULL being the same as nothing: of the left, and of the right.
    pub on: Vec<(String, String)>,
    /// Which rows without a partner stay.
    pub how: JoinHow,
    /// Put behind the names of columns of the right that the left has too.
    pub suffix: String,
}

/// Which rows without a partner stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum JoinHow {
    /// None.
    #[default]
    Inner,
    /// Those of the left.
    Left,
    /// Those of the right.
    Right,
    /// Those of both.
    Full,
    /// Every row of the left with every one of the right.
    Cross,
}

impl JoinHow {
    /// The words between two tables.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Inner => "INNER JOIN",
            Self::Left => "LEFT JOIN",
            Self::Right => "RIGHT JOIN",
            Self::Full => "FULL JOIN",
            Self::Cross => "CROSS JOIN",
        }
    }
}

impl Join {
    /// The same as a SELECT over tables with these columns.
    pub fn to_select(&self, left: &[&str], right: &[&str]) -> String {
        let of = |table: &str, column: &str| format!("{}.{}", quoted(table), quoted(column));
        let partner = |column: &str| self.on.iter().find(|(key, _)| key == column).map(|(_, partner)| partner);
        let mut items: Vec<String> = Vec::new();
        for column in left {
            let own = of(&self.left, column);
            let value = match (partner(column).map(|partner| of(&self.right, partner)), self.how) {
                (Some(partner), JoinHow::Right) => partner,
                (Some(partner), JoinHow::Full) => format!("coalesce({own}, {partner})"),
                _ => own,
            };
            items.push(format!("{value} AS {}", quoted(column)));
        }
        for column in right.iter().filter(|column| !self.on.iter().any(|(_, key)| key == **column)) {
            let suffix = if left.contains(column) { self.suffix.as_str() } else { "" };
            items.push(format!("{} AS {}", of(&self.right, column), quoted(&format!("{column}{suffix}"))));
        }
        let on = self.on.iter().map(|(left, right)| format!("{} = {}", of(&self.left, left), of(&self.right, right)));
        let on: Vec<String> = on.collect();
        let on = if on.is_empty() { String::new() } else { format!(" ON {}", on.join(" AND ")) };
        let (left, right) = (quoted(&self.left), quoted(&self.right));
        format!("SELECT {} FROM {left} {} {right}{on}", items.join(", "), self.how.sql())
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(how: JoinHow, on: &[(&str, &str)]) -> Join {
        let on = on.iter().map(|(left, right)| ((*left).to_owned(), (*right).to_owned())).collect();
        Join { left: "left".into(), right: "right".into(), on, how, suffix: "_r".into() }
    }

    #[test]
    fn keys_are_there_once_and_names_of_both_get_a_suffix() {
        let select = join(JoinHow::Full, &[("id", "key")]).to_select(&["id", "a"], &["key", "a", "b"]);
        let wanted = concat!(
            r#"SELECT coalesce("left"."id", "right"."key") AS "id", "left"."a" AS "a", "right"."a" AS "a_r", "right"."b" AS "b""#,
            r#" FROM "left" FULL JOIN "right" ON "left"."id" = "right"."key""#
        );
        assert_eq!(select, wanted);
    }

    #[test]
    fn a_right_join_has_the_keys_of_the_right() {
        let select = join(JoinHow::Right, &[("id", "id")]).to_select(&["id"], &["id"]);
        assert_eq!(
            select,
            r#"SELECT "right"."id" AS "id" FROM "left" RIGHT JOIN "right" ON "left"."id" = "right"."id""#
        );
        let select = join(JoinHow::Cross, &[]).to_select(&["id"], &["id"]);
        assert_eq!(select, r#"SELECT "left"."id" AS "id", "right"."id" AS "id_r" FROM "left" CROSS JOIN "right""#);
    }
}

//! `union_mod`: the rows of several inputs one under the other.

use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// How columns find each other.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnionConfig {
    /// `name`: columns of one name are one column, and rows of an input that does not have it have NULL there; `position`: the first with the first
    /// and so on, under the names of the first input, and all inputs have as many. Numbers of several types become the widest, a number and a text a text
    #[serde(default)]
    by: By,
    /// Of rows that are equal in all columns, one
    #[serde(default)]
    distinct: bool,
    /// Name of a further column with the name of the input port that a row comes by
    #[serde(default)]
    source_column: Option<String>,
}

/// What makes two columns one.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// Their name
    #[default]
    Name,
    /// Their place
    Position,
}

pub struct Union;

impl Module for Union {
    type Config = UnionConfig;
    const MANIFEST: Manifest = Manifest::transform("union_mod")
        .category("Rows")
        .description("Puts the rows of any number of inputs together; they may come in any order")
        .any_inputs()
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &UnionConfig, ports: &Ports) -> Result<Lowering> {
        if config.source_column.as_deref() == Some("") {
            let error = Error::config("`source_column` is empty").with("key", "source_column");
            return Err(error.help("give it a name, or leave it out"));
        }
        let source = |port: &str| match &config.source_column {
            Some(name) => format!(", {} AS {}", sql::literal(port), sql::identifier(name)),
            None => String::new(),
        };
        let rows = |port: &String| format!("*{} FROM {}", source(port), sql::identifier(port));
        let sql = match (ports.inputs(), config.distinct) {
            ([port], true) => format!("SELECT DISTINCT {}", rows(port)),
            (inputs, is_distinct) => {
                let all = if is_distinct { "" } else { " ALL" };
                let by = if config.by == By::Name { " BY NAME" } else { "" };
                let selects: Vec<String> = inputs.iter().map(|port| format!("SELECT {}", rows(port))).collect();
                selects.join(&format!(" UNION{all}{by} "))
            }
        };
        Ok(lowering::select("output", sql))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lowered(config: UnionConfig, inputs: &[&str]) -> Lowering {
        let inputs = inputs.iter().map(|port| (*port).to_owned()).collect();
        Union::lower(&config, &Ports::linked(inputs, vec!["output".to_owned()])).unwrap()
    }

    #[test]
    fn inputs_are_taken_in_the_order_of_their_links() {
        let config = UnionConfig { by: By::Position, distinct: false, source_column: None };
        let wanted = r#"SELECT * FROM "z" UNION ALL SELECT * FROM "a""#;
        assert_eq!(lowered(config, &["z", "a"]), lowering::select("output", wanted));
    }

    #[test]
    fn one_input_may_be_made_distinct() {
        let config = UnionConfig { by: By::Name, distinct: true, source_column: Some("fr\"om".to_owned()) };
        let wanted = r#"SELECT DISTINCT *, 'a' AS "fr""om" FROM "a""#;
        assert_eq!(lowered(config, &["a"]), lowering::select("output", wanted));
    }
}

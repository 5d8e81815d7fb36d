//! `sql_mod`: any SELECT over any number of inputs, for what no other module says shorter.

use pypeline_sdk::lowering::Operation;
use pypeline_sdk::prelude::*;
use std::collections::BTreeMap;

/// What to select.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlConfig {
    /// One SELECT; its tables are the input ports, which data links name: `"orders.data - this_node.orders"` makes a table `orders`
    #[schemars(extend("format" = "sql-query"))]
    query: String,
    /// Further output ports by name, each with a SELECT over the same inputs
    #[serde(default)]
    #[schemars(extend("additionalProperties" = {"type": "string", "format": "sql-query"}))]
    queries: BTreeMap<String, String>,
}

pub struct Sql;

impl Module for Sql {
    type Config = SqlConfig;
    const MANIFEST: Manifest = Manifest::transform("sql_mod")
        .category("Rows")
        .description("Selects rows from any number of inputs with SQL: joins, groups, windows, unions")
        .any_inputs()
        .outputs_of("queries")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &SqlConfig, _: &Ports) -> Result<Lowering> {
        if config.queries.contains_key("output") {
            let error = Error::config("`output` is the port of `query`").with("key", "queries.output");
            return Err(error.help("give the further port another name"));
        }
        let more = config.queries.iter().map(|(port, query)| (port.as_str(), query));
        let all = std::iter::once(("output", &config.query)).chain(more);
        Ok(Lowering::Select(all.map(|(port, query)| (port.to_owned(), Operation::Select(query.clone()))).collect()))
    }
}

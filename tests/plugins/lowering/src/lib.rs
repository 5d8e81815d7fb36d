//! A module of somebody else that lowers: it shows that the engine fuses modules that it has never heard of.

use pypeline_sdk::prelude::*;

/// Which column, and what to call the result.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeriveUpperConfig {
    /// Text column to read
    column: String,
    /// Name of the new column
    #[serde(default = "upper")]
    name: String,
}

fn upper() -> String {
    "upper".to_owned()
}

struct DeriveUpper;

impl Module for DeriveUpper {
    type Config = DeriveUpperConfig;
    const MANIFEST: Manifest = Manifest::transform("derive_upper_mod")
        .version("0.3.0")
        .category("Demo")
        .description("Adds a column that holds another in upper case")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &DeriveUpperConfig, _: &Ports) -> Result<Lowering> {
        let (column, name) = (sql::identifier(&config.column), sql::identifier(&config.name));
        Ok(lowering::select("output", format!("SELECT *, upper({column}) AS {name} FROM input")))
    }
}

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PanicLowerConfig {}

struct PanicLower;

impl Module for PanicLower {
    type Config = PanicLowerConfig;
    const MANIFEST: Manifest = Manifest::transform("panic_lower_mod")
        .category("Demo")
        .description("Panics when it is asked what it does")
        .lowers();

    fn lower(_: &PanicLowerConfig, _: &Ports) -> Result<Lowering> {
        panic!("no idea what I do")
    }
}

/// How rows of two inputs belong together.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MatchConfig {
    /// SQL condition over columns of `left` and `right`
    #[schemars(extend("format" = "sql-expression"))]
    on: String,
}

struct Match;

impl Module for Match {
    type Config = MatchConfig;
    const MANIFEST: Manifest = Manifest::transform("match_mod")
        .category("Demo")
        .description("Keeps the rows of one input that have a partner in the other")
        .inputs(&["left", "right"])
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &MatchConfig, _: &Ports) -> Result<Lowering> {
        Ok(lowering::select("output", format!("SELECT \"left\".* FROM \"left\" INNER JOIN \"right\" ON {}", config.on)))
    }
}

/// What to gather.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct GatherConfig {
    /// Column whose values become a list
    #[schemars(extend("format" = "column"))]
    column: String,
}

struct Gather;

impl Module for Gather {
    type Config = GatherConfig;
    const MANIFEST: Manifest = Manifest::transform("gather_mod")
        .category("Demo")
        .description("Makes one row that holds all values of a column as a list")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &GatherConfig, _: &Ports) -> Result<Lowering> {
        let column = sql::identifier(&config.column);
        Ok(lowering::select("output", format!("SELECT array_agg({column}) AS {column} FROM input")))
    }
}

export_plugin!(DeriveUpper, Gather, Match, PanicLower);

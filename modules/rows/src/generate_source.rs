//! `generate_source`: rows out of nothing, the same ones for the same seed.

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringViewArray,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pypeline_sdk::prelude::*;
use std::sync::Arc;

/// Rows per batch: what travels best across the plugin boundary.
const BATCH: u64 = 65_536;

/// How many rows, and what is in them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GenerateConfig {
    /// Rows to make
    rows: u64,
    /// Columns, in order
    columns: Vec<ColumnConfig>,
    /// The same seed gives the same rows
    #[serde(default)]
    seed: u64,
}

/// One column.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnConfig {
    /// Its name
    name: String,
    /// What its values are
    kind: Kind,
    /// Smallest value of `int`, `float` and `date` (days since 1970-01-01); first value of `sequence`
    #[serde(default)]
    min: f64,
    /// Largest value of `int`, `float` and `date`
    #[serde(default = "hundred")]
    max: f64,
    /// The values of `choice`
    #[serde(default)]
    values: Vec<String>,
    /// Share of NULLs, 0 to 1
    #[serde(default)]
    nulls: f64,
}

/// Kinds of values.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// 0, 1, 2, … from `min`
    Sequence,
    /// Integers from `min` to `max`
    Int,
    /// Numbers from `min` to `max`
    Float,
    /// True or false
    Bool,
    /// Days from `min` to `max`
    Date,
    /// One of `values`
    Choice,
}

fn hundred() -> f64 {
    100.0
}

pub struct Generate {
    config: GenerateConfig,
    schema: SchemaRef,
}

impl Module for Generate {
    type Config = GenerateConfig;
    const MANIFEST: Manifest = Manifest::source("generate_source")
        .category("Rows")
        .description("Makes rows, the same ones for the same seed")
        .globals(&["row_count"])
        .packages(&["arrow"]);

    fn columns(config: &GenerateConfig, _: &Columns) -> Result<Columns> {
        Ok(Columns::unknown().with_schema("data", &schema(config)))
    }

    fn create(config: GenerateConfig) -> Result<Self> {
        for column in &config.columns {
            let wrong =
                |what: &str| Err(Error::config(format!("column `{}`: {what}", column.name)).with("key", "columns"));
            match column.kind {
                Kind::Choice if column.values.is_empty() => return wrong("`choice` needs `values`"),
                Kind::Int | Kind::Float | Kind::Date if column.min > column.max => {
                    return wrong("`min` is above `max`");
                }
                _ if !(0.0..=1.0).contains(&column.nulls) => return wrong("`nulls` is a share from 0 to 1"),
                _ => {}
            }
        }
        let schema = Arc::new(schema(&config));
        Ok(Self { config, schema })
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let mut output = io.output("data")?;
        output.open(&self.schema)?;
        let mut start = 0;
        while start < self.config.rows {
            let rows = BATCH.min(self.config.rows - start);
            output.send(self.batch(start, rows)?).await?;
            start += rows;
            io.context.progress(start, self.config.rows);
        }
        io.context.set_global("row_count", &self.config.rows)
    }
}

impl Generate {
    /// Rows `start` to `start + rows`. Each value depends on its place alone.
    fn batch(&self, start: u64, rows: u64) -> Result<RecordBatch> {
        let columns = self.config.columns.iter().zip(1_u64..);
        let columns =
            columns.map(|(column, salt)| column.values(self.config.seed, salt, start..start + rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(usize::try_from(rows).ok());
        Ok(RecordBatch::try_new_with_options(self.schema.clone(), columns, &options)?)
    }
}

fn schema(config: &GenerateConfig) -> Schema {
    let fields = config.columns.iter().map(|column| Field::new(&column.name, column.kind.data_type(), true));
    Schema::new(fields.collect::<Vec<_>>())
}

impl Kind {
    fn data_type(self) -> DataType {
        match self {
            Self::Sequence | Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Choice => DataType::Utf8View,
        }
    }
}

impl ColumnConfig {
    fn values(&self, seed: u64, salt: u64, rows: std::ops::Range<u64>) -> ArrayRef {
        let random = |row: u64, draw: u64| unit(mix(seed ^ mix(salt << 1 | draw) ^ mix(row)));
        let at = |row: u64| random(row, 0);
        let is_null = |row: u64| self.nulls > 0.0 && random(row, 1) < self.nulls;
        let whole = |row: u64| (self.min + at(row) * (self.max - self.min + 1.0)).floor().min(self.max);
        macro_rules! column {
            ($array:ty, $value:expr) => {{
                let value = $value;
                Arc::new(rows.map(|row| (!is_null(row)).then(|| value(row))).collect::<$array>())
            }};
        }
        match self.kind {
            Kind::Sequence => column!(Int64Array, |row: u64| self.min as i64 + row as i64),
            Kind::Int => column!(Int64Array, |row| whole(row) as i64),
            Kind::Float => column!(Float64Array, |row| self.min + at(row) * (self.max - self.min)),
            Kind::Bool => column!(BooleanArray, |row| at(row) < 0.5),
            Kind::Date => column!(Date32Array, |row| whole(row) as i32),
            Kind::Choice => column!(StringViewArray, |row| {
                let pick = (at(row) * self.values.len() as f64) as usize;
                self.values.get(pick).map_or("", String::as_str)
            }),
        }
    }
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): a well mixed number for each counter.
fn mix(counter: u64) -> u64 {
    let mut z = counter.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number from 0 to 1, 1 excluded, of 53 random bits.
fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

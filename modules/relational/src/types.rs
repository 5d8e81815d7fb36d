//! Types that values are read as, and the SQL that reads them: NULL where a value is none of its type.

use crate::dates;
use pypeline_sdk::prelude::*;

/// A type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Bool,
    Date,
    Datetime,
    Time,
    /// A number, by the name that SQL has for it.
    Number(&'static str),
    Decimal {
        precision: u8,
        scale: u8,
    },
}

/// What is said of a type that is none.
const KNOWN: &str = "`string`, `int`, `float`, `decimal(12,2)`, `bool`, `date`, `datetime` or `time`; `int8` to `int64`, `uint8` to `uint64`, `float32`";

/// Names of numbers, and SQL's.
const NUMBERS: &[(&str, &str)] = &[
    ("int", "BIGINT"),
    ("float", "DOUBLE"),
    ("int64", "BIGINT"),
    ("int32", "INTEGER"),
    ("int16", "SMALLINT"),
    ("int8", "TINYINT"),
    ("uint64", "UBIGINT"),
    ("uint32", "UINTEGER"),
    ("uint16", "USMALLINT"),
    ("uint8", "UTINYINT"),
    ("float64", "DOUBLE"),
    ("float32", "REAL"),
];

impl Type {
    /// By its name. `key` is the place of the name in the configuration.
    pub fn parse(name: &str, key: &str) -> Result<Self> {
        let known = match name.trim() {
            "string" => Some(Self::Text),
            "bool" => Some(Self::Bool),
            "date" => Some(Self::Date),
            "datetime" => Some(Self::Datetime),
            "time" => Some(Self::Time),
            number => NUMBERS.iter().find(|(known, _)| *known == number).map(|(_, sql)| Self::Number(sql)),
        };
        known.or_else(|| decimal(name)).ok_or_else(|| {
            Error::config(format!("`{name}` is no type")).with("key", key).help(format!("write {KNOWN}"))
        })
    }

    /// The value of `sql`, which may be of any type, as this type.
    pub fn read(self, sql: &str, format: Option<&str>, key: &str) -> Result<String> {
        let text = format!("CAST({sql} AS VARCHAR)");
        if let Some(format) = format {
            return dates::read(self, format, &text, key);
        }
        Ok(match self {
            Self::Text => text,
            Self::Bool => format!(
                "CASE WHEN lower({text}) IN ('true', 't', 'yes', 'y', 'on', '1', '1.0') THEN TRUE WHEN lower({text}) IN ('false', 'f', 'no', 'n', 'off', '0', '0.0') THEN FALSE END"
            ),
            Self::Number(name) => format!("TRY_CAST({sql} AS {name})"),
            Self::Decimal { precision, scale } => format!("TRY_CAST({sql} AS DECIMAL({precision}, {scale}))"),
            Self::Date => format!("TRY_CAST({sql} AS DATE)"),
            // Polars reads timestamps from texts with a `T`, and no day as one.
            Self::Datetime => format!(
                "coalesce(TRY_CAST({sql} AS TIMESTAMP), TRY_CAST(replace({text}, ' ', 'T') AS TIMESTAMP), TRY_CAST(TRY_CAST({sql} AS DATE) AS TIMESTAMP))"
            ),
            // Nor a text as a time of day: it is that of some day.
            Self::Time => format!(
                "coalesce(CAST(TRY_CAST('1970-01-01T' || {text} AS TIMESTAMP) AS TIME), CASE WHEN {text} LIKE '%:%' THEN TRY_CAST({sql} AS TIME) END)"
            ),
        })
    }

    /// Where a value that cannot be read is told by the executor itself in the best words.
    pub fn strict(self, sql: &str) -> Option<String> {
        match self {
            Self::Number(name) => Some(format!("CAST({sql} AS {name})")),
            Self::Decimal { precision, scale } => Some(format!("CAST({sql} AS DECIMAL({precision}, {scale}))")),
            Self::Text => Some(format!("CAST({sql} AS VARCHAR)")),
            Self::Bool | Self::Date | Self::Datetime | Self::Time => None,
        }
    }
}

/// `decimal(precision,scale)`.
fn decimal(name: &str) -> Option<Type> {
    let inside = name.trim().strip_prefix("decimal(")?.strip_suffix(')')?;
    let (precision, scale) = inside.split_once(',')?;
    let (precision, scale): (u8, u8) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    (1..=38).contains(&precision).then_some(())?;
    (scale <= precision).then_some(Type::Decimal { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_digits_and_fewer_behind_the_point() {
        assert_eq!(Type::parse("decimal(12, 2)", "key").unwrap(), Type::Decimal { precision: 12, scale: 2 });
        assert_eq!(Type::parse("decimal(38,38)", "key").unwrap(), Type::Decimal { precision: 38, scale: 38 });
        for wrong in
            ["decimal", "decimal(2)", "decimal(39,1)", "decimal(0,0)", "decimal(2,3)", "decimal(a,b)", "Int", ""]
        {
            assert!(Type::parse(wrong, "key").is_err(), "{wrong}");
        }
    }
}

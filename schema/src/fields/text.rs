//! Types as texts, for files, tables and messages: `decimal(10, 2)`, `datetime(us, Europe/Berlin)`, `struct("a" int64, "b" list(string))`.

use super::{DataType, Field, TimeUnit};
use std::fmt::{Display, Formatter, Result as Written};
use std::str::FromStr;

/// Types in types: more than any file has, and few enough for any stack.
const DEEPEST: usize = 64;

/// A text that is no type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadType {
    text: String,
}

impl Display for BadType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        write!(f, "`{}` is not a type", self.text)
    }
}

impl std::error::Error for BadType {}

/// The types that have no parts.
const PLAIN: &[(&str, DataType)] = &[
    ("unknown", DataType::Unknown),
    ("null", DataType::Null),
    ("bool", DataType::Bool),
    ("int8", DataType::Int8),
    ("int16", DataType::Int16),
    ("int32", DataType::Int32),
    ("int64", DataType::Int64),
    ("int128", DataType::Int128),
    ("uint8", DataType::UInt8),
    ("uint16", DataType::UInt16),
    ("uint32", DataType::UInt32),
    ("uint64", DataType::UInt64),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("string", DataType::String),
    ("binary", DataType::Binary),
    ("date", DataType::Date),
    ("time", DataType::Time),
    ("category", DataType::Category),
];

const UNITS: &[(&str, TimeUnit)] =
    &[("ms", TimeUnit::Milliseconds), ("us", TimeUnit::Microseconds), ("ns", TimeUnit::Nanoseconds)];

impl Display for TimeUnit {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str(UNITS.iter().find(|(_, unit)| unit == self).map_or("us", |(text, _)| text))
    }
}

impl Display for DataType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        match self {
            Self::Decimal(precision, scale) => write!(f, "decimal({precision}, {scale})"),
            Self::Datetime(unit, None) => write!(f, "datetime({unit})"),
            Self::Datetime(unit, Some(zone)) => write!(f, "datetime({unit}, {zone})"),
            Self::Duration(unit) => write!(f, "duration({unit})"),
            Self::List(inner) => write!(f, "list({inner})"),
            Self::Array(inner, length) => write!(f, "array({inner}, {length})"),
            Self::Struct(fields) => {
                f.write_str("struct(")?;
                for (at, field) in fields.iter().enumerate() {
                    let name = serde_json::Value::from(field.name.as_str());
                    write!(f, "{}{name} {}", if at == 0 { "" } else { ", " }, field.data_type)?;
                }
                f.write_str(")")
            }
            plain => f.write_str(PLAIN.iter().find(|(_, each)| each == plain).map_or("unknown", |(text, _)| text)),
        }
    }
}

impl FromStr for DataType {
    type Err = BadType;

    fn from_str(text: &str) -> Result<Self, BadType> {
        let mut rest = text;
        let found = read(&mut rest, DEEPEST).filter(|_| rest.trim().is_empty());
        found.ok_or_else(|| BadType { text: text.to_owned() })
    }
}

/// One type from the beginning of `rest`.
fn read(rest: &mut &str, room: usize) -> Option<DataType> {
    let room = room.checked_sub(1)?;
    let word = word(rest);
    if let Some((_, plain)) = PLAIN.iter().find(|(text, _)| *text == word) {
        return Some(plain.clone());
    }
    take(rest, "(")?;
    let found = match word {
        "decimal" => {
            let precision = number(rest)?;
            take(rest, ",")?;
            DataType::Decimal(u8::try_from(precision).ok()?, u8::try_from(number(rest)?).ok()?)
        }
        "datetime" => {
            let unit = unit(rest)?;
            let zone = take(rest, ",").and_then(|()| {
                let (zone, after) = rest.split_at(rest.find(')')?);
                *rest = after;
                Some(zone.trim().to_owned())
            });
            DataType::Datetime(unit, zone)
        }
        "duration" => DataType::Duration(unit(rest)?),
        "list" => DataType::List(Box::new(read(rest, room)?)),
        "array" => {
            let inner = Box::new(read(rest, room)?);
            take(rest, ",")?;
            DataType::Array(inner, number(rest)?)
        }
        "struct" => {
            let mut fields = Vec::new();
            while !rest.trim_start().starts_with(')') {
                if !fields.is_empty() {
                    take(rest, ",")?;
                }
                let name = quoted(rest)?;
                fields.push(Field { name, data_type: read(rest, room)? });
            }
            DataType::Struct(fields)
        }
        _ => return None,
    };
    take(rest, ")")?;
    Some(found)
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let (word, after) = text.split_at(text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len()));
    *rest = after;
    word
}

fn take(rest: &mut &str, mark: &str) -> Option<()> {
    *rest = rest.trim_start().strip_prefix(mark)?;
    Some(())
}

fn number(rest: &mut &str) -> Option<u64> {
    word(rest).parse().ok()
}

fn unit(rest: &mut &str) -> Option<TimeUnit> {
    let word = word(rest);
    UNITS.iter().find(|(text, _)| *text == word).map(|(_, unit)| *unit)
}

/// A name as JSON writes a text.
fn quoted(rest: &mut &str) -> Option<String> {
    let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
    let name = texts.next()?.ok()?;
    let read = texts.byte_offset();
    *rest = rest.get(read..)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_as_it_is_written() {
        let inner = vec![Field::new("odd, \"name\")", DataType::Int8), Field::new("b", DataType::Decimal(38, 10))];
        let made = [
            DataType::Datetime(TimeUnit::Nanoseconds, Some("Europe/Berlin".to_owned())),
            DataType::Datetime(TimeUnit::Microseconds, None),
            DataType::Duration(TimeUnit::Milliseconds),
            DataType::List(Box::new(DataType::Array(Box::new(DataType::Struct(inner)), 3))),
            DataType::Struct(Vec::new()),
        ];
        for data_type in PLAIN.iter().map(|(_, plain)| plain.clone()).chain(made) {
            let text = data_type.to_string();
            assert_eq!(text.parse(), Ok(data_type), "{text}");
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        let deep = format!("{}int8{}", "list(".repeat(100_000), ")".repeat(100_000));
        for text in ["", "int", "int64 x", "list(int64", "decimal(300, 1)", "struct(a int64)", "datetime()", &deep] {
            assert!(text.parse::<DataType>().is_err(), "{}", &text[..text.len().min(40)]);
        }
    }
}

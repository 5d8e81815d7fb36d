//! What a scalar without quotes is: YAML 1.2's core schema, and nothing of 1.1 (`no`, `on`, `12:30` stay texts).

use serde_json::{Number, Value};

/// Why a number is none that can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// More than 64 bits hold.
    TooLarge,
    /// `.inf`, `.nan`.
    NotFinite,
}

/// The value of a scalar without quotes.
pub fn plain(text: &str) -> Result<Value, Unfit> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" => return Ok(Value::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Value::Bool(false)),
        _ => {}
    }
    match number(text) {
        Some(number) => number.map(Value::Number),
        None => Ok(Value::String(text.to_owned())),
    }
}

/// What the text of a variable is in the place of a scalar without quotes. An empty one is a text, as is a number that does not fit.
pub fn of_variable(text: String) -> Value {
    match plain(&text) {
        Ok(value) if !text.is_empty() => value,
        _ => Value::String(text),
    }
}

/// A decimal number with zeros in front, which other readers take for an octal one, and people for a text.
pub fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// None if it does not look like a number.
pub fn number(text: &str) -> Option<Result<Number, Unfit>> {
    let is = |of: fn(&u8) -> bool, text: &str| !text.is_empty() && text.bytes().all(|byte| of(&byte));
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(Err(Unfit::NotFinite));
    }
    let in_base =
        |digits: &str, base: u32| u64::from_str_radix(digits, base).map(Number::from).map_err(|_| Unfit::TooLarge);
    if let Some(digits) = text.strip_prefix("0o").filter(|digits| is(|byte| matches!(byte, b'0'..=b'7'), digits)) {
        return Some(in_base(digits, 8));
    }
    if let Some(digits) = text.strip_prefix("0x").filter(|digits| is(u8::is_ascii_hexdigit, digits)) {
        return Some(in_base(digits, 16));
    }
    if is(u8::is_ascii_digit, unsigned) {
        let signed = text.strip_prefix('+').unwrap_or(text);
        let number = signed.parse::<i64>().map(Number::from).or_else(|_| signed.parse::<u64>().map(Number::from));
        return Some(number.map_err(|_| Unfit::TooLarge));
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.strip_prefix(['+', '-']).unwrap_or(exponent)),
        None => (unsigned, "0"),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() + part.len() == 0 || !is(u8::is_ascii_digit, exponent) {
        return None;
    }
    Some(text.parse::<f64>().ok().and_then(Number::from_f64).ok_or(Unfit::TooLarge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scalars_are_what_yaml_1_2_says() {
        for (text, value) in [
            ("", json!(null)),
            ("True", json!(true)),
            ("no", json!("no")),
            ("12:30:45", json!("12:30:45")),
            ("2025-01-15", json!("2025-01-15")),
            ("010", json!(10)),
            ("0o10", json!(8)),
            ("0x1F", json!(31)),
            ("-7", json!(-7)),
            ("+7", json!(7)),
            ("1.0", json!(1.0)),
            (".5", json!(0.5)),
            ("1e3", json!(1000.0)),
            ("1.0.0", json!("1.0.0")),
            ("1_000", json!("1_000")),
            ("-", json!("-")),
            (".", json!(".")),
            ("0o8", json!("0o8")),
            ("1e", json!("1e")),
            ("18446744073709551615", json!(u64::MAX)),
        ] {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
        assert_eq!(plain("18446744073709551616"), Err(Unfit::TooLarge));
        assert_eq!(plain("1e999"), Err(Unfit::TooLarge));
        assert_eq!(plain("-.inf"), Err(Unfit::NotFinite));
    }
}

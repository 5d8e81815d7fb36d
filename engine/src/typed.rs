//! Values of variables as their declared types: at the build for defaults, at the run for what is given as text.

use pypeline_schema::flow::VariableType;
use serde_json::Value;

/// A value as the declared type; a text where none is declared is taken for what it looks like. None if it does not fit.
pub fn typed(declared: Option<VariableType>, value: Value) -> Option<Value> {
    let fits = |value: &Value| match declared {
        None => true,
        Some(VariableType::Str) => value.is_string(),
        Some(VariableType::Int) => value.is_i64() || value.is_u64(),
        Some(VariableType::Float) => value.is_number(),
        Some(VariableType::Bool) => value.is_boolean(),
        Some(VariableType::List) => value.is_array(),
        Some(VariableType::Dict) => value.is_object(),
    };
    match (&value, declared) {
        (Value::Null, _) | (Value::String(_), Some(VariableType::Str)) => Some(value),
        (Value::String(text), _) => match serde_json::from_str(text).ok().filter(fits) {
            Some(parsed) => Some(parsed),
            None => declared.is_none().then_some(value),
        },
        (Value::Number(_) | Value::Bool(_), Some(VariableType::Str)) => Some(Value::String(value.to_string())),
        _ => fits(&value).then_some(value),
    }
}

/// The type as a flow names it.
pub fn word(declared: VariableType) -> &'static str {
    match declared {
        VariableType::Str => "str",
        VariableType::Int => "int",
        VariableType::Float => "float",
        VariableType::Bool => "bool",
        VariableType::List => "list",
        VariableType::Dict => "dict",
    }
}

/// How a value of the type is written.
pub fn advice(declared: VariableType) -> &'static str {
    match declared {
        VariableType::Str => "write a text, as `abc`",
        VariableType::Int => "write a whole number, as `10`",
        VariableType::Float => "write a number, as `0.5`",
        VariableType::Bool => "write `true` or `false`",
        VariableType::List => "write a list, as `[1, 2]`",
        VariableType::Dict => "write a mapping, as `{\"a\": 1}`",
    }
}

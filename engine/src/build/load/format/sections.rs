//! The format's schema over a flow, the long lists of it a part at a time: what a list of wrong items makes the checker collect is
//! many times the list.

use crate::json_schema::{Checker, Violation};
use pypeline_schema::flow::FlowFile;
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Items that are checked together.
const TOGETHER: usize = 1_000;

/// The lists of a flow that may be long.
const LISTS: [&str; 3] = ["/modules", "/connections/data", "/connections/control"];

/// What checks a flow without those lists, and each of them; made once, since it takes longer to make than to use.
struct Checkers {
    flow: Checker,
    lists: Vec<(&'static str, Checker)>,
}

fn checkers() -> &'static Result<Checkers, String> {
    static CHECKERS: OnceLock<Result<Checkers, String>> = OnceLock::new();
    CHECKERS.get_or_init(|| {
        let schema = schemars::schema_for!(FlowFile).to_value();
        let definitions = schema.get("$defs").cloned().unwrap_or_default();
        let list = |(pointer, at): (&'static str, &str)| {
            let of = schema.pointer(at).and_then(|list| list.get("items")).cloned().unwrap_or_default();
            Ok((pointer, Checker::new(json!({"type": "array", "items": of, "$defs": definitions}))?))
        };
        let places =
            ["/properties/modules", "/$defs/Connections/properties/data", "/$defs/Connections/properties/control"];
        let lists = LISTS.into_iter().zip(places).map(list).collect::<Result<_, String>>()?;
        Ok(Checkers { lists, flow: Checker::new(schema.clone())? })
    })
}

/// A violation, with the value around it and the pointer within that.
pub struct Found<'a> {
    /// With its pointer in the flow.
    pub violation: Violation,
    pub around: &'a Value,
    pub inner: String,
}

impl Found<'_> {
    /// The value that is wrong.
    pub fn value(&self) -> Option<&Value> {
        self.around.pointer(&self.inner)
    }

    /// What the value is in.
    pub fn parent(&self) -> Option<&Value> {
        self.around.pointer(self.inner.rsplit_once('/')?.0)
    }
}

/// Tells all violations; the value is the same afterwards.
pub fn check(value: &mut Value, tell: &mut dyn FnMut(Found<'_>)) -> Result<(), String> {
    let checkers = checkers().as_ref().map_err(Clone::clone)?;
    let mut taken = Vec::new();
    for (pointer, checker) in &checkers.lists {
        let list = value.pointer_mut(pointer).and_then(Value::as_array_mut).filter(|list| list.len() > TOGETHER);
        taken.extend(list.map(|list| (*pointer, checker, std::mem::take(list))));
    }
    for violation in checkers.flow.check(value) {
        let inner = violation.pointer.clone();
        tell(Found { violation, around: value, inner });
    }
    for (pointer, checker, items) in taken {
        let (mut checked, mut rest) = (Vec::with_capacity(items.len()), items.into_iter());
        loop {
            let part: Vec<Value> = rest.by_ref().take(TOGETHER).collect();
            if part.is_empty() {
                break;
            }
            let part = Value::Array(part);
            for violation in checker.check(&part) {
                let inner = violation.pointer.clone();
                let violation = Violation { pointer: shifted(&inner, pointer, checked.len()), ..violation };
                tell(Found { violation, around: &part, inner });
            }
            if let Value::Array(part) = part {
                checked.extend(part);
            }
        }
        if let Some(list) = value.pointer_mut(pointer) {
            *list = Value::Array(checked);
        }
    }
    Ok(())
}

/// `/3/id` of a part as the pointer in the flow.
fn shifted(pointer: &str, list: &str, before: usize) -> String {
    let inner = pointer.trim_start_matches('/');
    let (at, rest) = inner.split_once('/').map_or((inner, String::new()), |(at, rest)| (at, format!("/{rest}")));
    at.parse::<usize>().map_or_else(|_| list.to_owned(), |at| format!("{list}/{}{rest}", before + at))
}

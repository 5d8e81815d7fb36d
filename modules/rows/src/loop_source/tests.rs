//! What `loop_source` takes as a loop, and the tables that it makes of one.

use super::*;
use arrow_array::Array;
use pypeline_sdk::serde_json::{from_value, json};

fn config(config: Value) -> LoopConfig {
    from_value(config).unwrap()
}

#[test]
fn each_kind_of_loop_is_items_for_an_iterate_link() {
    let lower = |value| Loop::lower(&config(value), &Ports::default()).unwrap();
    let service = |items| Lowering::Service(Service::Items(items));
    assert_eq!(
        lower(json!({"items": ["a", null, 3]})),
        service(Items::Values(vec![json!("a"), json!(null), json!(3)]))
    );
    assert_eq!(lower(json!({"from": 1, "to": 3})), service(Items::Range { from: 1, to: 3, step: 1 }));
    let while_loop = json!({"while": "globals.poll__state != 'done'", "max": 10});
    let condition = "globals.poll__state != 'done'".to_owned();
    assert_eq!(lower(while_loop), service(Items::While { condition, max: 10 }));
}

#[test]
fn a_while_loop_has_no_table() {
    let fault = Loop::create(config(json!({"while": "true", "max": 3}))).err().expect("refused").into_fault();
    assert_eq!(fault.message, "a while loop gives its items to an iterate link alone");
    assert!(Loop::create(config(json!({"from": 1, "to": 3}))).is_ok());
}

#[test]
fn exactly_one_kind_must_be_given() {
    for (key, value) in [
        ("items", json!({})),
        ("items", json!({"items": [1], "from": 1, "to": 2})),
        ("items", json!({"items": [1], "while": "x", "max": 1})),
        ("items", json!({"from": 1, "to": 2, "while": "x", "max": 1})),
        ("items", json!({"items": [[1]]})),
        ("items", json!({"items": [1, {"a": 1}]})),
        ("from", json!({"to": 2})),
        ("to", json!({"from": 2})),
        ("step", json!({"from": 1, "to": 2, "step": 0})),
        ("max", json!({"from": 1, "to": 2, "max": 5})),
        ("max", json!({"items": [1], "max": 5})),
        ("max", json!({"while": "x"})),
        ("max", json!({"while": "x", "max": 0})),
        ("while", json!({"while": " ", "max": 1})),
    ] {
        let text = value.to_string();
        let fault = Loop::lower(&config(value), &Ports::default()).expect_err(&text).into_fault();
        assert_eq!(fault.context, [("key".to_owned(), key.to_owned())], "{text}: {}", fault.message);
    }
}

#[test]
fn ranges_end_where_a_step_meets_the_end_or_passes_it() {
    let numbers = |from, to, step| range(from, to, step).take(10).collect::<Vec<_>>();
    assert_eq!(numbers(1, 7, 3), [1, 4, 7]);
    assert_eq!(numbers(1, 6, 3), [1, 4]);
    assert_eq!(numbers(3, 1, -1), [3, 2, 1]);
    assert_eq!(numbers(3, 1, 1), [0; 0]);
    assert_eq!(numbers(i64::MAX - 1, i64::MAX, 1), [i64::MAX - 1, i64::MAX]);
    assert_eq!(numbers(i64::MIN, i64::MIN, i64::MIN), [i64::MIN]);
}

#[test]
fn items_are_a_table() {
    let columns = |items: Value| {
        let table = table_of(items.as_array().unwrap()).unwrap();
        let schema = table.schema();
        let column = |at: usize| {
            let (field, column) = (schema.field(at), table.column(at));
            format!("{} {} {}/{}", field.name(), field.data_type(), column.null_count(), column.len())
        };
        (0..table.num_columns()).map(column).collect::<Vec<_>>()
    };
    assert_eq!(columns(json!([1, null, 3])), ["value Int64 1/3"]);
    assert_eq!(columns(json!([])), ["value Utf8View 0/0"]);
    assert_eq!(columns(json!([null])), ["value Utf8View 1/1"]);
    assert_eq!(columns(json!([{"id": 1}, null, {"id": 2, "name": "b"}])), ["id Int64 1/3", "name Utf8View 2/3"]);
}

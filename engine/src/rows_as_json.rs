//! Rows of Arrow as JSON: what loops go over, and what variables are loaded from.

use arrow_array::RecordBatch;
use arrow_json::WriterBuilder;
use arrow_json::writer::LineDelimited;
use pypeline_schema::fault::{Fault, FaultKind};
use serde_json::{Map, Value};

/// Each row as a mapping from column to value; a NULL is there as null.
pub fn rows(batch: &RecordBatch) -> Result<Vec<Map<String, Value>>, Box<Fault>> {
    if batch.num_columns() == 0 {
        return Ok(vec![Map::new(); batch.num_rows()]);
    }
    let failed = |error: &dyn std::error::Error| {
        Box::new(Fault::new(FaultKind::Data, "a row cannot be taken as the item of a loop").caused_by(error))
    };
    let mut lines = Vec::new();
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(&mut lines);
    writer.write(batch).map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    drop(writer);
    let rows = serde_json::Deserializer::from_slice(&lines).into_iter();
    rows.collect::<Result<_, _>>().map_err(|error: serde_json::Error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{
        BooleanArray, Date32Array, Float64Array, Int64Array, StringViewArray, TimestampMicrosecondArray,
    };
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn every_type_of_a_flow_has_its_json() {
        let batch = RecordBatch::try_from_iter([
            ("n", Arc::new(Int64Array::from(vec![Some(7), None])) as _),
            ("x", Arc::new(Float64Array::from(vec![0.5, 2.0])) as _),
            ("text", Arc::new(StringViewArray::from(vec![Some("a \"b\" ü\n"), None])) as _),
            ("flag", Arc::new(BooleanArray::from(vec![true, false])) as _),
            ("day", Arc::new(Date32Array::from(vec![20_778, 0])) as _),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_500_000, 0])) as arrow_array::ArrayRef),
        ]);
        let rows = rows(&batch.unwrap()).unwrap();
        let expected = json!({"n": 7, "x": 0.5, "text": "a \"b\" ü\n", "flag": true, "day": "2026-11-21", "at": "1970-01-01T00:00:01.500"});
        assert_eq!(Value::Object(rows[0].clone()), expected);
        assert_eq!((&rows[1]["n"], &rows[1]["text"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn rows_without_columns_are_rows() {
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(3));
        let schema = Arc::new(arrow_schema::Schema::empty());
        let batch = RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap();
        assert_eq!(rows(&batch).unwrap().len(), 3);
    }
}

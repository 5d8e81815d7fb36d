//! What adds up over all rows of a large output, whatever their order: a sum of a hash of each row, and of each column of
//! fractions. Two outputs of the same rows agree; one value that is another, or in another row, shows.

use super::key::Key;
use crate::Result;
use polars::prelude::{Column, DataFrame, DataType};
use std::collections::BTreeMap;

/// Fractions are summed in another order by each contender.
const TOLERANCE: f64 = 1e-9;
/// Fractions count in a row's hash up to this part: what comes from the order of additions is far below.
const FRACTION: f64 = 1e4;

/// The sums.
#[derive(Debug, Default, PartialEq)]
pub struct Print {
    /// Rows.
    pub rows: u64,
    columns: Vec<String>,
    hash: u64,
    sums: BTreeMap<String, f64>,
    order: Vec<(&'static str, bool)>,
    last: Option<Vec<f64>>,
    disordered: u64,
}

impl Print {
    /// Of no rows yet, which are to come in this order.
    pub fn new(order: &[Key]) -> Self {
        Self { order: order.iter().map(|key| (key.column, key.descending)).collect(), ..Self::default() }
    }

    /// Adds rows.
    pub fn add(&mut self, part: &DataFrame) -> Result<()> {
        let mut columns: Vec<&Column> = part.columns().iter().collect();
        columns.sort_by(|a, b| a.name().cmp(b.name()));
        let names = columns.iter().map(|column| column.name().to_string()).collect();
        if self.rows > 0 && self.columns != names {
            return Err("the parts of an output have different columns".into());
        }
        self.columns = names;
        let mut hashes = vec![0_u64; part.height()];
        for column in columns {
            if is_fraction(column.dtype()) {
                let values = numbers(column)?;
                let sum: f64 = values.iter().flatten().sum();
                *self.sums.entry(column.name().to_string()).or_default() += sum;
                let parts =
                    values.iter().map(|value| value.map_or(1, |value| (value * FRACTION).round() as i64 as u64));
                mix_in(&mut hashes, parts);
            } else if column.dtype().is_integer() || column.dtype().is_bool() {
                let column = column.cast(&DataType::Int64)?;
                mix_in(&mut hashes, column.i64()?.iter().map(|value| value.map_or(1, |value| value as u64)));
            } else {
                mix_in(&mut hashes, texts(column)?.str()?.iter().map(|value| value.map_or(1, fnv)));
            }
        }
        self.hash = hashes.iter().fold(self.hash, |sum, hash| sum.wrapping_add(mix(*hash)));
        self.rows += part.height() as u64;
        self.follow(part)
    }

    /// Counts rows that stand before one that should come first.
    fn follow(&mut self, part: &DataFrame) -> Result<()> {
        if self.order.is_empty() {
            return Ok(());
        }
        let keys = self.order.iter().map(|(column, _)| numbers(part.column(column)?)).collect::<Result<Vec<_>>>()?;
        for row in 0..part.height() {
            let key = |column: &Vec<Option<f64>>| column.get(row).copied().flatten().unwrap_or(f64::NAN);
            let now: Vec<f64> = keys.iter().map(key).collect();
            if let Some(last) = &self.last {
                let mut pairs = last.iter().zip(&now).zip(&self.order);
                let first = pairs.find(|((a, b), _)| a != b);
                let wrong = first.is_some_and(|((a, b), (_, descending))| if *descending { a < b } else { a > b });
                self.disordered += u64::from(wrong);
            }
            self.last = Some(now);
        }
        Ok(())
    }

    /// How it is not that one.
    pub fn difference(&self, wanted: &Self) -> Option<String> {
        if self.rows != wanted.rows {
            return Some(format!("{} rows, and not {}", self.rows, wanted.rows));
        }
        if self.columns != wanted.columns {
            return Some(format!("the columns {}, and not {}", self.columns.join(", "), wanted.columns.join(", ")));
        }
        if self.disordered > 0 {
            return Some(format!("{} rows out of order", self.disordered));
        }
        let sums = |print: &Self| -> Vec<f64> { print.sums.values().copied().collect() };
        let off = |(own, wanted): (f64, f64)| (own - wanted).abs() > TOLERANCE * wanted.abs().max(1.0);
        if self.hash != wanted.hash || sums(self).into_iter().zip(sums(wanted)).any(off) {
            return Some("as many rows, of other values".to_owned());
        }
        None
    }
}

/// Days are compared as texts: some tools read them as such.
pub fn texts(column: &Column) -> Result<Column> {
    let day =
        if matches!(column.dtype(), DataType::Datetime(_, _)) { column.cast(&DataType::Date)? } else { column.clone() };
    Ok(day.cast(&DataType::String)?)
}

/// Values as numbers.
pub fn numbers(column: &Column) -> Result<Vec<Option<f64>>> {
    Ok(column.cast(&DataType::Float64)?.f64()?.iter().collect())
}

fn is_fraction(data_type: &DataType) -> bool {
    data_type.is_float() || matches!(data_type, DataType::Decimal(_, _))
}

fn mix_in(hashes: &mut [u64], values: impl Iterator<Item = u64>) {
    for (hash, value) in hashes.iter_mut().zip(values) {
        *hash = mix(hash.rotate_left(7) ^ value);
    }
}

fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

/// Fowler, Noll and Vo's hash of a text.
fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    const BY_ID: &[Key] = &[Key { column: "id", descending: false }];

    fn print(order: &[Key], parts: &[DataFrame]) -> Print {
        let mut print = Print::new(order);
        parts.iter().for_each(|part| print.add(part).unwrap());
        print
    }

    #[test]
    fn the_same_rows_agree_in_whatever_order_and_parts() {
        let whole = df!("id" => [1, 2, 3], "name" => ["a", "b", "c"], "x" => [0.5, 1.5, 2.5]).unwrap();
        let parts = [
            df!("x" => [2.5], "id" => [3_i64], "name" => ["c"]).unwrap(),
            df!("x" => [0.5, 1.5], "id" => [1_i64, 2], "name" => ["a", "b"]).unwrap(),
        ];
        assert_eq!(print(&[], &[whole]).difference(&print(&[], &parts)), None);
    }

    #[test]
    fn what_differs_is_found() {
        let wanted = print(&[], &[df!("id" => [1, 2], "name" => ["a", "b"], "x" => [0.5, 1.5]).unwrap()]);
        for (other, told) in [
            (df!("id" => [1], "name" => ["a"], "x" => [0.5]).unwrap(), "1 rows, and not 2"),
            (df!("id" => [1, 2], "nam" => ["a", "b"], "x" => [0.5, 1.5]).unwrap(), "the columns"),
            (df!("id" => [1, 2], "name" => ["b", "a"], "x" => [0.5, 1.5]).unwrap(), "other values"),
            (df!("id" => [1, 2], "name" => ["a", "b"], "x" => [1.5, 0.5]).unwrap(), "other values"),
            (df!("id" => [Some(1), None], "name" => ["a", "b"], "x" => [0.5, 1.5]).unwrap(), "other values"),
        ] {
            let told_now = print(&[], &[other]).difference(&wanted).unwrap();
            assert!(told_now.contains(told), "{told_now}");
        }
    }

    #[test]
    fn rows_out_of_order_are_counted_across_parts() {
        let parts = [df!("id" => [1, 3]).unwrap(), df!("id" => [2, 4]).unwrap()];
        let sorted = print(BY_ID, &[df!("id" => [1, 2, 3, 4]).unwrap()]);
        assert_eq!(sorted.difference(&sorted), None);
        assert_eq!(print(BY_ID, &parts).difference(&sorted).unwrap(), "1 rows out of order");
    }
}

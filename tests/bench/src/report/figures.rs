//! Middles and ends of measured values, and tables of them.

use crate::measure::Sample;

/// Middle and ends of some values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    /// None of no values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let (low, high) = (values.get((values.len() - 1) / 2)?, values.get(values.len() / 2)?);
        Some(Self { median: f64::midpoint(*low, *high), min, max })
    }
}

/// Of one measured value.
pub fn spread(samples: &[Sample], value: impl Fn(&Sample) -> f64) -> Option<Spread> {
    Spread::of(samples.iter().map(value).collect())
}

/// The median of the ratios of each round: what slows a whole round down shows in it less.
pub fn by_round(own: &[Sample], base: &[Sample]) -> Option<f64> {
    let ratios = own.iter().zip(base).map(|(own, base)| own.wall_s / base.wall_s).collect();
    Spread::of(ratios).map(|ratios| ratios.median)
}

/// None where one of them is missing.
pub fn ratio(value: Option<f64>, base: Option<f64>) -> Option<f64> {
    Some(value? / base.filter(|base| *base > 0.0)?)
}

/// A value, or that there is none.
pub fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Columns as wide as their widest cell: the first to the left, the others to the right.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_has_the_middle() {
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of(vec![4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn a_table_is_aligned() {
        let rows = [["name", "s"], ["a", "12.5"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(table(&rows), "name     s\na     12.5\n");
    }
}

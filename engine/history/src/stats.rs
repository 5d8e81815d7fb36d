//! What is usual for a job, and what is not: medians, and how far the last run is from them. Pure: numbers in, numbers out.

mod add_up;

use crate::model::{JobRef, Run};
pub(crate) use add_up::{Whole, expected, stats};
use serde::Serialize;
use std::collections::BTreeMap;

/// Earlier runs without which nothing is called unusual.
pub const LEAST: usize = 5;

/// How many standard deviations off the median the last value may be; a robust estimate of the deviation is
/// 1.4826 times the median absolute one.
const LIMIT: f64 = 3.5 * 1.4826;

/// What a number counts, which says how far off is nothing to speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Rows: at least 5 of them, and a twentieth of what is usual.
    Rows,
    /// Seconds: at least half a second, and a quarter of what is usual.
    Seconds,
}

/// A number over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Series {
    /// One per run, the oldest first; none where the run has none.
    pub values: Vec<Option<f64>>,
    /// Of all values.
    pub median: Option<f64>,
    /// Median absolute deviation from the median.
    pub mad: Option<f64>,
    /// Of the last run.
    pub last: Option<f64>,
    /// The last value is unusual.
    pub anomaly: Option<Anomaly>,
}

/// How a last value is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anomaly {
    /// No rows, where there usually are some.
    NoRows,
    /// Far less than usual.
    FarBelow,
    /// Far more than usual.
    FarAbove,
}

impl Anomaly {
    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoRows => "no rows, unlike before",
            Self::FarBelow => "far below usual",
            Self::FarAbove => "far above usual",
        }
    }
}

/// A job's successful runs over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stats {
    /// The job.
    #[serde(flatten)]
    pub job: JobRef,
    /// The successful runs that are looked at, the oldest first.
    pub runs: Vec<Run>,
    /// Seconds of the whole run.
    pub seconds: Series,
    /// In declaration order.
    pub links: Vec<LinkStats>,
    /// In declaration order.
    pub nodes: Vec<NodeStats>,
}

/// A link over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LinkStats {
    /// The output port.
    pub from: String,
    /// The input port.
    pub to: String,
    /// Rows that passed.
    pub rows: Series,
    /// Seconds of the stage that took them.
    pub seconds: Series,
}

/// A node over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeStats {
    /// Its id.
    pub node: String,
    /// Its module, where it is known.
    pub module: Option<String>,
    /// Rows given out; for a sink, rows written.
    pub rows: Series,
    /// Seconds of the stage that it ran in.
    pub seconds: Series,
}

/// What a job's next run will probably take, by the medians of its last successful ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Expected {
    /// Runs that say so.
    pub n_runs: usize,
    /// Of the whole run.
    pub seconds: Option<f64>,
    /// By output and input port, `node.port` each.
    #[serde(serialize_with = "as_list")]
    pub links: BTreeMap<(String, String), Usual>,
    /// By name.
    pub sub_flows: BTreeMap<String, Usual>,
}

/// Medians.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usual {
    /// Rows that pass; for a sub flow, rows that its nodes give out.
    pub rows: Option<f64>,
    /// Seconds; for a link, of the stage that takes its rows.
    pub seconds: Option<f64>,
}

fn as_list<S: serde::Serializer>(links: &BTreeMap<(String, String), Usual>, to: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Entry<'a> {
        from: &'a str,
        to: &'a str,
        #[serde(flatten)]
        usual: &'a Usual,
    }
    to.collect_seq(links.iter().map(|((from, to), usual)| Entry { from, to, usual }))
}

/// The middle of the values; none of none.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    values.get(middle - 1).map(|lower| f64::midpoint(*lower, upper))
}

/// The middle of the distances from `median`.
fn mad(values: &[f64], median: f64) -> Option<f64> {
    self::median(values.iter().map(|value| (value - median).abs()))
}

impl Series {
    /// Of values in the order of time.
    pub fn new(values: Vec<Option<f64>>, unit: Unit) -> Self {
        let known: Vec<f64> = values.iter().copied().flatten().collect();
        let all = median(known.iter().copied());
        let last = values.last().copied().flatten();
        let anomaly = last.and_then(|last| {
            let earlier: Vec<f64> = values.iter().rev().skip(1).copied().flatten().collect();
            anomaly(last, &earlier, unit)
        });
        Self { median: all, mad: all.and_then(|all| mad(&known, all)), last, anomaly, values }
    }
}

/// Whether a last value is unusual for the ones before it.
pub fn anomaly(last: f64, earlier: &[f64], unit: Unit) -> Option<Anomaly> {
    if earlier.len() < LEAST {
        return None;
    }
    let usual = median(earlier.iter().copied())?;
    if unit == Unit::Rows && last == 0.0 && usual > 0.0 {
        return Some(Anomaly::NoRows);
    }
    let floor = match unit {
        Unit::Rows => (usual.abs() / 20.0).max(5.0),
        Unit::Seconds => (usual.abs() / 4.0).max(0.5),
    };
    let limit = (LIMIT * mad(earlier, usual)?).max(floor);
    match last - usual {
        off if off > limit => Some(Anomaly::FarAbove),
        off if off < -limit => Some(Anomaly::FarBelow),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median([f64::NAN, 1.0]), Some(1.0));
    }

    #[test]
    fn what_is_far_from_usual_is_named() {
        let rows = |last, earlier: &[f64]| anomaly(last, earlier, Unit::Rows);
        let steady = [100.0; 5];
        assert_eq!(rows(101.0, &steady), None);
        assert_eq!(rows(0.0, &steady), Some(Anomaly::NoRows));
        assert_eq!(rows(150.0, &steady), Some(Anomaly::FarAbove));
        assert_eq!(rows(50.0, &steady), Some(Anomaly::FarBelow));
        assert_eq!(rows(0.0, &[0.0; 6]), None);
        assert_eq!(rows(0.0, &[1.0, 1.0, 2.0, 2.0, 3.0]), Some(Anomaly::NoRows));
        assert_eq!(rows(0.0, &steady[..4]), None, "too few runs to know");
        // The median is 1,000 and the deviation 50: the limit is 259.
        let lively = [950.0, 1_000.0, 1_050.0, 900.0, 1_100.0];
        assert_eq!(rows(1_250.0, &lively), None);
        assert_eq!(rows(1_270.0, &lively), Some(Anomaly::FarAbove));
        assert_eq!(anomaly(1.4, &[1.0; 5], Unit::Seconds), None);
        assert_eq!(anomaly(1.6, &[1.0; 5], Unit::Seconds), Some(Anomaly::FarAbove));
    }

    #[test]
    fn one_outlier_before_does_not_hide_another() {
        let earlier = [100.0, 101.0, 99.0, 100.0, 1_000_000.0];
        assert_eq!(anomaly(5_000.0, &earlier, Unit::Rows), Some(Anomaly::FarAbove));
    }

    #[test]
    fn a_series_knows_its_last_value_only_if_the_last_run_has_one() {
        let series = Series::new(vec![Some(1.0), Some(3.0), None], Unit::Rows);
        assert_eq!((series.median, series.mad, series.last, series.anomaly), (Some(2.0), Some(1.0), None, None));
    }
}

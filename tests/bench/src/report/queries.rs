//! Many short races as one table: a line for each, and all of them together.

use super::figures::{Spread, by_round, number, ratio, spread, table};
use crate::contenders::{Contender, Kind};
use crate::measure::Sample;
use crate::race::Race;

/// The table, with the ratios of `pype` to each other contender by round.
pub fn queries(races: &[Race], kinds: &[Kind]) -> String {
    let others: Vec<Kind> =
        kinds.iter().copied().filter(|kind| *kind != Kind::Pype && takes_part(races, *kind)).collect();
    let shown: Vec<Kind> = kinds.iter().copied().filter(|kind| takes_part(races, *kind)).collect();
    let mut header = vec!["median s".to_owned()];
    header.extend(shown.iter().map(|kind| kind.name().to_owned()));
    header.extend(others.iter().map(|other| format!("pype / {}", other.name())));
    header.extend(shown.iter().map(|kind| format!("{} MB", kind.name())));
    let mut rows = vec![header];
    for race in races {
        let median = |kind: Kind| wall(race, kind);
        let mut row = vec![race.name.clone()];
        row.extend(shown.iter().map(|kind| number(median(*kind), 3)));
        let round = |other: &Kind| by_round(samples(race, Kind::Pype), samples(race, *other));
        row.extend(others.iter().map(|other| number(round(other), 2)));
        let rss = |kind: &Kind| spread(samples(race, *kind), |sample| sample.rss_mb).map(|rss| rss.median);
        row.extend(shown.iter().map(|kind| number(rss(kind), 0)));
        rows.push(row);
    }
    let mut all = vec!["all".to_owned()];
    all.extend(shown.iter().map(|kind| number(total(races, *kind), 3)));
    all.extend(others.iter().map(|other| number(ratio(total(races, Kind::Pype), total(races, *other)), 2)));
    let most = |kind: &Kind| {
        let most = |race: &Race| spread(samples(race, *kind), |sample| sample.rss_mb).map(|rss| rss.median);
        Spread::of(races.iter().filter_map(most).collect()).map(|rss| rss.max)
    };
    all.extend(shown.iter().map(|kind| number(most(kind), 0)));
    rows.push(all);
    let mean = |other: &Kind| {
        let ratios = races.iter().map(|race| by_round(samples(race, Kind::Pype), samples(race, *other)));
        let ratios: Option<Vec<f64>> = ratios.collect();
        ratios
            .filter(|ratios| !ratios.is_empty())
            .map(|ratios| (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp())
    };
    let mut geometric = vec!["geometric mean".to_owned()];
    geometric.extend(shown.iter().map(|_| String::new()));
    geometric.extend(others.iter().map(|other| number(mean(other), 2)));
    rows.push(geometric);
    table(&rows)
}

fn takes_part(races: &[Race], kind: Kind) -> bool {
    races.iter().any(|race| race.contenders.iter().any(|contender| contender.kind == kind))
}

fn samples(race: &Race, kind: Kind) -> &[Sample] {
    let found = race.contenders.iter().find(|contender: &&Contender| contender.kind == kind);
    found.map(|contender| contender.samples.as_slice()).unwrap_or_default()
}

fn wall(race: &Race, kind: Kind) -> Option<f64> {
    spread(samples(race, kind), |sample| sample.wall_s).map(|wall| wall.median)
}

/// The sum of the medians; none where one is missing, since less work is no better time.
fn total(races: &[Race], kind: Kind) -> Option<f64> {
    races.iter().map(|race| wall(race, kind)).sum()
}

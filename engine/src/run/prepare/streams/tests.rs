//! Which links stream, by examples and by what must hold of any flow.

use super::super::units::waves;
use super::*;
use proptest::prelude::*;

/// Modules, and the links between them; each link leaves by a port of its own.
fn found(n: usize, pairs: &[(usize, usize)]) -> (Vec<Unit>, Vec<Link>, Streams) {
    let units: Vec<Unit> = (0..n).map(Unit::Module).collect();
    let link = |(number, &(from, to))| Link { number, from, port: format!("port {number}"), to, is_read_again: false };
    let links: Vec<Link> = pairs.iter().enumerate().map(link).collect();
    let streams = streams(&units, &links);
    (units, links, streams)
}

fn streaming(n: usize, pairs: &[(usize, usize)]) -> Vec<usize> {
    found(n, pairs).2.links.into_iter().collect()
}

#[test]
fn a_chain_streams_from_end_to_end() {
    assert_eq!(streaming(3, &[(0, 1), (1, 2)]), [0, 1]);
}

#[test]
fn ways_that_meet_again_go_by_tables() {
    // 0 -> 1 -> 3 and 0 -> 2 -> 3: one of them would wait for the other.
    assert_eq!(streaming(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]), [0, 1]);
    // Two links between the same two.
    assert_eq!(streaming(2, &[(0, 1), (0, 1)]), [0_usize; 0]);
}

#[test]
fn two_sources_stream_into_one_reader() {
    assert_eq!(streaming(3, &[(0, 2), (1, 2)]), [0, 1]);
}

#[test]
fn what_two_read_or_a_loop_goes_over_is_a_table() {
    let units: Vec<Unit> = (0..3).map(Unit::Module).collect();
    let link = |number, to, is_read_again| Link { number, from: 0, port: "output".to_owned(), to, is_read_again };
    assert!(streams(&units, &[link(0, 1, false), link(1, 2, false)]).links.is_empty());
    assert!(streams(&units, &[link(0, 1, true)]).links.is_empty());
    assert_eq!(streams(&units, &[link(0, 1, false)]).links.len(), 1);
}

#[test]
fn services_have_tables() {
    let units = [Unit::Module(0), Unit::Service(1), Unit::Stage(vec![2])];
    let link = |number, from, to| Link { number, from, port: "output".to_owned(), to, is_read_again: false };
    assert!(streams(&units, &[link(0, 0, 1), link(1, 1, 2)]).links.is_empty());
}

#[test]
fn not_too_many_run_together() {
    let pairs: Vec<(usize, usize)> = (1..100).map(|to| (to - 1, to)).collect();
    let (_, _, streams) = found(100, &pairs);
    let largest = (0..100).map(|group| streams.groups.iter().filter(|of| **of == group).count()).max();
    assert_eq!(largest, Some(MOST));
}

#[test]
fn ten_thousand_units_are_looked_at() {
    let pairs: Vec<(usize, usize)> = (1..10_000).flat_map(|to| [(to - 1, to), (to / 2, to)]).collect();
    assert!(found(10_000, &pairs).2.groups.len() == 10_000);
}

proptest! {
    #[test]
    fn what_runs_together_never_waits_for_itself(
        n in 1_usize..12,
        picks in proptest::collection::vec((0_usize..100, 0_usize..100), 0..24),
    ) {
        let pairs: Vec<(usize, usize)> =
            picks.into_iter().map(|(a, b)| (a % n, b % n)).filter(|(from, to)| from < to).collect();
        let (units, links, streams) = found(n, &pairs);
        let ends = |at: &usize| pairs[*at];
        // Trees: one link less than there are units that it joins.
        let groups: BTreeSet<usize> = streams.groups.iter().copied().collect();
        prop_assert_eq!(n - groups.len(), streams.links.len());
        let together = |(from, to): (usize, usize)| streams.groups[from] == streams.groups[to];
        for at in 0..pairs.len() {
            prop_assert_eq!(together(ends(&at)), streams.links.contains(&at), "a table inside a group, or a stream between two");
        }
        // And what is between groups can be brought into an order.
        let pairs_of_nodes: Vec<(usize, usize)> = links.iter().map(|link| (link.from, link.to)).collect();
        let ordered = waves(units, &pairs_of_nodes, &streams.groups).unwrap();
        let wave_of = |unit: usize| ordered.iter().position(|wave| wave.iter().any(|(_, at)| *at == Unit::Module(unit)));
        for at in 0..pairs.len() {
            let (from, to) = ends(&at);
            if streams.links.contains(&at) {
                prop_assert_eq!(wave_of(from), wave_of(to));
            } else {
                prop_assert!(wave_of(from) < wave_of(to));
            }
        }
    }
}

//! Which links between units carry their rows as they come, and which by a table.
//!
//! A link can stream if one unit reads it, and both its ends run by themselves: modules and stages. Units that stream to one another run
//! together, so they must not wait for one another in any other way: streams join units to trees, and nothing that such a tree
//! gives comes back to it by a table.

use super::Unit;
use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Units that run together at most: each takes a thread, or a worker.
const MOST: usize = 16;

/// Groups that are looked at for another way between two. Where there are more, the link goes by a table.
const LOOKS: usize = 256;

/// A data link inside a sub flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) struct Link {
    /// Its number in the job.
    pub number: usize,
    /// Node.
    pub from: usize,
    /// Output port.
    pub port: String,
    /// Node.
    pub to: usize,
    /// Its rows are read more than once: as some loop's items, or by what it leads to.
    pub is_read_again: bool,
}

/// What runs together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::run) struct Streams {
    /// Numbers of the links that stream.
    pub links: BTreeSet<usize>,
    /// Per unit, a number that those have in common who run together.
    pub groups: Vec<usize>,
}

impl Streams {
    /// No link streams.
    pub(super) fn none(n_units: usize) -> Self {
        Self { links: BTreeSet::new(), groups: (0..n_units).collect() }
    }
}

/// A link between two units.
struct Between {
    link: usize,
    from: usize,
    to: usize,
    could: bool,
}

/// Finds the links that stream, in the order of the units.
pub(super) fn streams(units: &[Unit], links: &[Link]) -> Streams {
    let between = between(units, links);
    let mut reached_by = vec![0_usize; units.len()];
    for each in &between {
        reached_by.get_mut(each.to).into_iter().for_each(|count| *count += 1);
    }
    let mut groups = Groups::new(units.len(), &between);
    let mut streaming = BTreeSet::new();
    for (at, each) in between.iter().enumerate().filter(|(_, each)| each.could) {
        let is_only_way = reached_by.get(each.to) == Some(&1) && groups.size(each.to) == 1;
        if groups.fit(each) && (is_only_way || !groups.is_other_way(at, &between)) {
            groups.join(each);
            streaming.insert(each.link);
        }
    }
    Streams { links: streaming, groups: groups.numbers(units.len()) }
}

/// The links between units, those that reach the first unit first.
fn between(units: &[Unit], links: &[Link]) -> Vec<Between> {
    let of: HashMap<usize, usize> =
        units.iter().enumerate().flat_map(|(at, unit)| unit.nodes().iter().map(move |node| (*node, at))).collect();
    let mut readers: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for link in links {
        let is_inside = of.get(&link.from) == of.get(&link.to);
        *readers.entry((link.from, link.port.as_str())).or_default() += usize::from(!is_inside);
    }
    let runs = |at: usize| matches!(units.get(at), Some(Unit::Stage(_) | Unit::Module(_)));
    let mut between: Vec<Between> = links
        .iter()
        .filter_map(|link| {
            let (from, to) = (*of.get(&link.from)?, *of.get(&link.to)?);
            let is_read_once = readers.get(&(link.from, link.port.as_str())) == Some(&1);
            let could = is_read_once && !link.is_read_again && runs(from) && runs(to);
            (from != to).then_some(Between { link: link.number, from, to, could })
        })
        .collect();
    between.sort_by_key(|each| (each.to, each.from, each.link));
    between
}

/// Units that run together, and the ways from each group to others.
struct Groups {
    sets: UnionFind<usize>,
    sizes: Vec<usize>,
    /// Per unit the links that leave it: places in the list of all.
    leaving: Vec<Vec<usize>>,
    members: Vec<Vec<usize>>,
}

impl Groups {
    fn new(n: usize, between: &[Between]) -> Self {
        let mut leaving = vec![Vec::new(); n];
        for (at, each) in between.iter().enumerate() {
            leaving.get_mut(each.from).into_iter().for_each(|links| links.push(at));
        }
        Self { sets: UnionFind::new(n), sizes: vec![1; n], leaving, members: (0..n).map(|at| vec![at]).collect() }
    }

    fn of(&self, unit: usize) -> usize {
        self.sets.find(unit)
    }

    fn size(&self, unit: usize) -> usize {
        self.sizes.get(self.of(unit)).copied().unwrap_or(1)
    }

    /// Two groups that are not too many together.
    fn fit(&self, each: &Between) -> bool {
        self.of(each.from) != self.of(each.to) && self.size(each.from) + self.size(each.to) <= MOST
    }

    /// Rows get from the one group to the other by another way than this link too.
    fn is_other_way(&self, link: usize, between: &[Between]) -> bool {
        let Some(this) = between.get(link) else { return true };
        let (start, end) = (self.of(this.from), self.of(this.to));
        // Units are in the order of their rows: what comes after the last of the group does not lead to it.
        let last = self.members.get(end).and_then(|members| members.iter().max()).copied().unwrap_or(0);
        let (mut seen, mut left) = (BTreeSet::from([start]), vec![start]);
        while let Some(group) = left.pop() {
            for unit in self.members.get(group).into_iter().flatten() {
                for &at in self.leaving.get(*unit).into_iter().flatten().filter(|at| **at != link) {
                    let Some(each) = between.get(at).filter(|each| each.to <= last) else { continue };
                    let to = self.of(each.to);
                    if to == end || seen.len() > LOOKS {
                        return true;
                    }
                    if seen.insert(to) {
                        left.push(to);
                    }
                }
            }
        }
        false
    }

    fn join(&mut self, each: &Between) {
        let (one, other) = (self.of(each.from), self.of(each.to));
        let size = self.size(one) + self.size(other);
        self.sets.union(one, other);
        let joined = self.of(one);
        let gone = if joined == one { other } else { one };
        let moved = self.members.get_mut(gone).map(std::mem::take).unwrap_or_default();
        self.members.get_mut(joined).into_iter().for_each(|members| members.extend(moved.iter().copied()));
        self.sizes.get_mut(joined).into_iter().for_each(|of| *of = size);
    }

    fn numbers(&self, n: usize) -> Vec<usize> {
        (0..n).map(|unit| self.of(unit)).collect()
    }
}

#[cfg(test)]
mod tests;

//! Which module uses which, and the circles in that.

use std::collections::{BTreeMap, BTreeSet};

/// Modules, and for each pair where the first names the second, one place where it does.
#[derive(Debug, Default)]
pub struct Graph {
    edges: BTreeMap<String, BTreeMap<String, String>>,
}

impl Graph {
    /// Notes that `from` uses `to`. What a module says about itself does not matter.
    pub fn add(&mut self, from: &str, to: &str, place: String) {
        if from != to {
            self.edges.entry(from.to_owned()).or_default().entry(to.to_owned()).or_insert(place);
        }
    }

    /// One text for each circle: its modules, and the edges among them.
    pub fn cycles(&self) -> Vec<String> {
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            self.edges.keys().map(|node| (node.as_str(), self.reachable(node))).collect();
        let reaches = |from: &str, to: &str| reach.get(from).is_some_and(|nodes| nodes.contains(to));
        let mut reported = BTreeSet::new();
        let mut cycles = Vec::new();
        for node in self.edges.keys().map(String::as_str).filter(|node| reaches(node, node)) {
            if reported.contains(node) {
                continue;
            }
            let members: BTreeSet<&str> = self
                .edges
                .keys()
                .map(String::as_str)
                .filter(|other| reaches(node, other) && reaches(other, node))
                .collect();
            cycles.push(self.describe(&members));
            reported.extend(members);
        }
        cycles
    }

    /// All that can be reached from `start` by one edge or more.
    fn reachable(&self, start: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut waiting = vec![start];
        while let Some(node) = waiting.pop() {
            for next in self.edges.get(node).into_iter().flat_map(BTreeMap::keys) {
                if reached.insert(next.as_str()) {
                    waiting.push(next);
                }
            }
        }
        reached
    }

    fn describe(&self, members: &BTreeSet<&str>) -> String {
        let names: Vec<&str> = members.iter().copied().collect();
        let mut text = format!("{} use each other in a circle:", names.join(", "));
        for from in members {
            for (to, place) in self.edges.get(*from).into_iter().flatten() {
                if members.contains(to.as_str()) {
                    text.push_str(&format!("\n      {from} -> {to} ({place})"));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_found_and_a_line_is_not() {
        let mut graph = Graph::default();
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d"), ("d", "d")] {
            graph.add(from, to, format!("{from}.rs"));
        }
        let cycles = graph.cycles();
        assert_eq!(cycles.len(), 1);
        assert!(cycles[0].starts_with("b, c use each other") && cycles[0].contains("c -> b (c.rs)"), "{cycles:?}");
    }
}

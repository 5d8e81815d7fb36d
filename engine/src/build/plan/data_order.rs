//! The order that the data links give the nodes, worked out once.

use super::DataLink;

/// Who comes after whom by rows.
pub(super) struct DataOrder {
    /// Per node the nodes that read from it, once per link.
    readers: Vec<Vec<usize>>,
    /// Nodes, each after all that it reads from; those of a cycle (reported elsewhere) and behind it are not there.
    sorted: Vec<usize>,
    /// Topological wave of each node: one more than the latest of those that it reads from.
    pub waves: Vec<usize>,
    /// Nodes that a link reaches.
    pub has_input: Vec<bool>,
}

impl DataOrder {
    pub fn new(n_nodes: usize, links: &[DataLink]) -> Self {
        let (mut readers, mut left) = (vec![Vec::new(); n_nodes], vec![0_usize; n_nodes]);
        for link in links {
            if let (Some(readers), Some(left)) = (readers.get_mut(link.from), left.get_mut(link.to)) {
                readers.push(link.to);
                *left += 1;
            }
        }
        let has_input = left.iter().map(|left| *left > 0).collect();
        let mut sorted: Vec<usize> = (0..n_nodes).filter(|node| left.get(*node) == Some(&0)).collect();
        let mut next = 0;
        while let Some(&node) = sorted.get(next) {
            next += 1;
            for &reader in readers.get(node).into_iter().flatten() {
                if let Some(left) = left.get_mut(reader) {
                    *left -= 1;
                    if *left == 0 {
                        sorted.push(reader);
                    }
                }
            }
        }
        let mut order = Self { readers, sorted, waves: Vec::new(), has_input };
        order.waves = order.longest(|_, _| 1);
        order
    }

    /// Longest path to each node by a weight per link.
    pub fn longest(&self, weight: impl Fn(usize, usize) -> usize) -> Vec<usize> {
        let mut length = vec![0; self.readers.len()];
        for &node in &self.sorted {
            let here = length.get(node).copied().unwrap_or(0);
            for &reader in self.readers.get(node).into_iter().flatten() {
                if let Some(known) = length.get_mut(reader) {
                    *known = (*known).max(here + weight(node, reader));
                }
            }
        }
        length
    }

    /// Rows of the first node come to the second, or they are one.
    pub fn reaches(&self, from: usize, to: usize) -> bool {
        let is_cyclic = self.sorted.len() < self.readers.len();
        let wave = |node: usize| self.waves.get(node).copied().unwrap_or(0);
        let (mut seen, mut stack) = (vec![false; self.readers.len()], vec![from]);
        while let Some(node) = stack.pop() {
            if node == to {
                return true;
            }
            // Whoever is in a later wave is not before it; in a cycle there are no waves.
            let is_before = |reader: &&usize| **reader == to || is_cyclic || wave(**reader) < wave(to);
            for &reader in self.readers.get(node).into_iter().flatten().filter(is_before) {
                if let Some(seen) = seen.get_mut(reader).filter(|seen| !**seen) {
                    *seen = true;
                    stack.push(reader);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_schema::link::PortRef;

    fn order(n: usize, links: &[(usize, usize)]) -> DataOrder {
        let port = || PortRef { node: String::new(), port: String::new() };
        let link = |&(from, to): &(usize, usize)| DataLink {
            from,
            ports: (port(), port()),
            to,
            pointer: String::new(),
            is_sound: true,
        };
        DataOrder::new(n, &links.iter().map(link).collect::<Vec<_>>())
    }

    #[test]
    fn waves_follow_the_longest_way() {
        let order = order(5, &[(4, 3), (3, 0), (4, 0), (0, 1)]);
        assert_eq!(order.waves, [2, 3, 0, 1, 0]);
        assert!(order.reaches(4, 1) && order.reaches(3, 1) && order.reaches(2, 2));
        assert!(!order.reaches(1, 4) && !order.reaches(2, 1) && !order.reaches(0, 3));
    }

    #[test]
    fn a_cycle_is_gone_through_once() {
        let order = order(4, &[(0, 1), (1, 2), (2, 1), (2, 3)]);
        assert!(order.reaches(0, 3) && order.reaches(2, 1));
        assert!(!order.reaches(3, 0));
    }
}

//! Where things go in a picture: in layers by the longest way to each, and within a layer near those that they are linked to.

/// Rounds of ordering; after a few there is little to gain.
const ROUNDS: usize = 8;

/// Stations of long links in all; beyond that, long links go straight.
const MOST_STATIONS: usize = 20_000;

/// Width and height.
pub(super) type Size = (f64, f64);

/// Left upper corner.
pub(super) type Point = (f64, f64);

/// Things with their places.
pub(super) struct Layout {
    pub places: Vec<Point>,
    /// Per link the points between its ends, where it goes round other things.
    pub ways: Vec<Vec<Point>>,
    pub size: Size,
}

/// The way from layer to layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Down,
    Right,
}

/// Lays out things of these sizes; links lead from a thing to another.
pub(super) fn layered(sizes: &[Size], links: &[(usize, usize)], direction: Direction, gaps: (f64, f64)) -> Layout {
    // Inside, layers go down; to the right is the same with both axes exchanged.
    let turn = |(a, b): (f64, f64)| if direction == Direction::Down { (a, b) } else { (b, a) };
    let mut graph = Graph::new(sizes.iter().map(|size| turn(*size)).collect(), links);
    graph.add_stations();
    graph.order();
    let (places, size) = graph.place(gaps, direction == Direction::Right);
    let at = |item: usize| places.get(item).copied().unwrap_or_default();
    Layout {
        places: (0..sizes.len()).map(|item| turn(at(item))).collect(),
        ways: graph.stations.iter().map(|way| way.iter().map(|item| turn(at(*item))).collect()).collect(),
        size: turn(size),
    }
}

struct Graph {
    sizes: Vec<Size>,
    layer: Vec<usize>,
    /// Per layer its items in their order.
    layers: Vec<Vec<usize>>,
    /// Per item those before and behind it, one layer away once there are stations.
    before: Vec<Vec<usize>>,
    behind: Vec<Vec<usize>>,
    links: Vec<(usize, usize)>,
    /// Per link the items that stand for it in the layers between its ends.
    stations: Vec<Vec<usize>>,
}

impl Graph {
    fn new(sizes: Vec<Size>, links: &[(usize, usize)]) -> Self {
        let n = sizes.len();
        let is_sound = |(from, to): &&(usize, usize)| from != to && *from < n && *to < n;
        let mut behind = vec![Vec::new(); n];
        let mut left = vec![0_usize; n];
        for (from, to) in links.iter().filter(is_sound) {
            behind.get_mut(*from).into_iter().for_each(|behind: &mut Vec<usize>| behind.push(*to));
            left.get_mut(*to).into_iter().for_each(|left| *left += 1);
        }
        let mut layer = vec![0; n];
        let mut ready: Vec<usize> = (0..n).filter(|item| left.get(*item) == Some(&0)).collect();
        let mut next = 0;
        while let Some(&item) = ready.get(next) {
            next += 1;
            let here = layer.get(item).copied().unwrap_or(0);
            for &to in behind.get(item).into_iter().flatten() {
                layer.get_mut(to).into_iter().for_each(|layer| *layer = (*layer).max(here + 1));
                if let Some(left) = left.get_mut(to) {
                    *left -= 1;
                    if *left == 0 {
                        ready.push(to);
                    }
                }
            }
        }
        let empty = vec![Vec::new(); n];
        Self {
            sizes,
            layer,
            layers: Vec::new(),
            before: empty.clone(),
            behind: empty,
            links: links.to_vec(),
            stations: Vec::new(),
        }
    }

    fn layer(&self, item: usize) -> usize {
        self.layer.get(item).copied().unwrap_or(0)
    }

    /// A link over several layers gets an item in each of them.
    fn add_stations(&mut self) {
        let span = |&(from, to): &(usize, usize)| self.layer(to).saturating_sub(self.layer(from) + 1);
        let has_room = self.links.iter().map(span).sum::<usize>() <= MOST_STATIONS;
        for (from, to) in self.links.clone() {
            let (first, last) = (self.layer(from) + 1, self.layer(to));
            let (mut way, mut previous) = (Vec::new(), from);
            for layer in (first..last).filter(|_| has_room) {
                let station = self.sizes.len();
                self.sizes.push((0.0, 0.0));
                self.layer.push(layer);
                self.before.push(Vec::new());
                self.behind.push(Vec::new());
                self.join(previous, station);
                way.push(station);
                previous = station;
            }
            self.join(previous, to);
            self.stations.push(way);
        }
        let n_layers = self.layer.iter().max().map_or(0, |last| last + 1);
        self.layers = vec![Vec::new(); n_layers];
        for (item, layer) in self.layer.iter().enumerate() {
            self.layers.get_mut(*layer).into_iter().for_each(|items| items.push(item));
        }
    }

    fn join(&mut self, from: usize, to: usize) {
        self.behind.get_mut(from).into_iter().for_each(|behind| behind.push(to));
        self.before.get_mut(to).into_iter().for_each(|before| before.push(from));
    }

    /// Puts each item at the mean of those that it is linked to, down and up in turn.
    fn order(&mut self) {
        let mut rank = vec![0.0; self.sizes.len()];
        let number = |layers: &[Vec<usize>], rank: &mut Vec<f64>| {
            for items in layers {
                for (at, item) in items.iter().enumerate() {
                    rank.get_mut(*item).into_iter().for_each(|rank| *rank = at as f64);
                }
            }
        };
        number(&self.layers, &mut rank);
        for round in 0..ROUNDS {
            let is_down = round % 2 == 0;
            let near = if is_down { &self.before } else { &self.behind };
            let n = self.layers.len();
            for at in 0..n {
                let Some(items) = self.layers.get_mut(if is_down { at } else { n - 1 - at }) else { continue };
                let mean = |item: &usize| {
                    let here = rank.get(*item).copied().unwrap_or(0.0);
                    let others = near.get(*item).map_or(&[][..], Vec::as_slice);
                    let sum: f64 = others.iter().filter_map(|other| rank.get(*other)).sum();
                    if others.is_empty() { here } else { sum / others.len() as f64 }
                };
                let mut keyed: Vec<(f64, usize)> = items.iter().map(|item| (mean(item), *item)).collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                *items = keyed.into_iter().map(|(_, item)| item).collect();
                let ordered = std::mem::take(items);
                number(std::slice::from_ref(&ordered), &mut rank);
                *items = ordered;
            }
        }
    }

    /// Layers below one another, each in the middle of the page; things are in the middle of their layer, or at its top.
    fn place(&self, (between, beside): (f64, f64), is_middle: bool) -> (Vec<Point>, Size) {
        let size = |item: &usize| self.sizes.get(*item).copied().unwrap_or_default();
        let width = |items: &Vec<usize>| {
            items.iter().map(|item| size(item).0).sum::<f64>() + beside * items.len().saturating_sub(1) as f64
        };
        let widest = self.layers.iter().map(width).fold(0.0, f64::max);
        let mut places = vec![(0.0, 0.0); self.sizes.len()];
        let mut top = 0.0;
        for items in &self.layers {
            let mut left = (widest - width(items)) / 2.0;
            let height = items.iter().map(|item| size(item).1).fold(0.0, f64::max);
            for item in items {
                let (item_width, item_height) = size(item);
                let lower = if is_middle { (height - item_height) / 2.0 } else { 0.0 };
                places.get_mut(*item).into_iter().for_each(|place| *place = (left, top + lower));
                left += item_width + beside;
            }
            top += height + between;
        }
        (places, (widest, (top - between).max(0.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(n: usize, links: &[(usize, usize)]) -> Layout {
        layered(&vec![(10.0, 10.0); n], links, Direction::Down, (5.0, 5.0))
    }

    #[test]
    fn what_leads_is_above_and_nothing_overlaps() {
        let found = down(5, &[(0, 1), (1, 3), (0, 3), (2, 3), (3, 4)]);
        let y = |at: usize| found.places[at].1;
        assert!(y(0) < y(1) && y(1) < y(3) && y(2) < y(3) && y(3) < y(4));
        for a in 0..5 {
            for b in 0..a {
                let (a, b) = (found.places[a], found.places[b]);
                assert!((a.0 - b.0).abs() >= 10.0 || (a.1 - b.1).abs() >= 10.0, "{a:?} {b:?}");
            }
        }
        assert_eq!(found.ways[2].len(), 1, "a long link has a station");
        assert_eq!(found.size.1, 4.0 * 10.0 + 3.0 * 5.0);
    }

    #[test]
    fn crossings_are_untangled() {
        let found = down(4, &[(0, 3), (1, 2)]);
        assert!(found.places[3].0 < found.places[2].0);
    }

    #[test]
    fn circles_and_links_to_nowhere_end_too() {
        assert_eq!(down(2, &[(0, 1), (1, 0), (0, 7), (1, 1)]).places.len(), 2);
        assert_eq!(down(0, &[]).size, (0.0, 0.0));
    }
}

//! The ways of control links from box to box: those that leave or reach one box are beside one another, in the order of where they lead.

use super::super::layout::Point;
use super::super::view::Link;
use super::place::Rect;

/// The points of each link; `between` are those in the middle of it.
pub(super) fn ways(
    links: &[Link],
    n_boxes: usize,
    rect: impl Fn(usize) -> Rect,
    between: Vec<Vec<Point>>,
) -> Vec<Vec<Point>> {
    let middle = |at: usize| rect(at).x + rect(at).width / 2.0;
    let aims = |link: &Link, way: &[Point]| (link.from, way.first().map_or_else(|| middle(link.to), |point| point.0));
    let comes = |link: &Link, way: &[Point]| (link.to, way.last().map_or_else(|| middle(link.from), |point| point.0));
    let starts = spread(n_boxes, links.iter().zip(&between).map(|(link, way)| aims(link, way)));
    let stops = spread(n_boxes, links.iter().zip(&between).map(|(link, way)| comes(link, way)));
    let ends = starts.into_iter().zip(stops);
    let way = |((link, way), (start, stop)): ((&Link, Vec<Point>), (f64, f64))| {
        let (from, to) = (rect(link.from), rect(link.to));
        let first = (from.x + from.width * start, from.y + from.height);
        std::iter::once(first).chain(way).chain([(to.x + to.width * stop, to.y)]).collect()
    };
    links.iter().zip(between).zip(ends).map(way).collect()
}

/// Per link the share of its box's width at which it begins or ends, by its box and where it leads.
fn spread(n_boxes: usize, aims: impl Iterator<Item = (usize, f64)>) -> Vec<f64> {
    let mut of: Vec<Vec<(f64, usize)>> = vec![Vec::new(); n_boxes];
    let mut shares = Vec::new();
    for (link, (at, aim)) in aims.enumerate() {
        shares.push(0.5);
        of.get_mut(at).into_iter().for_each(|links| links.push((aim, link)));
    }
    for links in &mut of {
        links.sort_by(|a, b| a.0.total_cmp(&b.0));
        let parts = links.len() as f64 + 1.0;
        for (place, (_, link)) in (1..).zip(&*links) {
            shares.get_mut(*link).into_iter().for_each(|share| *share = f64::from(place) / parts);
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn links_of_one_box_do_not_cross_at_it() {
        let aims = [(0, 30.0), (1, 5.0), (0, 10.0), (0, 20.0), (7, 1.0)];
        assert_eq!(spread(2, aims.into_iter()), [0.75, 0.5, 0.25, 0.5, 0.5]);
    }
}

//! Where all of an image goes: the nodes of each box, then boxes and scopes in the scopes around them, the innermost first.

use super::super::arrange::Tree;
use super::super::layout::{Direction, Layout, Point, Size, layered};
use super::super::view::{Link, NodeLink, Unit, View};
use super::text::width;
use super::ways::ways;

/// Around the page, and inside boxes and scopes.
const MARGIN: f64 = 16.0;
const PADDING: f64 = 12.0;

/// Above the content of the page, of a scope, of a box: room for a title.
const PAGE_HEAD: f64 = 56.0;
const SCOPE_HEAD: f64 = 46.0;
const BOX_HEAD: f64 = 28.0;

const NODE_HEIGHT: f64 = 40.0;
const LINE_HEIGHT: f64 = 15.0;

/// Between layers and beside one another.
const NODE_GAPS: (f64, f64) = (64.0, 14.0);
const BOX_GAPS: (f64, f64) = (48.0, 28.0);

/// A rectangle.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// Everything with its place.
pub(super) struct Placed {
    pub size: Size,
    pub scopes: Vec<Rect>,
    pub boxes: Vec<Rect>,
    /// Per box its nodes.
    pub nodes: Vec<Vec<Rect>>,
    /// Per box the ways of its data links.
    pub rows: Vec<Vec<Vec<Point>>>,
    /// The ways of control links.
    pub links: Vec<Vec<Point>>,
}

/// Places all that is in view.
pub(super) fn place(view: &View) -> Placed {
    let inner: Vec<(Layout, Size)> = view.boxes.iter().map(inside).collect();
    let n = view.boxes.len();
    // Boxes, then scopes, then the page: what each is in.
    let page = n + view.scopes.len();
    let parents = view.boxes.iter().map(|unit| unit.scope).chain(view.scopes.iter().map(|scope| scope.parent));
    let parents: Vec<usize> = parents.map(|scope| scope.map_or(page, |scope| n + scope)).collect();
    let mut sizes: Vec<Size> = inner.iter().map(|(_, size)| *size).collect();
    sizes.resize(page + 1, (0.0, 0.0));
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); page + 1];
    for (item, parent) in parents.iter().enumerate() {
        children.get_mut(*parent).into_iter().for_each(|children| children.push(item));
    }
    let scope_of: Vec<Option<usize>> = view.boxes.iter().map(|unit| unit.scope).collect();
    let scopes: Vec<Option<usize>> = view.scopes.iter().map(|scope| scope.parent).collect();
    let tree = Tree::new(&scope_of, &scopes);
    let lift = |link: &Link| {
        let (from, to) = tree.siblings(link.from, link.to).unwrap_or((link.from, link.to));
        (from, to, parents.get(from).copied().unwrap_or(page))
    };
    let ends: Vec<(usize, usize, usize)> = view.links.iter().map(lift).collect();
    let mut inside_of: Vec<Vec<usize>> = vec![Vec::new(); page + 1];
    for (link, (.., parent)) in ends.iter().enumerate() {
        inside_of.get_mut(*parent).into_iter().for_each(|links| links.push(link));
    }
    let mut corners = vec![(0.0, 0.0); page + 1];
    let mut middles: Vec<Vec<Point>> = vec![Vec::new(); ends.len()];
    // An inner scope comes after those around it.
    for parent in (n..=page).rev().skip(1).chain([page]) {
        let (Some(items), Some(links)) = (children.get(parent), inside_of.get(parent)) else { continue };
        let local = |item: usize| items.binary_search(&item).unwrap_or(usize::MAX);
        let own: Vec<Size> = items.iter().filter_map(|item| sizes.get(*item).copied()).collect();
        let pairs: Vec<(usize, usize)> =
            links.iter().filter_map(|link| ends.get(*link)).map(|(from, to, _)| (local(*from), local(*to))).collect();
        let layout = layered(&own, &pairs, Direction::Down, BOX_GAPS);
        let head = if parent == page { PAGE_HEAD } else { SCOPE_HEAD };
        let pad = if parent == page { MARGIN } else { PADDING };
        let title = parent.checked_sub(n).and_then(|scope| view.scopes.get(scope));
        let title =
            title.map_or_else(|| width(&view.title), |scope| width(&scope.title)).max(notes(view, parent == page));
        if let Some(size) = sizes.get_mut(parent) {
            *size = (layout.size.0.max(title) + 2.0 * pad, layout.size.1 + head + pad);
        }
        for (item, (x, y)) in items.iter().zip(&layout.places) {
            corners.get_mut(*item).into_iter().for_each(|corner| *corner = (x + pad, y + head));
        }
        for (link, way) in links.iter().zip(layout.ways) {
            let way = way.into_iter().map(|(x, y)| (x + pad, y + head)).collect();
            if let Some(known) = middles.get_mut(*link) {
                *known = way;
            }
        }
    }
    // From places within the parent to places on the page, the outer ones first.
    for item in (n..page).chain(0..n) {
        let outer = parents.get(item).and_then(|parent| corners.get(*parent)).copied().unwrap_or_default();
        corners.get_mut(item).into_iter().for_each(|corner| *corner = (corner.0 + outer.0, corner.1 + outer.1));
    }
    let rect = |item: usize| {
        let ((x, y), (width, height)) =
            (corners.get(item).copied().unwrap_or_default(), sizes.get(item).copied().unwrap_or_default());
        Rect { x, y, width, height }
    };
    let between = ends.iter().zip(middles).map(|((.., parent), way)| {
        let base = corners.get(*parent).copied().unwrap_or_default();
        way.into_iter().map(|(x, y)| (x + base.0, y + base.1)).collect()
    });
    let links = ways(&view.links, n, rect, between.collect());
    let boxes: Vec<Rect> = (0..n).map(rect).collect();
    let (mut nodes, mut rows) = (Vec::new(), Vec::new());
    for ((unit, (layout, _)), corner) in view.boxes.iter().zip(&inner).zip(&boxes) {
        let (of_unit, ways) = nodes_of(unit, layout, corner);
        nodes.push(of_unit);
        rows.push(ways);
    }
    Placed {
        size: sizes.get(page).copied().unwrap_or_default(),
        scopes: (n..page).map(rect).collect(),
        boxes,
        nodes,
        rows,
        links,
    }
}

fn notes(view: &View, is_page: bool) -> f64 {
    view.note.as_ref().filter(|_| is_page).map_or(0.0, |note| width(note))
}

fn node_width(unit: &Unit, node: usize) -> f64 {
    unit.nodes.get(node).map_or(0.0, |node| width(&node.id).max(width(&node.module) * 0.92) + 16.0)
}

/// The nodes of a box, and its size.
fn inside(unit: &Unit) -> (Layout, Size) {
    let sizes: Vec<Size> = (0..unit.nodes.len()).map(|node| (node_width(unit, node), NODE_HEIGHT)).collect();
    let links: Vec<(usize, usize)> = unit.links.iter().map(|link| (link.from, link.to)).collect();
    let layout = layered(&sizes, &links, Direction::Right, NODE_GAPS);
    let summary = unit.summary.iter().map(|line| width(line) * 0.92).fold(0.0, f64::max);
    let wide = layout.size.0.max(width(&unit.title) * 1.05).max(summary) + 2.0 * PADDING;
    let high = layout.size.1 + LINE_HEIGHT * unit.summary.len() as f64 + BOX_HEAD + PADDING;
    (layout, (wide, high))
}

fn nodes_of(unit: &Unit, layout: &Layout, corner: &Rect) -> (Vec<Rect>, Vec<Vec<Point>>) {
    let move_in = |(x, y): &Point| (x + corner.x + PADDING, y + corner.y + BOX_HEAD);
    let rect = |(node, place): (usize, &Point)| {
        let (x, y) = move_in(place);
        Rect { x, y, width: node_width(unit, node), height: NODE_HEIGHT }
    };
    let nodes: Vec<Rect> = layout.places.iter().enumerate().map(rect).collect();
    let of = |node: usize| nodes.get(node).copied().unwrap_or_default();
    let way = |(link, between): (&NodeLink, &Vec<Point>)| {
        let (from, to) = (of(link.from), of(link.to));
        let first = (from.x + from.width, from.y + from.height / 2.0);
        let last = (to.x, to.y + to.height / 2.0);
        std::iter::once(first).chain(between.iter().map(move_in)).chain([last]).collect()
    };
    let ways = unit.links.iter().zip(&layout.ways).map(way).collect();
    (nodes, ways)
}

//! Frames as the run sees them: the item, and what nodes have set, made and kept in it. Parallel frames never see each other's.

use super::keys::{self, Key};
use crate::artifacts::Artifact;
use crate::template::Variables;
use pypeline_schema::lowering::{CacheMode, Items};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where rows or a value came from: loops with their items, the outermost first. What comes later is larger, except among the
/// items of one loop, where the later item is, however they interleave.
type Origin = Vec<(u64, u64)>;

/// A number larger than all before.
pub(super) fn now() -> u64 {
    static CLOCK: AtomicU64 = AtomicU64::new(0);
    CLOCK.fetch_add(1, Ordering::Relaxed)
}

/// One pass through a loop's scope; or the flow itself, the outermost.
#[derive(Debug)]
pub(super) struct FrameData {
    parent: Option<Arc<FrameData>>,
    /// The scope whose link made it; none for the flow.
    scope: Option<usize>,
    item: Value,
    /// Number of its loop.
    number: u64,
    index: u64,
    /// What it is, whatever its place in a list: for checkpoints.
    pub key: Key,
    /// A sub flow in it, or in a frame inside, has failed: then what did not go well was not only stopped.
    has_failed: AtomicBool,
    /// The event log does not tell of what goes well in it.
    pub is_quiet: bool,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    globals: BTreeMap<String, Value>,
    /// Globals of nodes in loops inside: of the highest item that succeeded, and the loop's scope.
    inner: BTreeMap<String, Inner>,
    /// Of globals that `each` asks for: those of all items that succeeded.
    each: BTreeMap<String, BTreeMap<Origin, Value>>,
    /// Rows that loops go over, by node and port, and how many loops have yet to begin.
    lists: BTreeMap<(usize, String), (Arc<Artifact>, usize)>,
    /// Items that are made one at a time, by node.
    items: BTreeMap<usize, Items>,
    /// Rows kept between sub flows.
    caches: BTreeMap<String, BTreeMap<Origin, Arc<Artifact>>>,
    /// Of a run that was resumed: where in its journal the records stand that sub flows were restored from, the last of each;
    /// [`ANEW`] for one that has run.
    marks: BTreeMap<usize, u64>,
}

/// The mark of a sub flow that has run: behind all that was written before.
pub(super) const ANEW: u64 = u64::MAX;

#[derive(Debug)]
struct Inner {
    scope: Option<usize>,
    origin: (u64, u64),
    value: Value,
}

impl FrameData {
    /// The outermost frame.
    pub(super) fn flow() -> Arc<Self> {
        Arc::new(Self {
            parent: None,
            scope: None,
            item: Value::Null,
            number: 0,
            index: 0,
            key: keys::FLOW,
            has_failed: AtomicBool::new(false),
            is_quiet: false,
            content: Mutex::default(),
        })
    }

    /// The frame of an item: of the loop with this number, at this index; and its key.
    pub(super) fn of_item(
        parent: &Arc<Self>,
        scope: usize,
        (number, index, key): (u64, u64, Key),
        item: Value,
        is_quiet: bool,
    ) -> Arc<Self> {
        let (parent, is_quiet) = (Some(Arc::clone(parent)), is_quiet || parent.is_quiet);
        let (has_failed, content) = (AtomicBool::new(false), Mutex::default());
        Arc::new(Self { parent, scope: Some(scope), item, number, index, key, has_failed, is_quiet, content })
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This frame, then those around it.
    pub(super) fn outwards(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |frame| frame.parent.as_deref())
    }

    /// Indices of the items around, the outermost first; empty for the flow.
    pub(super) fn path(&self) -> Vec<u64> {
        let loops = self.outwards().filter(|frame| frame.scope.is_some());
        let mut path: Vec<u64> = loops.map(|frame| frame.index).collect();
        path.reverse();
        path
    }

    /// The scope whose link made it; none for the flow.
    pub(super) fn scope(&self) -> Option<usize> {
        self.scope
    }

    /// The item and its index; none outside loops.
    pub(super) fn innermost(&self) -> Option<(&Value, u64)> {
        self.scope.map(|_| (&self.item, self.index))
    }

    /// A sub flow in it has failed; so have, in this respect, the items around it.
    pub(super) fn note_failure(&self) {
        self.outwards().for_each(|frame| frame.has_failed.store(true, Ordering::Relaxed));
    }

    /// Some sub flow in it, or in a frame inside, has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }

    /// Marks a sub flow here and in all frames around.
    pub(super) fn mark(&self, sub_flow: usize, mark: u64) {
        for frame in self.outwards() {
            let mut content = frame.content();
            let known = content.marks.entry(sub_flow).or_default();
            *known = mark.max(*known);
        }
    }

    /// The mark of a sub flow as this frame sees it: in the innermost frame around this one that the sub flow is inside of. `is_in`
    /// says whether it is inside a scope.
    pub(super) fn mark_of(&self, sub_flow: usize, is_in: impl Fn(usize) -> bool) -> u64 {
        let mut frames = self.outwards();
        let frame = frames.find(|frame| frame.scope.is_none_or(&is_in));
        frame.and_then(|frame| frame.content().marks.get(&sub_flow).copied()).unwrap_or_default()
    }

    /// Sets globals, by keys `node__variable` in lower case.
    pub(super) fn set(&self, globals: impl IntoIterator<Item = (String, Value)>) {
        self.content().globals.extend(globals);
    }

    /// Keeps the rows of an output port for so many loops.
    pub(super) fn set_list(&self, node: usize, port: String, rows: Arc<Artifact>, loops: usize) {
        self.content().lists.insert((node, port), (rows, loops));
    }

    /// The rows of an output port, for a loop that goes over them; they stay only for loops that have yet to begin.
    pub(super) fn take_list(&self, node: usize, port: &str) -> Option<Arc<Artifact>> {
        let key = (node, port.to_owned());
        let mut content = self.content();
        let (rows, loops) = content.lists.get_mut(&key)?;
        *loops = loops.saturating_sub(1);
        let (rows, is_last) = (Arc::clone(rows), *loops == 0);
        if is_last {
            content.lists.remove(&key);
        }
        Some(rows)
    }

    /// Keeps what makes the items of a loop.
    pub(super) fn set_items(&self, node: usize, items: Items) {
        self.content().items.insert(node, items);
    }

    /// What makes the items of a loop, for the loop.
    pub(super) fn lazy_items(&self, node: usize) -> Option<Items> {
        self.content().items.get(&node).cloned()
    }

    /// The frame of `scope` around this one; the flow for none.
    fn of_scope(&self, scope: Option<usize>) -> &Self {
        let mut frames = self.outwards();
        frames.find(|frame| frame.scope == scope || frame.parent.is_none()).unwrap_or(self)
    }

    /// Where it is as seen from a frame around it.
    fn origin_within(&self, holder: &Self) -> Origin {
        let inside = self.outwards().take_while(|frame| !std::ptr::eq(*frame, holder));
        let mut origin: Origin = inside.map(|frame| (frame.number, frame.index)).collect();
        origin.reverse();
        origin
    }

    /// Keeps rows under a name, in the frame of the scope that holds that cache.
    pub(super) fn keep(&self, cache: &str, holder: Option<usize>, mode: CacheMode, rows: Arc<Artifact>) {
        let frame = self.of_scope(holder);
        let mut origin = self.origin_within(frame);
        // Within one item, and outside loops, the order is that of time.
        origin.push((now(), 0));
        let mut content = frame.content();
        let kept = content.caches.entry(cache.to_owned()).or_default();
        if mode == CacheMode::Overwrite {
            // Of several items the highest stays, however they interleave.
            if kept.keys().next_back().is_some_and(|last| *last > origin) {
                return;
            }
            kept.clear();
        }
        kept.insert(origin, rows);
    }

    /// The rows kept under a name, those of a loop's items in the order of the items.
    pub(super) fn kept(&self, cache: &str, holder: Option<usize>) -> Option<Arc<Artifact>> {
        let content = self.of_scope(holder).content();
        let kept = content.caches.get(cache).filter(|kept| !kept.is_empty())?;
        Some(Artifact::joined(kept.values().cloned()))
    }

    /// The item has succeeded: what was set in its frame becomes visible outside. `each` names globals to be kept of every item.
    pub(super) fn promote(&self, each: &BTreeSet<String>) {
        let Some(parent) = &self.parent else { return };
        // Copied, not taken: a scope in the background may still be at work in this frame.
        let content = self.content();
        let has_nothing = content.globals.is_empty() && content.inner.is_empty() && content.each.is_empty();
        if has_nothing {
            return;
        }
        let here = (self.number, self.index);
        let mut outer = parent.content();
        for (key, values) in &content.each {
            let all = outer.each.entry(key.clone()).or_default();
            all.extend(values.iter().map(|(origin, value)| ([&[here], origin.as_slice()].concat(), value.clone())));
        }
        for (key, value) in content.globals.iter().filter(|(key, _)| each.contains(*key)) {
            outer.each.entry(key.clone()).or_default().insert(vec![here], value.clone());
        }
        let inner = content.inner.iter().map(|(key, inner)| (key, &inner.value));
        for (key, value) in content.globals.iter().chain(inner) {
            let new = Inner { scope: self.scope, origin: here, value: value.clone() };
            match outer.inner.get_mut(key) {
                Some(known) if known.origin > here => {}
                Some(known) => *known = new,
                None => {
                    outer.inner.insert(key.clone(), new);
                }
            }
        }
    }

    /// This frame and those around it, each with the scope that one comes from: what other items of that loop have set is not
    /// for this one.
    fn outwards_from(&self) -> impl Iterator<Item = (&Self, Option<usize>)> {
        let scopes = std::iter::once(None).chain(self.outwards().map(|frame| frame.scope));
        self.outwards().zip(scopes)
    }
}

impl Variables for FrameData {
    fn global(&self, key: &str) -> Option<Value> {
        self.outwards_from().find_map(|(frame, from)| {
            let content = frame.content();
            let inner = content.inner.get(key).filter(|inner| from.is_none() || inner.scope != from);
            content.globals.get(key).or(inner.map(|inner| &inner.value)).cloned()
        })
    }

    fn leads_on(&self, prefix: &str) -> bool {
        fn holds<V>(map: &BTreeMap<String, V>, prefix: &str) -> bool {
            map.range(prefix.to_owned()..).next().is_some_and(|(key, _)| key.starts_with(prefix))
        }
        self.outwards().any(|frame| {
            let content = frame.content();
            holds(&content.globals, prefix) || holds(&content.inner, prefix)
        })
    }

    fn each(&self, key: &str) -> Vec<Value> {
        let found = self.outwards_from().find_map(|(frame, from)| {
            let content = frame.content();
            let is_own = content.inner.get(key).is_some_and(|inner| from.is_some() && inner.scope == from);
            content.each.get(key).filter(|_| !is_own).map(|all| all.values().cloned().collect())
        });
        found.unwrap_or_default()
    }

    fn item(&self, levels: usize) -> Option<(Value, u64)> {
        let frame = self.outwards().filter(|frame| frame.scope.is_some()).nth(levels)?;
        Some((frame.item.clone(), frame.index))
    }
}

/// The key of a node's global.
pub(super) fn key(node: &str, name: &str) -> String {
    format!("{node}__{name}").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(frame: &FrameData, key: &str, value: u64) {
        frame.set([(key.to_owned(), json!(value))]);
    }

    #[test]
    fn the_highest_item_that_succeeded_is_seen_from_outside() {
        let flow = FrameData::flow();
        let [zero, one, two] =
            [0, 1, 2].map(|index| FrameData::of_item(&flow, 0, (1, index, keys::FLOW), json!(index), false));
        for (frame, value) in [(&zero, 10), (&one, 11), (&two, 12)] {
            set(frame, "load__n", value);
        }
        assert_eq!(flow.global("load__n"), None);
        let each = BTreeSet::from(["load__n".to_owned()]);
        one.promote(&each);
        zero.promote(&each);
        assert_eq!(flow.global("load__n"), Some(json!(11)), "item 2 has not succeeded, item 0 ended last");
        assert_eq!(flow.each("load__n"), [json!(10), json!(11)]);
        assert_eq!(two.global("load__n"), Some(json!(12)), "its own comes first");
        let three = FrameData::of_item(&flow, 0, (1, 3, keys::FLOW), json!(3), false);
        assert_eq!((three.global("load__n"), three.each("load__n")), (None, Vec::new()), "nobody sees another item's");
    }

    #[test]
    fn nested_frames_see_outwards_and_keep_their_places() {
        let flow = FrameData::flow();
        let outer = FrameData::of_item(&flow, 0, (1, 3, keys::FLOW), json!({"path": "a"}), false);
        let inner = FrameData::of_item(&outer, 1, (2, 1, keys::FLOW), json!("x"), false);
        set(&flow, "a__v", 1);
        set(&outer, "b__v", 2);
        assert_eq!((inner.global("a__v"), inner.global("b__v")), (Some(json!(1)), Some(json!(2))));
        assert_eq!(inner.path(), [3, 1]);
        assert_eq!(inner.item(1), Some((json!({"path": "a"}), 3)));
        assert_eq!(inner.item(2), None);
        set(&inner, "c__v", 5);
        let each = BTreeSet::from(["c__v".to_owned()]);
        inner.promote(&each);
        outer.promote(&each);
        assert_eq!(flow.global("c__v"), Some(json!(5)));
        assert_eq!(flow.each("c__v"), [json!(5)]);
        assert!(flow.leads_on("c_") && !flow.leads_on("d"));
    }
}

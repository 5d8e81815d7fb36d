//! Rows parted by their keys: all rows of one key are in one part, so that groups, joins, distinct rows and windows can be worked off
//! part by part (Grace hash partitioning: Kitsuregawa et al., 1983).

use super::piece::Pieces;
use super::spill::{Files, Spilled, Writer};
use polars::prelude::{DataFrame, IdxCa, IdxSize, PlRandomState, PlSmallStr, PolarsResult, SchemaRef};
use polars_expr::hash_keys::HashKeys;
use polars_plan::plans::{AExpr, IR};
use polars_utils::arena::{Arena, Node};
use polars_utils::cardinality_sketch::CardinalitySketch;
use polars_utils::hashing::HashPartitioner;
use std::sync::{Arc, Mutex, PoisonError};

/// Rows after which it is asked whether there are few keys.
const PROBE_ROWS: usize = 2_000_000;

/// So many rows of one key on average, and a table of the keys is small beside the rows.
const FEW: usize = 20;

/// Parts that are too large are parted once more, and no oftener: rows of one key stay together whatever is done.
const MAX_DEPTH: u64 = 3;

/// Name of the column that keeps the order of rows which are put back into it later.
pub(super) const ORDER: &str = "__pype_order";

/// By what rows are parted.
#[derive(Clone)]
pub(super) struct Keys {
    /// Columns of the input.
    pub columns: Vec<PlSmallStr>,
    /// Those of them that are there for this alone.
    pub temporary: Vec<PlSmallStr>,
    /// The same for both sides of a join.
    pub state: PlRandomState,
    /// Add the number of each row.
    pub numbered: bool,
    /// Give up where the keys turn out to be few.
    pub probes: bool,
}

/// What has become of the rows.
pub(super) enum Scattered {
    Parts(Vec<Spilled>),
    /// There are few keys: nothing need be parted.
    FewKeys,
}

/// The plan that gives the rows.
pub(super) struct Rows {
    pub top: Node,
    pub nodes: Arena<IR>,
    pub expressions: Arena<AExpr>,
}

/// Parts rows.
pub(super) fn scatter(
    pieces: &Pieces<'_>,
    rows: Rows,
    keys: &Keys,
    n_parts: usize,
    depth: u64,
) -> PolarsResult<Scattered> {
    let mut schema = (*rows.nodes.get(rows.top).schema(&rows.nodes).into_owned()).clone();
    keys.temporary.iter().for_each(|name| drop(schema.shift_remove(name)));
    if keys.numbered {
        schema.insert(ORDER.into(), polars::prelude::DataType::UInt64);
    }
    let schema = Arc::new(schema);
    let router = Router::new(&pieces.files, keys.clone(), &schema, n_parts, depth, pieces.batch_bytes(n_parts))?;
    let router = Arc::new(Mutex::new(Some(router)));
    let shared = Arc::clone(&router);
    let counts = pieces.counts();
    pieces.rows(rows.top, (rows.nodes, rows.expressions), None, move |rows| {
        let mut router = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(router) = router.as_mut() else { return Ok(true) };
        router.take(rows)?;
        Ok(router.has_few_keys)
    })?;
    let router = router.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(router) = router else { return Ok(Scattered::FewKeys) };
    if router.has_few_keys {
        pieces.restore(&counts);
        return Ok(Scattered::FewKeys);
    }
    Ok(Scattered::Parts(router.writers.into_iter().map(Writer::finish).collect::<PolarsResult<_>>()?))
}

/// Sets of parts, one of each side with the same keys, none larger than it may be as far as that can be had.
pub(super) fn refined(
    pieces: &Pieces<'_>,
    sides: Vec<Spilled>,
    keys: &[Keys],
    schemas: &[SchemaRef],
    depth: u64,
    all: &mut Vec<Vec<Spilled>>,
) -> PolarsResult<()> {
    // Of a join the smaller side is held; of anything else there is one.
    let held = sides.iter().map(|side| side.bytes).min().unwrap_or(0);
    let limit = 3 * pieces.part_bytes();
    if held <= limit || depth > MAX_DEPTH || keys.iter().any(|keys| !keys.temporary.is_empty()) {
        all.push(sides);
        return Ok(());
    }
    let n_parts = pieces.n_parts(held);
    let mut parted: Vec<Vec<Spilled>> = Vec::new();
    for ((side, keys), schema) in sides.into_iter().zip(keys).zip(schemas) {
        let mut nodes = Arena::new();
        let top = pieces.scan(&mut nodes, [&side], schema)?;
        let keys = Keys { numbered: false, probes: false, ..keys.clone() };
        let rows = Rows { top, nodes, expressions: Arena::new() };
        match scatter(pieces, rows, &keys, n_parts, depth)? {
            Scattered::Parts(parts) => parted.push(parts),
            Scattered::FewKeys => {}
        }
    }
    let mut sides: Vec<_> = parted.into_iter().map(Vec::into_iter).collect();
    loop {
        let set: Vec<Spilled> = sides.iter_mut().filter_map(Iterator::next).collect();
        if set.is_empty() {
            return Ok(());
        }
        refined(pieces, set, keys, schemas, depth + 1, all)?;
    }
}

struct Router {
    keys: Keys,
    partitioner: HashPartitioner,
    writers: Vec<Writer>,
    places: Vec<Vec<IdxSize>>,
    sketch: CardinalitySketch,
    n_rows: usize,
    has_few_keys: bool,
}

impl Router {
    fn new(
        files: &Files,
        keys: Keys,
        schema: &SchemaRef,
        n_parts: usize,
        depth: u64,
        batch_bytes: usize,
    ) -> PolarsResult<Self> {
        let writers = (0..n_parts).map(|_| files.create(schema, batch_bytes)).collect::<PolarsResult<Vec<_>>>()?;
        Ok(Self {
            keys,
            partitioner: HashPartitioner::new(n_parts, depth),
            writers,
            places: vec![Vec::new(); n_parts],
            sketch: CardinalitySketch::new(),
            n_rows: 0,
            has_few_keys: false,
        })
    }

    fn take(&mut self, mut rows: DataFrame) -> PolarsResult<()> {
        if rows.height() == 0 {
            return Ok(());
        }
        let keys =
            HashKeys::from_df(&rows.select(self.keys.columns.iter().cloned())?, self.keys.state.clone(), true, false);
        self.places.iter_mut().for_each(Vec::clear);
        let Self { partitioner, places, sketch, .. } = self;
        let is_probed = self.keys.probes && self.n_rows < PROBE_ROWS;
        keys.for_each_hash(|row, hash| {
            let hash = hash.unwrap_or(0);
            if is_probed {
                sketch.insert(hash);
            }
            if let Some(places) = places.get_mut(partitioner.hash_to_partition(hash)) {
                places.push(row);
            }
        });
        for name in &self.keys.temporary {
            rows = rows.drop(name)?;
        }
        if self.keys.numbered {
            let first = self.n_rows as u64;
            let numbers: polars::prelude::UInt64Chunked = (first..first + rows.height() as u64).map(Some).collect();
            rows.with_column(polars::prelude::IntoColumn::into_column(numbers.with_name(ORDER.into())))?;
        }
        for (places, writer) in self.places.iter_mut().zip(&mut self.writers) {
            if !places.is_empty() {
                let places = IdxCa::from_vec(PlSmallStr::EMPTY, std::mem::take(places));
                writer.add(rows.take(&places)?)?;
            }
        }
        self.n_rows += rows.height();
        if is_probed && self.n_rows >= PROBE_ROWS {
            self.has_few_keys = self.sketch.estimate().saturating_mul(FEW) < self.n_rows;
        }
        Ok(())
    }
}

//! Finds the nodes of a plan that may outgrow the budget, and puts rows from disk in their place, each after those before it.

use super::piece::Pieces;
use super::scatter::{Keys, ORDER, Rows, Scattered, refined, scatter};
use super::size::Sizes;
use super::sort::{By, Runs, merge};
use super::spill::Spilled;
use super::windows;
use polars::prelude::{
    DataFrame, DataType, JoinType, MaintainOrderJoin, PlSmallStr, PolarsResult, SchemaRef, SortMultipleOptions,
};
use polars_plan::plans::expr_ir::ExprIR;
use polars_plan::plans::{AExpr, IR};
use polars_plan::prelude::ProjectionOptions;
use polars_utils::arena::{Arena, Node};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Puts rows in the place of all nodes that may outgrow the budget.
pub(super) fn settle(pieces: &mut Pieces<'_>) -> PolarsResult<()> {
    let order = order(pieces);
    let mut sizes = Sizes::default();
    let mut heavy: HashSet<Node> = HashSet::new();
    for &node in &order {
        sizes.note(node, &pieces.plan.lp_arena);
        if is_heavy(pieces, node, &sizes) {
            heavy.insert(node);
        }
    }
    if heavy.is_empty() {
        return Ok(());
    }
    pieces.begin_parts()?;
    let shared = shared_below(pieces, &order, &heavy);
    let mut caches: HashMap<polars_utils::unique_id::UniqueId, Node> = HashMap::new();
    for node in order {
        if let IR::Cache { id, .. } = pieces.node(node) {
            let id = *id;
            if let Some(first) = caches.get(&id) {
                let first = pieces.node(*first).clone();
                pieces.plan.lp_arena.replace(node, first);
            } else {
                if shared.contains(&node) {
                    keep(pieces, node, &mut sizes)?;
                }
                caches.insert(id, node);
            }
            continue;
        }
        if !heavy.contains(&node) {
            continue;
        }
        say(pieces, node, &sizes);
        if let Some(rows) = work_off(pieces, node, &sizes)? {
            sizes.set(node, rows.iter().map(|file| file.bytes).sum());
            pieces.replace(node, rows)?;
        }
    }
    Ok(())
}

/// That a node does not fit, and by how much.
fn say(pieces: &Pieces<'_>, node: Node, sizes: &Sizes) {
    let what = match pieces.node(node) {
        IR::Sort { .. } => "a sort",
        IR::GroupBy { .. } => "groups",
        IR::Distinct { .. } => "distinct rows",
        IR::Join { .. } => "a join",
        _ => "windows",
    };
    let held = pieces.node(node).get_inputs().iter().filter_map(|input| sizes.of(*input)).min();
    let held = held.map_or_else(String::new, |bytes| format!(" over about {} MB", bytes.div_ceil(1_000_000)));
    let budget = pieces.memory.soft / 1_000_000;
    tracing::info!("in parts: {what}{held}, as the run may take {budget} MB");
}

/// All nodes, each after its inputs; what is behind a shared node once.
fn order(pieces: &Pieces<'_>) -> Vec<Node> {
    let (mut order, mut left) = (Vec::new(), vec![(pieces.plan.lp_top, false)]);
    let (mut seen, mut caches) = (HashSet::new(), HashSet::new());
    while let Some((node, is_done)) = left.pop() {
        if is_done {
            order.push(node);
            continue;
        }
        if !seen.insert(node) {
            continue;
        }
        left.push((node, true));
        if let IR::Cache { id, .. } = pieces.node(node)
            && !caches.insert(*id)
        {
            continue;
        }
        left.extend(pieces.node(node).get_inputs().into_iter().map(|input| (input, false)));
    }
    order
}

/// Shared nodes that a heavy one reads: their rows would be made once for each piece.
fn shared_below(pieces: &Pieces<'_>, order: &[Node], heavy: &HashSet<Node>) -> HashSet<Node> {
    let mut readers: HashMap<polars_utils::unique_id::UniqueId, usize> = HashMap::new();
    for node in order {
        if let IR::Cache { id, .. } = pieces.node(*node) {
            *readers.entry(*id).or_default() += 1;
        }
    }
    let mut below: HashSet<polars_utils::unique_id::UniqueId> = HashSet::new();
    let mut left: Vec<Node> = heavy.iter().copied().collect();
    let mut seen: HashSet<Node> = HashSet::new();
    while let Some(node) = left.pop() {
        if !seen.insert(node) {
            continue;
        }
        if let IR::Cache { id, .. } = pieces.node(node) {
            below.insert(*id);
        }
        left.extend(pieces.node(node).get_inputs());
    }
    let is_shared = |node: &&Node| match pieces.node(**node) {
        IR::Cache { id, .. } => below.contains(id) && readers.get(id).is_some_and(|readers| *readers > 1),
        _ => false,
    };
    order.iter().filter(is_shared).copied().collect()
}

/// The rows of a shared node, for all who read them.
fn keep(pieces: &mut Pieces<'_>, node: Node, sizes: &mut Sizes) -> PolarsResult<()> {
    let IR::Cache { input, .. } = pieces.node(node) else { return Ok(()) };
    let rows = written(pieces, *input, pieces.arenas())?;
    sizes.set(node, rows.bytes);
    pieces.replace(node, vec![rows])
}

/// The node may hold more than its share, and could be worked off in parts.
fn is_heavy(pieces: &Pieces<'_>, node: Node, sizes: &Sizes) -> bool {
    let held = match pieces.node(node) {
        IR::Sort { input, slice: None, .. } => sizes.of(*input),
        IR::GroupBy { input, apply: None, options, maintain_order: false, .. } if options.slice.is_none() => {
            sizes.of(*input)
        }
        IR::Distinct { input, options } if options.slice.is_none() => sizes.of(*input),
        IR::Join { input_left, input_right, left_on, options, .. } => {
            let is_by_keys = matches!(
                options.args.how,
                JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full | JoinType::Semi | JoinType::Anti
            );
            let is_ordered = options.args.maintain_order != MaintainOrderJoin::None;
            if !is_by_keys || is_ordered || left_on.is_empty() || options.args.slice.is_some() {
                return false;
            }
            match (sizes.of(*input_left), sizes.of(*input_right)) {
                (Some(left), Some(right)) => Some(left.min(right)),
                _ => None,
            }
        }
        IR::HStack { input, exprs, .. } | IR::Select { input, expr: exprs, .. } => {
            if windows::keys(exprs, &pieces.plan.expr_arena).is_none() {
                return false;
            }
            sizes.of(*input)
        }
        _ => return false,
    };
    pieces.in_parts || held.is_some_and(|bytes| bytes > pieces.memory.soft / 4)
}

/// Rows in the place of a node; none where it fits after all.
fn work_off(pieces: &Pieces<'_>, node: Node, sizes: &Sizes) -> PolarsResult<Option<Vec<Spilled>>> {
    match pieces.node(node).clone() {
        IR::Sort { input, by_column, sort_options, .. } => {
            let keys = columns(pieces, input, &by_column)?;
            sort(pieces, keys, &sort_options).map(|rows| Some(vec![rows]))
        }
        IR::GroupBy { input, keys, .. } => {
            let side = side(pieces, input, &keys, !pieces.in_parts)?;
            in_parts(pieces, node, vec![side], sizes)
        }
        IR::Distinct { input, options } => {
            let subset: Vec<PlSmallStr> = match &options.subset {
                Some(subset) => subset.iter().cloned().collect(),
                None => pieces.schema(input).iter_names().cloned().collect(),
            };
            let keys = named(subset);
            let side = Side { rows: rows(pieces, input), keys: Keys { numbered: options.maintain_order, ..keys } };
            in_parts(pieces, node, vec![side], sizes)
        }
        IR::Join { input_left, input_right, left_on, right_on, .. } => {
            let left = side(pieces, input_left, &left_on, false)?;
            let mut right = side(pieces, input_right, &right_on, false)?;
            right.keys.state = left.keys.state.clone();
            in_parts(pieces, node, vec![left, right], sizes)
        }
        IR::HStack { input, exprs, .. } | IR::Select { input, expr: exprs, .. } => {
            let Some(keys) = windows::keys(&exprs, &pieces.plan.expr_arena) else { return Ok(None) };
            let side = Side { rows: rows(pieces, input), keys: Keys { numbered: true, ..named(keys) } };
            in_parts(pieces, node, vec![side], sizes)
        }
        _ => Ok(None),
    }
}

/// One input of a node, and by what its rows are parted.
struct Side {
    rows: Rows,
    keys: Keys,
}

fn rows(pieces: &Pieces<'_>, top: Node) -> Rows {
    let (nodes, expressions) = pieces.arenas();
    Rows { top, nodes, expressions }
}

fn named(columns: Vec<PlSmallStr>) -> Keys {
    Keys { columns, temporary: Vec::new(), state: <_>::default(), numbered: false, probes: false }
}

fn side(pieces: &Pieces<'_>, input: Node, keys: &[ExprIR], probes: bool) -> PolarsResult<Side> {
    let (rows, columns, temporary) = columns(pieces, input, keys)?;
    Ok(Side { rows, keys: Keys { temporary, probes, ..named(columns) } })
}

/// The rows of a node with a column for each key, the names of these, and of those that are there for this alone.
fn columns(
    pieces: &Pieces<'_>,
    input: Node,
    keys: &[ExprIR],
) -> PolarsResult<(Rows, Vec<PlSmallStr>, Vec<PlSmallStr>)> {
    let mut rows = rows(pieces, input);
    let (mut columns, mut made) = (Vec::new(), Vec::new());
    let mut schema = (*pieces.schema(input)).clone();
    for (at, key) in keys.iter().enumerate() {
        if let AExpr::Column(name) = rows.expressions.get(key.node()) {
            columns.push(name.clone());
            continue;
        }
        let name = PlSmallStr::from(format!("__pype_key_{at}"));
        schema.insert(name.clone(), key.dtype(&pieces.schema(input), &rows.expressions)?.clone());
        made.push(key.with_alias(name.clone()));
        columns.push(name);
    }
    let temporary = made.iter().map(|key| key.output_name().clone()).collect();
    if !made.is_empty() {
        let with_keys =
            IR::HStack { input, exprs: made, schema: Arc::new(schema), options: ProjectionOptions::default() };
        rows.top = rows.nodes.add(with_keys);
    }
    Ok((rows, columns, temporary))
}

/// A node worked off part by part.
fn in_parts(pieces: &Pieces<'_>, node: Node, sides: Vec<Side>, sizes: &Sizes) -> PolarsResult<Option<Vec<Spilled>>> {
    let inputs = pieces.node(node).get_inputs();
    let held = inputs.iter().filter_map(|input| sizes.of(*input)).min();
    let n_parts = pieces.n_parts(held.unwrap_or(0));
    let is_numbered = sides.iter().any(|side| side.keys.numbered);
    let (mut keys, mut schemas, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for (side, input) in sides.into_iter().zip(inputs.iter()) {
        let mut schema = (*pieces.schema(*input)).clone();
        if side.keys.numbered {
            schema.insert(ORDER.into(), DataType::UInt64);
        }
        keys.push(side.keys.clone());
        schemas.push(Arc::new(schema));
        match scatter(pieces, side.rows, &side.keys, n_parts, 0)? {
            Scattered::FewKeys => return Ok(None),
            Scattered::Parts(rows) => parts.push(rows.into_iter()),
        }
    }
    let mut sets = Vec::new();
    loop {
        let set: Vec<Spilled> = parts.iter_mut().filter_map(Iterator::next).collect();
        if set.is_empty() {
            break;
        }
        refined(pieces, set, &keys, &schemas, 1, &mut sets)?;
    }
    let mut results = Vec::new();
    let mut result_schema = pieces.schema(node);
    for set in sets {
        if set.iter().all(|side| side.n_rows == 0) {
            continue;
        }
        let (mut nodes, mut expressions) = pieces.arenas();
        let mut operator = nodes.get(node).clone();
        if let (true, Some(schema)) = (is_numbered, schemas.first()) {
            operator = windows::numbered(&operator, schema, &mut expressions);
        }
        for ((input, side), schema) in operator.inputs_mut().zip(&set).zip(&schemas) {
            *input = pieces.scan(&mut nodes, [side], schema)?;
        }
        let top = nodes.add(operator);
        result_schema = nodes.get(top).schema(&nodes).into_owned();
        let rows = written(pieces, top, (nodes, expressions))?;
        if rows.n_rows > 0 {
            results.push(rows);
        }
    }
    if !is_numbered {
        return Ok(Some(results));
    }
    // Back into the order in which they came.
    if results.is_empty() {
        return Ok(Some(results));
    }
    let (mut nodes, expressions) = pieces.arenas();
    let top = pieces.scan(&mut nodes, &results, &result_schema)?;
    let by = (Rows { top, nodes, expressions }, vec![ORDER.into()], vec![ORDER.into()]);
    sort(pieces, by, &SortMultipleOptions::default().with_maintain_order(true)).map(|rows| Some(vec![rows]))
}

/// The rows of a plan, on disk.
fn written(pieces: &Pieces<'_>, top: Node, arenas: (Arena<IR>, Arena<AExpr>)) -> PolarsResult<Spilled> {
    let schema = arenas.0.get(top).schema(&arenas.0).into_owned();
    let writer = pieces.files.create(&schema, pieces.scan_bytes())?;
    let writer = Arc::new(Mutex::new(Some(writer)));
    let shared = Arc::clone(&writer);
    pieces.rows(top, arenas, None, move |rows| {
        let mut writer = shared.lock().unwrap_or_else(PoisonError::into_inner);
        writer.as_mut().map_or(Ok(()), |writer| writer.add(rows)).map(|()| false)
    })?;
    let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
    writer.map_or_else(|| pieces.files.create(&schema, 0)?.finish(), super::spill::Writer::finish)
}

/// Rows sorted by columns, of which some go afterwards.
fn sort(
    pieces: &Pieces<'_>,
    (rows, columns, temporary): (Rows, Vec<PlSmallStr>, Vec<PlSmallStr>),
    options: &SortMultipleOptions,
) -> PolarsResult<Spilled> {
    let each = |of: &[bool]| {
        columns.iter().enumerate().map(|(at, _)| of.get(at).or(of.first()).copied().unwrap_or(false)).collect()
    };
    let options = SortMultipleOptions {
        descending: each(&options.descending),
        nulls_last: each(&options.nulls_last),
        limit: None,
        ..options.clone()
    };
    let by = By { columns, options };
    let schema: SchemaRef = rows.nodes.get(rows.top).schema(&rows.nodes).into_owned();
    let runs = Runs::new(pieces.files.clone(), by, Arc::clone(&schema), pieces.run_bytes(), pieces.merge_bytes());
    let runs = Arc::new(Mutex::new(Some(runs)));
    let shared = Arc::clone(&runs);
    pieces.rows(rows.top, (rows.nodes, rows.expressions), None, move |rows| {
        let mut runs = shared.lock().unwrap_or_else(PoisonError::into_inner);
        runs.as_mut().map_or(Ok(()), |runs| runs.take(rows)).map(|()| false)
    })?;
    let mut kept = (*schema).clone();
    temporary.iter().for_each(|name| drop(kept.shift_remove(name)));
    let mut writer = pieces.files.create(&Arc::new(kept), pieces.scan_bytes())?;
    let runs = runs.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(runs) = runs {
        merge(runs.finish()?, &pieces.stop(), |mut rows: DataFrame| {
            for name in &temporary {
                rows = rows.drop(name)?;
            }
            writer.add(rows)
        })?;
    }
    writer.finish()
}

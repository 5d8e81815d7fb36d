//! A SELECT followed from its columns to those of its inputs. What cannot be followed is given up as a whole: a wrong answer is worse
//! than none.

use super::relation::{Relation, Sources, Traced, done};
use pypeline_schema::lineage::How;
use sqlparser::ast::{
    Distinct, ExcludeSelectItem, Expr, GroupByExpr, Ident, JoinConstraint, JoinOperator, ObjectName, OrderByKind,
    Query, RenameSelectItem, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Statement, TableFactor,
    TableWithJoins, WildcardAdditionalOptions, visit_expressions,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Functions that make one value of many rows.
const AGGREGATES: &[&str] = &[
    "array_agg",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "first",
    "last",
    "listagg",
    "max",
    "mean",
    "median",
    "min",
    "mode",
    "quantile",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_pop",
    "stddev_samp",
    "stdev",
    "string_agg",
    "sum",
    "var",
    "var_pop",
    "var_samp",
    "variance",
];

type Known = HashMap<String, Traced>;

/// The columns of a query over inputs with these columns; none where it is more than can be followed.
pub(super) fn trace(sql: &str, inputs: &BTreeMap<&str, Vec<&str>>) -> Option<Traced> {
    let mut statements = Parser::parse_sql(&GenericDialect {}, sql).ok()?;
    let Some(Statement::Query(parsed)) = statements.pop().filter(|_| statements.is_empty()) else { return None };
    let mut known = Known::new();
    for (port, columns) in inputs {
        let port: Arc<str> = Arc::from(*port);
        let column = |name: &&str| {
            let name: Arc<str> = Arc::from(*name);
            (Arc::clone(&name), Sources::from([(Arc::clone(&port), name, How::Identity)]))
        };
        known.insert(port.to_string(), Traced { columns: columns.iter().map(column).collect(), rows: Sources::new() });
    }
    query(&parsed, &known)
}

// As deep as the parser has gone, which has a limit of its own.
fn query(parsed: &Query, known: &Known) -> Option<Traced> {
    let mut known = known.clone();
    for cte in parsed.with.iter().flat_map(|with| &with.cte_tables) {
        let traced = query(&cte.query, &known).filter(|_| cte.alias.columns.is_empty())?;
        known.insert(cte.alias.name.value.clone(), traced);
    }
    let (mut traced, scope) = body(&parsed.body, &known)?;
    let is_cut = parsed.limit_clause.is_some() || parsed.fetch.is_some();
    if let (Some(order), true) = (&parsed.order_by, is_cut) {
        let OrderByKind::Expressions(by) = &order.kind else { return None };
        let own = Relation { name: None, columns: traced.columns.clone(), hidden: Vec::new() };
        let scope: Vec<Relation> = std::iter::once(own).chain(scope).collect();
        for order in by {
            let sources = used(&order.expr, &scope)?;
            traced.rows.extend(done(&sources, How::Order));
        }
    }
    Some(traced)
}

fn body(parsed: &SetExpr, known: &Known) -> Option<(Traced, Vec<Relation>)> {
    match parsed {
        SetExpr::Select(parsed) => select(parsed, known),
        SetExpr::Query(parsed) => Some((query(parsed, known)?, Vec::new())),
        SetExpr::SetOperation { left, right, .. } => {
            let ((mut left, _), (right, _)) = (body(left, known)?, body(right, known)?);
            if left.columns.len() != right.columns.len() {
                return None;
            }
            left.rows.extend(right.rows);
            left.columns.iter_mut().zip(right.columns).for_each(|((_, into), (_, more))| into.extend(more));
            Some((left, Vec::new()))
        }
        _ => None,
    }
}

fn select(parsed: &Select, known: &Known) -> Option<(Traced, Vec<Relation>)> {
    let (mut scope, mut rows) = (Vec::new(), Sources::new());
    for from in &parsed.from {
        join(from, known, &mut scope, &mut rows)?;
    }
    let mut columns = Vec::new();
    for item in &parsed.projection {
        project(item, &scope, &mut columns)?;
    }
    for condition in [&parsed.selection, &parsed.having, &parsed.qualify].into_iter().flatten() {
        rows.extend(done(&used(condition, &scope)?, How::Filter));
    }
    match &parsed.group_by {
        GroupByExpr::Expressions(by, _) => {
            for expr in by.iter().filter(|expr| !matches!(expr, Expr::Value(_))) {
                rows.extend(done(&used(expr, &scope)?, How::Group));
            }
        }
        GroupByExpr::All(_) => return None,
    }
    match &parsed.distinct {
        None | Some(Distinct::All) => {}
        Some(Distinct::Distinct) => columns.iter().for_each(|(_, sources)| rows.extend(done(sources, How::Group))),
        Some(Distinct::On(by)) => {
            for expr in by {
                rows.extend(done(&used(expr, &scope)?, How::Group));
            }
        }
    }
    Some((Traced { columns, rows }, scope))
}

fn join(from: &TableWithJoins, known: &Known, scope: &mut Vec<Relation>, rows: &mut Sources) -> Option<()> {
    scope.push(relation(&from.relation, known, rows)?);
    for join in &from.joins {
        let mut right = relation(&join.relation, known, rows)?;
        let (constraint, is_right_shown) = match &join.join_operator {
            JoinOperator::Join(on)
            | JoinOperator::Inner(on)
            | JoinOperator::Left(on)
            | JoinOperator::LeftOuter(on)
            | JoinOperator::Right(on)
            | JoinOperator::RightOuter(on)
            | JoinOperator::FullOuter(on)
            | JoinOperator::CrossJoin(on) => (on, true),
            JoinOperator::Semi(on)
            | JoinOperator::LeftSemi(on)
            | JoinOperator::Anti(on)
            | JoinOperator::LeftAnti(on) => (on, false),
            _ => return None,
        };
        match constraint {
            JoinConstraint::On(condition) => {
                scope.push(right);
                rows.extend(done(&used(condition, scope)?, How::Join));
                right = scope.pop()?;
            }
            JoinConstraint::Using(names) => {
                for name in names {
                    let name = last(name)?;
                    let left = scope.iter().find_map(|relation| relation.column(name))?;
                    let both: Sources = left.iter().chain(right.column(name)?).cloned().collect();
                    rows.extend(done(&both, How::Join));
                    right.hidden.push(name.to_owned());
                }
            }
            JoinConstraint::Natural => return None,
            JoinConstraint::None => {}
        }
        if !is_right_shown {
            right.hidden = right.columns.iter().map(|(name, _)| name.to_string()).collect();
        }
        scope.push(right);
    }
    Some(())
}

fn relation(factor: &TableFactor, known: &Known, rows: &mut Sources) -> Option<Relation> {
    let (traced, name) = match factor {
        TableFactor::Table { name, alias, args: None, .. } => {
            let table = last(name)?;
            let alias = alias.as_ref().filter(|alias| alias.columns.is_empty()).map(|alias| alias.name.value.clone());
            (known.get(table)?.clone(), Some(alias.unwrap_or_else(|| table.to_owned())))
        }
        TableFactor::Derived { subquery, alias, .. } => {
            (query(subquery, known)?, alias.as_ref().map(|alias| alias.name.value.clone()))
        }
        _ => return None,
    };
    rows.extend(traced.rows);
    Some(Relation { name, columns: traced.columns, hidden: Vec::new() })
}

fn project(item: &SelectItem, scope: &[Relation], columns: &mut Vec<(Arc<str>, Sources)>) -> Option<()> {
    match item {
        SelectItem::UnnamedExpr(expr) => {
            let name = match bare(expr) {
                Some(parts) => parts.last()?.value.clone(),
                None => expr.to_string(),
            };
            columns.push((Arc::from(name), made(expr, scope)?));
        }
        SelectItem::ExprWithAlias { expr, alias } => {
            columns.push((Arc::from(alias.value.as_str()), made(expr, scope)?));
        }
        SelectItem::Wildcard(options) => wildcard(scope.iter(), options, scope, columns)?,
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
            let name = last(name)?;
            let relation = scope.iter().filter(|relation| relation.name.as_deref() == Some(name));
            wildcard(relation, options, scope, columns)?;
        }
        _ => return None,
    }
    Some(())
}

fn wildcard<'a>(
    relations: impl Iterator<Item = &'a Relation>,
    options: &WildcardAdditionalOptions,
    scope: &[Relation],
    columns: &mut Vec<(Arc<str>, Sources)>,
) -> Option<()> {
    if options.opt_ilike.is_some() {
        return None;
    }
    let mut left_out: Vec<&str> = Vec::new();
    match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => left_out.push(last(name)?),
        Some(ExcludeSelectItem::Multiple(names)) => left_out.extend(names.iter().filter_map(last)),
        None => {}
    }
    if let Some(except) = &options.opt_except {
        left_out.push(&except.first_element.value);
        left_out.extend(except.additional_elements.iter().map(|name| name.value.as_str()));
    }
    let renamed: HashMap<&str, &str> = match &options.opt_rename {
        Some(RenameSelectItem::Single(one)) => [(one.ident.value.as_str(), one.alias.value.as_str())].into(),
        Some(RenameSelectItem::Multiple(many)) => {
            many.iter().map(|one| (one.ident.value.as_str(), one.alias.value.as_str())).collect()
        }
        None => HashMap::new(),
    };
    let replaced = options.opt_replace.iter().flat_map(|replace| &replace.items);
    let replaced: HashMap<&str, &Expr> = replaced.map(|item| (item.column_name.value.as_str(), &item.expr)).collect();
    for relation in relations {
        for (name, sources) in relation.shown().filter(|(name, _)| !left_out.contains(&&**name)) {
            let sources = match replaced.get(&**name) {
                Some(expr) => made(expr, scope)?,
                None => sources.clone(),
            };
            let name = renamed.get(&**name).map_or_else(|| Arc::clone(name), |name| Arc::from(*name));
            columns.push((name, sources));
        }
    }
    Some(())
}

/// What a column is made of.
fn made(expr: &Expr, scope: &[Relation]) -> Option<Sources> {
    if let Some(parts) = bare(expr) {
        return resolve(parts, scope);
    }
    let how = if has_aggregate(expr) { How::Aggregation } else { How::Transformation };
    Some(done(&used(expr, scope)?, how).collect())
}

/// The parts of a name that stands alone.
fn bare(mut expr: &Expr) -> Option<&[Ident]> {
    loop {
        match expr {
            Expr::Nested(inner) => expr = inner,
            Expr::Identifier(ident) => return Some(std::slice::from_ref(ident)),
            Expr::CompoundIdentifier(idents) => return Some(idents),
            _ => return None,
        }
    }
}

/// The columns that an expression names.
fn used(expr: &Expr, scope: &[Relation]) -> Option<Sources> {
    let mut found = Sources::new();
    let visited = visit_expressions(expr, |part| {
        let sources = match part {
            Expr::Identifier(ident) => resolve(std::slice::from_ref(ident), scope),
            Expr::CompoundIdentifier(idents) => resolve(idents, scope),
            Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. } => None,
            _ => Some(Sources::new()),
        };
        match sources {
            Some(sources) => {
                found.extend(sources);
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    });
    visited.is_continue().then_some(found)
}

/// A column by its name, or the name of its table and its own; what follows leads into the column.
fn resolve(parts: &[Ident], scope: &[Relation]) -> Option<Sources> {
    let first = parts.first()?;
    if let Some(second) = parts.get(1)
        && let Some(relation) = scope.iter().find(|relation| relation.name.as_deref() == Some(&first.value))
    {
        return relation.column(&second.value).cloned();
    }
    scope.iter().find_map(|relation| relation.column(&first.value)).cloned()
}

fn has_aggregate(expr: &Expr) -> bool {
    visit_expressions(expr, |part| match part {
        Expr::Function(function) if AGGREGATES.contains(&function.name.to_string().to_lowercase().as_str()) => {
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    })
    .is_break()
}

fn last(name: &ObjectName) -> Option<&str> {
    name.0.last()?.as_ident().map(|ident| ident.value.as_str())
}

#[cfg(test)]
mod tests;

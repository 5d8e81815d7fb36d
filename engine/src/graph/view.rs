//! What is drawn of a job: all of a small one, the sub flows of a large one, groups of sub flows of a huge one.

mod groups;

use super::arrange::{Edge, Step, arrange};
use super::text::{count, one_line};
use groups::Groups;
use pypeline_schema::dag::{DagFile, DagNode};
use pypeline_schema::execution_metadata::{ExecutionMetadata, Join, ScopeKind, SubFlowLink, SubFlowMetadata};
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::valve::{Condition, parse_condition};
use std::collections::{BTreeMap, HashMap};

/// Nodes that are shown one by one.
const MOST_NODES: usize = 150;

/// Boxes that are shown one by one.
const MOST_BOXES: usize = 100;

/// Letters of names and conditions that are shown.
const LONGEST: usize = 60;

/// All that is drawn.
pub(super) struct View {
    pub title: String,
    /// What is not drawn.
    pub note: Option<String>,
    pub boxes: Vec<Unit>,
    /// Between boxes.
    pub links: Vec<Link>,
    /// An outer one before those inside it.
    pub scopes: Vec<Scope>,
    /// Boxes and scopes in the order in which they are drawn.
    pub steps: Vec<Step>,
}

/// A box: a sub flow, or several.
pub(super) struct Unit {
    pub title: String,
    /// In place of nodes.
    pub summary: Vec<String>,
    pub nodes: Vec<Node>,
    pub links: Vec<NodeLink>,
    pub scope: Option<usize>,
}

/// A node in a box.
pub(super) struct Node {
    pub id: String,
    pub module: String,
    pub kind: ModuleKind,
    /// From 1.
    pub wave: usize,
}

/// A data link in a box: indices of its nodes, and its ports.
pub(super) struct NodeLink {
    pub from: usize,
    pub to: usize,
    pub ports: (String, String),
}

/// What a control link is drawn as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    Normal,
    Failure,
    Scope,
}

/// A control link between boxes.
pub(super) struct Link {
    pub from: usize,
    pub to: usize,
    pub label: String,
    pub style: Style,
}

/// A loop, or what runs in the background.
pub(super) struct Scope {
    pub title: String,
    pub kind: ScopeKind,
    pub parent: Option<usize>,
}

impl View {
    pub(super) fn of(dag: &DagFile, metadata: &ExecutionMetadata, full: bool) -> Self {
        let job = Job::new(dag, metadata);
        let (n_nodes, n_sub_flows) = (dag.nodes.len(), metadata.sub_flows.len());
        let title = format!(
            "{} {}: {}, {}",
            dag.flow.name,
            one_line(&dag.flow.version, LONGEST),
            count(n_nodes, "node"),
            count(n_sub_flows, "sub flow")
        );
        let has_nodes = full || (n_nodes <= MOST_NODES && n_sub_flows <= MOST_BOXES);
        let edges = job.edges();
        let scope_of: Vec<Option<usize>> = metadata.sub_flows.iter().map(|sub_flow| sub_flow.scope).collect();
        let parents: Vec<Option<usize>> = metadata.scopes.iter().map(|scope| scope.parent).collect();
        let steps = arrange(&scope_of, &parents, &edges);
        if full || n_sub_flows <= MOST_BOXES {
            let note = (!has_nodes).then(|| {
                format!(
                    "{} are too many to show: sub flows are drawn without them, `--full` draws all",
                    count(n_nodes, "node")
                )
            });
            let boxes = metadata.sub_flows.iter().map(|sub_flow| job.unit(sub_flow, has_nodes)).collect();
            let scopes = metadata.scopes.iter().map(|scope| job.scope(scope.kind, scope.link, scope.parent)).collect();
            return Self { title, note, boxes, links: job.links(&edges), scopes, steps };
        }
        let order: Vec<usize> =
            steps.iter().filter_map(|step| if let Step::Thing(at) = step { Some(*at) } else { None }).collect();
        let groups = Groups::of(&order, &job.shapes(), &scope_of, MOST_BOXES);
        let note = format!(
            "{} are too many to show: {} of them are drawn{}, `--full` draws all",
            count(n_sub_flows, "sub flow"),
            count(groups.members.len(), "group"),
            if groups.has_scopes || metadata.scopes.is_empty() { "" } else { ", without loops and backgrounds" },
        );
        let boxes: Vec<Unit> = groups.members.iter().map(|members| job.group(members, groups.has_scopes)).collect();
        let scopes: Vec<Scope> =
            metadata.scopes.iter().map(|scope| job.scope(scope.kind, scope.link, scope.parent)).collect();
        let scopes = if groups.has_scopes { scopes } else { Vec::new() };
        let links = grouped_links(&edges, &groups);
        let of_boxes: Vec<Option<usize>> = boxes.iter().map(|unit| unit.scope).collect();
        let parents: Vec<Option<usize>> = scopes.iter().map(|scope| scope.parent).collect();
        let edges: Vec<Edge> = links.iter().map(|link| Edge { from: link.from, to: link.to, order: 1 }).collect();
        let steps = arrange(&of_boxes, &parents, &edges);
        Self { title, note: Some(note), boxes, links, scopes, steps }
    }
}

/// Links between groups, as many as there are.
fn grouped_links(edges: &[Edge], groups: &Groups) -> Vec<Link> {
    let mut between: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for edge in edges {
        let of = |sub_flow: usize| groups.of.get(sub_flow).copied().unwrap_or_default();
        if of(edge.from) != of(edge.to) {
            *between.entry((of(edge.from), of(edge.to))).or_default() += 1;
        }
    }
    let link = |((from, to), n)| Link { from, to, label: count(n, "link"), style: Style::Normal };
    between.into_iter().map(link).collect()
}

/// The job with numbers for names.
struct Job<'a> {
    metadata: &'a ExecutionMetadata,
    nodes: HashMap<&'a str, &'a DagNode>,
    sub_flows: HashMap<&'a str, usize>,
    /// Per node its data links out.
    out: HashMap<&'a str, Vec<(&'a str, &'a str, &'a str)>>,
}

impl<'a> Job<'a> {
    fn new(dag: &'a DagFile, metadata: &'a ExecutionMetadata) -> Self {
        let mut out: HashMap<&str, Vec<(&str, &str, &str)>> = HashMap::new();
        for link in &dag.data_links {
            out.entry(&link.from.node).or_default().push((&link.from.port, &link.to.node, &link.to.port));
        }
        Self {
            metadata,
            nodes: dag.nodes.iter().map(|node| (node.id.as_str(), node)).collect(),
            sub_flows: metadata
                .sub_flows
                .iter()
                .enumerate()
                .map(|(at, sub_flow)| (sub_flow.name.as_str(), at))
                .collect(),
            out,
        }
    }

    /// One per control link, in their order; links of names that are not there lead from the first to itself.
    fn edges(&self) -> Vec<Edge> {
        let at = |name: &str| self.sub_flows.get(name).copied().unwrap_or_default();
        let edge = |link: &SubFlowLink| Edge { from: at(&link.from), to: at(&link.to), order: link.order };
        self.metadata.control.iter().map(edge).collect()
    }

    fn links(&self, edges: &[Edge]) -> Vec<Link> {
        let link = |(link, edge): (&SubFlowLink, &Edge)| Link {
            from: edge.from,
            to: edge.to,
            label: valve(link),
            style: style(&link.condition),
        };
        self.metadata.control.iter().zip(edges).map(link).collect()
    }

    fn module(&self, id: &str) -> &'a str {
        self.nodes.get(id).map_or("?", |node| node.module.name.as_str())
    }

    fn unit(&self, sub_flow: &'a SubFlowMetadata, has_nodes: bool) -> Unit {
        let join = match sub_flow.join {
            Join::Clean => "",
            Join::All => " (join: all)",
            Join::Any => " (join: any)",
        };
        let title = format!("{}{join}", one_line(&sub_flow.name, LONGEST));
        if !has_nodes {
            let modules = sub_flow.nodes.iter().map(|id| self.module(id));
            let summary = vec![count(sub_flow.nodes.len(), "node"), in_words(modules)];
            return Unit { title, summary, nodes: Vec::new(), links: Vec::new(), scope: sub_flow.scope };
        }
        let waves = (1..).zip(&sub_flow.waves);
        let ids: Vec<(usize, &'a str)> =
            waves.flat_map(|(wave, ids)| ids.iter().map(move |id| (wave, id.as_str()))).collect();
        let place: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, (_, id))| (*id, at)).collect();
        let node = |(wave, id): &(usize, &str)| Node {
            id: one_line(id, LONGEST),
            module: one_line(self.module(id), LONGEST),
            kind: self.nodes.get(id).map_or(ModuleKind::Solo, |node| node.module.kind),
            wave: *wave,
        };
        let mut links = Vec::new();
        for (at, (_, id)) in ids.iter().enumerate() {
            for (port, to, to_port) in self.out.get(id).into_iter().flatten() {
                if let Some(to) = place.get(to) {
                    links.push(NodeLink {
                        from: at,
                        to: *to,
                        ports: (one_line(port, LONGEST), one_line(to_port, LONGEST)),
                    });
                }
            }
        }
        Unit { title, summary: Vec::new(), nodes: ids.iter().map(node).collect(), links, scope: sub_flow.scope }
    }

    fn scope(&self, kind: ScopeKind, link: usize, parent: Option<usize>) -> Scope {
        let link = self.metadata.control.get(link);
        let from = link.map_or("?", |link| link.node.as_str());
        let parallel = match link.and_then(|link| parse_condition(&link.condition).ok()) {
            Some(Condition::Iterate { parallel }) if parallel > 1 => format!(", {parallel} at a time"),
            _ => String::new(),
        };
        let title = match kind {
            ScopeKind::Iterate => {
                let port =
                    link.and_then(|link| link.list_port.as_deref()).map(|port| format!(".{port}")).unwrap_or_default();
                format!("ITERATE: once per item of {}{parallel}", one_line(&format!("{from}{port}"), LONGEST))
            }
            ScopeKind::Start => format!("START: in the background of {}", one_line(from, LONGEST)),
        };
        Scope { title, kind, parent }
    }

    /// What sub flows are made of: those of one shape are alike.
    fn shapes(&self) -> Vec<String> {
        let shape = |sub_flow: &SubFlowMetadata| in_words(sub_flow.nodes.iter().map(|id| self.module(id)));
        self.metadata.sub_flows.iter().map(shape).collect()
    }

    fn group(&self, members: &[usize], has_scope: bool) -> Unit {
        let sub_flows: Vec<&SubFlowMetadata> =
            members.iter().filter_map(|at| self.metadata.sub_flows.get(*at)).collect();
        let name = |sub_flow: Option<&&SubFlowMetadata>| {
            sub_flow.map_or_else(String::new, |sub_flow| one_line(&sub_flow.name, LONGEST / 2))
        };
        let title = match sub_flows.len() {
            1 => name(sub_flows.first()),
            n => format!("{} ... {} ({})", name(sub_flows.first()), name(sub_flows.last()), count(n, "sub flow")),
        };
        let n_nodes = sub_flows.iter().map(|sub_flow| sub_flow.nodes.len()).sum();
        let modules = sub_flows.iter().flat_map(|sub_flow| &sub_flow.nodes).map(|id| self.module(id));
        let scope = sub_flows.first().and_then(|sub_flow| sub_flow.scope).filter(|_| has_scope);
        Unit {
            title,
            summary: vec![count(n_nodes, "node"), in_words(modules)],
            nodes: Vec::new(),
            links: Vec::new(),
            scope,
        }
    }
}

/// `csv_source, 3 filter_mod, csv_sink`.
fn in_words<'a>(modules: impl Iterator<Item = &'a str>) -> String {
    let (mut order, mut counts): (Vec<&str>, HashMap<&str, usize>) = (Vec::new(), HashMap::new());
    for module in modules {
        let count = counts.entry(module).or_default();
        if *count == 0 {
            order.push(module);
        }
        *count += 1;
    }
    let word = |module: &&str| match counts.get(module) {
        Some(n) if *n > 1 => format!("{} {module}", super::text::grouped(*n)),
        _ => (*module).to_owned(),
    };
    one_line(&order.iter().map(word).collect::<Vec<_>>().join(", "), LONGEST)
}

fn valve(link: &SubFlowLink) -> String {
    let condition = if link.condition == "ok" { "" } else { link.condition.as_str() };
    let leaves = if link.node == link.from { String::new() } else { format!(" of {}", one_line(&link.node, LONGEST)) };
    format!("({}|{}){leaves}", link.order, one_line(condition, LONGEST))
}

fn style(condition: &str) -> Style {
    match parse_condition(condition) {
        Ok(Condition::Error { .. }) => Style::Failure,
        Ok(Condition::Iterate { .. } | Condition::Start) => Style::Scope,
        _ => Style::Normal,
    }
}

//! A module's declaration as a constant: what it is, its ports, what it does to the outside.

use pypeline_schema::manifest::{ConfigSchema, Effect, Maturity, ModuleKind, ModuleManifest};
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Built in a `const` by the methods below, starting from the module's kind.
#[derive(Debug, Clone, Copy)]
pub struct Manifest {
    name: &'static str,
    kind: ModuleKind,
    version: &'static str,
    description: &'static str,
    category: &'static str,
    inputs: &'static [&'static str],
    outputs: &'static [&'static str],
    globals: &'static [&'static str],
    packages: &'static [&'static str],
    effect: Effect,
    maturity: Maturity,
    lowers: bool,
    runs: bool,
    service: bool,
    parts_rows: bool,
    list_port: Option<&'static str>,
    globals_key: Option<&'static str>,
    any_inputs: bool,
    inputs_key: Option<&'static str>,
    outputs_key: Option<&'static str>,
}

impl Manifest {
    const fn of_kind(
        name: &'static str,
        kind: ModuleKind,
        inputs: &'static [&'static str],
        outputs: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            kind,
            version: "1.0.0",
            description: "",
            category: "Other",
            inputs,
            outputs,
            globals: &[],
            packages: &[],
            effect: Effect::Pure,
            maturity: Maturity::Stable,
            lowers: false,
            runs: true,
            service: false,
            parts_rows: false,
            list_port: None,
            globals_key: None,
            any_inputs: false,
            inputs_key: None,
            outputs_key: None,
        }
    }

    /// A source, `<what>_source`, with output port `data`.
    pub const fn source(name: &'static str) -> Self {
        Self::of_kind(name, ModuleKind::Source, &[], &["data"])
    }

    /// A mod, `<what>_mod`, with ports `input` and `output`.
    pub const fn transform(name: &'static str) -> Self {
        Self::of_kind(name, ModuleKind::Mod, &["input"], &["output"])
    }

    /// A sink, `<what>_sink`, with input port `input`.
    pub const fn sink(name: &'static str) -> Self {
        Self::of_kind(name, ModuleKind::Sink, &["input"], &[])
    }

    /// A solo, `<what>_solo`, without ports.
    pub const fn solo(name: &'static str) -> Self {
        Self::of_kind(name, ModuleKind::Solo, &[], &[])
    }

    /// Semver; raise it when the configuration or the result changes.
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// One sentence for lists and the reference.
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Groups modules in lists.
    pub const fn category(mut self, category: &'static str) -> Self {
        self.category = category;
        self
    }

    /// Input ports other than the kind's own.
    pub const fn inputs(mut self, ports: &'static [&'static str]) -> Self {
        self.inputs = ports;
        self
    }

    /// Output ports other than the kind's own; the first is the main one.
    pub const fn outputs(mut self, ports: &'static [&'static str]) -> Self {
        self.outputs = ports;
        self
    }

    /// Globals that it sets while it runs.
    pub const fn globals(mut self, names: &'static [&'static str]) -> Self {
        self.globals = names;
        self
    }

    /// Third-party libraries or systems that it needs.
    pub const fn packages(mut self, packages: &'static [&'static str]) -> Self {
        self.packages = packages;
        self
    }

    /// What it does outside the run.
    pub const fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// How stable its configuration is.
    pub const fn maturity(mut self, maturity: Maturity) -> Self {
        self.maturity = maturity;
        self
    }

    /// It answers `lower` for every configuration, and has no `run`.
    pub const fn lowers(mut self) -> Self {
        self.lowers = true;
        self.runs = false;
        self
    }

    /// It answers `lower` for some configurations (`Lowering::Run` for others), and has a `run`.
    pub const fn lowers_or_runs(mut self) -> Self {
        self.lowers = true;
        self.runs = true;
        self
    }

    /// What it lowers to is a service of the engine ([`Lowering::Service`](pypeline_schema::lowering::Lowering::Service)), never a
    /// part of a fused stage. Stands beside [`lowers`](Self::lowers) or [`lowers_or_runs`](Self::lowers_or_runs).
    pub const fn service(mut self) -> Self {
        self.service = true;
        self
    }

    /// Each row that comes in leaves by one of the output ports, or not at all: never twice, and nothing else does. The engine then
    /// accounts for every row: those that left by no linked port are told as filtered.
    pub const fn parts_rows(mut self) -> Self {
        self.parts_rows = true;
        self
    }

    /// The output port that an ITERATE link takes where it names none; a node of one output port needs no such word.
    pub const fn list_port(mut self, port: &'static str) -> Self {
        self.list_port = Some(port);
        self
    }

    /// The configuration key whose own keys are globals that the node sets.
    pub const fn globals_of(mut self, key: &'static str) -> Self {
        self.globals_key = Some(key);
        self
    }

    /// The input ports are those that the flow's data links name, at least one, in the order of the links
    /// ([`Ports::inputs`](crate::module::Ports::inputs)). It has no others.
    pub const fn any_inputs(mut self) -> Self {
        self.any_inputs = true;
        self.inputs = &[];
        self
    }

    /// The configuration key whose own keys are input ports, beside those that are named here.
    pub const fn inputs_of(mut self, key: &'static str) -> Self {
        self.inputs_key = Some(key);
        self
    }

    /// The configuration key whose own keys are output ports, beside those that are named here.
    pub const fn outputs_of(mut self, key: &'static str) -> Self {
        self.outputs_key = Some(key);
        self
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// The manifest as it is handed to the host, with the schemas made from the configuration struct `C`.
    pub fn with_config<C: schemars::JsonSchema>(&self) -> ModuleManifest {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let mut schema: Value = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<C>().to_value();
        if let Some(object) = schema.as_object_mut() {
            object.remove("$schema");
            object.remove("title");
        }
        ModuleManifest {
            name: self.name.to_owned(),
            kind: self.kind,
            version: self.version.to_owned(),
            description: self.description.to_owned(),
            category: self.category.to_owned(),
            input_ports: owned(self.inputs),
            output_ports: owned(self.outputs),
            globals: owned(self.globals),
            packages: owned(self.packages),
            config_schema: ConfigSchema::from_json_schema(&schema),
            config_json_schema: schema,
            effect: self.effect,
            maturity: self.maturity,
            lowers: self.lowers,
            runs: self.runs,
            service: self.service,
            parts_rows: self.parts_rows,
            list_port: self.list_port.map(str::to_owned),
            globals_key: self.globals_key.map(str::to_owned),
            any_inputs: self.any_inputs,
            inputs_key: self.inputs_key.map(str::to_owned),
            outputs_key: self.outputs_key.map(str::to_owned),
        }
    }
}

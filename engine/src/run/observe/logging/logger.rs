//! Where lines go: each to every output that wants it, and to the log of its run.

use super::file::{LogFile, LogFiles};
use super::json;
use super::levels::LogLevels;
use super::line::Line;
use super::pretty::{self, Shown, Style};
use super::sink::{Destination, Sink, Words};
use jiff::Timestamp;
use pypeline_schema::log_line::LogLevel;
use std::cell::RefCell;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// How long a line waits for more of them before a terminal gets it.
const LINGER: Duration = Duration::from_millis(20);

/// The same for a file.
const LINGER_FOR_FILES: Duration = Duration::from_millis(150);

/// How long the end waits for a writer.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// What is logged, and where.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How stderr is written.
    pub format: LogFormat,
    /// With the colours of a terminal, where it is for people.
    pub colour: bool,
    /// What goes to stderr.
    pub levels: LogLevels,
    /// A file for all lines of the process.
    pub file: Option<FileSettings>,
    /// The log of each run, in its record; none for no such logs.
    pub runs: Option<RunSettings>,
}

/// A file for all lines.
#[derive(Debug, Clone)]
pub struct FileSettings {
    /// The file; it is appended to.
    pub path: PathBuf,
    /// What goes there.
    pub levels: LogLevels,
    /// When it is rotated.
    pub files: LogFiles,
}

/// The logs of runs.
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// What goes there.
    pub levels: LogLevels,
    /// When they are rotated.
    pub files: LogFiles,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self { levels: LogLevels::all(LevelFilter::INFO), files: LogFiles::default() }
    }
}

struct Output {
    sink: Sink,
    levels: LogLevels,
    form: Form,
    name: String,
}

#[derive(Clone, Copy)]
enum Form {
    Json,
    Pretty(Style),
}

struct OpenRun {
    id: String,
    sink: Sink,
}

/// All outputs of a process.
pub(super) struct Logger {
    stderr: Arc<Output>,
    file: Option<Output>,
    settings: Option<RunSettings>,
    /// The outermost first.
    runs: RwLock<Vec<Arc<OpenRun>>>,
}

/// The log of a run is open until this is dropped, which waits 2 seconds at most until all of it is written.
pub struct RunLogGuard(Option<(Weak<Logger>, Arc<OpenRun>, PathBuf)>);

impl RunLogGuard {
    /// Of no log.
    pub(super) fn none() -> Self {
        Self(None)
    }
}

/// A line is rendered here, and its memory used again.
struct Desk {
    line: Line,
    json: Vec<u8>,
    pretty: String,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::new());
}

impl Desk {
    fn new() -> Self {
        Self { line: Line::new(), json: Vec::new(), pretty: String::new() }
    }
}

/// A writer that is asked for anew for each block of lines.
struct Stderr<F>(F);

impl<W: Write, F: Fn() -> W + Send> Destination for Stderr<F> {
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let mut writer = (self.0)();
        writer.write_all(lines)?;
        writer.flush()
    }
}

impl Logger {
    pub(super) fn new<W: Write, F: Fn() -> W + Send + 'static>(settings: Settings, stderr: F) -> Arc<Self> {
        let form = match settings.format {
            LogFormat::Json => Form::Json,
            LogFormat::Pretty => Form::Pretty(Style { colour: settings.colour, date: false }),
        };
        // Nobody is left to be told.
        let words = Words { gap: Box::new(move |n| gap(form, n)), failed: Box::new(|_| ()) };
        let sink = Sink::new(Box::new(Stderr(stderr)), LINGER, words);
        let name = "stderr".to_owned();
        let stderr = Arc::new(Output { sink, levels: settings.levels, form, name });
        let file = settings.file.map(|file| {
            let found = LogFile::open(&file.path, file.files);
            if let Err(error) = &found {
                stderr.say(LogLevel::Warn, "", &unwritable(&file.path, error));
            }
            let has_failed = found.is_err();
            let destination = found.unwrap_or_else(|_| LogFile::later(&file.path, file.files));
            let sink = file_sink(destination, &file.path, &stderr, String::new(), has_failed);
            Output { sink, levels: file.levels, form: Form::Json, name: file.path.display().to_string() }
        });
        Arc::new(Self { stderr, file, settings: settings.runs, runs: RwLock::default() })
    }

    pub(super) fn open_run_log(self: &Arc<Self>, run_id: &str, folder: &Path) -> io::Result<RunLogGuard> {
        let Some(settings) = &self.settings else { return Ok(RunLogGuard::none()) };
        let path = folder.join(super::RUN_LOG);
        let file = LogFile::private(&path, settings.files)?;
        let sink = file_sink(file, &path, &self.stderr, run_id.to_owned(), false);
        let run = Arc::new(OpenRun { id: run_id.to_owned(), sink });
        self.runs.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&run));
        Ok(RunLogGuard(Some((Arc::downgrade(self), run, path))))
    }

    fn outputs(&self) -> impl Iterator<Item = &Output> {
        std::iter::once(&*self.stderr).chain(&self.file)
    }

    fn all_levels(&self) -> impl Iterator<Item = &LogLevels> {
        let outputs = self.outputs().map(|output| &output.levels);
        outputs.chain(self.settings.as_ref().map(|settings| &settings.levels))
    }

    pub(super) fn most(&self) -> LevelFilter {
        self.all_levels().map(LogLevels::most).fold(LevelFilter::OFF, Ord::max)
    }

    pub(super) fn wants(&self, level: Level, target: &str, node: &str) -> bool {
        self.all_levels().any(|levels| level <= levels.of(target, node))
    }

    pub(super) fn hurry(&self) {
        self.outputs().for_each(|output| output.sink.hurry());
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        runs.iter().for_each(|run| run.sink.hurry());
    }

    /// Waits until all is written, and tells what was not.
    pub(super) fn settle(&self) {
        if let Some(file) = &self.file {
            self.tell_lost(file.sink.settle(PATIENCE), &file.name, "");
        }
        let lost = self.stderr.sink.settle(PATIENCE);
        if lost > 0 {
            self.tell_lost(lost, &self.stderr.name, "");
            self.stderr.sink.settle(PATIENCE);
        }
    }

    fn tell_lost(&self, n: u64, name: &str, run: &str) {
        if n > 0 {
            self.stderr.say(LogLevel::Warn, run, &format!("{} could not be written to `{name}`", lines(n)));
        }
    }

    fn take(&self, event: &Event<'_>, desk: &mut Desk) {
        let Desk { line, json, pretty } = desk;
        line.take(event);
        let level = *event.metadata().level();
        let wants = |levels: &LogLevels| level <= levels.of(&line.target, &line.node_id);
        let run = self.run_of(&mut line.run).filter(|_| self.settings.as_ref().is_some_and(|runs| wants(&runs.levels)));
        let (to_stderr, file) = (wants(&self.stderr.levels), self.file.as_ref().filter(|file| wants(&file.levels)));
        if run.is_none() && !to_stderr && file.is_none() {
            return;
        }
        let is_warning = line.level <= LogLevel::Warn;
        json::render(line, json);
        if let Some(run) = run {
            run.sink.push(json, is_warning);
        }
        if let Some(file) = file {
            file.sink.push(json, is_warning);
        }
        if to_stderr {
            self.stderr.push(line, json, pretty);
        }
    }

    /// The open log of a line's run; a line that names none belongs to the outermost run.
    fn run_of(&self, id: &mut String) -> Option<Arc<OpenRun>> {
        let runs = self.runs.read().unwrap_or_else(PoisonError::into_inner);
        if !id.is_empty() {
            return runs.iter().find(|run| run.id == *id).cloned();
        }
        let outermost = runs.first()?;
        id.push_str(&outermost.id);
        Some(Arc::clone(outermost))
    }
}

impl Output {
    fn push(&self, line: &Line, json: &[u8], pretty: &mut String) {
        let is_warning = line.level <= LogLevel::Warn;
        match self.form {
            Form::Json => self.sink.push(json, is_warning),
            Form::Pretty(style) => {
                pretty.clear();
                write_pretty(line, style, pretty);
                self.sink.push(pretty.as_bytes(), is_warning);
            }
        }
    }

    /// A line of the log's own, to this output alone.
    fn say(&self, level: LogLevel, run: &str, message: &str) {
        let mut desk = Desk::new();
        desk.line = own_line(level, message);
        run.clone_into(&mut desk.line.run);
        json::render(&mut desk.line, &mut desk.json);
        self.push(&desk.line, &desk.json, &mut desk.pretty);
    }
}

fn write_pretty(line: &Line, style: Style, out: &mut String) {
    let Line { time, level, node_id, iter, message, .. } = line;
    pretty::write(&Shown { time: *time, level: *level, node_id, iter, message, fields: &line.fields() }, style, out);
}

fn own_line(level: LogLevel, message: &str) -> Line {
    let mut line = Line::new();
    (line.time, line.level) = (Timestamp::now(), level);
    line.target.push_str(module_path!());
    line.message.push_str(message);
    line
}

fn lines(n: u64) -> String {
    format!("{n} log line{}", if n == 1 { "" } else { "s" })
}

fn unwritable(path: &Path, error: &io::Error) -> String {
    format!("the log `{}` cannot be written, and has gaps: {error}", path.display())
}

/// The line that stands where others are missing.
fn gap(form: Form, n: u64) -> Vec<u8> {
    let mut line = own_line(LogLevel::Warn, &format!("{} could not be written here", lines(n)));
    let (mut json, mut pretty) = (Vec::new(), String::new());
    json::render(&mut line, &mut json);
    match form {
        Form::Json => json,
        Form::Pretty(style) => {
            write_pretty(&line, style, &mut pretty);
            pretty.into_bytes()
        }
    }
}

fn file_sink(file: LogFile, path: &Path, stderr: &Arc<Output>, run: String, has_failed: bool) -> Sink {
    let (stderr, path) = (Arc::clone(stderr), path.to_path_buf());
    let failed = move |error: &io::Error| {
        if !has_failed {
            stderr.say(LogLevel::Warn, &run, &unwritable(&path, error));
        }
    };
    let words = Words { gap: Box::new(|n| gap(Form::Json, n)), failed: Box::new(failed) };
    Sink::new(Box::new(file), LINGER_FOR_FILES, words)
}

impl Drop for RunLogGuard {
    fn drop(&mut self) {
        let Some((logger, run, path)) = self.0.take() else { return };
        let Some(logger) = logger.upgrade() else { return };
        logger.runs.write().unwrap_or_else(PoisonError::into_inner).retain(|other| !Arc::ptr_eq(other, &run));
        let lost = run.sink.settle(PATIENCE);
        logger.tell_lost(lost, &path.display().to_string(), &run.id);
    }
}

/// Takes events from `tracing`.
pub(super) struct ToLogger(pub Arc<Logger>);

impl<S: Subscriber> Layer<S> for ToLogger {
    fn register_callsite(&self, about: &'static Metadata<'static>) -> Interest {
        // Which lines of it are wanted is known when it says who says them. What only asks whether anybody listens is no event.
        if !about.is_span() && *about.level() <= self.0.most() { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, about: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !about.is_span() && *about.level() <= self.0.most()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.most())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let take = |desk: &RefCell<Desk>| match desk.try_borrow_mut() {
            Ok(mut desk) => self.0.take(event, &mut desk),
            // A value says something of its own while it is being written down.
            Err(_) => self.0.take(event, &mut Desk::new()),
        };
        // A thread that is ending has no desk any more.
        if DESK.try_with(take).is_err() {
            self.0.take(event, &mut Desk::new());
        }
    }
}

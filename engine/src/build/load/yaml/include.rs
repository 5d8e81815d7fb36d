//! `!include part.yaml`: the value of another file, in the place of the tag. Never from outside the project, never in a circle.

use super::places::{Bytes, Form, Place};
use super::reader::{Broken, Read, Reader};
use super::weight::Weight;
use super::words::too_large;
use crate::build::load::budget::{self, DEEPEST_INCLUDE, MOST_BYTES, MOST_INCLUDES};
use crate::build::load::source;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Span};
use serde_json::Value;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Where included files may be, and which are open.
pub struct Includes {
    /// The project's folder, links resolved; none allows no include.
    root: Option<PathBuf>,
    chain: Vec<Link>,
    count: usize,
    room: u64,
}

/// A file that is being read.
struct Link {
    /// Links resolved.
    path: PathBuf,
    /// As findings tell it.
    name: String,
}

impl Includes {
    /// Of a flow in a project.
    pub fn new(root: &Path, flow: &Path, name: &str, bytes: usize) -> Self {
        let path = flow.canonicalize().unwrap_or_else(|_| flow.to_path_buf());
        let chain = vec![Link { path, name: name.to_owned() }];
        let room = MOST_BYTES.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
        Self { root: root.canonicalize().ok(), chain, count: 0, room }
    }

    /// The file of this text, with its name; or what is wrong with it.
    fn find(&mut self, text: &str) -> Result<Link, Box<Diagnostic>> {
        let unreadable = |why: String| Diagnostic::new(Code::IncludeUnreadable, why);
        let around = self.chain.last().ok_or_else(|| Box::new(unreadable("nothing includes it".to_owned())))?;
        if text.is_empty() {
            return Err(Box::new(unreadable("`!include` names no file".to_owned()).help("write `!include part.yaml`")));
        }
        let folder = around.path.parent().unwrap_or(Path::new(""));
        let path = folder.join(text).canonicalize().map_err(|error| {
            let help = format!("the path is relative to the file that includes it, `{}`", around.name);
            Box::new(unreadable(format!("the included file `{text}` cannot be read: {error}")).help(help))
        })?;
        let root = self.root.as_deref().ok_or_else(|| Box::new(unreadable("there is no project folder".to_owned())))?;
        if !path.starts_with(root) {
            let message = format!("the included file `{text}` is not in the project");
            let help = format!("a flow includes only what is below `{}`, links resolved", root.display());
            return Err(Box::new(Diagnostic::new(Code::IncludeOutside, message).help(help)));
        }
        if let Some(at) = self.chain.iter().position(|open| open.path == path) {
            let names: Vec<&str> = self.chain.iter().skip(at).map(|open| open.name.as_str()).collect();
            let first = names.first().copied().unwrap_or_default();
            let message = format!("`{first}` includes itself: {} -> {first}", names.join(" -> "));
            return Err(Box::new(Diagnostic::new(Code::IncludeCycle, message).help("take one of the includes out")));
        }
        if self.chain.len() > DEEPEST_INCLUDE {
            let message = format!("more than {DEEPEST_INCLUDE} files include each other in a chain");
            return Err(Box::new(Diagnostic::new(Code::IncludeCycle, message).help("include from the flow itself")));
        }
        if !path.is_file() {
            return Err(Box::new(unreadable(format!("`{text}` is no file")).help("name a YAML file")));
        }
        let name = tidy(&Path::new(&around.name).parent().unwrap_or(Path::new("")).join(text));
        Ok(Link { path, name })
    }
}

/// `a/./b/../c` without what says nothing.
fn tidy(path: &Path) -> String {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidy.components().next_back(), Some(Component::Normal(_))) => {
                tidy.pop();
            }
            other => tidy.push(other),
        }
    }
    tidy.display().to_string()
}

impl Reader<'_> {
    /// The value of another file. What is wrong in it is told there, and the flow goes on without it.
    pub(super) fn include(&mut self, text: &str, bytes: Bytes, tag: Bytes, depth: usize) -> Result<Read, Broken> {
        let whole = Bytes::new(bytes.source(), tag.range().start..bytes.range().end);
        self.includes.count += 1;
        if self.includes.count > MOST_INCLUDES {
            let what = format!("more than {} includes", budget::in_words(MOST_INCLUDES));
            return Err(self.fatal(too_large(what), whole));
        }
        let link = match self.includes.find(text.trim()) {
            Ok(link) => link,
            Err(finding) => {
                self.push(*finding, whole);
                return Ok(self.without(whole));
            }
        };
        let number = self.sources.len();
        match source::read(&link.path, &link.name, self.includes.room) {
            Ok(source) => {
                let bytes = u64::try_from(source.text().len()).unwrap_or(u64::MAX);
                self.includes.room = self.includes.room.saturating_sub(bytes);
                self.sources.push(Arc::new(source));
            }
            Err((finding, source)) => {
                if finding.code == Code::TooLarge {
                    return Err(self.fatal(*finding, whole));
                }
                self.sources.push(Arc::new(source));
                match finding.span.clone() {
                    Some(span) => self.push_of_syntax(finding.at("", Some(Span { source: number, ..span }))),
                    None => self.push(*finding, whole),
                }
                return Ok(self.without(whole));
            }
        }
        self.includes.chain.push(link);
        let read = self.file(number, depth);
        self.includes.chain.pop();
        match read {
            Ok(Some(read)) => Ok(read),
            // A file with nothing in it.
            Ok(None) => {
                let place = Place { value: whole, form: Form::Text, ..Place::default() };
                Ok(Read { value: Value::Null, place, weight: Weight::of_value() })
            }
            Err(finding) if finding.code == Code::TooLarge => Err(finding),
            Err(finding) => {
                self.push_of_syntax(*finding);
                Ok(self.without(whole))
            }
        }
    }

    fn without(&mut self, bytes: Bytes) -> Read {
        self.is_incomplete = true;
        Read::broken(bytes)
    }
}

//! Failures by request, as a test asks for them.

use crate::answers::{errors, of};
use crate::gate::{Manner, Peer};
use crate::state::fits;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;
use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Fault {
    /// This status with this text in `errors`; none for an empty list, as with 404.
    Status(u16, Option<String>),
    /// 403, permission denied.
    Denied,
    /// 404 with an empty list of errors.
    NotFound,
    /// 429 with so many seconds of `Retry-After`.
    Busy(u64),
    /// 503, sealed.
    Sealed,
    /// 502 with a page of HTML, as from a proxy.
    BadGateway,
    /// Takes the request and never answers.
    Hang,
    /// Answers a byte at a time, with this pause before each.
    Drip(Duration),
    /// 200 with a page of HTML.
    Html,
    /// 200 with this body.
    Body(String),
    /// Closes the connection in the middle of the body.
    Truncated,
    /// 200 with a body of so many bytes of JSON.
    Huge(usize),
    /// 307 to this address; the path of the request follows it.
    Redirect(String),
    /// 307 to this path of the same server.
    RedirectTo(String),
    /// Resets the connection instead of answering.
    Reset,
    /// 403, and the error repeats the request's token and body.
    Echo,
}

struct Rule {
    path: String,
    fault: Fault,
    left: Option<usize>,
}

#[derive(Default)]
pub(crate) struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    pub fn add(&mut self, path: &str, fault: Fault, left: Option<usize>) {
        self.rules.push(Rule { path: path.to_owned(), fault, left });
    }

    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// The fault for a request, which counts as one of its times.
    pub fn next(&mut self, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().rev().find(|rule| rule.left != Some(0) && fits(&rule.path, path))?;
        if let Some(left) = &mut rule.left {
            *left -= 1;
        }
        Some(rule.fault.clone())
    }
}

/// Answers as the fault says.
pub(crate) async fn answer(fault: Fault, path: &str, request: &str, peer: &Peer) -> Response<Body> {
    match fault {
        Fault::Status(status, Some(text)) => errors(status, &[&text]),
        Fault::Status(status, None) => errors(status, &[]),
        Fault::Denied => errors(403, &["permission denied"]),
        Fault::NotFound => errors(404, &[]),
        Fault::Busy(seconds) => {
            let mut response = errors(429, &["request path \"secret\": rate limit quota exceeded"]);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Fault::Sealed => errors(503, &["Vault is sealed"]),
        Fault::BadGateway => html(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
        Fault::Hang => std::future::pending().await,
        Fault::Drip(pause) => {
            peer.set(Manner::Drip(pause));
            of(200, &json!({"data": {}}))
        }
        Fault::Html => html(200, "<!DOCTYPE html><html><body>Please log in</body></html>"),
        Fault::Body(text) => text_of(200, text),
        Fault::Truncated => {
            // The head is shorter than this, and the body longer.
            peer.set(Manner::CutAfter(2000));
            of(200, &json!({"data": {"filler": "x".repeat(8000)}}))
        }
        Fault::Huge(bytes) => of(200, &json!({"data": {"filler": "x".repeat(bytes)}})),
        Fault::Redirect(address) => redirect(&format!("{address}{path}")),
        Fault::RedirectTo(path) => redirect(&path),
        Fault::Reset => {
            peer.set(Manner::Reset);
            of(200, &json!({}))
        }
        Fault::Echo => errors(403, &["permission denied for", request]),
    }
}

fn text_of(status: u16, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn html(status: u16, text: &'static str) -> Response<Body> {
    let mut response = text_of(status, text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn redirect(to: &str) -> Response<Body> {
    let mut response = text_of(307, "");
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

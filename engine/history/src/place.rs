//! Where the index is: a file of the project, a team's PostgreSQL, or nowhere. A URL may hold a password, which no text shows.

use crate::error::HistoryError;
use postgres::Config;
use postgres::config::Host;
use pypeline_engine::project::Project;
use pypeline_engine::secrets::net;
use pypeline_schema::secret::Secret;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The environment variable that says where: a path, a `postgres://` URL, or `off`.
pub const VARIABLE: &str = "PYPE_HISTORY";

/// The file below a project's root that is taken where nothing is said.
pub const DEFAULT: &str = ".pype/history.db";

/// How long a connection to a server may take to come about.
pub(crate) const CONNECT: Duration = Duration::from_secs(3);

/// Where the index is.
#[derive(Clone)]
pub enum Place {
    /// Nowhere: nothing is kept.
    Off,
    /// A SQLite file; made, with its folder, when something is first written.
    File(PathBuf),
    /// A PostgreSQL database.
    Server(Server),
}

/// A PostgreSQL database, and how it is called where people read.
#[derive(Clone)]
pub struct Server {
    pub(crate) config: Box<Config>,
    shown: String,
}

impl Place {
    /// What [`VARIABLE`] says, else the project's own file.
    pub fn of(project: &Project) -> Result<Self, HistoryError> {
        let Some(text) = std::env::var_os(VARIABLE) else { return Ok(Self::file_of(project)) };
        match text.to_str() {
            Some(text) => Self::parse(text, project),
            // A path need not be UTF-8.
            None => Ok(Self::File(project.root().join(text))),
        }
    }

    /// What a text says: a path (below the project's root if it is relative), a URL, or `off`; empty is the project's own file.
    pub fn parse(text: &str, project: &Project) -> Result<Self, HistoryError> {
        let text = text.trim();
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("postgres" | "postgresql") => server(text).map(Self::Server),
            // Its text may hold a password, so that it is not repeated.
            Some(scheme) if scheme.chars().all(|letter| letter.is_ascii_alphanumeric()) => Err(HistoryError::Place(
                format!("a URL of the scheme `{scheme}` is none of postgres:// and postgresql://"),
            )),
            _ if text.is_empty() => Ok(Self::file_of(project)),
            _ if text.eq_ignore_ascii_case("off") => Ok(Self::Off),
            _ => Ok(Self::File(project.root().join(text))),
        }
    }

    fn file_of(project: &Project) -> Self {
        Self::File(project.root().join(DEFAULT))
    }

    /// The SQLite file, if it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Off | Self::Server(_) => None,
        }
    }
}

/// For people: the path in backticks, or host and database.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::File(path) => write!(f, "`{}`", path.display()),
            Self::Server(server) => f.write_str(&server.shown),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.shown)
    }
}

fn server(url: &str) -> Result<Server, HistoryError> {
    let fail = |why: &str| HistoryError::Place(why.to_owned());
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    // Everything that may be a password is known to the net before anything can go wrong.
    if let Some((user_info, _)) = rest.rsplit_once('@') {
        let password = user_info.split_once(':').map_or(user_info, |(_, password)| password);
        net::add([&Secret::new(password)]);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if after.contains('@') || authority.matches('@').count() > 1 {
        return Err(fail(
            "the URL's user name and password must be percent-encoded: `@` as %40, `/` as %2F, `?` as %3F",
        ));
    }
    // The cause is left out: it may repeat a part of the URL.
    let mut config: Config = url
        .parse()
        .map_err(|_| fail("the URL is not of the form postgres://user:password@host:port/database?sslmode=require"))?;
    if let Some(password) = config.get_password() {
        net::add([&Secret::new(String::from_utf8_lossy(password))]);
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(fail("the URL names no host"));
    }
    if config.get_connect_timeout().is_none_or(|timeout| timeout.is_zero() || *timeout > CONNECT) {
        config.connect_timeout(CONNECT);
    }
    if config.get_application_name().is_none() {
        config.application_name("pype");
    }
    config.tcp_user_timeout(2 * CONNECT);
    let shown = shown(&config);
    Ok(Server { config: Box::new(config), shown })
}

fn shown(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(host)) => host.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => config.get_hostaddrs().first().map(ToString::to_string).unwrap_or_default(),
    };
    let port = config.get_ports().first().filter(|port| **port != 5432);
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let database = config.get_dbname().or_else(|| config.get_user()).unwrap_or_default();
    net::mask(&format!("in database `{database}` on `{host}{port}`")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Result<Place, HistoryError> {
        Place::parse(text, &Project::at("/etl"))
    }

    #[test]
    fn a_text_is_a_path_a_url_or_off() {
        assert_eq!(place("").unwrap().file(), Some(Path::new("/etl/.pype/history.db")));
        assert_eq!(place("runs.db").unwrap().file(), Some(Path::new("/etl/runs.db")));
        assert_eq!(place("/var/runs.db").unwrap().to_string(), "`/var/runs.db`");
        assert!(matches!(place(" OFF ").unwrap(), Place::Off));
        assert_eq!(place("postgresql://etl@db.lan/runs").unwrap().to_string(), "in database `runs` on `db.lan`");
        assert_eq!(place("postgres://etl@[::1]:5433").unwrap().to_string(), "in database `etl` on `::1:5433`");
        assert_eq!(place("postgres://e@%2Frun%2Fpg/d").unwrap().to_string(), "in database `d` on `/run/pg`");
    }

    #[test]
    fn a_password_is_in_no_text() {
        let texts = [
            "postgres://etl:Pa55w0rdX@db.lan/runs",
            "postgres://etl:Pa55w0rdX@db.lan:port/runs",
            "postgres://etl:Pa55w0rdX@/runs",
            "postgres://etl:Pa55w0rdX@db.lan/runs?sslmode=perhaps",
            "postgres://etl@db.lan/runs?password=Pa55w0rdX",
            "postgres://etl:x@Pa55w0rdX@db.lan/runs",
            "postgres://etl:x/Pa55w0rdX@db.lan/runs",
            "postgres://etl:x?Pa55w0rdX@db.lan/runs",
            "postgres://etl:%zzPa55w0rdX@db.lan/runs",
            "mysql://etl:Pa55w0rdX@db.lan/runs",
            "postgres://Pa55w0rdX",
        ];
        for text in texts {
            let said = match place(text) {
                Ok(place) => format!("{place} {place:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            let is_host = text == "postgres://Pa55w0rdX";
            assert!(is_host || !said.contains("Pa55"), "{text}: {said}");
        }
        assert_eq!(net::mask("it is Pa55w0rdX"), "it is ***");
    }

    #[test]
    fn a_connection_does_not_take_for_ever() {
        let Place::Server(server) = place("postgres://e@h/d?connect_timeout=900").unwrap() else { panic!() };
        assert_eq!(server.config.get_connect_timeout(), Some(&CONNECT));
    }
}

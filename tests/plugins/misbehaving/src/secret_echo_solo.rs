//! A step that says the texts it is given, in whatever form and by whatever way a module can say anything: so that it can be
//! seen that no secret comes out.

use crate::secret_forms::Form;
use pypeline_sdk::context::Level;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::json;

/// What to say, and how.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretEchoConfig {
    /// The text
    #[serde(default)]
    text: String,
    /// The same as a secret of the configuration; it goes before `text`
    #[serde(default)]
    password: Option<Secret>,
    /// The same by asking the host for a secret of this name; it goes before both
    #[serde(default)]
    ask: Option<String>,
    /// What becomes of it first
    #[serde(default)]
    form: Form,
    /// Where it goes
    how: How,
    /// File for the answer to `compare`: `same` or `other`; relative to the project
    #[serde(default)]
    answer_file: Option<String>,
    /// File with the text that it should be; relative to the project
    #[serde(default)]
    compare: Option<String>,
}

/// Ways of saying something.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Nothing is said: `compare` and `answer_file` are for that
    Compare,
    /// The message of an error
    Error,
    /// A fact of an error
    ErrorFact,
    /// The key of a fact
    ErrorKey,
    /// The advice of an error
    ErrorHelp,
    /// The cause of an error
    ErrorCause,
    /// An error that may go away
    Transient,
    /// An error of the set-up
    SetupError,
    /// An error of the teardown
    TeardownError,
    /// A panic
    Panic,
    /// A panic in a task of the module's own
    TaskPanic,
    /// A panic in a thread of the module's own
    ThreadPanic,
    /// A panic on the host's pool
    BlockingPanic,
    /// A log line on each level
    Log,
    /// The fields of a log line, as a value and as a key
    LogFields,
    /// Two log lines, half in each
    TwoLines,
    /// One log line with a line break in the middle of it
    LineBreak,
    /// A global
    Global,
    /// A global that is a list in a mapping
    GlobalWithin,
    /// The name of a global
    GlobalName,
    /// A question for a secret that is not there
    UnknownSecret,
}

pub struct SecretEcho {
    config: SecretEchoConfig,
    said: String,
}

/// An error with a source.
#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the server does not answer")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn halves(text: &str) -> (String, String) {
    let letters: Vec<char> = text.chars().collect();
    let (head, tail) = letters.split_at(letters.len() / 2);
    (head.iter().collect(), tail.iter().collect())
}

impl Module for SecretEcho {
    type Config = SecretEchoConfig;
    const MANIFEST: Manifest =
        Manifest::solo("secret_echo_solo").category("Demo").description("Says what it should not").globals(&["said"]);

    fn create(config: SecretEchoConfig) -> Result<Self> {
        Ok(Self { config, said: String::new() })
    }

    async fn setup(&mut self, context: &RunContext) -> Result<()> {
        let plain = match (&self.config.ask, &self.config.password) {
            (Some(name), _) => context.secret(name)?.expose().to_owned(),
            (None, Some(password)) => password.expose().to_owned(),
            (None, None) => self.config.text.clone(),
        };
        if let (Some(compare), Some(answer)) = (&self.config.compare, &self.config.answer_file) {
            let is_same = std::fs::read_to_string(context.path(compare))? == plain;
            std::fs::write(context.path(answer), if is_same { "same" } else { "other" })?;
        }
        self.said = self.config.form.of(&plain);
        match self.config.how {
            How::SetupError => Err(Error::other(self.said.clone())),
            _ => Ok(()),
        }
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (said, context) = (self.said.clone(), &io.context);
        match self.config.how {
            How::Compare | How::SetupError | How::TeardownError => Ok(()),
            How::Error => Err(Error::other(format!("cannot connect: {said}"))),
            How::ErrorFact => Err(Error::io("cannot connect").with("dsn", &said)),
            How::ErrorKey => Err(Error::io("cannot connect").with(&said, "dsn")),
            How::ErrorHelp => Err(Error::io("cannot connect").help(format!("is `{said}` right?"))),
            How::ErrorCause => Err(Outer(std::io::Error::other(said)).into()),
            How::Transient => Err(Error::io(said).transient()),
            How::Panic => panic!("no way to connect: {said}"),
            How::TaskPanic => Ok(tokio::spawn(async move { panic!("in a task: {said}") }).await?),
            How::ThreadPanic => {
                let ended = std::thread::spawn(move || panic!("in a thread: {said}")).join();
                ended.map_err(|_| Error::other("the thread panicked"))
            }
            How::BlockingPanic => context.run_blocking(move || panic!("on the pool: {said}")).await,
            How::Log => {
                for level in [Level::Error, Level::Warn, Level::Info, Level::Debug] {
                    context.log(level, &format!("connecting to {said} now"), &json!(null));
                }
                Ok(())
            }
            How::LogFields => {
                context.log(Level::Info, "connecting", &json!({"dsn": said, "list": [{said.clone(): 1}]}));
                Ok(())
            }
            How::TwoLines => {
                let (head, tail) = halves(&said);
                context.info(head);
                context.info(tail);
                Ok(())
            }
            How::LineBreak => {
                let (head, tail) = halves(&said);
                context.info(format!("{head}\n{tail}"));
                Ok(())
            }
            How::Global => context.set_global("said", &said),
            How::GlobalWithin => context.set_global("said", &json!({"list": [1, {"dsn": said}]})),
            How::GlobalName => context.set_global(&said, &1),
            How::UnknownSecret => context.secret(&said).map(drop),
        }
    }

    async fn teardown(&mut self, _: &RunContext) -> Result<()> {
        match self.config.how {
            How::TeardownError => Err(Error::other(self.said.clone())),
            _ => Ok(()),
        }
    }
}

//! Orders, `WHEN:ACTION` with commas between them: when something goes wrong, and what.
//!
//! WHEN is `at=N` (the N-th operation of the process), `from=N` (that one and all later), `op=NAME#K` (the K-th of its kind),
//! `path=TEXT#K` (the K-th whose path holds the text), `mark=TEXT#K` (the K-th mark that begins with it) or `p=CHANCE/SEED`. ACTION is `kill`,
//! `torn` (half of a write, then `kill`), `short` (half of a write), `eintr`, `delay=MILLISECONDS`, or an error of the system:
//! `eio`, `enospc`, `edquot`, `emfile`, `erofs`, `efbig`.

use super::{Op, Step};
use rustix::io::Errno;
use std::time::Duration;

/// What happens to an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Kill,
    Torn,
    Short,
    Interrupt,
    Fail(Errno),
    Delay(Duration),
}

#[derive(Debug, PartialEq)]
enum When {
    At(u64),
    From(u64),
    Op(Op, u64),
    Path(String, u64),
    Mark(String, u64),
    Chance(f64, Random),
}

#[derive(Debug)]
struct Order {
    text: String,
    when: When,
    action: Action,
    /// Operations or marks of its kind so far.
    met: u64,
    /// It has interrupted the operation before this one: a second time in a row might be for ever.
    has_interrupted: bool,
}

/// All orders of a process.
#[derive(Debug, Default)]
pub(super) struct Orders(Vec<Order>);

impl Orders {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
        texts.map(Order::parse).collect::<Result<_, _>>().map(Self)
    }

    /// The first order that an operation fires, and its action. All of them count it.
    pub(super) fn at_operation(&mut self, n: u64, step: &Step<'_>) -> Option<(String, Action)> {
        let fired = self.0.iter_mut().filter_map(|order| order.at_operation(n, step));
        fired.collect::<Vec<_>>().into_iter().next()
    }

    /// The same for a mark.
    pub(super) fn at_mark(&mut self, text: &str) -> Option<(String, Action)> {
        let fired = self.0.iter_mut().filter_map(|order| order.at_mark(text));
        fired.collect::<Vec<_>>().into_iter().next()
    }
}

impl Order {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("`{text}`: {why}");
        let (when, action) = text.rsplit_once(':').ok_or_else(|| wrong("an order is WHEN:ACTION"))?;
        let when = When::parse(when).ok_or_else(|| {
            wrong("when is at=N, from=N, op=NAME#K, path=TEXT#K, mark=TEXT#K or p=CHANCE/SEED, counted from 1")
        })?;
        let action = Action::parse(action).ok_or_else(|| {
            wrong("an action is kill, torn, short, eintr, eio, enospc, edquot, emfile, erofs, efbig or delay=MILLISECONDS")
        })?;
        if matches!((&when, action), (When::Mark(..), Action::Short | Action::Interrupt | Action::Fail(_))) {
            return Err(wrong("nothing can fail at a mark"));
        }
        Ok(Self { text: text.to_owned(), when, action, met: 0, has_interrupted: false })
    }

    fn at_operation(&mut self, n: u64, step: &Step<'_>) -> Option<(String, Action)> {
        let fires = match &mut self.when {
            When::At(at) => n == *at,
            When::From(from) => n >= *from,
            When::Op(op, k) => *op == step.op && is_kth(&mut self.met, *k),
            When::Path(part, k) => {
                let holds = |path: &std::path::Path| path.to_string_lossy().contains(part.as_str());
                (holds(step.path) || step.to.is_some_and(holds)) && is_kth(&mut self.met, *k)
            }
            When::Chance(chance, random) => random.next() < *chance,
            When::Mark(..) => false,
        };
        // Only what is written can be cut short.
        let can = step.op == Op::Write || self.action != Action::Short;
        let fires = fires && can && !(self.action == Action::Interrupt && self.has_interrupted);
        self.has_interrupted = fires && self.action == Action::Interrupt;
        fires.then(|| (self.text.clone(), self.action))
    }

    fn at_mark(&mut self, text: &str) -> Option<(String, Action)> {
        let When::Mark(begin, k) = &self.when else { return None };
        (text.starts_with(begin.as_str()) && is_kth(&mut self.met, *k)).then(|| (self.text.clone(), self.action))
    }
}

/// Counts one more.
fn is_kth(met: &mut u64, k: u64) -> bool {
    *met += 1;
    *met == k
}

impl When {
    fn parse(text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        let number = |text: &str| text.parse().ok().filter(|number: &u64| *number > 0);
        let kth = |value: &str| match value.rsplit_once('#') {
            Some((text, k)) => Some((text.to_owned(), number(k)?)),
            None => Some((value.to_owned(), 1)),
        };
        match key {
            "at" => number(value).map(Self::At),
            "from" => number(value).map(Self::From),
            "op" => kth(value).and_then(|(name, k)| Some(Self::Op(Op::named(&name)?, k))),
            "path" => kth(value).map(|(part, k)| Self::Path(part, k)),
            "mark" => kth(value).map(|(begin, k)| Self::Mark(begin, k)),
            "p" => {
                let (chance, seed) = value.split_once('/')?;
                let chance = chance.parse().ok().filter(|chance| (0.0..=1.0).contains(chance))?;
                Some(Self::Chance(chance, Random::new(seed.parse().ok()?)))
            }
            _ => None,
        }
    }
}

impl Action {
    fn parse(text: &str) -> Option<Self> {
        if let Some(time) = text.strip_prefix("delay=") {
            return time.parse().ok().map(|time| Self::Delay(Duration::from_millis(time)));
        }
        Some(match text {
            "kill" => Self::Kill,
            "torn" => Self::Torn,
            "short" => Self::Short,
            "eintr" => Self::Interrupt,
            "eio" => Self::Fail(Errno::IO),
            "enospc" => Self::Fail(Errno::NOSPC),
            "edquot" => Self::Fail(Errno::DQUOT),
            "emfile" => Self::Fail(Errno::MFILE),
            "erofs" => Self::Fail(Errno::ROFS),
            "efbig" => Self::Fail(Errno::FBIG),
            _ => return None,
        })
    }
}

/// Marsaglia's xorshift64: the same numbers for the same seed, everywhere.
#[derive(Debug, PartialEq)]
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        // Small seeds are spread, and zero would stay zero.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// From 0 up to, but not, 1.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn fired(orders: &str, steps: &[(Op, &str)]) -> Vec<Option<Action>> {
        let mut orders = Orders::parse(orders).unwrap();
        let fire = |(n, (op, path)): (usize, &(Op, &str))| {
            orders.at_operation(n as u64 + 1, &Step::new(*op, Path::new(path))).map(|(_, action)| action)
        };
        steps.iter().enumerate().map(fire).collect()
    }

    const STEPS: [(Op, &str); 4] = [(Op::Create, "/a/x"), (Op::Write, "/a/x"), (Op::Write, "/a/y"), (Op::Sync, "/a/y")];

    #[test]
    fn an_order_fires_when_it_says() {
        let eio = Some(Action::Fail(Errno::IO));
        assert_eq!(fired("at=3:eio", &STEPS), [None, None, eio, None]);
        assert_eq!(fired("from=3:eio", &STEPS), [None, None, eio, eio]);
        assert_eq!(fired("op=write#2:eio", &STEPS), [None, None, eio, None]);
        assert_eq!(fired("op=sync:eio", &STEPS), [None, None, None, eio]);
        assert_eq!(fired("path=/y#2:eio", &STEPS), [None, None, None, eio]);
        assert_eq!(fired("p=1/7:eio", &STEPS), [eio; 4]);
        assert_eq!(fired("p=0/7:eio", &STEPS), [None; 4]);
        assert_eq!(fired("", &STEPS), [None; 4]);
        // The first that fires counts, and the others have counted too.
        assert_eq!(fired("op=write#1:kill, op=write#2:eio", &STEPS), [None, Some(Action::Kill), eio, None]);
    }

    #[test]
    fn interruptions_come_once_and_only_writes_are_cut_short() {
        let interrupt = Some(Action::Interrupt);
        assert_eq!(fired("from=1:eintr", &STEPS), [interrupt, None, interrupt, None]);
        assert_eq!(fired("from=1:short", &STEPS), [None, Some(Action::Short), Some(Action::Short), None]);
    }

    #[test]
    fn marks_are_met_by_their_beginning() {
        let mut orders = Orders::parse("mark=landed load#2:kill").unwrap();
        let met = ["landed load@1", "written load@2", "landed load@2", "landed load@3"];
        assert_eq!(met.map(|text| orders.at_mark(text).is_some()), [false, false, true, false]);
    }

    #[test]
    fn chance_is_the_same_for_the_same_seed() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..1000).map(|_| random.next()).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        let rare = draw(0).into_iter().filter(|number| *number < 0.1).count();
        assert!((60..140).contains(&rare), "{rare}");
    }

    #[test]
    fn what_is_no_order_is_refused() {
        for text in ["kill", "at=0:kill", "at=x:kill", "op=walk#1:kill", "at=1:eat", "p=2/1:kill", "p=0.5:kill"] {
            assert!(Orders::parse(text).unwrap_err().starts_with(&format!("`{text}`: ")), "{text}");
        }
        for text in ["path=x#:eio", "delay=5:at=1", "at=1:delay=soon", "mark=x:eio", "mark=x:short"] {
            assert!(Orders::parse(text).is_err(), "{text}");
        }
        assert!(Orders::parse("mark=a:b#2:delay=5,at=1:torn").is_ok());
    }
}

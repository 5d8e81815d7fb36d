//! Columns by name: as a mapping, whose order is that of the names, or as a list of mappings with one name each, whose order stays.

use pypeline_sdk::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What is given for each name.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Named<T> {
    /// By name; the columns come in the order of their names
    Mapping(BTreeMap<String, T>),
    /// One name with its value per item; the columns come in this order
    List(Vec<BTreeMap<String, T>>),
}

/// One of them.
pub struct Entry<'a, T> {
    pub name: &'a str,
    pub value: &'a T,
    /// Its place in the configuration.
    pub key: String,
}

impl<T> Named<T> {
    /// All of them, at least one, each name once. `key` is the place of the whole.
    pub fn entries(&self, key: &str) -> Result<Vec<Entry<'_, T>>> {
        let mut found = Vec::new();
        match self {
            Self::Mapping(mapping) => {
                found.extend(mapping.iter().map(|(name, value)| Entry { name, value, key: place(key, name) }));
            }
            Self::List(list) => {
                for (at, item) in list.iter().enumerate() {
                    let mut of_item = item.iter();
                    let (Some((name, value)), None) = (of_item.next(), of_item.next()) else {
                        let what = format!("item {} of `{key}` has {} names", at + 1, item.len());
                        let help = "write one name with its value per item: `- total: sum(amount)`";
                        return Err(Error::config(what).with("key", format!("{key}/{at}")).help(help));
                    };
                    found.push(Entry { name, value, key: place(&format!("{key}/{at}"), name) });
                }
            }
        }
        if found.is_empty() {
            return Err(Error::config(format!("`{key}` is empty")).with("key", key).help("name at least one column"));
        }
        once(key, found.iter().map(|entry| entry.name))?;
        Ok(found)
    }
}

/// The place of a name within that of its mapping, as a JSON pointer has it.
pub fn place(key: &str, name: &str) -> String {
    format!("{key}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// Each name is there once, and none is empty.
pub fn once<'a>(key: &str, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err(Error::config(format!("a name in `{key}` is empty")).with("key", key).help("give it a name"));
        }
        if !seen.insert(name) {
            let what = format!("`{name}` stands twice in `{key}`");
            return Err(Error::config(what).with("key", key).help("name each column once"));
        }
    }
    Ok(())
}

/// The same for a list that may not be empty.
pub fn some(key: &str, names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Err(Error::config(format!("`{key}` is empty")).with("key", key).help("name at least one column"));
    }
    once(key, names.iter().map(String::as_str))
}

//! The page of each code: the files of `docs/reference/diagnostics`, taken into the binary for `pype explain`.

use super::code::Code;

/// Declares the codes that have a page.
macro_rules! pages {
    ($($code:literal)*) => {
        const PAGES: &[(&str, &str)] =
            &[$(($code, include_str!(concat!("../../../docs/reference/diagnostics/", $code, ".md")))),*];
    };
}

pages! {
    "L001" "L002" "L003" "L004" "L005" "L006" "L007" "L008" "L009" "L010" "L011" "L012" "L013" "L014" "L015" "L016" "L017"
    "L018" "L019" "L020" "L021" "L022" "L023" "L024" "L025" "L026" "L027" "L028" "L029" "L030" "L031" "L032" "L033" "L034"
    "L035" "L036" "L037" "L038"
    "P001" "P002" "P003" "P004" "P005" "P006" "P007" "P008" "P009" "P010" "P011" "P012" "P013" "P014" "P016" "P017" "P018"
    "P019" "P020" "P021" "P022" "P023" "P024" "P025" "P026" "P027" "P028" "P029" "P030" "P031" "P032" "P033" "P034" "P035"
    "P036" "P037" "P038" "P039" "P040"
    "C001" "C002" "C003" "C004" "C005" "C006" "C007" "C008" "C009"
}

impl Code {
    /// The code of a text, in any case.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text.trim()))
    }

    /// Its page: what it means, a wrong and a right example, in Markdown.
    pub fn page(self) -> &'static str {
        PAGES.iter().find(|(code, _)| *code == self.as_str()).map_or("", |(_, page)| page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        for code in Code::ALL {
            let title = format!("# {}: {}\n", code.as_str(), code.title());
            assert!(
                code.page().starts_with(&title),
                "docs/reference/diagnostics/{}.md does not begin with {title}",
                code.as_str()
            );
            assert_eq!(Code::of(&format!(" {}", code.as_str().to_lowercase())), Some(*code));
        }
        assert_eq!(PAGES.len(), Code::ALL.len());
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/diagnostics");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), Code::ALL.len(), "a page of no code");
        assert_eq!(Code::of("P015"), None);
    }
}

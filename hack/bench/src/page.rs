//! Sections of `docs/benchmarks.md`, each written by its own benchmark.

use std::path::Path;

use anyhow::{Context, Result};

/// Puts a section into the page in place of the one that begins with its heading; it ends at the next heading.
pub(crate) fn put(page: &Path, heading: &str, section: &str) -> Result<()> {
    let text = std::fs::read_to_string(page).with_context(|| format!("read {}", page.display()))?;
    let (before, after) = match text.find(heading) {
        Some(at) => {
            let rest = &text[at + heading.len()..];
            (&text[..at], rest.find("\n## ").map_or("", |next| &rest[next + 1..]))
        }
        None => (text.as_str(), ""),
    };
    let gap = if after.is_empty() { "" } else { "\n" };
    std::fs::write(page, format!("{}\n\n{}{gap}{after}", before.trim_end(), section))
        .with_context(|| format!("write {}", page.display()))
}

#[cfg(test)]
mod tests {
    use super::put;

    #[test]
    fn only_the_section_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("page.md");
        let new = "## Rendering\n\nnew\n";
        for (text, want) in [
            (
                "# A\n\n## Sync\n\nx\n\n## Rendering, old\n\nold\n\n## After\n\ny\n",
                "# A\n\n## Sync\n\nx\n\n## Rendering\n\nnew\n\n## After\n\ny\n",
            ),
            ("# A\n", "# A\n\n## Rendering\n\nnew\n"),
            ("# A\n\n## Rendering\n\nold\n", "# A\n\n## Rendering\n\nnew\n"),
        ] {
            std::fs::write(&page, text).unwrap();
            put(&page, "## Rendering", new).unwrap();
            assert_eq!(std::fs::read_to_string(&page).unwrap(), want);
        }
    }
}

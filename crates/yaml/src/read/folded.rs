//! What comes of a folded block (`>`) that kustomize prints and reads again before it prints the object.

/// The text of a folded block after kustomize's printer and reader. The printer doubles the first line break behind a
/// line that begins with no blank; the reader folds it again, except where the next line begins with a blank, and
/// behind the last line, where every break of several counts.
///
/// What can't be printed as a block is printed in quotes, and comes back as it was.
pub(super) fn folded_again(text: &str) -> String {
    if text.ends_with(' ') || text.contains(" \n") || text.contains(is_special) {
        return text.to_owned();
    }
    let mut again = String::with_capacity(text.len() + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let line = rest.find('\n').unwrap_or(rest.len());
        let breaks = rest[line..].find(|c| c != '\n').unwrap_or(rest.len() - line);
        let next = rest[line + breaks..].chars().next();
        let is_kept = match next {
            Some(c) => matches!(c, ' ' | '\t'),
            None => breaks > 1,
        };
        again.push_str(&rest[..line + breaks]);
        if is_kept && line > 0 && !rest.starts_with([' ', '\t']) {
            again.push('\n');
        }
        rest = &rest[line + breaks..];
    }
    again
}

/// What the printer writes as an escape.
fn is_special(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{10000}'..) || (c.is_control() && !matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::folded_again;

    #[test]
    fn a_break_before_an_indented_line_or_several_at_the_end_become_one_more() {
        for (text, again) in [
            ("", ""),
            ("\n", "\n"),
            ("x\n", "x\n"),
            ("x\ny\n", "x\ny\n"),
            ("x\n w\n", "x\n\n w\n"),
            ("x\n\n w", "x\n\n\n w"),
            ("x\n w\n v\nz\n", "x\n\n w\n v\nz\n"),
            ("x\n\tw\n", "x\n\n\tw\n"),
            ("x\n\n", "x\n\n\n"),
            ("x\n w\n\n", "x\n\n w\n\n"),
            ("\n\nx\n", "\n\nx\n"),
            ("  x\nw\n", "  x\nw\n"),
            ("x \n w\n", "x \n w\n"),
            ("x\n w ", "x\n w "),
            ("x\n 😀\n", "x\n 😀\n"),
        ] {
            assert_eq!(folded_again(text), again, "{text:?}");
        }
    }
}

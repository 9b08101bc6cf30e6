//! Parser events → located tree.

mod build;
mod folded;

use crate::{Dialect, Node, Place, ReadError, Reason};
use build::Builder;
use granit_parser::{Event, Parser, ScalarStyle, Span};

/// Largest text that is read: 16 MiB.
pub const MAX_BYTES: usize = 16 << 20;
/// Most values in one text, counted after aliases are expanded.
pub const MAX_NODES: usize = 200_000;
/// Deepest nesting.
pub const MAX_DEPTH: usize = 256;

/// Reads every document of a text as Kubernetes does; documents that are empty or `null` are left out.
///
/// JSON is YAML, so it is read as well. A byte-order mark at the start is skipped.
///
/// # Errors
/// The first mistake, with its place: a text that does not parse, a duplicate key (both places are named), a key that
/// is no scalar, a scalar that does not fit its tag, or a text over [`MAX_BYTES`], [`MAX_NODES`] or [`MAX_DEPTH`]; what
/// aliases repeat counts against [`MAX_BYTES`] as well.
/// Errors never quote values.
pub fn read(text: &str) -> Result<Vec<Node>, ReadError> {
    read_as(Dialect::Kubernetes, text)
}

/// [`read`] by the rules of `dialect`.
///
/// # Errors
/// As [`read`].
pub fn read_as(dialect: Dialect, text: &str) -> Result<Vec<Node>, ReadError> {
    read_with(Builder::new(dialect), text)
}

/// [`read`], but of a key that stands twice the last one counts. For files that other tools have always read so, such
/// as kustomizations; never for manifests.
///
/// # Errors
/// As [`read`], duplicate keys excepted.
pub fn read_last_wins(text: &str) -> Result<Vec<Node>, ReadError> {
    read_with(Builder::new(Dialect::Kubernetes).last_wins(), text)
}

fn read_with(mut builder: Builder, text: &str) -> Result<Vec<Node>, ReadError> {
    if text.len() > MAX_BYTES {
        let message = format!("the text is {} bytes long; at most {MAX_BYTES} are read", text.len());
        return Err(ReadError::new(Place { line: 1, column: 1 }, Reason::TooLarge, message));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let broken_off = BrokenOff::of(text);
    let mut documents = Vec::new();
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| ReadError::from_scan(&error))?;
        let at = Place::of(&span.start);
        match event {
            Event::DocumentStart(..) => builder.begin(),
            Event::DocumentEnd => documents.extend(builder.end()),
            Event::Scalar(text, style, anchor, tag) => {
                let text = broken_off.cut(&text, style, &span);
                builder.scalar(at, text, style, anchor, tag.as_deref())?;
            }
            Event::SequenceStart(_, anchor, _) => builder.open_sequence(at, anchor)?,
            Event::MappingStart(_, anchor, _) => builder.open_mapping(at, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => builder.close()?,
            Event::Alias(anchor) => builder.alias(at, anchor)?,
            _ => {}
        }
    }
    Ok(documents)
}

/// A text that ends within a line. A block (`|`, `>`) that ends there has no line break at its end, as libyaml and all
/// that follow it read it; the parser adds one.
struct BrokenOff(Option<usize>);

impl BrokenOff {
    fn of(text: &str) -> Self {
        let last = text.rsplit('\n').next().unwrap_or("");
        Self((!text.ends_with('\r') && !last.trim().is_empty()).then(|| text.chars().count()))
    }

    /// The text of a scalar without the line break that is not there.
    fn cut<'t>(&self, text: &'t str, style: ScalarStyle, span: &Span) -> &'t str {
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if is_block && self.0 == Some(span.end.index()) { text.strip_suffix('\n').unwrap_or(text) } else { text }
    }
}

/// Takes bytes for UTF-8 text.
///
/// # Errors
/// The place of the first byte that is no UTF-8; says so when the text looks like UTF-16.
pub fn text_of(bytes: &[u8]) -> Result<&str, ReadError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line_start = valid.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let at = Place {
            line: count(valid.iter().filter(|&&byte| byte == b'\n').count() + 1),
            column: count(String::from_utf8_lossy(&valid[line_start..]).chars().count() + 1),
        };
        let message = match bytes {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16; save it as UTF-8",
            _ => "the file is not UTF-8 from here on",
        };
        ReadError::new(at, Reason::Encoding, message)
    })
}

/// A count as places have it; a text of more than four thousand million lines is refused long before.
fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl Place {
    /// The place of a parser's marker.
    pub(crate) fn of(marker: &granit_parser::Marker) -> Self {
        Self { line: count(marker.line()), column: count(marker.col() + 1) }
    }
}

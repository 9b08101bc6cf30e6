//! Suggestions for misspelt words.

/// Longer words are not compared: no name is that long, and the comparison costs their product.
const LONGEST: usize = 64;

/// Returns `did you mean …?` when one of `known` is near, else all of them.
pub(crate) fn nearest(word: &str, known: &[&str]) -> String {
    if word.len() > LONGEST && !known.is_empty() {
        return format!("known are {}", known.join(", "));
    }
    let best = known.iter().map(|other| (distance(word, other), *other)).min();
    match best {
        None => "nothing belongs here".to_owned(),
        Some((distance, other)) if distance <= 1 + word.chars().count() / 4 => format!("did you mean `{other}`?"),
        Some(_) => format!("known are {}", known.join(", ")),
    }
}

/// Levenshtein distance without regard to case; a swap of neighbours counts one.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.to_lowercase().chars().collect();
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let width = b.len() + 1;
    let mut table = vec![0_usize; (a.len() + 1) * width];
    let at = |table: &[usize], row: usize, column: usize| table.get(row * width + column).copied().unwrap_or_default();
    for row in 0..=a.len() {
        for column in 0..=b.len() {
            let value = if row == 0 || column == 0 {
                row + column
            } else {
                let same = usize::from(a.get(row - 1) != b.get(column - 1));
                let mut value = (at(&table, row - 1, column) + 1)
                    .min(at(&table, row, column - 1) + 1)
                    .min(at(&table, row - 1, column - 1) + same);
                if row > 1 && column > 1 && a.get(row - 1) == b.get(column - 2) && a.get(row - 2) == b.get(column - 1) {
                    value = value.min(at(&table, row - 2, column - 2) + 1);
                }
                value
            };
            if let Some(cell) = table.get_mut(row * width + column) {
                *cell = value;
            }
        }
    }
    at(&table, a.len(), b.len())
}

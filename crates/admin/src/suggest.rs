//! "Did you mean": the known name that is nearest to one that is not known.

/// The known name that differs from `given` in at most a third of its letters.
pub(crate) fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name longer than any known one by far has no neighbour, and comparing it would cost.
    if given.len() > 100 {
        return None;
    }
    let given = given.to_lowercase();
    let limit = (given.chars().count() / 3).max(1);
    let measured = known.into_iter().map(|name| (distance(&given, &name.to_lowercase()), name));
    measured.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

/// How many letters must be inserted, removed or replaced.
fn distance(a: &str, b: &str) -> usize {
    let mut line: Vec<usize> = (0..=b.chars().count()).collect();
    for (row, letter) in a.chars().enumerate() {
        let mut left = row + 1;
        let mut above_left = row;
        for (other, cell) in b.chars().zip(line.iter_mut().skip(1)) {
            let cost = (above_left + usize::from(letter != other)).min(*cell + 1).min(left + 1);
            above_left = std::mem::replace(cell, cost);
            left = cost;
        }
        if let Some(first) = line.first_mut() {
            *first = row + 1;
        }
    }
    line.last().copied().unwrap_or_default()
}

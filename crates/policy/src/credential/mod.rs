//! Which of a provider's credentials a request is sent with.

/// Chooses by weight: a credential of weight 3 is taken three times as often as one of weight 1. `None` in the list is a credential that
/// failed already. Weight 0 is the last resort: taken, in the configured order, once all others have failed. `random` is any number, each as
/// likely as the other.
pub fn choose(weights: impl Iterator<Item = Option<u32>> + Clone, random: u64) -> Option<usize> {
    let heavy = || weights.clone().enumerate().filter_map(|(at, weight)| weight.filter(|weight| *weight > 0).map(|weight| (at, weight)));
    let sum: u64 = heavy().map(|(_, weight)| u64::from(weight)).sum();
    if sum == 0 {
        return weights.clone().position(|weight| weight == Some(0));
    }
    let mut point = random % sum;
    for (at, weight) in heavy() {
        match point.checked_sub(u64::from(weight)) {
            Some(rest) => point = rest,
            None => return Some(at),
        }
    }
    None
}

#[cfg(test)]
mod tests;

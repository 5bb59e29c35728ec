//! Durations as people and rows write them: a whole number and a unit.

use std::time::Duration;

/// From the smallest to the largest, in milliseconds.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads `500ms`, `5s`, `2m`, `1h`.
pub fn parse(text: &str) -> Result<Duration, String> {
    quantity(text)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("`{text}` is no duration: write a whole number and a unit (ms, s, m, h), like `5s`"))
}

fn quantity(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// Writes what [`parse`] reads back, in the largest unit that is exact up to seconds: `90s` and not `90000ms`, `600s` and not `10m`.
pub fn format(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds.is_multiple_of(1_000) { format!("{}s", milliseconds / 1_000) } else { format!("{milliseconds}ms") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for milliseconds in [0, 1, 999, 1_000, 1_500, 60_000, 600_000, 86_400_000] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!(parse(&format(duration)), Ok(duration));
        }
        assert_eq!((format(Duration::from_secs(600)).as_str(), format(Duration::from_millis(1)).as_str()), ("600s", "1ms"));
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "5", "s", "-5s", "5 x", "1.5s", "99999999999999999999s", "18446744073709551615h", "５s"] {
            assert!(parse(text).unwrap_err().contains("like `5s`"), "{text}");
        }
        assert_eq!(parse("5 s"), Ok(Duration::from_secs(5)));
    }
}

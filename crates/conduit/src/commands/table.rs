//! Lists for people: columns as wide as what stands in them.

/// Rows under a heading. Control characters of names are shown escaped, so that no name moves a terminal's cursor.
pub(super) fn render<const N: usize>(heading: [&str; N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows.iter().map(|row| row.each_ref().map(|cell| printable(cell))).collect();
    let mut widths = heading.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = line(&heading.map(str::to_owned), &widths);
    for row in &rows {
        text += &line(row, &widths);
    }
    text
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
}

fn printable(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect::<Vec<_>>() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["a".to_owned(), "openai".to_owned()], ["longer name".to_owned(), "x\u{1b}[2J".to_owned()]];
        let expected = "NAME         TYPE\na            openai\nlonger name  x\\u{1b}[2J\n";
        assert_eq!(render(["NAME", "TYPE"], &rows), expected);
        assert_eq!(render(["NAME"], &[]), "NAME\n");
    }
}

//! Columns of text, as wide as their widest cell. Knows nothing of what is in them.

/// A table under its head.
pub(super) struct Table {
    rows: Vec<Row>,
}

struct Row {
    cells: Vec<String>,
    below: Vec<String>,
}

impl Table {
    /// A table with nothing but its head.
    pub(super) fn with_head(head: &[&str]) -> Self {
        let mut table = Self { rows: Vec::new() };
        table.push(head.iter().map(|cell| (*cell).to_owned()).collect(), Vec::new());
        table
    }

    /// Adds a row, and whole lines that follow it.
    pub(super) fn push(&mut self, cells: Vec<String>, below: Vec<String>) {
        self.rows.push(Row { cells, below });
    }

    /// The table's lines.
    pub(super) fn lines(self) -> Vec<String> {
        let mut widths: Vec<usize> = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(&row.cells) {
                *width = cell.chars().count().max(*width);
            }
        }
        let mut lines = Vec::new();
        for row in self.rows {
            let cells = row.cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
            lines.extend(row.below);
        }
        lines
    }
}

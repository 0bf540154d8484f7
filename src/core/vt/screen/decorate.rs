//! Attributes that coshell has put on top of those of a program.

use std::ops::Range;

use super::Screen;
use crate::core::vt::sgr::Sgr;

impl Screen {
    /// Puts attributes on parts of the line `number`, given by their places in its text, if the line still stands on the primary
    /// screen as `text`. Of several parts that overlap the later ones lie on top.
    pub(in crate::core) fn decorate(&mut self, number: u64, text: &str, parts: &[(Range<usize>, Sgr)]) {
        let rows = (0..).zip(self.line_numbers()).filter(|(_, line)| *line == Some(number)).map(|(row, _)| row);
        let (mut shown, mut cells) = (String::new(), Vec::new());
        for row in rows {
            for (col, cell) in self.cells(row).into_iter().enumerate().filter(|(_, cell)| cell.width > 0) {
                let start = shown.len();
                cell.glyph.push_to(&mut shown);
                cells.push((row, col, usize::from(cell.width), start..shown.len(), cell.style));
            }
        }
        if shown.trim_end_matches(' ') != text.trim_end_matches(' ') {
            return;
        }
        let Some(screens) = &mut self.vt.screens else { return };
        for (row, col, width, place, style) in cells {
            let covers = parts.iter().filter(|(part, _)| part.start < place.end && place.start < part.end);
            let style = covers.fold(None, |above, (_, sgr)| Some(sgr.style().over(above.unwrap_or(style))));
            let place = &mut screens.grid.rows[row];
            place.make_cells(screens.cols, &mut screens.clusters);
            // A full table leaves the program's style.
            let id = style.and_then(|style| screens.styles.id(style)).filter(|_| col + width <= place.len());
            if let Some(id) = id {
                place.set_styles(col, col + width, id);
            }
        }
    }
}

//! `at_risk.xlsx`: the list, the measures and what each column means, as a workbook. Like the report it is made from
//! the published tables, and the same tables give the same bytes.

use super::report::{Cells, PublishedRun, Table, RUNS};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::language::Texts;
use crate::published::{Column, Definition, Holds, LIST};
use rust_xlsxwriter::{
    Color, ConditionalFormatDataBar, DocProperties, ExcelDateTime, Format, FormatAlign, Sparkline, Workbook, Worksheet,
    XlsxError,
};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the workbook in the folder of its run.
pub const FILE: &str = "at_risk.xlsx";

/// The most rows of a sheet below its heads, and the most characters of a cell: bounds of the file format.
const MOST_ROWS: usize = 1_048_575;
const MOST_CHARACTERS: usize = 32_767;
/// How hard a workbook is compressed, of 9: it takes half of the time of the usual 6, and a twentieth more space.
const COMPRESSION: u8 = 4;
/// The most levels of a segment whose measures are a sheet.
const MOST_LEVELS: usize = 200;
/// Columns as wide as their words, within bounds.
const NARROW: f64 = 9.0;
const WIDE: f64 = 60.0;
/// Names of columns are wrapped beyond so many characters. Their row is as high as two lines, in points.
const NAME: usize = 24;
const HEAD_HEIGHT: f64 = 32.0;
/// The paper, as the file format numbers it.
const A4: u8 = 9;

/// The workbook of a run.
///
/// # Errors
/// [`Error::Internal`] for what no workbook can hold.
pub fn workbook(run: &PublishedRun, texts: &Texts) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let measures = run.measures.as_ref().map(Measures::of_largest_levels).transpose()?;
    let written = fill(&mut workbook, run, measures.as_ref(), texts);
    written.and_then(|()| workbook.save_to_buffer()).map_err(|e| Error::Internal(format!("the workbook: {e}")))
}

/// The workbook of a part of a list: its rows, and what the columns mean.
///
/// # Errors
/// As [`workbook`].
pub fn of_list(as_of: Day, list: &Table, texts: &Texts) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let mut fill = || -> Result<Vec<u8>, XlsxError> {
        describe(&mut workbook, as_of, texts)?;
        write_table(workbook.add_worksheet(), &texts.text("sheet-list"), list, None, texts)?;
        explain(workbook.add_worksheet(), list, texts)?;
        workbook.save_to_buffer()
    };
    fill().map_err(|e| Error::Internal(format!("the workbook: {e}")))
}

/// Gives a workbook its title and the date of the run, not of the writing, so that the same run gives the same bytes.
fn describe(workbook: &mut Workbook, as_of: Day, texts: &Texts) -> Result<(), XlsxError> {
    let title = texts.with("report-title", &[("date", texts.language().date(as_of).into())]);
    workbook.set_zip_compression_level(COMPRESSION);
    workbook.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&date(as_of)?));
    Ok(())
}

/// The measures as a sheet has them.
struct Measures {
    table: Table,
    /// Levels that are in the file of the measures alone.
    left_out: usize,
}

impl Measures {
    /// Those of the largest levels of each segment: nobody reads the others in a spreadsheet, which would be slow to
    /// open with all levels of a segment that has thousands.
    fn of_largest_levels(measures: &Table) -> Result<Measures> {
        let [segment, level, n] = ["segment", "level", "n"].map(|name| measures.column(name));
        let (segment, level, n) = (segment?, level?, n?);
        let names = |row: usize| segment.plain_text(row).zip(level.plain_text(row)).unwrap_or_default();
        let mut sizes: BTreeMap<(&str, &str), f64> = BTreeMap::new();
        for row in 0..measures.rows() {
            let size = sizes.entry(names(row)).or_insert(0.0);
            *size = size.max(n.number(row).unwrap_or(0.0));
        }

        let mut levels: Vec<((&str, &str), f64)> = sizes.into_iter().collect();
        levels.sort_by(|(a, of_a), (b, of_b)| a.0.cmp(b.0).then(of_b.total_cmp(of_a)).then(a.1.cmp(b.1)));
        let largest = levels.chunk_by(|(a, _), (b, _)| a.0 == b.0).flat_map(|levels| levels.iter().take(MOST_LEVELS));
        let largest: BTreeSet<(&str, &str)> = largest.map(|(names, _)| *names).collect();
        let rows: Vec<u32> =
            (0..measures.rows()).filter(|&row| largest.contains(&names(row))).map(|row| row as u32).collect();
        Ok(Measures { table: measures.part(&rows)?, left_out: levels.len() - largest.len() })
    }
}

fn fill(
    workbook: &mut Workbook,
    run: &PublishedRun,
    measures: Option<&Measures>,
    texts: &Texts,
) -> Result<(), XlsxError> {
    describe(workbook, run.as_of, texts)?;

    let shows_history = !run.history.days.is_empty();
    let lines = shows_history.then(|| texts.text("column-history"));
    write_table(workbook.add_worksheet(), &texts.text("sheet-list"), &run.list, lines, texts)?;
    if let Some(Measures { table, left_out }) = measures {
        let sheet = workbook.add_worksheet();
        write_table(sheet, &texts.text("sheet-measures"), table, None, texts)?;
        if *left_out > 0 {
            let more = texts.with("measures-more", &[("count", (*left_out).into())]);
            sheet.write_string(table.rows().min(MOST_ROWS - 1) as u32 + 1, 0, more)?;
        }
    }
    explain(workbook.add_worksheet(), &run.list, texts)?;
    if shows_history {
        write_history(workbook.add_worksheet(), run, texts)?;
    }
    Ok(())
}

/// A day as a spreadsheet counts it.
fn date(day: Day) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::parse_from_str(&day.to_string())
}

/// A text that fits into a cell.
fn fitting(text: impl Into<String>) -> String {
    let text = text.into();
    // No text has more characters than bytes.
    if text.len() <= MOST_CHARACTERS || text.chars().count() <= MOST_CHARACTERS {
        return text;
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

/// What a column of a published table becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    /// Of a column of somebody else's, which may be years or numbers of accounts.
    PlainWhole,
    Number,
    Share,
    Percentile,
    LogOdds,
    Money,
    Day,
}

impl Kind {
    /// Of a column: by what it means where that is known, else by what it holds. Ids are texts whatever they look like.
    fn of(name: &str, cells: &Cells<'_>) -> Kind {
        let known = LIST.iter().find(|column| column.name() == name);
        match (name, known.map(|column| column.definition().holds)) {
            ("as_of" | "action_due" | "period_start" | "period_end", _) => Kind::Day,
            (_, Some(Holds::Id)) => Kind::Text,
            ("value_at_risk", _) => Kind::Money,
            ("percentile", _) => Kind::Percentile,
            _ if name.contains("probability") => Kind::Share,
            _ if name.ends_with("contribution") || name.ends_with("log_odds") => Kind::LogOdds,
            (_, Some(Holds::Integer)) => Kind::Whole,
            _ if !cells.holds_numbers() => Kind::Text,
            _ if cells.holds_integers() => Kind::PlainWhole,
            _ => Kind::Number,
        }
    }

    fn format(self) -> Format {
        let format = Format::new().set_align(FormatAlign::Top);
        match self {
            // A space to the number in the column before.
            Kind::Text => format.set_align(FormatAlign::Left).set_indent(1),
            Kind::Whole => format.set_num_format("#,##0"),
            Kind::PlainWhole => format.set_num_format("0"),
            Kind::Number => format.set_num_format("General"),
            Kind::Share => format.set_num_format("0.0%"),
            Kind::Percentile => format.set_num_format("0.00"),
            Kind::LogOdds => format.set_num_format("+0.00;-0.00;0.00"),
            Kind::Money => format.set_num_format("#,##0.00"),
            Kind::Day => format.set_num_format("yyyy-mm-dd"),
        }
    }
}

/// Writes a table as a sheet, with a frozen head, filters, and bars behind the risks. `lines` is the head of the column
/// that draws the sheet of earlier risks.
fn write_table(
    sheet: &mut Worksheet,
    name: &str,
    table: &Table,
    lines: Option<String>,
    texts: &Texts,
) -> Result<(), XlsxError> {
    sheet.set_name(name)?;
    let rows = table.rows().min(MOST_ROWS);
    let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    let mut columns = Vec::new();
    for (place, name) in (0u16..).zip(table.names()) {
        sheet.write_string_with_format(0, place, fitting(name), &head)?;
        let cells = table.find(name);
        columns.extend(cells.map(|cells| SheetColumn::begin(sheet, place, name, cells)).transpose()?);
    }
    for row in 0..rows {
        columns.iter_mut().try_for_each(|column| column.write(sheet, row))?;
    }
    columns.iter().try_for_each(|column| column.finish(sheet, rows))?;
    let last = columns.last().map_or(0, |column| column.place);

    if let Some(title) = lines {
        let column = last + 1;
        sheet.write_string_with_format(0, column, title, &head)?;
        if rows > 0 {
            let name = texts.text("sheet-history");
            let of_all = (name.as_str(), 1, 1, rows as u32, RUNS as u16);
            sheet.add_sparkline_group(1, column, rows as u32, column, &Sparkline::new().set_range(of_all))?;
        }
        sheet.set_column_width(column, 18.0)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.set_row_height(0, HEAD_HEIGHT)?;
    sheet.set_paper_size(A4).set_landscape().set_repeat_rows(0, 0)?;
    if rows > 0 {
        sheet.autofilter(0, 0, rows as u32, last)?;
    }
    Ok(())
}

/// A column of a table on its sheet.
struct SheetColumn<'a> {
    place: u16,
    name: &'a str,
    cells: Cells<'a>,
    kind: Kind,
    format: Format,
    /// The most characters of a text.
    longest: usize,
}

impl<'a> SheetColumn<'a> {
    /// Begins a column. Its cells have its format without one of their own: looking that up takes longer than writing
    /// a cell.
    fn begin(sheet: &mut Worksheet, place: u16, name: &'a str, cells: Cells<'a>) -> Result<SheetColumn<'a>, XlsxError> {
        let kind = Kind::of(name, &cells);
        let format = kind.format();
        sheet.set_column_format(place, &format)?;
        Ok(SheetColumn { place, name, cells, kind, format, longest: name.chars().count().min(NAME) })
    }

    fn write(&mut self, sheet: &mut Worksheet, row: usize) -> Result<(), XlsxError> {
        let place = row as u32 + 1;
        if let Some(number) = self.cells.exact(row).filter(|_| !matches!(self.kind, Kind::Text | Kind::Day)) {
            sheet.write_number(place, self.place, number)?;
            return Ok(());
        }

        let Some(text) = self.cells.text(row) else { return Ok(()) };
        let day = if self.kind == Kind::Day { ExcelDateTime::parse_from_str(&text).ok() } else { None };
        match day {
            Some(day) => sheet.write_datetime_with_format(place, self.place, day, &self.format)?,
            None => {
                self.longest = self.longest.max(text.chars().take(WIDE as usize).count());
                sheet.write_string(place, self.place, fitting(text))?
            }
        };
        Ok(())
    }

    /// Gives the column its width, and bars if it holds the risks.
    fn finish(&self, sheet: &mut Worksheet, rows: usize) -> Result<(), XlsxError> {
        if self.name == "churn_probability" && rows > 0 {
            let bars = ConditionalFormatDataBar::new().set_fill_color(Color::RGB(0x9E_C5_FE)).set_solid_fill(true);
            sheet.add_conditional_format(1, self.place, rows as u32, self.place, &bars)?;
        }
        sheet.set_column_width(self.place, (self.longest as f64 + 2.0).clamp(NARROW, WIDE))?;
        Ok(())
    }
}

/// The sheet that says what each column of the list means.
fn explain(sheet: &mut Worksheet, list: &Table, texts: &Texts) -> Result<(), XlsxError> {
    sheet.set_name(texts.text("sheet-columns"))?;
    let head = Format::new().set_bold();
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    sheet.write_string_with_format(0, 0, texts.text("sheet-column"), &head)?;
    sheet.write_string_with_format(0, 1, texts.text("sheet-meaning"), &head)?;
    for (row, name) in (1u32..).zip(list.names()) {
        let known: Option<&Column> = LIST.iter().find(|column| column.name() == name);
        let meaning = known.map_or_else(|| texts.text("sheet-copied"), |&column| meaning(column, texts));
        sheet.write_string_with_format(row, 0, fitting(name), &wrapped)?;
        sheet.write_string_with_format(row, 1, meaning, &wrapped)?;
    }
    sheet.set_column_width(0, 28.0)?;
    sheet.set_column_width(1, 100.0)?;
    sheet.set_paper_size(A4).set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// What a column means. In English that is its definition, but for those that point to other places of the
/// documentation.
pub(super) fn meaning(column: Column, texts: &Texts) -> String {
    let Definition { name, meaning, .. } = column.definition();
    let in_language = texts.word("meaning", &name.replace("{n}_", ""));
    in_language.unwrap_or_else(|| meaning.replace('`', ""))
}

/// Writes the sheet that the lines of the list are drawn from: the risks of the listed customers in the last runs,
/// oldest first. It ends with this run in the last column, so that the lines of a young folder of lists grow from the
/// right.
fn write_history(sheet: &mut Worksheet, run: &PublishedRun, texts: &Texts) -> Result<(), XlsxError> {
    sheet.set_name(texts.text("sheet-history"))?;
    let (head, share) = (Format::new().set_bold(), Kind::Share.format());
    let first = (RUNS - run.history.days.len()) as u16;
    sheet.write_string_with_format(0, 0, "customer_id", &head)?;
    for (column, day) in (first..).zip(run.history.days.iter().chain([&run.as_of])) {
        sheet.write_string_with_format(0, column, day.to_string(), &head)?;
    }

    let (customer, probability) = (run.list.find("customer_id"), run.list.find("churn_probability"));
    for row in 0..run.list.rows().min(MOST_ROWS) {
        let place = row as u32 + 1;
        let id = customer.and_then(|cells| cells.text(row)).unwrap_or_default();
        sheet.write_string(place, 0, fitting(id))?;
        let earlier = run.history.days.iter().map(|&day| run.history.risk(day, row));
        let now = probability.and_then(|cells| cells.number(row));
        for (column, risk) in (first..).zip(earlier.chain([now])) {
            if let Some(risk) = risk {
                sheet.write_number_with_format(place, column, risk, &share)?;
            }
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn meanings_are_plain_texts_in_every_language() {
        for language in Language::ALL {
            let texts = Texts::new(language).unwrap();
            for &column in LIST {
                let meaning = meaning(column, &texts);
                assert!(
                    meaning.len() > 3 && !meaning.contains("](") && !meaning.contains('`'),
                    "{column:?}: {meaning}"
                );
            }
        }
    }
}

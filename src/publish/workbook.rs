//! `at_risk.xlsx`: the list, the measures and what each column means, as a workbook. Like the report it is made from the
//! published tables, and the same tables give the same bytes.

use super::report::{PublishedRun, RiskHistory, Table};
use crate::calendar::Day;
use crate::error::{Error, Result};
use crate::language::Texts;
use crate::published::{Column, Holds, LIST};
use rust_xlsxwriter::{
    Color, ConditionalFormatDataBar, DocProperties, ExcelDateTime, Format, FormatAlign, Sparkline, Workbook, Worksheet,
    XlsxError,
};

/// The name of the workbook in the folder of its run.
pub const FILE: &str = "at_risk.xlsx";

/// The most rows of a sheet below its heads, and the most characters of a cell: bounds of the file format.
const MOST_ROWS: usize = 1_048_575;
const MOST_CHARACTERS: usize = 32_767;
/// Columns as wide as their words, within bounds.
const NARROW: f64 = 9.0;
const WIDE: f64 = 60.0;

/// The workbook of a run.
///
/// # Errors
/// [`Error::Contract`] for published tables that are damaged or of another version of the program.
pub fn workbook(run: &PublishedRun, texts: &Texts) -> Result<Vec<u8>> {
    let mut workbook = Workbook::new();
    let written = fill(&mut workbook, run, texts)?;
    written.and_then(|()| workbook.save_to_buffer()).map_err(|e| Error::Internal(format!("the workbook: {e}")))
}

fn fill(workbook: &mut Workbook, run: &PublishedRun, texts: &Texts) -> Result<Result<(), XlsxError>> {
    let history = risks(run)?;
    let mut all = || -> Result<(), XlsxError> {
        // The date of the run, not of the writing, so that the same run gives the same bytes.
        let title = texts.with("report-title", &[("date", run.as_of.to_string().into())]);
        workbook.set_properties(&DocProperties::new().set_title(title).set_creation_datetime(&date(run.as_of)?));

        let sheet = Sheet { name: texts.text("sheet-list"), table: &run.list, widths: Vec::new() };
        let shows_history = !history.days.is_empty();
        sheet.write(workbook.add_worksheet(), shows_history.then(|| texts.text("column-history")), texts)?;
        if let Some(measures) = &run.measures {
            let sheet = Sheet { name: texts.text("sheet-measures"), table: measures, widths: Vec::new() };
            sheet.write(workbook.add_worksheet(), None, texts)?;
        }
        explain(workbook.add_worksheet(), &run.list, texts)?;
        if shows_history {
            history.write(workbook.add_worksheet(), texts)?;
        }
        Ok(())
    };
    Ok(all())
}

/// A day as a spreadsheet counts it.
fn date(day: Day) -> Result<ExcelDateTime, XlsxError> {
    ExcelDateTime::parse_from_str(&day.to_string())
}

/// A text that fits into a cell.
fn fitting(text: &str) -> String {
    if text.chars().count() <= MOST_CHARACTERS {
        return text.to_owned();
    }
    text.chars().take(MOST_CHARACTERS - 1).chain(['…']).collect()
}

/// What a column of a published table becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Whole,
    Number,
    Share,
    LogOdds,
    Money,
    Day,
}

impl Kind {
    /// Of a column: by what it means where that is known, else by what it holds. Ids are texts whatever they look like.
    fn of(name: &str, holds_numbers: bool) -> Kind {
        let known = LIST.iter().find(|column| column.name() == name);
        match (name, known.map(|column| column.definition().holds)) {
            ("as_of" | "action_due" | "period_start" | "period_end", _) => Kind::Day,
            (_, Some(Holds::Id)) => Kind::Text,
            ("value_at_risk", _) => Kind::Money,
            _ if name.contains("probability") => Kind::Share,
            _ if name.ends_with("contribution") || name.ends_with("log_odds") => Kind::LogOdds,
            (_, Some(Holds::Integer)) => Kind::Whole,
            _ if holds_numbers => Kind::Number,
            _ => Kind::Text,
        }
    }

    fn format(self) -> Format {
        let format = Format::new().set_align(FormatAlign::Top);
        match self {
            Kind::Text => format,
            Kind::Whole => format.set_num_format("#,##0"),
            Kind::Number => format.set_num_format("General"),
            Kind::Share => format.set_num_format("0.0%"),
            Kind::LogOdds => format.set_num_format("+0.00;-0.00;0.00"),
            Kind::Money => format.set_num_format("#,##0.00"),
            Kind::Day => format.set_num_format("yyyy-mm-dd"),
        }
    }
}

/// A table as a sheet.
struct Sheet<'a> {
    name: String,
    table: &'a Table,
    widths: Vec<f64>,
}

impl Sheet<'_> {
    /// Writes the table, with a frozen head, filters, and bars behind the risks. `history` is the head of the column
    /// that draws the sheet of earlier risks.
    fn write(mut self, sheet: &mut Worksheet, history: Option<String>, texts: &Texts) -> Result<(), XlsxError> {
        sheet.set_name(&self.name)?;
        let rows = self.table.rows().min(MOST_ROWS);
        let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
        let names: Vec<&str> = self.table.names().collect();
        for (column, name) in (0u16..).zip(&names) {
            sheet.write_string_with_format(0, column, fitting(name), &head)?;
            self.column(sheet, column, name, rows)?;
        }

        let last = names.len() as u16;
        if let Some(title) = history {
            sheet.write_string_with_format(0, last, title, &head)?;
            if rows > 0 {
                let name = texts.text("sheet-history");
                let of_all = (name.as_str(), 1, 1, rows as u32, super::report::RUNS as u16);
                sheet.add_sparkline_group(1, last, rows as u32, last, &Sparkline::new().set_range(of_all))?;
            }
            sheet.set_column_width(last, 18.0)?;
        }
        for (column, width) in (0u16..).zip(&self.widths) {
            sheet.set_column_width(column, *width)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        if rows > 0 {
            sheet.autofilter(0, 0, rows as u32, last.saturating_sub(1))?;
        }
        Ok(())
    }

    fn column(&mut self, sheet: &mut Worksheet, column: u16, name: &str, rows: usize) -> Result<(), XlsxError> {
        let Some(cells) = self.table.find(name) else { return Ok(()) };
        let kind = Kind::of(name, (0..rows).any(|row| cells.number(row).is_some()));
        let format = kind.format();
        let mut longest = name.chars().count().min(16);
        for row in 0..rows {
            let place = row as u32 + 1;
            let Some(text) = cells.text(row) else { continue };
            let day = ExcelDateTime::parse_from_str(&text).ok().filter(|_| kind == Kind::Day);
            match (day, cells.number(row).filter(|_| kind != Kind::Text)) {
                (Some(day), _) => sheet.write_datetime_with_format(place, column, day, &format)?,
                (None, Some(number)) => sheet.write_number_with_format(place, column, number, &format)?,
                (None, None) => {
                    longest = longest.max(text.chars().take(WIDE as usize).count());
                    sheet.write_string_with_format(place, column, fitting(&text), &format)?
                }
            };
        }

        if name == "churn_probability" && rows > 0 {
            let bars = ConditionalFormatDataBar::new().set_fill_color(Color::RGB(0x9E_C5_FE)).set_solid_fill(true);
            sheet.add_conditional_format(1, column, rows as u32, column, &bars)?;
        }
        self.widths.push((longest as f64 + 2.0).clamp(NARROW, WIDE));
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
        let copied = || texts.text("sheet-copied");
        let meaning = known.map_or_else(copied, |column| column.definition().meaning.replace('`', ""));
        sheet.write_string_with_format(row, 0, fitting(name), &wrapped)?;
        sheet.write_string_with_format(row, 1, meaning, &wrapped)?;
    }
    sheet.set_column_width(0, 28.0)?;
    sheet.set_column_width(1, 100.0)?;
    sheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// The risks of the listed customers in the last runs.
struct Risks {
    /// The dates, oldest first; the last is this run's.
    days: Vec<Day>,
    /// A customer each, in the order of the list.
    rows: Vec<(String, Vec<Option<f64>>)>,
}

fn risks(run: &PublishedRun) -> Result<Risks> {
    let (customer, probability) = (run.list.column("customer_id")?, run.list.column("churn_probability")?);
    let ids: Vec<String> =
        (0..run.list.rows().min(MOST_ROWS)).map(|row| customer.text(row).unwrap_or_default()).collect();
    let history = RiskHistory::read(run)?;
    if history.days.is_empty() {
        return Ok(Risks { days: Vec::new(), rows: Vec::new() });
    }

    let row = |(row, id): (usize, String)| {
        let earlier = history.days.iter().map(|&day| history.risk(day, row));
        let risks = earlier.chain([probability.number(row)]).collect();
        (id, risks)
    };
    let rows = ids.into_iter().enumerate().map(row).collect();
    Ok(Risks { days: history.days.iter().copied().chain([run.as_of]).collect(), rows })
}

impl Risks {
    /// Writes the sheet that the lines of the list are drawn from. It ends with this run in the last column, so that the
    /// lines of a young folder of lists grow from the right.
    fn write(&self, sheet: &mut Worksheet, texts: &Texts) -> Result<(), XlsxError> {
        sheet.set_name(texts.text("sheet-history"))?;
        let (head, share) = (Format::new().set_bold(), Kind::Share.format());
        let first = (super::report::RUNS - self.days.len()) as u16 + 1;
        sheet.write_string_with_format(0, 0, "customer_id", &head)?;
        for (column, day) in (first..).zip(&self.days) {
            sheet.write_string_with_format(0, column, day.to_string(), &head)?;
        }
        for (row, (id, risks)) in (1u32..).zip(&self.rows) {
            sheet.write_string(row, 0, fitting(id))?;
            for (column, risk) in (first..).zip(risks) {
                if let Some(risk) = risk {
                    sheet.write_number_with_format(row, column, *risk, &share)?;
                }
            }
        }
        sheet.set_freeze_panes(1, 1)?;
        Ok(())
    }
}

//! Pictures as inline SVG: a title that a screen reader says, shapes with classes that the style sheet colours, and no
//! style or script of their own.

use minijinja::HtmlEscape;
use std::fmt::Write;

/// A coordinate with one decimal, without what says nothing.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// Values over time in the height of a line of text. Where one is missing, the line is broken.
pub fn sparkline(values: &[Option<f64>], title: &str) -> String {
    const HEIGHT: f64 = 16.0;
    const STEP: f64 = 4.0;

    let most = values.iter().flatten().fold(1e-12_f64, |most, &value| most.max(value));
    let y = |value: f64| 1.0 + (HEIGHT - 2.0) * (1.0 - value / most);
    let mut path = String::new();
    let mut is_drawing = false;
    for (place, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let command = if is_drawing { 'L' } else { 'M' };
            let _ = write!(path, "{command}{} {}", at(STEP * place as f64 + 1.0), at(y(*value)));
            if !is_drawing && values.get(place + 1).copied().flatten().is_none() {
                path.push_str("h.1");
            }
        }
        is_drawing = value.is_some();
    }

    let width = STEP * values.len().saturating_sub(1) as f64 + 4.0;
    let last = values.last().copied().flatten().map(|value| {
        format!("<circle cx={} cy={} r=1.5></circle>", at(STEP * (values.len() - 1) as f64 + 1.0), at(y(value)))
    });
    format!(
        "<svg class=spark viewBox=\"0 0 {} {HEIGHT}\" width={0} height={HEIGHT} role=img><title>{}</title><path \
         d=\"{path}\"></path>{}</svg>",
        at(width),
        HtmlEscape(title),
        last.unwrap_or_default(),
    )
}

/// A bar of a waterfall: from one level to the next, within the least and the greatest of all. The numbers stand beside
/// it.
pub fn step(before: f64, after: f64, [low, high]: [f64; 2]) -> String {
    const WIDTH: f64 = 140.0;
    let x = |level: f64| WIDTH * (level - low) / (high - low).max(1e-9);
    let (left, right) = (x(before.min(after)), x(before.max(after)));
    let class = if after >= before { "up" } else { "down" };
    format!(
        "<svg class=step viewBox=\"0 0 {WIDTH} 9\" aria-hidden=true><rect class={class} x={} width={} \
         height=9></rect></svg>",
        at(left),
        at((right - left).max(1.0)),
    )
}

/// Rows week by week, a bar each, of a signal that has been recorded in the last of so many weeks. The numbers stand
/// beside it; the style sheet draws the line at its end, the as-of date.
pub fn weeks(counts: &[u64], shown: usize) -> String {
    const HEIGHT: u64 = 16;
    const STEP: usize = 4;

    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut path = String::new();
    for (place, &count) in (shown.saturating_sub(counts.len())..).zip(counts).filter(|(_, &count)| count > 0) {
        let height = (count as f64 / most as f64 * HEIGHT as f64).round().max(1.0);
        let _ = write!(path, "M{} 0v-{height}", STEP * place + 2);
    }
    let width = STEP * shown.max(counts.len());
    format!(
        "<svg class=weeks viewBox=\"0 -{HEIGHT} {width} {HEIGHT}\" width={width} height={HEIGHT} \
         aria-hidden=true><path d=\"{path}\"></path></svg>"
    )
}

/// A value with what it is called.
pub struct Bar {
    /// What it is called.
    pub label: String,
    /// The value.
    pub value: f64,
    /// The value as it is written.
    pub written: String,
}

/// Values to either side of zero, a bar each.
pub fn bars(bars: &[Bar], title: &str) -> String {
    const WIDTH: f64 = 300.0;
    const ROW: f64 = 18.0;
    const LABELS: f64 = 120.0;

    let low = bars.iter().fold(0.0_f64, |low, bar| low.min(bar.value));
    let high = bars.iter().fold(0.0_f64, |high, bar| high.max(bar.value));
    let scale = (WIDTH - LABELS - 50.0) / (high - low).max(1e-9);
    let x = |value: f64| LABELS + 4.0 + (value - low) * scale;

    let height = ROW * bars.len() as f64 + 2.0;
    let mut drawn = format!("<path class=axis d=\"M{} 0V{}\"></path>", at(x(0.0)), at(height));
    for (place, bar) in bars.iter().enumerate() {
        let y = ROW * place as f64;
        let (left, right) = (x(bar.value.min(0.0)), x(bar.value.max(0.0)));
        let class = if bar.value >= 0.0 { "up" } else { "down" };
        let _ = write!(
            drawn,
            "<text x={LABELS} y={} text-anchor=end>{}</text><rect class={class} x={} y={} width={} height={}></rect>\
             <text class=value x={} y={}>{}</text>",
            at(y + 13.0),
            HtmlEscape(&bar.label),
            at(left),
            at(y + 3.0),
            at((right - left).max(1.0)),
            at(ROW - 6.0),
            at(right + 4.0),
            at(y + 13.0),
            HtmlEscape(&bar.written),
        );
    }
    format!(
        "<svg class=bars viewBox=\"0 0 {WIDTH} {}\" width={WIDTH} height={0} role=img><title>{}</title>{drawn}</svg>",
        at(height),
        HtmlEscape(title),
    )
}

/// A point of a line, with the band around it where one is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
    pub band: Option<[f64; 2]>,
}

/// What is drawn around a line.
pub struct Frame<'a> {
    /// What a screen reader says.
    pub title: &'a str,
    /// The ends of the axes as they are written.
    pub x: [String; 2],
    pub y: [String; 2],
    /// Their values.
    pub bounds: [f64; 4],
    /// Whether a horizontal line marks zero, or a diagonal one where both axes are equal.
    pub guide: Guide,
    /// Whether the line goes in steps: a value holds until the next point.
    pub steps: bool,
}

/// What a line is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    None,
    Zero,
    Diagonal,
}

/// A line with its band and its axes.
pub fn line(points: &[Point], frame: &Frame<'_>) -> String {
    const WIDTH: f64 = 300.0;
    const HEIGHT: f64 = 140.0;
    const LEFT: f64 = 44.0;
    const BOTTOM: f64 = 18.0;
    const TOP: f64 = 6.0;

    let [x0, x1, y0, y1] = frame.bounds;
    let x = |value: f64| LEFT + (value - x0) / (x1 - x0).max(1e-12) * (WIDTH - LEFT - 6.0);
    let y = |value: f64| TOP + (y1 - value) / (y1 - y0).max(1e-12) * (HEIGHT - TOP - BOTTOM);

    let mut drawn =
        format!("<path class=axis d=\"M{} {}V{}H{}\"></path>", at(LEFT), at(TOP), at(HEIGHT - BOTTOM), at(WIDTH - 6.0));
    match frame.guide {
        Guide::Zero if y0 < 0.0 && y1 > 0.0 => {
            let _ = write!(drawn, "<path class=guide d=\"M{} {}H{}\"></path>", at(LEFT), at(y(0.0)), at(WIDTH - 6.0));
        }
        Guide::Diagonal => {
            let (from, to) = (x0.max(y0), x1.min(y1));
            let _ = write!(
                drawn,
                "<path class=guide d=\"M{} {}L{} {}\"></path>",
                at(x(from)),
                at(y(from)),
                at(x(to)),
                at(y(to))
            );
        }
        _ => {}
    }

    let corners = |of: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let mut corners: Vec<(f64, f64)> = Vec::new();
        for point in points {
            if let (true, Some(&(_, before))) = (frame.steps, corners.last()) {
                corners.push((x(point.x), before));
            }
            corners.push((x(point.x), y(of(point))));
        }
        corners
    };
    let path = |corners: &[(f64, f64)]| -> String {
        let parts: Vec<String> = corners.iter().map(|(x, y)| format!("{} {}", at(*x), at(*y))).collect();
        parts.join("L")
    };
    if points.iter().all(|point| point.band.is_some()) && points.len() > 1 {
        let upper = corners(|point| point.band.map_or(point.y, |band| band[1]));
        let mut lower = corners(|point| point.band.map_or(point.y, |band| band[0]));
        lower.reverse();
        let _ = write!(drawn, "<path class=band d=\"M{}L{}Z\"></path>", path(&upper), path(&lower));
    }
    let _ = write!(drawn, "<path class=line d=\"M{}\"></path>", path(&corners(|point| point.y)));
    if points.len() <= 14 && !frame.steps {
        for point in points {
            let _ = write!(drawn, "<circle cx={} cy={} r=2></circle>", at(x(point.x)), at(y(point.y)));
        }
    }

    let labels = [
        (LEFT, HEIGHT - 5.0, "start", &frame.x[0]),
        (WIDTH - 6.0, HEIGHT - 5.0, "end", &frame.x[1]),
        (LEFT - 4.0, HEIGHT - BOTTOM, "end", &frame.y[0]),
        (LEFT - 4.0, TOP + 8.0, "end", &frame.y[1]),
    ];
    for (x, y, anchor, label) in labels {
        let _ = write!(drawn, "<text x={} y={} text-anchor={anchor}>{}</text>", at(x), at(y), HtmlEscape(label));
    }
    format!(
        "<svg class=chart viewBox=\"0 0 {WIDTH} {HEIGHT}\" width={WIDTH} height={HEIGHT} \
         role=img><title>{}</title>{drawn}</svg>",
        HtmlEscape(frame.title)
    )
}

/// The box around points and their bands.
pub fn bounds(points: &[Point], guide: Guide) -> [f64; 4] {
    let mut found = [f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY, f64::NEG_INFINITY];
    for point in points {
        let [low, high] = point.band.unwrap_or([point.y, point.y]);
        found = [found[0].min(point.x), found[1].max(point.x), found[2].min(low), found[3].max(high)];
    }
    if guide == Guide::Zero {
        found = [found[0], found[1], found[2].min(0.0), found[3].max(0.0)];
    }
    if found[0] > found[1] {
        return [0.0, 1.0, 0.0, 1.0];
    }
    found
}

/// A horizontal bar of a share.
pub fn bar(share: f64, title: &str) -> String {
    const WIDTH: f64 = 120.0;
    format!(
        "<svg class=bar viewBox=\"0 0 {WIDTH} 10\" width={WIDTH} height=10 role=img><title>{}</title><rect width={} \
         height=10></rect></svg>",
        HtmlEscape(title),
        at(WIDTH * share.clamp(0.0, 1.0))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_broken_where_a_run_is_missing() {
        let drawn = sparkline(&[Some(0.1), Some(0.2), None, Some(0.4)], "Risk <now>");
        assert!(drawn.contains("<title>Risk &lt;now&gt;</title>"), "{drawn}");
        assert!(drawn.contains("d=\"M1 11.5L5 8M13 1h.1\""), "{drawn}");
        assert!(sparkline(&[], "").contains("d=\"\""));
    }

    #[test]
    fn a_waterfall_goes_from_step_to_step() {
        let drawn = step(-2.0, -1.0, [-3.0, 1.0]);
        assert!(drawn.contains("<rect class=up x=35 width=35 "), "{drawn}");
        assert!(step(-1.0, -2.0, [-3.0, 1.0]).contains("<rect class=down x=35 width=35 "));
        assert!(!step(0.0, 0.0, [0.0, 0.0]).contains("NaN"));
    }

    #[test]
    fn weeks_end_at_the_as_of_date_whenever_they_begin() {
        let drawn = weeks(&[8, 0, 1], 5);
        assert!(drawn.contains("viewBox=\"0 -16 20 16\"") && drawn.contains("d=\"M10 0v-16M18 0v-2\""), "{drawn}");
        assert!(weeks(&[1, 10_000], 2).contains("d=\"M2 0v-1M6 0v-16\""), "a week with a row is seen");
        assert!(weeks(&[0, 0], 2).contains("d=\"\"") && weeks(&[], 0).contains("d=\"\""));
    }

    #[test]
    fn bars_lie_to_either_side_of_zero() {
        let bar = |value: f64| Bar { label: "a & b".into(), value, written: format!("{value:+}") };
        let drawn = bars(&[bar(1.0), bar(-0.5)], "levels");
        assert_eq!(drawn.matches("<rect class=up").count(), 1);
        assert_eq!(drawn.matches("<rect class=down").count(), 1);
        assert!(drawn.contains("a &amp; b") && !drawn.contains("NaN"));
    }

    #[test]
    fn a_line_stays_within_its_frame() {
        let points = [0.0, 1.0, 2.0].map(|x| Point { x, y: x - 1.0, band: Some([x - 1.5, x - 0.5]) });
        let frame = Frame {
            title: "curve",
            x: ["0".into(), "2".into()],
            y: ["-1".into(), "1".into()],
            bounds: bounds(&points, Guide::Zero),
            guide: Guide::Zero,
            steps: true,
        };
        let drawn = line(&points, &frame);
        assert!(drawn.contains("class=band") && drawn.contains("class=guide") && !drawn.contains("NaN"));
        assert_eq!(bounds(&[], Guide::None), [0.0, 1.0, 0.0, 1.0]);
    }
}

//! Lines of a given width.
//!
//! ```text
//! trace 01010101010101010101010101010101  3 spans  48.0 ms  1 error
//! POST /cart  shop                48.0 ms  ━━━━━━━━━━━━━━━━━━━━━━━━
//! ├─ SELECT carts                 17.0 ms   ━━━━━━━━
//! └─ price                        24.0 ms            ━━━━━━━━━━━━
//! ```

use std::fmt::Write;

use spangate_sdk::{SpanView, StatusCode};

use crate::tree::Branch;

pub const BOLD: &str = "1";
pub const DIM: &str = "2";
pub const RED: &str = "31";
pub const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Text that is drawn.
pub struct Page {
    pub text: String,
    pub width: usize,
    has_colors: bool,
}

impl Page {
    pub fn new(width: usize, has_colors: bool) -> Self {
        Self { text: String::new(), width, has_colors }
    }

    /// Writes `text` in a colour (a number of ECMA-48's "select graphic rendition"), cut to what is left of `room`
    /// columns.
    pub fn push(&mut self, color: &str, text: &str, room: &mut usize) {
        let (text, columns) = fit(text, *room);
        *room -= columns;
        // Writing to a String cannot fail.
        let _ = match self.has_colors && !color.is_empty() && columns > 0 {
            true => write!(self.text, "\u{1b}[{color}m{text}\u{1b}[0m"),
            false => write!(self.text, "{text}"),
        };
    }

    /// Ends a cell: blanks in what is left of it.
    pub fn pad(&mut self, room: usize) {
        self.text.extend(std::iter::repeat_n(' ', room));
    }

    pub fn push_trace(&mut self, branches: &[Branch<'_>], keys: &[String]) {
        let Some(first) = branches.first() else { return };
        let start = branches.iter().map(|branch| branch.span.start_time()).min().unwrap_or_default();
        let end = branches.iter().map(|branch| branch.span.end_time()).max().unwrap_or_default();
        let errors = branches.iter().filter(|branch| branch.span.status_code() == StatusCode::Error).count();
        let mut room = self.width;
        self.push(DIM, &format!("trace {}", first.span.trace_id()), &mut room);
        let spans = if branches.len() == 1 { "span" } else { "spans" };
        self.push("", &format!("  {} {spans}  {}", branches.len(), time(end.saturating_sub(start))), &mut room);
        if errors > 0 {
            self.push(RED, &format!("  {errors} {}", if errors == 1 { "error" } else { "errors" }), &mut room);
        }
        self.text.push('\n');
        for branch in branches {
            let caller = branch.parent.map(|parent| branches[parent].span);
            self.push_row(branch, caller, keys);
            self.push_bar(branch.span, start, end);
            self.push_message(branch);
        }
        self.text.push('\n');
    }

    /// Name, service if it is another than the caller's, the attributes asked for, and the duration.
    fn push_row(&mut self, branch: &Branch<'_>, caller: Option<SpanView<'_>>, keys: &[String]) {
        let span = branch.span;
        let mut room = self.width - bar_width(self.width) - 12;
        self.push(DIM, &branch.indent, &mut room);
        if caller.is_none() && span.parent_span_id().is_some() {
            self.push(DIM, "… ", &mut room);
        }
        let name_color = match span.status_code() {
            StatusCode::Error => RED,
            _ if caller.is_none() => BOLD,
            _ => "",
        };
        self.push(name_color, span.name(), &mut room);
        let service = span.resource().service_name();
        if caller.is_none_or(|caller| caller.resource().service_name() != service) {
            self.push(DIM, &format!("  {}", service.unwrap_or_default()), &mut room);
        }
        for (key, value) in keys.iter().filter_map(|key| Some((key, span.attribute(key)?))) {
            self.push(DIM, &format!("  {key}={value}"), &mut room);
        }
        self.pad(room);
        let _ = write!(self.text, " {:>9}  ", time(span.end_time().saturating_sub(span.start_time())));
    }

    /// When the span ran, in the time of its trace.
    fn push_bar(&mut self, span: SpanView<'_>, start: u64, end: u64) {
        let width = bar_width(self.width);
        let column = |time: u64| {
            let share = (time.clamp(start, end) - start) as f64 / (end - start).max(1) as f64;
            (share * width as f64) as usize
        };
        let from = column(span.start_time()).min(width - 1);
        let to = column(span.end_time()).max(from + 1);
        self.pad(from);
        let color = if span.status_code() == StatusCode::Error { RED } else { CYAN };
        self.push(color, &"━".repeat(to - from), &mut (width - from));
        self.text.push('\n');
    }

    fn push_message(&mut self, branch: &Branch<'_>) {
        if branch.span.status_message().is_empty() {
            return;
        }
        let mut room = self.width;
        let indent = branch.indent.replace("├─", "│ ").replace("└─", "  ");
        self.push(DIM, &indent, &mut room);
        self.push(RED, &format!("× {}", branch.span.status_message()), &mut room);
        self.text.push('\n');
    }
}

fn bar_width(width: usize) -> usize {
    width / 3
}

/// At most `room` characters of a text, its end replaced by an ellipsis if need be; and how many they are. Characters
/// that would move the cursor become blanks.
fn fit(text: &str, room: usize) -> (String, usize) {
    let mut fitted: String = text.chars().take(room).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut columns = fitted.chars().count();
    if columns < text.chars().count() && fitted.pop().is_some() {
        fitted.push('…');
        columns = room;
    }
    (fitted, columns)
}

/// Three digits and a unit.
pub fn time(nanos: u64) -> String {
    let (value, unit) = match nanos {
        0..1_000 => return format!("{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "µs"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

//! What a trial found, for the author.

use spangate::sandbox::{Description, HttpRequest};
use spangate_core::exporter::{ExportError, ExportOutcome};

use super::{
    examine::{Answered, Examined, Tried, case},
    finding::Finding,
    growth::Growth,
};
use crate::{
    paint::Paint,
    table::{PAGE, Table, shorten, size, thousands},
};

/// Bytes of a body that are shown.
const EXCERPT_BYTES: usize = 480;
/// Characters in a line of a body: 24 bytes in hexadecimal.
const BODY_WIDTH: usize = 72;
/// Characters of one header's value that are shown.
const VALUE_CHARACTERS: usize = 200;

/// What is told beside what was examined.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) component: &'a str,
    pub(super) said: &'a Description,
    /// Whether every request is shown.
    pub(super) has_all_requests: bool,
    /// What it said.
    pub(super) lines: &'a [String],
    /// Bytes it wrote to the terminal.
    pub(super) written: u64,
}

/// The report, in lines.
pub(super) fn render(subject: &Subject<'_>, examined: &Examined, paint: Paint) -> String {
    let said = subject.said;
    let signals: Vec<_> = said.signals.iter().map(|signal| signal.as_str()).collect();
    let mut text =
        format!("{}  {} {}, takes {}\n", paint.bold(subject.component), said.name, said.version, signals.join(", "));
    text += &section("Batches of every shape", paint);
    text += &shapes(&examined.shapes).render(PAGE, paint);
    text += &requests(&examined.shapes, subject.has_all_requests, paint);
    if !examined.answers.is_empty() {
        text += &section("What it makes of its backend's answers", paint);
        text += &answers(&examined.answers).render(PAGE, paint);
    }
    for (signal, growth) in &examined.growth {
        text += &section(&format!("{} batches of {signal}, one after the other", growth.batches), paint);
        text += &grown(growth);
    }
    text += &reads(said, examined);
    text += &spoken(subject, paint);
    text + &findings(&examined.findings, paint)
}

fn section(title: &str, paint: Paint) -> String {
    format!("\n{}\n\n", paint.bold(title))
}

fn shapes(tried: &[Tried]) -> Table {
    let mut table = Table::new(&["signal", "batch", "rows", "outcome", "requests", "body", "fuel/row"]);
    for tried in tried {
        let body: usize = tried.requests.iter().map(|request| request.body.len()).sum();
        table.row([
            tried.signal.to_string(),
            tried.shape.to_owned(),
            tried.rows.to_string(),
            case(&tried.outcome).to_owned(),
            tried.requests.len().to_string(),
            size(body as u64),
            tried.fuel.map_or("-".to_owned(), |fuel| thousands(fuel / u64::from(tried.rows.max(1)))),
        ]);
    }
    table
}

/// The first request of each kind, or all of them.
fn requests(tried: &[Tried], has_all: bool, paint: Paint) -> String {
    let kind = |request: &HttpRequest| {
        let path = request.url.split('?').next().unwrap_or_default().to_owned();
        (request.method.clone(), path, header(request, "content-type").map(str::to_owned))
    };
    let (mut seen, mut shown, mut total) = (Vec::new(), String::new(), 0);
    for (tried, request) in tried.iter().flat_map(|tried| tried.requests.iter().map(move |request| (tried, request))) {
        total += 1;
        if has_all || !seen.contains(&kind(request)) {
            seen.push(kind(request));
            shown += &format!("\n  {}\n", paint.dim(&format!("{}, {}", tried.signal, tried.shape)));
            shown += &one_request(request);
        }
    }
    let title = match (total, has_all || seen.len() == total) {
        (0, _) => return section("Requests: none", paint).trim_end().to_owned() + "\n",
        (_, true) => "Requests".to_owned(),
        (total, false) => format!("Requests: the first of each kind of {total} (--requests shows all)"),
    };
    section(&title, paint).trim_end().to_owned() + "\n" + &shown
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn one_request(request: &HttpRequest) -> String {
    let version = if request.http2 { " HTTP/2" } else { "" };
    let mut text = format!("    {} {}{version}\n", request.method.escape_debug(), request.url.escape_debug());
    for (name, value) in &request.headers {
        text += &format!("    {name}: {}\n", shorten(&value.escape_debug().to_string(), VALUE_CHARACTERS));
    }
    if request.body.is_empty() {
        return text + "    (no body)\n";
    }
    let (shown, is_cut) = excerpt(&request.body);
    let more = if is_cut { format!(" … of {}", size(request.body.len() as u64)) } else { String::new() };
    let characters: Vec<char> = shown.chars().chain(more.chars()).collect();
    let lines =
        characters.chunks(BODY_WIDTH).map(|line| format!("      {}\n", line.iter().collect::<String>().trim_end()));
    text + &lines.collect::<String>()
}

/// The start of a body as text, or in hexadecimal if it is none, and whether there is more of it.
fn excerpt(body: &[u8]) -> (String, bool) {
    let start = &body[..body.len().min(EXCERPT_BYTES)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => Some(text),
        // a character cut in two at the end is left out
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&start[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    if let Some(text) = text.filter(|text| !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace())) {
        return (text.chars().map(|c| if c == '\n' { "⏎".into() } else { told(c) }).collect(), text.len() < body.len());
    }
    let start = &start[..start.len().min(EXCERPT_BYTES / 4)];
    (start.iter().map(|byte| format!("{byte:02x} ")).collect(), start.len() < body.len())
}

/// A character that may be shown on a terminal.
fn told(character: char) -> String {
    if character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
        character.escape_unicode().to_string()
    } else {
        character.into()
    }
}

fn answers(answered: &[Answered]) -> Table {
    let mut table = Table::new(&["backend", "outcome", "wait", "is right"]);
    for answered in answered {
        let wait = match &answered.outcome {
            Ok(ExportOutcome::RetryAfter { delay, .. }) => {
                delay.map_or("the host's back-off".to_owned(), |delay| format!("{} s", delay.as_secs_f64()))
            }
            Err(ExportError::Unauthorized { .. }) => "until credentials are taken".to_owned(),
            _ => String::new(),
        };
        let is_right = match (&answered.outcome, answered.wrong) {
            (Err(ExportError::Fault(_)), _) | (_, Some(_)) => "no",
            _ => "yes",
        };
        table.row([answered.answer.told(), case(&answered.outcome).to_owned(), wait, is_right.to_owned()]);
    }
    table
}

fn grown(growth: &Growth) -> String {
    let at = |batch: usize| growth.memory.get(batch).copied().unwrap_or_default();
    let fuel = growth.fuel / growth.rows.max(1);
    format!(
        "  memory {} before the first, {} after {}, {} after {}\n  {} fuel per row\n",
        size(at(0)),
        size(at(growth.batches / 4)),
        growth.batches / 4,
        size(at(growth.batches)),
        growth.batches,
        thousands(fuel)
    )
}

fn reads(said: &Description, examined: &Examined) -> String {
    let declared = said.reads.len();
    format!("\n  reads {} views and columns, declares {declared}\n", examined.reads.len())
}

/// What it said and wrote, in short.
fn spoken(subject: &Subject<'_>, paint: Paint) -> String {
    let mut text = String::new();
    if subject.written > 0 {
        text += &format!("  wrote {} to the terminal\n", size(subject.written));
    }
    // what the host says about the exporter is told above
    let is_own =
        |line: &&String| !["compiling ", "stopped: ", "in quarantine"].iter().any(|start| line.starts_with(start));
    let own: Vec<&String> = subject.lines.iter().filter(is_own).collect();
    if let Some(last) = own.last() {
        let count = own.len();
        text += &format!("  said {count} log lines, the last: {}\n", paint.dim(&shorten(last, PAGE)));
    }
    text
}

fn findings(findings: &[Finding], paint: Paint) -> String {
    if findings.is_empty() {
        return format!("\n{}\n", paint.green("Nothing is wrong."));
    }
    let count = match findings.len() {
        1 => "1 thing is wrong".to_owned(),
        count => format!("{count} things are wrong"),
    };
    let mut text = format!("\n{}\n", paint.red(&count));
    for (number, finding) in (1..).zip(findings) {
        text += &format!("\n  {number}. {}\n", finding.what);
        if !finding.cases.is_empty() {
            text += &format!("     {} {}\n", paint.dim("when:"), finding.cases.join("; "));
        }
        text += &finding.details.iter().map(|detail| format!("     {detail}\n")).collect::<String>();
        text += &format!("     {} {}\n", paint.dim("to do:"), finding.remedy);
    }
    text
}

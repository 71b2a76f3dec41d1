//! Shapes of values: each takes a node and gives what it says, or reports what is wrong and gives nothing.

use std::{fmt::Display, net::SocketAddr, ops::RangeInclusive, path::PathBuf, time::Duration};

use toml::de::DeValue;

use super::{
    reader::{Node, Text},
    source::Complaint,
    suggest::{nearest, one_of},
    units::{UnitError, parse_bytes, parse_duration, show_bytes, show_duration},
};

/// `true` or `false`.
pub(super) fn boolean(node: &Node<'_>) -> Option<bool> {
    match node.value {
        DeValue::Boolean(flag) => Some(*flag),
        DeValue::String(_) => from_variable(node, "true or false", |text| text.parse().ok()),
        _ => {
            node.expect("true or false", "");
            None
        }
    }
}

/// A string, its variables put in. What they held is kept out of everything that is printed.
pub(super) fn string(node: &Node<'_>) -> Option<String> {
    let text = plain_text(node)?;
    let mut found = node.reader.found.borrow_mut();
    for (name, value) in &text.used {
        found.secrets.add(value, &format!("${{env:{name}}}"));
    }
    Some(text.value)
}

fn plain_text(node: &Node<'_>) -> Option<Text> {
    if !matches!(node.value, DeValue::String(_)) {
        node.expect("a string", "");
    }
    node.text()
}

/// A value that a variable holds: a string that has one in it and reads as `wanted`.
fn from_variable<T>(node: &Node<'_>, wanted: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let text = node.text()?;
    let parsed = if node.has_variable() { parse(text.value.trim()) } else { None };
    if parsed.is_none() {
        node.expect(wanted, "");
    }
    parsed
}

/// A whole number.
pub(super) fn integer<T>(range: RangeInclusive<T>) -> impl Fn(&Node<'_>) -> Option<T>
where
    T: Copy + Display + TryFrom<i128> + Into<Wide>,
{
    move |node| {
        let (low, high): (Wide, Wide) = ((*range.start()).into(), (*range.end()).into());
        let number = match node.value {
            DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX),
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                // `2e9` is how people write two thousand million
                Ok(float) if float.fract() == 0.0 && float.abs() <= 9e15 => float as i128,
                _ => {
                    node.expect("a whole number", "");
                    return None;
                }
            },
            DeValue::String(_) => from_variable(node, "a whole number", |text| text.parse().ok())?,
            _ => {
                node.expect("a whole number", "");
                return None;
            }
        };
        let fitting = T::try_from(number).ok().filter(|_| (low.0..=high.0).contains(&number));
        if fitting.is_none() {
            node.refuse(out_of_range(node, low.0, high.0));
        }
        fitting
    }
}

/// An integer that any of ours fits into.
pub(super) struct Wide(i128);

impl From<u32> for Wide {
    fn from(number: u32) -> Self {
        Self(number.into())
    }
}

impl From<u64> for Wide {
    fn from(number: u64) -> Self {
        Self(number.into())
    }
}

impl From<usize> for Wide {
    fn from(number: usize) -> Self {
        Self(i128::try_from(number).unwrap_or(i128::MAX))
    }
}

fn out_of_range(node: &Node<'_>, low: impl Display, high: impl Display) -> Complaint {
    Complaint::new(format!("{} is out of range", node.found())).allowed(format!("{low} to {high}"))
}

/// A number, fractions allowed.
pub(super) fn number(range: RangeInclusive<f64>) -> impl Fn(&Node<'_>) -> Option<f64> {
    move |node| {
        let number = match node.value {
            DeValue::Float(number) => number.as_str().parse().unwrap_or(f64::NAN),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(f64::NAN, |n| n as f64)
            }
            DeValue::String(_) => from_variable(node, "a number", |text| text.parse().ok())?,
            _ => {
                node.expect("a number", "");
                return None;
            }
        };
        let fitting = Some(number).filter(|number| range.contains(number));
        if fitting.is_none() {
            node.refuse(out_of_range(node, range.start(), range.end()));
        }
        fitting
    }
}

/// A duration such as `"10s"`.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Node<'_>) -> Option<Duration> {
    move |node| {
        if let DeValue::Integer(number) = node.value {
            let complaint = Complaint::new(format!("expected a duration, found {}", node.found()));
            node.refuse(complaint.help(format!("a bare number has no unit: write \"{number}s\" or \"{number}ms\"")));
            return None;
        }
        if !matches!(node.value, DeValue::String(_)) {
            node.expect("a duration", "\"10s\"");
            return None;
        }
        let text = node.text()?;
        let duration = parse_duration(&text.value).map_err(|error| refuse_unit(node, error)).ok()?;
        let fitting = Some(duration).filter(|duration| range.contains(duration));
        if fitting.is_none() {
            node.refuse(out_of_range(node, show_duration(*range.start()), show_duration(*range.end())));
        }
        fitting
    }
}

/// A size such as `"64MiB"`. Where the key's name says bytes, a bare number is one.
pub(super) fn bytes(range: RangeInclusive<u64>) -> impl Fn(&Node<'_>) -> Option<usize> {
    move |node| {
        let bytes = match node.value {
            DeValue::Integer(number) if node.key().ends_with("_bytes") => {
                u64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            DeValue::Integer(number) => {
                let complaint = Complaint::new(format!("expected a size, found {}", node.found()));
                node.refuse(
                    complaint.help(format!("a bare number has no unit: write \"{number}MiB\" or \"{number}B\"")),
                );
                return None;
            }
            DeValue::String(_) => {
                let text = node.text()?;
                Some(parse_bytes(&text.value).map_err(|error| refuse_unit(node, error)).ok()?)
            }
            _ => {
                node.expect("a size", "\"64MiB\"");
                return None;
            }
        };
        let fitting = bytes.filter(|bytes| range.contains(bytes)).and_then(|bytes| usize::try_from(bytes).ok());
        if fitting.is_none() {
            node.refuse(out_of_range(node, show_bytes(*range.start()), show_bytes(*range.end())));
        }
        fitting
    }
}

/// Unit errors quote the text, which may have come from a variable.
fn refuse_unit(node: &Node<'_>, error: UnitError) {
    let complaint = if node.has_variable() {
        Complaint::new(format!("{} is not a number with a unit", node.found()))
    } else {
        Complaint { help: error.help, ..Complaint::new(format!("{}: {}", node.found(), error.message)) }
    };
    node.refuse(complaint);
}

/// One of a few words.
pub(super) fn one_word<T: Copy>(words: &[(&'static str, T)]) -> impl Fn(&Node<'_>) -> Option<T> {
    move |node| {
        let text = plain_text(node)?;
        let word = words.iter().find(|(word, _)| *word == text.value);
        if word.is_none() {
            let names: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            let near = nearest(&text.value, names.iter().copied()).filter(|_| !node.has_variable());
            let help = near.map(|near| format!("did you mean \"{near}\"?"));
            let complaint = Complaint::new(format!("{} is not known here", node.found())).allowed(one_of(&names));
            node.refuse(Complaint { help, ..complaint });
        }
        word.map(|(_, value)| *value)
    }
}

/// A list, each element of the same shape. A wrong element is reported and left out.
pub(super) fn list<T>(
    of: &str,
    most: usize,
    shape: impl Fn(&Node<'_>) -> Option<T>,
) -> impl Fn(&Node<'_>) -> Option<Vec<T>> {
    move |node| {
        let elements = node.elements(of)?;
        if elements.len() > most {
            let message = format!("the list has {} elements", elements.len());
            node.refuse(Complaint::new(message).allowed(format!("up to {most}")));
            return None;
        }
        Some(elements.iter().filter_map(&shape).collect())
    }
}

/// An IP address and port.
pub(super) fn address(node: &Node<'_>) -> Option<SocketAddr> {
    let text = plain_text(node)?;
    if let Ok(address) = text.value.parse() {
        return Some(address);
    }
    let complaint =
        Complaint::new(format!("{} is not an address", node.found())).allowed("IP:PORT, as in 127.0.0.1:4318");
    let port =
        text.value.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).filter(|_| !node.has_variable());
    let guess = port.map(|port| format!("did you mean \"127.0.0.1:{port}\"? names are not looked up here"));
    node.refuse(Complaint { help: guess, ..complaint });
    None
}

/// A path, made absolute or relative to the working directory: it starts at the file's folder.
pub(super) fn path(node: &Node<'_>) -> Option<PathBuf> {
    let text = string(node)?;
    if text.is_empty() || text.contains('\0') {
        node.refuse(Complaint::new("the path is empty or has a zero byte in it"));
        return None;
    }
    let folder = node.reader.surroundings.file.parent().unwrap_or_else(|| "".as_ref());
    Some(folder.join(text))
}

/// The path of a file that exists.
pub(super) fn existing_file(node: &Node<'_>) -> Option<PathBuf> {
    let path = path(node)?;
    if (node.reader.surroundings.is_file)(&path) {
        return Some(path);
    }
    let complaint = Complaint::new(format!("{} is not a file that exists", node.found()));
    node.refuse(complaint.help("relative paths start at the folder of this file"));
    None
}

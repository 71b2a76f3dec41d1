//! `${env:NAME}` and `${env:NAME:-default}` in string values.
//!
//! Constraints: replaced after the file was parsed, so that a variable never becomes more than text inside one value;
//! not replaced again in what was put in; a missing variable is an error unless a default is given. `$${` stands for a
//! literal `${`. As in a shell, `:-` also answers for a variable that is empty.

/// A value with its variables replaced.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Substituted {
    pub(super) text: String,
    /// Name and value of each variable that was put in.
    pub(super) used: Vec<(String, String)>,
}

/// What is wrong with one `${...}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum VariableError {
    /// The variable is not set and there is no default.
    Missing(String),
    /// Something that cannot be replaced, and what to write.
    Malformed { message: String, help: String },
}

/// Replaces every variable of `raw`.
pub(super) fn substitute(raw: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Substituted, VariableError> {
    let mut done = Substituted::default();
    let mut rest = raw;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(escaped) = before.strip_suffix('$') {
            done.text += escaped;
            done.text += "${";
            rest = &from[2..];
            continue;
        }
        done.text += before;
        let Some(end) = from.find('}') else {
            return Err(malformed("`${` is never closed", "close it with `}`, or write `$${` for a literal `${`"));
        };
        let (name, default) = split_reference(&from[2..end])?;
        match (variable(name).filter(|value| default.is_none() || !value.is_empty()), default) {
            (Some(value), _) => {
                done.text += &value;
                done.used.push((name.to_owned(), value));
            }
            (None, Some(default)) => done.text += default,
            (None, None) => return Err(VariableError::Missing(name.to_owned())),
        }
        rest = &from[end + 1..];
    }
    done.text += rest;
    Ok(done)
}

/// The value of a variable of this process. What is not Unicode is as good as not set.
pub(crate) fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn split_reference(inside: &str) -> Result<(&str, Option<&str>), VariableError> {
    let Some(reference) = inside.strip_prefix("env:") else {
        let guess = if is_name(inside) { inside } else { "NAME" };
        return Err(malformed(
            "only variables of the environment can be put in",
            &format!("write `${{env:{guess}}}`, or `$${{` for a literal `${{`"),
        ));
    };
    let (name, default) = match reference.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (reference, None),
    };
    match is_name(name) {
        true => Ok((name, default)),
        false => Err(malformed(
            "this is not the name of a variable",
            "names are letters, digits and `_`; a default follows `:-`, as in `${env:NAME:-default}`",
        )),
    }
}

fn is_name(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts_well && text.len() <= 128 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn malformed(message: &str, help: &str) -> VariableError {
    VariableError::Malformed { message: message.to_owned(), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn try_it(raw: &str) -> Result<Substituted, VariableError> {
        substitute(raw, &|name| match name {
            "HOST" => Some("collector".into()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${env:HOST}".into()),
            _ => None,
        })
    }

    fn text(raw: &str) -> String {
        try_it(raw).expect("substituted").text
    }

    #[test]
    fn variables_and_defaults_are_put_in() {
        assert_eq!(text("http://${env:HOST}:${env:PORT:-4318}/x"), "http://collector:4318/x");
        assert_eq!(text("${env:EMPTY:-none}|${env:EMPTY}|${env:NOPE:-}"), "none||");
        assert_eq!(try_it("a ${env:HOST}").unwrap().used, [("HOST".to_owned(), "collector".to_owned())]);
    }

    #[test]
    fn what_was_put_in_is_not_read_again() {
        assert_eq!(text("${env:NESTED}"), "${env:HOST}");
    }

    #[test]
    fn a_doubled_dollar_is_literal() {
        assert_eq!(text("$${env:HOST} costs 5$ $$ {}"), "${env:HOST} costs 5$ $$ {}");
    }

    #[test]
    fn a_missing_variable_is_named() {
        assert_eq!(try_it("${env:NOPE}"), Err(VariableError::Missing("NOPE".into())));
    }

    #[test]
    fn other_references_are_refused_with_what_to_write() {
        for raw in ["${HOST}", "${file:/etc/passwd}", "${env:}", "${env:A B}", "${env:HOST", "${}", "${env:A:default}"]
        {
            assert!(matches!(try_it(raw), Err(VariableError::Malformed { .. })), "{raw}");
        }
        let Err(VariableError::Malformed { help, .. }) = try_it("${HOST}") else { panic!("refused") };
        assert_eq!(help, "write `${env:HOST}`, or `$${` for a literal `${`");
    }
}

//! `traceparent` and `tracestate`, against readers that follow the text of the specification. `baggage` is not read at all.

#[path = "../../../runtime/core/tests/context/oracle.rs"]
mod oracle;

/// Lines; those that begin with `p` are `traceparent` headers, the others `tracestate` headers.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (parents, states): (Vec<&str>, Vec<&str>) = text.split('\n').partition(|line| line.starts_with('p'));
    let parents: Vec<&str> = parents.into_iter().map(|line| &line[1..]).collect();
    oracle::compare(&parents, &states);
}

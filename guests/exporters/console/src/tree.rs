//! Which span is whose child.
//!
//! Spans come in any order and from anybody: parents may be missing, ids may repeat, and parents may go round in a circle.

use std::collections::BTreeMap;

use spangate_sdk::{Batch, SpanView};

/// Deeper branches are drawn at this depth: a chain of spans has no end, a line has.
const MAX_DEPTH: usize = 16;

/// A span and what is drawn before it.
pub struct Branch<'a> {
    pub span: SpanView<'a>,
    /// Place of the parent in the same list.
    pub parent: Option<usize>,
    pub indent: String,
}

/// The spans of each trace, in the order in which the traces start in the batch.
pub fn traces(batch: &Batch) -> Vec<Vec<SpanView<'_>>> {
    let mut places = BTreeMap::new();
    let mut traces: Vec<Vec<SpanView<'_>>> = Vec::new();
    for span in batch.spans() {
        let place = *places.entry(span.trace_id()).or_insert(traces.len());
        if place == traces.len() {
            traces.push(Vec::new());
        }
        traces[place].push(span);
    }
    traces
}

/// The spans of one trace, children after their parents, siblings by start.
pub fn grow(mut spans: Vec<SpanView<'_>>) -> Vec<Branch<'_>> {
    spans.sort_by_key(SpanView::start_time);
    let mut places = BTreeMap::new();
    for (place, span) in spans.iter().enumerate() {
        places.entry(span.span_id()).or_insert(place);
    }
    let mut children = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        match span.parent_span_id().and_then(|parent| places.get(&parent)) {
            Some(&parent) if parent != place => children[parent].push(place),
            _ => roots.push(place),
        }
    }
    // What no root leads to goes round in a circle: it is entered at its earliest span.
    let starts = roots.into_iter().chain(0..spans.len());
    let mut branches = Vec::with_capacity(spans.len());
    let mut is_drawn = vec![false; spans.len()];
    for start in starts {
        let mut waiting =
            vec![Waiting { place: start, parent: None, depth: 0, indent: String::new(), below: String::new() }];
        while let Some(next) = waiting.pop() {
            if std::mem::replace(&mut is_drawn[next.place], true) {
                continue;
            }
            let parent = Some(branches.len());
            branches.push(Branch { span: spans[next.place], parent: next.parent, indent: next.indent.clone() });
            let last = children[next.place].last().copied();
            waiting
                .extend(children[next.place].iter().rev().map(|&place| next.child(place, parent, Some(place) == last)));
        }
    }
    branches
}

struct Waiting {
    place: usize,
    parent: Option<usize>,
    depth: usize,
    /// What is drawn before it, and before what is below it.
    indent: String,
    below: String,
}

impl Waiting {
    fn child(&self, place: usize, parent: Option<usize>, is_last: bool) -> Self {
        let (corner, line) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let depth = self.depth + 1;
        let below = if depth < MAX_DEPTH { self.below.clone() + line } else { self.below.clone() };
        Self { place, parent, depth, indent: self.below.clone() + corner, below }
    }
}

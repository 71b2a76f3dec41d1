//! Spans as a text to compare with.

use std::collections::{HashMap, HashSet};

use super::records::SpanRecord;
use crate::{
    context::{SpanId, TraceId},
    span::Status,
};

/// Deeper levels are not indented any further.
const MAX_INDENT: usize = 64;

/// One line per span, children below their parent and indented by two spaces; siblings by their start, then in the order
/// they were recorded. What has no parent here is a root. Errors are told.
pub(super) fn tree(spans: &[SpanRecord]) -> String {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|at| spans[*at].start_time);
    let known: HashSet<_> = spans.iter().map(|span| (span.context.trace_id, span.context.span_id)).collect();
    let mut children: HashMap<_, Vec<usize>> = HashMap::new();
    for at in order.iter().rev() {
        children.entry(parent_of(&spans[*at])).or_default().push(*at);
    }
    let (mut text, mut is_drawn) = (String::new(), vec![false; spans.len()]);
    let roots = order.iter().filter(|at| !known.contains(&parent_of(&spans[**at])));
    // What is left over has a parent that is below itself: nobody's span, but not to be passed over.
    for root in roots.chain(&order) {
        let mut open = vec![(*root, 0)];
        while let Some((at, depth)) = open.pop() {
            if std::mem::replace(&mut is_drawn[at], true) {
                continue;
            }
            draw(&spans[at], depth, &mut text);
            let own = children.get(&(spans[at].context.trace_id, spans[at].context.span_id));
            open.extend(own.into_iter().flatten().map(|child| (*child, depth + 1)));
        }
    }
    text
}

fn parent_of(span: &SpanRecord) -> (TraceId, SpanId) {
    (span.context.trace_id, span.parent_span_id)
}

fn draw(span: &SpanRecord, depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth.min(MAX_INDENT)));
    text.push_str(&span.name);
    match &span.status {
        Status::Error { description } if description.is_empty() => text.push_str(" (error)"),
        Status::Error { description } => {
            text.push_str(" (error: ");
            text.push_str(description);
            text.push(')');
        }
        Status::Unset | Status::Ok => {}
    }
    text.push('\n');
}

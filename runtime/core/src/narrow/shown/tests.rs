use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::{
    attribute::{KeyValue, Value},
    batch::{BatchId, Origin},
    columns::{Column, ColumnSet, ColumnsBuilder, Owner, pair},
    narrow::{AttributeHash, DropRule, Pattern, Patterns},
    otlp::{self, ScanLimits},
    signal::Signal,
};

/// Counts what it is asked for: as often as a batch is made.
#[derive(Debug, Default)]
struct Counting(AtomicU32);

impl AttributeHash for Counting {
    fn hash(&self, _: &[u8]) -> [u8; 32] {
        self.0.fetch_add(1, Ordering::Relaxed);
        [0xab; 32]
    }
}

fn patterns(texts: &[&str]) -> Patterns {
    texts.iter().filter_map(|text| Pattern::parse(text)).collect()
}

fn narrowing() -> (Narrowing, Arc<Counting>) {
    let hashing = Arc::new(Counting::default());
    let narrowing = Narrowing {
        columns: ColumnSet::ALL,
        allow: None,
        deny: Patterns::default(),
        drop: Vec::new(),
        delete: Patterns::default(),
        hash: Patterns::default(),
        hashing: hashing.clone(),
    };
    (narrowing, hashing)
}

fn dropping(name: &str) -> Vec<DropRule> {
    vec![DropRule { name: Pattern::parse(name), ..DropRule::default() }]
}

/// Spans of these names, each with the attributes `user`, `card` and `route`, recorded or received.
fn batches(names: &[&str]) -> [Batch; 2] {
    let mut columns = ColumnsBuilder::default();
    for name in names {
        let name = columns.push_text(name);
        columns.spans.name.extend(name);
        columns.spans.trace_id.extend([1; 16]);
        columns.spans.span_id.extend([2; 8]);
        columns.spans.scope.push(0);
        for key in ["user", "card", "route"] {
            let value = Value::from(format!("{key}-value"));
            columns.push_attribute(Owner::Span, &KeyValue::new(key.to_owned(), value));
        }
        columns.end_attributes(Owner::Span);
    }
    columns.scopes.resource.push(0);
    columns.end_attributes(Owner::Scope);
    columns.resources.dropped_attributes.push(0);
    columns.end_attributes(Owner::Resource);
    let recorded = Batch::recorded(BatchId([7; 16]), Signal::Spans, columns.freeze(), [].into());
    let scanned = otlp::scan(Signal::Spans, recorded.otlp(), &ScanLimits::default()).expect("a request");
    let received = Batch::received(BatchId([7; 16]), Signal::Spans, scanned.request, [].into());
    [recorded, received]
}

fn names(batch: &Batch) -> Vec<&str> {
    let columns = batch.columns();
    (0..batch.len() as usize).map(|row| columns.text_at(pair(&columns.spans.name, row))).collect()
}

fn keys(batch: &Batch) -> Vec<String> {
    batch.columns().key_values(Owner::Span, 0).into_iter().map(|attribute| attribute.key.to_string()).collect()
}

#[test]
fn exporters_with_one_narrowing_share_one_batch_and_its_views_and_others_have_their_own() {
    let (narrowing, hashing) = narrowing();
    let narrowing = Arc::new(Narrowing { hash: patterns(&["user"]), ..narrowing });
    let other = Arc::new(Narrowing { deny: patterns(&["user"]), ..(*narrowing).clone() });
    for batch in batches(&["a", "b"]) {
        hashing.0.store(0, Ordering::Relaxed);
        let shown: Vec<_> = (0..5).map(|_| batch.clone().show(&narrowing)).collect();
        let first = shown[0].batch().expect("rows");
        assert!(shown.iter().all(|shown| Arc::ptr_eq(&shown.batch().expect("rows"), &first)));
        assert!(Arc::ptr_eq(&first.otlp_json(), &shown[4].batch().expect("rows").otlp_json()));
        assert_eq!(hashing.0.load(Ordering::Relaxed), 2, "once for each of two rows");
        let different = batch.show(&other).batch().expect("rows");
        assert!(!Arc::ptr_eq(&different, &first));
        assert_eq!((keys(&first).len(), keys(&different).len(), hashing.0.load(Ordering::Relaxed)), (3, 2, 2));
    }
}

#[test]
fn what_was_made_goes_with_the_last_who_has_it_and_is_made_again() {
    let (narrowing, hashing) = narrowing();
    let narrowing = Arc::new(Narrowing { hash: patterns(&["user"]), ..narrowing });
    let [batch, _] = batches(&["a"]);
    let shown = batch.show(&narrowing);
    let made = Arc::downgrade(&shown.batch().expect("rows"));
    drop(shown);
    assert_eq!(made.strong_count(), 0);
    batch.show(&narrowing);
    assert_eq!(hashing.0.load(Ordering::Relaxed), 2);
}

#[test]
fn columns_that_are_read_anyway_are_not_decoded_again() {
    let (narrowing, _) = narrowing();
    let narrowing = Arc::new(Narrowing { drop: dropping("b"), ..narrowing });
    let [_, received] = batches(&["a"]);
    let lent = received.lend();
    let text = lent.columns().text.clone();
    let shown = received.show(&narrowing).batch().expect("rows");
    assert!(Arc::ptr_eq(&shown.columns().text, &text));
}

#[test]
fn rows_that_are_dropped_are_gone_and_the_rest_has_the_form_it_came_in() {
    let (narrowing, _) = narrowing();
    let narrowing = Arc::new(Narrowing { drop: dropping("health*"), ..narrowing });
    for batch in batches(&["a", "health1", "b", "health2"]) {
        let shown = batch.show(&narrowing);
        let Rest::Rows(rest) = shown.rest() else { panic!("{:?}", shown.rest()) };
        let handed = shown.batch().expect("rows");
        assert_eq!((names(&rest), names(&handed)), (vec!["a", "b"], vec!["a", "b"]));
        assert_eq!((rest.id(), handed.id(), rest.whole()), (batch.select(&[0, 2]).id(), rest.id(), rest.id()));
        let is_received = |batch: &Batch| matches!(batch.origin(), Origin::Received(_));
        assert_eq!((is_received(&rest), is_received(&handed)), (is_received(&batch), is_received(&batch)));
        // Once more: nothing is dropped any more.
        assert!(matches!(rest.show(&narrowing).rest(), Rest::Everything));
    }
}

#[test]
fn a_piece_stays_a_piece_when_rows_of_it_are_dropped() {
    let (narrowing, _) = narrowing();
    let narrowing = Arc::new(Narrowing { drop: dropping("b"), ..narrowing });
    let [batch, _] = batches(&["a", "b", "c"]);
    let shown = batch.piece(0..2).show(&narrowing);
    assert_eq!(shown.batch().expect("rows").whole(), batch.id());
}

#[test]
fn a_batch_of_which_no_row_is_left_is_shown_to_nobody() {
    let (narrowing, _) = narrowing();
    let narrowing = Arc::new(Narrowing { drop: dropping("*"), deny: patterns(&["user"]), ..narrowing });
    for batch in batches(&["a", "b"]) {
        let shown = batch.show(&narrowing);
        assert!(matches!(shown.rest(), Rest::Nothing) && shown.batch().is_none());
    }
}

#[test]
fn what_is_not_granted_is_in_no_arena_and_no_view() {
    let (narrowing, _) = narrowing();
    let deny = patterns(&["card"]);
    let columns = ColumnSet::ALL.without(Column::Name);
    let narrowing = Arc::new(Narrowing { deny, columns, delete: patterns(&["us*"]), ..narrowing });
    for batch in batches(&["secret-name", "b"]) {
        let shown = batch.show(&narrowing);
        let handed = shown.batch().expect("rows");
        assert_eq!(shown.changes(), Changes { not_granted: 2, deleted: 2, hashed: 0 });
        assert_eq!((keys(&handed), names(&handed)), (vec!["route".to_owned()], vec!["", ""]));
        let text = handed.columns().text.as_str().to_owned();
        let otlp = String::from_utf8_lossy(&handed.otlp()).into_owned();
        for (view, content) in [("text", text), ("otlp", otlp), ("json", handed.otlp_json().to_string())] {
            assert!(content.contains("route-value"), "{view}: {content}");
            for secret in ["card", "user", "secret-name"] {
                assert!(!content.contains(secret), "{secret} is in {view}: {content}");
            }
        }
        // Whoever has the handed batch cannot get at the whole.
        assert!(matches!(handed.origin(), Origin::Recorded(columns) if !columns.text.contains("card")));
        assert_eq!(names(&batch), ["secret-name", "b"]);
    }
}

#[test]
fn deleting_goes_before_granting_and_granting_before_hashing() {
    let (narrowing, hashing) = narrowing();
    let (allow, hash) = (Some(patterns(&["card", "user"])), patterns(&["*"]));
    let narrowing = Arc::new(Narrowing { delete: patterns(&["card"]), allow, hash, ..narrowing });
    let [batch, _] = batches(&["a"]);
    let shown = batch.show(&narrowing);
    assert_eq!(shown.changes(), Changes { not_granted: 1, deleted: 1, hashed: 1 });
    let attributes = shown.batch().expect("rows").columns().key_values(Owner::Span, 0);
    assert_eq!(attributes, [KeyValue::new("user".to_owned(), Value::from("ab".repeat(32)))]);
    assert_eq!(hashing.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_narrowing_that_leaves_everything_hands_out_the_batch_as_it_is_lent() {
    let (narrowing, _) = narrowing();
    let narrowing = Arc::new(narrowing);
    for batch in batches(&["a"]) {
        let (lent, shown) = (batch.lend(), batch.show(&narrowing));
        assert!(Arc::ptr_eq(&lent.otlp_json(), &shown.batch().expect("rows").otlp_json()));
        assert!(matches!(shown.rest(), Rest::Everything));
    }
}

//! Fills the holes of `exporter.wat`. Included by the end-to-end tests too.

const TEMPLATE: &str = include_str!("exporter.wat");

/// The component's text with `filling` asked for each hole; where it answers nothing the default stays.
pub(super) fn fill<'a>(mut filling: impl FnMut(&str) -> &'a str) -> String {
    let mut text = String::with_capacity(2 * TEMPLATE.len());
    let mut rest = TEMPLATE;
    while let Some((before, hole)) = rest.split_once('<') {
        let (hole, after) = hole.split_once('>').expect("every hole ends");
        let (name, default) = hole.split_once('=').expect("every hole has a name and a default");
        let filling = filling(name);
        text.extend([before, if filling.is_empty() { default } else { filling }]);
        rest = after;
    }
    text + rest
}

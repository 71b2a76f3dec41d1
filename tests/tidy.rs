//! The house rules as tests, so that nobody has to remember them and no review has to repeat them.
//!
//! Constraints: source text is all that is looked at (no compiler, no network, no git); a rule names file and line of
//! what breaks it; each rule is shown to find what it looks for, so that none can pass by being blind.

#[path = "tidy/evidence.rs"]
mod evidence;
#[path = "tidy/frozen.rs"]
mod frozen;
#[path = "tidy/inputs.rs"]
mod inputs;
#[path = "tidy/names.rs"]
mod names;
#[path = "tidy/purity.rs"]
mod purity;
#[path = "tidy/ranks.rs"]
mod ranks;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;
#[path = "tidy/zoo.rs"]
mod zoo;

/// Fails with one line per violation.
fn assert_none(rule: &str, violations: &[String]) {
    assert!(violations.is_empty(), "{rule}:\n  {}", violations.join("\n  "));
}

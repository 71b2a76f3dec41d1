use crate::process::output;

#[test]
fn the_demo_ends_with_every_span_accounted_for() {
    let said = output(&["demo"]);
    assert_eq!(said.code, Some(0), "{}\n{}", said.stdout, said.stderr);
    assert!(said.stdout.contains("out_of_fuel") && said.stdout.contains("trapped"), "{}", said.stdout);
}

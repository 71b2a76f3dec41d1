//! What the circuit remembers, what it forgets, and what its pauses are, each at its edge.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn whole(number: u8) -> Call {
    Call { batch: BatchId([number; 16]), is_part: false, is_probe: false }
}

fn part(number: u8) -> Call {
    Call { is_part: true, ..whole(number) }
}

/// Has an open circuit probe, and the probe return.
fn close(circuit: &mut Circuit) {
    let probe = Call { is_probe: circuit.begin(), ..whole(99) };
    assert!(circuit.pass(probe, true), "{:?}", circuit.standing());
}

#[test]
fn a_fault_is_forgotten_when_ten_later_batches_are_known() {
    for (later, blamed) in [(5, true), (6, false)] {
        let mut circuit = Circuit::default();
        for number in 0..4 {
            circuit.fault(whole(number), SECOND, 0.0);
            circuit.pass(part(number), true);
        }
        for number in 0..later {
            circuit.pass(whole(100 + number), true);
        }
        circuit.fault(whole(50), SECOND, 0.0);
        assert_eq!(circuit.is_exporter_blamed(), blamed, "{later} batches that passed in between");
    }
}

#[test]
fn a_part_that_gets_through_does_not_speak_for_its_batch() {
    let mut circuit = Circuit::default();
    circuit.fault(whole(1), SECOND, 0.0);
    circuit.pass(part(1), true);
    assert_eq!((circuit.batches_faulted(), circuit.faults_in_a_row()), (1, 0));
    circuit.pass(whole(1), true);
    assert_eq!(circuit.batches_faulted(), 0);
}

#[test]
fn batches_that_fault_with_others_in_between_speak_against_the_data_up_to_the_fourth() {
    let mut circuit = Circuit::default();
    for number in 0..5 {
        circuit.fault(whole(number), SECOND, 0.0);
        let (faulted, is_suspected) = (number < 4, circuit.is_data_suspected(&Suspicion::NONE));
        assert_eq!(is_suspected, faulted, "batch {number}");
        if faulted {
            circuit.pass(whole(100), true);
        }
    }
    // However few have faulted since a call last returned.
    circuit.pass(part(100), true);
    assert!(circuit.is_exporter_blamed() && !circuit.is_data_suspected(&Suspicion::NONE));
}

#[test]
fn what_is_resolved_speaks_no_longer_against_the_exporter() {
    let mut circuit = Circuit::default();
    for number in 0..4 {
        circuit.fault(whole(number), SECOND, 0.0);
    }
    assert!(!circuit.is_data_suspected(&Suspicion::NONE), "four in a row");
    circuit.resolve(BatchId([2; 16]));
    assert_eq!(circuit.batches_faulted(), 3);
    assert!(circuit.is_data_suspected(&Suspicion::NONE), "three are left of the run");
}

#[test]
fn only_rows_that_came_to_an_end_prove_that_the_exporter_works() {
    let mut circuit = Circuit::default();
    circuit.fault(whole(1), SECOND, 0.0);
    let (suspicion, _) = Suspicion::NONE.after_fault(1, &circuit);
    circuit.pass(whole(2), false);
    assert!(!circuit.is_proven(&suspicion));
    circuit.pass(whole(2), true);
    assert!(circuit.is_proven(&suspicion));
}

#[test]
fn a_fault_of_a_call_that_was_begun_before_the_circuit_opened_makes_no_pause_longer() {
    let mut circuit = Circuit::default();
    let opened: Vec<_> = (0..6).filter_map(|_| circuit.fault(whole(1), SECOND, 0.0)).collect();
    assert_eq!((opened, circuit.standing()), (vec![SECOND], Standing::Open { until: 2 * SECOND }));
}

#[test]
fn a_circuit_that_closes_begins_anew() {
    let mut circuit = Circuit::default();
    for number in 0..5 {
        circuit.fault(whole(number), SECOND, 0.0);
    }
    let probe = Call { is_probe: circuit.begin(), ..whole(9) };
    assert_eq!(circuit.fault(probe, SECOND, 0.0), Some(2 * SECOND));
    close(&mut circuit);
    assert_eq!((circuit.batches_faulted(), circuit.is_exporter_blamed()), (0, false));
    let opened: Vec<_> = (0..4).filter_map(|_| circuit.fault(whole(1), SECOND, 0.0)).collect();
    assert_eq!(opened, [SECOND], "the first pause is short again");
}

#[test]
fn chance_makes_no_pause_longer_than_the_longest() {
    let mut circuit = Circuit::default();
    let mut lengths = Vec::new();
    while lengths.len() < 9 {
        let call = Call { is_probe: circuit.begin(), ..whole(1) };
        lengths.extend(circuit.fault(call, SECOND, 1.0).map(|length| length.as_millis()));
    }
    assert_eq!(lengths, [1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 60_000, 60_000, 60_000]);
}

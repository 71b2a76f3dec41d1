//! An axis: from values to shares of its length, and where it has lines.

/// A line across the panel, and what stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    /// Nothing stands there if it is empty.
    pub(crate) label: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Logarithmic,
}

/// From its lowest to its highest value.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    pub(crate) ticks: Vec<Tick>,
    /// What is counted, and in what.
    pub(crate) label: String,
}

impl Axis {
    /// As long as from its first tick to its last, each as far from the next as the values are.
    pub(crate) fn linear(label: &str, ticks: Vec<Tick>) -> Self {
        Self::of(Scale::Linear, label, ticks)
    }

    /// As long as from its first tick to its last, which are more than zero, each as far from the next as they are times
    /// each other.
    pub(crate) fn logarithmic(label: &str, ticks: Vec<Tick>) -> Self {
        Self::of(Scale::Logarithmic, label, ticks)
    }

    fn of(scale: Scale, label: &str, ticks: Vec<Tick>) -> Self {
        let (low, high) = (ticks.first().map_or(0.0, |tick| tick.at), ticks.last().map_or(1.0, |tick| tick.at));
        Self { scale, low, high, ticks, label: label.to_owned() }
    }

    /// From zero to beyond every value, with a tick at every round number.
    pub(crate) fn from_zero(label: &str, values: impl Iterator<Item = f64>, tell: fn(f64) -> String) -> Self {
        const TICKS: f64 = 5.0;
        let most = values.fold(0.0, f64::max).max(1e-9);
        let step = round_up(most / TICKS);
        let ticks = (0..=(most / step).ceil() as u32).map(|number| step * f64::from(number));
        Self::linear(label, ticks.map(|at| Tick { at, label: tell(at) }).collect())
    }

    /// Around all values, which are more than zero, with a tick at 1, 2 and 5 times every power of ten; only the powers if
    /// there are many.
    pub(crate) fn around(label: &str, values: impl Iterator<Item = f64>, tell: fn(f64) -> String) -> Self {
        const DECADES_WITH_ALL: f64 = 2.5;
        let (least, most) =
            values.fold((f64::INFINITY, 1e-9), |(least, most): (f64, f64), value| (least.min(value), most.max(value)));
        let (low, high) = (round_down(least.clamp(1e-9, most)), round_up(most));
        let has_all = (high / low).log10() <= DECADES_WITH_ALL;
        let mut ticks = vec![low];
        while ticks.last().is_some_and(|last| *last < high * 0.999) {
            ticks.push(round_up(ticks[ticks.len() - 1] * 1.001));
        }
        let is_told = |at: f64| has_all || (at.log10() - at.log10().round()).abs() < 1e-6;
        let tick = |at: f64| Tick { at, label: if is_told(at) { tell(at) } else { String::new() } };
        Self::logarithmic(label, ticks.into_iter().map(tick).collect())
    }

    /// How far along the axis a value lies: 0 at its beginning, 1 at its end.
    pub(crate) fn share(&self, value: f64) -> f64 {
        match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic => (value.max(1e-9) / self.low).log10() / (self.high / self.low).log10(),
        }
    }
}

/// The next of 1, 2 and 5 times a power of ten that is not less.
fn round_up(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let found = [1.0, 2.0, 5.0].into_iter().find(|times| times * power >= value * 0.999_999);
    found.unwrap_or(10.0) * power
}

/// The next of 1, 2 and 5 times a power of ten that is not more.
fn round_down(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    let found = [5.0, 2.0].into_iter().find(|times| times * power <= value * 1.000_001);
    found.unwrap_or(1.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(axis: &Axis) -> Vec<f64> {
        axis.ticks.iter().map(|tick| (tick.at * 1e6).round() / 1e6).collect()
    }

    fn whole(value: f64) -> String {
        format!("{value:.0}")
    }

    #[test]
    fn an_axis_around_values_begins_and_ends_at_round_numbers() {
        let axis = Axis::around("ns", [130.0, 900.0, 4_100.0].into_iter(), whole);
        assert_eq!(ticks(&axis), [100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0]);
        assert!(axis.share(100.0).abs() < 1e-9 && (axis.share(5_000.0) - 1.0).abs() < 1e-9);
        assert_eq!(ticks(&Axis::around("ns", [1.0, 10.0].into_iter(), whole)), [1.0, 2.0, 5.0, 10.0]);
    }

    #[test]
    fn of_many_decades_only_powers_of_ten_are_told() {
        let axis = Axis::around("ns", [3.0, 70_000.0].into_iter(), whole);
        let told: Vec<_> = axis.ticks.iter().map(|tick| &*tick.label).filter(|label| !label.is_empty()).collect();
        assert_eq!(told, ["10", "100", "1000", "10000", "100000"]);
    }

    #[test]
    fn an_axis_from_zero_holds_the_largest_value() {
        let axis = Axis::from_zero("ns", [12.0, 873.0].into_iter(), whole);
        assert_eq!(ticks(&axis), [0.0, 200.0, 400.0, 600.0, 800.0, 1_000.0]);
        assert!((axis.share(500.0) - 0.5).abs() < 1e-9);
    }
}

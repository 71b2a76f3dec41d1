//! What is measured: groups of cases, each of which yields one or more figures.

/// Cases that are compared with each other, measured in turn.
pub(crate) struct Group {
    /// What is measured, and of whom.
    pub(crate) title: &'static str,
    /// In the order of the table.
    pub(crate) cases: Vec<Case>,
}

/// One thing to do over and over.
pub(crate) struct Case {
    /// What a run yields, in this order.
    pub(crate) figures: Vec<Figure>,
    run: Run,
}

/// Does the thing so many times and answers one number per figure.
type Run = Box<dyn FnMut(u32) -> anyhow::Result<Vec<f64>>>;

/// One number of a case.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    /// What it says, in a few words.
    pub(crate) name: String,
    /// What it is counted in.
    pub(crate) unit: &'static str,
    /// Whether the other figures of the group in the same unit are told as multiples of this one.
    pub(crate) is_base: bool,
    /// What the project wants, as it is told: `<= 0.35x`.
    pub(crate) target: &'static str,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str) -> Self {
        Self { name: name.into(), unit, is_base: false, target: "" }
    }

    /// The one that others are told as multiples of.
    pub(crate) fn base(self) -> Self {
        Self { is_base: true, ..self }
    }

    pub(crate) fn target(self, target: &'static str) -> Self {
        Self { target, ..self }
    }
}

impl Case {
    /// A case of one figure.
    pub(crate) fn one(figure: Figure, mut run: impl FnMut(u32) -> anyhow::Result<f64> + 'static) -> Self {
        Self::many([figure], move |times| run(times).map(|value| vec![value]))
    }

    /// A case of several figures.
    pub(crate) fn many(
        figures: impl IntoIterator<Item = Figure>,
        run: impl FnMut(u32) -> anyhow::Result<Vec<f64>> + 'static,
    ) -> Self {
        Self { figures: figures.into_iter().collect(), run: Box::new(run) }
    }

    /// Runs it `times` times.
    ///
    /// # Errors
    /// If it fails, or yields another number of figures than it has.
    pub(crate) fn run(&mut self, times: u32) -> anyhow::Result<Vec<f64>> {
        let values = (self.run)(times)?;
        anyhow::ensure!(
            values.len() == self.figures.len(),
            "{} values for {} figures",
            values.len(),
            self.figures.len()
        );
        Ok(values)
    }
}

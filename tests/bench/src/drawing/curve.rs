//! A curve, and how it is told from others.

/// What a curve looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stroke {
    /// Of the document's style; none is ordinary.
    pub(crate) class: &'static str,
    /// None: as the class says.
    pub(crate) colour: Option<&'static str>,
}

/// Colours in the order in which they are given.
const COLOURS: [&str; 7] = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#8c8c8c", "#d55e00"];

impl Stroke {
    /// One of several colours; none from the eighth on.
    pub(crate) fn colour(number: usize) -> Self {
        Self { class: "", colour: COLOURS.get(number).copied() }
    }

    /// One that the document's style knows: `none`, `again`, `ideal`.
    pub(crate) fn class(class: &'static str) -> Self {
        Self { class, colour: None }
    }

    /// As attributes of a path.
    pub(super) fn attributes(self) -> String {
        let class = if self.class.is_empty() { String::new() } else { format!(" {}", self.class) };
        let colour = self.colour.map(|colour| format!(" stroke=\"{colour}\"")).unwrap_or_default();
        format!("class=\"curve{class}\"{colour}")
    }
}

/// Points that are joined.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    pub(crate) stroke: Stroke,
    /// Whether each point has a mark.
    pub(crate) has_marks: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

//! Pictures of what was measured: panels with axes and curves, SVG written by hand.
//!
//! Constraints: no program but this one is needed to draw; a document carries its own background, one for light
//! surroundings and one for dark ones, and no variables, which not every program that draws knows; the colours are those of
//! Okabe and Ito, which people tell apart who do not see all colours.

mod axis;
mod curve;
mod document;
mod legend;
mod panel;

pub(crate) use self::{
    axis::{Axis, Tick},
    curve::{Curve, Stroke},
    document::document,
    legend::{LEGEND_LINE, legend},
    panel::{MARGINS, Panel},
};

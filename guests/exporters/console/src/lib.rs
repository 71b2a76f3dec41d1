//! Draws each trace of a batch as a tree with timings, and events one per line, for people to read.

mod draw;
mod events;
mod tree;

use serde::Deserialize;
use spangate_sdk::{Batch, Description, Exporter, Outcome, SettingError, columns, terminal};

/// `[settings]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Columns to draw in, 40 to 400. Default: the terminal's width, or 100.
    width: Option<u32>,
    /// Whether to use colours. Default: if the terminal wants them.
    colors: Option<bool>,
    /// Keys of attributes to show behind a span's name.
    #[serde(default)]
    attributes: Vec<String>,
}

/// The exporter.
pub struct Console(Settings);

impl Exporter for Console {
    type Settings = Settings;

    fn describe() -> Description {
        Description::spans().and_events(["*"]).reads(columns::of_spans()).reads(columns::of_events())
    }

    fn configure(settings: Settings) -> Result<Self, Vec<SettingError>> {
        match settings.width {
            Some(width) if !(40..=400).contains(&width) => {
                Err(SettingError::at("width", format!("{width} is not between 40 and 400")).into())
            }
            _ => Ok(Self(settings)),
        }
    }

    fn export_spans(&mut self, batch: &Batch) -> Outcome {
        let mut page = self.page();
        for spans in tree::traces(batch) {
            page.push_trace(&tree::grow(spans), &self.0.attributes);
        }
        terminal::write(&page.text);
        Outcome::Accepted
    }

    fn export_events(&mut self, batch: &Batch) -> Outcome {
        let mut page = self.page();
        batch.events().for_each(|event| events::push_event(&mut page, event));
        terminal::write(&page.text);
        Outcome::Accepted
    }
}

impl Console {
    fn page(&self) -> draw::Page {
        let width = self.0.width.or_else(terminal::width).unwrap_or(100).clamp(40, 400);
        draw::Page::new(width as usize, self.0.colors.unwrap_or_else(terminal::colors))
    }
}

spangate_sdk::export!(Console);

#[cfg(test)]
mod tests;

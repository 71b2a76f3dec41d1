//! A whole picture.

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:13px}\
    .faint{fill:#59636e}.back{fill:#ffffff}.rule{stroke:#d1d9e0;stroke-width:1}\
    .curve{fill:none;stroke-width:1.6;stroke-linejoin:round}\
    .none{stroke:#1f2328;stroke-width:3.2}.again{stroke:#1f2328;stroke-dasharray:2 3}\
    .ideal{stroke:#59636e;stroke-dasharray:5 4}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.faint{fill:#9198a1}.back{fill:#0d1117}\
    .rule{stroke:#3d444d}.none,.again{stroke:#f0f6fc}.ideal{stroke:#9198a1}}";

/// A document of its own, so many pixels wide and high.
pub(crate) fn document((width, height): (f64, f64), title: &str, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n{body}</svg>\n"
    )
}

//! Names of interfaces, as in `spangate:exporter/lifecycle@0.1.0`.

/// A name in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct InterfaceName<'a> {
    /// `spangate:exporter`
    pub(in super::super) package: &'a str,
    /// `lifecycle`
    pub(in super::super) interface: &'a str,
    /// `(0, 1, 0)`
    pub(in super::super) version: (u64, u64, u64),
}

impl<'a> InterfaceName<'a> {
    /// The parts of `name`; none if it is no interface of a versioned package. A pre-release tag is ignored.
    pub(in super::super) fn parse(name: &'a str) -> Option<Self> {
        let (path, version) = name.split_once('@')?;
        let (package, interface) = path.split_once('/')?;
        let version = version.split(['-', '+']).next()?;
        let mut numbers = version.split('.').map(|number| number.parse().ok());
        let version = (numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(Self { package, interface, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_four_parts() {
        let name = InterfaceName::parse("spangate:exporter/lifecycle@0.1.2").unwrap();
        assert_eq!((name.package, name.interface, name.version), ("spangate:exporter", "lifecycle", (0, 1, 2)));
        assert_eq!(InterfaceName::parse("a:b/c@1.0.0-rc.1+x").unwrap().version, (1, 0, 0));
    }

    #[test]
    fn other_names_are_none() {
        for name in ["", "run", "a:b/c", "a:b@0.1.0", "a:b/c@1", "a:b/c@1.2", "a:b/c@1.2.3.4", "a:b/c@x.y.z"] {
            assert_eq!(InterfaceName::parse(name), None, "{name}");
        }
    }
}

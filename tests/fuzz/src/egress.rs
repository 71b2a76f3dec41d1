//! The egress policy over URLs and the addresses that names resolve to, against tables of what is reachable.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use spangate::fuzzing::egress::Policy;

use crate::reachable::{Class, class_of, contains};

const SCHEMES: [&str; 2] = ["http", "https"];
const HOSTS: [&str; 8] =
    ["c.example", "api.c.example", "localhost", "10.0.0.1", "127.0.0.1", "[::1]", "[fd00::1]", "8.8.8.8"];
const PORTS: [Option<u16>; 5] = [None, Some(80), Some(443), Some(4318), Some(65535)];
const PATHS: [&str; 5] = ["", "/", "/v1", "/v1/traces/", "/a%20b"];
const CIDRS: [&str; 7] =
    ["10.0.0.0/8", "10.1.2.3/32", "127.0.0.0/8", "169.254.0.0/16", "fd00::/8", "::ffff:0:0/96", "100.64.0.0/10"];
const PROXIES: [&str; 3] = ["http://proxy.example:3128", "http://10.9.9.9", "http://localhost:1"];
const NAMES: [&str; 7] =
    ["c.example", "localhost", "LOCALHOST.", "a.localhost", "proxy.example", "PROXY.example", "notlocalhost"];
/// What URLs are put together of, and parsers disagree about.
const PIECES: [&str; 32] = [
    "http://",
    "https://",
    "c.example",
    "api.c.example",
    "localhost",
    "10.0.0.1",
    "127.1",
    "0x7f.1",
    "2852039166",
    "[::1]",
    "[::ffff:a9fe:a9fe]",
    ":80",
    ":443",
    ":4318",
    ":",
    "@",
    "/",
    "\\",
    "//",
    "?",
    "#",
    "..",
    "/./",
    "%2e%2e",
    "%2f",
    "%252e",
    "/v1",
    "/v1/traces",
    "/a b",
    "．",
    "\t",
    "user:pw@",
];

/// An entry of the allow-list.
struct Entry {
    scheme: &'static str,
    host: &'static str,
    port: Option<u16>,
    path: &'static str,
}

impl Entry {
    fn text(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}{}", self.scheme, self.host, self.path)
    }

    /// As a URL that is used spells it.
    fn origin(&self) -> String {
        let default = if self.scheme == "http" { 80 } else { 443 };
        let port = self.port.filter(|port| *port != default).map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

/// An allow-list, a URL, and what a name resolves to.
pub fn check(data: &[u8]) {
    // If the bytes are used up the rest is not looked at.
    let _ = check_all(&mut Unstructured::new(data));
}

fn check_all(data: &mut Unstructured<'_>) -> Result<()> {
    let mut entries = Vec::new();
    for _ in 0..data.int_in_range(0..=3)? {
        let (scheme, host) = (*data.choose(&SCHEMES)?, *data.choose(&HOSTS)?);
        entries.push(Entry { scheme, host, port: *data.choose(&PORTS)?, path: data.choose(&PATHS)? });
    }
    let allow: Vec<String> = entries.iter().map(Entry::text).collect();
    let cidrs: Vec<String> =
        CIDRS.iter().filter(|_| data.ratio(1, 4).unwrap_or(false)).map(|it| (*it).into()).collect();
    let proxy = if data.ratio(1, 8)? { Some(*data.choose(&PROXIES)?) } else { None };
    let policy = Policy::new(&allow, &cidrs, proxy).expect("nothing in it is forbidden");
    for entry in &entries {
        let used = policy.judge_url(&entry.text()).expect("an entry allows itself");
        assert!(used.starts_with(&entry.origin()), "{used}");
    }
    let name = *data.choose(&NAMES)?;
    for _ in 0..4 {
        let address = address(data)?;
        let expected = is_reachable(name, address, &cidrs, proxy);
        assert_eq!(policy.is_permitted(name, address), expected, "{name} at {address} with {cidrs:?} {proxy:?}");
    }
    let url = if data.ratio(1, 4)? {
        String::from_utf8_lossy(data.bytes(data.len())?).into_owned()
    } else {
        (0..data.int_in_range(1..=12)?).map(|_| data.choose(&PIECES).copied()).collect::<Result<String>>()?
    };
    if let Ok(used) = policy.judge_url(&url) {
        assert!(entries.iter().any(|entry| covers(entry, &used)), "{url:?} became {used:?}, allowed are {allow:?}");
        assert!(url.len() <= 8 << 10 && used.is_ascii());
    }
    Ok(())
}

/// Whether a URL in its normal form is one that the entry means: its origin, then its path up to a slash, and nothing that a
/// server could read as a way out.
fn covers(entry: &Entry, used: &str) -> bool {
    let Some(rest) = used.strip_prefix(&entry.origin()) else { return false };
    let path = rest.split('?').next().unwrap_or_default();
    let prefix = entry.path.trim_end_matches('/');
    let Some(rest) = path.strip_prefix(prefix).filter(|_| path.starts_with('/') && !used.contains('#')) else {
        return false;
    };
    let lower = rest.to_lowercase();
    let is_under = rest.is_empty() || rest.starts_with('/');
    let leads_out = lower.split('/').any(|segment| segment == "..") || lower.contains("%2e") || lower.contains("%2f");
    is_under && (prefix.is_empty() || !leads_out && !lower.contains(['\\', ' ']))
}

/// Any address; often one that is wrapped, or at the edge of a range.
fn address(data: &mut Unstructured<'_>) -> Result<IpAddr> {
    let mut bits: u32 = data.arbitrary()?;
    if data.arbitrary()? {
        let net = *data.choose(&crate::reachable::V4)?;
        let (first, length) = net.0.split_once('/').expect("a network");
        let first = u32::from(first.parse::<Ipv4Addr>().expect("an address"));
        let host = u32::MAX.checked_shr(length.parse().expect("a length")).unwrap_or(0);
        bits = match data.int_in_range(0..=3)? {
            0 => first,
            1 => first | host,
            2 => first.wrapping_sub(1),
            _ => (first | host).wrapping_add(1),
        };
    }
    let v4 = Ipv4Addr::from(bits);
    let [high, low] = [(bits >> 16) as u16, bits as u16];
    Ok(match data.int_in_range(0..=9)? {
        0..=2 => IpAddr::V4(v4),
        3 => v4.to_ipv6_mapped().into(),
        4 => Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low).into(),
        5 => Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into(),
        6 => Ipv6Addr::new(0x64, 0xff9b, 1, data.arbitrary()?, 0, 0, high, low).into(),
        7 => Ipv6Addr::new(0x2002, high, low, data.arbitrary()?, 0, 0, 0, 1).into(),
        8 => Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low).into(),
        _ => Ipv6Addr::from(data.arbitrary::<u128>()?).into(),
    })
}

fn is_reachable(name: &str, address: IpAddr, cidrs: &[String], proxy: Option<&str>) -> bool {
    let name = name.to_lowercase();
    let is_localhost = ["localhost", "localhost.", "a.localhost"].contains(&name.as_str());
    let is_proxy =
        proxy.is_some_and(|proxy| proxy.split("//").nth(1).and_then(|it| it.split(':').next()) == Some(&name));
    let (class, inner) = class_of(address);
    let is_covered =
        cidrs.iter().any(|net| contains(net, address) || inner.is_some_and(|inner| contains(net, inner.into())));
    match class {
        Class::Open => true,
        Class::Never => false,
        Class::Loopback => is_localhost || is_proxy || is_covered,
        Class::Closed => is_proxy || is_covered,
    }
}

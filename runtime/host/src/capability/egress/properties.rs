//! The policy against a second, simpler one: tables of networks, and servers that read paths loosely.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use proptest::{prelude::*, sample::select};
use url::Url;

use super::{policy::EgressPolicy, resolver::permit};

const NEVER: [&str; 29] = [
    "0.0.0.0/8",
    "100.100.100.200/32",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/128",
    "100::/63",
    "2001::/32",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "3fff::/20",
    "4000::/2",
    "8000::/2",
    "c000::/3",
    "e000::/4",
    "f000::/5",
    "f800::/6",
    "fd00:42::42/128",
    "fd00:ec2::/32",
    "fd20:ce::254/128",
    "fe80::/10",
    "ff00::/8",
];
/// Of IPv6; everything else is never used.
const ASSIGNED: [&str; 5] = ["::1/128", "64:ff9b:1::/48", "2000::/3", "fc00::/7", "fec0::/10"];
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "fc00::/7",
    "fec0::/10",
    "64:ff9b:1::/48",
];
const GLOBAL: [&str; 4] = ["8.0.0.0/8", "93.0.0.0/8", "2600::/12", "2a00::/12"];

fn is_in(networks: &[&str], address: IpAddr) -> bool {
    networks.iter().any(|network| network.parse::<IpNet>().unwrap().contains(&address))
}

/// What an address stands for, and itself.
fn readings(address: IpAddr) -> Vec<IpAddr> {
    let IpAddr::V6(v6) = address else { return vec![address] };
    let bits = u128::from(v6);
    let low = IpAddr::V4(Ipv4Addr::from(bits as u32));
    let wrappings = ["::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"];
    let is_compatible = bits >> 32 == 0 && bits > 1;
    if is_compatible || is_in(&wrappings, address) {
        vec![low, address]
    } else if is_in(&["2002::/16"], address) {
        vec![IpAddr::V4(Ipv4Addr::from((bits >> 80) as u32)), address]
    } else if is_in(&["64:ff9b:1::/48"], address) && is_in(&NEVER, low) {
        vec![low]
    } else {
        vec![address]
    }
}

/// Whether a connection to `address` is allowed for `name`.
fn is_allowed(name: &str, address: IpAddr, cidrs: &[&str], proxy: Option<&str>) -> bool {
    let all = readings(address);
    let meant = all[0];
    if is_in(&NEVER, meant) || (meant.is_ipv6() && !is_in(&ASSIGNED, meant)) {
        return false;
    }
    let is_special = is_in(&LOOPBACK, meant) || is_in(&PRIVATE, meant);
    let is_own_machine = is_in(&LOOPBACK, meant) && (name == "localhost" || name.ends_with(".localhost"));
    !is_special || is_own_machine || proxy == Some(name) || all.iter().any(|address| is_in(cidrs, *address))
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    let networks: Vec<&str> = [&NEVER[..], &LOOPBACK, &PRIVATE, &GLOBAL].concat();
    // Mostly near the edges, where mistakes are.
    let host = prop_oneof![Just(0u128), Just(1), Just(u128::MAX), Just(u128::MAX - 1), any::<u128>()];
    let special =
        (select(networks), host, -1i8..=1).prop_map(|(network, host, step)| match network.parse::<IpNet>().unwrap() {
            IpNet::V4(net) => {
                let bits = u32::from(net.network()) | (host as u32 & u32::from(net.hostmask()));
                IpAddr::V4(bits.wrapping_add_signed(step.into()).into())
            }
            IpNet::V6(net) => {
                let bits = u128::from(net.network()) | (host & u128::from(net.hostmask()));
                IpAddr::V6(bits.wrapping_add_signed(step.into()).into())
            }
        });
    let any = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into()))
    ];
    (prop_oneof![8 => special, 2 => any], 0..8u8).prop_map(|(address, wrapping)| wrap(address, wrapping))
}

/// An address inside another, or itself.
fn wrap(address: IpAddr, wrapping: u8) -> IpAddr {
    let IpAddr::V4(v4) = address else { return address };
    let bits = u128::from(u32::from(v4));
    let prefix: Option<&str> = match wrapping {
        0 => Some("::ffff:0:0"),
        1 => Some("::"),
        2 => Some("::ffff:0:0:0"),
        3 => Some("64:ff9b::"),
        4 => Some("64:ff9b:1::"),
        5 => return IpAddr::V6(((0x2002 << 112) | (bits << 80) | 1).into()),
        _ => None,
    };
    prefix.map_or(address, |prefix| IpAddr::V6((u128::from(prefix.parse::<Ipv6Addr>().unwrap()) | bits).into()))
}

const ENTRIES: [&str; 4] =
    ["https://collector.example:4318/v1", "http://localhost:9411", "http://10.1.2.3", "http://[fd12::1]:8080"];
const CIDRS: [&str; 6] = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "::ffff:0:0/96"];

fn policy(allow: &[&str], cidrs: &[&str], proxy: Option<&str>) -> EgressPolicy {
    let allow: Vec<Url> = allow.iter().map(|text| text.parse().unwrap()).collect();
    let cidrs: Vec<IpNet> = cidrs.iter().map(|text| text.parse().unwrap()).collect();
    let policy = EgressPolicy::new(&allow, &cidrs).unwrap();
    match proxy {
        Some(proxy) => policy.through(&format!("http://{proxy}:3128").parse().unwrap()).unwrap(),
        None => policy,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn exactly_those_answers_are_connected_to_that_the_tables_allow(
        name in select(vec!["collector.example", "localhost", "a.localhost", "proxy.example"]),
        answers in proptest::collection::vec(any_address(), 0..12),
        cidrs in proptest::sample::subsequence(CIDRS.to_vec(), 0..4),
        has_proxy: bool,
    ) {
        let proxy = has_proxy.then_some("proxy.example");
        let answers = answers.into_iter().map(|ip| SocketAddr::new(ip, 0));
        let expected: Vec<_> =
            answers.clone().filter(|answer| is_allowed(name, answer.ip(), &cidrs, proxy)).collect();
        let permitted = permit(&policy(&ENTRIES, &cidrs, proxy), name, answers).unwrap_or_default();
        prop_assert_eq!(permitted, expected);
    }

    #[test]
    fn exactly_the_listed_origins_are_allowed(
        scheme in select(vec!["http", "https", "HTTP", "ws", "ftp"]),
        host in select(vec![
            "collector.example", "COLLECTOR.example", "collector.example.", "xcollector.example", "localhost",
            "10.1.2.3", "0x0a.1.515", "167838211", "012.1.2.3", "[::ffff:10.1.2.3]", "10.1.2.4", "[fd12::1]",
            "[FD12:0:0::1]", "[fd12::2]", "169.254.169.254", "evil.example",
        ]),
        port in select(vec!["", ":80", ":443", ":4318", ":9411", ":8080", ":0", ":65535"]),
    ) {
        let text = format!("{scheme}://{host}{port}/v1/traces");
        let meant = match host {
            "COLLECTOR.example" => "collector.example",
            "0x0a.1.515" | "167838211" | "012.1.2.3" => "10.1.2.3",
            "[FD12:0:0::1]" => "[fd12::1]",
            other => other,
        };
        let scheme = scheme.to_lowercase();
        let port = match (port, scheme.as_str()) {
            ("", "http") => ":80",
            ("", "https") => ":443",
            (port, _) => port,
        };
        let origin = format!("{scheme}://{meant}{port}");
        let listed = ["https://collector.example:4318", "http://localhost:9411", "http://10.1.2.3:80", "http://[fd12::1]:8080"];
        let judged = policy(&ENTRIES, &[], None).judge_url(&text);
        prop_assert_eq!(judged.is_ok(), listed.contains(&origin.as_str()), "{}: {:?}", text, judged);
    }

    #[test]
    fn however_loosely_a_server_reads_an_allowed_path_it_stays_below_the_prefix(
        parts in proptest::collection::vec(select(vec![
            "a", "v1", "..", ".", "...", "/", "/", "/", "//", "\\", ";", ";x=1", "%2e", "%2E%2e", "%2f", "%5c", "%3b", "%252e",
            "%25", "%", "%00", "é", "%C3%A9", "?", "#", "%u002e", "%c0%ae", "%c0%af", "%e0%80%ae", ":", "@", "%20",
        ]), 0..9),
    ) {
        let text = format!("https://collector.example:4318/v1/{}", parts.concat());
        if let Ok(url) = policy(&ENTRIES, &[], None).judge_url(&text) {
            for reading in readings_of_path(url.path()) {
                prop_assert!(reading == "/v1" || reading.starts_with("/v1/"), "{} is read as {}", url, reading);
            }
        }
    }

    #[test]
    fn an_ordinary_path_below_the_prefix_is_allowed(path in "[a-zA-Z0-9_~-]{1,8}(/[a-zA-Z0-9_~.-]{1,8}x)*(;v=[0-9])?/?") {
        let text = format!("https://collector.example:4318/v1/{path}");
        prop_assert!(policy(&ENTRIES, &[], None).judge_url(&text).is_ok(), "{}", text);
    }
}

/// What servers make of a path: decoded none to three times, backslashes turned, parameters taken off, slashes joined.
fn readings_of_path(path: &str) -> Vec<String> {
    let mut readings = Vec::new();
    let mut decoded = path.as_bytes().to_vec();
    for _ in 0..=3 {
        for choice in 0..8u8 {
            let mut text = String::from_utf8_lossy(&decoded).into_owned();
            if choice & 1 != 0 {
                text = text.replace('\\', "/");
            }
            if choice & 2 != 0 {
                text = text.split('\0').next().unwrap_or_default().to_owned();
            }
            let strips_parameters = choice & 4 != 0;
            readings.push(resolve(&text, strips_parameters));
        }
        decoded = decode_loosely(&decoded);
    }
    readings
}

fn resolve(path: &str, strips_parameters: bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        let segment = if strips_parameters { segment.split(';').next().unwrap_or_default() } else { segment };
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

/// `%XX`, `%uXXXX`, and overlong UTF-8 of dots and slashes.
fn decode_loosely(bytes: &[u8]) -> Vec<u8> {
    let hex = |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|text| u32::from_str_radix(text, 16).ok());
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let (byte, taken) = match (first, after) {
            (b'%', [b'u', digits @ ..]) if digits.len() >= 4 && hex(&digits[..4]).is_some() => {
                (hex(&digits[..4]).unwrap() as u8, 6)
            }
            (b'%', [a, b, ..]) if hex(&[*a, *b]).is_some() => (hex(&[*a, *b]).unwrap() as u8, 3),
            _ => (*first, 1),
        };
        out.push(byte);
        rest = &rest[taken..];
    }
    let mut plain = Vec::new();
    let mut rest = out.as_slice();
    while let Some(first) = rest.first() {
        let (byte, taken) = match rest {
            [0xc0 | 0xc1, low, ..] => (((first & 1) << 6) | (low & 0x3f), 2),
            [0xe0, 0x80, low, ..] => (low & 0x3f, 3),
            _ => (*first, 1),
        };
        plain.push(byte);
        rest = &rest[taken..];
    }
    plain
}

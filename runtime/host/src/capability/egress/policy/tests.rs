use proptest::prelude::*;

use super::*;

fn policy(allow: &[&str], cidrs: &[&str]) -> EgressPolicy {
    let allow: Vec<Url> = allow.iter().map(|text| Url::parse(text).unwrap()).collect();
    let cidrs: Vec<IpNet> = cidrs.iter().map(|text| text.parse().unwrap()).collect();
    EgressPolicy::new(&allow, &cidrs).unwrap()
}

fn is_denied(policy: &EgressPolicy, url: &str) -> bool {
    matches!(policy.judge_url(url), Err(Refusal::Denied(_)))
}

fn is_invalid(policy: &EgressPolicy, url: &str) -> bool {
    matches!(policy.judge_url(url), Err(Refusal::Invalid(_)))
}

#[test]
fn only_the_exact_scheme_host_and_port_are_allowed() {
    let policy = policy(&["https://collector.example:4318", "http://plain.example"], &[]);
    for url in
        ["https://collector.example:4318/v1/traces", "https://COLLECTOR.example:4318", "http://plain.example:80/"]
    {
        assert!(policy.judge_url(url).is_ok(), "{url}");
    }
    for url in [
        "http://collector.example:4318/v1/traces",
        "https://collector.example/v1/traces",
        "https://collector.example:4319/",
        "https://evil.example:4318/",
        "https://collector.example.evil.example:4318/",
        "https://xcollector.example:4318/",
        "https://collector.example.:4318/",
        "https://plain.example/",
        "ftp://plain.example/",
        "file:///etc/passwd",
    ] {
        assert!(is_denied(&policy, url), "{url}");
    }
}

#[test]
fn a_path_prefix_ends_at_a_segment_and_cannot_be_climbed_out_of() {
    let policy = policy(&["https://c.example/api/v2/"], &[]);
    for url in ["https://c.example/api/v2", "https://c.example/api/v2/spans?x=/../..", "https://c.example/api/./v2/a"] {
        assert!(policy.judge_url(url).is_ok(), "{url}");
    }
    // Parameters, dots and escapes that hide nothing.
    for url in ["a;b=c/d", "a..;/b", "...", "a%20b", "%3b", "%e2%82%ac"] {
        let is_parameter = url == "%3b";
        assert_eq!(policy.judge_url(&format!("https://c.example/api/v2/{url}")).is_ok(), !is_parameter, "{url}");
    }
    for url in [
        "https://c.example/",
        "https://c.example/api/v20",
        "https://c.example/api/v2/../secret",
        "https://c.example/api/v2/%2e%2e/secret",
        "https://c.example/api/v2/..%2fsecret",
        "https://c.example/api/v2/%252e%252e/secret",
        "https://c.example/api/v2/..\\secret",
        "https://c.example/api/v2//../../secret",
        "https://c.example/API/V2/",
        "https://c.example/api/v2/..;/secret",
        "https://c.example/api/v2/..;a=b/secret",
        "https://c.example/api/v2/..%3B/secret",
        "https://c.example/api/v2/.;/..;x/secret",
        "https://c.example/api/v2/;/secret",
        "https://c.example/api/v2;/../secret",
        "https://c.example/api/v2/%u002e%u002e/secret",
        "https://c.example/api/v2/%c0%ae%c0%ae/secret",
        "https://c.example/api/v2/..%c0%afsecret",
        "https://c.example/api/v2/..%00/secret",
        "https://c.example/api/v2/%E0%80%AE./secret",
    ] {
        assert!(is_denied(&policy, url), "{url}");
    }
}

#[test]
fn a_metadata_address_is_denied_however_it_is_spelt_even_under_the_widest_cidr() {
    let policy = policy(&["http://collector.example"], &["0.0.0.0/0", "::/0"]);
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xA9FEA9FE",
        "0xa9.0xfe.0xa9.0xfe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:a9fe:a9fe]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "168.63.129.16",
        "[fe80::1]",
    ] {
        let url = format!("http://{host}/latest/meta-data/");
        match policy.judge_url(&url) {
            Err(Refusal::Denied(why)) => assert!(why.contains("never reachable"), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}

#[test]
fn a_full_width_or_percent_encoded_address_is_still_an_address() {
    let policy = policy(&["http://collector.example"], &[]);
    assert!(is_denied(&policy, "http://169。254。169。254/"));
    assert!(is_denied(&policy, "http://%31%36%39.254.169.254/"));
}

#[test]
fn loopback_in_disguise_is_not_the_entry_that_names_it() {
    let named = policy(&["http://127.0.0.1:9411"], &[]);
    assert!(named.judge_url("http://127.0.0.1:9411/api/v2/spans").is_ok());
    // The same address in octal is the same address.
    assert!(named.judge_url("http://0177.0.0.1:9411/").is_ok());
    assert!(is_denied(&named, "http://127.0.0.2:9411/"));
    assert!(is_denied(&named, "http://[::ffff:127.0.0.1]:9411/"));
    let unnamed = policy(&["http://collector.example"], &[]);
    assert!(is_denied(&unnamed, "http://0177.0.0.1/"));
    assert!(is_denied(&unnamed, "http://localhost/"));
}

#[test]
fn userinfo_white_space_and_control_characters_are_invalid() {
    let policy = policy(&["http://c.example"], &[]);
    for url in [
        "http://user@c.example/",
        "http://user:pass@c.example/",
        "http://c.example@evil.example/",
        "http://c.example/\r\nHost: evil.example",
        "http://c.exa\tmple/",
        " http://c.example/",
        "http://c.example/a b",
        "c.example/path",
        "http://",
        "//c.example/",
        "",
    ] {
        assert!(is_invalid(&policy, url), "{url:?}");
    }
    assert!(is_invalid(&policy, &format!("http://c.example/{}", "a".repeat(MAX_URL_BYTES))));
}

#[test]
fn an_entry_that_could_never_work_is_refused_when_it_is_written() {
    let check = |text: &str| EgressPolicy::new(&[Url::parse(text).unwrap()], &[]).unwrap_err();
    assert_eq!(check("ftp://c.example"), [EntryError::Scheme("ftp".into())]);
    assert_eq!(check("https://key@c.example"), [EntryError::Userinfo("c.example".into())]);
    assert_eq!(check("https://c.example/?a=b"), [EntryError::Suffix("c.example".into())]);
    assert!(matches!(check("http://169.254.169.254").as_slice(), [EntryError::NeverReachable(..)]));
    assert!(matches!(check("http://[fe80::1]:80").as_slice(), [EntryError::NeverReachable(..)]));
}

#[test]
fn a_name_may_resolve_to_private_addresses_only_where_a_cidr_says_so() {
    let policy = policy(&["http://c.example"], &["10.1.0.0/16", "fd12::/16"]);
    let judge = |address: &str| policy.judge_address("c.example", address.parse().unwrap()).is_ok();
    for address in ["10.1.2.3", "fd12::1", "8.8.8.8", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"] {
        assert!(judge(address), "{address}");
    }
    for address in ["10.2.0.1", "127.0.0.1", "::1", "fd13::1", "100.64.0.1", "192.168.0.1", "::ffff:10.2.0.1"] {
        assert!(!judge(address), "{address}");
    }
}

#[test]
fn only_localhost_may_resolve_to_loopback_without_a_cidr() {
    let policy = policy(&["http://localhost:4318", "http://c.example"], &[]);
    let judge = |name: &str, address: &str| policy.judge_address(name, address.parse().unwrap()).is_ok();
    assert!(judge("localhost", "127.0.0.1") && judge("localhost", "::1"));
    assert!(!judge("localhost", "10.0.0.1"));
    assert!(!judge("c.example", "127.0.0.1"));
    assert!(!judge("localhost.c.example", "127.0.0.1"));
}

/// Hosts that a hostile guest would try, in many spellings of few addresses.
fn any_host() -> impl Strategy<Value = String> {
    let number = prop_oneof![Just(0xa9fe_a9feu32), Just(0x7f00_0001), Just(0x0a00_0001), any::<u32>()];
    number.prop_flat_map(|n| {
        let [a, b, c, d] = n.to_be_bytes();
        let (high, low) = (n >> 16, n & 0xffff);
        prop_oneof![
            Just(format!("{n}")),
            Just(format!("0x{n:x}")),
            Just(format!("0{n:o}")),
            Just(format!("{a}.{b}.{c}.{d}")),
            Just(format!("0{a:o}.0x{b:x}.{}", n & 0xffff)),
            Just(format!("[::ffff:{high:x}:{low:x}]")),
            Just(format!("[::{high:x}:{low:x}]")),
            Just(format!("[64:ff9b::{high:x}:{low:x}]")),
            Just(format!("[2002:{high:x}:{low:x}::1]")),
            "[a-z0-9.%@:\\\\-]{0,24}",
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_is_not_listed_gets_through(
        host in any_host(), port in proptest::option::of(any::<u16>()), path in "[a-z/.%0-9?#@\\\\]{0,20}", tls: bool,
    ) {
        let policy = policy(&["https://collector.example:4318/v1", "http://localhost:9411"], &["0.0.0.0/0", "::/0"]);
        let scheme = if tls { "https" } else { "http" };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        if let Ok(url) = policy.judge_url(&format!("{scheme}://{host}{port}/{path}")) {
            let origin = (url.scheme(), url.host_str().unwrap(), url.port().unwrap());
            let collector = origin == ("https", "collector.example", 4318)
                && (url.path() == "/v1" || url.path().starts_with("/v1/"));
            prop_assert!(collector || origin == ("http", "localhost", 9411), "{url}");
        }
    }

    #[test]
    fn a_name_never_leads_to_an_address_that_is_never_reachable(bits: u128, v4: u32) {
        let policy = policy(&["http://localhost"], &["0.0.0.0/0", "::/0"]);
        for address in [IpAddr::V6(bits.into()), IpAddr::V4(v4.into())] {
            let judged = policy.judge_address("localhost", address).is_ok();
            prop_assert_eq!(judged, !AddressClass::of(address).is_never_reachable());
        }
    }

    #[test]
    fn without_cidrs_a_name_leads_to_global_addresses_only(bits: u128, v4: u32) {
        let policy = policy(&["http://c.example"], &[]);
        for address in [IpAddr::V6(bits.into()), IpAddr::V4(v4.into())] {
            let judged = policy.judge_address("c.example", address).is_ok();
            prop_assert_eq!(judged, AddressClass::of(address) == AddressClass::Global);
        }
    }

    #[test]
    fn judging_any_text_never_panics(text in "\\PC{0,200}") {
        let _ = policy(&["https://collector.example"], &[]).judge_url(&text);
    }
}

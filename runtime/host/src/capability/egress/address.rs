//! What kind of address an address is, after whatever it embeds has been unwrapped.
//!
//! Sources: the IANA special-purpose registries for IPv4 (RFC 6890) and IPv6, RFC 6052 and RFC 8215 (NAT64), RFC 3056
//! (6to4), RFC 4380 (Teredo), and what the cloud providers document about their metadata services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kinds of addresses that a policy tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressClass {
    /// Reachable through the internet.
    Global,
    /// 127.0.0.0/8 and `::1`.
    Loopback,
    /// RFC 1918, benchmarking (198.18.0.0/15), deprecated site-local, local NAT64 prefixes.
    Private,
    /// fc00::/7.
    UniqueLocal,
    /// 100.64.0.0/10, behind a carrier's NAT.
    Shared,
    /// 169.254.0.0/16 and fe80::/10.
    LinkLocal,
    /// Where a cloud provider hands out credentials.
    Metadata,
    /// One to many.
    Multicast,
    /// This network, documentation, future use: nothing an exporter could mean.
    Reserved,
}

impl AddressClass {
    /// The class of `address`, judged by the IPv4 address inside it if it carries one.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => match embedded(v6) {
                Some(v4) => Self::of_v4(v4),
                None => Self::of_v6(v6),
            },
        }
    }

    /// Whether no configuration can make such an address reachable.
    pub(crate) fn is_never_reachable(self) -> bool {
        matches!(self, Self::LinkLocal | Self::Metadata | Self::Multicast | Self::Reserved)
    }

    /// As an operator would say it.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Global => "a global address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::UniqueLocal => "a unique-local address",
            Self::Shared => "a shared (carrier NAT) address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a metadata service",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        }
    }

    fn of_v4(v4: Ipv4Addr) -> Self {
        match v4.octets() {
            // Alibaba Cloud; the platform services of Azure.
            [100, 100, 100, 200] | [168, 63, 129, 16] => Self::Metadata,
            // Amazon, Google, Azure, DigitalOcean and the task and pod credentials of Amazon.
            [169, 254, 169 | 170, _] => Self::Metadata,
            [169, 254, ..] => Self::LinkLocal,
            [127, ..] => Self::Loopback,
            [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [198, 18..=19, ..] => Self::Private,
            [100, 64..=127, ..] => Self::Shared,
            // Protocol assignments (Oracle keeps its metadata service there), documentation, the 6to4 relay.
            [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Reserved,
            [0, ..] | [240..=255, ..] => Self::Reserved,
            [224..=239, ..] => Self::Multicast,
            _ => Self::Global,
        }
    }

    fn of_v6(v6: Ipv6Addr) -> Self {
        match v6.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            // Amazon's local services.
            [0xfd00, 0x0ec2, ..] => Self::Metadata,
            // The metadata services of Google and of Scaleway.
            [0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254] | [0xfd00, 0x0042, 0, 0, 0, 0, 0, 0x0042] => Self::Metadata,
            [0xfc00..=0xfdff, ..] => Self::UniqueLocal,
            [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfec0..=0xfeff, ..] => Self::Private,
            [0xff00..=0xffff, ..] => Self::Multicast,
            [0x0064, 0xff9b, 0x0001, ..] => Self::of_local_nat64(v6),
            // Teredo hides a server and a client; discard-only; documentation; ORCHID.
            [0x2001, 0x0000, ..] | [0x0100, 0, 0, 0 | 1, ..] | [0x2001, 0x0db8, ..] => Self::Reserved,
            [0x2001, 0x0010..=0x002f, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Self::Reserved,
            [0x2000..=0x3fff, ..] => Self::Global,
            _ => Self::Reserved,
        }
    }

    /// 64:ff9b:1::/48 is private; where a site cuts its prefixes is unknown, so the usual place is looked at too.
    fn of_local_nat64(v6: Ipv6Addr) -> Self {
        let inner = Self::of_v4(low_word(v6));
        if inner.is_never_reachable() { inner } else { Self::Private }
    }
}

/// The IPv4 address that a v4-mapped, v4-compatible, NAT64 or 6to4 address leads to.
pub(crate) fn embedded(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    match v6.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => Some(low_word(v6)),
        [0x0064, 0xff9b, 0, 0, 0, 0, ..] => Some(low_word(v6)),
        [0x2002, high, low, ..] => Some(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => None,
    }
}

fn low_word(v6: Ipv6Addr) -> Ipv4Addr {
    let [.., high, low] = v6.segments();
    Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class(text: &str) -> AddressClass {
        AddressClass::of(text.parse().unwrap())
    }

    #[test]
    fn every_special_range_has_its_class_at_both_ends() {
        use AddressClass::*;
        let rows = [
            ("0.0.0.0", Reserved),
            ("0.255.255.255", Reserved),
            ("1.0.0.0", Global),
            ("9.255.255.255", Global),
            ("10.0.0.0", Private),
            ("10.255.255.255", Private),
            ("11.0.0.0", Global),
            ("100.63.255.255", Global),
            ("100.64.0.0", Shared),
            ("100.100.100.199", Shared),
            ("100.100.100.200", Metadata),
            ("100.127.255.255", Shared),
            ("100.128.0.0", Global),
            ("127.0.0.0", Loopback),
            ("127.255.255.255", Loopback),
            ("168.63.129.15", Global),
            ("168.63.129.16", Metadata),
            ("169.254.0.0", LinkLocal),
            ("169.254.169.254", Metadata),
            ("169.254.170.2", Metadata),
            ("169.254.255.255", LinkLocal),
            ("172.15.255.255", Global),
            ("172.16.0.0", Private),
            ("172.31.255.255", Private),
            ("172.32.0.0", Global),
            ("192.0.0.192", Reserved),
            ("192.0.2.1", Reserved),
            ("192.168.0.0", Private),
            ("192.168.255.255", Private),
            ("198.18.0.0", Private),
            ("198.20.0.0", Global),
            ("203.0.113.9", Reserved),
            ("224.0.0.0", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.0", Reserved),
            ("255.255.255.255", Reserved),
            ("8.8.8.8", Global),
            ("::", Reserved),
            ("::1", Loopback),
            ("fc00::1", UniqueLocal),
            ("fdff::1", UniqueLocal),
            ("fd00:ec2::254", Metadata),
            ("fd00:ec2::23", Metadata),
            ("fd20:ce::254", Metadata),
            ("fe80::1", LinkLocal),
            ("febf::1", LinkLocal),
            ("fec0::1", Private),
            ("ff02::1", Multicast),
            ("2001:db8::1", Reserved),
            ("2001::1", Reserved),
            ("4000::1", Reserved),
            ("2606:4700::1111", Global),
        ];
        for (text, expected) in rows {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    #[test]
    fn the_metadata_service_of_scaleway_is_one_address() {
        let classes = ["fd00:42::41", "fd00:42::42", "fd00:42::43"].map(class);
        assert_eq!(classes, [AddressClass::UniqueLocal, AddressClass::Metadata, AddressClass::UniqueLocal]);
    }

    #[test]
    fn an_embedded_address_is_judged_in_place_of_its_wrapping() {
        use AddressClass::*;
        let rows = [
            ("::ffff:169.254.169.254", Metadata),
            ("::ffff:a9fe:a9fe", Metadata),
            ("::169.254.169.254", Metadata),
            ("::ffff:0:169.254.169.254", Metadata),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:8.8.8.8", Global),
            ("64:ff9b::a9fe:a9fe", Metadata),
            ("64:ff9b::10.0.0.1", Private),
            ("64:ff9b::8.8.8.8", Global),
            ("64:ff9b:1::a9fe:a9fe", Metadata),
            ("64:ff9b:1::8.8.8.8", Private),
            ("2002:a9fe:a9fe::1", Metadata),
            ("2002:7f00:1::", Loopback),
            ("2002:808:808::", Global),
        ];
        for (text, expected) in rows {
            assert_eq!(class(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn wrapping_an_address_never_changes_its_class(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let plain = AddressClass::of(IpAddr::V4(v4));
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let mapped = v4.to_ipv6_mapped();
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
            let six_to_four = Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1);
            for wrapped in [mapped, nat64, six_to_four] {
                prop_assert_eq!(AddressClass::of(IpAddr::V6(wrapped)), plain);
            }
        }

        #[test]
        fn no_address_the_standard_library_calls_special_is_global(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let special = v4.is_loopback() || v4.is_private() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(special && AddressClass::of(IpAddr::V4(v4)) == AddressClass::Global));
        }

        #[test]
        fn no_special_ipv6_address_is_global(bits: u128) {
            let v6 = Ipv6Addr::from(bits);
            let special = v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local()
                || v6.is_unicast_link_local();
            prop_assert!(!(special && AddressClass::of(IpAddr::V6(v6)) == AddressClass::Global));
        }
    }
}

//! What is reachable, as tables of networks: written down anew from the registries of IANA, so that no mistake is shared.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is to a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Reachable.
    Open,
    /// Reachable if it is this machine that was named.
    Loopback,
    /// Reachable if its network was allowed.
    Closed,
    /// Not reachable, whatever was allowed.
    Never,
}

use Class::{Closed, Loopback, Never, Open};

/// The first network that has an address decides; what is in none is open.
pub const V4: [(&str, Class); 19] = [
    ("100.100.100.200/32", Never),
    ("168.63.129.16/32", Never),
    ("0.0.0.0/8", Never),
    ("10.0.0.0/8", Closed),
    ("100.64.0.0/10", Closed),
    ("127.0.0.0/8", Loopback),
    ("169.254.0.0/16", Never),
    ("172.16.0.0/12", Closed),
    ("192.0.0.0/24", Never),
    ("192.0.2.0/24", Never),
    ("192.88.99.0/24", Never),
    ("192.168.0.0/16", Closed),
    ("198.18.0.0/15", Closed),
    ("198.51.100.0/24", Never),
    ("203.0.113.0/24", Never),
    ("224.0.0.0/4", Never),
    ("240.0.0.0/4", Never),
    ("255.255.255.255/32", Never),
    ("0.0.0.0/0", Open),
];

/// What is in none of these networks is not reachable.
const V6: [(&str, Class); 14] = [
    ("::1/128", Loopback),
    ("64:ff9b:1::/48", Closed),
    ("fd00:ec2::/32", Never),
    ("fd20:ce::254/128", Never),
    ("fc00::/7", Closed),
    ("fec0::/10", Closed),
    ("2001::/32", Never),
    ("2001:10::/28", Never),
    ("2001:20::/28", Never),
    ("2001:db8::/32", Never),
    ("3fff::/20", Never),
    ("2000::/3", Open),
    ("fe80::/10", Never),
    ("ff00::/8", Never),
];

/// Networks whose addresses lead to an IPv4 address, and the bit at which that begins.
const WRAPPINGS: [(&str, u32); 5] =
    [("::ffff:0:0/96", 96), ("::/96", 96), ("::ffff:0:0:0/96", 96), ("64:ff9b::/96", 96), ("2002::/16", 16)];

/// The class of an address, and the IPv4 address that it leads to.
pub fn class_of(address: IpAddr) -> (Class, Option<Ipv4Addr>) {
    let v6 = match address {
        IpAddr::V4(v4) => return (of_v4(v4), None),
        IpAddr::V6(v6) => v6,
    };
    let bits = u128::from(v6);
    if bits > 1
        && let Some((_, from)) = WRAPPINGS.iter().find(|(net, _)| contains(net, address))
    {
        let inner = Ipv4Addr::from((bits >> (96 - from)) as u32);
        return (of_v4(inner), Some(inner));
    }
    let class = V6.iter().find(|(net, _)| contains(net, address)).map_or(Never, |(_, class)| *class);
    // Where a site cuts its own NAT64 prefix is unknown; at the usual place there may be something forbidden.
    let is_forbidden = contains("64:ff9b:1::/48", address) && of_v4(Ipv4Addr::from(bits as u32)) == Never;
    (if is_forbidden { Never } else { class }, None)
}

fn of_v4(v4: Ipv4Addr) -> Class {
    V4.iter().find(|(net, _)| contains(net, v4.into())).map_or(Open, |(_, class)| *class)
}

/// Whether a network has an address of its own family.
pub fn contains(net: &str, address: IpAddr) -> bool {
    let (first, length) = net.split_once('/').expect("a network");
    let length: u32 = length.parse().expect("a length");
    match address {
        IpAddr::V4(v4) => first.parse::<Ipv4Addr>().is_ok_and(|first| {
            let differing = u32::from(first) ^ u32::from(v4);
            differing.leading_zeros() >= length
        }),
        IpAddr::V6(v6) => first.parse::<Ipv6Addr>().is_ok_and(|first| {
            let differing = u128::from(first) ^ u128::from(v6);
            differing.leading_zeros() >= length
        }),
    }
}

//! Which IP addresses a provider may be reached at (R69).

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far an address is from the public internet, with the name of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// A global unicast address.
    Public,
    /// Only for providers with `allow_private_network`.
    Private(&'static str),
    /// For nobody: metadata services, link-local, and what is no destination at all.
    Never(&'static str),
}

impl Reach {
    /// Whether a provider may be connected to it. The name of the range where not.
    pub fn permit(self, allow_private_network: bool) -> Result<(), Refusal> {
        match self {
            Self::Public => Ok(()),
            Self::Private(_) if allow_private_network => Ok(()),
            Self::Private(range) => Err(Refusal { range, final_word: false }),
            Self::Never(range) => Err(Refusal { range, final_word: true }),
        }
    }
}

/// Why an address may not be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of address it is, as in "a loopback address".
    pub range: &'static str,
    /// `allow_private_network` would not help.
    pub final_word: bool,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.final_word {
            true => write!(f, "{}, which is never allowed", self.range),
            false => write!(f, "{}; set allow_private_network on this provider if that is meant", self.range),
        }
    }
}

const LINK_LOCAL: &str = "a link-local address (cloud metadata services are there)";
const METADATA: &str = "the address of a cloud metadata service";
const NO_DESTINATION: &str = "an address that is no destination";
const LOOPBACK: &str = "a loopback address";
const PRIVATE: &str = "a private address";
const SPECIAL: &str = "an address reserved for special use";
const TRANSLATED: &str = "an IPv4 address inside an IPv6 one";

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// First match wins; what matches nothing is public. IANA's special-purpose registry, and the metadata addresses outside of link-local.
const V4: [(Ipv4Net, Reach); 18] = [
    (v4(169, 254, 0, 0, 16), Reach::Never(LINK_LOCAL)),
    (v4(100, 100, 100, 200, 32), Reach::Never(METADATA)), // Alibaba
    (v4(192, 0, 0, 192, 32), Reach::Never(METADATA)),     // Oracle
    (v4(168, 63, 129, 16, 32), Reach::Never(METADATA)),   // Azure's host agent
    (v4(0, 0, 0, 0, 8), Reach::Never(NO_DESTINATION)),
    (v4(224, 0, 0, 0, 4), Reach::Never(NO_DESTINATION)),
    (v4(240, 0, 0, 0, 4), Reach::Never(NO_DESTINATION)),
    (v4(127, 0, 0, 0, 8), Reach::Private(LOOPBACK)),
    (v4(10, 0, 0, 0, 8), Reach::Private(PRIVATE)),
    (v4(172, 16, 0, 0, 12), Reach::Private(PRIVATE)),
    (v4(192, 168, 0, 0, 16), Reach::Private(PRIVATE)),
    (v4(100, 64, 0, 0, 10), Reach::Private(PRIVATE)),
    (v4(192, 0, 0, 0, 24), Reach::Private(SPECIAL)),
    (v4(198, 18, 0, 0, 15), Reach::Private(SPECIAL)),
    (v4(192, 0, 2, 0, 24), Reach::Private(SPECIAL)),
    (v4(198, 51, 100, 0, 24), Reach::Private(SPECIAL)),
    (v4(203, 0, 113, 0, 24), Reach::Private(SPECIAL)),
    (v4(192, 88, 99, 0, 24), Reach::Private(SPECIAL)),
];

/// First match wins; what matches nothing is public inside 2000::/3 and no destination outside of it.
const V6: [(Ipv6Net, Reach); 14] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Reach::Private(LOOPBACK)),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Reach::Never(LINK_LOCAL)),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), Reach::Never(METADATA)), // AWS
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), Reach::Never(METADATA)), // Google
    (v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), Reach::Never(METADATA)), // Scaleway
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Reach::Never(NO_DESTINATION)),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Reach::Never("a Teredo tunnel address")),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Reach::Private(PRIVATE)),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Reach::Private(PRIVATE)),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Reach::Private(SPECIAL)),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Reach::Private(SPECIAL)),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Reach::Private(SPECIAL)),
    (v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), Reach::Public),
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 0), Reach::Never(NO_DESTINATION)),
];

const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);
const LOCAL_NAT64: Ipv6Net = v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48);

/// The range that an address is in.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            // Never public, whatever is inside: such an answer to a name is either an odd network or an attempt to get past a filter.
            Some(inner) => match reach_v4(inner) {
                Reach::Never(range) => Reach::Never(range),
                Reach::Private(_) | Reach::Public => Reach::Private(TRANSLATED),
            },
            None => V6.iter().find(|(net, _)| net.contains(&v6)).map_or(Reach::Never(NO_DESTINATION), |(_, reach)| *reach),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    V4.iter().find(|(net, _)| net.contains(&address)).map_or(Reach::Public, |(_, reach)| *reach)
}

/// The IPv4 address that a mapped, NAT64 or 6to4 address stands for.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, second, third, _, _, _, seventh, eighth] = address.segments();
    let join = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    if let Some(mapped) = address.to_ipv4_mapped() {
        return Some(mapped);
    }
    if NAT64.contains(&address) || LOCAL_NAT64.contains(&address) {
        return Some(join(seventh, eighth));
    }
    (address.segments().first() == Some(&0x2002)).then(|| join(second, third))
}

#[cfg(test)]
mod tests;

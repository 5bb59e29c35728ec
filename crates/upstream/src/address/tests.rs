use super::*;

fn range(text: &str) -> Reach {
    reach(text.parse().unwrap_or_else(|_| panic!("{text} is an address")))
}

/// R69: every vector of the requirement is refused to a provider without the flag.
#[test]
fn no_special_address_is_public() {
    let vectors = [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "10.255.255.255",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.168.255.255",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.64.0.1",
        "100.100.100.200",
        "100.127.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "198.18.0.1",
        "198.19.255.255",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "192.88.99.1",
        "::",
        "::1",
        "::2",
        "::127.0.0.1",
        "fc00::1",
        "fd00::1",
        "fdff:ffff::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "fe80::1",
        "fe80::a9fe:a9fe",
        "febf::1",
        "fec0::1",
        "feff::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::808:808",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2002:808:808::1",
        "2001::1",
        "2001:0:4136:e378::1",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
        "5f00::1",
        "4000::1",
    ];
    for vector in vectors {
        assert!(range(vector).permit(false).is_err(), "{vector} must be refused");
    }
}

/// R69: the flag opens private networks and never a metadata service, in whatever spelling.
#[test]
fn metadata_addresses_are_never_allowed() {
    let vectors = [
        "169.254.169.254",
        "169.254.170.2",
        "169.254.169.253",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "fe80::a9fe:a9fe",
        "fe80::1",
        "::ffff:169.254.169.254",
        "::ffff:100.100.100.200",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::6464:64c8",
        "2002:a9fe:a9fe::1",
        "::169.254.169.254",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
    ];
    for vector in vectors {
        let refusal = range(vector).permit(true).expect_err(vector);
        assert!(refusal.final_word, "{vector}");
        assert!(!refusal.to_string().contains("allow_private_network"), "{vector}: a remedy that does not help is named");
    }
}

#[test]
fn the_flag_opens_private_networks() {
    for vector in ["127.0.0.1", "10.1.2.3", "172.20.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd12::1", "::ffff:10.0.0.1", "198.18.0.1"] {
        assert_eq!(range(vector).permit(true), Ok(()), "{vector}");
        let refusal = range(vector).permit(false).expect_err(vector);
        assert!(refusal.to_string().contains("allow_private_network"), "{vector}: the remedy is named");
    }
}

#[test]
fn the_neighbours_of_the_ranges_are_public() {
    let vectors = [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "192.0.1.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "168.63.129.15",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2600::",
    ];
    for vector in vectors {
        assert_eq!(range(vector), Reach::Public, "{vector}");
    }
}

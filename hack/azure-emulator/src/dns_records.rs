//! What public and private zones have in common: record types, their JSON, their rules, and the four calls on sets.

pub(crate) mod data;
pub(crate) mod lists;
pub(crate) mod names;
pub(crate) mod sets;
pub(crate) mod validate;

use hickory_proto::rr::RecordType;

/// One record type in both APIs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Such as `A`, as it stands in paths.
    pub(crate) name: &'static str,
    /// The same in DNS.
    pub(crate) rr: RecordType,
    /// Property of a public set that holds the records.
    pub(crate) public: &'static str,
    /// The same for a private set; `None` when private zones don't have the type.
    pub(crate) private: Option<&'static str>,
    /// The property holds a list, not one record.
    pub(crate) many: bool,
}

const fn kind(
    name: &'static str,
    rr: RecordType,
    public: &'static str,
    private: Option<&'static str>,
    many: bool,
) -> Kind {
    Kind { name, rr, public, private, many }
}

/// All of them.
pub(crate) const KINDS: [Kind; 13] = [
    kind("A", RecordType::A, "ARecords", Some("aRecords"), true),
    kind("AAAA", RecordType::AAAA, "AAAARecords", Some("aaaaRecords"), true),
    kind("CAA", RecordType::CAA, "caaRecords", None, true),
    kind("CNAME", RecordType::CNAME, "CNAMERecord", Some("cnameRecord"), false),
    kind("DS", RecordType::DS, "DSRecords", None, true),
    kind("MX", RecordType::MX, "MXRecords", Some("mxRecords"), true),
    kind("NAPTR", RecordType::NAPTR, "NAPTRRecords", None, true),
    kind("NS", RecordType::NS, "NSRecords", None, true),
    kind("PTR", RecordType::PTR, "PTRRecords", Some("ptrRecords"), true),
    kind("SOA", RecordType::SOA, "SOARecord", Some("soaRecord"), false),
    kind("SRV", RecordType::SRV, "SRVRecords", Some("srvRecords"), true),
    kind("TLSA", RecordType::TLSA, "TLSARecords", None, true),
    kind("TXT", RecordType::TXT, "TXTRecords", Some("txtRecords"), true),
];

/// Which of the two services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavor {
    /// Azure DNS.
    Public,
    /// Azure Private DNS.
    Private,
}

impl Flavor {
    /// Type of a zone as the service spells it: the public one is known for its lower-case `z`.
    pub(crate) fn zone(self) -> &'static str {
        match self {
            Self::Public => "Microsoft.Network/dnszones",
            Self::Private => "Microsoft.Network/privateDnsZones",
        }
    }

    /// Type of a set as the service spells it.
    pub(crate) fn set(self, kind: &Kind) -> String {
        format!("{}/{}", self.zone(), kind.name)
    }

    /// A record type by its name in a path.
    pub(crate) fn kind(self, name: &str) -> Option<&'static Kind> {
        let known = KINDS.iter().find(|kind| kind.name.eq_ignore_ascii_case(name))?;
        (self == Self::Public || known.private.is_some()).then_some(known)
    }

    /// Property that holds a type's records.
    pub(crate) fn key(self, kind: &Kind) -> &'static str {
        match self {
            Self::Public => kind.public,
            Self::Private => kind.private.unwrap_or(kind.public),
        }
    }

    /// Property that holds the TTL.
    pub(crate) fn ttl(self) -> &'static str {
        match self {
            Self::Public => "TTL",
            Self::Private => "ttl",
        }
    }

    /// Property of the SOA that holds the negative TTL.
    pub(crate) fn minimum(self) -> &'static str {
        match self {
            Self::Public => "minimumTTL",
            Self::Private => "minimumTtl",
        }
    }

    /// Record sets a zone may hold.
    pub(crate) fn most_sets(self) -> usize {
        match self {
            Self::Public => 10_000,
            Self::Private => 25_000,
        }
    }
}

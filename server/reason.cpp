#include "server/reason.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace pxeproof::server {

namespace {

constexpr std::array kReasons{
    ReasonText{Reason::TooShort, 1, "too-short", "too short for a BOOTP message"},
    ReasonText{Reason::NotARequest, 1, "not-a-request", "op is not 1: not a request"},
    ReasonText{Reason::HardwareAddressTooLong, 1, "hlen", "hlen is over 16"},
    ReasonText{Reason::HardwareTypeMissing, 1, "htype", "hlen without htype"},
    ReasonText{Reason::UnknownInterface, 2, "unknown-interface",
               "arrived on an interface that the server does not know"},
    ReasonText{Reason::InterfaceWithoutAddress, 2, "interface-without-address",
               "the interface has no IPv4 address"},
    ReasonText{Reason::InterfaceNotServed, 2, "interface-not-served",
               "the configuration excludes this interface"},
    ReasonText{Reason::BadCookie, 3, "bad-cookie", "the magic cookie is wrong"},
    ReasonText{Reason::OptionOverrun, 3, "option-overrun",
               "an option runs past the end of the message"},
    ReasonText{Reason::NoRange, 5, "no-range",
               "no dhcp-range for the subnet of the receiving interface"},
    ReasonText{Reason::NoRangeForRelay, 5, "no-range-for-relay",
               "no dhcp-range for the subnet of the relay or of the subnet selector"},
    ReasonText{Reason::Bootp, 6, "bootp", "BOOTP request without option 53"},
    ReasonText{Reason::NoVendorClass, 7, "no-vendor-class",
               "no option 60: not a PXE client, and the range is proxy"},
    ReasonText{Reason::ForeignVendorClass, 7, "foreign-vendor-class",
               "option 60 does not begin with PXEClient or a dhcp-pxe-vendor"},
    ReasonText{Reason::NoArchitecture, 10, "no-architecture",
               "option 93 is missing or shorter than two octets"},
    ReasonText{Reason::LeaseRequest, 13, "lease-request",
               "a REQUEST on the DHCP port is for the address server"},
    ReasonText{Reason::InformWithoutItem, 13, "inform-without-item",
               "an INFORM without a boot item (43.71)"},
    ReasonText{Reason::LeaseTraffic, 13, "lease-traffic",
               "DECLINE or RELEASE is for the address server"},
    ReasonText{Reason::ServerMessage, 13, "server-message",
               "OFFER, ACK or NAK: a server's message, not a client's"},
    ReasonText{Reason::UnknownMessageType, 13, "unknown-message-type",
               "option 53 has an unknown value"},
    ReasonText{Reason::RangeWithheld, 14, "range-withheld",
               "the tags of the dhcp-range are not set for this client"},
    ReasonText{Reason::ClientIgnored, 15, "ignored", "dhcp-ignore matches"},
    ReasonText{Reason::HostIgnored, 16, "host-ignored", "dhcp-host says ignore"},
    ReasonText{Reason::PxeNotConfigured, 0, "pxe-not-configured",
               "no pxe-service and no pxe-prompt line: PXE is off"},

    ReasonText{Reason::CredentialsRequested, 0, "credentials",
               "the boot item asks for credentials, which are not supported"},
    ReasonText{Reason::UnknownBootType, 0, "unknown-boot-type",
               "no pxe-service has the type of the boot item"},
    ReasonText{Reason::LocalBootType, 0, "no-file-for-type",
               "the pxe-service of this type has no file to serve"},
    ReasonText{Reason::ForeignArchitectureItem, 0, "foreign-architecture-item",
               "the boot item is for another architecture"},
    ReasonText{Reason::ItemWithheld, 0, "item-withheld",
               "the tags of the boot item's pxe-service are not set for this client"},
    ReasonText{Reason::ClientOutsideRange, 0, "client-outside-range",
               "ciaddr is in no dhcp-range subnet"},
    ReasonText{Reason::ForeignServerIdentifier, 0, "foreign-server-id",
               "option 54 names another server"},

    ReasonText{Reason::NothingToBoot, 0, "nothing-to-boot",
               "no pxe-service and no dhcp-boot for this client's architecture and tags"},
    ReasonText{Reason::ServerNameUnknown, 0, "server-name-unknown",
               "the server name of the matching directive has no known address"},
    ReasonText{Reason::FileNameTooLong, 0, "file-name-too-long",
               "the boot file's name is over 255 octets"},
    ReasonText{Reason::NoReturnAddress, 0, "no-return-address",
               "the request comes from 0.0.0.0 and has no ciaddr"},
    ReasonText{Reason::MulticastNotOffered, 0, "multicast-not-offered",
               "multicast discovery that was not offered"},
    ReasonText{Reason::RelayLoop, 0, "relay-loop",
               "a relayed request came back, or has passed too many relays"},
    ReasonText{Reason::QueueFull, 0, "queue-full", "too many replies are waiting"},

    ReasonText{Reason::NoUniqueIdentifier, 0, "no-unique-id",
               "neither a hardware address nor a client identifier"},
    ReasonText{Reason::AddressesExhausted, 0, "no-address", "no address is free"},
    ReasonText{Reason::BootpWithoutAddress, 0, "bootp-without-address",
               "a BOOTP client without an address in dhcp-host, and no bootp-dynamic for it"},
    ReasonText{Reason::LeaseLimit, 0, "no-leases-left", "dhcp-lease-max leases are in use"},
    ReasonText{Reason::UnknownLease, 0, "unknown-lease",
               "no such lease, and the server is not authoritative"},
    ReasonText{Reason::LeaseElsewhere, 0, "lease-elsewhere",
               "the client holds another lease; it may be another server's client"},
    ReasonText{Reason::ForeignServerSelected, 0, "foreign-server-selected",
               "the client selected another server"},
    ReasonText{Reason::NoClientAddress, 0, "no-client-address", "INFORM without ciaddr"},
    ReasonText{Reason::Released, 0, "released", "the lease is released, nothing is to be said"},
    ReasonText{Reason::Declined, 0, "declined",
               "the client declined the address, nothing is to be said"},
};

const ReasonText& find(Reason reason) {
  const auto found = std::ranges::find(kReasons, reason, &ReasonText::reason);
  assert(found != kReasons.end());
  return *found;
}

}  // namespace

std::span<const ReasonText> all_reasons() { return kReasons; }
std::string_view to_string(Reason reason) { return find(reason).text; }
std::string_view slug(Reason reason) { return find(reason).slug; }
std::uint8_t row(Reason reason) { return find(reason).row; }

}  // namespace pxeproof::server

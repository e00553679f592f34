// Mutants of the DHCP messages themselves: headers, options, whom they answer.

#include <algorithm>
#include <memory>
#include <set>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"

namespace pxeproof::cli {

namespace {

using dhcp::Message;
using dhcp::MessageType;
using dhcp::OptionCode;
using server::Configuration;

constexpr auto kOffer = static_cast<std::uint8_t>(MessageType::Offer);
constexpr auto kAck = static_cast<std::uint8_t>(MessageType::Ack);

// A mutant that changes each reply in one way.
template <void (*Edit)(Message&, OutgoingDatagram&)>
ServicePtr replies(DatagramService& inner, const Configuration& /*configuration*/) {
  return edit_replies(inner, Edit);
}
template <Pass (*Edit)(Message&, IncomingDatagram&, Mouth&)>
ServicePtr requests(DatagramService& inner, const Configuration& /*configuration*/) {
  return edit_requests(inner, Edit);
}

void set_yiaddr(Message& reply, OutgoingDatagram&) {
  reply.header.yiaddr = Ipv4Address::of(10, 77, 250, 250);
}
void remove_class(Message& reply, OutgoingDatagram&) { reply.remove(OptionCode::VendorClass); }
void stale_xid(Message& reply, OutgoingDatagram&) { reply.header.xid ^= 1U; }
void unicast_offer(Message& reply, OutgoingDatagram& out) {
  if (message_type(reply) != kOffer || out.addressing != LinkAddressing::Broadcast) return;
  out.addressing = LinkAddressing::Direct;
  out.link_address = reply.header.mac();
}
void remove_end(Message& reply, OutgoingDatagram&) {
  reply.end = false;
  reply.after_end.clear();
}
void wrong_server_id(Message& reply, OutgoingDatagram&) {
  const auto other = Ipv4Address::of(10, 77, 0, 99).octets();
  set_option(reply, 54, Bytes(other.begin(), other.end()));
}
void ack_of_another(Message& reply, OutgoingDatagram& out) {
  if (message_type(reply) == kAck) wrong_server_id(reply, out);
}
void odd_hops(Message& reply, OutgoingDatagram&) {
  reply.header.hops = 7;
  reply.header.secs = 99;
}
void odd_flags(Message& reply, OutgoingDatagram&) { reply.header.flags = 0x1234; }
void too_large(Message& reply, OutgoingDatagram&) {
  reply.options.push_back({128, Bytes(250, 'x')});
  reply.options.push_back({129, Bytes(250, 'x')});
}
void requests_options(Message& reply, OutgoingDatagram&) {
  reply.options.push_back({55, {1, 3, 6}});
}
void with_lease(Message& reply, OutgoingDatagram&) {
  reply.options.push_back({51, {0, 0, 0x0e, 0x10}});
}
void reversed_guid(Message& reply, OutgoingDatagram&) {
  if (dhcp::Option* guid = reply.find(OptionCode::ClientMachineIdentifier)) {
    std::reverse(guid->value.begin(), guid->value.end());
  }
}
void cut_guid(Message& reply, OutgoingDatagram&) {
  dhcp::Option* guid = reply.find(OptionCode::ClientMachineIdentifier);
  if (guid != nullptr && guid->value.size() != 17) guid->value.resize(15);
}
void wrong_architecture(Message& reply, OutgoingDatagram&) {
  set_option(reply, 93, {0, 7});
  set_option(reply, 94, {0, 0, 0});
}
void changed_client_id(Message& reply, OutgoingDatagram&) { set_option(reply, 61, {9, 9, 9}); }
void from_67(Message&, OutgoingDatagram& out) {
  if (out.source.port == dhcp::kBootServerPort) out.source.port = dhcp::kServerPort;
}
void to_68(Message&, OutgoingDatagram& out) { out.destination.port = dhcp::kClientPort; }
void ack_as_offer(Message& reply, OutgoingDatagram&) {
  if (message_type(reply) == kAck && is_item_answer(reply))
    set_message_type(reply, MessageType::Offer);
}
void six_octets(Message& reply, OutgoingDatagram&) { reply.header.hlen = 6; }
void relay_port_68(Message& reply, OutgoingDatagram& out) {
  if (!reply.header.giaddr.is_unspecified()) out.destination.port = dhcp::kClientPort;
}
void remove_relay_option(Message& reply, OutgoingDatagram&) {
  reply.remove(OptionCode::RelayAgentInformation);
}

ServicePtr every_offer_twice(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.say = [](OutgoingDatagram& out, Mouth& mouth) {
    if (is_dhcp_port(out.source.port)) mouth.say(out);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr another_each_time(DatagramService& inner, const Configuration&) {
  return edit_replies(inner, [count = 0](Message& reply, OutgoingDatagram&) mutable {
    reply.options.push_back({128, {static_cast<std::uint8_t>(++count)}});
  });
}

ServicePtr xid_of_previous(DatagramService& inner, const Configuration&) {
  return edit_replies(inner,
                      [previous = std::uint32_t{1}](Message& reply, OutgoingDatagram&) mutable {
                        std::swap(previous, reply.header.xid);
                      });
}

// ---- Whom it answers.

Pass anyone_is_pxe(Message& request, IncomingDatagram&, Mouth&) {
  const dhcp::Option* id = request.find(OptionCode::VendorClass);
  if (id == nullptr || !as_text(id->value).starts_with("PXEClient")) {
    const ByteView text = as_bytes("PXEClient");
    set_option(request, 60, Bytes(text.begin(), text.end()));
  }
  return Pass::On;
}

// A NAK for a REQUEST.
void refuse_lease(const Message& request, const IncomingDatagram& datagram, Mouth& mouth) {
  Message nak;
  nak.header = request.header;
  nak.header.op = dhcp::kBootReply;
  nak.add_type(MessageType::Nak);
  OutgoingDatagram out;
  out.source = {{}, datagram.destination.port};
  out.destination = {Ipv4Address::broadcast(), dhcp::kClientPort};
  out.interface_index = datagram.interface_index;
  out.addressing = LinkAddressing::Broadcast;
  out.head = dhcp::encode(nak);
  mouth.say(std::move(out));
}

bool is_request(const Message& request) {
  return message_type(request) == static_cast<std::uint8_t>(MessageType::Request);
}

Pass naks_lease(Message& request, IncomingDatagram& datagram, Mouth& mouth) {
  if (datagram.destination.port == dhcp::kServerPort && is_request(request) &&
      request.find(OptionCode::VendorSpecific) == nullptr) {
    refuse_lease(request, datagram, mouth);
    return Pass::Drop;
  }
  return Pass::On;
}

Pass naks_foreign(Message& request, IncomingDatagram& datagram, Mouth& mouth) {
  if (datagram.destination.port == dhcp::kBootServerPort && is_request(request) &&
      request.find(OptionCode::ServerIdentifier) != nullptr) {
    refuse_lease(request, datagram, mouth);
    return Pass::Drop;
  }
  return Pass::On;
}

Pass bootp_is_discover(Message& request, IncomingDatagram&, Mouth&) {
  if (request.find(OptionCode::MessageType) == nullptr) request.add_type(MessageType::Discover);
  return Pass::On;
}

Pass replies_are_requests(Message& request, IncomingDatagram&, Mouth&) {
  request.header.op = dhcp::kBootRequest;
  const std::uint8_t type = message_type(request);
  if (type == kOffer || type == kAck || type == static_cast<std::uint8_t>(MessageType::Nak)) {
    set_message_type(request, MessageType::Discover);
  }
  return Pass::On;
}

Pass any_type_is_discover(Message& request, IncomingDatagram&, Mouth&) {
  const std::uint8_t type = message_type(request);
  const bool known = type == 1 || type == 3 || type == 8;
  if (!known && request.find(OptionCode::MessageType) != nullptr) {
    set_message_type(request, MessageType::Discover);
  }
  return Pass::On;
}

Pass inform_is_discover(Message& request, IncomingDatagram&, Mouth&) {
  if (message_type(request) == static_cast<std::uint8_t>(MessageType::Inform)) {
    set_message_type(request, MessageType::Discover);
  }
  return Pass::On;
}

// The configuration excludes hosts by the end of their address: they get another one.
Pass overlooks_exclusion(Message& request, IncomingDatagram&, Mouth&) {
  request.header.chaddr[5] ^= 0x10U;
  return Pass::On;
}

Pass deaf_without_ciaddr(Message& request, IncomingDatagram& datagram, Mouth&) {
  const bool boot_server = datagram.destination.port == dhcp::kBootServerPort;
  return boot_server && request.header.ciaddr.is_unspecified() ? Pass::Drop : Pass::On;
}

Pass deaf_beyond_link(Message&, IncomingDatagram& datagram, Mouth&) {
  const bool routed = !datagram.source.address.is_unspecified() &&
                      (datagram.source.address.value >> 16U) != 0x0a4dU;
  return routed ? Pass::Drop : Pass::On;
}

Pass no_overload(Message& request, IncomingDatagram&, Mouth&) {
  request.remove(OptionCode::Overload);
  return Pass::On;
}

Pass short_architecture_is_zero(Message& request, IncomingDatagram&, Mouth&) {
  dhcp::Option* arch = request.find(OptionCode::ClientArchitecture);
  if (arch != nullptr && arch->value.size() < 2) arch->value = {0, 0};
  return Pass::On;
}

ServicePtr one_answer_per_xid(DatagramService& inner, const Configuration&) {
  return edit_requests(inner, [seen = std::make_shared<std::set<std::uint32_t>>()](
                                  Message& request, IncomingDatagram&, Mouth&) {
    return seen->insert(request.header.xid).second ? Pass::On : Pass::Drop;
  });
}

ServicePtr blind_to_cookies(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    if (!is_dhcp_port(datagram.destination.port)) return Pass::On;
    if (payload.size() <= dhcp::kOptionsOffset) return Pass::On;
    constexpr std::uint8_t kCookie[] = {0x63, 0x82, 0x53, 0x63};
    std::copy(std::begin(kCookie), std::end(kCookie), payload.begin() + dhcp::kHeaderSize);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// Stands for a crash: from such a packet on nothing is heard any more.
bool is_malformed(ByteView payload) {
  const auto view = dhcp::MessageView::parse(payload);
  if (!view || !view->has_end() || view->hlen() > 16) return true;
  int types = 0;
  bool odd = false;
  view->each_option([&](const dhcp::OptionView& option) {
    if (option.code != 53) return;
    ++types;
    odd = odd || option.value.size() != 1;
  });
  return odd || types > 1;
}

ServicePtr dies_of_malformed(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [dead = false](IncomingDatagram& datagram, Bytes& payload, Mouth&) mutable {
    if (is_dhcp_port(datagram.destination.port) && is_malformed(payload)) dead = true;
    return dead ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr deaf_under_load(DatagramService& inner, const Configuration&) {
  Edits edits;
  constexpr int kLoad = 2000;  // packets of transfers
  edits.hear = [packets = 0](IncomingDatagram& datagram, Bytes&, Mouth&) mutable {
    if (!is_dhcp_port(datagram.destination.port)) {
      ++packets;
      return Pass::On;
    }
    return packets > kLoad ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

void offers_nothing(server::Policy& policy) {
  policy.unserved = server::Policy::Unserved::BareOffer;
}

void answers_ciaddr(server::Policy& policy) {
  policy.return_address = server::Policy::ReturnAddress::Ciaddr;
}

}  // namespace

std::vector<Mutant> dhcp_mutants() {
  return {
      {.name = "yiaddr-set",
       .what = "every reply hands out an address",
       .killed_by = {"OFFER-03", "BOOT-17", "BOOT-18"},
       .wrap = replies<set_yiaddr>},
      {.name = "no-60",
       .what = "replies lack option 60",
       .killed_by = {"OFFER-02", "BOOT-01"},
       .wrap = replies<remove_class>},
      {.name = "xid-stale",
       .what = "replies have another transaction",
       .killed_by = {"OFFER-05"},
       .wrap = replies<stale_xid>},
      {.name = "unicast-offer",
       .what = "OFFERs go to one machine's MAC address",
       .killed_by = {"OFFER-07", "OFFER-08"},
       .wrap = replies<unicast_offer>},
      {.name = "no-end",
       .what = "options have no End",
       .killed_by = {"OFFER-09"},
       .wrap = replies<remove_end>},
      {.name = "reply-from-67-for-4011",
       .what = "the boot server answers from port 67",
       .killed_by = {"BOOT-01"},
       .wrap = replies<from_67>},
      {.name = "reply-to-68-always",
       .what = "every reply goes to port 68",
       .killed_by = {"BOOT-02"},
       .wrap = replies<to_68>},
      {.name = "reply-to-ciaddr-unchecked",
       .what = "the boot server sends where ciaddr says",
       .killed_by = {"BOOT-14"},
       .policy = answers_ciaddr},
      {.name = "guid-reversed",
       .what = "option 97 comes back in another order",
       .killed_by = {"ECHO-01"},
       .wrap = replies<reversed_guid>},
      {.name = "naks-lease",
       .what = "REQUESTs to other servers are refused",
       .killed_by = {"QUIET-06"},
       .wrap = requests<naks_lease>},
      {.name = "answers-plain-dhcp",
       .what = "everybody is taken for a PXE client",
       .killed_by = {"QUIET-01", "BOOT-19"},
       .wrap = requests<anyone_is_pxe>},
      {.name = "answers-http-client",
       .what = "an HTTP boot client is offered something",
       .killed_by = {"QUIET-02"},
       .policy = offers_nothing,
       .wrap = requests<anyone_is_pxe>},
      {.name = "giaddr-port-68",
       .what = "replies to relays go to port 68",
       .killed_by = {"RELAY-01"},
       .wrap = replies<relay_port_68>},
      {.name = "drops-82",
       .what = "option 82 does not come back",
       .killed_by = {"RELAY-02"},
       .wrap = replies<remove_relay_option>},
      {.name = "offer-twice",
       .what = "every reply is sent twice",
       .killed_by = {"OFFER-01"},
       .wrap = every_offer_twice},
      {.name = "wrong-54",
       .what = "option 54 is another machine's address",
       .killed_by = {"OFFER-04"},
       .wrap = replies<wrong_server_id>},
      {.name = "ack-of-another",
       .what = "ACKs have another option 54 than OFFERs",
       .killed_by = {"BOOT-03"},
       .wrap = replies<ack_of_another>},
      {.name = "odd-hops",
       .what = "hops and secs are neither zero nor the client's",
       .killed_by = {"OFFER-06"},
       .wrap = replies<odd_hops>},
      {.name = "odd-flags",
       .what = "flags are neither copied nor forced",
       .killed_by = {"OFFER-07"},
       .wrap = replies<odd_flags>},
      {.name = "ignores-57",
       .what = "replies are larger than the client allows",
       .killed_by = {"OFFER-10"},
       .wrap = replies<too_large>},
      {.name = "sends-55",
       .what = "replies hold a client's option",
       .killed_by = {"OFFER-11"},
       .wrap = replies<requests_options>},
      {.name = "lease-in-ack",
       .what = "replies hold a lease time",
       .killed_by = {"OFFER-03", "BOOT-17"},
       .wrap = replies<with_lease>},
      {.name = "guid-cut",
       .what = "an option 97 of a wrong length is cut",
       .killed_by = {"ECHO-02"},
       .wrap = replies<cut_guid>},
      {.name = "wrong-93",
       .what = "replies claim another architecture",
       .killed_by = {"ECHO-03"},
       .wrap = replies<wrong_architecture>},
      {.name = "client-id-changed",
       .what = "another option 61 comes back",
       .killed_by = {"ECHO-04"},
       .wrap = replies<changed_client_id>},
      {.name = "ack-becomes-offer",
       .what = "the boot server answers an item by an OFFER",
       .killed_by = {"BOOT-05", "BOOT-10"},
       .wrap = replies<ack_as_offer>},
      {.name = "hlen-six",
       .what = "hlen is 6 whatever was sent",
       .killed_by = {"BOOT-12"},
       .wrap = replies<six_octets>},
      {.name = "another-each-time",
       .what = "a repeated question gets another answer",
       .killed_by = {"OFFER-17"},
       .wrap = another_each_time},
      {.name = "xid-of-previous",
       .what = "a reply has the transaction of the one before",
       .killed_by = {"OFFER-05", "CONC-04"},
       .wrap = xid_of_previous},
      {.name = "naks-foreign",
       .what = "REQUESTs to port 4011 for another server are refused",
       .killed_by = {"BOOT-16"},
       .wrap = requests<naks_foreign>},
      {.name = "answers-bootp",
       .what = "a BOOTP request is a DISCOVER",
       .killed_by = {"QUIET-03", "BOOT-19"},
       .wrap = requests<bootp_is_discover>},
      {.name = "answers-replies",
       .what = "other servers' replies are DISCOVERs",
       .killed_by = {"QUIET-04"},
       .wrap = requests<replies_are_requests>},
      {.name = "answers-any-type",
       .what = "unknown message types are DISCOVERs",
       .killed_by = {"QUIET-05"},
       .wrap = requests<any_type_is_discover>},
      {.name = "inform-is-discover",
       .what = "INFORMs are DISCOVERs",
       .killed_by = {"QUIET-07", "BOOT-17"},
       .wrap = requests<inform_is_discover>},
      {.name = "overlooks-exclusion",
       .what = "excluded clients are answered",
       .killed_by = {"QUIET-08"},
       .wrap = requests<overlooks_exclusion>},
      {.name = "needs-ciaddr",
       .what = "the boot server is deaf to clients without ciaddr",
       .killed_by = {"BOOT-13"},
       .wrap = requests<deaf_without_ciaddr>},
      {.name = "needs-link",
       .what = "clients behind a router are not heard",
       .killed_by = {"RELAY-05"},
       .wrap = requests<deaf_beyond_link>},
      {.name = "one-answer-per-xid",
       .what = "a transaction is answered once",
       .killed_by = {"RELAY-04", "OFFER-17"},
       .wrap = one_answer_per_xid},
      {.name = "no-overload",
       .what = "options in sname and file are not found",
       .killed_by = {"MAL-06"},
       .wrap = requests<no_overload>},
      {.name = "short-93-is-bios",
       .what = "an option 93 of one octet is architecture 0",
       .killed_by = {"MAL-07"},
       .wrap = requests<short_architecture_is_zero>},
      {.name = "blind-to-cookies",
       .what = "any cookie will do",
       .killed_by = {"MAL-01"},
       .wrap = blind_to_cookies},
      {.name = "dies-of-malformed",
       .what = "after a malformed message nothing is heard any more",
       .killed_by = {"MAL-01", "MAL-02", "MAL-03", "MAL-04", "MAL-05", "MAL-08"},
       .wrap = dies_of_malformed},
      {.name = "deaf-under-load",
       .what = "DHCP is not heard while files are sent",
       .killed_by = {"CONC-03"},
       .wrap = deaf_under_load},
  };
}

}  // namespace pxeproof::cli

#include "conformance/replay_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

// An answer that comes so much later than the recorded one is told. Four times: a slower machine is
// no finding; a second: the shortest timer of any known ROM.
constexpr int kMuchSlower = 4;
constexpr Duration kLate = 1s;

// Options whose values are IPv4 addresses (RFC 2132).
constexpr std::array<std::uint8_t, 9> kAddressOptions = {1, 3, 6, 7, 28, 42, 44, 50, 54};
constexpr std::uint8_t kVendorOption = 43;

using Fields = std::vector<Difference>;

std::string hex_or_text(ByteView value) {
  const bool is_text = !value.empty() && std::ranges::all_of(value, [](std::uint8_t octet) {
    return octet >= 0x20 && octet < 0x7f;
  });
  if (is_text) return "\"" + as_text(value) + "\"";
  return value.empty() ? std::string("empty") : to_hex(value);
}

Bytes with_live_addresses(ByteView value, const AddressMap& addresses) {
  Bytes mapped;
  ByteWriter writer(mapped);
  ByteReader reader(value);
  while (const auto number = reader.u32()) writer.u32(addresses.to_live({*number}).value);
  writer.bytes(reader.rest());
  return mapped;
}

struct Option {
  std::uint8_t code = 0;
  Bytes value{};
};

// Options in the order of their first instances, instances joined (RFC 3396).
std::vector<Option> options_of(const dhcp::MessageView& message) {
  std::vector<Option> options;
  message.each_option([&](const dhcp::OptionView& option) {
    const auto known = std::ranges::find(options, option.code, &Option::code);
    if (known == options.end()) {
      options.push_back({option.code, Bytes(option.value.begin(), option.value.end())});
    } else {
      known->value.insert(known->value.end(), option.value.begin(), option.value.end());
    }
  });
  return options;
}

const Option* find(const std::vector<Option>& options, std::uint8_t code) {
  const auto found = std::ranges::find(options, code, &Option::code);
  return found == options.end() ? nullptr : &*found;
}

// The sub-options by tag, server lists with live addresses.
std::map<std::uint8_t, std::string> sub_options(const pxe::VendorOptions& vendor,
                                                const AddressMap* addresses) {
  std::map<std::uint8_t, std::string> values;
  for (const pxe::SubOption& each : vendor.sub_options) {
    if (each.tag == static_cast<std::uint8_t>(pxe::VendorTag::Pad)) continue;
    Bytes value = each.value;
    if (each.tag == static_cast<std::uint8_t>(pxe::VendorTag::BootServers) && addresses) {
      if (auto servers = pxe::decode_servers(value)) {
        for (auto& entry : *servers) {
          for (auto& address : entry.addresses) address = addresses->to_live(address);
        }
        pxe::VendorOptions mapped;
        if (mapped.add_servers(*servers)) value = mapped.sub_options.front().value;
      }
    }
    std::string& text = values[each.tag];
    text += (text.empty() ? "" : " + ") + to_hex(value);
  }
  return values;
}

void compare_vendor(const Option* recorded, const Option* live, const AddressMap& addresses,
                    Fields& out) {
  if (recorded == nullptr || live == nullptr) {
    out.push_back({"option 43",
                   recorded ? to_hex(recorded->value) : "absent",
                   live ? to_hex(live->value) : "absent",
                   Rank::Semantic,
                   {}});
    return;
  }
  const auto before = pxe::decode(recorded->value);
  const auto after = pxe::decode(live->value);
  if (!before || !after) {
    if (recorded->value != live->value) {
      out.push_back(
          {"option 43", to_hex(recorded->value), to_hex(live->value), Rank::Semantic, {}});
    }
    return;
  }
  auto left = sub_options(*before, &addresses);
  auto right = sub_options(*after, nullptr);
  std::set<std::uint8_t> tags;
  for (const auto& [tag, value] : left) tags.insert(tag);
  for (const auto& [tag, value] : right) tags.insert(tag);
  bool is_equal = true;
  for (const std::uint8_t tag : tags) {
    const auto mine = left.find(tag);
    const auto theirs = right.find(tag);
    const std::string was = mine == left.end() ? "absent" : mine->second;
    const std::string is = theirs == right.end() ? "absent" : theirs->second;
    if (was == is) continue;
    is_equal = false;
    out.push_back({fmt::format("option 43.{}", tag), was, is, Rank::Semantic, {}});
  }
  if (is_equal && recorded->value.size() != live->value.size()) {
    out.push_back({"option 43 END",
                   fmt::format("{} octets", recorded->value.size()),
                   fmt::format("{} octets", live->value.size()),
                   Rank::Cosmetic,
                   {}});
  }
}

void compare_options(const dhcp::MessageView& recorded, const dhcp::MessageView& live,
                     const AddressMap& addresses, Fields& out) {
  const auto left = options_of(recorded);
  const auto right = options_of(live);
  std::vector<std::uint8_t> codes;
  for (const Option& each : left) codes.push_back(each.code);
  for (const Option& each : right) {
    if (find(left, each.code) == nullptr) codes.push_back(each.code);
  }
  for (const std::uint8_t code : codes) {
    const Option* before = find(left, code);
    const Option* after = find(right, code);
    if (code == kVendorOption) {
      compare_vendor(before, after, addresses, out);
      continue;
    }
    const bool holds_addresses = std::ranges::find(kAddressOptions, code) != kAddressOptions.end();
    Bytes was;
    if (before)
      was = holds_addresses ? with_live_addresses(before->value, addresses) : before->value;
    if (before && after && was == after->value) continue;
    out.push_back({fmt::format("option {}", code),
                   before ? hex_or_text(was) : "absent",
                   after ? hex_or_text(after->value) : "absent",
                   Rank::Semantic,
                   {}});
  }
  const auto in_both = [&](const std::vector<Option>& options, const std::vector<Option>& other) {
    std::vector<std::uint8_t> order;
    for (const Option& each : options) {
      if (find(other, each.code)) order.push_back(each.code);
    }
    return order;
  };
  const auto before = in_both(left, right);
  const auto after = in_both(right, left);
  if (before != after) {
    out.push_back({"order of options",
                   fmt::format("{}", fmt::join(before, " ")),
                   fmt::format("{}", fmt::join(after, " ")),
                   Rank::Cosmetic,
                   {}});
  }
}

void compare_header(const dhcp::MessageView& recorded, const dhcp::MessageView& live,
                    const AddressMap& addresses, Fields& out) {
  const auto number = [&](std::string_view field, std::uint64_t was, std::uint64_t is, Rank rank) {
    if (was != is) {
      out.push_back({std::string(field), fmt::format("{}", was), fmt::format("{}", is), rank, {}});
    }
  };
  const auto address = [&](std::string_view field, Ipv4Address was, Ipv4Address is) {
    const Ipv4Address wanted = addresses.to_live(was);
    if (wanted == is) return;
    out.push_back({std::string(field), to_string(wanted), to_string(is), Rank::Semantic, {}});
  };
  const auto text = [&](std::string_view field, std::string_view was, std::string_view is,
                        Rank rank) {
    if (was == is) return;
    out.push_back(
        {std::string(field), "\"" + printable(was) + "\"", "\"" + printable(is) + "\"", rank, {}});
  };
  const auto type_of = [](const dhcp::MessageView& message) {
    const auto type = message.type();
    return type ? static_cast<std::uint64_t>(*type) : 0;
  };
  number("message type", type_of(recorded), type_of(live), Rank::Semantic);
  number("op", recorded.op(), live.op(), Rank::Semantic);
  number("htype", recorded.htype(), live.htype(), Rank::Semantic);
  number("hlen", recorded.hlen(), live.hlen(), Rank::Semantic);
  number("hops", recorded.header().hops, live.header().hops, Rank::Cosmetic);
  number("secs", recorded.secs(), live.secs(), Rank::Cosmetic);
  number("flags", recorded.flags(), live.flags(), Rank::Cosmetic);
  address("ciaddr", recorded.ciaddr(), live.ciaddr());
  address("yiaddr", recorded.yiaddr(), live.yiaddr());
  address("siaddr", recorded.siaddr(), live.siaddr());
  address("giaddr", recorded.giaddr(), live.giaddr());
  if (!equal(recorded.chaddr(), live.chaddr())) {
    out.push_back({"chaddr", to_hex(recorded.chaddr()), to_hex(live.chaddr()), Rank::Semantic, {}});
  }
  // A server's name is its address in text in some answers.
  std::string sname(recorded.sname_text());
  if (const auto named = Ipv4Address::parse(sname)) sname = to_string(addresses.to_live(*named));
  text("sname", sname, live.sname_text(), Rank::Cosmetic);
  text("file", recorded.file_text(), live.file_text(), Rank::Semantic);
  number("size", recorded.packet().size(), live.packet().size(), Rank::Cosmetic);
}

bool has_only_sub_option_8(ByteView value) {
  // 06 01 08 and what belongs to it: "use the file of this message".
  const auto vendor = pxe::decode(value);
  if (!vendor) return false;
  const auto* control = vendor->find(pxe::VendorTag::DiscoveryControl);
  return control != nullptr && control->value == Bytes{pxe::kUseBootFile};
}

// The ids of docs/differences-from-dnsmasq.md that explain differences between dnsmasq's recorded
// answer and ours.
void document(const dhcp::MessageView& recorded, const dhcp::MessageView& live,
              Fields& differences) {
  for (Difference& each : differences) {
    if (each.field == "siaddr" && recorded.siaddr().is_unspecified() &&
        live.siaddr() == live.address(dhcp::OptionCode::ServerIdentifier)) {
      each.documented = recorded.boot_file().empty() ? "D11" : "D8";
    } else if (each.field == "flags" && (recorded.flags() ^ live.flags()) == dhcp::kBroadcastFlag) {
      each.documented = "D20";
    } else if (each.field == "option 43" && each.recorded == "absent") {
      const auto value = live.joined(dhcp::OptionCode::VendorSpecific);
      if (value && has_only_sub_option_8(*value) && !live.boot_file().empty()) {
        each.documented = "D11";
      }
    } else if (each.field == "option 43.8") {
      each.documented = "D15";
    } else if (each.field == "option 97") {
      each.documented = "D17";
    } else if (each.field == "size" && live.joined(dhcp::OptionCode::VendorSpecific) !=
                                           recorded.joined(dhcp::OptionCode::VendorSpecific)) {
      each.documented = "D11";
    }
  }
}

bool is_from_uefi(const RecordedQuestion& question) {
  constexpr std::uint16_t kFirstUefi = 6;  // RFC 4578 s.2.1; 0 to 5 are none
  const auto message = dhcp::MessageView::parse(question.payload);
  if (!message) return false;
  const auto value = message->joined(dhcp::OptionCode::ClientArchitecture);
  if (!value) return false;
  const auto architectures = dhcp::decode_architectures(*value);
  return !architectures.empty() && architectures.front() >= kFirstUefi;
}

// dnsmasq adds ".0" to the name of a UEFI machine's file, too; ours to a BIOS machine's only.
void document_file(const RecordedQuestion& question, const RecordedAnswer& recorded,
                   const LiveAnswer& live, Fields& differences) {
  const auto before = dhcp::MessageView::parse(recorded.payload);
  const auto after = dhcp::MessageView::parse(live.payload);
  if (!before || !after || !is_from_uefi(question)) return;
  if (before->file_text() != std::string(after->file_text()) + ".0") return;
  for (Difference& each : differences) {
    if (each.field == "file") each.documented = "D22";
  }
}

// An offer with nowhere to go: dnsmasq sends it, ours stays silent (D10).
bool is_dead_end(const dhcp::MessageView& answer) {
  if (!answer.boot_file().empty()) return false;
  const auto value = answer.joined(dhcp::OptionCode::VendorSpecific);
  return !value || has_only_sub_option_8(*value);
}

std::string delivery(const Endpoint& destination, bool link_broadcast) {
  if (destination.address.is_broadcast()) return fmt::format("broadcast:{}", destination.port);
  return fmt::format("{}{}", to_string(destination), link_broadcast ? " by link broadcast" : "");
}

Fields compare_one(const RecordedAnswer& recorded, const LiveAnswer& live,
                   const AddressMap& addresses, Comparison comparison) {
  Fields out;
  const auto before = dhcp::MessageView::parse(recorded.payload);
  const auto after = dhcp::MessageView::parse(live.payload);
  if (!before || !after) {
    out.push_back({"message",
                   before ? "sound" : std::string(to_string(before.error().fault)),
                   after ? "sound" : std::string(to_string(after.error().fault)),
                   Rank::Semantic,
                   {}});
    return out;
  }
  compare_header(*before, *after, addresses, out);
  compare_options(*before, *after, addresses, out);
  if (recorded.source.port != live.source.port) {
    out.push_back({"source port",
                   fmt::format("{}", recorded.source.port),
                   fmt::format("{}", live.source.port),
                   Rank::Semantic,
                   {}});
  }
  const Endpoint wanted{addresses.to_live(recorded.destination.address), recorded.destination.port};
  const std::string was = delivery(wanted, recorded.link_broadcast);
  const std::string is = delivery(live.destination, live.link_broadcast);
  if (was != is) {
    // Without flags forced on, an answer to a client with an address goes there.
    const Rank rank =
        recorded.destination.port == live.destination.port ? Rank::Cosmetic : Rank::Semantic;
    out.push_back({"sent to", was, is, rank, {}});
  }
  if (live.after > kLate && live.after > recorded.after * kMuchSlower) {
    out.push_back({"time",
                   fmt::format("{:.3f} s", to_seconds(recorded.after)),
                   fmt::format("{:.3f} s", to_seconds(live.after)),
                   Rank::Timing,
                   {}});
  }
  if (comparison == Comparison::DnsmasqWithOurs) document(*before, *after, out);
  return out;
}

bool is_like(ByteView recorded, ByteView live) {
  const auto before = dhcp::MessageView::parse(recorded);
  const auto after = dhcp::MessageView::parse(live);
  return before && after && before->type() == after->type();
}

}  // namespace

std::string_view to_string(Rank rank) {
  switch (rank) {
    case Rank::Semantic:
      return "SEMANTIC";
    case Rank::Timing:
      return "TIMING";
    case Rank::Cosmetic:
      return "cosmetic";
  }
  return {};
}

Ipv4Address AddressMap::to_live(Ipv4Address recorded) const {
  const auto found = std::ranges::find(pairs, recorded, &Pair::recorded);
  return found == pairs.end() ? recorded : found->live;
}

std::string answer_words(ByteView octets) {
  const auto message = dhcp::MessageView::parse(octets);
  if (!message) return "a broken message";
  std::string words = message->type() ? std::string(dhcp::to_string(*message->type())) : "BOOTP";
  if (!message->yiaddr().is_unspecified()) words += " " + to_string(message->yiaddr());
  if (!message->boot_file().empty()) {
    words += fmt::format(", file \"{}\"", printable(message->boot_file()));
  }
  if (!message->siaddr().is_unspecified()) {
    words += ", next server " + to_string(message->siaddr());
  }
  if (message->has(dhcp::OptionCode::VendorSpecific)) words += ", option 43";
  return words;
}

std::string ending_words(RecordedRead::Ending ending, std::uint64_t octets,
                         const std::optional<tftp::Error>& refusal) {
  switch (ending) {
    case RecordedRead::Ending::Whole:
      return fmt::format("{} octets", octets);
    case RecordedRead::Ending::Aborted:
      return "stopped by the client";
    case RecordedRead::Ending::Refused:
      return refusal ? fmt::format("ERROR {}", refusal->code) : "ERROR";
    case RecordedRead::Ending::Unanswered:
      return "no answer";
    case RecordedRead::Ending::Unfinished:
      return fmt::format("broken off after {} octets", octets);
  }
  return {};
}

std::vector<Difference> compare_answers(const RecordedQuestion& question,
                                        const std::vector<RecordedAnswer>& recorded,
                                        const std::vector<LiveAnswer>& live,
                                        const AddressMap& addresses, Comparison comparison) {
  Fields out;
  std::vector<bool> used(live.size(), false);
  for (const RecordedAnswer& before : recorded) {
    std::optional<std::size_t> match;
    for (std::size_t at = 0; at < live.size() && !match; ++at) {
      if (!used[at] && is_like(before.payload, live[at].payload)) match = at;
    }
    for (std::size_t at = 0; at < live.size() && !match; ++at) {
      if (!used[at]) match = at;
    }
    if (match) {
      used[*match] = true;
      auto differences = compare_one(before, live[*match], addresses, comparison);
      if (comparison == Comparison::DnsmasqWithOurs) {
        document_file(question, before, live[*match], differences);
      }
      std::ranges::move(differences, std::back_inserter(out));
      continue;
    }
    Difference silence{"answer", answer_words(before.payload), "silence", Rank::Semantic, {}};
    const auto message = dhcp::MessageView::parse(before.payload);
    if (comparison == Comparison::DnsmasqWithOurs && message && is_dead_end(*message)) {
      silence.documented = "D10";
    }
    out.push_back(std::move(silence));
  }
  for (std::size_t at = 0; at < live.size(); ++at) {
    if (used[at]) continue;
    const bool is_known = std::ranges::any_of(live, [&](const LiveAnswer& other) {
      return &other != &live[at] && other.payload == live[at].payload;
    });
    out.push_back({"answer",
                   "silence",
                   answer_words(live[at].payload),
                   is_known ? Rank::Cosmetic : Rank::Semantic,
                   {}});
  }
  return out;
}

std::vector<Difference> compare_reads(const RecordedRead& recorded, const LiveRead& live,
                                      Comparison comparison) {
  Fields out;
  const std::string was = ending_words(recorded.ending, recorded.octets, recorded.refusal);
  const std::string is = ending_words(live.ending, live.octets, live.refusal);
  // A capture that ends in the middle of a file says nothing of its end.
  if (was != is && recorded.ending != RecordedRead::Ending::Unfinished) {
    out.push_back({recorded.request.filename, was, is, Rank::Semantic, {}});
  }
  if (recorded.refusal && live.refusal && recorded.refusal->text != live.refusal->text) {
    out.push_back({"text of ERROR", printable(recorded.refusal->text),
                   printable(live.refusal->text), Rank::Cosmetic,
                   comparison == Comparison::DnsmasqWithOurs ? "T7" : ""});
  }
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
  if (recorded.oack) {
    for (const auto& option : recorded.oack->options) before[option.name] = option.value;
  }
  if (live.oack) {
    for (const auto& option : live.oack->options) after[option.name] = option.value;
  }
  std::set<std::string> names;
  for (const auto& [name, value] : before) names.insert(name);
  for (const auto& [name, value] : after) names.insert(name);
  for (const std::string& name : names) {
    const std::string left = before.contains(name) ? before[name] : "absent";
    const std::string right = after.contains(name) ? after[name] : "absent";
    if (left == right) continue;
    Difference difference{name, left, right, name == "tsize" ? Rank::Semantic : Rank::Cosmetic, {}};
    if (comparison == Comparison::DnsmasqWithOurs && left == "absent" &&
        (name == "windowsize" || name == "timeout")) {
      difference.documented = "T13";
    }
    out.push_back(std::move(difference));
  }
  if (live.first_answer_after > kLate &&
      live.first_answer_after > recorded.first_answer_after * kMuchSlower) {
    out.push_back({"time",
                   fmt::format("{:.3f} s", to_seconds(recorded.first_answer_after)),
                   fmt::format("{:.3f} s", to_seconds(live.first_answer_after)),
                   Rank::Timing,
                   {}});
  }
  return out;
}

}  // namespace pxeproof::conformance

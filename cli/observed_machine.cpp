#include "cli/observed_machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/packet_fields.h"

namespace pxeproof::cli {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

// The codes of the options, and of option 60 whether PXE or HTTP: what tells the sessions of two
// attempts apart.
std::string signature_of(const dhcp::MessageView& message) {
  std::string text;
  message.each_option([&text](const dhcp::OptionView& option) {
    text += fmt::format("{} ", option.code);
    const auto code = static_cast<OptionCode>(option.code);
    if (code == OptionCode::VendorClass || code == OptionCode::ClientArchitecture) {
      text += to_hex(option.value);
    }
  });
  return text;
}

bool names_item(const dhcp::MessageView& message) {
  const auto vendor = message.first(OptionCode::VendorSpecific);
  return vendor && vendor->size() > 1 && (*vendor)[0] == 71;
}

std::optional<std::uint16_t> architecture_of(const dhcp::MessageView& message) {
  const auto value = message.first(OptionCode::ClientArchitecture);
  if (!value || value->size() < 2) return std::nullopt;
  return static_cast<std::uint16_t>(number_of(value->first(2)));
}

// A machine takes over a server's value for some options (iPXE's registered settings): its later
// messages say what a server said, and not what its first one did.
std::set<std::uint8_t> registered_codes(const ObservedMachine& machine,
                                        const std::map<std::uint8_t, std::set<Bytes>>& servers) {
  std::set<std::uint8_t> codes;
  const auto discover = machine.phases.find("dhcp.discover");
  if (discover == machine.phases.end()) return codes;
  const dhcp::MessageView& first = discover->second.front().message;
  for (const auto& [table, messages] : machine.phases) {
    for (const ObservedMessage& each : messages) {
      if (table.starts_with("dhcp.then")) continue;
      each.message.each_option([&](const dhcp::OptionView& option) {
        const auto code = static_cast<OptionCode>(option.code);
        if (code != OptionCode::VendorClass && code != OptionCode::UserClass) return;
        const auto before = first.first(option.code);
        const Bytes value(option.value.begin(), option.value.end());
        const auto said = servers.find(option.code);
        if (before && Bytes(before->begin(), before->end()) != value && said != servers.end() &&
            said->second.contains(value)) {
          codes.insert(option.code);
        }
      });
    }
  }
  return codes;
}

class Observer {
 public:
  explicit Observer(const RecordedBoot& boot) : boot_(boot) {
    machine_.known.mac = boot.client;
    machine_.known.guid = boot.guid;
  }

  ObservedMachine run() {
    for (const RecordedFrame& frame : boot_.frames) {
      if (frame.sender == RecordedFrame::Sender::Client) {
        on_client(frame);
      } else {
        on_server(frame);
      }
    }
    machine_.known.registered = registered_codes(machine_, server_options_);
    return std::move(machine_);
  }

 private:
  void on_client(const RecordedFrame& frame) {
    if (!is_compared(frame.octets)) return;
    if (frame.cut_octets > 0) {
      machine_.cut_frames.push_back(frame.number);
      return;
    }
    const std::string kind = kind_of(frame.octets);
    if (kind == "ARP request") machine_.arp_requests.push_back(&frame);
    if (kind == "ARP announcement") machine_.announcements.push_back(&frame);
    const auto udp = frames::inspect_udp(frame.octets, frames::ChecksumPolicy::Ignore);
    if (!udp) return;
    machine_.datagrams.push_back(*udp);
    machine_.datagram_frames.push_back(&frame);
    if (const auto message = dhcp::MessageView::parse(udp->payload)) {
      on_message(frame, *udp, *message);
      return;
    }
    const auto packet = tftp::decode(udp->payload);
    if (!packet) return;
    if (const auto* const request = std::get_if<tftp::Request>(&*packet)) {
      machine_.requests.push_back({&frame, udp->source.port, *request, nullptr, {}});
    } else if (const auto* const error = std::get_if<tftp::Error>(&*packet)) {
      if (machine_.requests.empty() || machine_.requests.back().port != udp->source.port) return;
      machine_.requests.back().error_frame = &frame;
      machine_.requests.back().error = *error;
    }
  }

  void on_message(const RecordedFrame& frame, const frames::Udp& udp,
                  const dhcp::MessageView& message) {
    const std::string table = table_of(udp, message);
    if (table.empty()) return;
    const bool same_run = !machine_.order.empty() && machine_.order.back() == table;
    machine_.order.push_back(table);
    machine_.phases[table].push_back({&frame, udp, message, same_run});
  }

  std::string table_of(const frames::Udp& udp, const dhcp::MessageView& message) {
    const auto type = message.type();
    if (type == MessageType::Discover) {
      const std::string signature = signature_of(message);
      if (first_signature_.empty()) {
        first_signature_ = signature;
        machine_.known.architecture = architecture_of(message);
      }
      prefix_ = signature == first_signature_ ? "dhcp" : "dhcp.then";
      if (message.text(OptionCode::VendorClass).starts_with("HTTPClient")) {
        machine_.known.http_architecture = architecture_of(message);
      }
      return prefix_ + ".discover";
    }
    if (type != MessageType::Request) return "";
    if (names_item(message)) {
      return udp.destination.address.is_broadcast() ? "dhcp.boot_server_broadcast"
                                                    : "dhcp.boot_server_request";
    }
    return udp.destination.port == dhcp::kBootServerPort ? "dhcp.proxy_request"
                                                         : prefix_ + ".request";
  }

  void on_server(const RecordedFrame& frame) {
    const auto udp = frames::inspect_udp(frame.octets, frames::ChecksumPolicy::Ignore);
    if (!udp) return;
    const auto message = dhcp::MessageView::parse(udp->payload);
    if (!message || message->op() != dhcp::kBootReply) return;
    if (message->type() == MessageType::Ack) machine_.leased = true;
    const auto address = message->yiaddr().octets();
    machine_.known.addresses.insert(Bytes(address.begin(), address.end()));
    if (const auto server = message->first(OptionCode::ServerIdentifier)) {
      machine_.known.servers.insert(Bytes(server->begin(), server->end()));
    }
    message->each_option([this](const dhcp::OptionView& option) {
      server_options_[option.code].insert(Bytes(option.value.begin(), option.value.end()));
    });
  }

  const RecordedBoot& boot_;
  ObservedMachine machine_;
  std::map<std::uint8_t, std::set<Bytes>> server_options_;
  std::string first_signature_;
  std::string prefix_ = "dhcp";
};

}  // namespace

ObservedMachine ObservedMachine::of(const RecordedBoot& boot) { return Observer(boot).run(); }

std::string name_packets(const std::vector<std::uint32_t>& numbers) {
  constexpr std::size_t kNamed = 4;
  std::string text = numbers.size() == 1 ? "packet" : "packets";
  for (std::size_t i = 0; i < std::min(kNamed, numbers.size()); ++i) {
    text += fmt::format("{}{}", i == 0 ? " " : ", ", numbers[i]);
  }
  if (numbers.size() > kNamed) text += fmt::format(" and {} more", numbers.size() - kNamed);
  return text;
}

}  // namespace pxeproof::cli

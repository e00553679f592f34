// Mutants of what is said again, and of how transfers end.

#include <algorithm>
#include <bit>
#include <map>
#include <set>
#include <string>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;
using server::Configuration;

std::optional<tftp::Packet> packet_of(const OutgoingDatagram& out) {
  if (is_dhcp_port(out.source.port)) return std::nullopt;
  auto packet = tftp::decode(out.head);
  return packet ? std::optional(std::move(*packet)) : std::nullopt;
}

// The ACK of the block that ends a file is answered by one more block.
ServicePtr says_more(DatagramService& inner, const Configuration&) {
  auto last = std::make_shared<std::map<Endpoint, std::uint16_t>>();
  Edits edits;
  edits.say = [last](OutgoingDatagram& out, Mouth&) {
    const auto packet = packet_of(out);
    const auto* data = packet ? std::get_if<tftp::Data>(&*packet) : nullptr;
    if (data != nullptr && data->payload.size() < 512) (*last)[out.destination] = data->block;
    return Pass::On;
  };
  edits.hear = [last](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    const auto known = last->find(datagram.source);
    if (known == last->end() || payload != tftp::encode(tftp::Ack{known->second, {}}))
      return Pass::On;
    Bytes more;
    tftp::encode_data_header(static_cast<std::uint16_t>(known->second + 1), more);
    mouth.answer(datagram, std::move(more));
    last->erase(known);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// ERRORs come again by a timer, as if somebody had to acknowledge them.
ServicePtr error_again(DatagramService& inner, const Configuration&) {
  auto said = std::make_shared<std::vector<OutgoingDatagram>>();
  Edits edits;
  edits.say = [said](OutgoingDatagram& out, Mouth&) {
    const auto packet = packet_of(out);
    if (packet && std::holds_alternative<tftp::Error>(*packet)) said->push_back(out);
    return Pass::On;
  };
  edits.interval = 2s;
  edits.tick = [said](Mouth& mouth) {
    for (OutgoingDatagram& each : *said) mouth.say(std::move(each));
    said->clear();
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr oack_cut_again(DatagramService& inner, const Configuration&) {
  auto told = std::make_shared<std::set<Endpoint>>();
  Edits edits;
  edits.say = [told](OutgoingDatagram& out, Mouth&) {
    auto packet = packet_of(out);
    auto* oack = packet ? std::get_if<tftp::Oack>(&*packet) : nullptr;
    if (oack == nullptr || told->insert(out.destination).second) return Pass::On;
    oack->options.resize(std::min<std::size_t>(oack->options.size(), 1));
    tftp::encode_oack(oack->options, out.head);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr first_option_only(DatagramService& inner, const Configuration&) {
  return edit_tftp_requests(inner, [](tftp::Request& request, IncomingDatagram&, Mouth&) {
    request.options.resize(std::min<std::size_t>(request.options.size(), 1));
    return Pass::On;
  });
}

ServicePtr long_names_cut(DatagramService& inner, const Configuration&) {
  return edit_tftp_requests(inner, [](tftp::Request& request, IncomingDatagram&, Mouth&) {
    request.filename.resize(std::min<std::size_t>(request.filename.size(), 127));
    return Pass::On;
  });
}

ServicePtr no_empty_in_windows(DatagramService& inner, const Configuration&) {
  auto windowed = std::make_shared<std::set<Endpoint>>();
  Edits edits;
  edits.say = [windowed](OutgoingDatagram& out, Mouth&) {
    const auto packet = packet_of(out);
    if (!packet) return Pass::On;
    if (const auto* oack = std::get_if<tftp::Oack>(&*packet)) {
      for (const tftp::Option& option : oack->options) {
        if (tftp::same_word(option.name, "windowsize")) windowed->insert(out.destination);
      }
    }
    const auto* data = std::get_if<tftp::Data>(&*packet);
    const bool missing =
        data != nullptr && data->payload.empty() && windowed->contains(out.destination);
    return missing ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr window_power_of_two(DatagramService& inner, const Configuration&) {
  return edit_tftp(inner, [](tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
    auto* oack = std::get_if<tftp::Oack>(&packet);
    if (oack == nullptr) return Pass::On;
    for (tftp::Option& option : oack->options) {
      const auto value = tftp::parse_number(option.value);
      if (!value || !tftp::same_word(option.name, "windowsize")) continue;
      option.value = std::to_string(std::bit_ceil(*value));
    }
    return Pass::On;
  });
}

// A client's ERROR counts before the third block only.
ServicePtr deaf_to_later_errors(DatagramService& inner, const Configuration&) {
  auto later = std::make_shared<std::set<Endpoint>>();
  Edits edits;
  edits.say = [later](OutgoingDatagram& out, Mouth&) {
    const auto packet = packet_of(out);
    const auto* data = packet ? std::get_if<tftp::Data>(&*packet) : nullptr;
    if (data != nullptr && data->block > 2) later->insert(out.destination);
    return Pass::On;
  };
  edits.hear = [later](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const bool error = tftp::peek_opcode(payload) == tftp::Opcode::Error;
    return error && later->contains(datagram.source) ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

}  // namespace

std::vector<Mutant> ending_mutants() {
  return {
      {.name = "says-more",
       .what = "after the last ACK another block comes",
       .killed_by = {"TFTP-01"},
       .wrap = says_more},
      {.name = "error-again",
       .what = "an ERROR comes again, as if it had to be acknowledged",
       .killed_by = {"TERR-01"},
       .wrap = error_again},
      {.name = "oack-cut-again",
       .what = "an OACK that comes again has its first option only",
       .killed_by = {"TLOSS-03"},
       .wrap = oack_cut_again},
      {.name = "first-option-only",
       .what = "only the first option of a request is read",
       .killed_by = {"TOPT-03"},
       .wrap = first_option_only},
      {.name = "long-names-cut",
       .what = "names of files are cut after 127 octets",
       .killed_by = {"TFTP-09"},
       .wrap = long_names_cut},
      {.name = "no-empty-in-windows",
       .what = "with windows, blocks without octets are not sent",
       .killed_by = {"TWIN-08"},
       .wrap = no_empty_in_windows},
      {.name = "window-power-of-two",
       .what = "a windowsize is raised to a power of two",
       .killed_by = {"TWIN-01"},
       .wrap = window_power_of_two},
      {.name = "deaf-to-later-errors",
       .what = "a client's ERROR counts before the third block only",
       .killed_by = {"TERR-08"},
       .wrap = deaf_to_later_errors},
  };
}

}  // namespace pxeproof::cli

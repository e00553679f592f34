// Mutants of TFTP requests, options and errors.

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"

namespace pxeproof::cli {

namespace {

using server::Configuration;

std::string* value_of(std::vector<tftp::Option>& options, std::string_view name) {
  for (tftp::Option& option : options) {
    if (tftp::same_word(option.name, name)) return &option.value;
  }
  return nullptr;
}

template <Pass (*Edit)(tftp::Request&, IncomingDatagram&, Mouth&)>
ServicePtr requests(DatagramService& inner, const Configuration&) {
  return edit_tftp_requests(inner, Edit);
}
template <Pass (*Edit)(tftp::Packet&, OutgoingDatagram&, Mouth&)>
ServicePtr packets(DatagramService& inner, const Configuration&) {
  return edit_tftp(inner, Edit);
}

Bytes data_packet(std::uint16_t block, std::string_view content) {
  Bytes out;
  tftp::encode_data_header(block, out);
  out.insert(out.end(), content.begin(), content.end());
  return out;
}

Bytes error_packet(tftp::ErrorCode code) {
  Bytes out;
  tftp::encode_error(code, "mutant", out);
  return out;
}

// ---- Requests.

Pass any_mode(tftp::Request& request, IncomingDatagram&, Mouth&) {
  if (!tftp::same_word(request.mode, "netascii")) request.mode = "octet";
  return Pass::On;
}
Pass dies_of_strange_mode(tftp::Request& request, IncomingDatagram&, Mouth&) {
  if (!tftp::same_word(request.mode, "octet") && !tftp::same_word(request.mode, "netascii"))
    std::abort();
  return Pass::On;
}
Pass netascii_as_octet(tftp::Request& request, IncomingDatagram&, Mouth&) {
  if (tftp::same_word(request.mode, "netascii")) request.mode = "octet";
  return Pass::On;
}
Pass exact_names(tftp::Request& request, IncomingDatagram&, Mouth&) {
  if (request.filename.starts_with('/') || request.filename.starts_with('.'))
    request.filename = "missing.bin";
  return Pass::On;
}
Pass values_as_names(tftp::Request& request, IncomingDatagram&, Mouth&) {
  for (const tftp::Option& option : std::vector<tftp::Option>(request.options)) {
    if (option.value == "blksize") request.options.push_back({"blksize", "512"});
  }
  return Pass::On;
}
Pass case_matters(tftp::Request& request, IncomingDatagram&, Mouth&) {
  std::erase_if(request.options, [](const tftp::Option& option) {
    return std::ranges::any_of(option.name, [](unsigned char c) { return std::isupper(c) != 0; });
  });
  return Pass::On;
}
Pass accepts_writes(tftp::Request& request, IncomingDatagram& datagram, Mouth& mouth) {
  if (request.opcode != tftp::Opcode::Wrq) return Pass::On;
  mouth.answer(datagram, tftp::encode(tftp::Ack{0, {}}));
  return Pass::Drop;
}
Pass outside_open(tftp::Request& request, IncomingDatagram& datagram, Mouth& mouth) {
  const bool outside =
      request.filename.find("..") != std::string::npos || request.filename.starts_with("/etc/");
  if (!outside) return Pass::On;
  mouth.answer(datagram, data_packet(1, "somebody's secret\n"));
  return Pass::Drop;
}

// Acknowledges whatever was asked for, as it was asked for.
ServicePtr acknowledges_as_asked(DatagramService& inner, const Configuration&) {
  auto asked = std::make_shared<std::map<Endpoint, std::vector<tftp::Option>>>();
  Edits edits;
  edits.hear = [asked](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const auto packet = tftp::decode(payload);
    if (datagram.destination.port != tftp::kPort || !packet) return Pass::On;
    if (const auto* request = std::get_if<tftp::Request>(&*packet); request != nullptr) {
      if (!request->options.empty()) (*asked)[datagram.source] = request->options;
    }
    return Pass::On;
  };
  edits.say = [asked](OutgoingDatagram& out, Mouth&) {
    const auto options = asked->find(out.destination);
    if (options == asked->end() || tftp::peek_opcode(out.head) == tftp::Opcode::Error)
      return Pass::On;
    tftp::encode_oack(options->second, out.head);
    asked->erase(options);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

Pass unasked_option(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  if (auto* oack = std::get_if<tftp::Oack>(&packet)) {
    if (value_of(oack->options, "multicast") == nullptr) oack->options.push_back({"utimeout", "9"});
  }
  return Pass::On;
}
Pass option_twice(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  auto* oack = std::get_if<tftp::Oack>(&packet);
  if (oack != nullptr && !oack->options.empty()) oack->options.push_back(oack->options.front());
  return Pass::On;
}
Pass tsize_32_bit(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  auto* oack = std::get_if<tftp::Oack>(&packet);
  std::string* value = oack == nullptr ? nullptr : value_of(oack->options, "tsize");
  if (value != nullptr) *value = std::to_string(std::stoull(*value) & 0xffffffffU);
  return Pass::On;
}
Pass tsize_half(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  auto* oack = std::get_if<tftp::Oack>(&packet);
  std::string* value = oack == nullptr ? nullptr : value_of(oack->options, "tsize");
  if (value != nullptr) *value = std::to_string(std::stoull(*value) / 2);
  return Pass::On;
}
Pass data_before_ack(tftp::Packet& packet, OutgoingDatagram& out, Mouth& mouth) {
  if (std::holds_alternative<tftp::Oack>(packet)) {
    OutgoingDatagram early = out;
    early.body = {};
    early.head = data_packet(1, "too early");
    mouth.say(std::move(early));
  }
  return Pass::On;
}

// ---- Errors.

Pass error_zero(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  auto* error = std::get_if<tftp::Error>(&packet);
  if (error != nullptr && error->code == 1) error->code = 0;
  return Pass::On;
}
Pass errors_become_data(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  const auto* error = std::get_if<tftp::Error>(&packet);
  if (error != nullptr && error->code == 2) packet = tftp::Data{.block = 1};
  return Pass::On;
}
Pass from_first_address(tftp::Packet&, OutgoingDatagram& out, Mouth&) {
  out.source.address = {};
  return Pass::On;
}

ServicePtr path_in_errors(DatagramService& inner, const Configuration& configuration) {
  return edit_tftp(
      inner, [root = configuration.tftp.root](tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
        if (auto* error = std::get_if<tftp::Error>(&packet)) error->text += " in " + root;
        return Pass::On;
      });
}

ServicePtr error_answers_error(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    if (datagram.destination.port == tftp::kPort &&
        tftp::peek_opcode(payload) == tftp::Opcode::Error) {
      mouth.answer(datagram, error_packet(tftp::ErrorCode::IllegalOperation));
    }
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr answers_everything(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    if (is_dhcp_port(datagram.destination.port)) return Pass::On;
    const auto opcode = tftp::peek_opcode(payload);
    if (opcode == tftp::Opcode::Rrq || opcode == tftp::Opcode::Ack) return Pass::On;
    mouth.answer(datagram, error_packet(tftp::ErrorCode::NotDefined));
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr broken_request_served(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    if (datagram.destination.port != tftp::kPort || tftp::decode(payload)) return Pass::On;
    if (payload.size() < 3 || payload[1] != 1) return Pass::On;
    if (payload.back() != 0) payload.push_back(0);
    constexpr std::string_view kMode = "octet";
    payload.insert(payload.end(), kMode.begin(), kMode.end());
    payload.push_back(0);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr dies_of_broken_list(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [dead = false](IncomingDatagram& datagram, Bytes& payload, Mouth&) mutable {
    const auto packet = tftp::decode(payload);
    const auto* request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
    if (datagram.destination.port == tftp::kPort && request != nullptr &&
        !request->trailer.empty()) {
      dead = true;
    }
    return dead ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr dies_of_many(DatagramService& inner, const Configuration&) {
  constexpr int kMany = 5000;
  return edit_tftp_requests(inner, [count = 0](tftp::Request&, IncomingDatagram&, Mouth&) mutable {
    return ++count > kMany ? Pass::Drop : Pass::On;
  });
}

// A request to everybody is taken for one to us.
ServicePtr answers_broadcast(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [own = Ipv4Address{}](IncomingDatagram& datagram, Bytes&, Mouth&) mutable {
    if (is_dhcp_port(datagram.destination.port)) return Pass::On;
    if ((datagram.destination.address.value & 0xffffU) != 0xffffU) {
      own = datagram.destination.address;
    } else if (!own.is_unspecified()) {
      datagram.destination.address = own;
    }
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

void few_transfers(server::TftpOptions& options) {
  options.limits.transfers = 1;
  options.limits.half_open = 1;
  options.limits.waiting = 1;
}
void wide_window(server::TftpOptions& options) { options.maximum_window = 65535; }
void slow_pace(server::TftpOptions& options) {
  using namespace std::chrono_literals;
  options.retransmission.shortest = 4000ms;
  options.retransmission.first = 4000ms;
}

// Names and modes are compared as far as the known ones go.
Pass prefixes_suffice(tftp::Request& request, IncomingDatagram&, Mouth&) {
  for (tftp::Option& option : request.options) {
    if (option.name.starts_with("blksize")) option.name = "blksize";
  }
  if (request.mode.starts_with("octet")) request.mode = "octet";
  return Pass::On;
}

Pass octet_behind_oack(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  if (auto* oack = std::get_if<tftp::Oack>(&packet)) oack->trailer.push_back(0);
  return Pass::On;
}

// A request to 255.255.255.255 is one; those to the subnet's broadcast address are not.
ServicePtr answers_limited_broadcast(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes&, Mouth&) {
    if (datagram.destination.port == tftp::kPort && datagram.destination.address.is_broadcast())
      datagram.destination.address = Ipv4Address::of(10, 77, 0, 2);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// A client's transfer is found by the client alone, whatever port it sends to.
ServicePtr any_port_of_ours(DatagramService& inner, const Configuration&) {
  auto ports = std::make_shared<std::map<Endpoint, std::uint16_t>>();
  Edits edits;
  edits.hear = [ports](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const auto known = ports->find(datagram.source);
    if (known != ports->end() && tftp::peek_opcode(payload) == tftp::Opcode::Ack)
      datagram.destination.port = known->second;
    return Pass::On;
  };
  edits.say = [ports](OutgoingDatagram& out, Mouth&) {
    const auto opcode = tftp::peek_opcode(out.head);
    const bool transfer = opcode == tftp::Opcode::Data || opcode == tftp::Opcode::Oack;
    if (!is_dhcp_port(out.source.port) && transfer) (*ports)[out.destination] = out.source.port;
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// The second octet of a pair is lost where a block ends between them.
Pass parted_pairs_lost(tftp::Packet& packet, OutgoingDatagram&, Mouth&) {
  auto* data = std::get_if<tftp::Data>(&packet);
  if (data == nullptr || data->block < 2 || data->payload.empty()) return Pass::On;
  const bool is_second = data->payload.front() == '\n' || data->payload.front() == 0;
  if (is_second && data->payload.size() < 8) data->payload = data->payload.subspan(1);
  return Pass::On;
}

// The option is acknowledged, and the server keeps its own pace.
ServicePtr timeout_ignored(DatagramService& inner, const Configuration&) {
  auto asked = std::make_shared<std::map<Endpoint, std::string>>();
  Edits edits;
  edits.hear = [asked](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    auto packet = tftp::decode(payload);
    auto* request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
    if (datagram.destination.port != tftp::kPort || request == nullptr) return Pass::On;
    if (const std::string* value = value_of(request->options, "timeout")) {
      (*asked)[datagram.source] = *value;
      request->options = {{"tsize", "0"}};
      payload = tftp::encode(*request);
    }
    return Pass::On;
  };
  edits.say = [asked](OutgoingDatagram& out, Mouth&) {
    const auto value = asked->find(out.destination);
    if (value != asked->end() && tftp::peek_opcode(out.head) == tftp::Opcode::Oack) {
      tftp::encode_oack({{"timeout", value->second}}, out.head);
    }
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

}  // namespace

std::vector<Mutant> tftp_mutants() {
  return {
      {.name = "oack-unasked",
       .what = "an option that nobody asked for is acknowledged",
       .killed_by = {"TOPT-03"},
       .wrap = packets<unasked_option>},
      {.name = "tsize-32bit",
       .what = "sizes wrap at 4 GiB, as in dnsmasq",
       .killed_by = {"TOPT-11"},
       .wrap = packets<tsize_32_bit>},
      {.name = "tsize-half",
       .what = "sizes are wrong",
       .killed_by = {"TOPT-10", "TOPT-11"},
       .wrap = packets<tsize_half>},
      {.name = "data-before-ack0",
       .what = "DATA does not wait for the OACK's ACK",
       .killed_by = {"TOPT-01"},
       .wrap = packets<data_before_ack>},
      {.name = "error-answers-error",
       .what = "an ERROR is answered by an ERROR, as in dnsmasq",
       .killed_by = {"TERR-04"},
       .wrap = error_answers_error},
      {.name = "oack-as-asked",
       .what = "every option is acknowledged with the value that was asked for",
       .killed_by = {"TOPT-02", "TOPT-06", "TOPT-07", "TOPT-08", "TOPT-09", "TOPT-10", "TOPT-12",
                     "TOPT-13", "TWIN-01"},
       .wrap = acknowledges_as_asked},
      {.name = "option-twice",
       .what = "an option is acknowledged twice",
       .killed_by = {"TOPT-03", "TOPT-06"},
       .wrap = packets<option_twice>},
      {.name = "value-as-name",
       .what = "a value that reads like an option is one",
       .killed_by = {"TOPT-04"},
       .wrap = requests<values_as_names>},
      {.name = "case-matters",
       .what = "option names in capitals are unknown",
       .killed_by = {"TOPT-05"},
       .wrap = requests<case_matters>},
      {.name = "timeout-ignored",
       .what = "timeout is acknowledged and not kept",
       .killed_by = {"TOPT-14"},
       .tftp = slow_pace,
       .wrap = timeout_ignored},
      {.name = "dies-of-broken-list",
       .what = "after a broken option list nothing is heard any more",
       .killed_by = {"TOPT-16"},
       .wrap = dies_of_broken_list},
      {.name = "unbounded-window",
       .what = "any window is granted",
       .killed_by = {"TWIN-10"},
       .tftp = wide_window},
      {.name = "prefixes-suffice",
       .what = "names and modes that begin like a known one are it",
       .killed_by = {"TOPT-02", "TFTP-06"},
       .wrap = requests<prefixes_suffice>},
      {.name = "octet-behind-oack",
       .what = "an OACK has an octet too many",
       .killed_by = {"TOPT-03"},
       .wrap = packets<octet_behind_oack>},
      {.name = "answers-limited-broadcast",
       .what = "a request to 255.255.255.255 is served",
       .killed_by = {"TFTP-08"},
       .wrap = answers_limited_broadcast},
      {.name = "any-port-of-ours",
       .what = "a client's ACK counts at whatever port of the server",
       .killed_by = {"TERR-06"},
       .wrap = any_port_of_ours},
      {.name = "parted-pairs-lost",
       .what = "in netascii the second octet of a pair is lost where a block begins with it",
       .killed_by = {"TFTP-05"},
       .wrap = packets<parted_pairs_lost>},
      {.name = "any-mode",
       .what = "every mode is octet",
       .killed_by = {"TFTP-06"},
       .wrap = requests<any_mode>},
      {.name = "dies-of-strange-mode",
       .what = "a request in another mode than octet and netascii ends the process",
       .killed_by = {"TFTP-06"},
       .ends_process = true,
       .wrap = requests<dies_of_strange_mode>},
      {.name = "netascii-as-octet",
       .what = "netascii is not converted",
       .killed_by = {"TFTP-05"},
       .wrap = requests<netascii_as_octet>},
      {.name = "exact-names",
       .what = "names with a leading slash or dot are not found",
       .killed_by = {"TFTP-09"},
       .wrap = requests<exact_names>},
      {.name = "first-address",
       .what = "answers come from the first address always",
       .killed_by = {"TFTP-07"},
       .wrap = packets<from_first_address>},
      {.name = "answers-broadcast",
       .what = "a request by broadcast is served",
       .killed_by = {"TFTP-08"},
       .wrap = answers_broadcast},
      {.name = "error-zero",
       .what = "a missing file is ERROR 0",
       .killed_by = {"TFTP-10", "TERR-01"},
       .wrap = packets<error_zero>},
      {.name = "errors-become-data",
       .what = "what is no file is an empty file",
       .killed_by = {"TERR-02", "TSEC-04"},
       .wrap = packets<errors_become_data>},
      {.name = "accepts-writes",
       .what = "files are taken",
       .killed_by = {"TERR-03"},
       .wrap = requests<accepts_writes>},
      {.name = "answers-everything",
       .what = "packets that mean nothing are answered",
       .killed_by = {"TERR-05", "TERR-07", "TSEC-06"},
       .wrap = answers_everything},
      {.name = "broken-request-served",
       .what = "a request without mode is octet",
       .killed_by = {"TERR-09"},
       .wrap = broken_request_served},
      {.name = "outside-open",
       .what = "names with dots and absolute names lead out of the root",
       .killed_by = {"TSEC-01", "TSEC-02"},
       .wrap = requests<outside_open>},
      {.name = "path-in-errors",
       .what = "ERRORs tell where the tree lies",
       .killed_by = {"TSEC-05"},
       .wrap = path_in_errors},
      {.name = "dies-of-many",
       .what = "after five thousand requests nothing is heard any more",
       .killed_by = {"TSEC-07"},
       .wrap = dies_of_many},
      {.name = "one-transfer",
       .what = "one transfer at a time",
       .killed_by = {"CONC-01", "CONC-02"},
       .tftp = few_transfers},
  };
}

}  // namespace pxeproof::cli

// The grammar of docs/faults.md, row by row.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/arguments.h"
#include "cli/faults/fault.h"
#include "cli/faults/fault_cursor.h"
#include "cli/faults/fault_edits.h"
#include "cli/faults/fault_words.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

struct SaidName {
  std::string_view name;
  Said said;
};
constexpr std::array kSaid = {
    SaidName{"OFFER", Said::Offer},     SaidName{"ACK", Said::Ack},
    SaidName{"ACK4011", Said::Ack4011}, SaidName{"NAK", Said::Nak},
    SaidName{"OACK", Said::Oack},       SaidName{"DATA", Said::Data},
    SaidName{"ERROR", Said::Error},     SaidName{"DHCP", Said::Dhcp},
    SaidName{"TFTP", Said::Tftp},       SaidName{"all", Said::All},
};

constexpr std::array<std::string_view, 6> kVerbs = {"drop",    "delay",   "duplicate",
                                                    "reorder", "corrupt", "truncate"};

constexpr std::uint64_t kMostCopies = 100;
constexpr std::uint64_t kLargestPacket = 65535;
constexpr std::uint64_t kHighestCount = 1ULL << 48U;

bool is_dhcp(Said said) {
  return said == Said::Offer || said == Said::Ack || said == Said::Ack4011 || said == Said::Nak ||
         said == Said::Dhcp;
}
bool is_tftp(Said said) {
  return said == Said::Oack || said == Said::Data || said == Said::Error || said == Said::Tftp;
}

// Reads one fault, row by row of the grammar.
class FaultReader : private FaultCursor {
 public:
  explicit FaultReader(const FaultSentence& sentence) : FaultCursor(sentence) {}

  Result<Fault, FaultSyntaxError> read() {
    fault_.text = sentence().text;
    read_probability();
    if (take("nak")) {
      fault_.which.said = Said::Ack;
      if (take("4011")) fault_.which.said = Said::Ack4011;
      fault_.action = refusal();
    } else if (take("silent")) {
      read_silence();
    } else if (is_next("error") && next_is_number(1)) {
      step();
      read_error();
    } else if (is_next("error")) {
      refuse("what ERROR is sent? Give its code: error 1 \"File not found\" at 3");
    } else if (const std::string verb = take_verb(); !verb.empty()) {
      read_probability();
      read_packet();
      read_selection();
      read_verb(verb);
    } else {
      read_packet();
      read_selection();
      if (take("also")) fault_.original = Fault::Original::Kept;
      read_edit();
    }
    read_selection();
    if (!is_over()) {
      refuse(fmt::format("'{}' is one word too many; ';' separates faults", word().text));
    }
    check_selection();
    if (error()) return fail(*error());
    return std::move(fault_);
  }

 private:
  // "5% of".
  void read_probability() {
    if (is_over() || word().is_quoted || !word().text.ends_with('%')) return;
    const std::string digits = word().text.substr(0, word().text.size() - 1);
    if (fault_.which.probability < 1) refuse("the share of packets is said already");
    const auto percent = read_number(digits, "percentage", 1, 100);
    fault_.which.probability = static_cast<double>(percent) / 100;
    step();
    if (!take("of")) refuse("after a percentage comes 'of': drop 5% of DATA");
  }

  std::string take_verb() {
    if (is_over()) return {};
    for (const std::string_view verb : kVerbs) {
      if (take(verb)) return std::string(verb);
    }
    return {};
  }

  void read_packet() {
    if (is_over()) refuse("the fault ends where a packet is due, such as OFFER or DATA");
    for (const auto& [name, said] : kSaid) {
      if (!take(name)) continue;
      fault_.which.said = said;
      return;
    }
    std::vector<std::string> known;
    for (const SaidName& each : kSaid) known.emplace_back(each.name);
    const bool is_first = is_at_start();
    if (is_first) {
      for (const std::string_view verb : kVerbs) known.emplace_back(verb);
      for (const std::string_view verb : {"nak", "error", "silent"}) known.emplace_back(verb);
    }
    refuse_unknown(is_first ? "fault" : "packet", known);
  }

  // "3", "3-5", "3-", "every 4", "last", "always", "for ...", "larger than N", in any order.
  void read_selection() {
    WhichPackets& which = fault_.which;
    while (!is_over()) {
      const std::string_view text = word().text;
      if (!word().is_quoted && !text.empty() && text.front() >= '0' && text.front() <= '9') {
        if (!require_no_number()) return;
        const std::size_t dash = std::min(text.find('-'), text.size());
        which.first = read_number(text.substr(0, dash), "number of a packet", 1, kHighestCount);
        which.last = which.first;
        if (dash + 1 == text.size()) {
          which.last = std::numeric_limits<std::uint64_t>::max();
        } else if (dash != text.size()) {
          which.last =
              read_number(text.substr(dash + 1), "number of a packet", which.first, kHighestCount);
        }
        step();
        be_numbered();
      } else if (is_next("every")) {
        if (!require_no_number()) return;
        step();
        which.every = take_number("distance between packets", 1, kHighestCount);
        be_numbered();
      } else if (is_next("last")) {
        if (!require_no_number()) return;
        if (which.said != Said::Data) refuse("only DATA has a last one: drop DATA last");
        step();
        which.is_last_block = true;
        be_numbered();
      } else if (is_next("always")) {
        step();
        is_always_ = true;
        which.again = WhichPackets::Again::Hit;
      } else if (is_next("for")) {
        step();
        read_for();
      } else if (is_next("larger")) {
        step();
        if (!take("than")) refuse("after 'larger' comes 'than' and a number of octets");
        which.larger_than = take_number("number of octets", 1, kLargestPacket);
      } else {
        return;
      }
    }
  }
  bool require_no_number() {
    if (fault_.which.is_numbered) refuse("which of the packets are meant is said already");
    return !fault_.which.is_numbered;
  }
  void be_numbered() {
    fault_.which.is_numbered = true;
    if (!is_always_) fault_.which.again = WhichPackets::Again::Spared;
  }

  void read_for() {
    if (is_over()) refuse("for whom? Give a hardware address or the name of a file");
    if (const auto mac = MacAddress::parse(word().text)) {
      if (is_tftp(fault_.which.said)) {
        refuse("TFTP tells no hardware address; give the name of a file: for pxelinux.0");
      }
      fault_.which.client = *mac;
    } else {
      if (is_dhcp(fault_.which.said)) {
        refuse(fmt::format("'{}' is no hardware address; give one such as 52:54:00:12:34:56",
                           word().text));
      }
      fault_.which.file = word().text;
    }
    step();
  }

  void check_selection() {
    const Said said = fault_.which.said;
    if (is_always_ && !fault_.which.is_numbered) {
      refuse_at(sentence().words.front().position,
                "'always' belongs to a number: drop DATA 3 always");
    }
    if (!fault_.which.file.empty() && !is_tftp(said) && said != Said::All) {
      refuse_at(sentence().words.front().position, "only TFTP has files; leave the name out");
    }
  }

  void read_verb(std::string_view verb) {
    if (verb == "drop") {
      fault_.action = Drop{};
    } else if (verb == "delay") {
      if (!take("by")) refuse("how late? delay OFFER by 2s");
      fault_.action = Delay{take_duration()};
    } else if (verb == "duplicate") {
      Duplicate duplicate;
      if (take("by")) duplicate.copies = take_number("number of copies", 1, kMostCopies);
      fault_.action = duplicate;
    } else if (verb == "reorder") {
      fault_.action = Reorder{};
    } else if (verb == "corrupt") {
      Corrupt corrupt;
      if (take("at")) corrupt.offset = take_number("offset of an octet", 0, kLargestPacket);
      fault_.action = corrupt;
    } else {
      if (!take("to")) refuse("to how many octets? truncate ACK to 200");
      fault_.action = Truncate{take_number("number of octets", 0, kLargestPacket)};
    }
  }

  void read_silence() {
    if (is_over()) refuse("which port is silent? 67, 4011 or 69");
    Silence silence;
    if (!is_next("67") && !is_next("4011") && !is_next("69")) {
      refuse(
          fmt::format("a server hears nothing at '{}' anyway; silent 67, 4011 or 69", word().text));
    }
    silence.port = static_cast<std::uint16_t>(take_number("port", 1, 65535));
    if (take("for")) silence.lasts = take_duration();
    fault_.action = silence;
  }

  void read_error() {
    SendError error;
    error.code = static_cast<std::uint16_t>(take_number("code", 0, 65535));
    error.text = tftp::to_string(tftp::ErrorCode{error.code});
    if (!is_over() && word().is_quoted) error.text = take_word("text");
    if (take("at")) error.at = take_number("block", 0, kHighestCount);
    fault_.which.said = Said::Tftp;
    fault_.action = error;
  }

  static EditDhcp refusal() {
    return {.edit = [](dhcp::Message& reply) {
      with_message_type(static_cast<std::uint8_t>(dhcp::MessageType::Nak)).edit(reply);
      // RFC 2131 s.4.3.1, table 3: a NAK gives no address and no file.
      reply.header.yiaddr = {};
      reply.header.siaddr = {};
      reply.header.set_file("");
      std::erase_if(reply.options, [](const dhcp::Option& option) {
        return option.code != 53 && option.code != 54 && option.code != 61 && option.code != 82 &&
               option.code != 97;
      });
    }};
  }

  void read_edit() {
    if (is_over()) refuse("what is wrong with it? `pxeproof serve --fault list` shows all faults");
    if (read_datagram_edit()) return;
    const Said said = fault_.which.said;
    if (is_dhcp(said)) return read_dhcp_edit();
    if (said == Said::Oack) return read_oack_edit();
    if (said == Said::Data) return read_data_edit();
    refuse(
        fmt::format("'{}' cannot be done to {}; only 'from', 'to' and what drops, delays, "
                    "duplicates, reorders, corrupts or truncates it can",
                    word().text, to_string(said)));
  }

  bool read_datagram_edit() {
    if (take("from")) {
      if (take("other")) {
        if (!take("port")) refuse("from other what? from other port");
        fault_.action = FromPort{};
      } else if (take("port")) {
        if (!is_next("67") && !is_next("4011") && !is_next("69")) {
          refuse("a server has the ports 67, 4011 and 69; 'from other port' takes one of TFTP's");
        }
        fault_.action = FromPort{static_cast<std::uint16_t>(take_number("port", 1, 65535))};
      } else if (take("address")) {
        fault_.action = FromAddress{read_address(word().text)};
        step();
      } else {
        refuse("from what? from port 69, from other port, or from address 10.0.0.1");
      }
      return true;
    }
    if (take("to")) {
      if (!take("port")) refuse("to what? to port 1068");
      fault_.action = ToPort{static_cast<std::uint16_t>(take_number("port", 1, 65535))};
      return true;
    }
    if (take("by")) {
      if (!take("broadcast")) refuse("by what? by broadcast");
      fault_.action = ByBroadcast{};
      return true;
    }
    return false;
  }

  // A word "name=value".
  struct Assignment {
    std::string_view name;
    std::string_view value;
  };
  std::optional<Assignment> assignment() const {
    const std::string_view text = word().text;
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return std::nullopt;
    return Assignment{text.substr(0, equals), text.substr(equals + 1)};
  }

  void read_dhcp_edit() {
    if (take("without")) {
      if (take("end")) {
        fault_.action = EditDhcp{.edit = [](dhcp::Message& reply) { reply.end = false; }};
        return;
      }
      if (is_over()) refuse("without what? without 60, without 43.9, or without end");
      fault_.action = without_option(read_option(word().text));
    } else if (take("with") || is_next("option")) {
      const bool is_text = take("option");
      const auto given = is_over() ? std::nullopt : assignment();
      if (!given) {
        refuse(is_text ? "which option is which text? option 60=PXEClient"
                       : "which option is what? with 43.6=08, or option 60=PXEClient for a text");
        return;
      }
      const OptionName option = read_option(given->name);
      const ByteView text = as_bytes(given->value);
      fault_.action = with_option(
          option, is_text ? Bytes(text.begin(), text.end()) : read_octets(given->value));
    } else if (take("twice")) {
      if (is_over()) refuse("which option comes twice? twice 67");
      fault_.action = option_twice(plain_option());
    } else if (take("torn")) {
      if (is_over()) refuse("which option is torn? torn 43");
      fault_.action = TearOption{plain_option()};
    } else if (take("unpadded")) {
      fault_.action = EditDhcp{.edit = [](dhcp::Message&) {}, .is_padded = false};
      return;
    } else if (take("chaddr")) {
      if (!take("wrong")) refuse("what about chaddr? chaddr wrong, or chaddr=52:54:00:00:00:01");
      fault_.action = EditDhcp{.edit = [](dhcp::Message& reply) { reply.header.chaddr[5] ^= 1U; }};
      return;
    } else {
      read_header_edit();
    }
    step();
  }

  std::uint8_t plain_option() {
    const OptionName option = read_option(word().text);
    if (option.vendor_tag) refuse("this is for whole options; give 43");
    return option.code;
  }

  // The word is a change of the header, and stays the next one.
  void read_header_edit() {
    static const std::vector<std::string> kWords = {
        "without", "with",   "option",  "twice",   "torn",    "unpadded", "chaddr",
        "from",    "to",     "by",      "siaddr=", "yiaddr=", "ciaddr=",  "giaddr=",
        "file=",   "sname=", "xid=",    "xid+1",   "secs=",   "hops=",    "flags=",
        "op=",     "type=",  "chaddr=", "also"};
    const std::string_view text = word().text;
    if (tftp::same_word(text.substr(0, 4), "xid+") || tftp::same_word(text.substr(0, 4), "xid-")) {
      const auto by =
          static_cast<std::uint32_t>(read_number(text.substr(4), "distance", 1, 0xffffffff));
      const std::uint32_t step = text[3] == '+' ? by : ~by + 1;
      fault_.action = EditDhcp{.edit = [step](dhcp::Message& reply) { reply.header.xid += step; }};
      return;
    }
    const auto given = assignment();
    if (!given) return refuse_unknown("fault of a DHCP reply", kWords);
    const std::string_view value = given->value;
    const auto is = [&given](std::string_view name) { return tftp::same_word(given->name, name); };
    struct AddressField {
      std::string_view name;
      Ipv4Address dhcp::Header::*field;
    };
    static constexpr std::array kAddresses = {AddressField{"siaddr", &dhcp::Header::siaddr},
                                              AddressField{"yiaddr", &dhcp::Header::yiaddr},
                                              AddressField{"ciaddr", &dhcp::Header::ciaddr},
                                              AddressField{"giaddr", &dhcp::Header::giaddr}};
    for (const AddressField& row : kAddresses) {
      if (!is(row.name)) continue;
      const Ipv4Address address = read_address(value);
      const auto field = row.field;
      fault_.action = EditDhcp{
          .edit = [field, address](dhcp::Message& reply) { reply.header.*field = address; }};
      return;
    }
    if (is("file") || is("sname")) {
      const std::string name(value);
      const bool is_file = is("file");
      dhcp::Header trial;
      if (!(is_file ? trial.set_file(name) : trial.set_sname(name))) {
        refuse(fmt::format("this name has {} octets and {} has room for {}", name.size(),
                           given->name, is_file ? 127 : 63));
      }
      fault_.action = EditDhcp{.edit = [name, is_file](dhcp::Message& reply) {
        (void)(is_file ? reply.header.set_file(name) : reply.header.set_sname(name));
      }};
    } else if (is("chaddr")) {
      const auto mac = MacAddress::parse(value);
      if (!mac) return refuse(fmt::format("'{}' is no hardware address", value));
      fault_.action = EditDhcp{
          .edit = [address = *mac](dhcp::Message& reply) { reply.header.set_mac(address); }};
    } else if (is("xid") || is("flags")) {
      const bool is_xid = is("xid");
      const Bytes octets = read_octets(value);
      if (octets.size() != (is_xid ? 4U : 2U)) {
        return refuse(fmt::format("{} has {} hexadecimal digits", given->name, is_xid ? 8 : 4));
      }
      ByteReader reader(octets);
      if (is_xid) {
        fault_.action = EditDhcp{
            .edit = [xid = *reader.u32()](dhcp::Message& reply) { reply.header.xid = xid; }};
      } else {
        fault_.action = EditDhcp{
            .edit = [flags = *reader.u16()](dhcp::Message& reply) { reply.header.flags = flags; }};
      }
    } else if (is("secs")) {
      const auto secs = static_cast<std::uint16_t>(read_number(value, "number", 0, 65535));
      fault_.action = EditDhcp{.edit = [secs](dhcp::Message& reply) { reply.header.secs = secs; }};
    } else if (is("hops") || is("op")) {
      const bool is_hops = is("hops");
      const auto number = static_cast<std::uint8_t>(read_number(value, "number", 0, 255));
      fault_.action = EditDhcp{.edit = [is_hops, number](dhcp::Message& reply) {
        (is_hops ? reply.header.hops : reply.header.op) = number;
      }};
    } else if (is("type")) {
      fault_.action = with_message_type(read_type(value));
    } else {
      refuse_unknown("fault of a DHCP reply", kWords);
    }
  }

  std::uint8_t read_type(std::string_view text) {
    for (std::uint8_t type = 1; type <= 8; ++type) {
      if (tftp::same_word(text, to_string(dhcp::MessageType{type}))) return type;
    }
    return static_cast<std::uint8_t>(read_number(text, "message type", 0, 255));
  }

  void read_oack_edit() {
    if (take("without")) {
      fault_.action = without_oack_option(take_word("the name of an option"));
      return;
    }
    if (take("with")) {
      if (take("unasked")) {
        if (!take("option")) refuse("with unasked what? with unasked option");
        fault_.action = with_unasked_option();
        return;
      }
      refuse("with what? with unasked option; to set one, just blksize=9999");
    }
    const auto given = assignment();
    static const std::vector<std::string> kWords = {
        "without", "with", "blksize=", "windowsize=", "tsize=", "timeout=", "from", "to", "also"};
    if (!given) return refuse_unknown("fault of an OACK", kWords);
    fault_.action = with_oack_option(std::string(given->name), std::string(given->value));
    step();
  }

  void read_data_edit() {
    static const std::vector<std::string> kWords = {"wrong-block", "block+1", "block-1", "short",
                                                    "long",        "empty",   "resend",  "from",
                                                    "to",          "also"};
    constexpr std::int64_t kFarAway = 1000;
    const std::string_view text = word().text;
    if (take("wrong-block")) {
      fault_.action = with_block_moved(kFarAway);
    } else if (take("short")) {
      fault_.action = with_half_payload();
    } else if (take("long")) {
      fault_.action = with_longer_payload();
    } else if (take("empty")) {
      fault_.action = without_payload();
    } else if (take("resend")) {
      fault_.action = Resend{};
    } else if (text.starts_with("block+") || text.starts_with("block-")) {
      const auto by = static_cast<std::int64_t>(read_number(text.substr(6), "distance", 1, 65535));
      fault_.action = with_block_moved(text[5] == '+' ? by : -by);
      step();
    } else {
      refuse_unknown("fault of DATA", kWords);
    }
  }

  Fault fault_;
  bool is_always_ = false;
};

}  // namespace

std::string_view to_string(Said said) {
  return std::find_if(kSaid.begin(), kSaid.end(),
                      [said](const SaidName& row) { return row.said == said; })
      ->name;
}

std::string in_quotes(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

Result<std::vector<Fault>, FaultSyntaxError> parse_faults(std::string_view text) {
  const auto sentences = split_faults(text);
  if (!sentences) return fail(sentences.error());
  if (sentences->empty()) {
    return fail(FaultSyntaxError{1, "no fault here; `pxeproof serve --fault list` shows all"});
  }
  std::vector<Fault> faults;
  for (const FaultSentence& sentence : *sentences) {
    auto fault = FaultReader(sentence).read();
    if (!fault) return fail(fault.error());
    faults.push_back(std::move(*fault));
  }
  return faults;
}

Outcome<std::vector<Fault>> read_faults(std::span<const std::string> texts) {
  constexpr std::size_t kMostFaults = 1000;
  std::vector<Fault> all;
  std::size_t number = 0;
  for (const std::string& text : texts) {
    ++number;
    auto faults = parse_faults(text);
    if (!faults) {
      const std::string which = texts.size() == 1 ? "" : fmt::format(" number {}", number);
      return wrong_usage(fmt::format("--fault{}:{}: {}", which, faults.error().position,
                                     printable(faults.error().problem)));
    }
    std::move(faults->begin(), faults->end(), std::back_inserter(all));
  }
  if (all.size() > kMostFaults) {
    return wrong_usage(
        fmt::format("--fault: {} faults; at most {} are applied", all.size(), kMostFaults));
  }
  return all;
}

}  // namespace pxeproof::cli

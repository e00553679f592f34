// The grammar of docs/faults.md, row by row.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/arguments.h"
#include "cli/faults/fault.h"
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
constexpr std::uint64_t kLongestWait = 3600;  // seconds

bool is_dhcp(Said said) {
  return said == Said::Offer || said == Said::Ack || said == Said::Ack4011 || said == Said::Nak ||
         said == Said::Dhcp;
}
bool is_tftp(Said said) {
  return said == Said::Oack || said == Said::Data || said == Said::Error || said == Said::Tftp;
}

bool is_number(std::string_view text) { return tftp::parse_number(text).has_value(); }

std::string in_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// Reads the words of one fault in turn. The first thing that is wrong is kept; after it no word is
// left, so that the reading ends by itself.
class FaultReader {
 public:
  explicit FaultReader(const FaultSentence& sentence) : sentence_(sentence) {}

  Result<Fault, FaultSyntaxError> read() {
    fault_.text = sentence_.text;
    read_probability();
    if (take("nak")) {
      fault_.which.said = Said::Ack;
      if (take("4011")) fault_.which.said = Said::Ack4011;
      fault_.action = refusal();
    } else if (take("silent")) {
      read_silence();
    } else if (is_next("error") && next_is_number(1)) {
      ++at_;
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
    if (error_) return fail(*error_);
    return std::move(fault_);
  }

 private:
  bool is_over() const { return at_ == sentence_.words.size(); }
  const FaultWord& word() const {
    static const FaultWord kNone;
    return is_over() ? kNone : sentence_.words[at_];
  }
  void step() {
    if (!is_over()) ++at_;
  }
  bool is_next(std::string_view text) const {
    return !is_over() && !word().is_quoted && tftp::same_word(word().text, text);
  }
  bool next_is_number(std::size_t ahead) const {
    const std::size_t place = at_ + ahead;
    return place < sentence_.words.size() && is_number(sentence_.words[place].text);
  }
  bool take(std::string_view text) {
    if (!is_next(text)) return false;
    ++at_;
    return true;
  }

  void refuse(std::string problem) {
    refuse_at(is_over() ? sentence_.end : word().position, std::move(problem));
  }
  void refuse_at(std::size_t position, std::string problem) {
    if (!error_) error_ = FaultSyntaxError{position, std::move(problem)};
    at_ = sentence_.words.size();
  }
  void refuse_unknown(std::string_view what, std::span<const std::string> known) {
    // Words count without case, so they are compared without it.
    std::vector<std::string> lower;
    for (const std::string& each : known) lower.push_back(in_lower_case(each));
    auto meant = nearest(in_lower_case(word().text), lower);
    if (meant)
      meant = known[static_cast<std::size_t>(std::find(lower.begin(), lower.end(), *meant) -
                                             lower.begin())];
    std::string all;
    for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
    refuse(fmt::format("no {} '{}'; {}", what, word().text,
                       meant ? fmt::format("did you mean {}?", *meant) : "there are " + all));
  }

  std::string take_word(std::string_view what) {
    const std::string text = word().text;
    if (is_over()) refuse(fmt::format("the fault ends where {} is due", what));
    step();
    return text;
  }

  std::uint64_t read_number(std::string_view text, std::string_view what, std::uint64_t low,
                            std::uint64_t high) {
    const auto number = tftp::parse_number(text);
    if (!number || *number < low || *number > high) {
      refuse(fmt::format("'{}' is no {}; give a number from {} to {}", text, what, low, high));
      return low;
    }
    return *number;
  }
  std::uint64_t take_number(std::string_view what, std::uint64_t low, std::uint64_t high) {
    if (is_over()) refuse(fmt::format("the fault ends where a {} is due", what));
    const std::uint64_t number = read_number(word().text, what, low, high);
    step();
    return number;
  }

  Ipv4Address read_address(std::string_view text) {
    const auto address = Ipv4Address::parse(text);
    if (!address) refuse(fmt::format("'{}' is no address; give one such as 10.0.0.1", text));
    return address.value_or(Ipv4Address{});
  }

  // "500ms", "2s".
  Duration take_duration() {
    if (is_over()) refuse("the fault ends where a time is due, such as 500ms or 2s");
    const std::string text = word().text;
    std::string_view digits = text;
    Duration unit = 0s;
    if (digits.ends_with("ms")) {
      unit = 1ms;
      digits.remove_suffix(2);
    } else if (digits.ends_with("s")) {
      unit = 1s;
      digits.remove_suffix(1);
    }
    const auto count = tftp::parse_number(digits);
    if (unit == 0s || !count || *count > kLongestWait * (unit == 1s ? 1 : 1000)) {
      refuse(
          fmt::format("'{}' is no time; give one such as 500ms or 2s, of an hour at most", text));
    }
    step();
    return unit * static_cast<Duration::rep>(count.value_or(0));
  }

  Bytes read_octets(std::string_view text) {
    auto octets = from_hex(text);
    if (!octets || octets->size() > 255) {
      refuse(
          fmt::format("'{}' are no octets; give up to 255 in hexadecimal, such as 0a:00:01", text));
      return {};
    }
    return std::move(*octets);
  }

  OptionName read_option(std::string_view text) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const auto code = tftp::parse_number(text.substr(0, dot));
    const auto tag = dot == text.size() ? std::nullopt : tftp::parse_number(text.substr(dot + 1));
    const bool has_tag = dot != text.size();
    const auto is_sound = [](std::uint64_t number) { return number >= 1 && number <= 254; };
    if (!code || !is_sound(*code) || (has_tag && (!tag || !is_sound(*tag) || *code != 43))) {
      refuse(fmt::format(
          "'{}' is no option; give its number, 1 to 254, or 43.N for one inside of option 43",
          text));
      return {};
    }
    OptionName option{.code = static_cast<std::uint8_t>(*code)};
    if (has_tag) option.vendor_tag = static_cast<std::uint8_t>(*tag);
    return option;
  }

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
    const bool is_first = at_ == 0;
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
        ++at_;
        which.every = take_number("distance between packets", 1, kHighestCount);
        be_numbered();
      } else if (is_next("last")) {
        if (!require_no_number()) return;
        if (which.said != Said::Data) refuse("only DATA has a last one: drop DATA last");
        step();
        which.is_last_block = true;
        be_numbered();
      } else if (is_next("always")) {
        ++at_;
        is_always_ = true;
        which.again = WhichPackets::Again::Hit;
      } else if (is_next("for")) {
        ++at_;
        read_for();
      } else if (is_next("larger")) {
        ++at_;
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
      refuse_at(sentence_.words.front().position,
                "'always' belongs to a number: drop DATA 3 always");
    }
    if (!fault_.which.file.empty() && !is_tftp(said) && said != Said::All) {
      refuse_at(sentence_.words.front().position, "only TFTP has files; leave the name out");
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

  const FaultSentence& sentence_;
  std::size_t at_ = 0;
  Fault fault_;
  bool is_always_ = false;
  std::optional<FaultSyntaxError> error_;
};

constexpr std::array kForms = {
    FaultForm{"drop PACKETS", "is never sent", "drop DATA 3"},
    FaultForm{"delay PACKETS by TIME", "is sent so much later", "delay OFFER by 2s"},
    FaultForm{"duplicate PACKETS [by N]", "is sent N times more (once)", "duplicate DATA 2 by 3"},
    FaultForm{"reorder PACKETS", "after the next packet to its client, or 50 ms later",
              "reorder DATA every 4"},
    FaultForm{"corrupt PACKETS [at OFFSET]", "one bit is turned, at a drawn octet or this one",
              "corrupt 5% of DATA"},
    FaultForm{"truncate PACKETS to N", "only its first N octets", "truncate ACK4011 to 200"},
    FaultForm{"REPLY without OPTION", "a DHCP option, or one inside of 43, is missing",
              "offer without 43.9"},
    FaultForm{"REPLY without end", "no END behind the options", "offer without end"},
    FaultForm{"REPLY with OPTION=HEX", "the option is set to these octets", "ack4011 with 43.6=0b"},
    FaultForm{"REPLY option OPTION=TEXT", "the same with a text", "offer option 60=PXECli"},
    FaultForm{"REPLY twice OPTION", "the option comes again at the end", "ack twice 67"},
    FaultForm{"REPLY torn OPTION", "the option is longer than the message", "offer torn 43"},
    FaultForm{"REPLY unpadded", "ends where its options end", "offer unpadded"},
    FaultForm{"REPLY siaddr=A.B.C.D", "also yiaddr, ciaddr, giaddr", "offer siaddr=0.0.0.0"},
    FaultForm{"REPLY file=TEXT", "also sname", "ack4011 file=missing.0"},
    FaultForm{"REPLY xid+N", "also xid-N, xid=HEX", "offer xid+1"},
    FaultForm{"REPLY secs=N", "also hops=N, op=N, flags=HEX", "offer secs=65535"},
    FaultForm{"REPLY chaddr wrong", "another machine's; also chaddr=MAC", "ack chaddr wrong"},
    FaultForm{"REPLY type=NAME", "option 53: a name or a number", "offer type=ack"},
    FaultForm{"nak [4011]", "refuses each request for an address, or each at 4011", "nak 1"},
    FaultForm{"oack NAME=VALUE", "an option of the OACK is changed or added", "oack blksize=9999"},
    FaultForm{"oack without NAME", "an option is not answered", "oack without tsize"},
    FaultForm{"oack with unasked option", "one of the RFCs that this client did not ask for",
              "oack with unasked option"},
    FaultForm{"data wrong-block [N]", "the block number is 1000 too high", "data wrong-block 3"},
    FaultForm{"data block+K [N]", "so much too high; also block-K", "data block+1 3"},
    FaultForm{"data short [N]", "half a block: it looks like the last one", "data short 3"},
    FaultForm{"data long [N]", "16 octets more than the block size", "data long 3"},
    FaultForm{"data empty [N]", "a block without an octet", "data empty 3"},
    FaultForm{"data resend [N]", "the block comes again after the next one", "data resend 3"},
    FaultForm{"PACKETS from port 67|69|4011", "another port of the server speaks",
              "ack4011 from port 67"},
    FaultForm{"PACKETS from other port", "another port of the same service speaks",
              "data from other port 3"},
    FaultForm{"PACKETS from address A.B.C.D", "which the machine must have",
              "tftp from address 127.0.0.2"},
    FaultForm{"PACKETS to port N", "where nobody listens", "offer to port 1068"},
    FaultForm{"PACKETS by broadcast", "to 255.255.255.255", "ack4011 by broadcast"},
    FaultForm{"PACKETS also ...", "the packet itself, then the faulty one",
              "data 2 also from other port"},
    FaultForm{"error CODE [\"TEXT\"] [at N]",
              "an ERROR in place of block N (else of the first reply) ends the transfer",
              "error 3 \"disk full\" at 5"},
    FaultForm{"silent 67|4011|69 [for TIME]", "hears nothing there, for ever or at first",
              "silent 4011"},
};

}  // namespace

std::string_view to_string(Said said) {
  return std::find_if(kSaid.begin(), kSaid.end(),
                      [said](const SaidName& row) { return row.said == said; })
      ->name;
}

std::span<const FaultForm> fault_forms() { return kForms; }

std::string list_faults() {
  std::string text =
      "Faults of `pxeproof serve --fault`, ';' between several, each with an example:\n";
  for (const FaultForm& row : kForms) {
    text += fmt::format("  {:<30} {:<66} {}\n", row.form, row.what, row.example);
  }
  text +=
      "PACKETS: [P% of] OFFER|ACK|ACK4011|NAK|OACK|DATA|ERROR|DHCP|TFTP|all [N|N-M|N-|every "
      "N|last]\n"
      "         [always] [for MAC|FILE] [larger than OCTETS]; REPLY: the same of OFFER|ACK|ACK4011|"
      "NAK|DHCP\n";
  return text;
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

#include "conformance/dialogue_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <sstream>
#include <utility>

#include "conformance/derived_configuration.h"
#include "firmware/profile_reading.h"
#include "firmware/toml_reader.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::conformance {

namespace {

using firmware::TomlReader;
using firmware::Word;
using Microseconds = std::chrono::microseconds;

constexpr std::string_view kSchema = "pxeproof/case/1";
constexpr std::string_view kHead =
    R"(# A case for `pxeproof conform --replay THIS_FILE`: what a client says, and what the server
# is expected to answer. Turns are held in the order of their numbers, each when the answers to the
# one before have come. Addresses, transaction numbers, server identifiers and ports are rewritten
# to the live dialogue; everything else goes out, and is expected, as it stands here. Edit it:
# change fields, add and remove options, leave out turns, or leave out an answer that should not
# come.
#
#   [client.01]                  one recorded machine: its address, and the server's
#   configuration, files         what the server is given in a lab, {root} being a tree with the
#                                files ("SIZE NAME"); they stay when an answer is edited
#   [client.01.turn.0001]        one thing it says: a DHCP message, or a file that it reads
#   ....message, ....read        its fields
#   ....answer.01.message        what the server answered; no answer: it must be silent
#   options                      'CODE "text"' or 'CODE hexadecimal', in their order; 0 is PAD
)";

using To = RecordedQuestion::To;
using Ending = RecordedRead::Ending;
constexpr std::array kTo{Word<To>{"everybody", To::Everybody}, Word<To>{"server", To::TheServer},
                         Word<To>{"another-server", To::AnotherServer},
                         Word<To>{"group", To::Group}};
constexpr std::array kEndings{
    Word<Ending>{"whole", Ending::Whole}, Word<Ending>{"aborted", Ending::Aborted},
    Word<Ending>{"refused", Ending::Refused}, Word<Ending>{"unanswered", Ending::Unanswered},
    Word<Ending>{"unfinished", Ending::Unfinished}};

template <typename Kind, std::size_t Count>
std::string_view word_of(const std::array<Word<Kind>, Count>& words, Kind kind) {
  const auto found = std::ranges::find(words, kind, &Word<Kind>::value);
  return found == words.end() ? std::string_view() : found->word;
}

std::int64_t microseconds(Duration duration) {
  return std::chrono::duration_cast<Microseconds>(duration).count();
}

// A basic string of TOML. Octets that are no ASCII text stand as the characters of their numbers,
// so that any octets survive.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    const auto octet = static_cast<unsigned char>(letter);
    if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else if (octet < 0x20 || octet > 0x7e) {
      result += fmt::format("\\u{:04x}", octet);
    } else {
      result += letter;
    }
  }
  return result + '"';
}

// The octets that quoted() wrote, of the UTF-8 that TOML made of them. Other characters stay UTF-8.
std::string octets_of_text(std::string_view utf8) {
  std::string result;
  for (std::size_t at = 0; at < utf8.size(); ++at) {
    const auto first = static_cast<unsigned char>(utf8[at]);
    if ((first == 0xc2 || first == 0xc3) && at + 1 < utf8.size()) {
      const auto second = static_cast<unsigned char>(utf8[++at]);
      result += static_cast<char>((first & 3U) << 6U | (second & 0x3fU));
    } else {
      result += static_cast<char>(first);
    }
  }
  return result;
}

bool is_plain_text(ByteView octets) {
  return octets.size() > 2 && std::ranges::all_of(octets, [](std::uint8_t octet) {
           return octet >= 0x20 && octet <= 0x7e && octet != '"' && octet != '\'';
         });
}

// ---- writing

class Writer {
 public:
  explicit Writer(std::string_view origin) {
    text_ = fmt::format("{}\nschema = \"{}\"\norigin = {}\n", kHead, kSchema, quoted(origin));
  }

  void dialogue(std::size_t number, const Dialogue& dialogue) {
    const std::string table = fmt::format("client.{:02}", number);
    begin(table);
    line("mac", quoted(to_string(dialogue.client)));
    line("address", quoted(to_string(dialogue.client_address)));
    line("server", quoted(to_string(dialogue.server)));
    line("server_leases", dialogue.server_leases ? "true" : "false");
    std::vector<std::string> lines;
    std::istringstream text(dialogue.configuration.empty()
                                ? derive_configuration(dialogue, "{root}")
                                : dialogue.configuration);
    for (std::string each; std::getline(text, each);) lines.push_back(each);
    list("configuration", lines);
    std::vector<std::string> files;
    for (const Dialogue::File& file : dialogue.files()) {
      files.push_back(fmt::format("{} {}", file.size, file.name));
    }
    list("files", files);
    const Instant first = dialogue.turns.empty() ? Instant{} : dialogue.turns.front().at;
    for (std::size_t at = 0; at < dialogue.turns.size(); ++at) {
      turn(fmt::format("{}.turn.{:04}", table, at + 1), dialogue.turns[at], first);
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void begin(const std::string& table) { text_ += fmt::format("\n[{}]\n", table); }
  void line(std::string_view key, std::string_view value) {
    text_ += fmt::format("{} = {}\n", key, value);
  }
  void list(std::string_view key, const std::vector<std::string>& texts) {
    text_ += fmt::format("{} = [\n", key);
    for (const std::string& each : texts) text_ += fmt::format("  {},\n", quoted(each));
    text_ += "]\n";
  }
  template <typename Number>
  void number(std::string_view key, Number value) {
    text_ += fmt::format("{} = {}\n", key, value);
  }
  void endpoint(std::string_view key, const Endpoint& endpoint) {
    line(key, quoted(fmt::format("{}:{}", to_string(endpoint.address), endpoint.port)));
  }

  void turn(const std::string& table, const Turn& turn, Instant first) {
    begin(table);
    number("packet", turn.packet);
    number("at_us", std::max<std::int64_t>(0, microseconds(turn.at - first)));
    if (const auto* const question = std::get_if<RecordedQuestion>(&turn.said)) {
      line("to", quoted(word_of(kTo, question->to)));
      endpoint("source", question->source);
      endpoint("destination", question->destination);
      message(table + ".message", question->payload);
    } else {
      read(table + ".read", std::get<RecordedRead>(turn.said));
    }
    for (std::size_t at = 0; at < turn.answers.size(); ++at) {
      answer(fmt::format("{}.answer.{:02}", table, at + 1), turn.answers[at]);
    }
  }

  void answer(const std::string& table, const RecordedAnswer& answer) {
    begin(table);
    number("packet", answer.packet);
    number("after_us", microseconds(answer.after));
    endpoint("source", answer.source);
    endpoint("destination", answer.destination);
    line("link_broadcast", answer.link_broadcast ? "true" : "false");
    message(table + ".message", answer.payload);
  }

  void message(const std::string& table, ByteView payload) {
    begin(table);
    const auto decoded = dhcp::decode(payload);
    if (!decoded) return line("octets", quoted(to_hex(payload)));
    const dhcp::Header& header = decoded->header;
    number("op", header.op);
    number("htype", header.htype);
    number("hlen", header.hlen);
    number("hops", header.hops);
    line("xid", fmt::format("0x{:08x}", header.xid));
    number("secs", header.secs);
    line("flags", fmt::format("0x{:04x}", header.flags));
    line("ciaddr", quoted(to_string(header.ciaddr)));
    line("yiaddr", quoted(to_string(header.yiaddr)));
    line("siaddr", quoted(to_string(header.siaddr)));
    line("giaddr", quoted(to_string(header.giaddr)));
    line("chaddr", quoted(to_hex(header.chaddr)));
    field("sname", header.sname, header.sname_text());
    field("file", header.file, header.file_text());
    text_ += "options = [\n";
    for (const dhcp::Option& option : decoded->options) {
      text_ += is_plain_text(option.value)
                   ? fmt::format("  '{} \"{}\"',\n", option.code, as_text(option.value))
                   : fmt::format("  '{} {}',\n", option.code, to_hex(option.value));
    }
    text_ += "]\n";
    line("end", decoded->end ? "true" : "false");
    const bool zeros =
        std::ranges::all_of(decoded->after_end, [](auto octet) { return octet == 0; });
    if (zeros) {
      number("zeros_behind", decoded->after_end.size());
    } else {
      line("octets_behind", quoted(to_hex(decoded->after_end)));
    }
  }

  // A text with zeros behind it, or whatever else it holds.
  void field(std::string_view key, ByteView octets, std::string_view text) {
    const bool is_text = text.size() < octets.size() &&
                         std::ranges::all_of(octets.subspan(text.size()),
                                             [](std::uint8_t octet) { return octet == 0; });
    if (is_text) {
      line(key, quoted(text));
    } else {
      line(fmt::format("{}_octets", key), quoted(to_hex(octets)));
    }
  }

  void options(std::string_view key, const std::vector<tftp::Option>& options) {
    text_ += fmt::format("{} = [", key);
    for (std::size_t at = 0; at < options.size(); ++at) {
      text_ += fmt::format("{}[{}, {}]", at == 0 ? "" : ", ", quoted(options[at].name),
                           quoted(options[at].value));
    }
    text_ += "]\n";
  }

  void error(std::string_view key, const tftp::Error& error) {
    number(fmt::format("{}_code", key), error.code);
    line(fmt::format("{}_text", key), quoted(error.text));
  }

  void read(const std::string& table, const RecordedRead& read) {
    begin(table);
    line("file", quoted(read.request.filename));
    line("mode", quoted(read.request.mode));
    options("options", read.request.options);
    if (!read.request.trailer.empty()) line("trailer", quoted(to_hex(read.request.trailer)));
    number("port", read.port);
    line("ending", quoted(word_of(kEndings, read.ending)));
    number("octets", read.octets);
    number("first_answer_us", microseconds(read.first_answer_after));
    if (read.oack) options("oack", read.oack->options);
    if (read.refusal) error("refusal", *read.refusal);
    if (read.abort) error("abort", *read.abort);
  }

  std::string text_;
};

// ---- reading

Ipv4Address address(TomlReader& table, std::string_view key) {
  const auto parsed = Ipv4Address::parse(table.text(key));
  if (!parsed) table.refuse(key, "is no IPv4 address");
  return parsed.value_or(Ipv4Address{});
}

Endpoint endpoint(TomlReader& table, std::string_view key) {
  const std::string text = table.text(key);
  const std::size_t colon = text.find(':');
  if (colon != std::string::npos) {
    const auto parsed = Ipv4Address::parse(std::string_view(text).substr(0, colon));
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    if (parsed && std::from_chars(text.data() + colon + 1, end, port).ptr == end) {
      return {*parsed, port};
    }
  }
  table.refuse(key, "is no ADDRESS:PORT");
  return {};
}

Bytes octets(TomlReader& table, std::string_view key) {
  auto read = from_hex(table.text(key));
  if (!read) table.refuse(key, "is no even number of hexadecimal digits");
  return read ? std::move(*read) : Bytes();
}

std::string text(TomlReader& table, std::string_view key) {
  return octets_of_text(table.text(key));
}

Duration duration(TomlReader& table, std::string_view key) {
  constexpr std::uint64_t kLongest = 1'000'000'000'000;  // eleven days
  return Microseconds(table.number(key, kLongest));
}

template <std::size_t Size>
void fill(TomlReader& table, std::string_view key, std::array<std::uint8_t, Size>& field) {
  const std::string as_octets = fmt::format("{}_octets", key);
  if (table.has(as_octets)) {
    const Bytes read = octets(table, as_octets);
    if (read.size() != Size) table.refuse(as_octets, fmt::format("has not {} octets", Size));
    std::copy_n(read.begin(), std::min(read.size(), Size), field.begin());
    return;
  }
  const std::string read = text(table, key);
  if (read.size() >= Size) table.refuse(key, fmt::format("is longer than {} octets", Size - 1));
  std::copy_n(read.begin(), std::min(read.size(), Size), field.begin());
}

// 'CODE "text"' or 'CODE hexadecimal'.
std::optional<dhcp::Option> read_option(std::string_view text) {
  dhcp::Option option;
  const char* const end = text.data() + text.size();
  const auto number = std::from_chars(text.data(), end, option.code);
  if (number.ec != std::errc() || number.ptr == end || *number.ptr != ' ') return std::nullopt;
  const std::string_view value(number.ptr + 1, static_cast<std::size_t>(end - number.ptr - 1));
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    const ByteView read = as_bytes(value.substr(1, value.size() - 2));
    option.value.assign(read.begin(), read.end());
  } else {
    auto read = from_hex(value);
    if (!read) return std::nullopt;
    option.value = std::move(*read);
  }
  constexpr std::size_t kLongestValue = 255;
  const bool is_marker = option.code == 0 || option.code == 255;
  if (option.value.size() > kLongestValue || option.code == 255 ||
      (is_marker && !option.value.empty())) {
    return std::nullopt;
  }
  return option;
}

Bytes message(TomlReader& turn) {
  TomlReader table = turn.table("message");
  if (table.has("octets")) {
    Bytes read = octets(table, "octets");
    table.finish();
    return read;
  }
  dhcp::Message message;
  dhcp::Header& header = message.header;
  constexpr std::uint64_t kOctet = 0xff;
  constexpr std::uint64_t kWord = 0xffff;
  header.op = static_cast<std::uint8_t>(table.number("op", kOctet));
  header.htype = static_cast<std::uint8_t>(table.number("htype", kOctet));
  header.hlen = static_cast<std::uint8_t>(table.number("hlen", kOctet));
  header.hops = static_cast<std::uint8_t>(table.number("hops", kOctet));
  header.xid = static_cast<std::uint32_t>(table.number("xid", 0xffffffff));
  header.secs = static_cast<std::uint16_t>(table.number("secs", kWord));
  header.flags = static_cast<std::uint16_t>(table.number("flags", kWord));
  header.ciaddr = address(table, "ciaddr");
  header.yiaddr = address(table, "yiaddr");
  header.siaddr = address(table, "siaddr");
  header.giaddr = address(table, "giaddr");
  const Bytes chaddr = octets(table, "chaddr");
  if (chaddr.size() != header.chaddr.size()) table.refuse("chaddr", "has not 16 octets");
  std::copy_n(chaddr.begin(), std::min(chaddr.size(), header.chaddr.size()), header.chaddr.begin());
  fill(table, "sname", header.sname);
  fill(table, "file", header.file);
  for (const std::string& each : table.texts("options")) {
    auto option = read_option(each);
    if (option) {
      message.options.push_back(std::move(*option));
    } else {
      table.refuse("options", fmt::format("'{}' is no option; write '60 \"text\"' or '93 0000'",
                                          printable(each)));
    }
  }
  message.end = table.flag("end");
  constexpr std::uint64_t kMostPadding = 2000;
  if (table.has("octets_behind")) {
    message.after_end = octets(table, "octets_behind");
  } else {
    message.after_end.resize(table.number("zeros_behind", kMostPadding));
  }
  table.finish();
  return dhcp::encode(message);
}

std::vector<tftp::Option> options(TomlReader& table, std::string_view key) {
  std::vector<tftp::Option> options;
  for (const auto& row : table.text_rows(key)) {
    if (row.size() != 2) {
      table.refuse(key, "each option is a name and a value");
      return options;
    }
    options.push_back({.name = octets_of_text(row[0]), .value = octets_of_text(row[1])});
  }
  return options;
}

std::optional<tftp::Error> error(TomlReader& table, std::string_view key) {
  const std::string code = fmt::format("{}_code", key);
  if (!table.has(code)) return std::nullopt;
  tftp::Error error;
  error.code = static_cast<std::uint16_t>(table.number(code, 0xffff));
  error.text = text(table, fmt::format("{}_text", key));
  return error;
}

RecordedRead read_of(TomlReader& turn) {
  TomlReader table = turn.table("read");
  RecordedRead read;
  read.request.filename = text(table, "file");
  read.request.mode = text(table, "mode");
  read.request.options = options(table, "options");
  if (table.has("trailer")) read.request.trailer = octets(table, "trailer");
  read.port = static_cast<std::uint16_t>(table.number("port", 0xffff));
  read.ending = firmware::word(table, "ending", kEndings);
  read.octets = table.number("octets", std::uint64_t{1} << 48U);
  read.first_answer_after = duration(table, "first_answer_us");
  if (table.has("oack")) read.oack = tftp::Oack{.options = options(table, "oack"), .trailer = {}};
  read.refusal = error(table, "refusal");
  read.abort = error(table, "abort");
  table.finish();
  return read;
}

RecordedAnswer answer_of(TomlReader table) {
  RecordedAnswer answer;
  answer.packet =
      static_cast<std::uint32_t>(table.number("packet", std::numeric_limits<std::uint32_t>::max()));
  answer.after = duration(table, "after_us");
  answer.source = endpoint(table, "source");
  answer.destination = endpoint(table, "destination");
  answer.link_broadcast = table.flag("link_broadcast");
  answer.payload = message(table);
  table.finish();
  return answer;
}

Turn turn_of(TomlReader table) {
  Turn turn;
  turn.packet =
      static_cast<std::uint32_t>(table.number("packet", std::numeric_limits<std::uint32_t>::max()));
  turn.at = Instant{} + duration(table, "at_us");
  if (table.has("read")) {
    turn.said = read_of(table);
  } else {
    RecordedQuestion question;
    question.to = firmware::word(table, "to", kTo);
    question.source = endpoint(table, "source");
    question.destination = endpoint(table, "destination");
    question.payload = message(table);
    turn.said = std::move(question);
  }
  if (table.has("answer")) {
    TomlReader answers = table.table("answer");
    for (const std::string& key : answers.keys()) {
      turn.answers.push_back(answer_of(answers.table(key)));
    }
    answers.finish();
  }
  table.finish();
  return turn;
}

Dialogue dialogue_of(TomlReader table) {
  Dialogue dialogue;
  const auto mac = MacAddress::parse(table.text("mac"));
  if (!mac) table.refuse("mac", "is no MAC address");
  dialogue.client = mac.value_or(MacAddress{});
  dialogue.client_address = address(table, "address");
  dialogue.server = address(table, "server");
  dialogue.server_leases = table.flag("server_leases");
  if (table.has("configuration")) {
    for (const std::string& each : table.texts("configuration")) {
      dialogue.configuration += octets_of_text(each) + "\n";
    }
  }
  if (table.has("files")) {
    dialogue.kept_files.emplace();
    for (const std::string& each : table.texts("files")) {
      const std::size_t space = each.find(' ');
      std::uint64_t size = 0;
      const char* const end = each.data() + std::min(space, each.size());
      const auto [stop, error] = std::from_chars(each.data(), end, size);
      if (space == std::string::npos || error != std::errc{} || stop != end) {
        table.refuse("files", fmt::format("'{}' is not SIZE NAME", each));
        break;
      }
      dialogue.kept_files->push_back({octets_of_text(each.substr(space + 1)), size});
    }
  }
  TomlReader turns = table.table("turn");
  for (const std::string& key : turns.keys()) {
    dialogue.turns.push_back(turn_of(turns.table(key)));
  }
  turns.finish();
  table.finish();
  return dialogue;
}

}  // namespace

std::string write_case(const std::vector<Dialogue>& dialogues, std::string_view origin) {
  Writer writer(origin);
  for (std::size_t at = 0; at < dialogues.size(); ++at) writer.dialogue(at + 1, dialogues[at]);
  return writer.take();
}

Result<std::vector<Dialogue>, std::string> read_case(std::string_view text,
                                                     std::string_view origin) {
  TomlReader root(text, origin);
  if (root.text("schema") != kSchema) {
    root.refuse("schema", fmt::format("is not {}; was the file written by --to-case?", kSchema));
  }
  if (root.has("origin")) root.text("origin");
  std::vector<Dialogue> dialogues;
  TomlReader clients = root.table("client");
  for (const std::string& key : clients.keys())
    dialogues.push_back(dialogue_of(clients.table(key)));
  clients.finish();
  root.finish();
  if (root.error()) return fail(*root.error());
  return dialogues;
}

}  // namespace pxeproof::conformance

#include "conformance/dialogue_case.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <limits>
#include <sstream>
#include <utility>

#include "conformance/dialogue_words.h"
#include "firmware/toml_reader.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::conformance {

namespace {

using case_words::kEndings;
using case_words::kSchema;
using case_words::kTo;
using firmware::TomlReader;
using Microseconds = std::chrono::microseconds;

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

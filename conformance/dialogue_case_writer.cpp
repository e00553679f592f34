#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <utility>

#include "conformance/derived_configuration.h"
#include "conformance/dialogue_case.h"
#include "conformance/dialogue_words.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::conformance {

namespace {

using case_words::kEndings;
using case_words::kSchema;
using case_words::kTo;
using firmware::Word;
using Microseconds = std::chrono::microseconds;

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

bool is_plain_text(ByteView octets) {
  return octets.size() > 2 && std::ranges::all_of(octets, [](std::uint8_t octet) {
           return octet >= 0x20 && octet <= 0x7e && octet != '"' && octet != '\'';
         });
}

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

}  // namespace

std::string write_case(const std::vector<Dialogue>& dialogues, std::string_view origin) {
  Writer writer(origin);
  for (std::size_t at = 0; at < dialogues.size(); ++at) writer.dialogue(at + 1, dialogues[at]);
  return writer.take();
}

}  // namespace pxeproof::conformance

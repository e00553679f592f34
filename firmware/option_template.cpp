#include "firmware/option_template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace pxeproof::firmware {

namespace {

struct VariableName {
  std::string_view name;
  Variable variable;
};

constexpr std::array kVariables{
    VariableName{"mac", Variable::Mac},
    VariableName{"guid", Variable::Guid},
    VariableName{"arch", Variable::Architecture},
    VariableName{"arch.text", Variable::ArchitectureText},
    VariableName{"http.arch", Variable::HttpArchitecture},
    VariableName{"http.arch.text", Variable::HttpArchitectureText},
    VariableName{"server", Variable::Server},
    VariableName{"proxy", Variable::Proxy},
    VariableName{"yiaddr", Variable::YourAddress},
    VariableName{"item.type", Variable::ItemType},
    VariableName{"item.layer", Variable::ItemLayer},
    VariableName{"reason", Variable::Reason},
};

constexpr std::string_view kRegistered = "registered";

// Cuts the next piece off the front of text; nullopt at the end or when a quote or brace is open.
std::optional<std::string_view> cut_piece(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.empty()) return std::nullopt;
  const char closing = text.front() == '\'' ? '\'' : text.front() == '{' ? '}' : ' ';
  std::size_t end = text.find(closing, 1);
  if (closing == ' ') {
    end = std::min(end, text.size());
  } else if (end == std::string_view::npos) {
    return std::nullopt;
  } else {
    ++end;
  }
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(end);
  return piece;
}

void append(ByteWriter& writer, std::optional<Ipv4Address> address, bool& complete) {
  if (address) {
    writer.bytes(address->octets());
  } else {
    complete = false;
  }
}

}  // namespace

Result<OptionTemplate, std::string> OptionTemplate::parse(std::string_view text) {
  OptionTemplate option;
  const auto code = cut_piece(text);
  if (!code) return fail(std::string("the option is empty"));
  const char* const end = code->data() + code->size();
  const auto [rest, error] = std::from_chars(code->data(), end, option.code);
  if (error != std::errc{} || rest != end) {
    return fail(fmt::format("'{}' is no option code (0 to 255, decimal)", *code));
  }
  while (const auto piece = cut_piece(text)) {
    if (piece->front() == '\'') {
      const ByteView octets = as_bytes(piece->substr(1, piece->size() - 2));
      option.value.emplace_back(Bytes(octets.begin(), octets.end()));
    } else if (piece->front() == '{') {
      const std::string_view name = piece->substr(1, piece->size() - 2);
      if (name == kRegistered && option.value.empty() && !option.registered_first) {
        option.registered_first = true;
        continue;
      }
      const auto* const known = std::ranges::find(kVariables, name, &VariableName::name);
      if (known == kVariables.end()) return fail(fmt::format("there is no variable {}", *piece));
      option.value.emplace_back(known->variable);
    } else {
      const auto octets = from_hex(*piece);
      if (!octets) return fail(fmt::format("'{}' is no hexadecimal number", *piece));
      option.value.emplace_back(*octets);
    }
  }
  if (!text.empty()) return fail(fmt::format("'{}' is not closed", text));
  return option;
}

std::optional<Bytes> OptionTemplate::expand(const Variables& variables) const {
  Bytes octets;
  ByteWriter writer(octets);
  bool complete = true;
  for (const Piece& piece : value) {
    if (const auto* const literal = std::get_if<Bytes>(&piece)) {
      writer.bytes(*literal);
      continue;
    }
    switch (std::get<Variable>(piece)) {
      case Variable::Mac:
        writer.bytes(variables.mac.octets);
        break;
      case Variable::Guid:
        writer.bytes(variables.guid.octets);
        break;
      case Variable::Architecture:
        writer.u16(variables.architecture);
        break;
      case Variable::ArchitectureText:
        writer.text(fmt::format("{:05}", variables.architecture));
        break;
      case Variable::HttpArchitecture:
        writer.u16(variables.http_architecture);
        break;
      case Variable::HttpArchitectureText:
        writer.text(fmt::format("{:05}", variables.http_architecture));
        break;
      case Variable::Server:
        append(writer, variables.server, complete);
        break;
      case Variable::Proxy:
        append(writer, variables.proxy, complete);
        break;
      case Variable::YourAddress:
        append(writer, variables.your_address, complete);
        break;
      case Variable::ItemType:
        writer.u16(variables.item_type);
        break;
      case Variable::ItemLayer:
        writer.u16(variables.item_layer);
        break;
      case Variable::Reason:
        writer.text(variables.reason);
        break;
    }
  }
  if (!complete) return std::nullopt;
  return octets;
}

}  // namespace pxeproof::firmware

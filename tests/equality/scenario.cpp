#include "tests/equality/scenario.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::equality {

namespace {

constexpr std::uint16_t kFirstFileType = 0x8000;
constexpr std::uint8_t kBootItem = 71;

std::string tag_field(const std::string& condition) {
  return condition.empty() ? std::string() : "tag:" + condition + ",";
}

std::string server_text(const Server& server) {
  switch (server.kind) {
    case Server::Kind::None:
      return {};
    case Server::Kind::Address:
      return to_string(server.address);
    case Server::Kind::KnownName:
    case Server::Kind::UnknownName:
      return server.name;
  }
  return {};
}

std::string line_of(const Service& service) {
  std::string line = fmt::format("pxe-service={}{},\"{}\"", tag_field(service.condition),
                                 service.architecture, service.text);
  switch (service.kind) {
    case Service::Kind::Local:
      return line + ",0";
    case Service::Kind::Numbered:
      line += fmt::format(",{}", service.type);
      break;
    case Service::Kind::File:
      line += "," + service.basename;
      break;
  }
  const std::string server = server_text(service.server);
  return server.empty() ? line : line + "," + server;
}

std::string line_of(const Boot& boot) {
  std::string line = "dhcp-boot=" + tag_field(boot.condition) + boot.file;
  const std::string server = server_text(boot.server);
  if (!boot.server_name.empty() || !server.empty()) line += "," + boot.server_name;
  return server.empty() ? line : line + "," + server;
}

std::string line_of(const Prompt& prompt) {
  std::string line = fmt::format("pxe-prompt={}\"{}\"", tag_field(prompt.condition), prompt.text);
  return prompt.timeout ? line + fmt::format(",{}", *prompt.timeout) : line;
}

const Bytes* value_of(const dhcp::Message& message, std::uint8_t code) {
  const auto found = std::ranges::find(message.options, code, &dhcp::Option::code);
  return found == message.options.end() ? nullptr : &found->value;
}

}  // namespace

std::string Scenario::text() const {
  std::string text;
  const auto add = [&text](const std::string& line) { text += line + "\n"; };
  for (const std::string& line : lines) add(line);
  for (const Tag& tag : tags) add(tag.line);
  for (const MacAddress& mac : ignored) add("dhcp-host=" + to_string(mac) + ",ignore");
  for (const Service& service : services) add(line_of(service));
  for (const Boot& boot : boots) add(line_of(boot));
  for (const Prompt& prompt : prompts) add(line_of(prompt));
  for (const UserOption& option : user_options) {
    add(fmt::format("dhcp-option={}vendor:{},{},{}", tag_field(option.condition),
                    option.vendor_class, option.code, option.written));
  }
  return text;
}

bool Scenario::names_boot_file() const {
  return std::ranges::any_of(
      lines, [](const std::string& line) { return line.starts_with("dhcp-option=67,"); });
}

void count_types(Scenario& scenario) {
  std::uint16_t next = kFirstFileType;
  for (Service& service : scenario.services) {
    if (service.kind == Service::Kind::File) service.type = next++;
    if (service.kind == Service::Kind::Local) service.type = 0;
  }
}

std::vector<std::uint16_t> architectures(const dhcp::Message& message) {
  std::vector<std::uint16_t> numbers;
  const Bytes* value = value_of(message, 93);
  for (std::size_t at = 0; value != nullptr && at + 1 < value->size(); at += 2) {
    numbers.push_back(static_cast<std::uint16_t>((*value)[at] << 8U | (*value)[at + 1]));
  }
  return numbers;
}

std::string text_of(const dhcp::Message& message, std::uint8_t code) {
  const Bytes* value = value_of(message, code);
  return value == nullptr ? std::string() : as_text(*value);
}

bool has(const dhcp::Message& message, std::uint8_t code) {
  return value_of(message, code) != nullptr;
}

Bytes sub_option(ByteView list, std::uint8_t code) {
  for (std::size_t at = 0; at + 1 < list.size();) {
    if (list[at] == 0) {
      ++at;
      continue;
    }
    const std::size_t size = list[at + 1];
    if (list[at] == 255 || at + 2 + size > list.size()) break;
    if (list[at] == code) {
      const ByteView value = list.subspan(at + 2, size);
      return {value.begin(), value.end()};
    }
    at += 2 + size;
  }
  return {};
}

std::optional<std::uint32_t> boot_item(const dhcp::Message& message) {
  const Bytes* value = value_of(message, 43);
  if (value == nullptr) return std::nullopt;
  const Bytes item = sub_option(*value, kBootItem);
  const auto number = item.size() < 4 ? std::nullopt : Ipv4Address::from(ByteView(item).first(4));
  return number ? std::optional(number->value) : std::nullopt;
}

bool holds(const Scenario& scenario, const std::string& condition, const dhcp::Message& message) {
  if (condition.empty()) return true;
  const bool is_negated = condition.front() == '!';
  const std::string name = is_negated ? condition.substr(1) : condition;
  const bool is_set = std::ranges::any_of(
      scenario.tags, [&](const Tag& tag) { return tag.name == name && tag.is_set(message); });
  return is_set != is_negated;
}

std::vector<const Service*> services_for(const Scenario& scenario, const dhcp::Message& message,
                                         std::uint16_t architecture) {
  std::vector<const Service*> found;
  for (const Service& service : scenario.services) {
    if (service.architecture == architecture && holds(scenario, service.condition, message)) {
      found.push_back(&service);
    }
  }
  return found;
}

const Boot* boot_for(const Scenario& scenario, const dhcp::Message& message) {
  for (const bool is_tagged : {true, false}) {
    for (auto boot = scenario.boots.rbegin(); boot != scenario.boots.rend(); ++boot) {
      if (boot->condition.empty() == is_tagged) continue;
      if (holds(scenario, boot->condition, message)) return &*boot;
    }
  }
  return nullptr;
}

std::vector<const UserOption*> user_options_for(const Scenario& scenario,
                                                const dhcp::Message& message) {
  const std::string vendor_class = text_of(message, 60);
  std::vector<const UserOption*> found;
  for (const UserOption& option : scenario.user_options) {
    const bool names_client = vendor_class.find(option.vendor_class) != std::string::npos;
    if (names_client && holds(scenario, option.condition, message)) found.push_back(&option);
  }
  return found;
}

}  // namespace pxeproof::equality

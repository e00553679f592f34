#include "server/request.h"

#include <algorithm>

namespace pxeproof::server {

namespace {

constexpr std::uint8_t kFqdnIsWireFormat = 0x04;

bool is_alphanumeric(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

// The first label of a name; empty when it is no legal host name (RFC 1123 s.2.1).
std::string_view legal_label(std::string_view name) {
  const std::string_view label = name.substr(0, name.find_first_of(std::string_view(".\0", 2)));
  for (std::size_t at = 0; at < label.size(); ++at) {
    const bool is_inner = at > 0 && (label[at] == '-' || label[at] == '_');
    if (!is_alphanumeric(label[at]) && !is_inner) return {};
  }
  return label;
}

std::string_view text(ByteView octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

Architectures read_architectures(ByteView option_93) {
  Architectures read;
  while (read.count < read.numbers.size() && option_93.size() >= 2) {
    read.numbers[read.count++] = static_cast<std::uint16_t>(option_93[0] << 8U | option_93[1]);
    option_93 = option_93.subspan(2);
  }
  return read;
}

std::optional<ByteView> find_option(const dhcp::MessageView& message, std::uint8_t code,
                                    std::size_t minimum_size) {
  const auto first = message.first(code);
  if (!first || first->size() >= minimum_size) return first;
  // A short one may come first.
  std::optional<ByteView> found;
  message.each_option([&](const dhcp::OptionView& option) {
    if (!found && option.code == code && option.value.size() >= minimum_size) found = option.value;
  });
  return found;
}

std::optional<ByteView> find_option(const dhcp::MessageView& message, dhcp::OptionCode code,
                                    std::size_t minimum_size) {
  return find_option(message, static_cast<std::uint8_t>(code), minimum_size);
}

std::optional<ByteView> find_sub_option(ByteView list, std::uint8_t code,
                                        std::size_t minimum_size) {
  constexpr std::uint8_t kPad = 0;
  constexpr std::uint8_t kEnd = 255;
  while (!list.empty() && list[0] != kEnd) {
    if (list[0] == kPad) {
      list = list.subspan(1);
      continue;
    }
    if (list.size() < 2 || list.size() < 2U + list[1]) return std::nullopt;
    if (list[0] == code && list[1] >= minimum_size) return list.subspan(2, list[1]);
    list = list.subspan(2U + list[1]);
  }
  return std::nullopt;
}

std::string_view client_host_name(const dhcp::MessageView& message) {
  if (const auto fqdn = find_option(message, kClientFqdn, kFqdnHeader)) {
    const ByteView name = fqdn->subspan(kFqdnHeader);
    if (((*fqdn)[0] & kFqdnIsWireFormat) == 0) return legal_label(text(name));
    if (name.empty() || name[0] == 0 || name.size() < 1U + name[0]) return {};
    return legal_label(text(name.subspan(1, name[0])));
  }
  const auto name = find_option(message, dhcp::OptionCode::HostName, 1);
  return name ? legal_label(text(*name)) : std::string_view{};
}

std::string client_full_name(const dhcp::MessageView& message) {
  if (client_host_name(message).empty()) return {};
  std::string name;
  const auto fqdn = find_option(message, kClientFqdn, kFqdnHeader);
  if (fqdn && ((*fqdn)[0] & kFqdnIsWireFormat) != 0) {
    ByteView labels = fqdn->subspan(kFqdnHeader);
    while (!labels.empty() && labels[0] != 0 && labels.size() >= 1U + labels[0]) {
      if (!name.empty()) name += '.';
      name += text(labels.subspan(1, labels[0]));
      labels = labels.subspan(1U + labels[0]);
    }
  } else {
    name = fqdn ? text(fqdn->subspan(kFqdnHeader))
                : text(*find_option(message, dhcp::OptionCode::HostName, 1));
    name.resize(std::min(name.find('\0'), name.size()));
  }
  if (name.ends_with('.')) name.pop_back();
  return name;
}

}  // namespace pxeproof::server

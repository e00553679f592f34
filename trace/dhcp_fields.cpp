#include "trace/dhcp_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::trace {

namespace {

using dhcp::OptionCode;

constexpr std::size_t kShownOctets = 64;

// How an option's value is written.
enum class Form { Octets, Text, Number, Addresses, Seconds, List };

struct FormRow {
  std::uint8_t code;
  Form form;
};
constexpr std::array kForms = {
    FormRow{1, Form::Addresses},   FormRow{3, Form::Addresses},  FormRow{6, Form::Addresses},
    FormRow{12, Form::Text},       FormRow{13, Form::Number},    FormRow{15, Form::Text},
    FormRow{17, Form::Text},       FormRow{28, Form::Addresses}, FormRow{42, Form::Addresses},
    FormRow{50, Form::Addresses},  FormRow{51, Form::Seconds},   FormRow{52, Form::Number},
    FormRow{54, Form::Addresses},  FormRow{55, Form::List},      FormRow{56, Form::Text},
    FormRow{57, Form::Number},     FormRow{58, Form::Seconds},   FormRow{59, Form::Seconds},
    FormRow{60, Form::Text},       FormRow{66, Form::Text},      FormRow{67, Form::Text},
    FormRow{150, Form::Addresses}, FormRow{209, Form::Text},     FormRow{210, Form::Text},
};

std::string octets_text(ByteView value) {
  std::string text;
  for (const std::uint8_t octet : value.first(std::min(value.size(), kShownOctets))) {
    text += fmt::format("{}{:02x}", text.empty() ? "" : " ", octet);
  }
  if (value.size() > kShownOctets) text += fmt::format(" … {} octets", value.size());
  return text;
}

std::uint64_t number_of(ByteView value) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : value) number = number << 8U | octet;
  return number;
}

std::string addresses_text(ByteView value) {
  if (value.empty() || value.size() % 4 != 0) return octets_text(value);
  std::string text;
  for (std::size_t at = 0; at < value.size(); at += 4) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        to_string(Ipv4Address::from(value.subspan(at, 4)).value_or(Ipv4Address())));
  }
  return text;
}

std::string seconds_text(ByteView value) {
  if (value.size() != 4) return octets_text(value);
  return number_of(value) == 0xffffffffU ? "for ever" : fmt::format("{} s", number_of(value));
}

std::string list_text(ByteView value) {
  std::string text;
  for (const std::uint8_t code : value) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", code);
  }
  return text;
}

std::string client_id_text(ByteView value) {
  constexpr std::uint8_t kEthernet = 1;
  if (value.size() == 7 && value[0] == kEthernet) {
    return "Ethernet " + to_string(MacAddress::from(value.subspan(1)).value_or(MacAddress()));
  }
  if (const auto guid = dhcp::decode_guid(value)) return "GUID " + to_string(*guid);
  return octets_text(value);
}

std::string user_class_text(ByteView value) {
  std::string text;
  for (const std::string& name : dhcp::decode_user_classes(value)) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ", printable(name));
  }
  return text;
}

std::string value_text(std::uint8_t code, ByteView value) {
  switch (static_cast<OptionCode>(code)) {
    case OptionCode::MessageType: {
      const auto name = value.size() == 1 ? to_string(static_cast<dhcp::MessageType>(value[0]))
                                          : std::string_view();
      return name.empty() ? octets_text(value) : std::string(name);
    }
    case OptionCode::ClientIdentifier:
      return client_id_text(value);
    case OptionCode::UserClass:
      return user_class_text(value);
    case OptionCode::ClientArchitecture: {
      std::string text;
      for (const std::uint16_t number : dhcp::decode_architectures(value)) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", dhcp::describe_architecture(number));
      }
      return text;
    }
    case OptionCode::ClientInterface: {
      const auto interface = dhcp::decode_interface(value);
      if (!interface) return octets_text(value);
      return fmt::format("UNDI {}.{}", interface->major, interface->minor);
    }
    case OptionCode::ClientMachineIdentifier: {
      const auto guid = dhcp::decode_guid(value);
      return guid ? to_string(*guid) : octets_text(value);
    }
    default:
      break;
  }
  const auto* row = std::ranges::find(kForms, code, &FormRow::code);
  switch (row == kForms.end() ? Form::Octets : row->form) {
    case Form::Octets:
      return octets_text(value);
    case Form::Text:
      return printable(as_text(value));
    case Form::Number:
      return value.size() <= 8 ? std::to_string(number_of(value)) : octets_text(value);
    case Form::Addresses:
      return addresses_text(value);
    case Form::Seconds:
      return seconds_text(value);
    case Form::List:
      return list_text(value);
  }
  return {};
}

std::string servers_text(ByteView value) {
  const auto servers = pxe::decode_servers(value);
  if (!servers) return octets_text(value);
  std::string text;
  for (const pxe::BootServerEntry& entry : *servers) {
    text += fmt::format("{}type {:04x} at", text.empty() ? "" : "; ", entry.type);
    for (const Ipv4Address address : entry.addresses) text += " " + to_string(address);
    if (entry.addresses.empty()) text += " any";
  }
  return text;
}

std::string menu_text(ByteView value) {
  const auto menu = pxe::decode_menu(value);
  if (!menu) return octets_text(value);
  std::string text;
  for (const pxe::MenuEntry& entry : *menu) {
    text +=
        fmt::format("{}{:04x} \"{}\"", text.empty() ? "" : ", ", entry.type, printable(entry.text));
  }
  return text;
}

constexpr VendorTagName tag_name(pxe::VendorTag tag, std::string_view name) {
  return {static_cast<std::uint8_t>(tag), name};
}
constexpr std::array kTags = {
    tag_name(pxe::VendorTag::MtftpAddress, "mtftp-address"),
    tag_name(pxe::VendorTag::MtftpClientPort, "mtftp-client-port"),
    tag_name(pxe::VendorTag::MtftpServerPort, "mtftp-server-port"),
    tag_name(pxe::VendorTag::MtftpTimeout, "mtftp-timeout"),
    tag_name(pxe::VendorTag::MtftpDelay, "mtftp-delay"),
    tag_name(pxe::VendorTag::DiscoveryControl, "discovery-control"),
    tag_name(pxe::VendorTag::DiscoveryMulticast, "discovery-multicast"),
    tag_name(pxe::VendorTag::BootServers, "boot-servers"),
    tag_name(pxe::VendorTag::BootMenu, "boot-menu"),
    tag_name(pxe::VendorTag::MenuPrompt, "menu-prompt"),
    tag_name(pxe::VendorTag::MulticastAllocation, "multicast-allocation"),
    tag_name(pxe::VendorTag::CredentialTypes, "credential-types"),
    tag_name(pxe::VendorTag::BootItem, "boot-item"),
};

DhcpField vendor_field(const pxe::SubOption& option) {
  const auto tag = static_cast<pxe::VendorTag>(option.tag);
  const auto* row = std::ranges::find(kTags, option.tag, &VendorTagName::tag);
  DhcpField field{fmt::format("43.{}", option.tag),
                  row == kTags.end() ? std::string() : std::string(row->name),
                  octets_text(option.value)};
  if (tag == pxe::VendorTag::BootServers) field.value = servers_text(option.value);
  if (tag == pxe::VendorTag::BootMenu) field.value = menu_text(option.value);
  if (tag == pxe::VendorTag::MtftpAddress || tag == pxe::VendorTag::DiscoveryMulticast) {
    field.value = addresses_text(option.value);
  }
  if (const auto prompt = pxe::decode_prompt(option.value);
      tag == pxe::VendorTag::MenuPrompt && prompt) {
    field.value = fmt::format("{} s \"{}\"", prompt->timeout_seconds, printable(prompt->text));
  }
  if (const auto item = pxe::decode_item(option.value); tag == pxe::VendorTag::BootItem && item) {
    field.value = fmt::format("type {:04x} layer {}", item->type, item->layer);
  }
  return field;
}

// Option 43 belongs to the vendor; it is PXE's when it reads as PXE's.
void add_vendor_options(ByteView value, std::vector<DhcpField>& fields) {
  const auto options = pxe::decode(value);
  if (!options) {
    fields.push_back({"43", std::string(dhcp::option_name(43)), octets_text(value)});
    return;
  }
  if (options->sub_options.empty()) {
    fields.push_back({"43", std::string(dhcp::option_name(43)), "empty"});
  }
  for (const pxe::SubOption& option : options->sub_options) {
    if (option.tag != 0) fields.push_back(vendor_field(option));
  }
}

void add_header(const dhcp::MessageView& message, std::vector<DhcpField>& fields) {
  const auto add = [&fields](std::string key, std::string value) {
    fields.push_back({std::move(key), {}, std::move(value)});
  };
  const auto add_address = [&add](std::string key, Ipv4Address address) {
    if (!address.is_unspecified()) add(std::move(key), to_string(address));
  };
  add("op", message.op() == dhcp::kBootRequest ? "request" : "reply");
  const dhcp::Header header = message.header();
  if (header.hops != 0) add("hops", std::to_string(header.hops));
  add("xid", fmt::format("{:08x}", message.xid()));
  add("secs", std::to_string(message.secs()));
  add("flags", (message.flags() & dhcp::kBroadcastFlag) != 0 ? "broadcast" : "none");
  add_address("ciaddr", message.ciaddr());
  add_address("yiaddr", message.yiaddr());
  add_address("siaddr", message.siaddr());
  add_address("giaddr", message.giaddr());
  add("chaddr", to_string(message.mac()));
  if (!message.sname_text().empty()) add("sname", printable(message.sname_text()));
  if (!message.file_text().empty()) add("file", printable(message.file_text()));
}

}  // namespace

std::span<const VendorTagName> vendor_tag_names() { return kTags; }

std::string label_of(const DhcpField& field) {
  return field.name.empty() ? field.key : field.key + " " + field.name;
}

std::vector<DhcpField> decode_dhcp_fields(ByteView octets) {
  std::vector<DhcpField> fields;
  auto message = dhcp::MessageView::parse(octets);
  // An option that the snap length cut through: zeros behind it let the others be read.
  Bytes whole;
  if (!message && message.error().fault == dhcp::Fault::OptionTruncated) {
    whole.assign(octets.begin(), octets.end());
    whole.resize(octets.size() + 256);
    message = dhcp::MessageView::parse(whole);
  }
  if (!message) return fields;
  add_header(*message, fields);
  std::vector<std::uint8_t> seen;  // RFC 3396: instances of an option are one value
  message->each_option([&](const dhcp::OptionView& option) {
    if (std::ranges::find(seen, option.code) != seen.end()) return;
    seen.push_back(option.code);
    const Bytes joined = message->joined(static_cast<OptionCode>(option.code)).value_or(Bytes());
    if (static_cast<OptionCode>(option.code) == OptionCode::VendorSpecific) {
      add_vendor_options(joined, fields);
      return;
    }
    fields.push_back({std::to_string(option.code), std::string(dhcp::option_name(option.code)),
                      value_text(option.code, joined)});
  });
  return fields;
}

}  // namespace pxeproof::trace

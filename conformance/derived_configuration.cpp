#include "conformance/derived_configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::conformance {

namespace {

constexpr std::uint16_t kFirstFileType = 0x8000;  // dnsmasq counts its services from here
constexpr std::uint16_t kFirstUefi = 6;
constexpr std::uint32_t kForever = 0xffffffff;  // RFC 2131 s.3.3

struct Service {
  std::uint16_t architecture = 0;
  std::uint16_t type = kFirstFileType;
  std::string text{};
  std::string file{};
};

struct Findings {
  std::vector<Service> services{};
  std::optional<pxe::MenuPrompt> prompt{};
  std::map<std::uint16_t, std::string> offered_files{};  // by architecture, without a menu
  Ipv4Address first_lease{};
  std::string lease_time = "1h";  // as dhcp-range has it
};

std::optional<pxe::VendorOptions> vendor_of(const dhcp::MessageView& message) {
  const auto value = message.joined(dhcp::OptionCode::VendorSpecific);
  if (!value) return std::nullopt;
  auto decoded = pxe::decode(*value);
  if (!decoded) return std::nullopt;
  return std::move(*decoded);
}

std::optional<pxe::BootItem> item_of(const dhcp::MessageView& message) {
  const auto vendor = vendor_of(message);
  const auto* item = vendor ? vendor->find(pxe::VendorTag::BootItem) : nullptr;
  const auto decoded = item ? pxe::decode_item(item->value)
                            : Result<pxe::BootItem, pxe::DecodeError>(fail(pxe::DecodeError{}));
  if (!decoded) return std::nullopt;
  return *decoded;
}

Service& service_of(Findings& found, std::uint16_t architecture, std::uint16_t type) {
  for (Service& each : found.services) {
    if (each.architecture == architecture && each.type == type) return each;
  }
  return found.services.emplace_back(Service{architecture, type, "Network boot", {}});
}

void learn(Findings& found, std::uint16_t architecture, const dhcp::MessageView& asked,
           const dhcp::MessageView& answer) {
  if (!answer.yiaddr().is_unspecified() && answer.type() == dhcp::MessageType::Offer) {
    found.first_lease = answer.yiaddr();
    if (const auto time = answer.first(dhcp::OptionCode::LeaseTime)) {
      const auto seconds = ByteReader(*time).u32();
      if (seconds) {
        found.lease_time = *seconds == kForever ? "infinite" : fmt::format("{}", *seconds);
      }
    }
  }
  const auto vendor = vendor_of(answer);
  if (vendor) {
    if (const auto* menu = vendor->find(pxe::VendorTag::BootMenu)) {
      if (const auto entries = pxe::decode_menu(menu->value)) {
        for (const auto& entry : *entries) {
          service_of(found, architecture, entry.type).text = entry.text;
        }
      }
    }
    if (const auto* prompt = vendor->find(pxe::VendorTag::MenuPrompt)) {
      const auto decoded = pxe::decode_prompt(prompt->value);
      if (decoded && decoded->text != "PXE") found.prompt = *decoded;
    }
  }
  const std::string file(answer.boot_file());
  if (file.empty()) return;
  if (const auto item = item_of(asked)) {
    // What is served for a layer is the base name with the layer's number.
    std::string base = file;
    const std::string suffix = fmt::format(".{}", item->layer);
    if (base.ends_with(suffix) && architecture < kFirstUefi) {
      base.resize(base.size() - suffix.size());
    }
    service_of(found, architecture, item->type).file = base;
  } else if (answer.type() == dhcp::MessageType::Ack && architecture >= kFirstUefi) {
    service_of(found, architecture, kFirstFileType).file = file;
  } else {
    found.offered_files[architecture] = file;
  }
}

}  // namespace

std::string derive_configuration(const Dialogue& dialogue, std::string_view tftp_root) {
  Findings found;
  std::uint16_t architecture = 0;
  for (const Turn& turn : dialogue.turns) {
    const auto* question = std::get_if<RecordedQuestion>(&turn.said);
    if (question == nullptr) continue;
    const auto asked = dhcp::MessageView::parse(question->payload);
    if (!asked) continue;
    if (const auto archs = asked->first(dhcp::OptionCode::ClientArchitecture);
        archs && archs->size() >= 2) {
      architecture = static_cast<std::uint16_t>((*archs)[0] << 8U | (*archs)[1]);
    }
    for (const RecordedAnswer& answer : turn.answers) {
      const auto message = dhcp::MessageView::parse(answer.payload);
      if (message) learn(found, architecture, *asked, *message);
    }
  }
  std::string text = "port=0\nlog-dhcp\n";
  if (dialogue.server_leases && !found.first_lease.is_unspecified()) {
    text += fmt::format("dhcp-range={},{},255.255.255.0,{}\n", to_string(found.first_lease),
                        to_string(found.first_lease), found.lease_time);
    text += fmt::format("listen-address={}\n", to_string(dialogue.server));
  } else {
    text += fmt::format("dhcp-range={},proxy,255.255.255.0\n", to_string(dialogue.server));
  }
  for (const auto& [arch, file] : found.offered_files) {
    text += fmt::format("dhcp-match=set:arch{},93,{}\ndhcp-boot=tag:arch{},\"{}\"\n", arch, arch,
                        arch, file);
  }
  std::ranges::stable_sort(found.services, {}, &Service::type);
  for (const Service& service : found.services) {
    text += fmt::format("pxe-service={},\"{}\"", service.architecture, service.text);
    if (service.type < kFirstFileType) {
      text += fmt::format(",{}\n", service.type);
    } else {
      text += fmt::format(",\"{}\"\n", service.file.empty() ? "unknown.0" : service.file);
    }
  }
  if (found.prompt) {
    text +=
        fmt::format("pxe-prompt=\"{}\",{}\n", found.prompt->text, found.prompt->timeout_seconds);
  } else if (found.services.empty()) {
    text += "pxe-prompt=\"PXE\",0\n";
  }
  text += fmt::format("enable-tftp\ntftp-root={}\n", tftp_root);
  return text;
}

}  // namespace pxeproof::conformance

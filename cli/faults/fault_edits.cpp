#include "cli/faults/fault_edits.h"

#include <algorithm>
#include <array>

#include "protocol/dhcp/option_code.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::cli {

namespace {

using dhcp::Message;

void set_option(Message& reply, std::uint8_t code, const Bytes& value) {
  for (dhcp::Option& option : reply.options) {
    if (option.code != code) continue;
    option.value = value;
    return;
  }
  reply.options.push_back({code, value});
}

// Changes option 43, which is made where there is none.
void edit_vendor(Message& reply, const std::function<void(pxe::VendorOptions&)>& edit) {
  const dhcp::Option* const option = reply.find(dhcp::OptionCode::VendorSpecific);
  pxe::VendorOptions vendor;
  if (option != nullptr) {
    auto decoded = pxe::decode(option->value);
    if (!decoded) return;
    vendor = std::move(*decoded);
  }
  edit(vendor);
  if (vendor.sub_options.empty() && option == nullptr) return;
  set_option(reply, static_cast<std::uint8_t>(dhcp::OptionCode::VendorSpecific),
             pxe::encode(vendor));
}

void remove_tag(pxe::VendorOptions& vendor, std::uint8_t tag) {
  std::erase_if(vendor.sub_options, [tag](const pxe::SubOption& each) { return each.tag == tag; });
}

void set_block(Bytes& packet, std::uint16_t block) {
  packet[2] = static_cast<std::uint8_t>(block >> 8U);
  packet[3] = static_cast<std::uint8_t>(block);
}

}  // namespace

EditDhcp without_option(OptionName option) {
  return {.edit = [option](Message& reply) {
    if (!option.vendor_tag) return reply.remove(dhcp::OptionCode{option.code});
    edit_vendor(reply,
                [option](pxe::VendorOptions& vendor) { remove_tag(vendor, *option.vendor_tag); });
  }};
}

EditDhcp with_option(OptionName option, Bytes value) {
  return {.edit = [option, value = std::move(value)](Message& reply) {
    if (!option.vendor_tag) return set_option(reply, option.code, value);
    edit_vendor(reply, [&](pxe::VendorOptions& vendor) {
      for (pxe::SubOption& each : vendor.sub_options) {
        if (each.tag != *option.vendor_tag) continue;
        each.value = value;
        return;
      }
      vendor.sub_options.push_back({*option.vendor_tag, value});
    });
  }};
}

EditDhcp option_twice(std::uint8_t code) {
  return {.edit = [code](Message& reply) {
    const dhcp::Option* const option = reply.find(dhcp::OptionCode{code});
    if (option == nullptr) return;
    const dhcp::Option copy = *option;
    reply.options.push_back(copy);
  }};
}

EditDhcp with_message_type(std::uint8_t type) {
  return with_option({.code = static_cast<std::uint8_t>(dhcp::OptionCode::MessageType)}, {type});
}

EditOack without_oack_option(std::string name) {
  return {.edit = [name = std::move(name)](tftp::Oack& oack, const tftp::Request&) {
    std::erase_if(oack.options,
                  [&](const tftp::Option& option) { return tftp::same_word(option.name, name); });
  }};
}

EditOack with_oack_option(std::string name, std::string value) {
  return {.edit = [name = std::move(name), value = std::move(value)](tftp::Oack& oack,
                                                                     const tftp::Request&) {
    for (tftp::Option& option : oack.options) {
      if (!tftp::same_word(option.name, name)) continue;
      option.value = value;
      return;
    }
    oack.options.push_back({name, value});
  }};
}

EditOack with_unasked_option() {
  static constexpr std::array<std::array<std::string_view, 2>, 4> kKnown{
      {{"windowsize", "2"}, {"tsize", "1000"}, {"timeout", "3"}, {"blksize", "512"}}};
  return {.edit = [](tftp::Oack& oack, const tftp::Request& request) {
    for (const auto& [name, value] : kKnown) {
      const std::string_view wanted = name;
      const bool is_asked =
          std::any_of(request.options.begin(), request.options.end(),
                      [&](const auto& option) { return tftp::same_word(option.name, wanted); });
      if (is_asked) continue;
      oack.options.push_back({std::string(name), std::string(value)});
      return;
    }
  }};
}

EditData with_block_moved(std::int64_t by) {
  return {.edit = [by](Bytes& packet, std::size_t) {
    const auto block = static_cast<std::int64_t>(packet[2] << 8U | packet[3]);
    set_block(packet, static_cast<std::uint16_t>(block + by));
  }};
}

EditData with_half_payload() {
  return {.edit = [](Bytes& packet, std::size_t) {
    const std::size_t payload = packet.size() - tftp::kDataHeaderSize;
    packet.resize(tftp::kDataHeaderSize + payload / 2);
  }};
}

EditData with_longer_payload() {
  constexpr std::size_t kSurplus = 16;
  return {.edit = [](Bytes& packet, std::size_t block_size) {
    packet.resize(tftp::kDataHeaderSize + block_size + kSurplus, 'x');
  }};
}

EditData without_payload() {
  return {.edit = [](Bytes& packet, std::size_t) { packet.resize(tftp::kDataHeaderSize); }};
}

}  // namespace pxeproof::cli

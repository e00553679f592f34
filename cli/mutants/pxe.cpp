// Mutants of what a PXE client is told: option 43, boot files, items.

#include <algorithm>
#include <set>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"
#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::cli {

namespace {

using dhcp::Message;
using dhcp::OptionCode;
using pxe::VendorTag;
using server::Configuration;

constexpr std::uint16_t kFirstItem = 0x8000;

template <void (*Edit)(pxe::VendorOptions&)>
ServicePtr vendor_options(DatagramService& inner, const Configuration&) {
  return edit_vendor_options(inner, Edit);
}

pxe::SubOption* find(pxe::VendorOptions& vendor, VendorTag tag) {
  for (pxe::SubOption& each : vendor.sub_options) {
    if (each.tag == static_cast<std::uint8_t>(tag)) return &each;
  }
  return nullptr;
}

void remove(pxe::VendorOptions& vendor, VendorTag tag) {
  std::erase_if(vendor.sub_options, [tag](const pxe::SubOption& each) {
    return each.tag == static_cast<std::uint8_t>(tag);
  });
}

void remove_item(pxe::VendorOptions& vendor) { remove(vendor, VendorTag::BootItem); }
void remove_end(pxe::VendorOptions& vendor) {
  vendor.end = false;
  vendor.after_end.clear();
}
void only_listed(pxe::VendorOptions& vendor) {
  if (pxe::SubOption* control = find(vendor, VendorTag::DiscoveryControl)) control->value = {7};
  remove(vendor, VendorTag::BootServers);
}
void all_control_bits(pxe::VendorOptions& vendor) {
  if (pxe::SubOption* control = find(vendor, VendorTag::DiscoveryControl)) control->value = {0xff};
}
void use_boot_file(pxe::VendorOptions& vendor) {
  if (pxe::SubOption* control = find(vendor, VendorTag::DiscoveryControl)) control->value = {0x08};
}
void servers_twice(pxe::VendorOptions& vendor) {
  pxe::SubOption* servers = find(vendor, VendorTag::BootServers);
  if (servers == nullptr || servers->value.size() > 100) return;
  const Bytes once = servers->value;
  servers->value.insert(servers->value.end(), once.begin(), once.end());
}
void short_menu(pxe::VendorOptions& vendor) {
  pxe::SubOption* menu = find(vendor, VendorTag::BootMenu);
  if (menu == nullptr) return;
  edit_menu(menu->value, [](std::vector<pxe::MenuEntry>& entries) {
    if (entries.size() > 1) entries.pop_back();
  });
}
void torn_menu(pxe::VendorOptions& vendor) {
  pxe::SubOption* menu = find(vendor, VendorTag::BootMenu);
  if (menu != nullptr && !menu->value.empty()) menu->value.pop_back();
}
void longer_prompt(pxe::VendorOptions& vendor) {
  pxe::SubOption* prompt = find(vendor, VendorTag::MenuPrompt);
  if (prompt != nullptr && !prompt->value.empty()) ++prompt->value.front();
}
void no_prompt(pxe::VendorOptions& vendor) { remove(vendor, VendorTag::MenuPrompt); }
void with_mtftp(pxe::VendorOptions& vendor) {
  const Bytes group{224, 1, 1, 1};
  vendor.add(VendorTag::MtftpAddress, group);
}
void false_group(pxe::VendorOptions& vendor) {
  if (pxe::SubOption* control = find(vendor, VendorTag::DiscoveryControl)) control->value = {1};
  const Bytes group{224, 0, 1, 2};
  vendor.add(VendorTag::DiscoveryMulticast, group);
}

ServicePtr file_of_all(DatagramService& inner, const Configuration&) {
  return edit_replies(inner, [](Message& reply, OutgoingDatagram&) {
    if (!reply.header.file_text().empty()) reply.header.set_file("pxelinux.0");
  });
}

ServicePtr cut_names(DatagramService& inner, const Configuration&) {
  constexpr std::size_t kRoom = 64;
  return edit_replies(inner, [](Message& reply, OutgoingDatagram&) {
    if (dhcp::Option* file = reply.find(OptionCode::BootFileName)) {
      if (file->value.size() > kRoom) file->value.resize(kRoom);
    }
    const std::string name(reply.header.file_text());
    if (name.size() > kRoom) reply.header.set_file(name.substr(0, kRoom));
  });
}

// Changes the item of each request that has one.
ServicePtr edit_items(DatagramService& inner, void (*edit)(pxe::BootItem&)) {
  return edit_requests(inner, [edit](Message& request, IncomingDatagram&, Mouth&) {
    dhcp::Option* option = request.find(OptionCode::VendorSpecific);
    if (option == nullptr) return Pass::On;
    auto vendor = pxe::decode(option->value);
    if (!vendor) return Pass::On;
    pxe::SubOption* asked = find(*vendor, VendorTag::BootItem);
    if (asked == nullptr) return Pass::On;
    auto item = pxe::decode_item(asked->value);
    if (!item) return Pass::On;
    edit(*item);
    remove(*vendor, VendorTag::BootItem);
    vendor->add_item(*item);
    option->value = pxe::encode(*vendor);
    return Pass::On;
  });
}

ServicePtr answers_unknown_type(DatagramService& inner, const Configuration&) {
  return edit_items(inner, [](pxe::BootItem& item) {
    if (item.type < kFirstItem || item.type == 0xffff) item.type = kFirstItem;
  });
}

ServicePtr layer_zero(DatagramService& inner, const Configuration&) {
  return edit_items(inner, [](pxe::BootItem& item) { item.layer = 0; });
}

ServicePtr guesses_efi(DatagramService& inner, const Configuration&) {
  return edit_requests(inner, [](Message& request, IncomingDatagram&, Mouth&) {
    if (request.find(OptionCode::ClientArchitecture) == nullptr) set_option(request, 93, {0, 7});
    return Pass::On;
  });
}

ServicePtr no_user_class(DatagramService& inner, const Configuration&) {
  return edit_requests(inner, [](Message& request, IncomingDatagram&, Mouth&) {
    request.remove(OptionCode::UserClass);
    return Pass::On;
  });
}

void distinct_twins(server::Policy& policy) {
  policy.x64_twins = server::Policy::X64Twins::Distinct;
}
void bare_offers(server::Policy& policy) { policy.unserved = server::Policy::Unserved::BareOffer; }
void items_by_number(server::Policy& policy) {
  policy.item_check = server::Policy::ItemCheck::TypeOnly;
}

}  // namespace

std::vector<Mutant> pxe_mutants() {
  return {
      {.name = "item-not-echoed",
       .what = "the ACK does not say which item it is for",
       .killed_by = {"BOOT-05"},
       .wrap = vendor_options<remove_item>},
      {.name = "answers-unknown-type",
       .what = "items that do not exist get the first one's file",
       .killed_by = {"BOOT-07", "BOOT-08"},
       .wrap = answers_unknown_type},
      {.name = "43-no-255",
       .what = "option 43 is not closed",
       .killed_by = {"ECHO-05"},
       .wrap = vendor_options<remove_end>},
      {.name = "bit2-without-8",
       .what = "clients may use listed servers only, and none is listed",
       .killed_by = {"CTRL-02"},
       .wrap = vendor_options<only_listed>},
      {.name = "control-wide",
       .what = "all bits of discovery control are set",
       .killed_by = {"CTRL-01"},
       .wrap = vendor_options<all_control_bits>},
      {.name = "bit3-everywhere",
       .what = "clients are told to use a file that is not there",
       .killed_by = {"CTRL-03"},
       .wrap = vendor_options<use_boot_file>},
      {.name = "servers-twice",
       .what = "each type stands twice in the server list",
       .killed_by = {"CTRL-04"},
       .wrap = vendor_options<servers_twice>},
      {.name = "menu-short",
       .what = "the last entry of a menu is missing",
       .killed_by = {"CTRL-05"},
       .wrap = vendor_options<short_menu>},
      {.name = "menu-torn",
       .what = "the last entry of a menu lacks its last octet",
       .killed_by = {"CTRL-05", "CTRL-08"},
       .wrap = vendor_options<torn_menu>},
      {.name = "prompt-plus-one",
       .what = "the prompt waits a second longer",
       .killed_by = {"CTRL-06"},
       .wrap = vendor_options<longer_prompt>},
      {.name = "no-prompt",
       .what = "menus have no prompt",
       .killed_by = {"CTRL-06", "CTRL-07"},
       .wrap = vendor_options<no_prompt>},
      {.name = "mtftp",
       .what = "a multicast transfer is offered that does not exist",
       .killed_by = {"CTRL-09"},
       .wrap = vendor_options<with_mtftp>},
      {.name = "false-group",
       .what = "discovery by multicast is offered, and nobody listens",
       .killed_by = {"BOOT-11"},
       .wrap = vendor_options<false_group>},
      {.name = "one-file-for-all",
       .what = "every architecture is given the same file",
       .killed_by = {"OFFER-12", "OFFER-13", "OFFER-15", "BOOT-04"},
       .wrap = file_of_all},
      {.name = "cuts-file-names",
       .what = "long file names are cut",
       .killed_by = {"OFFER-19"},
       .wrap = cut_names},
      {.name = "layer-zero",
       .what = "the layer of an item is taken for 0",
       .killed_by = {"BOOT-06", "BOOT-09"},
       .wrap = layer_zero},
      {.name = "guesses-efi",
       .what = "who names no architecture is taken for x64 EFI",
       .killed_by = {"OFFER-16"},
       .wrap = guesses_efi},
      {.name = "ignores-user-class",
       .what = "iPXE is given iPXE again",
       .killed_by = {"OFFER-18"},
       .wrap = no_user_class},
      {.name = "x64-distinct",
       .what = "architecture 9 is not x64",
       .killed_by = {"OFFER-13", "BOOT-04"},
       .policy = distinct_twins},
      {.name = "bare-offer",
       .what = "machines are offered nothing",
       .killed_by = {"OFFER-14"},
       .policy = bare_offers},
      {.name = "items-by-number",
       .what = "an item is handed to any architecture",
       .killed_by = {"BOOT-15"},
       .policy = items_by_number},
  };
}

}  // namespace pxeproof::cli

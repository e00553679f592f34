#include "conformance/cases/boot_path.h"

#include "conformance/cases/look.h"

namespace pxeproof::conformance {

namespace {

// The first entry of the menu, if there is one that another step has to fetch.
std::optional<pxe::BootItem> first_item(const Reply& reply) {
  const auto vendor = reply.vendor();
  if (!vendor) return std::nullopt;
  const pxe::SubOption* menu = vendor->find(pxe::VendorTag::BootMenu);
  if (menu == nullptr) return std::nullopt;
  const auto entries = pxe::decode_menu(menu->value);
  if (!entries || entries->empty() || entries->front().type == 0) return std::nullopt;
  return pxe::BootItem{entries->front().type, 0};
}

void ask_boot_server(Script& script, std::optional<std::uint16_t> architecture,
                     const std::optional<pxe::BootItem>& item,
                     const std::function<Ruling(const BootPath&)>& judge, int depth) {
  Stimulus request = script.r0();
  if (architecture) {
    request.arch(*architecture);
  } else {
    request.without(dhcp::OptionCode::ClientArchitecture);
  }
  if (item) request.item(item->type, item->layer);
  script.ask(request,
             [&script, judge, architecture, item, depth](std::span<const Reply> replies) -> Ruling {
               BootPath path{.offered = true, .through_4011 = true};
               if (replies.empty()) return judge(path);
               const Reply& reply = replies.front();
               path.file = reply.boot_file();
               path.server = reply.boot_server();
               path.names_server = names_server(reply);
               const auto next = first_item(reply);
               if (path.file.empty() && !item && next && depth == 0) {
                 ask_boot_server(script, architecture, next, judge, depth + 1);
                 return go_on();
               }
               return judge(path);
             });
}

}  // namespace

void follow_boot_path(Script& script, Stimulus discover, std::optional<std::uint16_t> architecture,
                      const std::function<Ruling(const BootPath&)>& judge) {
  script.ask(std::move(discover),
             [&script, judge, architecture](std::span<const Reply> replies) -> Ruling {
               if (replies.empty()) return judge({});
               const Reply& offer = replies.front();
               if (!offer.is(dhcp::MessageType::Offer)) return refuse(offer.words());
               const auto item = first_item(offer);
               if (!offer.boot_file().empty() && !item) {
                 return judge({.offered = true,
                               .file = offer.boot_file(),
                               .server = offer.boot_server(),
                               .names_server = names_server(offer),
                               .through_4011 = false});
               }
               ask_boot_server(script, architecture, item, judge, 0);
               return go_on();
             });
}

void follow_boot_path(Script& script, std::uint16_t architecture,
                      const std::function<Ruling(const BootPath&)>& judge) {
  Stimulus discover = script.d0();
  discover.arch(architecture);
  follow_boot_path(script, discover, architecture, judge);
}

}  // namespace pxeproof::conformance

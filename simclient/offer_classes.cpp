#include "simclient/offer_classes.h"

#include <algorithm>
#include <array>

#include "simclient/server_settings.h"

namespace pxeproof::rom {

namespace {

constexpr std::string_view kPxeClient = "PXEClient";

constexpr std::array kDiscoveryTags = {
    pxe::VendorTag::DiscoveryControl, pxe::VendorTag::DiscoveryMulticast,
    pxe::VendorTag::BootServers, pxe::VendorTag::BootMenu, pxe::VendorTag::MenuPrompt};
constexpr std::array kMtftpTags = {pxe::VendorTag::MtftpAddress, pxe::VendorTag::MtftpClientPort,
                                   pxe::VendorTag::MtftpServerPort, pxe::VendorTag::MtftpTimeout,
                                   pxe::VendorTag::MtftpDelay};

bool has_mtftp_tags(const dhcp::MessageView& message) {
  return std::ranges::all_of(kMtftpTags, [&](pxe::VendorTag tag) {
    return vendor_option(message, tag, RepeatedTag::Last).has_value();
  });
}

// Intel's reference code (pxe_bc_dhcp.c): discovery by multicast needs a group, discovery by list
// needs a list, and without a file to go to there must be a menu and a prompt.
bool is_coherent(const dhcp::MessageView& message, bool has_file) {
  const auto control_value =
      vendor_option(message, pxe::VendorTag::DiscoveryControl, RepeatedTag::Last);
  const std::uint8_t control =
      control_value && !control_value->empty() ? control_value->front() : std::uint8_t{0};
  const auto group = vendor_option(message, pxe::VendorTag::DiscoveryMulticast, RepeatedTag::Last);
  const bool has_group = group && group->size() == 4 && Ipv4Address::from(*group)->is_multicast();
  if ((control & pxe::kNoMulticastDiscovery) == 0 && !has_group) return false;
  const auto list = vendor_option(message, pxe::VendorTag::BootServers, RepeatedTag::Last);
  if (list && !pxe::decode_servers(*list)) return false;
  constexpr std::uint8_t kListOnly = pxe::kNoBroadcastDiscovery | pxe::kNoMulticastDiscovery;
  const bool needs_list =
      (control & pxe::kOnlyListedServers) != 0 || (control & kListOnly) == kListOnly;
  if (needs_list && !list) return false;
  if ((control & pxe::kUseBootFile) != 0 && has_file) return true;
  return vendor_option(message, pxe::VendorTag::BootMenu, RepeatedTag::Last).has_value() &&
         vendor_option(message, pxe::VendorTag::MenuPrompt, RepeatedTag::Last).has_value();
}

template <typename Matches>
std::optional<std::size_t> first_of(std::span<const ClassedOffer> offers, Matches matches) {
  const auto found = std::find_if(offers.begin(), offers.end(), matches);
  if (found == offers.end()) return std::nullopt;
  return static_cast<std::size_t>(found - offers.begin());
}

}  // namespace

bool has_discovery_tags(const dhcp::MessageView& message) {
  return std::ranges::any_of(kDiscoveryTags, [&](pxe::VendorTag tag) {
    return vendor_option(message, tag, RepeatedTag::Last).has_value();
  });
}

std::optional<ClassedOffer> classify(const dhcp::MessageView& message,
                                     const firmware::OfferRules& rules) {
  ClassedOffer offer;
  offer.has_address = !message.yiaddr().is_unspecified();
  offer.has_file = !boot_target_of(message, rules).file.empty();
  const bool speaks_pxe = message.text(dhcp::OptionCode::VendorClass).starts_with(kPxeClient);
  if (!message.has(dhcp::OptionCode::MessageType)) {
    if (!rules.accepts_bootp) return std::nullopt;
    offer.offer_class = OfferClass::Bootp;
  } else if (speaks_pxe && has_discovery_tags(message)) {
    offer.offer_class = OfferClass::Menu;
    if (rules.menu_offer == firmware::OfferRules::MenuOffer::Coherent &&
        !is_coherent(message, offer.has_file)) {
      return std::nullopt;
    }
  } else if (has_mtftp_tags(message)) {
    offer.offer_class = OfferClass::Mtftp;
  } else if (speaks_pxe) {
    offer.offer_class = OfferClass::Binl;
  }
  return offer;
}

std::optional<OfferChoice> choose(std::span<const ClassedOffer> offers) {
  const auto address = [&](OfferClass wanted) {
    return first_of(offers, [wanted](const ClassedOffer& offer) {
      return offer.has_address && offer.offer_class == wanted;
    });
  };
  const auto proxy = [&](OfferClass wanted) {
    return first_of(offers, [wanted](const ClassedOffer& offer) {
      return !offer.has_address && offer.offer_class == wanted;
    });
  };
  const auto with_file = [&](OfferClass wanted) {
    return first_of(offers, [wanted](const ClassedOffer& offer) {
      return offer.has_address && offer.offer_class == wanted && offer.has_file;
    });
  };
  using Ask = OfferChoice::Ask;
  const auto plain = address(OfferClass::Address);
  if (const auto menu = address(OfferClass::Menu)) return OfferChoice{*menu, {}, Ask::Nobody};
  if (const auto mtftp = address(OfferClass::Mtftp)) return OfferChoice{*mtftp, {}, Ask::Nobody};
  for (const OfferClass each : {OfferClass::Menu, OfferClass::Mtftp}) {
    const auto found = proxy(each);
    if (plain && found) return OfferChoice{*plain, {*found}, Ask::Nobody};
  }
  if (const auto binl = address(OfferClass::Binl)) {
    return OfferChoice{*binl, {}, offers[*binl].has_file ? Ask::Nobody : Ask::AddressServer};
  }
  if (plain && proxy(OfferClass::Binl)) {
    OfferChoice choice{*plain, {}, Ask::Proxies};
    for (std::size_t i = 0; i < offers.size(); ++i) {
      if (!offers[i].has_address && offers[i].offer_class == OfferClass::Binl) {
        choice.proxies.push_back(i);
      }
    }
    return choice;
  }
  if (const auto file = with_file(OfferClass::Address)) return OfferChoice{*file, {}, Ask::Nobody};
  if (const auto bootp = with_file(OfferClass::Bootp)) return OfferChoice{*bootp, {}, Ask::Nobody};
  return std::nullopt;
}

}  // namespace pxeproof::rom

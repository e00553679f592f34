#include "simclient/dhcp_exchange.h"

#include "protocol/dhcp/client_options.h"

namespace pxeproof::rom {

namespace {

constexpr std::uint8_t kPriority = 0x01;   // option 175.1, iPXE's src/include/ipxe/dhcp.h
constexpr std::uint8_t kNoPxeDhcp = 0xb0;  // option 175.176
constexpr std::string_view kPxeClient = "PXEClient";

// The first octet of a sub-option of option 175; 0 when it is absent.
std::uint8_t etherboot_octet(const dhcp::MessageView& message, std::uint8_t code) {
  const auto value = message.first(dhcp::OptionCode::EtherBoot);
  if (!value) return 0;
  for (const dhcp::EncapsulatedOption& option : dhcp::decode_encapsulated(*value)) {
    if (option.code == code && !option.value.empty()) return option.value.front();
  }
  return 0;
}

bool speaks_pxe(const dhcp::MessageView& message) {
  return message.text(dhcp::OptionCode::VendorClass).starts_with(kPxeClient);
}

bool has_menu(const dhcp::MessageView& message) {
  const auto menu = vendor_option(message, pxe::VendorTag::BootMenu);
  return menu && !menu->empty();
}

// The mask a class A, B or C address implies; what is left when the server names none.
Ipv4Address classful_netmask(Ipv4Address address) {
  if ((address.value >> 31U) == 0) return Ipv4Address::of(255, 0, 0, 0);
  if ((address.value >> 30U) == 2) return Ipv4Address::of(255, 255, 0, 0);
  return Ipv4Address::of(255, 255, 255, 0);
}

}  // namespace

void DhcpExchange::start(Instant now, RomBoard& board) {
  board.tell(now, DiscoverSent{1});
  sender_.begin(now, board, board.profile->discover, board.variables(),
                {Ipv4Address::broadcast(), dhcp::kServerPort}, {});
}

void DhcpExchange::on_message(Instant now, RomBoard& board, const ReceivedDatagram& datagram) {
  if (ending_) return;
  const auto ignore = [&](Ignored reason) { board.tell_ignored(now, datagram.source, reason); };
  const auto view = read_message(datagram.payload);
  if (!view) return ignore(Ignored::NotDhcp);
  if (view->xid() != sender_.expected_xid()) return ignore(Ignored::ForeignXid);
  if (view->mac() != board.mac) return ignore(Ignored::ForeignClient);
  const Message message{
      .view = *view,
      .source = datagram.source,
      .server = view->address(dhcp::OptionCode::ServerIdentifier).value_or(Ipv4Address{}),
      .identity = identity_of(*view, datagram.source.address)};
  std::optional<Ignored> ignored;
  if (std::holds_alternative<Discovering>(state_)) {
    ignored = on_offer(now, board, message);
  } else if (std::holds_alternative<Requesting>(state_)) {
    ignored = on_acknowledgement(now, board, message);
  } else {
    ignored = on_proxy_answer(now, board, message);
  }
  if (ignored) ignore(*ignored);
}

std::optional<Ignored> DhcpExchange::on_offer(Instant now, RomBoard& board,
                                              const Message& message) {
  const dhcp::MessageView& view = message.view;
  const firmware::OfferRules& rules = board.profile->offers;
  const auto priority = static_cast<std::int8_t>(etherboot_octet(view, kPriority));
  const bool is_offer = view.type() == dhcp::MessageType::Offer ||
                        (rules.accepts_bootp && !view.has(dhcp::OptionCode::MessageType));
  const bool offers_address =
      !view.yiaddr().is_unspecified() && message.source.port == dhcp::kServerPort && is_offer;
  // The proxy's part may come in any message type and from any port.
  const bool from_proxy = speaks_pxe(view);
  if (!offers_address && !from_proxy) return Ignored::NotAnOffer;

  const BootTarget target = boot_target_of(view, rules);
  board.tell(now, OfferSeen{.server = message.identity,
                            .address = offers_address ? view.yiaddr() : Ipv4Address{},
                            .from_proxy = from_proxy,
                            .has_menu = has_menu(view),
                            .next_server = target.next_server,
                            .boot_file = target.file});
  bool taken = false;
  if (offers_address && (!offer_ || priority >= offer_->priority)) {
    offer_ = {message.server, view.yiaddr(), priority, etherboot_octet(view, kNoPxeDhcp) != 0};
    taken = true;
  }
  if (from_proxy && (!proxy_offer_ || priority >= proxy_offer_->priority)) {
    proxy_offer_ = {message.identity, priority, Bytes(view.packet().begin(), view.packet().end())};
    taken = true;
  }
  sender_.set_held({.offer = offer_.has_value(), .proxy_offer = proxy_offer_.has_value()});
  if (offer_ && !proxy_wanted(now, board)) request(now, board);
  if (!taken) return Ignored::LowerPriority;
  return std::nullopt;
}

bool DhcpExchange::proxy_wanted(Instant now, const RomBoard& board) const {
  switch (board.profile->offers.collect) {
    case firmware::OfferRules::Collect::AsSoonAsSatisfied:
      return !offer_->no_proxy_wanted && !proxy_offer_ &&
             sender_.elapsed(now, board) <= board.profile->offers.proxy_patience;
  }
  return false;
}

void DhcpExchange::request(Instant now, RomBoard& board) {
  if (until_ == Until::Offers) return finish(OffersHeld{});
  state_ = Requesting{};
  firmware::Variables variables = board.variables();
  variables.server = offer_->server;
  variables.your_address = offer_->address;
  board.tell(now, RequestSent{offer_->server, offer_->address, 1});
  sender_.begin(now, board, board.profile->request, variables,
                {Ipv4Address::broadcast(), dhcp::kServerPort},
                {.offer = true, .proxy_offer = proxy_offer_.has_value()});
}

std::optional<Ignored> DhcpExchange::on_acknowledgement(Instant now, RomBoard& board,
                                                        const Message& message) {
  const dhcp::MessageView& view = message.view;
  const bool is_acknowledgement =
      view.type() == dhcp::MessageType::Ack ||
      (board.profile->offers.accepts_bootp && !view.has(dhcp::OptionCode::MessageType));
  if (message.source.port != dhcp::kServerPort) return Ignored::WrongSourcePort;
  if (!is_acknowledgement) return Ignored::WrongType;
  if (message.server != offer_->server) return Ignored::WrongServer;
  if (view.yiaddr() != offer_->address) return Ignored::WrongAddress;

  sender_.stop();
  board.settings.keep_acknowledgement(view.packet());
  const Ipv4Address netmask =
      view.address(dhcp::OptionCode::SubnetMask).value_or(classful_netmask(view.yiaddr()));
  std::optional<Ipv4Address> router;
  if (const auto routers = view.first(dhcp::OptionCode::Router); routers && routers->size() >= 4) {
    router = Ipv4Address::from(routers->first(4));
  }
  board.tell(now, AddressAcquired{view.yiaddr(), netmask, router, message.identity});
  board.ip.configure({view.yiaddr(), netmask}, router);

  if (!proxy_offer_ || offer_->no_proxy_wanted) {
    finish(Configured{});
    return std::nullopt;
  }
  const auto proxy = read_message(proxy_offer_->packet);
  if (!has_boot_options(board, *proxy)) {
    ask_proxy(now, board);
    return std::nullopt;
  }
  board.settings.keep_proxy(proxy_offer_->packet);
  finish(Configured{});
  return std::nullopt;
}

bool DhcpExchange::has_boot_options(const RomBoard& board, const dhcp::MessageView& message) const {
  const firmware::OfferRules& rules = board.profile->offers;
  const BootTarget target = boot_target_of(message, rules);
  return (rules.file_and_server_suffice && !target.file.empty() &&
          !target.next_server.is_unspecified()) ||
         (rules.menu_suffices && has_menu(message));
}

void DhcpExchange::ask_proxy(Instant now, RomBoard& board) {
  state_ = AskingProxy{};
  firmware::Variables variables = board.variables();
  variables.server = offer_->server;
  variables.proxy = proxy_offer_->identity;
  variables.your_address = offer_->address;
  board.tell(now, ProxyRequestSent{proxy_offer_->identity, 1});
  sender_.begin(now, board, board.profile->proxy_request, variables,
                {proxy_offer_->identity, dhcp::kBootServerPort},
                {.offer = true, .proxy_offer = true});
}

std::optional<Ignored> DhcpExchange::on_proxy_answer(Instant now, RomBoard& board,
                                                     const Message& message) {
  const dhcp::MessageView& view = message.view;
  if (message.source.port != dhcp::kBootServerPort) return Ignored::WrongSourcePort;
  if (view.type() != dhcp::MessageType::Offer && view.type() != dhcp::MessageType::Ack) {
    return Ignored::WrongType;
  }
  if (message.identity != proxy_offer_->identity) return Ignored::WrongServer;
  if (!has_boot_options(board, view)) return Ignored::NoBootOptions;
  const BootTarget target = boot_target_of(view, board.profile->offers);
  board.tell(now, ProxyAnswered{.proxy = message.identity,
                                .next_server = target.next_server,
                                .boot_file = target.file,
                                .has_menu = has_menu(view)});
  board.settings.keep_proxy(view.packet());
  finish(Configured{});
  return std::nullopt;
}

void DhcpExchange::on_timeout(Instant now, RomBoard& board) {
  if (ending_) return;
  const bool discovering = std::holds_alternative<Discovering>(state_);
  const bool requesting = std::holds_alternative<Requesting>(state_);
  const bool enough = discovering && offer_ && !proxy_wanted(now, board);
  switch (sender_.on_timeout(now, board,
                             enough ? DhcpSender::Wish::Leave : DhcpSender::Wish::SendAgain)) {
    case DhcpSender::Expiry::NotYet:
      return;
    case DhcpSender::Expiry::SentAgain:
      if (discovering) {
        board.tell(now, DiscoverSent{sender_.sends()});
      } else if (requesting) {
        board.tell(now, RequestSent{offer_->server, offer_->address, sender_.sends()});
      } else {
        board.tell(now, ProxyRequestSent{proxy_offer_->identity, sender_.sends()});
      }
      return;
    case DhcpSender::Expiry::Left:
      if (discovering) return request(now, board);
      break;
    case DhcpSender::Expiry::GaveUp:
      break;
  }
  if (discovering) {
    finish(Failed{firmware::Failure::NoOffer});
  } else if (requesting) {
    finish(Failed{firmware::Failure::NoAcknowledgement});
  } else {
    // A proxy that stays silent is passed over (iPXE's dhcp_proxy_expired).
    board.tell(now, ProxySilent{proxy_offer_->identity});
    finish(Configured{});
  }
}

void DhcpExchange::finish(Ending ending) {
  sender_.stop();
  ending_ = ending;
}

}  // namespace pxeproof::rom

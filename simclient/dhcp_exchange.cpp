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

// True when option 43 holds the words.
bool says(const dhcp::MessageView& message, std::string_view words) {
  const auto vendor = message.joined(dhcp::OptionCode::VendorSpecific);
  return words.empty() || (vendor && as_text(*vendor).find(words) != std::string::npos);
}

bool has_menu(const dhcp::MessageView& message) {
  const auto menu = vendor_option(message, pxe::VendorTag::BootMenu, RepeatedTag::First);
  return menu && !menu->empty();
}

// The mask a class A, B or C address implies; what is left when the server names none.
Ipv4Address classful_netmask(Ipv4Address address) {
  if ((address.value >> 31U) == 0) return Ipv4Address::of(255, 0, 0, 0);
  if ((address.value >> 30U) == 2) return Ipv4Address::of(255, 255, 0, 0);
  return Ipv4Address::of(255, 255, 255, 0);
}

}  // namespace

std::uint16_t DhcpExchange::port(const RomBoard& board) const {
  return std::holds_alternative<AskingProxy>(state_) ? board.profile->proxy_request.source_port
                                                     : dhcp::kClientPort;
}

firmware::Variables DhcpExchange::variables(const RomBoard& board) const {
  firmware::Variables variables = board.variables();
  if (offer_) {
    variables.server = offer_->server;
    variables.your_address = offer_->address;
  }
  variables.boot_file =
      attempt_->file ? std::string_view(*attempt_->file) : board.profile->offers.default_file;
  return variables;
}

void DhcpExchange::start(Instant now, RomBoard& board) {
  board.tell(now, DiscoverSent{1});
  sender_.begin(now, board, attempt_->discover, variables(board),
                {Ipv4Address::broadcast(), dhcp::kServerPort}, {});
}

// The checks all states share; the view is of the datagram.
std::optional<Ignored> DhcpExchange::judge(const RomBoard& board, const ReceivedDatagram& datagram,
                                           std::optional<dhcp::MessageView>& view) const {
  const firmware::OfferRules& rules = board.profile->offers;
  if (datagram.payload.size() > rules.maximum_size) return Ignored::TooLong;
  if (rules.drops_torn_options) {
    if (const auto whole = dhcp::MessageView::parse(datagram.payload)) view = *whole;
  } else {
    view = read_message(datagram.payload);
  }
  if (!view) return Ignored::NotDhcp;
  const bool any_session =
      std::holds_alternative<Discovering>(state_) && !rules.requires_same_session;
  if (!any_session && !sender_.expects(view->xid())) return Ignored::ForeignXid;
  if (view->mac() != board.mac) return Ignored::ForeignClient;
  return std::nullopt;
}

void DhcpExchange::on_message(Instant now, RomBoard& board, const ReceivedDatagram& datagram) {
  if (ending_ || pause_over_) return;
  const auto ignore = [&](Ignored reason) { board.tell_ignored(now, datagram.source, reason); };
  std::optional<dhcp::MessageView> view;
  if (const auto reason = judge(board, datagram, view)) return ignore(*reason);
  const Message message{
      .view = *view,
      .source = datagram.source,
      .server = view->address(dhcp::OptionCode::ServerIdentifier).value_or(Ipv4Address{}),
      .identity = identity_of(*view, datagram.source.address)};
  std::optional<Ignored> ignored;
  if (std::holds_alternative<Discovering>(state_)) {
    const bool collects =
        board.profile->offers.collect == firmware::OfferRules::Collect::WholeInterval;
    ignored = collects ? collect(now, board, message) : on_offer(now, board, message);
  } else if (std::holds_alternative<Requesting>(state_)) {
    ignored = on_acknowledgement(now, board, message);
  } else {
    ignored = on_proxy_answer(now, board, message);
  }
  if (ignored) ignore(*ignored);
}

bool DhcpExchange::offers_address(const RomBoard& board, const Message& message) const {
  const firmware::OfferRules& rules = board.profile->offers;
  const dhcp::MessageView& view = message.view;
  const bool is_offer = view.type() == dhcp::MessageType::Offer ||
                        (rules.accepts_bootp && !view.has(dhcp::OptionCode::MessageType));
  const bool has_address = rules.accepts_no_address || !view.yiaddr().is_unspecified();
  const bool from_port =
      !rules.requires_offer_from_server_port || message.source.port == dhcp::kServerPort;
  const bool identified =
      !rules.requires_server_identifier || view.has(dhcp::OptionCode::ServerIdentifier);
  return is_offer && has_address && from_port && identified;
}

void DhcpExchange::tell_offer(Instant now, RomBoard& board, const Message& message,
                              bool with_address) const {
  const BootTarget target = boot_target_of(message.view, board.profile->offers);
  board.tell(now, OfferSeen{.server = message.identity,
                            .address = with_address ? message.view.yiaddr() : Ipv4Address{},
                            .from_proxy = speaks_pxe(message.view),
                            .has_menu = has_menu(message.view),
                            .next_server = target.next_server,
                            .boot_file = target.file});
}

std::optional<Ignored> DhcpExchange::on_offer(Instant now, RomBoard& board,
                                              const Message& message) {
  const dhcp::MessageView& view = message.view;
  const bool ranks_by_priority =
      board.profile->offers.ranking == firmware::OfferRules::Ranking::LastOfHighestPriority;
  const auto priority = static_cast<std::int8_t>(etherboot_octet(view, kPriority));
  const bool with_address = offers_address(board, message);
  // The proxy's part may come in any message type and from any port.
  const bool from_proxy =
      ranks_by_priority && speaks_pxe(view) && says(view, board.profile->offers.proxy_must_say);
  if (!with_address && !from_proxy) return Ignored::NotAnOffer;

  tell_offer(now, board, message, with_address);
  bool taken = false;
  if (with_address && (!offer_ || priority >= offer_->priority)) {
    offer_ = {message.server, view.yiaddr(), priority, etherboot_octet(view, kNoPxeDhcp) != 0};
    sender_.adopt(view.xid());
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

// Keeps an offer until the interval is over.
std::optional<Ignored> DhcpExchange::collect(Instant now, RomBoard& board, const Message& message) {
  const firmware::OfferRules& rules = board.profile->offers;
  const dhcp::MessageView& view = message.view;
  if (view.type() && view.type() != dhcp::MessageType::Offer) return Ignored::WrongType;
  if (rules.requires_server_identifier && !view.has(dhcp::OptionCode::ServerIdentifier)) {
    return Ignored::NoServerIdentifier;
  }
  const auto classed = classify(view, rules);
  if (!classed) return Ignored::NotAnOffer;
  heard_ = true;
  tell_offer(now, board, message, classed->has_address);
  if (!attempt_->boots) return std::nullopt;
  if (collected_.size() >= rules.offer_limit) return Ignored::LowerPriority;
  collected_.push_back({.classed = *classed,
                        .server = message.server,
                        .identity = message.identity,
                        .xid = view.xid(),
                        .packet = Bytes(view.packet().begin(), view.packet().end())});
  return std::nullopt;
}

// Chooses among what was collected; false when nothing can be booted from.
bool DhcpExchange::choose_collected() {
  std::vector<ClassedOffer> classed;
  for (const HeldOffer& offer : collected_) classed.push_back(offer.classed);
  const auto choice = choose(classed);
  if (!choice) return false;
  const HeldOffer& address = collected_[choice->address];
  const auto view = read_message(address.packet);
  offer_ = AddressOffer{address.server, view->yiaddr(), 0, false};
  sender_.adopt(address.xid);
  must_ask_ = choice->ask != OfferChoice::Ask::Nobody;
  std::vector<std::size_t> proxies = choice->proxies;
  if (choice->ask == OfferChoice::Ask::AddressServer) proxies.push_back(choice->address);
  for (const std::size_t each : proxies) {
    more_proxies_.push_back({collected_[each].identity, 0, std::move(collected_[each].packet)});
  }
  collected_ = {};
  return true;
}

bool DhcpExchange::proxy_wanted(Instant now, const RomBoard& board) const {
  switch (board.profile->offers.collect) {
    case firmware::OfferRules::Collect::AsSoonAsSatisfied:
      return !offer_->no_proxy_wanted && !proxy_offer_ &&
             sender_.elapsed(now, board) <= board.profile->offers.proxy_patience;
    case firmware::OfferRules::Collect::WholeInterval:
    case firmware::OfferRules::Collect::FirstOffer:
      return false;
  }
  return false;
}

void DhcpExchange::request(Instant now, RomBoard& board) {
  if (until_ == Until::Offers) return finish(OffersHeld{});
  state_ = Requesting{};
  board.tell(now, RequestSent{offer_->server, offer_->address, 1});
  sender_.begin(now, board, attempt_->request, variables(board),
                {Ipv4Address::broadcast(), dhcp::kServerPort},
                {.offer = true, .proxy_offer = proxy_offer_.has_value()});
}

// Says no to a lease and ends.
void DhcpExchange::decline(Instant now, RomBoard& board, std::string_view reason) {
  firmware::Variables filled = variables(board);
  filled.reason = reason;
  sender_.send_once(now, board, board.profile->decline, filled,
                    {Ipv4Address::broadcast(), dhcp::kServerPort});
  finish(Failed{firmware::Failure::LeaseUnusable});
}

std::optional<Ignored> DhcpExchange::on_acknowledgement(Instant now, RomBoard& board,
                                                        const Message& message) {
  const firmware::OfferRules& rules = board.profile->offers;
  const dhcp::MessageView& view = message.view;
  const bool from_selected = offer_->server.is_unspecified() || message.server == offer_->server;
  if (view.type() == dhcp::MessageType::Nak && from_selected) {
    switch (rules.nak) {
      case firmware::OfferRules::Nak::PassOver:
        return Ignored::WrongType;
      case firmware::OfferRules::Nak::Fail:
        finish(Failed{firmware::Failure::RequestRefused});
        return std::nullopt;
      case firmware::OfferRules::Nak::StartOver:
        start_over(now, rules.nak_pause);
        return std::nullopt;
    }
  }
  const bool is_acknowledgement = view.type() == dhcp::MessageType::Ack ||
                                  (rules.accepts_bootp && !view.has(dhcp::OptionCode::MessageType));
  if (rules.requires_offer_from_server_port && message.source.port != dhcp::kServerPort) {
    return Ignored::WrongSourcePort;
  }
  if (!is_acknowledgement) return Ignored::WrongType;
  if (!from_selected) return Ignored::WrongServer;
  if (view.yiaddr() != offer_->address) {
    switch (rules.other_address) {
      case firmware::OfferRules::OtherAddress::PassOver:
        return Ignored::WrongAddress;
      case firmware::OfferRules::OtherAddress::Decline:
        decline(now, board, rules.decline_other_address);
        return Ignored::WrongAddress;
      case firmware::OfferRules::OtherAddress::Take:
        break;
    }
  }
  if (rules.requires_netmask && !view.has(dhcp::OptionCode::SubnetMask)) {
    decline(now, board, rules.decline_lease);
    return Ignored::NoNetmask;
  }

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
  follow_proxies(now, board);
  return std::nullopt;
}

// With the address there, what the proxy said is followed, or the proxy is asked for more.
void DhcpExchange::follow_proxies(Instant now, RomBoard& board) {
  if (!more_proxies_.empty()) {
    proxy_offer_ = std::move(more_proxies_.front());
    more_proxies_.erase(more_proxies_.begin());
  }
  if (!proxy_offer_ || offer_->no_proxy_wanted) return finish(Configured{});
  const auto proxy = read_message(proxy_offer_->packet);
  const bool by_class = board.profile->offers.ranking == firmware::OfferRules::Ranking::PxeClasses;
  if (by_class ? must_ask_ : !has_boot_options(board, *proxy)) return ask_proxy(now, board);
  board.settings.keep_proxy(proxy_offer_->packet);
  finish(Configured{});
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
  Ipv4Address destination = proxy_offer_->identity;
  if (board.profile->offers.proxy_address == firmware::OfferRules::ProxyAddress::NextServer) {
    const auto view = read_message(proxy_offer_->packet);
    if (!view->siaddr().is_unspecified()) destination = view->siaddr();
  }
  firmware::Variables filled = variables(board);
  filled.proxy = proxy_offer_->identity;
  board.tell(now, ProxyRequestSent{destination, 1});
  sender_.begin(now, board, board.profile->proxy_request, filled,
                {destination, dhcp::kBootServerPort}, {.offer = true, .proxy_offer = true});
}

std::optional<Ignored> DhcpExchange::on_proxy_answer(Instant now, RomBoard& board,
                                                     const Message& message) {
  const firmware::OfferRules& rules = board.profile->offers;
  const dhcp::MessageView& view = message.view;
  if (message.source.port != dhcp::kBootServerPort) return Ignored::WrongSourcePort;
  if (view.type() != dhcp::MessageType::Offer && view.type() != dhcp::MessageType::Ack) {
    return Ignored::WrongType;
  }
  if (rules.answer_from_same_server && message.identity != proxy_offer_->identity) {
    return Ignored::WrongServer;
  }
  const bool names_something =
      has_boot_options(board, view) ||
      (rules.empty_answer == firmware::OfferRules::EmptyAnswer::Fail &&
       (!boot_target_of(view, rules).file.empty() || has_discovery_tags(view)));
  if (!names_something) {
    if (rules.empty_answer == firmware::OfferRules::EmptyAnswer::PassOver) {
      return Ignored::NoBootOptions;
    }
    finish(Failed{firmware::Failure::ProxyUnusable});
    return Ignored::NoBootOptions;
  }
  const BootTarget target = boot_target_of(view, rules);
  board.tell(now, ProxyAnswered{.proxy = message.identity,
                                .next_server = target.next_server,
                                .boot_file = target.file,
                                .has_menu = has_menu(view)});
  switch (board.profile->proxy_request.answers) {
    case firmware::DhcpPhase::Answers::AtOnce:
      board.settings.keep_proxy(view.packet());
      finish(Configured{});
      break;
    case firmware::DhcpPhase::Answers::AtIntervalEnd: {
      auto& answer = std::get<AskingProxy>(state_).answer;
      if (!answer) answer.emplace(view.packet().begin(), view.packet().end());
      break;
    }
  }
  return std::nullopt;
}

void DhcpExchange::start_over(Instant now, Duration pause) {
  sender_.stop();
  pause_over_ = now + pause;
}

void DhcpExchange::on_timeout(Instant now, RomBoard& board) {
  if (ending_) return;
  if (pause_over_) {
    if (*pause_over_ > now) return;
    // Everything from the beginning, in the same session.
    pause_over_.reset();
    state_ = Discovering{};
    collected_ = {};
    offer_.reset();
    proxy_offer_.reset();
    more_proxies_ = {};
    must_ask_ = false;
    return start(now, board);
  }
  if (const auto due = sender_.poll_timeout(); !due || *due > now) return;
  const bool discovering = std::holds_alternative<Discovering>(state_);
  if (auto* const asking = std::get_if<AskingProxy>(&state_); asking != nullptr && asking->answer) {
    board.settings.keep_proxy(*asking->answer);
    return finish(Configured{});
  }
  bool enough = discovering && offer_ && !proxy_wanted(now, board);
  if (discovering && !collected_.empty()) enough = choose_collected();
  switch (sender_.on_timeout(now, board,
                             enough ? DhcpSender::Wish::Leave : DhcpSender::Wish::SendAgain)) {
    case DhcpSender::Expiry::NotYet:
      return;
    case DhcpSender::Expiry::SentAgain:
      if (discovering) {
        board.tell(now, DiscoverSent{sender_.sends()});
      } else if (std::holds_alternative<Requesting>(state_)) {
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
  on_last_wait_over(now, board);
}

void DhcpExchange::on_last_wait_over(Instant now, RomBoard& board) {
  if (std::holds_alternative<Discovering>(state_)) {
    if (attempt_->discover.at_end == firmware::DhcpPhase::AtEnd::StartOver) {
      return start_over(now, Duration{});
    }
    finish(Failed{heard_ ? firmware::Failure::OffersUnusable : firmware::Failure::NoOffer});
  } else if (std::holds_alternative<Requesting>(state_)) {
    if (attempt_->request.at_end == firmware::DhcpPhase::AtEnd::StartOver) {
      return start_over(now, Duration{});
    }
    finish(Failed{firmware::Failure::NoAcknowledgement});
  } else {
    board.tell(now, ProxySilent{proxy_offer_->identity});
    if (!more_proxies_.empty()) return follow_proxies(now, board);
    // A proxy that stays silent ends the boot, or is passed over (iPXE's dhcp_proxy_expired).
    if (board.profile->offers.proxy_must_answer) {
      finish(Failed{firmware::Failure::ProxySilent});
    } else {
      finish(Configured{});
    }
  }
}

void DhcpExchange::finish(Ending ending) {
  sender_.stop();
  ending_ = ending;
}

}  // namespace pxeproof::rom

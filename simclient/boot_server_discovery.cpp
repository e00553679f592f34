#include "simclient/boot_server_discovery.h"

#include <algorithm>

#include "simclient/offer_classes.h"

namespace pxeproof::rom {

namespace {

constexpr std::uint8_t kWaitForEver = 255;
constexpr std::string_view kPxeClient = "PXEClient";

std::uint8_t discovery_control(const RomBoard& board) {
  const auto control = board.settings.vendor(pxe::VendorTag::DiscoveryControl);
  return control && !control->empty() ? control->front() : std::uint8_t{0};
}

// The entries of a menu up to the first torn one.
std::vector<pxe::MenuEntry> whole_entries(ByteView menu) {
  std::vector<pxe::MenuEntry> entries;
  ByteReader reader(menu);
  while (true) {
    const auto type = reader.u16();
    const auto length = reader.u8();
    if (!type || !length) return entries;
    const auto text = reader.take(*length);
    if (!text) return entries;
    entries.push_back({*type, as_text(*text)});
  }
}

// The servers of one type, up to the first torn entry; empty: none, or any of that type.
std::vector<Ipv4Address> servers_of(ByteView list, std::uint16_t wanted) {
  ByteReader reader(list);
  while (true) {
    const auto type = reader.u16();
    const auto count = reader.u8();
    if (!type || !count) return {};
    const auto octets = reader.take(std::size_t{*count} * 4);
    if (!octets) return {};
    if (*type != wanted) continue;
    std::vector<Ipv4Address> servers;
    for (std::size_t at = 0; at < octets->size(); at += 4) {
      servers.push_back(*Ipv4Address::from(octets->subspan(at, 4)));
    }
    return servers;
  }
}

}  // namespace

bool has_usable_menu(const RomBoard& board) {
  const auto vendor_class =
      board.settings.option(static_cast<std::uint8_t>(dhcp::OptionCode::VendorClass));
  const bool straight_to_file = (discovery_control(board) & pxe::kUseBootFile) != 0 &&
                                !board.settings.boot_target(board.profile->offers).file.empty();
  if (!vendor_class || straight_to_file) return false;
  switch (board.profile->discovery.menu_by) {
    case firmware::DiscoveryRules::MenuBy::Never:
      return false;
    case firmware::DiscoveryRules::MenuBy::Menu:
      // iPXE reads it into ten octets, so that only its beginning counts (measured: "PXEClientX").
      return as_text(*vendor_class).starts_with(kPxeClient) &&
             board.settings.vendor(pxe::VendorTag::BootMenu).has_value();
    case firmware::DiscoveryRules::MenuBy::AnyTag: {
      const auto message = board.settings.preferred();
      return message && as_text(*vendor_class).starts_with(kPxeClient) &&
             has_discovery_tags(*message);
    }
  }
  return false;
}

void BootServerDiscovery::start(Instant now, RomBoard& board) {
  entries_ = whole_entries(board.settings.vendor(pxe::VendorTag::BootMenu).value_or(Bytes{}));
  const auto prompt_value = board.settings.vendor(pxe::VendorTag::MenuPrompt);
  MenuSeen seen;
  for (const pxe::MenuEntry& entry : entries_) seen.entries.push_back(entry.text);
  if (prompt_value && !prompt_value->empty()) {
    seen.timeout_seconds = prompt_value->front();
    seen.prompt = as_text(ByteView(*prompt_value).subspan(1));
  }
  const auto timeout = seen.timeout_seconds;
  board.tell(now, std::move(seen));
  const firmware::DiscoveryRules& rules = board.profile->discovery;
  if (entries_.empty()) {
    // Without a menu there is nothing to choose: an item of type 0, the local disk.
    if (rules.menu_by == firmware::DiscoveryRules::MenuBy::AnyTag) {
      ending_ = LocalBoot{};
    } else {
      ending_ = Failed{firmware::Failure::NothingToBoot};
    }
    return;
  }
  const bool takes_first =
      !timeout && rules.no_prompt == firmware::DiscoveryRules::NoPrompt::TakeFirst;
  const std::uint8_t seconds = takes_first ? std::uint8_t{0} : timeout.value_or(kWaitForEver);
  const bool counts_down = seconds > 0 && seconds != kWaitForEver;
  const bool shows_menu = seconds == kWaitForEver || (counts_down && choice_.key == Key::ShowMenu);
  if (choice_.key == Key::Abort && (shows_menu || counts_down)) {
    ending_ = Failed{firmware::Failure::MenuAborted};
  } else if (!shows_menu) {
    if (counts_down && waits_ == Waits::Real) {
      const std::chrono::seconds wait(seconds);
      prompt_over_ = rules.exact_prompt ? now + wait : board.clock.after(now, wait);
    } else {
      choose(now, board, 0);
    }
  } else if (choice_.item && *choice_.item < entries_.size()) {
    choose(now, board, *choice_.item);
  } else {
    ending_ = Stuck{};
  }
}

void BootServerDiscovery::choose(Instant now, RomBoard& board, std::size_t item) {
  prompt_over_.reset();
  type_ = entries_[item].type;
  if (type_ == 0) {
    ending_ = LocalBoot{};
    return;
  }
  find_targets(board);
  const bool into_nothing = targets_.empty() ? false : targets_.front().address.is_unspecified();
  if (into_nothing) {
    ending_ = Failed{firmware::Failure::DiscoveryImpossible};
    return;
  }
  if (targets_.empty()) {
    ending_ = Failed{firmware::Failure::NoBootServer};
    return;
  }
  ask(now, board);
}

void BootServerDiscovery::find_targets(const RomBoard& board) {
  const std::uint8_t control = discovery_control(board);
  const auto list = board.settings.vendor(pxe::VendorTag::BootServers);
  const std::vector<Ipv4Address> servers =
      list ? servers_of(*list, type_) : std::vector<Ipv4Address>{};
  const bool only_first = board.profile->discovery.tries == firmware::DiscoveryRules::Tries::First;
  for (const firmware::DiscoveryRules::Target target : board.profile->discovery.targets) {
    if (only_first && !targets_.empty()) break;
    switch (target) {
      case firmware::DiscoveryRules::Target::Multicast: {
        const auto group = board.settings.vendor(pxe::VendorTag::DiscoveryMulticast);
        if ((control & pxe::kNoMulticastDiscovery) != 0) break;
        if (group && group->size() == 4) {
          targets_.push_back({*Ipv4Address::from(*group), dhcp::kBootServerPort});
        } else if (only_first) {
          targets_.push_back({{}, dhcp::kBootServerPort});  // EDK2 goes for group 0.0.0.0
        }
        break;
      }
      case firmware::DiscoveryRules::Target::Broadcast:
        if ((control & pxe::kNoBroadcastDiscovery) == 0) {
          targets_.push_back({Ipv4Address::broadcast(), dhcp::kServerPort});
        }
        break;
      case firmware::DiscoveryRules::Target::List:
        for (const Ipv4Address server : servers) {
          if (only_first && !targets_.empty()) break;
          targets_.push_back({server, dhcp::kBootServerPort});
        }
        break;
    }
  }
  if ((control & pxe::kOnlyListedServers) != 0) accepted_ = servers;
}

void BootServerDiscovery::ask(Instant now, RomBoard& board) {
  firmware::Variables variables = board.variables();
  variables.item_type = type_;
  board.tell(now, BootServerRequestSent{targets_[target_], type_, 1});
  const bool broadcasts = targets_[target_].address.is_broadcast();
  const auto& broadcast = board.profile->boot_server_broadcast;
  const firmware::DhcpPhase& phase =
      broadcasts && broadcast ? *broadcast : board.profile->boot_server_request;
  port_ = phase.source_port;
  answers_ = phase.answers;
  sender_.begin(now, board, phase, variables, targets_[target_], {});
}

void BootServerDiscovery::on_message(Instant now, RomBoard& board,
                                     const ReceivedDatagram& datagram) {
  if (ending_) return;
  const auto ignore = [&](Ignored reason) { board.tell_ignored(now, datagram.source, reason); };
  if (targets_.empty()) return ignore(Ignored::NoListener);
  const auto view = read_message(datagram.payload);
  if (!view) return ignore(Ignored::NotDhcp);
  if (!sender_.expects(view->xid())) return ignore(Ignored::ForeignXid);
  if (view->mac() != board.mac) return ignore(Ignored::ForeignClient);
  const auto& ports = board.profile->discovery.reply_ports;
  if (std::ranges::find(ports, datagram.source.port) == ports.end()) {
    return ignore(Ignored::WrongSourcePort);
  }
  if (view->type() != dhcp::MessageType::Ack) return ignore(Ignored::WrongType);
  const auto item_value =
      vendor_option(*view, pxe::VendorTag::BootItem, board.profile->offers.repeated_tag);
  ByteReader item(item_value ? ByteView(*item_value) : ByteView{});
  if (board.profile->discovery.checks_item && item.u16() != type_) {
    return ignore(Ignored::WrongItem);
  }
  const Ipv4Address server = identity_of(*view, datagram.source.address);
  if (accepted_ && std::ranges::find(*accepted_, server) == accepted_->end()) {
    return ignore(Ignored::ServerNotListed);
  }
  const BootTarget target = boot_target_of(*view, board.profile->offers);
  board.tell(now, BootServerAnswered{server, target.next_server, target.file});
  switch (answers_) {
    case firmware::DhcpPhase::Answers::AtOnce:
      sender_.stop();
      board.settings.keep_proxy(view->packet());
      ending_ = Answered{};
      break;
    case firmware::DhcpPhase::Answers::AtIntervalEnd:
      if (!answer_) answer_.emplace(view->packet().begin(), view->packet().end());
      break;
  }
}

void BootServerDiscovery::on_timeout(Instant now, RomBoard& board) {
  if (ending_) return;
  if (prompt_over_) {
    if (*prompt_over_ <= now) choose(now, board, 0);
    return;
  }
  if (answer_) {
    if (const auto due = sender_.poll_timeout(); !due || *due > now) return;
    sender_.stop();
    board.settings.keep_proxy(*answer_);
    ending_ = Answered{};
    return;
  }
  switch (sender_.on_timeout(now, board)) {
    case DhcpSender::Expiry::NotYet:
      return;
    case DhcpSender::Expiry::SentAgain:
      board.tell(now, BootServerRequestSent{targets_[target_], type_, sender_.sends()});
      return;
    case DhcpSender::Expiry::Left:
    case DhcpSender::Expiry::GaveUp:
      break;
  }
  ++target_;
  if (target_ < targets_.size()) {
    ask(now, board);
  } else {
    ending_ = Failed{firmware::Failure::BootServerSilent};
  }
}

std::optional<Instant> BootServerDiscovery::poll_timeout() const {
  if (ending_) return std::nullopt;
  return prompt_over_ ? prompt_over_ : sender_.poll_timeout();
}

}  // namespace pxeproof::rom

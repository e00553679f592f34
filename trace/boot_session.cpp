#include "trace/boot_session.h"

#include <algorithm>

#include "protocol/letter_case.h"
#include "protocol/tftp/packet.h"
#include "trace/boot_files.h"
#include "trace/session_signs.h"

namespace pxeproof::trace {

namespace {

bool is_same_answer(const DhcpStep& left, const DhcpStep& right) {
  return left.type == right.type && left.server_id == right.server_id &&
         left.yiaddr == right.yiaddr && left.siaddr == right.siaddr &&
         left.boot_file == right.boot_file && left.vendor_class == right.vendor_class &&
         left.discovery_control == right.discovery_control && left.menu == right.menu;
}

// Puts the steps of a boot into rounds, one by one.
class SessionSplitter {
 public:
  void on_step(const Step& step) {
    std::visit([&](const auto& what) { place(step, what); }, step.what);
  }

  std::vector<BootSession> take() { return std::move(sessions_); }

 private:
  BootSession& current(const Step& step) {
    if (sessions_.empty()) begin(step);
    sessions_.back().ended = std::max(sessions_.back().ended, step.at);
    return sessions_.back();
  }

  void begin(const Step& step) {
    sessions_.emplace_back();
    sessions_.back().begun = step.at;
    sessions_.back().ended = step.at;
  }

  // A message with which a program begins, or goes on, to look for an address.
  bool begins_round(const DhcpStep& dhcp) const {
    if (sessions_.empty()) return true;
    const BootSession& last = sessions_.back();
    const DhcpStep* question = last.question();
    const bool got_on = last.fetches() || !last.acks.empty() || !last.naks.empty() ||
                        !last.declines.empty() || !last.boot_server_requests.empty();
    if (begins_boot(dhcp)) return got_on || (question != nullptr && !asks_alike(*question, dhcp));
    // A REQUEST without a DISCOVER before it: a system that asks for its old address again.
    return last.fetches() && question != nullptr && !asks_alike(*question, dhcp);
  }

  void place(const Step& step, const DhcpStep& dhcp) {
    if (dhcp.direction == DhcpStep::Direction::FromClient) {
      place_question(step, dhcp);
    } else {
      place_answer(step, dhcp);
    }
  }

  void place_question(const Step& step, const DhcpStep& dhcp) {
    const bool to_boot_server = dhcp.to_boot_server() || dhcp.item.has_value();
    if (!to_boot_server && begins_round(dhcp)) begin(step);
    BootSession& session = current(step);
    if (session.question() == nullptr && !to_boot_server) session.kind = kind_of(dhcp);
    const SeenDhcp seen{&step, &dhcp};
    // What a relay sent on: the client's own packet on its other side, or one to each server.
    const auto is_copy = [&dhcp](const SeenDhcp& other) {
      const bool to_another_server = !dhcp.giaddr.is_unspecified() &&
                                     other->giaddr == dhcp.giaddr &&
                                     other->destination != dhcp.destination;
      return other->xid == dhcp.xid && other->secs == dhcp.secs &&
             (other->giaddr != dhcp.giaddr || to_another_server);
    };
    if (to_boot_server) {
      session.boot_server_requests.push_back(seen);
    } else if (begins_boot(dhcp)) {
      const bool copy = std::ranges::any_of(session.discovers, is_copy);
      (copy ? session.client_copies : session.discovers).push_back(seen);
    } else if (dhcp.type == dhcp::MessageType::Decline) {
      session.declines.push_back(seen);
    } else if (dhcp.type == dhcp::MessageType::Request) {
      const bool copy = std::ranges::any_of(session.requests, is_copy);
      (copy ? session.client_copies : session.requests).push_back(seen);
    }
  }

  static bool answers_boot_server(const BootSession& session, const DhcpStep& dhcp) {
    if (dhcp.from_boot_server() || dhcp.destination.port == dhcp::kBootServerPort || dhcp.item) {
      return true;
    }
    return dhcp.yiaddr.is_unspecified() && !session.boot_server_requests.empty() &&
           session.boot_server_requests.back()->xid == dhcp.xid &&
           dhcp.type == dhcp::MessageType::Ack;
  }

  void place_answer(const Step& step, const DhcpStep& dhcp) {
    BootSession& session = current(step);
    const SeenDhcp seen{&step, &dhcp};
    const auto add_once = [&](std::vector<SeenDhcp>& list) {
      const bool known = std::ranges::any_of(
          list, [&](const SeenDhcp& other) { return is_same_answer(*other.what, dhcp); });
      if (known) ++session.repeated_offers;
      if (!known) list.push_back(seen);
    };
    if (answers_boot_server(session, dhcp)) {
      session.boot_server_answers.push_back(seen);
    } else if (!dhcp.type || dhcp.type == dhcp::MessageType::Offer) {
      add_once(session.offers);
    } else if (dhcp.type == dhcp::MessageType::Ack || dhcp.type == dhcp::MessageType::Nak) {
      const bool is_asked_for =
          !session.requests.empty() || session.discovers.empty() ||
          // RFC 4039: rapid commit.
          (dhcp.type == dhcp::MessageType::Ack && !dhcp.yiaddr.is_unspecified());
      if (!is_asked_for) {
        add_once(session.odd_answers);
      } else {
        add_once(dhcp.type == dhcp::MessageType::Ack ? session.acks : session.naks);
      }
    }
  }

  void place(const Step& step, const TransferStep& transfer) {
    current(step).transfers.push_back({&step, &transfer});
  }
  void place(const Step& step, const HttpStep& http) {
    current(step).http.push_back({&step, &http});
  }
  void place(const Step& step, const IcmpStep& icmp) {
    current(step).icmp.push_back({&step, &icmp});
  }
  void place(const Step& step, const ArpStep& arp) {
    BootSession& session = current(step);
    (arp.holder ? session.address_conflicts : session.unanswered_arp).push_back({&step, &arp});
  }

  std::vector<BootSession> sessions_;
};

// The ROM asks anew, answered by nobody, after a round in which it got further and loaded nothing
// that could ask now: the round before tells why.
bool is_same_rom_again(const std::vector<BootSession>& sessions, std::size_t at) {
  const BootSession& session = sessions[at];
  const DhcpStep* question = session.question();
  if (question == nullptr || !session.offers.empty() || !session.acks.empty()) return false;
  const auto end = sessions.begin() + static_cast<std::ptrdiff_t>(at);
  const bool loaded = std::any_of(sessions.begin(), end, [](const BootSession& before) {
    return !before.http.empty() || has_file(before);
  });
  return !loaded && std::any_of(sessions.begin(), end, [&](const BootSession& before) {
    const bool got_further = !before.acks.empty() || !before.declines.empty();
    return got_further && before.question() != nullptr && asks_alike(*before.question(), *question);
  });
}

bool offers_http(const BootSession& session) {
  return std::ranges::any_of(session.offers, [](const SeenDhcp& offer) {
    return offer->vendor_class.starts_with("HTTPClient");
  });
}

}  // namespace

const DhcpStep* BootSession::question() const {
  if (!discovers.empty()) return discovers.front().what;
  return requests.empty() ? nullptr : requests.front().what;
}

std::vector<BootSession> split_sessions(const Boot& boot) {
  SessionSplitter splitter;
  for (const Step& step : boot.steps) splitter.on_step(step);
  std::vector<BootSession> sessions = splitter.take();
  for (BootSession& session : sessions) session.rom = sessions.front().kind;
  return sessions;
}

namespace {

constexpr Duration kSoonAfter = std::chrono::seconds(60);

bool offers_nothing(const BootSession& session) {
  return std::ranges::all_of(session.offers, [](const SeenDhcp& offer) {
    return offer->boot_file.empty() && offer->menu.empty();
  });
}

// PXE in vain, soon after UEFI HTTP boot had its program.
bool is_after_http_boot(const std::vector<BootSession>& sessions, std::size_t at) {
  const BootSession& session = sessions[at];
  return session.kind == ClientKind::Rom && at > 0 && offers_nothing(session) &&
         sessions[at - 1].kind == ClientKind::HttpRom && sessions[at - 1].fetches() &&
         session.begun - sessions[at - 1].ended <= kSoonAfter;
}

}  // namespace

const BootSession* deciding_session(const std::vector<BootSession>& sessions) {
  const auto is_further_try = [&](std::size_t at) {
    const BootSession& session = sessions[at];
    const auto end = sessions.begin() + static_cast<std::ptrdiff_t>(at);
    // What a system that runs asks for is none of its boot's.
    if (session.kind == ClientKind::Plain && std::any_of(sessions.begin(), end, starts_system)) {
      return true;
    }
    if (session.fetches()) return false;
    // A round that fetched was a ROM's, though the capture began behind its question, or cut the
    // options off that say so.
    const bool after_pxe = std::any_of(sessions.begin(), end, [](const BootSession& other) {
      return other.kind != ClientKind::HttpRom &&
             (other.kind != ClientKind::Plain || !other.transfers.empty());
    });
    if (session.kind == ClientKind::HttpRom) return after_pxe && !offers_http(session);
    if (is_same_rom_again(sessions, at) || is_after_http_boot(sessions, at)) return true;
    return session.kind == ClientKind::Plain && after_pxe;
  };
  for (std::size_t at = sessions.size(); at > 0; --at) {
    if (at == 1 || !is_further_try(at - 1)) return &sessions[at - 1];
  }
  return nullptr;
}

CapturedSides captured_sides(const std::vector<BootSession>& sessions) {
  bool client_spoke = false;
  bool server_spoke = false;
  bool took_unseen_offer = false;
  for (const BootSession& session : sessions) {
    client_spoke = client_spoke || session.fetches() || !session.discovers.empty() ||
                   !session.requests.empty() || !session.declines.empty() ||
                   !session.boot_server_requests.empty() || !session.client_copies.empty();
    server_spoke =
        server_spoke || !session.offers.empty() || !session.acks.empty() || !session.naks.empty() ||
        !session.odd_answers.empty() || !session.boot_server_answers.empty() ||
        !session.icmp.empty() || std::ranges::any_of(session.http, [](const SeenHttp& seen) {
          return seen->status.has_value() || seen->connection == HttpStep::Connection::Refused;
        });
    for (const SeenTransfer& seen : session.transfers) {
      server_spoke = server_spoke || seen->blocks > 0 || !seen->acknowledged.empty() ||
                     (seen->error_code && !seen->error_by_client);
    }
    // REQUEST names the server whose offer it takes (RFC 2131 s.4.3.2), so there was an offer.
    took_unseen_offer =
        took_unseen_offer || (!session.discovers.empty() &&
                              std::ranges::any_of(session.requests, [](const SeenDhcp& seen) {
                                return seen->server_id.has_value();
                              }));
  }
  if (server_spoke && !client_spoke) return CapturedSides::ServersOnly;
  if (took_unseen_offer && !server_spoke) return CapturedSides::ClientOnly;
  if (lacks_transfers(sessions)) return CapturedSides::WithoutTransfers;
  return CapturedSides::Both;
}

bool is_size_probe(const TransferStep& transfer) {
  return transfer.outcome == TransferStep::Outcome::Aborted && transfer.blocks <= 1 &&
         transfer.error_by_client &&
         std::ranges::any_of(transfer.requested, [](const tftp::Option& option) {
           return tftp::same_word(option.name, "tsize");
         });
}

const SeenDhcp* waiting_menu(const BootSession& session) {
  constexpr std::uint8_t kForEver = 255;
  const bool chose = std::ranges::any_of(session.boot_server_requests, [](const SeenDhcp& request) {
    return request->item.has_value();
  });
  if (chose || session.fetches()) return nullptr;
  for (const auto* list : {&session.boot_server_answers, &session.offers}) {
    for (const SeenDhcp& answer : *list) {
      const bool waits =
          !answer->menu.empty() && answer->prompt && answer->prompt->timeout_seconds == kForEver;
      if (waits) return &answer;
    }
  }
  return nullptr;
}

const SeenDhcp* refused_address(const BootSession& session) {
  if (session.naks.empty() || session.fetches() || !session.boot_server_requests.empty()) {
    return nullptr;
  }
  const SeenDhcp& nak = session.naks.front();
  const bool first = session.acks.empty() || nak.at() < session.acks.front().at();
  return first ? &nak : nullptr;
}

const BootSession* next_device(const std::vector<BootSession>& sessions,
                               const BootSession& decides) {
  const ClientKind other =
      decides.kind == ClientKind::HttpRom ? ClientKind::Rom : ClientKind::HttpRom;
  for (const BootSession& session : sessions) {
    if (session.begun <= decides.begun) continue;
    // A system that asked for an address had been started.
    if (session.kind == ClientKind::Plain) return nullptr;
    if (session.kind != other) continue;
    if (session.begun - decides.ended <= kSoonAfter) return &session;
  }
  return nullptr;
}

bool is_abort_program(std::string_view filename) {
  const std::string name = lower_case(base_name(filename));
  return name == "abortpxe.com" || name == "abortpxe.efi";
}

bool is_key_manager(std::string_view filename) {
  const std::string name = lower_case(base_name(filename));
  return name.starts_with("mm") && name.ends_with(".efi") && architecture_of_name(name).has_value();
}

bool has_file(const BootSession& session) {
  return std::ranges::any_of(session.transfers,
                             [](const SeenTransfer& seen) { return came_whole(*seen.what); });
}

bool came_whole(const TransferStep& transfer) {
  return transfer.outcome == TransferStep::Outcome::Complete ||
         (transfer.outcome == TransferStep::Outcome::Unfinished && transfer.last_block_seen &&
          transfer.acknowledged_block + transfer.window_size >= transfer.blocks &&
          transfer.last_sender == TransferStep::Side::Server && transfer.resent == 0);
}

}  // namespace pxeproof::trace

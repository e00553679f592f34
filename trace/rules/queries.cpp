#include "trace/rules/queries.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/letter_case.h"
#include "trace/session_signs.h"

namespace pxeproof::trace {

bool says_pxe(const DhcpStep& answer) { return answer.vendor_class.starts_with("PXEClient"); }
bool says_http(const DhcpStep& answer) { return answer.vendor_class.starts_with("HTTPClient"); }
bool gives_address(const DhcpStep& answer) { return !answer.yiaddr.is_unspecified(); }

bool has_vendor_block(const DhcpStep& answer) {
  const auto message = dhcp::MessageView::parse(answer.octets);
  return message && message->has(dhcp::OptionCode::VendorSpecific);
}

bool uses_boot_file(const DhcpStep& answer) {
  return !answer.boot_file.empty() && answer.discovery_control &&
         (*answer.discovery_control & pxe::kUseBootFile) != 0;
}

bool is_url(std::string_view file) { return file.find("://") != std::string_view::npos; }

bool can_be_fetched(const DhcpStep& answer) {
  if (answer.boot_file.empty()) return false;
  return is_url(answer.boot_file) || !answer.siaddr.is_unspecified() || !answer.server_name.empty();
}

bool names_boot(const DhcpStep& answer) {
  return !answer.boot_file.empty() || !answer.menu.empty();
}

bool leads_to_server(const DhcpStep& answer) {
  return std::ranges::any_of(answer.menu,
                             [](const pxe::MenuEntry& entry) { return entry.type != 0; });
}

std::vector<SeenDhcp> address_offers(const BootSession& session) {
  std::vector<SeenDhcp> found;
  std::ranges::copy_if(session.offers, std::back_inserter(found),
                       [](const SeenDhcp& offer) { return gives_address(*offer.what); });
  return found;
}

std::vector<SeenDhcp> proxy_offers(const BootSession& session) {
  std::vector<SeenDhcp> found;
  std::ranges::copy_if(session.offers, std::back_inserter(found), [](const SeenDhcp& offer) {
    return !gives_address(*offer.what) && (says_pxe(*offer.what) || says_http(*offer.what));
  });
  return found;
}

std::vector<SeenDhcp> relayed_questions(const BootSession& session) {
  std::vector<SeenDhcp> found;
  for (const auto* list : {&session.discovers, &session.client_copies}) {
    for (const SeenDhcp& question : *list) {
      if (!question->giaddr.is_unspecified() && begins_boot(*question.what)) {
        found.push_back(question);
      }
    }
  }
  return found;
}

std::vector<SeenDhcp> boot_answers(const BootSession& session) {
  std::vector<SeenDhcp> all = session.offers;
  all.insert(all.end(), session.acks.begin(), session.acks.end());
  all.insert(all.end(), session.boot_server_answers.begin(), session.boot_server_answers.end());
  return all;
}

bool any_answer_cut(const BootSession& session) {
  return std::ranges::any_of(boot_answers(session),
                             [](const SeenDhcp& answer) { return answer->cut; });
}

void weaken_by_cut_answers(const BootSession& session, Finding& finding) {
  if (!any_answer_cut(session)) return;
  finding.confidence = Confidence::Likely;
  finding.elsewhere =
      "the capture holds only the beginning of the answers, and an option behind it may say "
      "otherwise: capture whole packets (tcpdump -s 0)";
}

std::optional<Ipv4Address> option_address(const DhcpStep& step, dhcp::OptionCode code) {
  const auto message = dhcp::MessageView::parse(step.octets);
  if (!message) return std::nullopt;
  const auto value = message->first(code);
  if (!value || value->size() < 4) return std::nullopt;
  return Ipv4Address::from(value->first(4));
}

Ipv4Address identity_of(const DhcpStep& answer) {
  return answer.server_id.value_or(answer.source.address);
}

const SeenTransfer* last_transfer(const BootSession& session) {
  // A loader may fetch more behind a kernel that is missing; it boots all the same not.
  if (const SeenTransfer* failed = failed_payload(session)) return failed;
  for (auto at = session.transfers.rbegin(); at != session.transfers.rend(); ++at) {
    const bool passed_over =
        is_size_probe(*at->what) || ((*at)->outcome == TransferStep::Outcome::Refused &&
                                     role_of((*at)->filename) == FileRole::Optional);
    if (!passed_over) return &*at;
  }
  return session.transfers.empty() ? nullptr : &session.transfers.back();
}

const SeenTransfer* first_file(const std::vector<BootSession>& sessions) {
  for (const BootSession& session : sessions) {
    for (const SeenTransfer& transfer : session.transfers) {
      if (came_whole(*transfer.what)) return &transfer;
    }
  }
  return nullptr;
}

bool was_refused(const TransferStep& transfer, std::uint16_t code) {
  return transfer.outcome == TransferStep::Outcome::Refused && transfer.error_code == code;
}

std::optional<Refusal> refusal_of(const TransferStep& transfer) {
  if (transfer.outcome != TransferStep::Outcome::Refused) return std::nullopt;
  const std::string text = lower_case(transfer.error_text);
  const auto says = [&text](std::initializer_list<std::string_view> words) {
    return std::ranges::any_of(
        words, [&](std::string_view word) { return text.find(word) != std::string::npos; });
  };
  const std::uint16_t code = transfer.error_code.value_or(0);
  if (code == 2 || says({"permission", "denied", "access violation", "forbidden"})) {
    return Refusal::Denied;
  }
  if (code == 1) return Refusal::NotFound;
  if (code == 8 || says({"option", "negotiat"})) return Refusal::Options;
  if (says({"not found", "no such file", "does not exist", "cannot find", "not exist"})) {
    return Refusal::NotFound;
  }
  if (says({"busy", "too many", "limit", "try again", "no free"})) return Refusal::Busy;
  return Refusal::Other;
}

std::uint32_t vain_tries(const BootSession& session, const TransferStep& transfer) {
  std::uint32_t tries = 0;
  for (const SeenTransfer& seen : session.transfers) {
    const bool is_vain =
        seen->acknowledgements == 0 && !seen->error_code && !came_whole(*seen.what);
    if (is_vain && seen->filename == transfer.filename && seen->asked == transfer.asked) {
      tries += seen->requests;
    }
  }
  return tries;
}

std::string_view host_of_url(std::string_view url) {
  const std::size_t begin = url.find("://");
  if (begin == std::string_view::npos) return {};
  std::string_view host = url.substr(begin + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t user = host.rfind('@'); user != std::string_view::npos) {
    host.remove_prefix(user + 1);
  }
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool server_is_deaf(const TransferStep& transfer) {
  // Once may be a timer that ran out while the acknowledgement was on its way.
  return transfer.blocks == 0 && transfer.oacks_after_ack >= 2;
}

const SeenTransfer* asked_past_proxy(const BootSession& session) {
  const std::vector<SeenDhcp> proxies = proxy_offers(session);
  const bool is_named =
      std::ranges::any_of(proxies, [](const SeenDhcp& proxy) { return names_boot(*proxy.what); });
  if (!is_named || has_file(session)) return nullptr;
  const auto own = std::ranges::find_if(session.transfers, [](const SeenTransfer& seen) {
    return seen->filename == fmt::format("{:08X}.img", seen->client.address.value);
  });
  return own == session.transfers.end() ? nullptr : &*own;
}

bool boot_server_is_silent(const BootSession& session) {
  return !session.boot_server_requests.empty() && session.boot_server_answers.empty();
}

const SeenIcmp* port_closed(const BootSession& session, Ipv4Address server, std::uint16_t port) {
  const auto found = std::ranges::find_if(session.icmp, [&](const SeenIcmp& icmp) {
    return (icmp->is_port_unreachable() || icmp->is_host_unreachable()) &&
           icmp->about_destination == Endpoint{server, port};
  });
  return found == session.icmp.end() ? nullptr : &*found;
}

const SeenArp* no_neighbour(const BootSession& session, Ipv4Address address) {
  const auto found = std::ranges::find_if(
      session.unanswered_arp, [&](const SeenArp& arp) { return arp->target == address; });
  return found == session.unanswered_arp.end() ? nullptr : &*found;
}

bool answered_dhcp(const BootSession& session, Ipv4Address server) {
  const std::vector<SeenDhcp> answers = boot_answers(session);
  return std::ranges::any_of(answers, [&](const SeenDhcp& answer) {
    return answer->source.address == server || identity_of(*answer.what) == server;
  });
}

const SeenTransfer* key_manager_asked(const BootSession& session) {
  std::size_t programs = 0;
  for (const SeenTransfer& seen : session.transfers) {
    if (is_key_manager(seen->filename)) {
      // Without a loader in between it is keys to be enrolled that it is asked for.
      constexpr std::size_t kShimAndLoader = 2;
      return programs >= kShimAndLoader ? &seen : nullptr;
    }
    if (came_whole(*seen.what) && role_of(seen->filename) != FileRole::Optional) ++programs;
  }
  return nullptr;
}

std::string dnsmasq_word(std::string_view text) {
  if (text.find_first_of(", #\t\"'\\") == std::string_view::npos) return printable(text);
  std::string word = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') word.push_back('\\');
    word += printable(std::string_view(&letter, 1));
  }
  return word + "\"";
}

std::string quote(std::string_view text) { return fmt::format("\"{}\"", printable(text)); }

void add_packets(std::vector<std::uint32_t>& list, const Step& step) {
  list.push_back(step.first_packet);
  if (step.last_packet != step.first_packet) list.push_back(step.last_packet);
}

void add_packets(std::vector<std::uint32_t>& list, const std::vector<SeenDhcp>& seen) {
  for (const SeenDhcp& each : seen) list.push_back(each.packet());
}

std::vector<std::uint32_t> packets_of(const std::vector<SeenDhcp>& seen) {
  std::vector<std::uint32_t> list;
  add_packets(list, seen);
  return list;
}

std::vector<std::uint32_t> packets_of(const SeenTransfer& transfer) {
  std::vector<std::uint32_t> packets;
  add_packets(packets, *transfer.step);
  return packets;
}

// The answer whose file this request is for; nullptr when no answer names it.
const SeenDhcp* source_of(const std::vector<SeenDhcp>& answers, std::string_view name) {
  const auto found = std::find_if(answers.rbegin(), answers.rend(), [&](const SeenDhcp& answer) {
    return !answer->boot_file.empty() &&
           (name == answer->boot_file || name.starts_with(answer->boot_file) ||
            answer->boot_file.find(name) != std::string::npos);
  });
  return found == answers.rend() ? nullptr : &*found;
}

// It is there: the client itself stopped it, and then looks for it in other places.
bool was_stopped_before(const BootSession& session, std::string_view name) {
  return std::ranges::any_of(session.transfers, [name](const SeenTransfer& seen) {
    return seen->outcome == TransferStep::Outcome::Aborted &&
           (!is_size_probe(*seen.what) || seen->filename != name) &&
           base_name(seen->filename) == base_name(name);
  });
}

// What the machine ran when it asked: the last program that came whole before.
const SeenTransfer* program_before(const RuleInput& in, const SeenTransfer& request) {
  const SeenTransfer* found = nullptr;
  for (const SeenTransfer& seen : in.session.transfers) {
    if (seen.at() >= request.at()) break;
    if (came_whole(*seen.what) && fetches_more(role_of(seen->filename))) found = &seen;
  }
  return found;
}

bool is_same_file(std::string_view left, std::string_view right) {
  return base_name(left) == base_name(right);
}

// The answer that the firmware got, in the round in which it loaded the program that asks now.
const SeenDhcp* answered_before(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    if (&session == &in.session) break;
    if (!session.acks.empty() && has_file(session)) return &session.acks.front();
  }
  return nullptr;
}

}  // namespace pxeproof::trace

#include "trace/open_boot.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "trace/boot_files.h"
#include "trace/dhcp_signs.h"
#include "trace/http_text.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kRememberedFiles = 4;
constexpr std::size_t kRememberedPorts = 4;
constexpr std::uint16_t kHttpsPort = 443;
// Fewer unanswered ARP requests are everyday noise.
constexpr std::uint32_t kWorthTelling = 2;

// A system's own DHCP. GRUB names nothing but the message's type.
bool is_of_system(const DhcpStep& step) {
  if (kind_of(step) != ClientKind::Plain) return false;
  const auto message = dhcp::MessageView::parse(step.octets);
  return message && (message->has(dhcp::OptionCode::HostName) ||
                     message->has(dhcp::OptionCode::ClientIdentifier) ||
                     message->has(dhcp::OptionCode::ParameterRequestList));
}

}  // namespace

void OpenBoot::add(Step step, std::size_t limit) {
  if (const auto* transfer = std::get_if<TransferStep>(&step.what)) {
    const bool is_new = transfer->outcome == TransferStep::Outcome::Complete &&
                        std::ranges::find(whole_files_, transfer->filename) == whole_files_.end();
    if (is_new && whole_files_.size() < kRememberedFiles) {
      whole_files_.push_back(transfer->filename);
    }
  }
  if (boot.steps.size() < limit - limit / 2) {
    boot.steps.push_back(std::move(step));
    return;
  }
  tail_.push_back(std::move(step));
  if (tail_.size() > limit / 2) {
    tail_.pop_front();
    ++boot.steps_left_out;
  }
}

bool OpenBoot::may_keep_unread(const PlainMessage& message, std::size_t limit) const {
  const bool is_known = first_question_ && boot.steps.size() >= limit - limit / 2;
  const bool ends_lease =
      message.type == dhcp::MessageType::Release || message.type == dhcp::MessageType::Decline;
  const bool tells_relay = !message.giaddr.is_unspecified() && !is_relayed_;
  return is_known && !boot.is_network_boot && !ends_lease && !tells_relay;
}

void OpenBoot::keep_unread(std::uint32_t number, Instant at, std::uint32_t interface,
                           const SeenPacket& packet) {
  if (plain_.keep(number, at, interface, packet)) ++boot.steps_left_out;
}

void OpenBoot::mark_network_boot(std::uint32_t& next_number) {
  if (boot.is_network_boot) return;
  boot.is_network_boot = true;
  boot.number = next_number++;
  for (Step& step : plain_.take()) {
    learn_from(std::get<DhcpStep>(step.what), next_number);
    tail_.push_back(std::move(step));
  }
}

void OpenBoot::learn_from(const DhcpStep& step, std::uint32_t& next_number) {
  if (shows_network_boot(step)) mark_network_boot(next_number);
  if (!step.giaddr.is_unspecified()) is_relayed_ = true;
  if (step.direction != DhcpStep::Direction::FromClient) {
    learn_network(step);
    const auto port = port_of_url(step.boot_file);
    if (port && web_ports_.size() < kRememberedPorts) web_ports_.push_back(*port);
    return;
  }
  if (step.type == dhcp::MessageType::Release || step.type == dhcp::MessageType::Decline) {
    lease_.reset();
    released_ = true;
  }
  if (!client_link_ && step.packet.link_source == step.client) {
    client_link_ = step.packet.interface;
  }
  if (!boot.guid && step.guid && !step.guid->is_zero()) boot.guid = step.guid;
  if (!boot.architecture && step.architecture) boot.architecture = step.architecture;
  const bool got_files = !whole_files_.empty() || fetched_by_http_;
  if (got_files && is_of_system(step)) system_spoke_ = true;
  if (first_question_) return;
  first_question_ = step;
  const firmware::SenderTraits traits{.ttl = step.packet.ttl,
                                      .identification = step.packet.identification,
                                      .dont_fragment = step.packet.dont_fragment,
                                      .has_checksum = step.packet.has_checksum,
                                      .source_port = step.source.port};
  const bool relayed = !step.giaddr.is_unspecified();
  boot.firmware = firmware::guess_firmware(
      step.octets, relayed ? std::nullopt : std::optional<firmware::SenderTraits>(traits));
}

void OpenBoot::learn_network(const DhcpStep& ack) {
  if (ack.type != dhcp::MessageType::Ack || ack.yiaddr.is_unspecified()) return;
  const auto message = dhcp::MessageView::parse(ack.octets);
  const auto mask = message ? message->first(dhcp::OptionCode::SubnetMask) : std::nullopt;
  const auto value = mask ? Ipv4Address::from(*mask) : std::nullopt;
  constexpr Ipv4Address kUsualMask = Ipv4Address::of(255, 255, 255, 0);
  own_network_ = Subnet{ack.yiaddr, value.value_or(kUsualMask)};
}

bool OpenBoot::begins_anew(const DhcpStep& step, Instant at, Duration longest_pause,
                           Duration longest_reload) const {
  if (!begins_boot(step) || !first_question_ || !asks_alike(step, *first_question_)) return false;
  const Duration silence = at - boot.ended;
  if (silence > longest_pause || system_spoke_) return true;
  // More than the NBP came: the machine got going and starts over. The NBP alone may be an iPXE
  // that asks again, or an image that the firmware refused.
  const bool got_going = whole_files_.size() > 1;
  return got_going || (!whole_files_.empty() && silence > longest_reload);
}

std::optional<std::optional<Step>> OpenBoot::on_http_request(std::uint32_t number, Instant at,
                                                             const SeenPacket& packet) {
  const std::string_view text = text_of(packet.payload);
  const std::string_view line = first_line(text);
  const std::size_t first = line.find(' ');
  if (!line.starts_with("GET ") && !line.starts_with("HEAD ")) return std::nullopt;
  if (is_of_running_system(text)) {
    system_spoke_ = true;
    return std::nullopt;
  }
  const std::size_t second = line.find(' ', first + 1);
  HttpStep request;
  request.client = packet.source;
  request.server = packet.destination;
  request.method = std::string(line.substr(0, first));
  request.target = std::string(line.substr(first + 1, second - first - 1));
  request.host = std::string(http_field(text, "host"));
  std::optional<Step> before;
  end_content(packet.source);
  const auto known = http_.find(packet.source);
  if (known != http_.end()) {
    const auto& known_request = std::get<HttpStep>(known->second.what);
    if (known_request.target == request.target) return std::optional<Step>{};  // TCP sent it again
    before = std::move(known->second);
    http_.erase(known);
  } else if (http_.size() >= kMaximumPending) {
    before = std::move(http_.begin()->second);
    http_.erase(http_.begin());
  }
  http_.emplace(packet.source, Step{at, number, number, std::move(request)});
  return before;
}

std::optional<Step> OpenBoot::on_http_answer(std::uint32_t number, const SeenPacket& packet) {
  const std::string_view line = first_line(text_of(packet.payload));
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos) return std::nullopt;
  const auto known = http_.find(packet.destination);
  if (known == http_.end()) return std::nullopt;
  std::uint16_t status = 0;
  const std::string_view digits = line.substr(space + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), status);
  Step step = std::move(known->second);
  http_.erase(known);
  step.last_packet = number;
  auto& http = std::get<HttpStep>(step.what);
  http.status = status;
  constexpr std::uint16_t kRefuses = 400;
  if (status < kRefuses) fetched_by_http_ = true;
  const auto head = content_head(text_of(packet.payload));
  if (!head || http.method == "HEAD") return step;
  const std::uint64_t here = packet.payload_size - head->begin;
  if (packet.payload.size() > head->begin) {
    http.head = FileHead::of(packet.payload.subspan(head->begin));
  }
  if (!head->length) {
    constexpr std::uint8_t kFin = 0x01;
    const bool is_over = (packet.tcp_flags & kFin) != 0;
    if (here == 0 && is_over) http.length = http.octets = 0;
    if (here == 0 && !is_over) await_content(packet, step.first_packet);
    return step;
  }
  http.length = head->length;
  // Sequence numbers come round again.
  constexpr std::uint64_t kLongest = 1ULL << 32U;
  if (here >= *head->length) {
    http.octets = head->length;
  } else if (*head->length < kLongest && contents_.size() < kMaximumPending) {
    const auto begin = static_cast<std::uint32_t>(packet.tcp_sequence + head->begin);
    contents_[packet.destination] = {.request_packet = step.first_packet,
                                     .begin = begin,
                                     .next = static_cast<std::uint32_t>(begin + here)};
  }
  return step;
}

// Of an answer without a length, and without content so far.
void OpenBoot::await_content(const SeenPacket& packet, std::uint32_t request_packet) {
  if (contents_.size() >= kMaximumPending) return;
  const auto end = static_cast<std::uint32_t>(packet.tcp_sequence + packet.payload_size);
  contents_[packet.destination] = {
      .request_packet = request_packet, .begin = end, .next = end, .is_length_told = false};
}

bool OpenBoot::on_content(const SeenPacket& packet) {
  constexpr std::uint8_t kFin = 0x01;
  constexpr std::uint8_t kReset = 0x04;
  constexpr std::uint8_t kAck = 0x10;
  const auto advance = [](Content& content, std::uint32_t next) {
    if (static_cast<std::int32_t>(next - content.next) <= 0) return;
    content.next = next;
    content.is_shown = true;
  };
  if (const auto to = contents_.find(packet.destination); to != contents_.end()) {
    if (packet.tcp_sequence == to->second.begin && !packet.payload.empty()) {
      to->second.head = FileHead::of(packet.payload);
    }
    advance(to->second, static_cast<std::uint32_t>(packet.tcp_sequence + packet.payload_size));
    if (!to->second.is_length_told) {
      to->second.is_shown = (packet.tcp_flags & kFin) != 0;
      // Its first octet shows that it is not empty, and more is not asked of it.
      if (to->second.next != to->second.begin || (packet.tcp_flags & kReset) != 0) {
        to->second.is_shown = false;
        end_content(packet.destination);
        return true;
      }
    }
    if ((packet.tcp_flags & (kFin | kReset)) != 0) {
      to->second.is_shown = true;
      end_content(packet.destination);
    }
    return true;
  }
  const auto from = contents_.find(packet.source);
  if (from == contents_.end()) return false;
  const bool counts = from->second.is_length_told;  // an acknowledgement counts a FIN, too
  if (counts && (packet.tcp_flags & kAck) != 0) {
    advance(from->second, packet.tcp_acknowledgement);
  }
  if ((packet.tcp_flags & kReset) != 0) end_content(packet.source);
  return true;
}

// Writes into the request's step how far its answer came.
void OpenBoot::end_content(const Endpoint& client) {
  const auto found = contents_.find(client);
  if (found == contents_.end()) return;
  const Content content = found->second;
  contents_.erase(found);
  if (!note_content(boot.steps, content)) note_content(tail_, content);
}

template <typename Steps>
bool OpenBoot::note_content(Steps& steps, const Content& content) {
  const auto found = std::find_if(steps.rbegin(), steps.rend(), [&content](const Step& step) {
    return step.first_packet == content.request_packet &&
           std::holds_alternative<HttpStep>(step.what);
  });
  if (found == steps.rend()) return false;
  auto& http = std::get<HttpStep>(found->what);
  if (!content.head.octets.empty()) http.head = content.head;
  if (!content.is_shown) return true;
  if (!content.is_length_told) http.length = 0;
  http.octets = std::min<std::uint64_t>(content.next - content.begin, http.length.value_or(0));
  return true;
}

bool OpenBoot::may_fetch_from(std::uint16_t port) const {
  if (!boot.is_network_boot || system_spoke_) return false;
  return port == 80 || port == kHttpsPort || port == 8080 ||
         std::ranges::find(web_ports_, port) != web_ports_.end();
}

std::optional<Step> OpenBoot::on_connect(std::uint32_t number, Instant at,
                                         const SeenPacket& packet) {
  const auto known = connects_.find(packet.source);
  if (known != connects_.end()) {
    ++std::get<HttpStep>(known->second.what).attempts;
    known->second.last_packet = number;
    return std::nullopt;
  }
  std::optional<Step> before;
  if (connects_.size() >= kMaximumPending) {
    before = std::move(connects_.begin()->second);
    connects_.erase(connects_.begin());
  }
  HttpStep step{.client = packet.source,
                .server = packet.destination,
                .method = "connect",
                .connection = HttpStep::Connection::Silent};
  connects_.emplace(packet.source, Step{at, number, number, std::move(step)});
  return before;
}

std::optional<Step> OpenBoot::on_connected(const SeenPacket& packet) {
  const auto known = connects_.find(packet.destination);
  if (known == connects_.end()) return std::nullopt;
  Step step = std::move(known->second);
  connects_.erase(known);
  if (packet.source.port != kHttpsPort) return std::nullopt;
  std::get<HttpStep>(step.what).connection = HttpStep::Connection::Encrypted;
  return step;
}

std::optional<Step> OpenBoot::on_connection_refused(std::uint32_t number,
                                                    const SeenPacket& packet) {
  const auto known = connects_.find(packet.destination);
  if (known == connects_.end()) return std::nullopt;
  Step step = std::move(known->second);
  connects_.erase(known);
  step.last_packet = number;
  auto& refused = std::get<HttpStep>(step.what);
  refused.connection = HttpStep::Connection::Refused;
  // A client that tries again and again is one step.
  std::vector<Step>& steps = boot.steps;
  auto* last = steps.empty() ? nullptr : std::get_if<HttpStep>(&steps.back().what);
  if (tail_.empty() && last != nullptr && last->connection == refused.connection &&
      last->server == refused.server) {
    last->attempts += refused.attempts;
    steps.back().last_packet = number;
    return std::nullopt;
  }
  return step;
}

std::optional<Step> OpenBoot::on_arp_request(std::uint32_t number, Instant at,
                                             const frames::Arp& arp) {
  // The client looks whether its address is free (RFC 5227), or tells that it has it.
  if (arp.sender_address.is_unspecified() || arp.sender_address == arp.target_address) {
    own_address_asked_ = Step{at, number, number, ArpStep{arp.target_address, 1, false}};
    return std::nullopt;
  }
  const auto known = arp_.find(arp.target_address);
  if (known != arp_.end()) {
    auto& search = std::get<ArpStep>(known->second.what);
    // A new search of a neighbour that was found before replaces the old one.
    if (!search.answered) {
      ++search.requests;
      known->second.last_packet = number;
      return std::nullopt;
    }
    arp_.erase(known);
  }
  std::optional<Step> dropped;
  if (arp_.size() >= kMaximumPending) {
    dropped = std::move(arp_.begin()->second);
    arp_.erase(arp_.begin());
    if (std::get<ArpStep>(dropped->what).answered) dropped.reset();
  }
  arp_.emplace(arp.target_address, Step{at, number, number, ArpStep{arp.target_address, 1, false}});
  return dropped;
}

std::optional<Step> OpenBoot::on_arp_reply(std::uint32_t number, const frames::Arp& arp) {
  if (own_address_asked_ && arp.sender_mac != boot.mac &&
      std::get<ArpStep>(own_address_asked_->what).target == arp.sender_address) {
    Step conflict = std::move(*own_address_asked_);
    own_address_asked_.reset();
    auto& search = std::get<ArpStep>(conflict.what);
    search.answered = true;
    search.holder = arp.sender_mac;
    conflict.last_packet = number;
    return conflict;
  }
  const auto known = arp_.find(arp.sender_address);
  if (known != arp_.end()) std::get<ArpStep>(known->second.what).answered = true;
  return std::nullopt;
}

void OpenBoot::on_late(const TransferTracker::Late& late) {
  const auto count = [&late](auto begin, auto end) {
    const auto found = std::find_if(begin, end, [&late](const Step& step) {
      return step.first_packet == late.transfer_packet &&
             std::holds_alternative<TransferStep>(step.what);
    });
    if (found == end) return;
    auto& transfer = std::get<TransferStep>(found->what);
    ++transfer.late;
    if (late.is_oack) ++transfer.late_oacks;
    found->last_packet = std::max(found->last_packet, late.packet);
  };
  count(boot.steps.rbegin(), boot.steps.rend());
  count(tail_.rbegin(), tail_.rend());
}

void OpenBoot::sort_steps(Boot& boot) {
  std::stable_sort(boot.steps.begin(), boot.steps.end(), [](const Step& left, const Step& right) {
    return std::pair(left.at, left.first_packet) < std::pair(right.at, right.first_packet);
  });
}

Boot OpenBoot::look() const {
  Boot copy = boot;
  copy.steps.insert(copy.steps.end(), tail_.begin(), tail_.end());
  for (const TransferTracker::Ended& open : transfers.look_at_open()) {
    copy.steps.push_back({open.transfer.begun, open.first_packet, open.last_packet, open.transfer});
  }
  for (const auto& [port, step] : http_) copy.steps.push_back(step);
  for (const auto& [port, step] : connects_) copy.steps.push_back(step);
  for (const auto& [port, content] : contents_) note_content(copy.steps, content);
  settle_rivals(copy);
  sort_steps(copy);
  return copy;
}

Boot OpenBoot::take() {
  for (Step& step : tail_) boot.steps.push_back(std::move(step));
  tail_.clear();
  for (const auto& [port, content] : contents_) note_content(boot.steps, content);
  contents_.clear();
  for (auto& [port, step] : http_) boot.steps.push_back(std::move(step));
  for (auto& [port, step] : connects_) boot.steps.push_back(std::move(step));
  for (auto& [target, step] : arp_) {
    const auto& search = std::get<ArpStep>(step.what);
    if (!search.answered && search.requests >= kWorthTelling) {
      boot.steps.push_back(std::move(step));
    }
  }
  settle_rivals(boot);
  sort_steps(boot);
  return std::move(boot);
}

}  // namespace pxeproof::trace

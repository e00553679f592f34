#include "conformance/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "conformance/step.h"
#include "protocol/dhcp/client_options.h"

namespace pxeproof::conformance {

using dhcp::OptionCode;

namespace {

constexpr std::uint16_t kFirstPort = 2048;
constexpr std::size_t kMaximumWaiting = 20'000;  // packets that no step has taken

bool speaks_dhcp(std::string_view group) {
  constexpr std::string_view kGroups[] = {"OFFER", "BOOT", "ECHO", "CTRL", "QUIET", "RELAY", "MAL"};
  return std::ranges::find(kGroups, group) != std::end(kGroups);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Script::Script(const Case& subject, const Setting& setting, std::size_t station, Random random)
    : subject_(subject),
      setting_(setting),
      station_(station),
      random_(random),
      probe_(speaks_dhcp(subject.group()) ? Probe::Dhcp
             : subject.group() == "CONC"  ? Probe::Either
                                          : Probe::Tftp),
      insert_at_(steps_.end()),
      next_port_(static_cast<std::uint16_t>(kFirstPort + random_.below(20'000))) {}

Script::~Script() = default;

Ipv4Address Script::ip(std::size_t host) const {
  return host_address(setting_.network, {station_, host});
}

MacAddress Script::mac(std::size_t host) const { return host_mac({station_, host}); }

Guid Script::guid(std::size_t host) const {
  Guid guid;
  Random(setting_.seed).fork(station_ * 256 + host + 1).fill(guid.octets);
  return guid;
}

void Script::claim(Ipv4Address address, std::size_t host) { claimed_.emplace_back(address, host); }

std::optional<std::size_t> Script::owner_of(Ipv4Address address) const {
  for (std::size_t host = 0; host < subject_.hosts; ++host) {
    if (ip(host) == address) return host;
  }
  for (const auto& [claimed, host] : claimed_) {
    if (claimed == address) return host;
  }
  return std::nullopt;
}

std::size_t Script::host_of(const MacAddress& mac) const {
  const MacAddress first = host_mac({station_, 0});
  const bool ours = std::equal(mac.octets.begin(), mac.octets.end() - 1, first.octets.begin());
  return ours && mac.octets[5] < subject_.hosts ? mac.octets[5] : subject_.hosts;
}

std::uint16_t Script::fresh_port() { return next_port_++; }

std::uint32_t Script::fresh_xid() {
  const auto xid = static_cast<std::uint32_t>(random_.next());
  xids_.insert(xid);
  return xid;
}

Stimulus Script::d0(std::size_t host) {
  Stimulus discover;
  discover.host = host;
  discover.words = "DISCOVER";
  discover.destination = {Ipv4Address::broadcast(), dhcp::kServerPort};
  discover.link_broadcast = true;
  dhcp::Message& message = discover.message;
  message.header.xid = fresh_xid();
  message.header.flags = dhcp::kBroadcastFlag;
  message.header.set_mac(mac(host));
  message.add_type(dhcp::MessageType::Discover);
  constexpr std::uint8_t kWanted[] = {1,  3,   43,  54,  60,  66,  67,  93,  94,
                                      97, 128, 129, 130, 131, 132, 133, 134, 135};
  message.add(OptionCode::ParameterRequestList, kWanted);
  message.add_u16(OptionCode::MaximumMessageSize, 1260);
  message.add_text(OptionCode::VendorClass, "PXEClient:Arch:00000:UNDI:002001");
  message.add_u16(OptionCode::ClientArchitecture, 0);
  constexpr std::uint8_t kUndi[] = {1, 2, 1};
  message.add(OptionCode::ClientInterface, kUndi);
  message.add(OptionCode::ClientMachineIdentifier, dhcp::encode_guid(guid(host)));
  return discover;
}

Stimulus Script::r0(std::size_t host) {
  Stimulus request = d0(host);
  request.words = "REQUEST to 4011";
  request.type(static_cast<std::uint8_t>(dhcp::MessageType::Request));
  request.message.header.flags = 0;
  request.message.header.ciaddr = ip(host);
  request.source = ip(host);
  request.destination = {setting_.server, dhcp::kBootServerPort};
  request.link_broadcast = false;
  return request;
}

FlowPtr Script::flow(std::size_t host, std::uint16_t port) {
  auto made = std::make_shared<Flow>();
  made->host = host;
  made->port = port == 0 ? fresh_port() : port;
  made->server = {setting_.server, tftp::kPort};
  return made;
}

tftp::Request rrq(std::string_view name, std::vector<tftp::Option> options) {
  tftp::Request request;
  request.filename = name;
  request.options = std::move(options);
  return request;
}

void Script::put(const Stimulus& stimulus) {
  xids_.insert(stimulus.xid());
  put(ScriptDatagram{.host = stimulus.host,
                     .link = stimulus.link_broadcast ? ScriptDatagram::Link::Broadcast
                             : stimulus.destination.address.is_multicast()
                                 ? ScriptDatagram::Link::Multicast
                                 : ScriptDatagram::Link::Server,
                     .source = {stimulus.source, stimulus.source_port},
                     .destination = stimulus.destination,
                     .payload = stimulus.encoded()});
}

void Script::put_tftp(const Flow& flow, Bytes payload) {
  put(ScriptDatagram{.host = flow.host,
                     .link = ScriptDatagram::Link::Server,
                     .source = {ip(flow.host), flow.port},
                     .destination = flow.server,
                     .payload = std::move(payload)});
}

void Script::add(std::unique_ptr<Step> step) {
  if (end_ && phase_ == Phase::Running) return;  // the case is decided
  steps_.insert(insert_at_, std::move(step));
}

void Script::rule(const Ruling& ruling) {
  switch (ruling.kind) {
    case Ruling::Kind::GoOn:
      return;
    case Ruling::Kind::Admit:
      if (std::ranges::find(admitted_, ruling.text) == admitted_.end())
        admitted_.push_back(ruling.text);
      return;
    case Ruling::Kind::Loose:
      if (std::ranges::find(loose_, ruling.text) == loose_.end()) loose_.push_back(ruling.text);
      return;
    case Ruling::Kind::Refuse:
    case Ruling::Kind::Skip:
      if (!end_) {
        end_ = ruling;
        outcome_.sent = sent_;
      }
      return;
  }
}

void Script::start(Instant now) {
  now_ = now;
  limit_ = now + subject_.limit;
  assert(subject_.script != nullptr);
  subject_.script(*this);
  phase_ = Phase::Running;
  advance();
}

// Runs steps until one waits.
void Script::advance() {
  if (advancing_) return;
  advancing_ = true;
  while (phase_ != Phase::Over) {
    if (phase_ == Phase::Running && end_) close();
    if (steps_.empty()) {
      if (phase_ == Phase::Running) {
        close();
      } else {
        conclude();
      }
      continue;
    }
    Step& step = *steps_.front();
    insert_at_ = std::next(steps_.begin());
    if (!entered_) {
      entered_ = true;
      step.enter(*this);
      if (!step.done()) offer_waiting(step);
    }
    if (phase_ == Phase::Running && end_) continue;
    if (!step.done()) break;
    steps_.pop_front();
    entered_ = false;
  }
  advancing_ = false;
}

void Script::offer_waiting(Step& step) {
  for (auto reply = waiting_.begin(); reply != waiting_.end() && !step.done();) {
    if (step.on_reply(*this, *reply) == Step::Take::Taken) {
      reply = waiting_.erase(reply);
    } else {
      ++reply;
    }
  }
}

// Whatever happened, the server has to be alive afterwards.
void Script::close() {
  phase_ = Phase::Closing;
  steps_.clear();
  entered_ = false;
  insert_at_ = steps_.end();
  if (end_ && end_->kind == Ruling::Kind::Skip) return;
  if (subject_.group() == "PROBE") return;  // it asks what there is to ask
  alive(probe_);
}

void Script::conclude() {
  Outcome outcome = outcome_;
  if (end_) {
    outcome.kind = end_->kind == Ruling::Kind::Skip ? Outcome::Kind::Skip : Outcome::Kind::Fail;
    outcome.seen = end_->text;
    return finish(std::move(outcome));
  }
  outcome.sent = sent_;
  outcome.kind = loose_.empty() ? Outcome::Kind::Pass : Outcome::Kind::Loose;
  outcome.answer = loose_.empty() ? joined(admitted_) : joined(loose_);
  if (outcome.answer.empty() && !subject_.answers.empty()) {
    outcome.answer = std::string(subject_.answers.front());
  }
  finish(std::move(outcome));
}

void Script::finish(Outcome outcome) {
  outcome_ = std::move(outcome);
  phase_ = Phase::Over;
  steps_.clear();
  waiting_.clear();
}

void Script::on_reply(Instant now, Reply reply) {
  if (phase_ == Phase::Over || phase_ == Phase::Writing) return;
  now_ = now;
  if (!steps_.empty() && entered_) {
    Step& step = *steps_.front();
    insert_at_ = std::next(steps_.begin());
    if (step.on_reply(*this, reply) == Step::Take::Taken) return advance();
  }
  if (waiting_.size() < kMaximumWaiting) waiting_.push_back(std::move(reply));
}

void Script::on_timeout(Instant now) {
  if (phase_ == Phase::Over || phase_ == Phase::Writing) return;
  now_ = now;
  if (now >= limit_) {
    return finish(
        {.kind = Outcome::Kind::Broken,
         .answer = {},
         .seen = fmt::format("the case was not over after {:.0f} s", to_seconds(subject_.limit)),
         .sent = sent_});
  }
  if (steps_.empty()) return;
  Step& step = *steps_.front();
  if (!step.deadline() || now < *step.deadline()) return;
  insert_at_ = std::next(steps_.begin());
  step.on_deadline(*this);
  advance();
}

std::optional<Instant> Script::poll_timeout() const {
  if (phase_ == Phase::Over || phase_ == Phase::Writing) return std::nullopt;
  if (steps_.empty() || !steps_.front()->deadline()) return limit_;
  return std::min(*steps_.front()->deadline(), limit_);
}

bool Script::poll_datagram(ScriptDatagram& out) {
  if (outgoing_.empty()) return false;
  out = std::move(outgoing_.front());
  outgoing_.pop_front();
  return true;
}

std::optional<TargetAction> Script::poll_action() {
  auto action = std::move(action_);
  action_.reset();
  return action;
}

void Script::on_action(Instant now, const ActionResult& result) {
  now_ = now;
  if (phase_ == Phase::Over || steps_.empty()) return;
  insert_at_ = std::next(steps_.begin());
  steps_.front()->on_action(*this, result);
  advance();
}

}  // namespace pxeproof::conformance

#include <fmt/format.h>

#include "conformance/fixture.h"
#include "conformance/step.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTries = 5;
constexpr Duration kPatience = 2s;  // for each try; a proxy must answer within the first window

}  // namespace

void Sentinel::begin(Script& script) {
  if (probe_ == Probe::Either) {
    probe_ = script.setting().can(Need::Dhcp) ? Probe::Dhcp : Probe::Tftp;
  }
  ask(script);
}

void Sentinel::ask(Script& script) {
  ++tries_;
  asked_ = script.now();
  deadline_ = asked_ + kPatience;
  if (probe_ == Probe::Dhcp) {
    discover_ = script.d0(script.sentinel_host());
    script.put(*discover_);
    return;
  }
  flow_ = script.flow(script.sentinel_host());
  const tftp::Request request = rrq(kSmallFile);
  script.put_tftp(*flow_, tftp::encode(request));
}

bool Sentinel::on_reply(Script& script, const Reply& reply) {
  if (answered_) return flow_ && belongs(reply, *flow_);
  if (discover_) {
    const auto view = reply.dhcp();
    if (!view || view->xid() != discover_->xid()) return false;
  } else {
    if (!flow_ || !belongs(reply, *flow_)) return false;
    if (const auto block = reply.as_data(); block && block->block == 1) {
      Flow flow = *flow_;
      flow.server = reply.source;
      script.put_tftp(flow, tftp::encode(tftp::Ack{1, {}}));
    }
  }
  answered_ = true;
  answer_time_ = script.now() - asked_;
  deadline_.reset();
  return true;
}

void Sentinel::on_deadline(Script& script) {
  if (answered_ || !deadline_ || script.now() < *deadline_) return;
  if (tries_ < kTries) return ask(script);
  gave_up_ = true;
  deadline_.reset();
}

std::string Sentinel::words() const {
  return probe_ == Probe::Dhcp ? "DISCOVER" : fmt::format("RRQ \"{}\"", kSmallFile);
}

}  // namespace pxeproof::conformance

#include "simclient/arp_resolver.h"

#include <algorithm>

#include "protocol/frames/build.h"

namespace pxeproof::rom {

namespace {

void address_frame(Frame& frame, const MacAddress& destination) {
  std::ranges::copy(destination.octets, frame.begin());
}

}  // namespace

std::optional<MacAddress> ArpResolver::look_up(Ipv4Address neighbour) {
  const auto found = std::ranges::find(neighbours_, neighbour, &Neighbour::address);
  if (found == neighbours_.end() || !found->mac) return std::nullopt;
  known_ = Known{neighbour, *found->mac};
  return found->mac;
}

void ArpResolver::forget() {
  neighbours_.clear();
  on_change();
}

// Neighbours have come, gone, answered or let a wait pass.
void ArpResolver::on_change() {
  known_.reset();
  deadline_.reset();
  for (const Neighbour& neighbour : neighbours_) {
    const auto& due = neighbour.timer.deadline();
    if (due && (!deadline_ || *due < *deadline_)) deadline_ = due;
  }
}

void ArpResolver::send(Instant now, Ipv4Address own, Ipv4Address address, Frame frame) {
  auto found = std::ranges::find(neighbours_, address, &Neighbour::address);
  if (found == neighbours_.end()) {
    neighbours_.push_back({address, own, std::nullopt, RetryTimer(rules_->retry, clock_), {}});
    found = std::prev(neighbours_.end());
    found->timer.begin(now);
    ask(*found);
    on_change();
  }
  if (found->mac) {
    address_frame(frame, *found->mac);
    outbox_.push_back(std::move(frame));
  } else if (found->waiting.size() < kWaitingFrames) {
    found->waiting.push_back(std::move(frame));
  }
}

void ArpResolver::on_arp(Instant, const frames::Arp& arp) {
  const auto found = std::ranges::find(neighbours_, arp.sender_address, &Neighbour::address);
  if (found == neighbours_.end()) return;
  found->mac = arp.sender_mac;
  found->timer.stop();
  for (Frame& frame : found->waiting) {
    address_frame(frame, arp.sender_mac);
    outbox_.push_back(std::move(frame));
  }
  found->waiting = {};
  on_change();
}

void ArpResolver::on_timeout(Instant now) {
  for (auto neighbour = neighbours_.begin(); neighbour != neighbours_.end();) {
    if (!neighbour->timer.is_due(now)) {
      ++neighbour;
    } else if (neighbour->timer.on_expiry(now) == RetryTimer::Expiry::SendAgain) {
      ask(*neighbour);
      ++neighbour;
    } else {
      neighbour = neighbours_.erase(neighbour);
    }
  }
  on_change();
}

bool ArpResolver::poll_transmit(Frame& out) {
  if (outbox_.empty()) return false;
  out = std::move(outbox_.front());
  outbox_.erase(outbox_.begin());
  return true;
}

void ArpResolver::ask(const Neighbour& neighbour) {
  outbox_.push_back(frames::build_arp({.operation = frames::kArpRequest,
                                       .sender_mac = mac_,
                                       .sender_address = neighbour.asked_as,
                                       .target_mac = {},
                                       .target_address = neighbour.address},
                                      MacAddress::broadcast()));
}

}  // namespace pxeproof::rom

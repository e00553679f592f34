#include "lab/network.h"

#include <algorithm>
#include <cassert>

#include "protocol/frames/inspect.h"

namespace pxeproof::lab {

LossMask lose_frames(std::set<std::size_t> numbers) {
  return [numbers = std::move(numbers)](const CapturedFrame& frame) {
    return numbers.contains(frame.number);
  };
}

StationId Network::attach(Station& station, Attachment attachment) {
  const StationId id = ports_.size();
  const Random random = Random(attachment.link.seed).fork(id);
  const Cable sent(attachment.link.sent, random.fork(0));
  const Cable received(attachment.link.received, random.fork(1));
  for (const MacAddress& mac : attachment.macs) owners_[mac].push_back(id);
  const Instant power_on = std::max(now_, attachment.power_on.value_or(now_));
  ports_.push_back({&station, std::move(attachment), sent, received, false, std::nullopt});
  schedule(power_on, PowerOn{id});
  return id;
}

void Network::schedule(Instant at, std::variant<PowerOn, Crossing, Arrival> what) {
  events_.push({at, next_sequence_++, what});
}

RunEnd Network::run_until(Instant deadline) {
  return run_until([] { return false; }, deadline);
}

RunEnd Network::run_until(const std::function<bool()>& condition, Instant deadline) {
  events_left_ = options_.event_limit;
  while (!condition()) {
    if (events_left_ == 0) return RunEnd::EventLimit;
    if (events_.empty() && deadlines_.empty()) return RunEnd::Idle;
    if (!step(deadline)) {
      now_ = std::max(now_, deadline);
      return RunEnd::Deadline;
    }
  }
  return RunEnd::Done;
}

// Runs the next event; false when it lies behind the deadline.
bool Network::step(Instant deadline) {
  const bool timeout_first =
      events_.empty() || (!deadlines_.empty() && deadlines_.begin()->first < events_.top().at);
  const Instant at = timeout_first ? deadlines_.begin()->first : events_.top().at;
  if (at > deadline) return false;
  // A station may name a deadline that has passed already.
  now_ = std::max(now_, at);
  --events_left_;
  if (!timeout_first) {
    const Event event = events_.top();
    events_.pop();
    run_event(event);
    return true;
  }
  const StationId id = deadlines_.begin()->second;
  ports_[id].station->on_timeout(now_);
  collect(id);
  return true;
}

void Network::run_event(const Event& event) {
  if (const auto* power_on = std::get_if<PowerOn>(&event.what)) {
    Port& port = ports_[power_on->station];
    port.powered = true;
    port.station->start(now_);
    collect(power_on->station);
  } else if (const auto* crossing = std::get_if<Crossing>(&event.what)) {
    cross(crossing->frame);
  } else {
    arrive(std::get<Arrival>(event.what));
  }
}

void Network::send(StationId sender, const Frame& octets) {
  const std::size_t number = frames_sent_++;
  frames_.push_back({number, now_, sender, octets, Fate::Pending, {}});
  copies_.push_back(0);
  CapturedFrame& sent = frame(number);
  if (octets.size() < frames::kEthernetHeaderSize || octets.size() > options_.maximum_frame) {
    sent.fate = Fate::Malformed;
  } else if (mask_ && mask_(sent)) {
    sent.fate = Fate::Lost;
  } else {
    for (const Instant at : ports_[sender].sent.pass(now_)) {
      ++copies_.back();
      schedule(at + options_.wire_delay, Crossing{number});
    }
    if (copies_.back() == 0) sent.fate = Fate::Lost;
  }
  forget_settled();
}

std::vector<StationId> Network::receivers(const CapturedFrame& sent) const {
  const auto destination = MacAddress::from(ByteView(sent.octets).first(6));
  assert(destination);
  const std::size_t segment = ports_[sent.sender].attachment.segment;
  const auto hears = [&](StationId id) {
    return id != sent.sender && ports_[id].powered && ports_[id].attachment.segment == segment;
  };
  std::vector<StationId> ids;
  if (!destination->is_group()) {
    const auto owners = owners_.find(*destination);
    if (owners != owners_.end()) {
      std::ranges::copy_if(owners->second, std::back_inserter(ids), hears);
      return ids;
    }
  }
  // A group address, or one that no switch has learnt.
  for (StationId id = 0; id < ports_.size(); ++id) {
    if (hears(id)) ids.push_back(id);
  }
  return ids;
}

void Network::cross(std::size_t number) {
  const std::vector<StationId> ids = receivers(frame(number));
  if (ids.empty() && frame(number).fate == Fate::Pending) frame(number).fate = Fate::NoReceiver;
  std::size_t& copies = copies_[number - first_kept_];
  for (const StationId id : ids) {
    for (const Instant at : ports_[id].received.pass(now_)) {
      ++copies;
      schedule(at, Arrival{number, id});
    }
  }
  settle(number);
}

void Network::arrive(const Arrival& arrival) {
  Port& port = ports_[arrival.receiver];
  CapturedFrame& arrived = frame(arrival.frame);
  arrived.fate = Fate::Delivered;
  arrived.deliveries.push_back({arrival.receiver, now_});
  port.station->on_frame(now_, arrived.octets);
  collect(arrival.receiver);
  settle(arrival.frame);
}

// One copy of the frame is no longer on its way.
void Network::settle(std::size_t number) {
  std::size_t& copies = copies_[number - first_kept_];
  assert(copies > 0);
  --copies;
  if (copies == 0 && frame(number).fate == Fate::Pending) frame(number).fate = Fate::Lost;
  forget_settled();
}

void Network::forget_settled() {
  if (options_.capture == NetworkOptions::Capture::Keep) return;
  while (!copies_.empty() && copies_.front() == 0) {
    copies_.pop_front();
    frames_.pop_front();
    ++first_kept_;
  }
}

void Network::wake(StationId station) {
  events_left_ = std::max(events_left_, options_.event_limit);
  if (ports_[station].powered) collect(station);
}

// Takes what the station wants to send and its next deadline.
void Network::collect(StationId id) {
  Port& port = ports_[id];
  while (events_left_ > 0 && port.station->poll_transmit(scratch_)) {
    --events_left_;
    send(id, scratch_);
  }
  if (port.deadline) deadlines_.erase({*port.deadline, id});
  port.deadline = port.station->poll_timeout();
  if (port.deadline) deadlines_.insert({*port.deadline, id});
}

}  // namespace pxeproof::lab

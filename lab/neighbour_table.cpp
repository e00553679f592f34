#include "lab/neighbour_table.h"

#include <algorithm>

namespace pxeproof::lab {

std::optional<MacAddress> NeighbourTable::mac_of(const Entry& entry) {
  if (const auto* reachable = std::get_if<Reachable>(&entry.state)) return reachable->mac;
  if (const auto* stale = std::get_if<Stale>(&entry.state)) return stale->mac;
  if (const auto* delayed = std::get_if<Delayed>(&entry.state)) return delayed->mac;
  if (const auto* probed = std::get_if<Probed>(&entry.state)) return probed->mac;
  return std::nullopt;
}

void NeighbourTable::set_alarm(Ipv4Address address, Entry& entry, std::optional<Instant> alarm) {
  if (entry.alarm) alarms_.erase({*entry.alarm, address});
  entry.alarm = alarm;
  if (alarm) alarms_.insert({*alarm, address});
}

void NeighbourTable::erase(Entries::iterator at) {
  set_alarm(at->first, at->second, std::nullopt);
  by_age_.erase(at->second.serial);
  entries_.erase(at);
}

// A new entry, in place of the oldest known one when the table is full; nullptr when all of it is
// being asked for.
NeighbourTable::Entry* NeighbourTable::insert(Ipv4Address address) {
  if (entries_.size() >= options_.addresses) {
    const auto oldest = std::ranges::find_if(
        by_age_, [this](const auto& each) { return mac_of(entries_.at(each.second)).has_value(); });
    if (oldest == by_age_.end()) return nullptr;
    erase(entries_.find(oldest->second));
  }
  Entry& entry = entries_[address];
  entry.serial = next_serial_++;
  by_age_.emplace(entry.serial, address);
  return &entry;
}

// Puts the next question about an address, or gives it up.
void NeighbourTable::ask(Instant now, Ipv4Address address, Entry& entry) {
  auto* asked = std::get_if<Asked>(&entry.state);
  std::size_t& attempts = asked ? asked->attempts : std::get<Probed>(entry.state).attempts;
  if (attempts < options_.attempts) {
    ++attempts;
    questions_.push_back({address, mac_of(entry)});
    set_alarm(address, entry, now + options_.retry_interval);
    return;
  }
  if (asked) frames_dropped_ += asked->waiting.size();
  erase(entries_.find(address));
}

std::optional<MacAddress> NeighbourTable::use(Instant now, Ipv4Address address) {
  const auto found = entries_.find(address);
  if (found == entries_.end()) return std::nullopt;
  Entry& entry = found->second;
  const auto mac = mac_of(entry);
  const auto* reachable = std::get_if<Reachable>(&entry.state);
  const bool is_stale = std::holds_alternative<Stale>(entry.state);
  if (mac && (is_stale || (reachable && now >= reachable->until))) {
    entry.state = Delayed{*mac};
    set_alarm(address, entry, now + options_.first_probe_delay);
  }
  return mac;
}

NeighbourTable::Outcome NeighbourTable::resolve(Instant now, Ipv4Address address,
                                                const Frame& frame) {
  if (const auto mac = use(now, address)) {
    ready_.push_back(frame);
    std::ranges::copy(mac->octets, ready_.back().begin());
    return Outcome::Queued;
  }
  const auto found = entries_.find(address);
  Entry* entry = found == entries_.end() ? insert(address) : &found->second;
  if (entry == nullptr) return Outcome::TableFull;
  auto& asked = std::get<Asked>(entry->state);
  if (asked.waiting.size() >= options_.waiting_frames) return Outcome::QueueFull;
  asked.waiting.push_back(frame);
  if (asked.attempts == 0) ask(now, address, *entry);
  return Outcome::Queued;
}

void NeighbourTable::learn(Instant now, Ipv4Address address, const MacAddress& mac, Source source) {
  const auto found = entries_.find(address);
  Entry* entry = found == entries_.end() ? nullptr : &found->second;
  if (entry == nullptr && source == Source::Request) entry = insert(address);
  if (entry == nullptr) return;
  if (auto* asked = std::get_if<Asked>(&entry->state)) {
    for (Frame& frame : asked->waiting) {
      std::ranges::copy(mac.octets, frame.begin());
      ready_.push_back(std::move(frame));
    }
  } else if (source != Source::Reply && mac_of(*entry) == mac) {
    return;  // nothing new, and no proof that it hears us
  }
  const bool is_used = std::holds_alternative<Asked>(entry->state) && !ready_.empty();
  set_alarm(address, *entry, std::nullopt);
  if (source == Source::Reply) {
    entry->state = Reachable{mac, now + options_.reachable_time};
  } else {
    entry->state = Stale{mac};
    if (is_used) use(now, address);
  }
}

void NeighbourTable::on_timeout(Instant now) {
  while (!alarms_.empty() && alarms_.begin()->first <= now) {
    const Ipv4Address address = alarms_.begin()->second;
    Entry& entry = entries_.at(address);
    if (const auto* delayed = std::get_if<Delayed>(&entry.state)) {
      entry.state = Probed{delayed->mac, 0};
    }
    ask(now, address, entry);
  }
}

std::optional<Instant> NeighbourTable::poll_timeout() const {
  if (alarms_.empty()) return std::nullopt;
  return alarms_.begin()->first;
}

std::optional<NeighbourTable::Question> NeighbourTable::poll_question() {
  if (questions_.empty()) return std::nullopt;
  const Question question = questions_.front();
  questions_.pop_front();
  return question;
}

bool NeighbourTable::poll_transmit(Frame& out) {
  if (ready_.empty()) return false;
  out.assign(ready_.front().begin(), ready_.front().end());
  ready_.pop_front();
  return true;
}

}  // namespace pxeproof::lab

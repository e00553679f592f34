#include "conformance/rack.h"

namespace pxeproof::conformance {

Rack::Rack(std::vector<const Case*> cases, const Setting& setting, Options options)
    : options_(options), deadline_of_(cases.size()) {
  std::size_t number = options_.first_number;
  for (const Case* each : cases) {
    // The id seeds the case, so that it does the same whatever runs beside it.
    std::uint64_t label = 0;
    for (const char letter : each->id) label = label * 131 + static_cast<std::uint8_t>(letter);
    stations_.push_back(
        std::make_unique<CaseStation>(*each, setting, number++, Random(options_.seed).fork(label)));
  }
}

std::vector<MacAddress> Rack::macs() const {
  std::vector<MacAddress> all;
  for (const auto& station : stations_) {
    const auto more = station->macs();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

void Rack::start(Instant now) { power_on(now); }

void Rack::power_on(Instant now) {
  while (next_ < stations_.size() && running_.size() < options_.at_once) {
    const std::size_t number = next_++;
    running_.insert(number);
    stations_[number]->start(now);
    follow(now, number);
  }
}

// Takes note of what a call made of a case.
void Rack::follow(Instant now, std::size_t number) {
  CaseStation& station = *stations_[number];
  talking_.push_back(number);
  if (const auto action = station.script().poll_action()) wishes_.push_back({number, *action});
  const auto deadline = station.is_over() ? std::nullopt : station.poll_timeout();
  auto& known = deadline_of_[number];
  if (known != deadline) {
    if (known) deadlines_.erase({*known, number});
    known = deadline;
    if (deadline) deadlines_.emplace(*deadline, number);
  }
  if (!station.is_over() || running_.erase(number) == 0) return;
  ++finished_count_;
  finished_.push_back(number);
  power_on(now);
}

void Rack::on_frame(Instant now, ByteView frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return;
  if (ethernet->destination.is_group()) {
    for (std::size_t number = 0; number < next_; ++number) {
      stations_[number]->on_frame(now, frame);
      follow(now, number);
    }
    return;
  }
  const auto& octets = ethernet->destination.octets;
  const std::size_t address = (std::size_t{octets[2]} << 8U) + octets[3];
  if (octets[0] != 0x02 || octets[1] != 0x70 || address < options_.first_number) return;
  const std::size_t number = address - options_.first_number;
  if (number >= next_) return;
  stations_[number]->on_frame(now, frame);
  follow(now, number);
}

void Rack::on_timeout(Instant now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::size_t number = deadlines_.begin()->second;
    stations_[number]->on_timeout(now);
    const auto before = deadline_of_[number];
    follow(now, number);
    // A station that did nothing about its deadline must not keep us here.
    if (deadline_of_[number] == before && before && *before <= now) {
      deadlines_.erase({*before, number});
      deadline_of_[number].reset();
    }
  }
}

bool Rack::poll_transmit(Frame& out) {
  while (!talking_.empty()) {
    if (stations_[talking_.front()]->poll_transmit(out)) return true;
    talking_.pop_front();
  }
  return false;
}

std::optional<Instant> Rack::poll_timeout() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

const CaseStation* Rack::poll_finished() {
  if (finished_.empty()) return nullptr;
  const std::size_t number = finished_.front();
  finished_.pop_front();
  return stations_[number].get();
}

std::optional<Rack::Wish> Rack::poll_wish() {
  if (wishes_.empty()) return std::nullopt;
  Wish wish = std::move(wishes_.front());
  wishes_.pop_front();
  return wish;
}

void Rack::on_action(Instant now, std::size_t number, const ActionResult& result) {
  stations_[number]->script().on_action(now, result);
  // What it says next goes out with the next frame or deadline.
  stations_[number]->on_timeout(now);
  follow(now, number);
}

std::vector<const Case*> Rack::running() const {
  std::vector<const Case*> all;
  for (const std::size_t number : running_) all.push_back(&stations_[number]->subject());
  return all;
}

std::vector<const Case*> Rack::unfinished() const {
  std::vector<const Case*> left;
  for (std::size_t number = 0; number < stations_.size(); ++number) {
    if (running_.contains(number) || number >= next_) left.push_back(&stations_[number]->subject());
  }
  return left;
}

}  // namespace pxeproof::conformance

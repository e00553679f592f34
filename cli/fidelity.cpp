#include "cli/fidelity.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "cli/packet_fields.h"
#include "cli/replayed_server.h"
#include "lab/network.h"
#include "protocol/frames/inspect.h"
#include "simclient/rom.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{1000s};
constexpr Duration kClockSlack = 20ms;
constexpr Duration kBusyHostSlack = 2s;
constexpr Duration kCoarseTick = 200ms;  // a firmware clock that moves in longer steps

// The phase in which a coarse clock ticked, seen from the first DISCOVER: the next DHCP message
// comes at a tick.
std::optional<Duration> tick_phase_of(const RecordedBoot& boot, const firmware::Profile& profile) {
  if (profile.clock.tick < kCoarseTick) return std::nullopt;
  std::optional<Instant> first;
  for (const RecordedFrame& frame : boot.frames) {
    if (frame.sender != RecordedFrame::Sender::Client) continue;
    if (!kind_of(frame.octets).starts_with("DHCP")) continue;
    if (!first) {
      first = frame.at;
    } else {
      return (frame.at - *first) % profile.clock.tick;
    }
  }
  return std::nullopt;
}

std::size_t octets_that_differ(const Bytes& left, const Bytes& right) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    if (left[i] != right[i]) ++count;
  }
  return count;
}

// Whose relation to the recording may be any of a kind, and what has been seen of it.
class VolatileFields {
 public:
  VolatileFields(const std::vector<firmware::VolatileField>& rules, Duration clock_slack)
      : rules_(rules), clock_slack_(clock_slack) {}

  struct Value {
    std::uint64_t number;
    Instant at;
  };

  // True when a difference is declared and its relation holds.
  bool allows(const std::string& kind, const PacketField& real, const PacketField& twin,
              Instant real_at, Instant twin_at) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const firmware::VolatileField& rule = rules_[i];
      if (rule.field != real.name || !kind.starts_with(rule.packets)) continue;
      const bool holds = real.value.size() == twin.value.size() &&
                         (rule.relation != firmware::VolatileField::Relation::OneOctet ||
                          octets_that_differ(real.value, twin.value) <= 1) &&
                         relation_holds(i, {number_of(real.value), real_at},
                                        {number_of(twin.value), twin_at}, real.value.size());
      if (holds && real.value != twin.value) {
        ++seen_[fmt::format("{} ({})", real.name, to_string(rule.relation))];
      }
      return holds;
    }
    return false;
  }
  bool covers(const std::string& kind, const std::string& field) const {
    return std::any_of(rules_.begin(), rules_.end(), [&](const firmware::VolatileField& rule) {
      return rule.field == field && kind.starts_with(rule.packets);
    });
  }
  const std::map<std::string, std::size_t>& seen() const { return seen_; }

 private:
  bool relation_holds(std::size_t rule, Value real, Value twin, std::size_t size) {
    using Relation = firmware::VolatileField::Relation;
    const std::uint64_t mask = size >= 8 ? ~0ULL : (1ULL << (8 * size)) - 1;
    // A program with a stack of its own counts from where it always begins, beside the firmware's
    // drawn numbers: what is equal needs no relation, and begins none.
    if (rules_[rule].relation == Relation::SameSteps && real.number == twin.number) return true;
    Memory& memory = memory_[rule];
    const auto first = memory.first.value_or(std::pair{real, twin});
    memory.first = first;
    switch (rules_[rule].relation) {
      case Relation::SameWhereSame: {
        const auto there = memory.pairs.emplace(real.number, twin.number).first->second;
        const auto here = memory.reverse.emplace(twin.number, real.number).first->second;
        return there == twin.number && here == real.number;
      }
      case Relation::Kept:
        return memory.pairs.emplace(real.number, twin.number).first->second == twin.number;
      case Relation::SameSteps:
        return ((real.number - first.first.number) & mask) ==
               ((twin.number - first.second.number) & mask);
      case Relation::Milliseconds: {
        const auto off = [mask](const Value& from, const Value& to) {
          const auto stepped = static_cast<std::int64_t>((to.number - from.number) & mask);
          return std::abs(stepped - (to.at - from.at) / 1ms);
        };
        const std::int64_t slack = clock_slack_ / 1ms;
        return off(first.first, real) <= slack && off(first.second, twin) <= slack;
      }
      case Relation::OneOctet:
      case Relation::SameSize:
        return true;
      case Relation::HighOctet:
        return real.number >> 8U == twin.number >> 8U;
    }
    return false;
  }

  struct Memory {
    std::optional<std::pair<Value, Value>> first;
    std::map<std::uint64_t, std::uint64_t> pairs;
    std::map<std::uint64_t, std::uint64_t> reverse;
  };
  const std::vector<firmware::VolatileField>& rules_;
  Duration clock_slack_;  // between a number that counts milliseconds and the packet's own time
  std::map<std::size_t, Memory> memory_;
  std::map<std::string, std::size_t> seen_;
};

class Comparison {
 public:
  Comparison(const RecordedBoot& boot, const FidelityOptions& options)
      : boot_(boot),
        options_(options),
        volatile_(
            options.profile->volatile_fields,
            options.waits == FidelityOptions::Waits::Compared ? kClockSlack : kBusyHostSlack) {}

  FidelityReport run() {
    run_twin();
    compare();
    for (const auto& [field, count] : volatile_.seen()) report_.declared.emplace_back(field, count);
    return std::move(report_);
  }

 private:
  void run_twin();
  void compare();
  void compare_replies();
  void compare_packet(const RecordedFrame& real, const ReplayedServer::Sent& twin);
  void compare_gap(std::size_t index);
  void note(const RecordedFrame* real, std::string field, std::string ours, std::string theirs) {
    report_.differences.push_back({.packet = real != nullptr ? real->number : 0,
                                   .kind = real != nullptr ? kind_of(real->octets) : "",
                                   .field = std::move(field),
                                   .real = std::move(theirs),
                                   .simulated = std::move(ours)});
  }

  const RecordedBoot& boot_;
  const FidelityOptions& options_;
  VolatileFields volatile_;
  std::vector<const RecordedFrame*> real_;
  std::vector<ReplayedServer::Sent> twin_;
  std::vector<const RecordedFrame*> real_replies_;  // to ARP
  std::vector<ReplayedServer::Sent> twin_replies_;
  std::optional<std::size_t> attempt_begun_;  // index of its first DISCOVER
  FidelityReport report_;
};

void Comparison::run_twin() {
  for (const RecordedFrame& frame : boot_.frames) {
    const bool client = frame.sender == RecordedFrame::Sender::Client;
    if (!client || !is_compared(frame.octets)) continue;
    (is_arp_reply(frame.octets) ? real_replies_ : real_).push_back(&frame);
  }
  const Duration span = boot_.frames.back().at - boot_.frames.front().at;
  rom::RomOptions machine;
  machine.profile = options_.profile;
  machine.mac = boot_.client;
  machine.guid = boot_.guid;
  machine.seed = options_.seed;
  machine.waits = rom::Waits::Real;
  machine.expected = options_.tree;
  machine.checksums = frames::ChecksumPolicy::Ignore;
  machine.tick_phase = tick_phase_of(boot_, *options_.profile);
  rom::Rom rom(std::move(machine));
  ReplayedServer server(boot_, *options_.tree);
  lab::Network network({.capture = lab::NetworkOptions::Capture::Discard});
  network.attach(server, {.name = "replay"});
  network.attach(rom, {.name = "twin", .macs = {boot_.client}, .power_on = kStart});
  // A moment longer than the recording, so that a packet too many is seen.
  network.run_until(kStart + span + options_.own_time);
  for (const ReplayedServer::Sent& sent : server.received()) {
    (is_arp_reply(sent.octets) ? twin_replies_ : twin_).push_back(sent);
  }
}

// Answers to ARP come when the server asks; they are compared among themselves.
void Comparison::compare_replies() {
  for (std::size_t i = 0; i < real_replies_.size(); ++i) {
    if (i >= twin_replies_.size()) {
      return note(real_replies_[i], "order of packets", "no further ARP reply", "ARP reply");
    }
    compare_packet(*real_replies_[i], twin_replies_[i]);
  }
  if (twin_replies_.size() > real_replies_.size()) {
    note(nullptr, "order of packets", "ARP reply", "no further ARP reply");
  }
}

void Comparison::compare() {
  const std::size_t common = std::min(real_.size(), twin_.size());
  report_.packets = real_.size() + real_replies_.size();
  for (const RecordedFrame* frame : real_) report_.octets += frame->octets.size();
  for (const RecordedFrame* frame : real_replies_) report_.octets += frame->octets.size();
  compare_replies();
  for (std::size_t i = 0; i < common; ++i) {
    const std::string real_kind = kind_of(real_[i]->octets);
    const std::string twin_kind = kind_of(twin_[i].octets);
    if (real_kind != twin_kind) {
      // From here on the two boots go different ways; one difference says it.
      return note(real_[i], "order of packets", twin_kind, real_kind);
    }
    compare_packet(*real_[i], twin_[i]);
    if (options_.waits == FidelityOptions::Waits::Compared) compare_gap(i);
  }
  if (real_.size() > common) {
    note(real_[common], "order of packets", "no further packet", kind_of(real_[common]->octets));
  } else if (twin_.size() > common) {
    note(nullptr, "order of packets", kind_of(twin_[common].octets), "no further packet");
  }
}

void Comparison::compare_packet(const RecordedFrame& real, const ReplayedServer::Sent& twin) {
  const std::string kind = kind_of(real.octets);
  const std::vector<PacketField> theirs = fields_of(real.octets);
  const std::vector<PacketField> ours = fields_of(twin.octets);
  for (std::size_t i = 0; i < std::max(theirs.size(), ours.size()); ++i) {
    if (i >= ours.size()) {
      note(&real, theirs[i].name, "absent", to_hex(theirs[i].value));
    } else if (i >= theirs.size()) {
      note(&real, ours[i].name, to_hex(ours[i].value), "absent");
    } else if (theirs[i].name != ours[i].name) {
      return note(&real, "order of fields", ours[i].name, theirs[i].name);
    } else if (theirs[i].name == "ip.checksum" || theirs[i].name == "udp.checksum") {
      // It follows from the other fields, and is right in both or absent in both.
      const bool theirs_absent = number_of(theirs[i].value) == 0;
      const bool ours_absent = number_of(ours[i].value) == 0;
      const bool right = frames::inspect_udp(real.octets).has_value() ==
                         frames::inspect_udp(twin.octets).has_value();
      if (theirs_absent != ours_absent || !right) {
        note(&real, theirs[i].name, to_hex(ours[i].value), to_hex(theirs[i].value));
      }
    } else if (volatile_.covers(kind, theirs[i].name)) {
      if (!volatile_.allows(kind, theirs[i], ours[i], real.at, twin.at)) {
        note(&real, theirs[i].name + ", whose declared relation is broken", to_hex(ours[i].value),
             to_hex(theirs[i].value));
      }
    } else if (theirs[i].value != ours[i].value) {
      note(&real, theirs[i].name, to_hex(ours[i].value), to_hex(theirs[i].value));
    }
  }
}

// Compares the wait before a packet: before a repetition the time since the packet that it repeats,
// else the time since the packet before.
void Comparison::compare_gap(std::size_t index) {
  const std::string kind = kind_of(real_[index]->octets);
  if (index == 0) return;
  std::size_t before = index;
  std::size_t same = index;
  for (std::size_t i = index; i-- > 0;) {
    const std::string other = kind_of(real_[i]->octets);
    if (before == index) before = i;
    if (other == kind) same = i;
    if (other == kind) break;
    // A question to the neighbour may stand between a packet and its repetition.
    if (other != "ARP request") break;
  }
  if (before == index) return;
  const bool repeats = same != index;
  const std::size_t from = repeats ? same : before;
  const Duration theirs = real_[index]->at - real_[from]->at;
  const Duration ours = twin_[index].at - twin_[from].at;
  const firmware::Profile& profile = *options_.profile;
  const bool coarse = profile.clock.tick >= kCoarseTick;
  const bool discovers = kind.starts_with("DHCP 1");
  // The firmware's own tick, or 50 ms. Where no timer of the firmware's stands between two packets
  // the real machine may be later by what it needs for itself.
  Duration early = std::max(options_.tolerance, coarse ? Duration{} : profile.clock.tick);
  Duration late = early;
  if (!repeats) {
    // A wait may have begun while the packet before was still on its way out (EDK2's port 4011).
    early += options_.tolerance;
    late += options_.own_time;
  }
  if (discovers && !repeats) {
    // Between two attempts lies what the firmware does without IPv4.
    early += theirs / 10;
    late += theirs / 10;
    attempt_begun_ = index;
  } else if (coarse && attempt_begun_ && *attempt_begun_ == from) {
    // Its phase to this attempt's beginning is free.
    early += profile.clock.tick;
    late += profile.clock.tick;
  }
  ++report_.gaps;
  if (theirs < ours - early || theirs > ours + late) {
    note(real_[index], repeats ? "time since it was sent before" : "time since the packet before",
         fmt::format("{:.3f} s", to_seconds(ours)), fmt::format("{:.3f} s", to_seconds(theirs)));
  }
}

}  // namespace

FidelityReport compare_with_recording(const RecordedBoot& boot, const FidelityOptions& options) {
  return Comparison(boot, options).run();
}

}  // namespace pxeproof::cli

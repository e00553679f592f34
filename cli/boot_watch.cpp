#include "cli/boot_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/boot_file.h"
#include "trace/boot_files.h"

namespace pxeproof::cli {

namespace {

// A DHCP exchange and the transfer that follows from it lie no further apart.
constexpr Duration kSameBoot = std::chrono::seconds(60);
constexpr std::size_t kMaximumSteps = 64;
constexpr std::size_t kMaximumTransfers = 64;

std::string size_text(std::uint64_t octets) {
  constexpr double kKibi = 1024;
  const auto size = static_cast<double>(octets);
  if (size >= kKibi * kKibi) return fmt::format("{:.1f} MiB", size / kKibi / kKibi);
  if (size >= kKibi) return fmt::format("{:.0f} KiB", size / kKibi);
  return fmt::format("{} B", octets);
}

void add_step(ServedBoot& boot, std::string step) {
  if (!boot.steps.empty() && boot.steps.back() == step) return;
  if (boot.steps.size() < kMaximumSteps) boot.steps.push_back(std::move(step));
}

// A name as a server resolves it, for comparison.
std::string resolved(std::string_view name) {
  std::string path(name);
  std::ranges::replace(path, '\\', '/');
  if (path.starts_with("./")) path.erase(0, 1);
  return path.substr(std::min(path.find_first_not_of('/'), path.size()));
}

// What a firmware loads first, as far as a name tells.
bool is_called_program(std::string_view name) {
  constexpr std::uint16_t kUefi = 7;
  const trace::FileRole role = trace::role_of(name);
  return server::has_foreign_ending(name, server::kBiosArchitecture) ||
         server::has_foreign_ending(name, kUefi) || role == trace::FileRole::WindowsLoader ||
         (role == trace::FileRole::RaspberryPi && !name.ends_with(".txt"));
}

ServedPhase phase_after(const ServedBoot& boot, const std::string& name) {
  switch (trace::role_of(name)) {
    case trace::FileRole::Config:
      return std::max(boot.phase, ServedPhase::Config);
    case trace::FileRole::Kernel:
    case trace::FileRole::Initrd:
      return ServedPhase::Payload;
    case trace::FileRole::Module:
    case trace::FileRole::Optional:
      return boot.phase;
    default: {
      const bool is_named = !boot.file.empty() && resolved(name) == resolved(boot.file);
      if (!is_named && !is_called_program(name)) return boot.phase;
      return std::max(boot.phase, ServedPhase::Nbp);
    }
  }
}

// What a client says to another server, as it should.
bool is_for_others(server::Reason reason) {
  switch (reason) {
    case server::Reason::LeaseRequest:
    case server::Reason::LeaseTraffic:
    case server::Reason::ServerMessage:
    case server::Reason::ForeignServerSelected:
    case server::Reason::Released:
      return true;
    default:
      return false;
  }
}

Instant quiet_at(const ServedBoot& boot) {
  return boot.last_event +
         (boot.transfers.empty() ? BootWatch::kQuiet : BootWatch::kLongestTransfer);
}

bool is_same_boot(const ServedBoot& boot, Instant at) {
  return !boot.transfers.empty() || at - boot.last_event < kSameBoot;
}

void end_transfer(ServedBoot& boot, const Endpoint& client) {
  std::erase_if(boot.transfers,
                [&client](const ServedBoot::Transfer& each) { return each.client == client; });
}

void begin_transfer(ServedBoot& boot, ServedBoot::Transfer transfer) {
  end_transfer(boot, transfer.client);
  if (boot.transfers.size() < kMaximumTransfers) boot.transfers.push_back(std::move(transfer));
}

// Of two the later one, unless that one came less far or ended worse.
bool is_further(const ServedBoot& later, const ServedBoot& earlier) {
  if (later.phase != earlier.phase) return later.phase > earlier.phase;
  return has_reached(later, later.phase) || !has_reached(earlier, earlier.phase);
}

void on_finished(ServedBoot& boot, const server::TftpFinished& finished) {
  boot.phase = phase_after(boot, finished.name);
  boot.octets += finished.octets;
  boot.trouble.clear();
  boot.last_missing.clear();
  std::erase_if(boot.failed, [&finished](const ServedBoot::Transfer& each) {
    return each.name == finished.name;
  });
  add_step(boot, fmt::format("{} {} in {:.2f} s", finished.name, size_text(finished.octets),
                             to_seconds(finished.duration)));
}

void on_failed(ServedBoot& boot, const Endpoint& client, const server::TftpFailed& failed) {
  if (failed.reason == server::TftpReason::ProbeAborted) return;
  const std::string reason(server::to_string(failed.reason));
  boot.trouble = fmt::format("{}: {}, after {}", failed.name, reason, size_text(failed.octets));
  if (boot.failed.size() == kMaximumTransfers) return;
  boot.failed.push_back({client, failed.name, std::nullopt, failed.octets, reason});
}

void on_refused(ServedBoot& boot, const server::TftpRefused& refused) {
  if (refused.reason != server::TftpReason::FileNotFound) {
    boot.trouble = fmt::format("{}: {}", refused.name, server::to_string(refused.reason));
    return;
  }
  ++boot.missing;
  boot.last_missing = refused.name;
  if (boot.phase <= ServedPhase::Answered) boot.trouble = refused.name + ": no such file";
}

}  // namespace

std::string_view to_string(ServedPhase phase) {
  switch (phase) {
    case ServedPhase::None:
      return "nothing";
    case ServedPhase::Answered:
      return "offer";
    case ServedPhase::Nbp:
      return "nbp";
    case ServedPhase::Config:
      return "config";
    case ServedPhase::Payload:
      return "payload";
  }
  return {};
}

bool has_reached(const ServedBoot& boot, ServedPhase wanted) {
  if (wanted != ServedPhase::Payload) return boot.phase >= wanted;
  return boot.phase == ServedPhase::Payload && boot.transfers.empty() && boot.trouble.empty();
}

std::string outcome_of(const ServedBoot& boot, std::optional<ServedPhase> wanted) {
  if (has_reached(boot, ServedPhase::Payload)) return "booted";
  if (!boot.transfers.empty()) {
    const ServedBoot::Transfer& last = boot.transfers.back();
    std::string text = "still fetching " + last.name;
    if (last.octets) text += ", " + size_text(*last.octets);
    if (last.octets && last.size) text += " of " + size_text(*last.size);
    return text;
  }
  if (!boot.trouble.empty()) return boot.trouble;
  const bool is_boot = boot.phase != ServedPhase::None || boot.steps.empty();
  if (!is_boot) return "no boot program";
  const bool is_enough = wanted && has_reached(boot, *wanted);
  std::string text =
      fmt::format("{} {}", is_enough ? "reached" : "went quiet after", to_string(boot.phase));
  if (!boot.last_missing.empty()) text += ", and last found no " + boot.last_missing;
  return text;
}

std::string describe(const ServedBoot& boot, std::optional<ServedPhase> wanted) {
  std::string text = boot.mac ? to_string(*boot.mac) : std::string("unknown MAC");
  if (!boot.mac && boot.address) text = to_string(*boot.address);
  if (boot.architecture) text += fmt::format("  arch {}", *boot.architecture);
  text += "  ";
  for (std::size_t i = 0; i < boot.steps.size(); ++i) {
    text += (i == 0 ? "" : " -> ") + boot.steps[i];
  }
  return text + "  " + outcome_of(boot, wanted);
}

ServedBoot& BootWatch::begin(Instant at) {
  if (boots_.size() >= kMaximumBoots) boots_.pop_front();
  ServedBoot& boot = boots_.emplace_back();
  boot.began = boot.last_event = at;
  return boot;
}

ServedBoot* BootWatch::find(const MacAddress& mac, Instant at) {
  const auto found = std::find_if(boots_.rbegin(), boots_.rend(), [&](const ServedBoot& boot) {
    return boot.mac == mac && is_same_boot(boot, at);
  });
  return found == boots_.rend() ? nullptr : &*found;
}

ServedBoot* BootWatch::find(Ipv4Address address, const std::optional<MacAddress>& mac, Instant at) {
  const auto found = std::find_if(boots_.rbegin(), boots_.rend(), [&](const ServedBoot& boot) {
    const bool is_another = boot.mac && mac && boot.mac != mac;
    return boot.address == address && !is_another && is_same_boot(boot, at);
  });
  return found == boots_.rend() ? nullptr : &*found;
}

ServedBoot& BootWatch::boot_of(const server::ServerEvent& event) {
  ServedBoot* known = find(*event.client, event.at);
  ServedBoot& boot = known == nullptr ? begin(event.at) : *known;
  boot.mac = event.client;
  if (event.architecture) boot.architecture = event.architecture;
  if (!event.address.is_unspecified()) boot.address = event.address;
  boot.last_event = event.at;
  return boot;
}

ServedBoot& BootWatch::boot_of(const server::TftpEvent& event) {
  const auto* requested = std::get_if<server::TftpRequested>(&event.what);
  const std::optional<MacAddress> mac = requested == nullptr ? std::nullopt : requested->mac;
  ServedBoot* known = mac ? find(*mac, event.at) : nullptr;
  if (known == nullptr) known = find(event.client.address, mac, event.at);
  ServedBoot& boot = known == nullptr ? begin(event.at) : *known;
  if (mac) boot.mac = mac;
  boot.address = event.client.address;
  boot.last_event = event.at;
  return boot;
}

void BootWatch::on_answer(const server::ServerEvent& event, std::string step) {
  ServedBoot& boot = boot_of(event);
  boot.phase = std::max(boot.phase, ServedPhase::Answered);
  boot.trouble.clear();
  if (!event.file.empty()) boot.file = printable(event.file);
  add_step(boot, std::move(step));
}

void BootWatch::on_silence(const server::ServerEvent& event) {
  // What concerns no boot, such as a laptop's lease, is none.
  if (!event.architecture) return;
  const bool is_under_way = find(*event.client, event.at) != nullptr;
  if (is_for_others(event.reason)) {
    if (is_under_way) boot_of(event);
    return;
  }
  std::string trouble = fmt::format("not served: {}", server::to_string(event.reason));
  // A firmware asks again after up to half a minute: that is no other boot.
  Unserved* told = is_under_way ? nullptr : find_unserved(*event.client, trouble);
  if (told != nullptr && event.at - told->last_event < kSameBoot) {
    told->last_event = event.at;
    return;
  }
  boot_of(event).trouble = std::move(trouble);
}

void BootWatch::on_event(const server::ServerEvent& event) {
  using Kind = server::ServerEvent::Kind;
  if (!event.client) return;
  switch (event.kind) {
    case Kind::Silent:
      return on_silence(event);
    case Kind::ProxyOffered:
    case Kind::AddressOffered:
      return on_answer(event, "offer");
    case Kind::ProxyAcknowledged:
    case Kind::ItemAcknowledged:
      return on_answer(event, "4011");
    case Kind::AddressLeased:
    case Kind::AddressRefused:
    case Kind::Informed:
    case Kind::RequestRelayed:
    case Kind::AnswerRelayed:
      boot_of(event);
      return;
  }
}

void BootWatch::on_event(const server::TftpEvent& event) {
  if (std::holds_alternative<server::TftpDropped>(event.what)) return;
  ServedBoot& boot = boot_of(event);
  if (const auto* queued = std::get_if<server::TftpQueued>(&event.what)) {
    begin_transfer(boot, {.client = event.client, .name = queued->name});
  } else if (const auto* started = std::get_if<server::TftpStarted>(&event.what)) {
    begin_transfer(boot, {.client = event.client, .name = started->name, .size = started->size});
  } else if (!std::holds_alternative<server::TftpRequested>(event.what)) {
    end_transfer(boot, event.client);
  }
  if (const auto* finished = std::get_if<server::TftpFinished>(&event.what)) {
    on_finished(boot, *finished);
  } else if (const auto* failed = std::get_if<server::TftpFailed>(&event.what)) {
    on_failed(boot, event.client, *failed);
  } else if (const auto* refused = std::get_if<server::TftpRefused>(&event.what)) {
    on_refused(boot, *refused);
  }
}

void BootWatch::on_progress(const std::vector<server::TftpTransferStatus>& transfers) {
  for (ServedBoot& boot : boots_) {
    for (ServedBoot::Transfer& each : boot.transfers) {
      const auto found =
          std::ranges::find(transfers, each.client, &server::TftpTransferStatus::client);
      if (found != transfers.end()) each.octets = found->acknowledged_octets;
    }
  }
}

BootWatch::Unserved* BootWatch::find_unserved(const MacAddress& mac, const std::string& trouble) {
  const auto found = std::ranges::find_if(
      unserved_, [&](const Unserved& each) { return each.mac == mac && each.trouble == trouble; });
  return found == unserved_.end() ? nullptr : &*found;
}

ServedBoot BootWatch::end(Boots::iterator boot) {
  ServedBoot ended = std::move(*boot);
  boots_.erase(boot);
  if (ended.mac && ended.phase == ServedPhase::None && !ended.trouble.empty()) {
    std::erase_if(unserved_, [&ended](const Unserved& each) {
      return each.mac == *ended.mac && each.trouble == ended.trouble;
    });
    if (unserved_.size() >= kMaximumBoots) unserved_.pop_front();
    unserved_.push_back({*ended.mac, ended.trouble, ended.last_event});
  }
  if (!furthest_ended_ || is_further(ended, *furthest_ended_)) furthest_ended_ = ended;
  return ended;
}

std::optional<ServedBoot> BootWatch::poll_ended(Instant now) {
  const auto quiet =
      std::ranges::find_if(boots_, [now](const ServedBoot& boot) { return now >= quiet_at(boot); });
  return quiet == boots_.end() ? std::nullopt : std::optional(end(quiet));
}

std::optional<ServedBoot> BootWatch::take_rest() {
  return boots_.empty() ? std::nullopt : std::optional(end(boots_.begin()));
}

std::optional<Instant> BootWatch::poll_timeout() const {
  std::optional<Instant> earliest;
  for (const ServedBoot& boot : boots_) {
    const Instant due = quiet_at(boot);
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

const ServedBoot* BootWatch::furthest() const {
  const ServedBoot* best = furthest_ended_ ? &*furthest_ended_ : nullptr;
  for (const ServedBoot& boot : boots_) {
    if (best == nullptr || is_further(boot, *best)) best = &boot;
  }
  return best;
}

bool BootWatch::has_ended_at(ServedPhase wanted) const {
  return furthest_ended_ && has_reached(*furthest_ended_, wanted);
}

}  // namespace pxeproof::cli

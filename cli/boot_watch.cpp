#include "cli/boot_watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "trace/boot_files.h"

namespace pxeproof::cli {

namespace {

// A DHCP exchange and the transfer that follows from it lie no further apart.
constexpr Duration kSameBoot = std::chrono::seconds(60);
constexpr std::size_t kMaximumSteps = 64;

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

ServedPhase phase_after(ServedPhase before, const std::string& name) {
  switch (trace::role_of(name)) {
    case trace::FileRole::Config:
      return std::max(before, ServedPhase::Config);
    case trace::FileRole::Kernel:
    case trace::FileRole::Initrd:
      return ServedPhase::Payload;
    case trace::FileRole::Module:
    case trace::FileRole::Optional:
      return before;
    default:
      return std::max(before, ServedPhase::Nbp);
  }
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

std::string describe(const ServedBoot& boot) {
  std::string text = boot.mac ? to_string(*boot.mac) : std::string("unknown MAC");
  if (!boot.mac && boot.address) text = to_string(*boot.address);
  if (boot.architecture) text += fmt::format("  arch {}", *boot.architecture);
  text += "  ";
  for (std::size_t i = 0; i < boot.steps.size(); ++i) {
    text += (i == 0 ? "" : " -> ") + boot.steps[i];
  }
  if (boot.phase == ServedPhase::Payload) return text + "  booted";
  if (!boot.trouble.empty()) return text + "  " + boot.trouble;
  return text + fmt::format("  went quiet after {}", to_string(boot.phase));
}

ServedBoot& BootWatch::begin(Instant at) {
  if (boots_.size() >= kMaximumBoots) boots_.pop_front();
  ServedBoot& boot = boots_.emplace_back();
  boot.began = boot.last_event = at;
  return boot;
}

ServedBoot& BootWatch::boot_of(const server::ServerEvent& event) {
  const auto found = std::find_if(boots_.rbegin(), boots_.rend(), [&](const ServedBoot& boot) {
    return boot.mac == event.client && event.at - boot.last_event < kSameBoot;
  });
  ServedBoot& boot = found == boots_.rend() ? begin(event.at) : *found;
  boot.mac = event.client;
  if (event.architecture) boot.architecture = event.architecture;
  if (!event.address.is_unspecified()) boot.address = event.address;
  boot.last_event = event.at;
  return boot;
}

// A client that was never heard with an address is the one that was answered last.
ServedBoot* BootWatch::boot_of(Ipv4Address address, Instant at) {
  const auto is_recent = [at](const ServedBoot& boot) { return at - boot.last_event < kSameBoot; };
  auto found = std::find_if(boots_.rbegin(), boots_.rend(), [&](const ServedBoot& boot) {
    return boot.address == address && is_recent(boot);
  });
  if (found == boots_.rend()) {
    found = std::find_if(boots_.rbegin(), boots_.rend(), [&](const ServedBoot& boot) {
      return !boot.address && boot.phase == ServedPhase::Answered && is_recent(boot);
    });
  }
  if (found == boots_.rend()) return nullptr;
  found->address = address;
  return &*found;
}

void BootWatch::on_event(const server::ServerEvent& event) {
  using Kind = server::ServerEvent::Kind;
  if (!event.client) return;
  switch (event.kind) {
    case Kind::Silent: {
      // What concerns no boot, such as a laptop's lease, is none.
      if (!event.architecture) return;
      ServedBoot& boot = boot_of(event);
      boot.trouble = fmt::format("not served: {}", server::to_string(event.reason));
      return;
    }
    case Kind::ProxyOffered:
    case Kind::AddressOffered: {
      ServedBoot& boot = boot_of(event);
      boot.phase = std::max(boot.phase, ServedPhase::Answered);
      return add_step(boot, "offer");
    }
    case Kind::ProxyAcknowledged:
    case Kind::ItemAcknowledged: {
      ServedBoot& boot = boot_of(event);
      boot.phase = std::max(boot.phase, ServedPhase::Answered);
      return add_step(boot, "4011");
    }
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
  const auto* finished = std::get_if<server::TftpFinished>(&event.what);
  const auto* failed = std::get_if<server::TftpFailed>(&event.what);
  const auto* refused = std::get_if<server::TftpRefused>(&event.what);
  const auto* requested = std::get_if<server::TftpRequested>(&event.what);
  if (finished == nullptr && failed == nullptr && refused == nullptr && requested == nullptr)
    return;
  ServedBoot* known = boot_of(event.client.address, event.at);
  ServedBoot& boot = known == nullptr ? begin(event.at) : *known;
  boot.address = event.client.address;
  boot.last_event = event.at;
  if (finished != nullptr) {
    boot.phase = phase_after(boot.phase, finished->name);
    boot.octets += finished->octets;
    boot.trouble.clear();
    add_step(boot, fmt::format("{} {} in {:.2f} s", finished->name, size_text(finished->octets),
                               to_seconds(finished->duration)));
  } else if (failed != nullptr && failed->reason != server::TftpReason::ProbeAborted) {
    boot.trouble = fmt::format("{}: {}", failed->name, server::to_string(failed->reason));
  } else if (refused != nullptr && refused->reason == server::TftpReason::FileNotFound) {
    ++boot.missing;
    if (boot.phase <= ServedPhase::Answered) boot.trouble = refused->name + ": no such file";
  } else if (refused != nullptr) {
    boot.trouble = fmt::format("{}: {}", refused->name, server::to_string(refused->reason));
  }
}

std::optional<ServedBoot> BootWatch::poll_ended(Instant now) {
  const auto quiet = std::find_if(boots_.begin(), boots_.end(), [now](const ServedBoot& boot) {
    return now - boot.last_event >= kQuiet;
  });
  if (quiet == boots_.end()) return std::nullopt;
  ServedBoot ended = std::move(*quiet);
  boots_.erase(quiet);
  if (!furthest_ended_ || ended.phase >= furthest_ended_->phase) furthest_ended_ = ended;
  return ended;
}

std::optional<Instant> BootWatch::poll_timeout() const {
  std::optional<Instant> earliest;
  for (const ServedBoot& boot : boots_) {
    const Instant due = boot.last_event + kQuiet;
    if (!earliest || due < *earliest) earliest = due;
  }
  return earliest;
}

const ServedBoot* BootWatch::furthest() const {
  const ServedBoot* best = furthest_ended_ ? &*furthest_ended_ : nullptr;
  for (const ServedBoot& boot : boots_) {
    if (best == nullptr || boot.phase >= best->phase) best = &boot;
  }
  return best;
}

}  // namespace pxeproof::cli

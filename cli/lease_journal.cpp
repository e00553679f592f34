#include "cli/lease_journal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "live/memory_file.h"
#include "live/system_error.h"
#include "live/wall_clock.h"
#include "server/lease_text.h"

namespace pxeproof::cli {

namespace {

// A journal of fewer lines is not worth writing anew.
constexpr std::uint64_t kSmallJournal = 1000;
constexpr std::uint64_t kGrowth = 4;  // times as many lines as leases

server::WrittenLease written(Instant now, const server::Lease& lease) {
  server::WrittenLease written{.lease = lease, .expires_epoch = std::nullopt};
  if (lease.expires) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(*lease.expires - now).count();
    written.expires_epoch = live::wall_clock_seconds() + left;
  }
  return written;
}

}  // namespace

LeaseJournal::LeaseJournal(LeaseFile file, Helpers helpers)
    : path_(std::move(file.path)),
      journal_(std::move(file.journal)),
      helpers_(std::move(helpers)) {}

std::vector<server::WrittenLease> LeaseJournal::restore(Instant now, server::DhcpServer& dhcp) {
  std::vector<server::WrittenLease> ended;
  const auto octets = live::read_whole_file(journal_);
  if (!octets) {
    helpers_.complain(path_ + ": " + octets.error().message);
    return ended;
  }
  const server::LeaseText text = server::read_lease_text(as_text(*octets));
  for (const auto& fault : text.faults) {
    helpers_.complain(
        fmt::format("{}:{}: {}; the line is left out", path_, fault.line, fault.message));
  }
  foreign_ = text.foreign;
  foreign_lines_ = static_cast<std::size_t>(std::ranges::count(foreign_, '\n'));
  const std::int64_t today = live::wall_clock_seconds();
  for (const server::WrittenLease& each : text.leases) {
    server::Lease lease = each.lease;
    if (each.expires_epoch) {
      if (*each.expires_epoch <= today) {
        ended.push_back(each);
        continue;
      }
      lease.expires = now + std::chrono::seconds(*each.expires_epoch - today);
    }
    if (!dhcp.restore(std::move(lease))) {
      helpers_.complain(
          fmt::format("{}: more leases than dhcp-lease-max; the rest is left out", path_));
      break;
    }
  }
  statistics_.lines = text.lines;
  // What has ended is told once. A torn line would swallow the next one.
  must_compact_ = !text.faults.empty() || !ended.empty();
  if (text.torn_octets > 0 &&
      ftruncate(journal_.number(), static_cast<off_t>(octets->size() - text.torn_octets)) != 0) {
    helpers_.complain(live::last_error("dhcp-leasefile " + path_).message);
  }
  sync_due_ = now;
  return ended;
}

void LeaseJournal::keep(Instant now, const server::LeaseChange& change) {
  pending_ += change.kind == server::LeaseChange::Kind::Ended
                  ? server::ended_line(change.lease.address)
                  : server::lease_line(written(now, change.lease));
  ++pending_lines_;
}

void LeaseJournal::flush(Instant now) {
  if (pending_.empty()) return;
  append(journal_, pending_);
  if (next_.is_open()) append(next_, pending_);
  statistics_.lines += pending_lines_;
  statistics_.written += pending_lines_;
  next_lines_ += pending_lines_;
  pending_.clear();
  pending_lines_ = 0;
  if (!sync_due_) sync_due_ = now + kSyncInterval;
}

void LeaseJournal::append(const live::FileDescriptor& file, const std::string& text) {
  std::string_view left = text;
  while (!left.empty()) {
    const ssize_t done = write(file.number(), left.data(), left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      // The next compaction writes everything, so nothing is lost once there is room again.
      ++statistics_.failed;
      must_compact_ = true;
      helpers_.complain(live::last_error("dhcp-leasefile " + path_, "make room").message);
      return;
    }
    left.remove_prefix(static_cast<std::size_t>(done));
  }
}

void LeaseJournal::on_timeout(Instant now, const server::DhcpServer& dhcp) {
  if (!sync_due_ || now < *sync_due_) return;
  sync_due_.reset();
  helpers_.sync();
  const bool has_grown = statistics_.lines > kSmallJournal &&
                         statistics_.lines > kGrowth * (dhcp.leases().size() + foreign_lines_);
  if ((has_grown || must_compact_) && !is_compacting_) compact();
}

void LeaseJournal::compact() {
  is_compacting_ = true;
  helpers_.new_journal();
}

void LeaseJournal::on_new_journal(Instant now, live::FileDescriptor journal,
                                  const std::string& error, const server::DhcpServer& dhcp) {
  if (!error.empty() || !journal.is_open()) {
    is_compacting_ = false;
    return helpers_.complain(error);
  }
  next_ = std::move(journal);
  next_lines_ = dhcp.leases().size() + foreign_lines_;
  must_compact_ = false;
  std::string text = foreign_;
  for (const auto& [address, lease] : dhcp.leases().all()) {
    text += server::lease_line(written(now, lease));
  }
  append(next_, text);
  if (must_compact_) {  // it could not be written
    next_ = {};
    is_compacting_ = false;
    sync_due_ = now + kSyncInterval;
    return;
  }
  helpers_.commit();
}

void LeaseJournal::on_committed(const std::string& error) {
  is_compacting_ = false;
  if (!error.empty()) {
    next_ = {};
    return helpers_.complain(error);
  }
  journal_ = std::move(next_);
  statistics_.lines = next_lines_;
  ++statistics_.compactions;
}

}  // namespace pxeproof::cli

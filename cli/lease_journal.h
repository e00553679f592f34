#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/server_resources.h"
#include "live/file_descriptor.h"
#include "server/boot_service.h"
#include "server/dhcp_server.h"
#include "server/lease_text.h"

namespace pxeproof::cli {

// Writes each change of a lease to an append-only journal before the lease is promised: the line is
// the kernel's when write() returns, so it outlives this process, however that ends. The disk has
// it at the latest a second later (sync_interval).
//
// When the journal has grown to a multiple of what it says, it is written anew beside the old one,
// which is kept up meanwhile; the opener gives the new one the old one's name.
class LeaseJournal : public server::LeaseKeeper {
 public:
  // What the journal cannot do itself.
  struct Helpers {
    std::function<void()> sync;         // fdatasync
    std::function<void()> new_journal;  // on_new_journal answers
    std::function<void()> commit;       // on_committed answers
    std::function<void(const std::string& message)> complain;
  };
  static constexpr Duration kSyncInterval = std::chrono::seconds(1);

  LeaseJournal(LeaseFile file, Helpers helpers);

  // Reads what an earlier run left into the server; returns the leases that ended meanwhile, which
  // are left out.
  std::vector<server::WrittenLease> restore(Instant now, server::DhcpServer& dhcp);

  void keep(Instant now, const server::LeaseChange& change) override;
  void flush(Instant now) override;

  // Time has passed.
  void on_timeout(Instant now, const server::DhcpServer& dhcp);
  std::optional<Instant> poll_timeout() const { return sync_due_; }

  // The answers of the helpers; an error leaves the old journal in use.
  void on_new_journal(Instant now, live::FileDescriptor journal, const std::string& error,
                      const server::DhcpServer& dhcp);
  void on_committed(const std::string& error);

  // Writes the journal anew as soon as possible.
  void compact();

  struct Statistics {
    std::uint64_t lines = 0;    // in the journal
    std::uint64_t written = 0;  // since the start
    std::uint64_t failed = 0;   // writes
    std::uint64_t compactions = 0;
  };
  const Statistics& statistics() const { return statistics_; }
  const std::string& path() const { return path_; }

 private:
  void append(const live::FileDescriptor& file, const std::string& text);

  std::string path_;
  live::FileDescriptor journal_;
  live::FileDescriptor next_;  // being written, or waiting for its name
  Helpers helpers_;
  std::string pending_;  // lines of this moment
  std::optional<Instant> sync_due_;
  std::uint64_t pending_lines_ = 0;
  std::string foreign_;  // lines of the file that are kept as they are
  std::uint64_t foreign_lines_ = 0;
  std::uint64_t next_lines_ = 0;
  bool is_compacting_ = false;
  bool must_compact_ = false;
  Statistics statistics_;
};

}  // namespace pxeproof::cli

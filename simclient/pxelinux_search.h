#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "simclient/boot_stage.h"
#include "simclient/pxelinux_names.h"

namespace pxeproof::rom {

// pxelinux's view of the server's files: its working directory, PATH, PXERETRY, and the one file it
// looks for at the moment, under one name after the other.
class PxelinuxSearch {
 public:
  struct Found {
    std::string name;     // the one of the names given that was there
    std::string path;     // as it stood in the RRQ
    std::string content;  // of Text, Library and Program
    std::uint64_t size = 0;
  };
  struct Missing {};
  struct FellSilent {  // in the middle of a file; pxelinux gives up for good
    std::string path;
  };
  struct LimitReached {
    std::string path;  // of the last file asked for
  };
  using Result = std::variant<Found, Missing, FellSilent, LimitReached>;

  // Asks for no more than this number of files in all.
  explicit PxelinuxSearch(std::size_t fetch_limit) : fetch_limit_(fetch_limit) {}

  // A pxelinux.0 starts: directory, PATH and the rest are as at the beginning.
  void begin_program(std::string_view prefix, Ipv4Address server);

  PxelinuxDirectory& directory() { return directory_; }
  const PxelinuxDirectory& directory() const { return directory_; }

  // The entry added last is searched first.
  void add_path(std::string entry) { path_.insert(path_.begin(), std::move(entry)); }

  // PXERETRY: how often a failed lookup is repeated.
  void set_retries(std::uint16_t retries) { retries_ = retries; }

  // A name in the working directory, then in the directories of PATH.
  std::vector<std::string> along_path(std::string_view name) const;

  // The server that a name leads to.
  Ipv4Address server_of(std::string_view name) const;

  void look_for(std::vector<std::string> names, Fetch::Use use);
  void on_fetched(const Fetched& fetched);
  std::optional<Fetch> poll_fetch() { return std::exchange(next_fetch_, std::nullopt); }
  std::optional<Result> poll_result() { return std::exchange(result_, std::nullopt); }

  // Why the last name was not found, in a few words.
  const std::string& trouble() const { return trouble_; }

 private:
  void try_next_name();

  std::size_t fetch_limit_;
  Ipv4Address server_;
  PxelinuxDirectory directory_{""};
  std::vector<std::string> path_;  // in the order of the search
  std::uint16_t retries_ = 0;
  Fetch::Ports next_ports_ = Fetch::Ports::First;

  std::deque<std::string> names_;
  Fetch::Use use_ = Fetch::Use::Image;
  unsigned retries_left_ = 0;
  std::string path_under_way_;
  std::size_t fetches_ = 0;
  std::optional<Fetch> next_fetch_;
  std::optional<Result> result_;
  std::string trouble_;
};

}  // namespace pxeproof::rom

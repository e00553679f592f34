#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cli/boot_watch.h"
#include "server/server_event.h"
#include "server/tftp_event.h"

namespace pxeproof::cli {

// The log of a server: dnsmasq's lines, or JSON with a line for each event.
class ServerLog {
 public:
  enum class Format { Text, Json };
  enum class Events { Logged, LeftOut };  // what clients do; messages come always
  enum class Level { Info, Warning, Error };
  struct Options {
    std::function<void(const std::string& line)> print;
    Format format = Format::Text;
    int verbosity = 0;  // 1: also what gets no answer, and why
    Events events = Events::Logged;
    bool quiet_dhcp = false;
    bool quiet_tftp = false;
    bool with_xid = false;  // log-dhcp
  };

  explicit ServerLog(Options options) : options_(std::move(options)) {}

  // quiet-dhcp, quiet-tftp, log-dhcp of a configuration.
  void set_configuration(bool quiet_dhcp, bool quiet_tftp, bool with_xid);

  void message(Level level, std::string_view text) const;
  void event(const server::ServerEvent& event) const;
  void event(const server::TftpEvent& event) const;
  struct BootStory {
    std::optional<ServedPhase> wanted{};  // of a boot, by whoever waits for one
    std::string_view text;                // for people
  };
  // A client's boot that is over.
  void boot(const ServedBoot& boot, const BootStory& story) const;

 private:
  Options options_;
};

}  // namespace pxeproof::cli

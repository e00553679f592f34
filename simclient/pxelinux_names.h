#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"

namespace pxeproof::rom {

// The part of the DHCP boot file that pxelinux puts before every relative name: all up to and with
// the last character that is no letter, digit, dot or hyphen; empty when there is none.
std::string pxelinux_prefix(std::string_view boot_file);

// Where a name leads once the working directory is applied.
struct PxelinuxLocation {
  // Foreign: http and the like, which pxelinux.0 leaves to an iPXE ROM below it.
  enum class Scheme { Tftp, Foreign } scheme = Scheme::Tftp;
  std::string path{};    // as it stands in the RRQ
  std::string server{};  // the host as written; empty: the boot server
};

// pxelinux's working directory: a text put before relative names, nothing more. "..", "//" and a
// leading "/" mean nothing to it.
class PxelinuxDirectory {
 public:
  // The directory at the start: the prefix, counted from the root of the boot server.
  explicit PxelinuxDirectory(std::string_view prefix);

  // An absolute name ("server::dir/", "tftp://server/dir/") replaces it, any other is appended.
  void change(std::string_view name);

  // The whole name of a file, as CONFIG hands it on: relative names get the directory before them.
  std::string absolute(std::string_view name) const;

  PxelinuxLocation locate(std::string_view name) const;

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// What decides which configuration files are tried.
struct PxelinuxIdentity {
  MacAddress mac{};
  Ipv4Address address{};
  std::optional<Guid> guid{};                // absent or zero: that step is left out
  std::optional<std::string> config_file{};  // DHCP option 209
};

// The configuration files in the order in which pxelinux asks for them, relative to the prefix.
std::vector<std::string> pxelinux_config_ladder(const PxelinuxIdentity& identity);

// Where ldlinux.c32 is looked for when it is not under the prefix, in order; each is appended to
// the working directory.
std::vector<std::string> pxelinux_install_directories();

}  // namespace pxeproof::rom

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/boot_target.h"
#include "cli/failure.h"
#include "cli/faults/fault.h"
#include "firmware/profile.h"
#include "simclient/boot_server_discovery.h"
#include "simclient/rom_events.h"

namespace pxeproof::cli {

// What `pxeproof boot` was asked to do.
struct BootOptions {
  BootTarget target;
  std::vector<Fault> faults;  // of the lab's boot server
  std::string interface;      // a real network; empty: a lab
  std::string profile_name = "ipxe-bios";
  std::shared_ptr<const firmware::Profile> profile;
  rom::Phase until = rom::Phase::Payload;
  rom::Waits waits = rom::Waits::Skipped;
  MacAddress mac;
  Guid guid;
  std::optional<std::uint16_t> architecture;
  rom::MenuChoice menu;
  std::uint64_t seed = 1;
  int verbosity = 0;
  std::string save;  // a capture file; empty: none
  std::string json;  // a file, "-", or empty: none

  // A capture or a report on standard output stands alone there.
  bool is_told() const { return json != "-" && save != "-"; }

  // The command that does the same again, with each packet shown.
  std::string again() const;
};

Outcome<BootOptions> read_boot_options(const Arguments& arguments);

// A profile by its name or from a file; the option names it in a message.
bool is_profile_file(std::string_view name_or_file);
Outcome<std::shared_ptr<const firmware::Profile>> load_profile(std::string_view option,
                                                               const std::string& name_or_file);

}  // namespace pxeproof::cli

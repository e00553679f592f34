#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simclient/pxelinux_stage.h"

namespace pxeproof::rom {

using Files = std::map<std::string, std::string>;

constexpr Instant kPowerOn{std::chrono::seconds(100)};

inline PxelinuxOptions pxelinux_options() {
  return {.boot_file = "pxelinux.0",
          .server = Ipv4Address::of(192, 168, 178, 2),
          .mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}},
          .address = Ipv4Address::of(192, 168, 178, 157)};
}

// What one boot asked for, and how it ended.
struct PxelinuxBoot {
  std::vector<Fetch> fetches;
  std::vector<std::string> notes;
  BootStage::Ending ending;
  Duration took{};
  bool ended = false;

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Fetch& fetch : fetches) all.push_back(fetch.name);
    return all;
  }

  // The names after the configuration file was found.
  std::vector<std::string> names_after(const std::string& name) const {
    const std::vector<std::string> all = names();
    for (std::size_t at = 0; at < all.size(); ++at) {
      if (all[at] == name) return {all.begin() + static_cast<std::ptrdiff_t>(at) + 1, all.end()};
    }
    return {};
  }

  const BootStage::Started& started() const { return std::get<BootStage::Started>(ending); }
  const BootStage::Failed& failed() const { return std::get<BootStage::Failed>(ending); }
};

// Boots from a server that has these files, whole, and nothing else. A file "silent" never answers.
inline PxelinuxBoot boot_pxelinux(const Files& files,
                                  PxelinuxOptions options = pxelinux_options()) {
  constexpr std::size_t kMostSteps = 100'000;
  PxelinuxBoot boot;
  Instant now = kPowerOn;
  const auto stage = make_pxelinux_stage(std::move(options));
  stage->start(now);
  for (std::size_t step = 0; step < kMostSteps && !stage->ending(); ++step) {
    if (const auto fetch = stage->poll_fetch()) {
      boot.fetches.push_back(*fetch);
      const auto file = files.find(fetch->name);
      Fetched fetched;
      if (file == files.end()) {
        fetched = {.outcome = Fetched::Outcome::NotFound, .error_text = "file not found"};
      } else {
        fetched = {.outcome = Fetched::Outcome::Complete,
                   .content = as_bytes(file->second),
                   .size = file->second.size()};
      }
      stage->on_fetched(now, fetched);
    } else if (const auto until = stage->poll_timeout()) {
      now = *until;
      stage->on_timeout(now);
    } else {
      break;
    }
    while (auto note = stage->poll_note()) boot.notes.push_back(*note);
  }
  boot.ended = stage->ending().has_value();
  if (boot.ended) boot.ending = *stage->ending();
  boot.took = now - kPowerOn;
  return boot;
}

// The files of every test: ldlinux.c32 and a configuration.
inline Files with_config(std::string config, Files more = {}) {
  more["ldlinux.c32"] = "module";
  more["pxelinux.cfg/default"] = std::move(config);
  return more;
}

}  // namespace pxeproof::rom

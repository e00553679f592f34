#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "simclient/grub_stage.h"

namespace pxeproof::rom {

using GrubFiles = std::map<std::string, std::string>;

// core.0 of grub-mknetdir.
inline firmware::GrubImage netdir_image() {
  return {.platform = "i386-pc",
          .prefix = "//boot/grub",
          .modules = {"bufio", "boot", "datetime", "priority_queue", "net", "tftp", "pxe"},
          .config = {},
          .memdisk_config = {}};
}

// An image with every module of a usual configuration built in.
inline firmware::GrubImage full_image() {
  return {.platform = "x86_64-efi",
          .prefix = "/grub",
          .modules = {"boot",     "chain",  "configfile", "echo",    "eval",   "font",
                      "gzio",     "linux",  "linuxefi",   "loadenv", "ls",     "minicmd",
                      "net",      "normal", "reboot",     "regexp",  "search", "sleep",
                      "terminal", "test",   "tftp",       "true"},
          .config = "normal (memdisk)/grub.cfg\n",
          .memdisk_config = "source $prefix/grub.cfg\n"};
}

inline GrubOptions grub_options(firmware::GrubImage image) {
  return {.image = std::move(image),
          .boot_file = "boot/core.0",
          .server = Ipv4Address::of(10, 0, 2, 2),
          .mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}},
          .address = Ipv4Address::of(10, 0, 2, 15)};
}

struct GrubBoot {
  std::vector<std::string> names;
  std::vector<std::string> notes;
  BootStage::Ending ending;
  Duration took{};
  bool ended = false;

  const BootStage::Failed& failed() const { return std::get<BootStage::Failed>(ending); }
  const BootStage::Started& started() const { return std::get<BootStage::Started>(ending); }
  const BootStage::Chained& chained() const { return std::get<BootStage::Chained>(ending); }
};

// Boots from a server that has these files and nothing else.
inline GrubBoot boot_grub(const GrubFiles& files, GrubOptions options) {
  constexpr std::size_t kMostSteps = 100'000;
  const Instant start{std::chrono::seconds(100)};
  Instant now = start;
  GrubBoot boot;
  const auto stage = make_grub_stage(std::move(options));
  stage->start(now);
  for (std::size_t step = 0; step < kMostSteps && !stage->ending(); ++step) {
    if (const auto fetch = stage->poll_fetch()) {
      boot.names.push_back(fetch->name);
      const auto file = files.find(fetch->name);
      Fetched fetched{.outcome = Fetched::Outcome::NotFound, .error_text = "file not found"};
      if (file != files.end()) {
        fetched = {.content = as_bytes(file->second), .size = file->second.size()};
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
  boot.took = now - start;
  return boot;
}

// The boot of a configuration with all modules built in.
inline GrubBoot boot_grub_config(std::string config, GrubFiles more = {}) {
  more["/grub/grub.cfg"] = std::move(config);
  return boot_grub(more, grub_options(full_image()));
}

// What was asked for behind the configuration.
inline std::vector<std::string> names_behind_config(const GrubBoot& boot) {
  for (std::size_t at = 0; at < boot.names.size(); ++at) {
    if (boot.names[at] == "/grub/grub.cfg") {
      return {boot.names.begin() + static_cast<std::ptrdiff_t>(at) + 1, boot.names.end()};
    }
  }
  return {};
}

}  // namespace pxeproof::rom

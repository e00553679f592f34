#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "firmware/boot_image.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "simclient/boot_server_discovery.h"
#include "simclient/boot_stage.h"
#include "simclient/server_settings.h"

namespace pxeproof::rom {

// What a second-stage program finds in memory when its image starts.
struct StageInput {
  firmware::BootImage image = firmware::BootImage::Unknown;
  ByteView content;       // the image, valid during the call; empty when it is not at hand
  std::string name;       // it was asked by
  std::string boot_file;  // that the DHCP packets name: the same, unless another program chained it
  Ipv4Address server;     // that it came from
  MacAddress mac;
  Guid guid;
  std::uint16_t architecture = 0;
  Subnet subnet;  // own address and netmask
  std::optional<Ipv4Address> router;
  ServerSettings settings;                 // the DHCP packets that the firmware keeps
  std::optional<std::string> config_file;  // option 209
  std::optional<std::string> path_prefix;  // option 210
  std::string arguments;                   // handed over by the program that started it
  Waits waits = Waits::Skipped;
};

// Makes the program behind an image; nullptr when nobody knows it, and so it is just started.
using StageMaker = std::function<std::unique_ptr<BootStage>(const StageInput&)>;
std::unique_ptr<BootStage> make_stage(const StageInput& input);

}  // namespace pxeproof::rom

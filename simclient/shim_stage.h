#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "protocol/addresses.h"
#include "simclient/boot_stage.h"

namespace pxeproof::rom {

struct ShimOptions {
  std::string name{};  // as the firmware asked for it
  Ipv4Address server{};
  std::uint16_t architecture = 7;    // 6: grubia32.efi, 7: grubx64.efi, 11: grubaa64.efi
  bool asks_for_revocations = true;  // since 15.8; the names stand in the image
};

// shim: looks for its revocations and certificates, then starts GRUB from its own directory. It
// fetches with the firmware's TFTP client, in a manner of its own (firmware/programs/shim.toml).
std::unique_ptr<BootStage> make_shim_stage(ShimOptions options);

}  // namespace pxeproof::rom

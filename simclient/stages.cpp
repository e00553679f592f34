#include "simclient/stages.h"

#include "simclient/pxelinux_stage.h"

namespace pxeproof::rom {

std::unique_ptr<BootStage> make_stage(const StageInput& input) {
  switch (input.image) {
    case firmware::BootImage::Unknown:
    case firmware::BootImage::Linux:  // it runs by itself: there is no second stage to follow
    case firmware::BootImage::Elf:
      return nullptr;
    case firmware::BootImage::Lpxelinux:  // fetches the same files
    case firmware::BootImage::Pxelinux:
      break;
  }
  PxelinuxOptions options;
  options.boot_file = input.boot_file;
  options.server = input.server;
  options.mac = input.mac;
  options.address = input.subnet.address;
  options.gateway = input.router;
  options.netmask = input.subnet.netmask;
  options.guid = input.guid;
  options.config_file = input.config_file;
  options.path_prefix = input.path_prefix;
  options.waits = input.waits == Waits::Real ? PxelinuxWaits::Real : PxelinuxWaits::SkipIdle;
  return make_pxelinux_stage(std::move(options));
}

}  // namespace pxeproof::rom

#include "simclient/stages.h"

#include "firmware/grub_image.h"
#include "simclient/grub_stage.h"
#include "simclient/pxelinux_stage.h"

namespace pxeproof::rom {

namespace {

std::unique_ptr<BootStage> make_pxelinux(const StageInput& input) {
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

// What GRUB reads in the DHCP acknowledgement; it knows no other packet.
std::unique_ptr<BootStage> make_grub(const StageInput& input) {
  const auto image = firmware::read_grub_image(input.content);
  if (!image) return nullptr;
  GrubOptions options;
  options.image = *image;
  options.mac = input.mac;
  options.address = input.subnet.address;
  options.waits =
      input.waits == Waits::Real ? GrubOptions::Waits::Real : GrubOptions::Waits::SkipIdle;
  const auto acknowledgement = input.settings.acknowledgement();
  if (!acknowledgement) return make_grub_stage(std::move(options));
  options.server = acknowledgement->siaddr();
  const std::string_view option_file = acknowledgement->text(dhcp::OptionCode::BootFileName);
  options.boot_file = option_file.empty() ? acknowledgement->file_text() : option_file;
  if (const auto uuid = acknowledgement->first(dhcp::OptionCode::ClientMachineIdentifier);
      uuid && uuid->size() == 17) {
    Guid guid;
    std::copy_n(uuid->begin() + 1, guid.octets.size(), guid.octets.begin());
    options.client_uuid = guid;
  }
  struct Property {
    dhcp::OptionCode code;
    std::string_view name;
  };
  for (const Property& property :
       {Property{dhcp::OptionCode::HostName, "hostname"},
        Property{dhcp::OptionCode::DomainName, "domain"},
        Property{dhcp::OptionCode::RootPath, "rootpath"},
        Property{dhcp::OptionCode::TftpServerName, "dhcp_server_name"}}) {
    const std::string_view value = acknowledgement->text(property.code);
    if (!value.empty()) options.properties[std::string(property.name)] = value;
  }
  return make_grub_stage(std::move(options));
}

}  // namespace

std::unique_ptr<BootStage> make_stage(const StageInput& input) {
  using firmware::BootImage;
  switch (input.image) {
    case BootImage::Unknown:
    case BootImage::Linux:  // it runs by itself: there is no second stage to follow
    case BootImage::Elf:
    case BootImage::Ipxe:
    case BootImage::IpxeScript:
    case BootImage::SyslinuxEfi:
    case BootImage::Shim:
      return nullptr;
    case BootImage::Lpxelinux:  // fetches the same files
    case BootImage::Pxelinux:
      return make_pxelinux(input);
    case BootImage::Grub:
      return make_grub(input);
  }
  return nullptr;
}

}  // namespace pxeproof::rom

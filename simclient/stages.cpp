#include "simclient/stages.h"

#include <algorithm>

#include "firmware/grub_image.h"
#include "firmware/profile.h"
#include "simclient/grub_stage.h"
#include "simclient/ipxe_stage.h"
#include "simclient/pxelinux_stage.h"
#include "simclient/shim_stage.h"

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
  if (input.image == firmware::BootImage::SyslinuxEfi) {
    options.variant = PxelinuxOptions::Variant::SyslinuxEfi;
    options.core = input.architecture == 6 ? "ldlinux.e32" : "ldlinux.e64";
    options.dhcp_profile = "edk2-address-only";
  }
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

std::unique_ptr<BootStage> make_ipxe(const StageInput& input) {
  const bool efi = input.content.size() > 2 && input.content[0] == 'M' && input.content[1] == 'Z';
  IpxeOptions options;
  if (input.image == firmware::BootImage::IpxeScript) {
    if (input.content.empty()) return nullptr;
    options.script = as_text(input.content);
  } else {
    // The name stands in UTF-16 or plain in builds that look for it.
    const std::string text = as_text(input.content);
    options.looks_for_autoexec = text.find("autoexec.ipxe") != std::string::npos;
  }
  const bool uefi = efi || input.architecture != 0;
  options.platform = uefi ? IpxeOptions::Platform::Efi : IpxeOptions::Platform::Bios;
  if (uefi) {
    options.build_architecture = input.architecture == 11  ? "arm64"
                                 : input.architecture == 6 ? "i386"
                                                           : "x86_64";
    const auto profiles = firmware::builtin_profile_names();
    constexpr std::string_view kEfiProfile = "ipxe-efi-x64";
    if (std::find(profiles.begin(), profiles.end(), kEfiProfile) != profiles.end()) {
      options.dhcp_profile = kEfiProfile;
    }
  }
  options.boot_file = input.name;
  options.server = input.server;
  options.mac = input.mac;
  options.guid = input.guid;
  options.subnet = input.subnet;
  options.router = input.router;
  options.settings = input.settings;
  options.waits =
      input.waits == Waits::Real ? IpxeOptions::Waits::Real : IpxeOptions::Waits::SkipIdle;
  return make_ipxe_stage(std::move(options));
}

std::unique_ptr<BootStage> make_shim(const StageInput& input) {
  const std::string text = as_text(input.content);
  return make_shim_stage(
      {.name = input.name,
       .server = input.server,
       .architecture = input.architecture,
       .asks_for_revocations = text.find("revocations_sbat.efi") != std::string::npos});
}

}  // namespace

std::unique_ptr<BootStage> make_stage(const StageInput& input) {
  using firmware::BootImage;
  switch (input.image) {
    case BootImage::Unknown:  // it is started, and what it does is its own affair
    case BootImage::Linux:
    case BootImage::Elf:
      return nullptr;
    case BootImage::Ipxe:
    case BootImage::IpxeScript:
      return make_ipxe(input);
    case BootImage::Shim:
      return make_shim(input);
    case BootImage::Lpxelinux:  // fetches the same files
    case BootImage::Pxelinux:
    case BootImage::SyslinuxEfi:
      return make_pxelinux(input);
    case BootImage::Grub:
      return make_grub(input);
  }
  return nullptr;
}

}  // namespace pxeproof::rom

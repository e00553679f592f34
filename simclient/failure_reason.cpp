#include "simclient/failure_reason.h"

namespace pxeproof::rom {

std::string reason_of(firmware::Failure failure) {
  switch (failure) {
    case firmware::Failure::NoOffer:
      return "no server offered an address";
    case firmware::Failure::NoAcknowledgement:
      return "the address server did not confirm the address it offered";
    case firmware::Failure::NothingToBoot:
      return "no server named a file to boot";
    case firmware::Failure::NoServerForFile:
      return "a file to boot is named, but not the server that has it (siaddr is 0)";
    case firmware::Failure::BootServerSilent:
      return "no boot server answered for the chosen menu item";
    case firmware::Failure::NoBootServer:
      return "the menu item has no boot server: discovery control allows nobody to be asked";
    case firmware::Failure::NoFileFromBootServer:
      return "the boot server answered without naming a file and the server that has it";
    case firmware::Failure::MenuAborted:
      return "the boot menu was left with a key";
    case firmware::Failure::OffersUnusable:
      return "servers made offers, but nothing can be booted from them";
    case firmware::Failure::RequestRefused:
      return "the address server refused the address it had offered (NAK)";
    case firmware::Failure::LeaseUnusable:
      return "the lease is not the one offered or has no netmask, and was declined";
    case firmware::Failure::ProxySilent:
      return "nobody answers on port 4011, where this firmware asks after every proxy offer that "
             "carries no discovery control";
    case firmware::Failure::ProxyUnusable:
      return "port 4011 answered without naming anything to boot";
    case firmware::Failure::DiscoveryImpossible:
      return "the discovery control block leaves only multicast, without a group to ask";
    case firmware::Failure::SizeUnknown:
      return "the server does not say how large the boot file is (no tsize in its OACK)";
    case firmware::Failure::NotAnImage:
      return "the file to boot is empty, too large, or no image that this firmware runs";
    case firmware::Failure::OtherMachine:
      return "the file to boot is a UEFI image for another machine";
    case firmware::Failure::ImageHangs:
      return "the file to boot is no BIOS boot program (a UEFI image, a script or an ELF file); "
             "the ROM jumps into it all the same, and the machine hangs";
    case firmware::Failure::FileTimeout:
    case firmware::Failure::FileNotFound:
    case firmware::Failure::FileAccess:
    case firmware::Failure::FileRefused:
    case firmware::Failure::FileError:
    case firmware::Failure::FileOptions:
    case firmware::Failure::FileProtocol:
      break;
  }
  return {};
}

}  // namespace pxeproof::rom

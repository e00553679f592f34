#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "protocol/addresses.h"
#include "protocol/time.h"

namespace pxeproof::server {

// The answers that a conformance mutant or the list of differences from dnsmasq can switch. The
// defaults are right; where dnsmasq 2.90 is right too they are its own. No code asks who set them.
struct Policy {
  // Flags of a reply without yiaddr. RFC 2131 table 3 says copy (D20).
  enum class Flags { Copy, ForceBroadcast } flags = Flags::Copy;
  // hops and secs of a reply. RFC 2131 table 3 says zero; dnsmasq echoes, and every client takes
  // both.
  enum class HopsAndSecs { Echo, Zero } hops_and_secs = HopsAndSecs::Echo;
  // siaddr of a BIOS answer whose dhcp-boot has no address (D8).
  enum class BootServerAddress { Own, Unspecified } bios_boot_server = BootServerAddress::Own;
  // An architecture for which nothing is configured (D10).
  enum class Unserved { Silent, BareOffer } unserved = Unserved::Silent;
  // 43.6=08 in a UEFI OFFER that carries siaddr and file, and no menu (D11).
  enum class FileHint { UseBootFile, None } uefi_file_hint = FileHint::UseBootFile;
  // Addresses in 43.8 for a service with a file and a server of its own (D15). This server answers
  // 4011 for it in any case, and so stands first.
  enum class ServerList { OwnThenConfigured, OwnOnly } server_list = ServerList::OwnThenConfigured;
  // Whether the entries without a file count in the rule of the single UEFI service (D16).
  enum class SingleService { AllEntries, FilesOnly } single_service = SingleService::AllEntries;
  // Elements of option 93 that are looked at (D18).
  enum class Architectures { FirstServed, FirstOnly } architectures = Architectures::FirstServed;
  // Types 7 and 9 both mean x64 UEFI (RFC 4578 erratum 4624).
  enum class X64Twins { Same, Distinct } x64_twins = X64Twins::Same;
  // A boot item of another architecture or with unset tags (D6).
  enum class ItemCheck {
    ArchitectureAndTags,
    TypeOnly
  } item_check = ItemCheck::ArchitectureAndTags;
  // dhcp-host=...,ignore in proxy answers (D7).
  enum class IgnoredHost { Silent, Answered } ignored_host = IgnoredHost::Silent;
  // Option 54 of a REQUEST on the boot server port (D19).
  enum class ServerIdentifier {
    Compared,
    Unchecked
  } server_identifier = ServerIdentifier::Compared;
  // A plain REQUEST on the boot server port from a client of an ordinary range (D5).
  enum class PoolBootServer { Answered, Silent } pool_boot_server = PoolBootServer::Answered;
  // Where the answer to a REQUEST on the boot server port goes when ciaddr is not its IP source.
  enum class ReturnAddress { Source, Ciaddr } return_address = ReturnAddress::Source;
  // Option 6 where no dhcp-option gives it and port is 53: dnsmasq announces itself.
  enum class NameServer { Own, None } name_server = NameServer::Own;

  // Multicast boot server discovery (43.7, draft-henry-remote-boot-protocol-00 s.3.2.3.2); nullopt:
  // not offered.
  std::optional<Ipv4Address> discovery_group{};

  // Offered addresses are kept for the client this long.
  Duration offer_hold = std::chrono::seconds(60);
  // A declined address is left alone this long, as dnsmasq does with static ones.
  Duration decline_back_off = std::chrono::minutes(10);

  // Replies that wait for poll_transmit or for dhcp-reply-delay.
  std::size_t maximum_waiting_replies = 16384;
  // Offers held at once; the oldest one makes room.
  std::size_t maximum_held_offers = 65536;
  // Events and lease changes that wait to be polled; the oldest ones make room.
  std::size_t maximum_waiting_events = 8192;
};

}  // namespace pxeproof::server

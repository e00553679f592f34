#pragma once

#include <optional>
#include <string_view>

#include "protocol/bytes.h"
#include "trace/seen_packet.h"
#include "trace/steps.h"

namespace pxeproof::trace {

// Who speaks in a client's DHCP message.
enum class ClientKind {
  Rom,      // a PXE or UEFI network boot ROM, or U-Boot
  Ipxe,     // iPXE or gPXE, as ROM or as a program
  HttpRom,  // UEFI HTTP boot
  Plain,    // no sign of network boot: GRUB, a UEFI driver, an operating system
};
ClientKind kind_of(const DhcpStep& step);

// Option 60 of a ROM's question, or of an answer to one.
bool is_class_of_boot(std::string_view vendor_class);

// The message shows a network boot: option 60, 77, 93, 97 or 175 of one, or a PXE server's answer.
bool shows_network_boot(const DhcpStep& step);

// A client's message with which a machine may begin: DISCOVER, or a BOOTP request.
bool begins_boot(const DhcpStep& step);

// Same kind, class and architecture: the same program asks.
bool asks_alike(const DhcpStep& left, const DhcpStep& right);

// Reads the DHCP message of a UDP packet; when the capture cut it, as far as it goes. nullopt when
// it is none.
std::optional<DhcpStep> read_seen_dhcp(const SeenPacket& packet);

// Long enough for BOOTP and with its magic cookie, whatever the options say.
bool looks_like_dhcp(ByteView payload);

// Reads an ICMP "unreachable" with the packet it quotes.
std::optional<IcmpStep> read_icmp(const SeenPacket& packet);

}  // namespace pxeproof::trace

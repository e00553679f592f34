#pragma once

#include <optional>
#include <vector>

#include "trace/boot.h"
#include "trace/dhcp_signs.h"

namespace pxeproof::trace {

// A step and its particular kind; both point into the boot.
template <typename What>
struct Seen {
  const Step* step = nullptr;
  const What* what = nullptr;

  const What* operator->() const { return what; }
  Instant at() const { return step->at; }
  std::uint32_t packet() const { return step->first_packet; }
};
using SeenDhcp = Seen<DhcpStep>;
using SeenTransfer = Seen<TransferStep>;
using SeenHttp = Seen<HttpStep>;
using SeenIcmp = Seen<IcmpStep>;
using SeenArp = Seen<ArpStep>;

// One round of a boot: a program asks for an address and for what to boot, and fetches it. The ROM
// makes the first; iPXE, GRUB or the operating system may make further ones. It points into the
// boot, which must outlive it.
struct BootSession {
  ClientKind kind = ClientKind::Plain;
  ClientKind rom = ClientKind::Plain;  // the kind of the boot's first round
  Instant begun;
  Instant ended;
  std::vector<SeenDhcp> discovers;
  std::vector<SeenDhcp> offers;  // each once, however often it was repeated
  std::vector<SeenDhcp> requests;
  std::vector<SeenDhcp> acks;  // of addresses
  std::vector<SeenDhcp> naks;
  std::vector<SeenDhcp> declines;
  std::vector<SeenDhcp> odd_answers;           // ACK or NAK to a DISCOVER
  std::vector<SeenDhcp> boot_server_requests;  // to port 4011, or for a boot server item
  std::vector<SeenDhcp> boot_server_answers;
  std::vector<SeenDhcp> client_copies;  // what a relay sent on for the client
  std::uint32_t repeated_offers = 0;
  std::vector<SeenTransfer> transfers;
  std::vector<SeenHttp> http;
  std::vector<SeenIcmp> icmp;
  std::vector<SeenArp> unanswered_arp;
  std::vector<SeenArp> address_conflicts;

  // The first message of the client; nullptr when there is none.
  const DhcpStep* question() const;
  bool fetches() const { return !transfers.empty() || !http.empty(); }
};
std::vector<BootSession> split_sessions(const Boot& boot);

// The round that decides about the boot: the last one, unless that is a mere further try, such as
// UEFI's HTTP boot after its PXE boot failed, or the operating system. nullptr for none.
const BootSession* deciding_session(const std::vector<BootSession>& sessions);

// Whose packets of a boot the capture holds. A filter of one direction (tcpdump -Q, a mirror of
// received frames only) leaves the other side's out, and one of port 69 the transfers behind their
// requests. Then silence means nothing.
enum class CapturedSides { Both, ClientOnly, ServersOnly, WithoutTransfers };
CapturedSides captured_sides(const std::vector<BootSession>& sessions);

// A request for the size of a file only: it asked for tsize and the client stopped it at once.
bool is_size_probe(const TransferStep& transfer);

// The answer whose menu the client shows while it waits for a key (43.10 with 255); nullptr when
// it waits for nobody.
const SeenDhcp* waiting_menu(const BootSession& session);

// The address was refused before anybody acknowledged it, and the round led no further.
const SeenDhcp* refused_address(const BootSession& session);

// The firmware's next try by another way, so soon after this round that what it loaded did not
// run; nullptr when there is none.
const BootSession* next_device(const std::vector<BootSession>& sessions,
                               const BootSession& decides);

// WDS tells a machine so to leave the network boot.
bool is_abort_program(std::string_view filename);

// shim's MokManager, which it starts when it refuses the loader behind it.
bool is_key_manager(std::string_view filename);

// A file came whole in this round.
bool has_file(const BootSession& session);

// It came whole as far as can be seen: acknowledged to the end, or the last block was sent.
bool came_whole(const TransferStep& transfer);

}  // namespace pxeproof::trace

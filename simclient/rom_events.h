#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "firmware/profile.h"
#include "protocol/addresses.h"
#include "protocol/time.h"

namespace pxeproof::rom {

// How far a boot gets; also how far it is to go.
enum class Phase {
  Offer,       // an address is offered
  BootServer,  // it is known what to boot from where (proxy, port 4011)
  Nbp,         // the network bootstrap program came whole
  Config,      // its configuration came whole
  Payload,     // everything came whole and would run now
};
std::string_view to_string(Phase phase);
std::optional<Phase> parse_phase(std::string_view text);  // "offer", "4011", "nbp", "config", ...

// Why a packet that reached the client is not used.
enum class Ignored {
  BadFrame,            // checksum, length or fragment
  NoListener,          // nobody waits on that port
  NotDhcp,             // no DHCP message at all
  TooLong,             // more octets than the firmware takes
  ForeignXid,          // the answer to another exchange
  ForeignClient,       // the answer to another machine
  WrongSourcePort,     // not the port this answer must come from
  WrongType,           // not the message type waited for
  WrongServer,         // not the server asked
  WrongAddress,        // not the address offered
  NoServerIdentifier,  // an offer without option 54
  NoNetmask,           // a lease without option 1; declined
  NoBootOptions,       // a boot server's answer that names nothing to boot
  WrongItem,           // not the menu item asked for
  ServerNotListed,     // not among the servers that may answer
  LowerPriority,       // an offer worse than the one held
  NotAnOffer,          // neither an address nor a word from a proxy
  ForeignSource,       // TFTP: not from the server of this transfer
  UnusableReply,       // TFTP: no packet a client expects
  RingFull,            // the card holds no more frames while a program idles
};
std::string_view to_string(Ignored reason);

struct PoweredOn {};
struct DiscoverSent {
  unsigned number = 1;  // counts the sends of this message
};
struct OfferSeen {
  Ipv4Address server;   // who speaks: option 54, else siaddr, else the sender
  Ipv4Address address;  // unspecified: none offered
  bool from_proxy = false;
  bool has_menu = false;
  Ipv4Address next_server;
  std::string boot_file;
};
struct RequestSent {
  Ipv4Address server;
  Ipv4Address address;
  unsigned number = 1;
};
struct AddressAcquired {
  Ipv4Address address;
  Ipv4Address netmask;
  std::optional<Ipv4Address> router;
  Ipv4Address server;
};
struct ProxyRequestSent {
  Ipv4Address proxy;
  unsigned number = 1;
};
struct ProxyAnswered {
  Ipv4Address proxy;
  Ipv4Address next_server;
  std::string boot_file;
  bool has_menu = false;
};
struct ProxySilent {  // the firmware carries on without it
  Ipv4Address proxy;
};
struct MenuSeen {
  std::vector<std::string> entries;
  std::string prompt;
  std::optional<std::uint8_t> timeout_seconds;
};
struct BootServerRequestSent {
  Endpoint destination;
  std::uint16_t type = 0;
  unsigned number = 1;
};
struct BootServerAnswered {
  Ipv4Address server;
  Ipv4Address next_server;
  std::string boot_file;
};
struct FileBegun {
  std::string name;  // as it stands in the RRQ
  Ipv4Address server;
};
struct FileSized {
  std::string name;
  std::optional<std::uint64_t> size;  // octets, if the server says
  std::uint16_t block_size = 512;
};
struct FileDone {
  enum class Verdict { Equal, Unchecked };
  std::string name;
  std::uint64_t octets = 0;
  std::uint64_t blocks = 0;
  std::uint64_t asked_again = 0;  // RRQs and ACKs sent once more after a silence
  std::uint64_t duplicates = 0;   // DATA that came more than once
  Verdict verdict = Verdict::Unchecked;
  Duration duration{};
};
struct FileMissing {  // the server's ERROR
  std::string name;
  std::uint16_t code = 0;
  std::string text;
};
struct FileFailed {
  std::string name;
  std::string reason;
};
struct ProgramStarted {
  std::string name;
};
struct ProgramNote {
  std::string text;
};
struct AttemptFailed {  // the firmware tries another way
  std::string name;
  std::string reason;
  std::string next;
};
struct PacketIgnored {
  Endpoint source;
  Ignored reason = Ignored::NoListener;
};
struct PhaseReached {  // the boot server is known, the NBP or its configuration came whole
  Phase phase = Phase::BootServer;
};
struct Booted {
  Phase reached = Phase::Payload;
  enum class What { Image, LocalDisk };
  What what = What::Image;
  std::string image;  // the kernel, or the NBP nobody knows; empty when it was not to go that far
  std::string command_line;

  // It left the network boot before the phase it was to reach; the whole boot may end there.
  bool falls_short_of(Phase until) const {
    return what == What::LocalDisk && until != Phase::Payload && reached < until;
  }
};
struct Failed {
  Phase phase = Phase::Offer;                // the one that was not reached
  std::optional<firmware::Failure> failure;  // nullopt: it failed in the second stage, or by us
  std::string firmware_words;  // what the screen shows, lines separated by \n; empty: nothing
  std::string reason;          // ours, one line
};

using RomEvent =
    std::variant<PoweredOn, DiscoverSent, OfferSeen, RequestSent, AddressAcquired, ProxyRequestSent,
                 ProxyAnswered, ProxySilent, MenuSeen, BootServerRequestSent, BootServerAnswered,
                 FileBegun, FileSized, FileDone, FileMissing, FileFailed, ProgramStarted,
                 ProgramNote, AttemptFailed, PacketIgnored, PhaseReached, Booted, Failed>;

// What happened, and when.
struct TimedRomEvent {
  Instant at;
  RomEvent event;
};

}  // namespace pxeproof::rom

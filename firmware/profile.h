#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/dhcp_rules.h"
#include "firmware/retry_rule.h"
#include "firmware/tftp_manners.h"
#include "protocol/result.h"
#include "protocol/time.h"

namespace pxeproof::firmware {

// How ARP is spoken.
struct ArpRules {
  RetryRule retry;  // of a request; at its end the packets that waited are dropped
  enum class Announce { Never, WhenConfigured };
  Announce announce = Announce::Never;  // a gratuitous request for the own address
  // A reply is a fresh frame, or the request's own buffer turned round, with all its octets.
  enum class Reply { Fresh, TurnedRound };
  Reply reply = Reply::Fresh;
  // What it knows of its neighbours is kept, or forgotten with every new DHCP session.
  enum class Cache { Kept, PerSession };
  Cache cache = Cache::Kept;
};

// How the header below UDP is filled in.
struct IpRules {
  std::uint8_t ttl = 64;
  bool dont_fragment = false;
  bool udp_checksum = true;
  // CountAndReceived: the high octet counts packets, the low one holds the number of frames
  // received, modulo 16. Counter: starts at first_identification and adds one per packet.
  // RandomCounter: the same, and where it starts is drawn. Constant: always the first one.
  enum class Identification { Counter, CountAndReceived, RandomCounter, Constant };
  Identification identification = Identification::Counter;
  std::uint16_t first_identification = 0;
};

// The network card and its driver.
struct LinkRules {
  std::size_t surplus_octets = 0;  // zeros the driver leaves behind every received frame
  std::size_t receive_ring = 8;    // frames kept while nobody polls the card
};

// Conditions under which a firmware stops, each with its own words.
enum class Failure {
  NoOffer,            // nobody offered an address
  NoAcknowledgement,  // the selected server did not confirm the address
  NothingToBoot,      // no server named a boot file
  NoServerForFile,    // a boot file, but no address to fetch it from
  BootServerSilent,   // nobody answered for the chosen menu item
  NoBootServer,       // the menu item has no server to ask
  NoFileFromBootServer,
  MenuAborted,
  OffersUnusable,       // offers came, but none of them, nor two together, can be booted from
  RequestRefused,       // NAK
  LeaseUnusable,        // the acknowledgement was declined
  ProxySilent,          // port 4011 does not answer
  ProxyUnusable,        // port 4011 answers without anything to boot
  DiscoveryImpossible,  // the discovery control block names no way that can be gone
  SizeUnknown,          // the server does not say how large the file is
  NotAnImage,           // the file came whole, and the firmware cannot run it
  OtherMachine,         // it is a UEFI image, for a machine of another kind
  ImageHangs,           // it is no boot program, and the ROM jumps into it all the same
  FileTimeout,
  FileNotFound,
  FileAccess,
  FileRefused,   // TFTP ERROR 4
  FileError,     // any other TFTP ERROR
  FileOptions,   // an OACK the client cannot use
  FileProtocol,  // a TFTP reply the client cannot use
};
std::string_view to_string(Failure failure);

// What a TFTP ERROR in place of the file is to the firmware.
Failure failure_of_error(std::uint16_t tftp_code);

// A field in which a simulated packet may differ from the real machine's, and what holds of it all
// the same. Checksums follow from the rest and are not listed.
struct VolatileField {
  std::string packets;  // how their kind begins: "DHCP", "DHCP 3 to port 4011", "TFTP"; empty: all
  std::string field;    // "dhcp.xid"
  enum class Relation {
    SameWhereSame,  // equal values here are equal values there
    Kept,           // equal values there are equal values here
    SameSteps,      // it moves from packet to packet by the same amounts
    Milliseconds,   // its differences are the time between the packets, in milliseconds
    HighOctet,      // its upper octet is the same
    OneOctet,       // one octet of it may be another
    SameSize,       // it has as many octets
  };
  Relation relation = Relation::SameWhereSame;
};
std::string_view to_string(VolatileField::Relation relation);

// What is known of one firmware: all that sets its packets, waits and choices apart from another's.
// Read from TOML; see docs/profiles.md and the files in firmware/profiles.
struct Profile {
  std::string name;    // "ipxe-bios"
  std::string title;   // for people, one line
  std::string source;  // what the values rest on
  std::uint16_t architecture = 0;
  std::uint16_t http_architecture = 0;  // RFC 4578's for the same machine booting over HTTP
  TickRules clock;
  LinkRules link;
  IpRules ip;
  ArpRules arp;
  std::optional<RetryRule> router_solicitations;  // of the IPv6 configuration; nullopt: no IPv6
  SessionXid xid = SessionXid::Random;
  std::uint32_t fixed_xid = 0;        // for SessionXid::Fixed
  std::uint32_t xid_step = 1;         // from one DHCP session to the next
  std::vector<BootAttempt> attempts;  // one at least
  DhcpPhase proxy_request;
  DhcpPhase boot_server_request;
  std::optional<DhcpPhase> boot_server_broadcast;  // nullopt: as any boot server request
  std::vector<OptionTemplate> decline;             // options of a DECLINE
  OfferRules offers;
  DiscoveryRules discovery;
  TftpManners tftp;
  // Of images it runs (PE header). Empty: it is no UEFI firmware and looks at no such header.
  std::vector<std::uint16_t> efi_machines;
  bool loads_kernels = false;                // Linux kernels and ELF files, as a boot loader does
  bool runs_scripts = false;                 // #!ipxe
  std::optional<std::uint64_t> largest_nbp;  // octets; a larger one is not run
  std::map<Failure, std::string> words;      // what the screen shows last; some it never says

  std::vector<VolatileField> volatile_fields;

  // With the text of the server's ERROR in the place of "{error}".
  std::string words_for(Failure failure, std::string_view error_text = {}) const;
};

// Why a text is no profile: "origin:line: what, and what to do".
struct ProfileError {
  std::string message;
};

// Reads a profile. The origin (a file name) is for messages. Unknown keys are errors.
Result<Profile, ProfileError> parse_profile(std::string_view text, std::string_view origin);

// The network stack of a second-stage program that does not use the firmware's.
struct StackRules {
  // Resident: it stays when the program starts another one.
  enum class Kind { UntilItHandsOver, Resident };
  Kind kind = Kind::UntilItHandsOver;
  LinkRules link;
  IpRules ip;
  ArpRules arp;
};

// What is known of a second-stage program beside the files it asks for (firmware/programs).
struct Program {
  std::string name;
  TickRules clock;
  bool polls_card_while_idle = true;  // answers ARP also while it fetches nothing
  std::optional<StackRules> stack;    // nullopt: the firmware's
  TftpManners tftp;
};
Result<Program, ProfileError> parse_program(std::string_view text, std::string_view origin);

// The profiles compiled into the binary. An unknown name gives an error that lists the known ones.
Result<std::shared_ptr<const Profile>, ProfileError> builtin_profile(std::string_view name);
std::vector<std::string_view> builtin_profile_names();

// The TOML text of a built-in profile; nullopt when there is none of that name.
std::optional<std::string_view> builtin_profile_text(std::string_view name);

// The programs compiled into the binary: "pxelinux".
Result<std::shared_ptr<const Program>, ProfileError> builtin_program(std::string_view name);

}  // namespace pxeproof::firmware

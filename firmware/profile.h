#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/option_template.h"
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
};

// How the header below UDP is filled in.
struct IpRules {
  std::uint8_t ttl = 64;
  bool dont_fragment = false;
  bool udp_checksum = true;
  // CountAndReceived: the high octet counts packets, the low one holds the number of frames
  // received, modulo 16. Counter: starts at first_identification and adds one per packet.
  enum class Identification { Counter, CountAndReceived };
  Identification identification = Identification::Counter;
  std::uint16_t first_identification = 0;
};

// The network card and its driver.
struct LinkRules {
  std::size_t surplus_octets = 0;  // zeros the driver leaves behind every received frame
  std::size_t receive_ring = 8;    // frames kept while nobody polls the card
};

// A message of a DHCP phase and how long it is repeated.
struct DhcpPhase {
  std::vector<OptionTemplate> options;  // in wire order; END follows
  std::size_t minimum_size = 0;         // octets of the BOOTP message, zero padded behind END
  std::uint16_t flags = 0;
  enum class Xid { OfSession, Zero };
  Xid xid = Xid::OfSession;
  std::uint16_t source_port = 68;
  RetryRule retry;
  // At an expiry later than this after the first send the phase ends instead of sending again.
  std::optional<Duration> leave_after;
};

// What a firmware makes of the servers it hears.
struct OfferRules {
  // AsSoonAsSatisfied: leaves DISCOVER with the first address offer that has company: a proxy
  // offer, the word that none is wanted, or proxy_patience over.
  enum class Collect { AsSoonAsSatisfied };
  Collect collect = Collect::AsSoonAsSatisfied;
  Duration proxy_patience{};
  // LastOfHighestPriority: an offer replaces the one held unless its priority (option 175.1) is
  // lower.
  enum class Ranking { LastOfHighestPriority };
  Ranking ranking = Ranking::LastOfHighestPriority;
  bool accepts_bootp = false;  // replies without option 53
  // What in a proxy's offer makes asking port 4011 needless.
  bool file_and_server_suffice = false;
  bool menu_suffices = false;
  // Whose boot file counts when both servers name one.
  enum class BootFileOf { AddressServer, Proxy };
  BootFileOf boot_file_of = BootFileOf::AddressServer;
  // Where in one message the boot file is looked for first.
  enum class BootFileIn { FileField, Option67 };
  BootFileIn boot_file_in = BootFileIn::FileField;
};

// Boot menus and the search for the chosen item's server.
struct DiscoveryRules {
  // Targets in order, each tried in turn.
  enum class Target { Multicast, Broadcast, List };
  std::vector<Target> targets;
  std::vector<std::uint16_t> reply_ports;  // source ports an answer may have
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
  NotAnImage,  // the file came whole, and the firmware cannot run it
  FileTimeout,
  FileNotFound,
  FileAccess,
  FileRefused,   // TFTP ERROR 4
  FileError,     // any other TFTP ERROR
  FileOptions,   // an OACK the client cannot use
  FileProtocol,  // a TFTP reply the client cannot use
};
std::string_view to_string(Failure failure);

// What is known of one firmware: all that sets its packets, waits and choices apart from another's.
// Read from TOML; see docs/profiles.md and the files in firmware/profiles.
struct Profile {
  std::string name;    // "ipxe-bios"
  std::string title;   // for people, one line
  std::string source;  // what the values rest on
  std::uint16_t architecture = 0;
  TickRules clock;
  LinkRules link;
  IpRules ip;
  ArpRules arp;
  std::optional<RetryRule> router_solicitations;  // of the IPv6 configuration; nullopt: no IPv6
  enum class Secs { TriesAndOffers };  // tries << 2 | has an offer << 1 | has a proxy offer
  Secs secs = Secs::TriesAndOffers;
  DhcpPhase discover;
  DhcpPhase request;
  DhcpPhase proxy_request;
  DhcpPhase boot_server_request;
  OfferRules offers;
  DiscoveryRules discovery;
  TftpManners tftp;
  std::optional<std::uint64_t> largest_nbp;  // octets; a larger one is not run
  std::map<Failure, std::string> words;      // what the screen shows last
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

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "firmware/option_template.h"
#include "firmware/retry_rule.h"
#include "protocol/time.h"

namespace pxeproof::firmware {

// How the number of a DHCP session is made.
enum class SessionXid {
  Random,  // drawn once per machine; xid_step more for every further session
  // The last four octets of the MAC plus the machine's millisecond timer, anew for every try.
  MacAndMilliseconds,
  Mac,                   // the last four octets of the MAC
  MacFirstOctetPlusOne,  // the same, with one added to the first of them
  UnixTime,              // the seconds since 1970 at the session's start
  Fixed,                 // Profile::fixed_xid
};

// What the secs field tells.
enum class Secs {
  TriesAndOffers,  // tries << 2 | has an offer << 1 | has a proxy offer
  Elapsed,         // whole seconds since the session's first message, by the firmware's clock
  Kept,            // what the last message of the phase before said
  TriesUnswapped,  // repetitions of this message, with the octets in the wrong order
  Zero,
  UnixTime,  // the low sixteen bits of the seconds since 1970 at the session's start
};

// A message of a DHCP phase and how long it is repeated.
struct DhcpPhase {
  std::vector<OptionTemplate> options;  // in wire order; END follows
  std::size_t minimum_size = 0;         // octets of the BOOTP message, zero padded behind END
  std::uint16_t flags = 0;
  bool names_file = false;  // the file field carries the name that will be asked for
  enum class Xid { OfSession, Zero, Fresh };  // Fresh: drawn at the phase's start
  Xid xid = Xid::OfSession;
  Secs secs = Secs::TriesAndOffers;
  std::uint16_t secs_offset = 0;  // added to elapsed seconds
  std::uint16_t source_port = 68;
  std::optional<bool> dont_fragment;  // nullopt: as all packets
  RetryRule retry;
  bool exact_waits = false;  // not rounded to the ticks of the firmware's clock
  // At an expiry later than this after the first send the phase ends instead of sending again.
  std::optional<Duration> leave_after;
  // When the last wait is over: the boot has failed, or everything starts again with DISCOVER.
  enum class AtEnd { GiveUp, StartOver };
  AtEnd at_end = AtEnd::GiveUp;
  // An answer counts when it comes, or once the wait it came in is over.
  enum class Answers { AtOnce, AtIntervalEnd };
  Answers answers = Answers::AtOnce;
};

// What a firmware makes of the servers it hears.
struct OfferRules {
  // AsSoonAsSatisfied: leaves DISCOVER with the first address offer that has company: a proxy
  // offer, the word that none is wanted, or proxy_patience over. WholeInterval: keeps every offer
  // until the wait after a DISCOVER is over, and chooses then. FirstOffer: takes the first one.
  enum class Collect { AsSoonAsSatisfied, WholeInterval, FirstOffer };
  Collect collect = Collect::AsSoonAsSatisfied;
  Duration proxy_patience{};
  std::size_t offer_limit = 16;  // offers kept while a whole interval is collected
  // LastOfHighestPriority: an offer replaces the one held unless its priority (option 175.1) is
  // lower. PxeClasses: by what each offer is good for (simclient/offer_classes). First: the first.
  enum class Ranking { LastOfHighestPriority, PxeClasses, First };
  Ranking ranking = Ranking::LastOfHighestPriority;
  // What makes a message of the class that may be tried without port 4011 worth less (Intel's
  // reference code): a menu's offer counts only when its discovery block is coherent.
  enum class MenuOffer { Any, Coherent };
  MenuOffer menu_offer = MenuOffer::Any;
  std::string proxy_must_say;       // words in option 43 without which no offer is a proxy's
  bool accepts_bootp = false;       // replies without option 53
  bool accepts_no_address = false;  // an OFFER with yiaddr 0 is taken all the same
  bool requires_server_identifier = false;      // an OFFER without option 54 is dropped
  bool requires_offer_from_server_port = true;  // an address must be offered from port 67
  bool requires_same_session = true;            // an OFFER must carry the xid
  bool requires_netmask = false;                // an ACK without option 1 is declined
  bool drops_torn_options = false;              // a message whose options are torn is dropped whole
  std::size_t maximum_size = 65535;             // octets of a message; a longer one is dropped
  // An ACK whose address is not the one offered: passed over, answered with DECLINE, or taken.
  enum class OtherAddress { PassOver, Decline, Take };
  OtherAddress other_address = OtherAddress::PassOver;
  std::string decline_other_address;  // the words of that DECLINE
  std::string decline_lease;          // and of the one for a lease without a netmask
  // A NAK from the selected server.
  enum class Nak { PassOver, Fail, StartOver };
  Nak nak = Nak::PassOver;
  Duration nak_pause{};  // before it starts over
  // What in a proxy's offer makes asking port 4011 needless.
  bool file_and_server_suffice = false;
  bool menu_suffices = false;
  // Whom port 4011 is asked at: the proxy's option 54, or the siaddr of its offer if there is one.
  enum class ProxyAddress { Identity, NextServer };
  ProxyAddress proxy_address = ProxyAddress::Identity;
  bool proxy_must_answer = false;  // its silence ends the boot
  // An answer of port 4011 from the right client and session that names nothing to boot.
  enum class EmptyAnswer { PassOver, Fail };
  EmptyAnswer empty_answer = EmptyAnswer::PassOver;
  bool answer_from_same_server = true;  // its option 54 must be the proxy's
  // Whose boot file counts when both servers name one.
  enum class BootFileOf { AddressServer, Proxy };
  BootFileOf boot_file_of = BootFileOf::AddressServer;
  // Where in one message the boot file is looked for first.
  enum class BootFileIn { FileField, Option67 };
  BootFileIn boot_file_in = BootFileIn::FileField;
  // Of two sub-options of option 43 with one tag, the one that counts.
  enum class RepeatedTag { First, Last };
  RepeatedTag repeated_tag = RepeatedTag::First;
  // The file's server when siaddr is 0: nobody, or option 54.
  enum class NoNextServer { Nobody, Identity };
  NoNextServer no_next_server = NoNextServer::Nobody;
  bool first_listed_server_with_file = false;  // discovery control bit 3 and a list: its first
  // The file to ask for when no server names one; empty: nothing is booted. "{iphex}" is the own
  // address in eight hexadecimal digits.
  std::string default_file;
};

// Boot menus and the search for the chosen item's server.
struct DiscoveryRules {
  // Targets in order. Each: every one that is allowed is tried in turn. First: only the first
  // one that is allowed, even when nobody answers there.
  enum class Target { Multicast, Broadcast, List };
  std::vector<Target> targets;
  enum class Tries { Each, First };
  Tries tries = Tries::Each;
  // What makes an offer a boot menu: the class alone with a menu in it, or any discovery tag.
  // Never: menus are not followed.
  enum class MenuBy { Menu, AnyTag, Never };
  MenuBy menu_by = MenuBy::Menu;
  // A menu without a prompt: shown until a key comes, or its first item is taken.
  enum class NoPrompt { ShowMenu, TakeFirst };
  NoPrompt no_prompt = NoPrompt::ShowMenu;
  bool exact_prompt = false;               // its time is not rounded to the clock's ticks
  bool checks_item = true;                 // an answer's 43.71 must name the item
  std::vector<std::uint16_t> reply_ports;  // source ports an answer may have
};

// One of the ways in which a firmware tries to boot, each a DHCP session of its own. The next one
// follows when one has failed.
struct BootAttempt {
  std::string name;
  Duration pause{};              // between the failure of the one before and the first DISCOVER
  bool real_waits_only = false;  // tried only where waits are real: it changes nothing but time
  DhcpPhase discover;
  DhcpPhase request;
  std::optional<std::string> file;  // asked for, whatever the servers name
  std::vector<std::string> also;    // asked for after the boot file; each may be missing
  bool boots = true;  // false: what the servers offer for this attempt is not followed further
};

}  // namespace pxeproof::firmware

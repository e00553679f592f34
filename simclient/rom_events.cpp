#include "simclient/rom_events.h"

#include <algorithm>
#include <array>

namespace pxeproof::rom {

namespace {

struct PhaseName {
  Phase phase;
  std::string_view name;
};
constexpr std::array kPhases{
    PhaseName{Phase::Offer, "offer"},     PhaseName{Phase::BootServer, "4011"},
    PhaseName{Phase::Nbp, "nbp"},         PhaseName{Phase::Config, "config"},
    PhaseName{Phase::Payload, "payload"},
};

struct IgnoredText {
  Ignored reason;
  std::string_view text;
};
constexpr std::array kIgnored{
    IgnoredText{Ignored::BadFrame, "the frame is damaged or a fragment"},
    IgnoredText{Ignored::NoListener, "nobody waits on that port"},
    IgnoredText{Ignored::NotDhcp, "it is no DHCP message"},
    IgnoredText{Ignored::TooLong, "it is longer than this firmware takes"},
    IgnoredText{Ignored::NoServerIdentifier, "it is an offer without a server identifier"},
    IgnoredText{Ignored::NoNetmask, "its lease has no netmask, and is declined"},
    IgnoredText{Ignored::ForeignXid, "its xid is not the one asked with"},
    IgnoredText{Ignored::ForeignClient, "its chaddr is another machine's"},
    IgnoredText{Ignored::WrongSourcePort, "it does not come from the port it must come from"},
    IgnoredText{Ignored::WrongType, "its message type is not the one waited for"},
    IgnoredText{Ignored::WrongServer, "it does not come from the server asked"},
    IgnoredText{Ignored::WrongAddress, "its address is not the one offered"},
    IgnoredText{Ignored::NoBootOptions, "it names nothing to boot"},
    IgnoredText{Ignored::WrongItem, "it is not about the menu item asked for"},
    IgnoredText{Ignored::ServerNotListed, "its server is not in the list of boot servers"},
    IgnoredText{Ignored::LowerPriority, "a better offer is held"},
    IgnoredText{Ignored::NotAnOffer, "it offers neither an address nor PXE options"},
    IgnoredText{Ignored::ForeignSource, "it does not come from the server of this transfer"},
    IgnoredText{Ignored::UnusableReply, "it is no TFTP packet a client can use now"},
    IgnoredText{Ignored::RingFull, "the card's ring is full while the program idles"},
};

}  // namespace

std::string_view to_string(Phase phase) {
  return std::ranges::find(kPhases, phase, &PhaseName::phase)->name;
}

std::optional<Phase> parse_phase(std::string_view text) {
  const auto* const found = std::ranges::find(kPhases, text, &PhaseName::name);
  if (found == kPhases.end()) return std::nullopt;
  return found->phase;
}

std::string_view to_string(Ignored reason) {
  return std::ranges::find(kIgnored, reason, &IgnoredText::reason)->text;
}

}  // namespace pxeproof::rom

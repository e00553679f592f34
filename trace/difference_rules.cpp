#include "trace/difference_rules.h"

#include <array>
#include <optional>

namespace pxeproof::trace {

namespace {

using firmware::Family;
using Side = ComparedStep::Side;

struct Row {
  std::string_view key;
  std::optional<Side> side;
  std::string_view kind;  // empty: any
  std::optional<Family> family;
  Rank rank;
  std::string_view consequence;
};

constexpr std::optional<Family> kAny = std::nullopt;

// The first row that fits decides; what no row names is cosmetic.
constexpr std::array kRows = {
    // What the client says.
    Row{"93", Side::Client, "", kAny, Rank::Semantic, "servers choose the boot file by it"},
    Row{"60", Side::Client, "", kAny, Rank::Semantic, "servers choose the boot file by it"},
    Row{"77", Side::Client, "", kAny, Rank::Semantic, "servers choose the boot file by it"},
    Row{"94", Side::Client, "", kAny, Rank::Cosmetic, ""},
    Row{"175", Side::Client, "", kAny, Rank::Semantic, "tells a server what this iPXE can do"},
    Row{"43.71", Side::Client, "", kAny, Rank::Semantic, "another entry of the menu is asked for"},
    Row{"55", Side::Client, "", kAny, Rank::Semantic, "servers leave out what is not asked for"},
    Row{"flags", Side::Client, "", kAny, Rank::Semantic, "decides whether answers are broadcast"},
    Row{"ciaddr", Side::Client, "", kAny, Rank::Semantic,
        "a client with an address asks another way"},
    Row{"giaddr", Side::Client, "", kAny, Rank::Semantic, "it comes through another relay"},
    Row{"54", Side::Client, "", kAny, Rank::Semantic, "the client takes another server's offer"},
    Row{"50", Side::Client, "", kAny, Rank::Semantic, "the client asks for another address"},
    Row{"to", Side::Client, "", kAny, Rank::Semantic, "another server is asked"},
    Row{"secs", std::nullopt, "", kAny, Rank::Timing, ""},
    // What servers answer.
    Row{"from", Side::Server, "", kAny, Rank::Semantic, "another server answers"},
    Row{"source port", Side::Server, "", kAny, Rank::Semantic,
        "clients take a boot server's answer from port 4011 only"},
    Row{"yiaddr", Side::Server, "", kAny, Rank::Semantic, "another address for the client"},
    Row{"boot file", Side::Server, "", kAny, Rank::Semantic, "another file is fetched"},
    Row{"67", Side::Server, "", Family::Uboot, Rank::Semantic,
        "U-Boot reads the file field, not option 67"},
    Row{"file", Side::Server, "", Family::Uboot, Rank::Semantic,
        "U-Boot reads the file field, not option 67"},
    Row{"siaddr", Side::Server, "OFFER proxy", Family::Edk2, Rank::Semantic,
        "EDK2 asks and fetches there, and at the server of option 54 without it"},
    Row{"siaddr", Side::Server, "OFFER proxy", Family::Ipxe, Rank::Semantic,
        "without it iPXE needs a menu here, or asks port 4011"},
    Row{"siaddr", Side::Server, "", Family::Grub, Rank::Semantic,
        "GRUB fetches everything from the siaddr of the ACK"},
    Row{"siaddr", Side::Server, "", kAny, Rank::Semantic, "the file is fetched from there"},
    Row{"66", Side::Server, "", kAny, Rank::Semantic, "some clients fetch the file from there"},
    Row{"150", Side::Server, "", kAny, Rank::Semantic, "some clients fetch the file from there"},
    Row{"60", Side::Server, "", kAny, Rank::Semantic,
        "without PXEClient it is no boot server's answer"},
    Row{"54", Side::Server, "", kAny, Rank::Semantic, "the server goes by another name"},
    Row{"43", Side::Server, "", kAny, Rank::Semantic, "decides how a boot server is found"},
    Row{"43.6", Side::Server, "", kAny, Rank::Semantic,
        "decides how a boot server is found (PXE 2.1 s.2.2.3)"},
    Row{"43.8", Side::Server, "", kAny, Rank::Semantic, "other boot servers are asked"},
    Row{"43.9", Side::Server, "", kAny, Rank::Semantic, "the menu is another"},
    Row{"43.10", Side::Server, "", Family::Ipxe, Rank::Semantic,
        "without a prompt iPXE shows the menu and waits"},
    Row{"43.10", Side::Server, "", Family::Edk2, Rank::Semantic,
        "without a prompt EDK2 takes the first entry of the menu"},
    Row{"43.10", Side::Server, "", kAny, Rank::Semantic, "decides whether the menu waits"},
    Row{"43.71", Side::Server, "", kAny, Rank::Semantic, "another entry of the menu is answered"},
    Row{"209", Side::Server, "", kAny, Rank::Semantic, "pxelinux reads another configuration"},
    Row{"210", Side::Server, "", kAny, Rank::Semantic, "pxelinux looks in another directory"},
    Row{"175", Side::Server, "", kAny, Rank::Semantic, "tells iPXE what to do"},
    Row{"17", Side::Server, "", kAny, Rank::Semantic, "the root file system is elsewhere"},
    Row{"1", Side::Server, "", kAny, Rank::Semantic, "decides which servers are neighbours"},
    Row{"3", Side::Server, "", kAny, Rank::Semantic,
        "without it servers of other networks are out of reach"},
    Row{"giaddr", Side::Server, "", kAny, Rank::Semantic, "it comes through another relay"},
    Row{"97", Side::Server, "", kAny, Rank::Cosmetic,
        "RFC 4578 wants it echoed; clients do not insist"},
    // Files.
    Row{"outcome", Side::File, "", kAny, Rank::Semantic, ""},
    Row{"error", Side::File, "", kAny, Rank::Semantic, ""},
    Row{"status", Side::File, "", kAny, Rank::Semantic, ""},
    Row{"method", Side::File, "", kAny, Rank::Cosmetic, ""},
    Row{"name", Side::File, "", kAny, Rank::Semantic, "another file is fetched"},
    Row{"target", Side::File, "", kAny, Rank::Semantic, "another file is fetched"},
    Row{"server", Side::File, "", kAny, Rank::Semantic, "the file comes from another server"},
    Row{"octets", Side::File, "", kAny, Rank::Semantic, "the file is another"},
    Row{"content", Side::File, "", kAny, Rank::Semantic, "the file is another"},
    Row{"asks windowsize", Side::File, "", kAny, Rank::Timing, "fewer acknowledgements"},
    Row{"grants windowsize", Side::File, "", kAny, Rank::Timing, "fewer acknowledgements"},
    Row{"grants blksize", Side::File, "", kAny, Rank::Timing, "more packets for the same file"},
    Row{"resent", Side::File, "", kAny, Rank::Timing, "packets were lost, or timers are short"},
};

}  // namespace

std::string_view to_string(Rank rank) {
  switch (rank) {
    case Rank::Semantic:
      return "SEMANTIC";
    case Rank::Timing:
      return "TIMING";
    case Rank::Cosmetic:
      return "cosmetic";
  }
  return {};
}

Significance significance_of(const ComparedStep& step, std::string_view key, Family family) {
  for (const Row& row : kRows) {
    if (row.key == key && (!row.side || row.side == step.side) &&
        (row.kind.empty() || row.kind == step.kind) && (!row.family || row.family == family)) {
      return {row.rank, row.consequence};
    }
  }
  return {};
}

std::optional<Significance> significance_of_implied_siaddr(const ComparedStep& step,
                                                           Family family) {
  if (family != Family::Edk2 || step.kind != "OFFER proxy") return std::nullopt;
  return Significance{Rank::Cosmetic, "without it EDK2 asks the server of option 54, the same"};
}

Significance significance_of_absence(const ComparedStep& step, Family family) {
  if (step.kind == "size probe") return {Rank::Cosmetic, "some firmware asks for the size first"};
  if (step.is_miss) return {Rank::Timing, "one more name is looked for"};
  if (step.kind == "ARP") return {Rank::Cosmetic, ""};
  if (step.kind == "ARP without answer") return {Rank::Semantic, "nobody has that address"};
  if (step.kind == "ICMP") return {Rank::Semantic, "nothing listens there, or a firewall refuses"};
  if (step.kind == "REQUEST 4011" && family == Family::Edk2) {
    return {Rank::Semantic, "EDK2 asks 4011 whenever a proxy offer has no usable option 43"};
  }
  return {Rank::Semantic, ""};
}

}  // namespace pxeproof::trace

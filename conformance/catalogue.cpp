#include "conformance/catalogue.h"

#include "conformance/cases/groups.h"
#include "conformance/fixture.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

std::vector<Case> make_catalogue() {
  std::vector<Case> all;
  for (const auto make : {offer_cases, offer_choice_cases, boot_cases, echo_cases, ctrl_cases,
                          quiet_cases, relay_cases, mal_cases, tftp_cases, topt_cases, twin_cases,
                          tloss_cases, terr_cases, tsec_cases, tbig_cases, conc_cases}) {
    const std::vector<Case> more = make();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

constexpr Duration kProbePatience = 5s;
constexpr Duration kDhcpPatience = 1500ms;
// Whether the option is acknowledged; the file is one block.
void probe_option(Script& s, Need need, std::string name, std::string value) {
  s.read({.file = std::string(kSmallFile), .options = {{name, value}}, .patience = kProbePatience},
         [&s, need, name](const ReadResult& result) -> Ruling {
           if (result.oack && find_option(result.oack->options, name)) s.have(need);
           return go_on();
         });
}

void probe_script(Script& s) {
  // Each question waits for its answer, or a little while where none may come.
  const FlowPtr dhcp = s.flow(0, dhcp::kClientPort);
  Stimulus discover = s.d0();
  s.send(discover);
  s.watch(dhcp, kDhcpPatience, [&s, dhcp](std::span<const Reply> replies) -> Ruling {
    for (const Reply& reply : replies) {
      if (reply.is(dhcp::MessageType::Offer)) s.have(Need::Dhcp);
    }
    if (!s.found().contains(Need::Dhcp)) return go_on();
    s.send(s.r0());
    s.watch(dhcp, kDhcpPatience, [&s](std::span<const Reply> acks) -> Ruling {
      for (const Reply& reply : acks) {
        if (reply.is(dhcp::MessageType::Ack)) s.have(Need::BootServer);
      }
      return go_on();
    });
    return go_on();
  });
  s.read({.file = std::string(kSmallFile), .patience = kProbePatience},
         [&s](const ReadResult& result) -> Ruling {
           if (result.ending != ReadResult::Ending::Complete) return go_on();
           s.have(Need::Tftp);
           probe_option(s, Need::WindowSize, "windowsize", "4");
           probe_option(s, Need::TimeoutOption, "timeout", "2");
           probe_option(s, Need::TransferSize, "tsize", "0");
           probe_option(s, Need::BlockSize, "blksize", "512");
           return go_on();
         });
}

}  // namespace

const std::vector<Case>& catalogue() {
  static const std::vector<Case> all = make_catalogue();
  return all;
}

const Case& probe_case() {
  static const Case probe{.id = "PROBE-00",
                          .slug = "abilities",
                          .clause = "none",
                          .level = Level::Info,
                          .requirement = "What the server is able to do.",
                          .stimulus = "a DISCOVER, a REQUEST to port 4011, read requests",
                          .answers = {"probed"},
                          .script = probe_script};
  return probe;
}

const Case* find_case(std::string_view id_or_slug) {
  for (const Case& each : catalogue()) {
    if (each.id == id_or_slug || each.slug == id_or_slug) return &each;
  }
  return nullptr;
}

const std::vector<Group>& groups() {
  static const std::vector<Group> all{
      {"OFFER", "proxy offer"},      {"BOOT", "boot server 4011"},  {"ECHO", "identification"},
      {"CTRL", "discovery control"}, {"QUIET", "silence"},          {"RELAY", "relay agents"},
      {"MAL", "malformed DHCP"},     {"TFTP", "basic transfer"},    {"TOPT", "option negotiation"},
      {"TWIN", "windows"},           {"TLOSS", "loss and order"},   {"TERR", "errors"},
      {"TSEC", "security"},          {"TBIG", "rollover and size"}, {"CONC", "concurrency"},
  };
  return all;
}

}  // namespace pxeproof::conformance

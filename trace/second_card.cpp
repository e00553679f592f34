#include "trace/second_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "trace/dhcp_signs.h"

namespace pxeproof::trace {

namespace {

using Kind = BootVerdict::Kind;

ClientKind first_kind(const Boot& boot) {
  for (const Step& step : boot.steps) {
    const auto* dhcp = std::get_if<DhcpStep>(&step.what);
    if (dhcp != nullptr && dhcp->direction == DhcpStep::Direction::FromClient) {
      return kind_of(*dhcp);
    }
  }
  return ClientKind::Plain;
}

}  // namespace

bool may_go_on(const Boot& boot) {
  return boot.verdict.state == RomState::RunsNbp && boot.verdict.kind != Kind::Booted;
}

// A ROM would be the firmware's next try; iPXE was loaded by the card before, and soon after it.
bool goes_on_as(const Boot& boot, const Boot& other) {
  constexpr Duration kSoonAfter = std::chrono::seconds(60);
  return boot.guid && other.guid == boot.guid && other.mac != boot.mac &&
         other.begun >= boot.ended && other.begun - boot.ended <= kSoonAfter &&
         first_kind(boot) != ClientKind::Ipxe && first_kind(other) == ClientKind::Ipxe;
}

void judge_second_cards(const std::vector<Boot*>& boots) {
  for (Boot* boot : boots) {
    BootVerdict& verdict = boot->verdict;
    if (!may_go_on(*boot)) continue;
    const auto next = std::ranges::find_if(
        boots, [boot](const Boot* other) { return goes_on_as(*boot, *other); });
    if (next == boots.end()) continue;
    verdict.kind = Kind::Booted;
    verdict.state = RomState::RunsPayload;
    verdict.text = fmt::format(
        "its program runs: it goes on as boot {}, on another card of the machine", (*next)->number);
  }
}

}  // namespace pxeproof::trace

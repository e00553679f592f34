// Frames of any content and order: they become boots, verdicts and findings, and memory stays
// small.
#include "trace/boot_grouper.h"

#include "protocol/bytes.h"
#include "tests/fuzz/fuzz.h"
#include "trace/rules/oracle.h"
#include "trace/rules/rule.h"

using namespace pxeproof;

namespace {

constexpr trace::BootGrouper::Options kSmall{
    .open_boots = 8, .steps_per_boot = 16, .steps_in_all = 64};

void explain(std::vector<trace::Boot>& boots) {
  trace::CaptureContext context;
  for (const trace::Boot& boot : boots) context.boots.push_back(&boot);
  for (const trace::Boot& boot : boots) {
    fuzz::require(boot.is_network_boot && boot.number > 0);
    fuzz::require(boot.steps.size() <= kSmall.steps_per_boot + 2 * 64);
    fuzz::require(boot.ended <= boot.known_until);
    for (const auto family : {boot.firmware.family, firmware::Family::Edk2}) {
      const trace::Explanation explanation = trace::explain_boot(boot, family, context);
      for (const trace::Finding& finding : explanation.faults) {
        fuzz::require(finding.rule != nullptr && !finding.packets.empty());
      }
    }
    const auto sessions = trace::split_sessions(boot);
    if (const auto* session = trace::deciding_session(sessions)) {
      trace::other_firmware(boot.firmware.family, *session);
      trace::screen_words(boot.firmware.family, boot.verdict, *session);
    }
  }
}

}  // namespace

// The input: for each frame two octets of length, one octet of milliseconds, its octets.
int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  ByteReader reader(ByteView(input, size));
  trace::BootGrouper grouper(kSmall);
  std::vector<trace::Boot> boots;
  Instant now{};
  std::uint32_t number = 0;
  while (const auto length = reader.u16()) {
    const auto pause = reader.u8();
    const auto frame = reader.take(*length % 700U);
    if (!pause || !frame) break;
    // The top bit sends the clock back, as merged captures do.
    now += std::chrono::milliseconds(*pause > 127 ? -static_cast<int>(*pause) : *pause * 16);
    grouper.on_frame({.number = ++number, .at = now, .interface = *pause % 3U, .octets = *frame});
    while (auto boot = grouper.poll_boot()) {
      if (boots.size() < 8) boots.push_back(std::move(*boot));
    }
  }
  grouper.finish();
  while (auto boot = grouper.poll_boot()) boots.push_back(std::move(*boot));
  explain(boots);
  return 0;
}

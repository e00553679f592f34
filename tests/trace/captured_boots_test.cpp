#include "trace/captured_boots.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/support/capture_script.h"
#include "tests/support/scratch.h"
#include "trace/time_order.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::CaptureScript;
using ::testing::ElementsAre;
using testing::kProxy;
using testing::ScriptClient;

class Kept : public BootSink {
 public:
  void begin() override {
    boots.clear();
    ++passes;
  }
  void on_boot(Boot boot) override { boots.push_back(std::move(boot)); }

  std::vector<Boot> boots;
  int passes = 0;
};

// Groups the frames of a script as they lie in a file.
GroupedCapture group(const CaptureScript& script, Kept& kept) {
  const std::string path = testing::scratch("captured_boots.pcap");
  testing::save(script, path);
  const auto grouped = group_capture(path, kept);
  std::filesystem::remove(path);
  EXPECT_TRUE(grouped) << grouped.error().message;
  return grouped.value_or(GroupedCapture{});
}

CaptureScript boot_script() {
  CaptureScript script;
  ScriptClient client = testing::ipxe_client();
  script.lease_with_proxy(
      client, {.siaddr = kProxy.address, .file = "pxelinux.0", .vendor_class = "PXEClient"});
  script.fetch(client, kProxy, "pxelinux.0", 42430);
  script.fetch(client, kProxy, "ldlinux.c32", 3000);
  script.fetch(client, kProxy, "pxelinux.cfg/default", 113);
  script.fetch(client, kProxy, "memtest", 20000);
  return script;
}

TEST(CapturedBoots, AreReadOnceFromAFileThatIsInOrder) {
  Kept kept;
  const GroupedCapture grouped = group(boot_script(), kept);
  EXPECT_EQ(kept.passes, 1);
  EXPECT_EQ(grouped.moved, 0U);
  ASSERT_EQ(kept.boots.size(), 1U);
  EXPECT_EQ(kept.boots[0].verdict.kind, BootVerdict::Kind::Booted);
}

// mergecap -a of a tap on the server's side and one on the client's: all answers stand before all
// questions. Every step is there, with the numbers that Wireshark shows.
TEST(CapturedBoots, AreRightWhenTwoTapsLieOneBehindTheOther) {
  const CaptureScript ordered = boot_script();
  CaptureScript appended = ordered;
  const MacAddress client = testing::ipxe_client().mac;
  std::ranges::stable_partition(appended.frames, [&client](const CaptureScript::Frame& frame) {
    return MacAddress::from(ByteView(frame.octets).subspan(6, 6)) != client;
  });
  Kept in_order;
  group(ordered, in_order);
  Kept kept;
  const GroupedCapture grouped = group(appended, kept);
  EXPECT_EQ(kept.passes, 2);
  EXPECT_GT(grouped.moved, 0U);
  EXPECT_EQ(grouped.totals.backward_frames, 0U);
  EXPECT_EQ(grouped.totals.frames, appended.frames.size());
  ASSERT_EQ(kept.boots.size(), 1U);
  ASSERT_EQ(kept.boots[0].steps.size(), in_order.boots[0].steps.size());
  for (std::size_t at = 0; at < kept.boots[0].steps.size(); ++at) {
    const Step& step = kept.boots[0].steps[at];
    EXPECT_EQ(step.at, in_order.boots[0].steps[at].at);
    EXPECT_EQ(appended.frames[step.first_packet - 1].at, step.at);
  }
  EXPECT_EQ(kept.boots[0].verdict.text, in_order.boots[0].verdict.text);
  EXPECT_FALSE(kept.boots[0].begins_before_capture);
}

// Two cards of one host, each a little behind the other now and then.
TEST(CapturedBoots, AreRightWhenNeighboursChangedPlaces) {
  CaptureScript swapped = boot_script();
  for (std::size_t at = 0; at + 1 < swapped.frames.size(); at += 2) {
    std::swap(swapped.frames[at], swapped.frames[at + 1]);
  }
  Kept kept;
  group(swapped, kept);
  ASSERT_EQ(kept.boots.size(), 1U);
  for (const Step& step : kept.boots[0].steps) {
    const auto* transfer = std::get_if<TransferStep>(&step.what);
    if (transfer == nullptr) continue;
    EXPECT_EQ(transfer->outcome, TransferStep::Outcome::Complete) << transfer->filename;
    EXPECT_EQ(transfer->resent, 0U) << transfer->filename;
  }
}

TimeOrder::Frame frame_at(Duration at, std::uint32_t number) {
  return {.at = Instant(at), .number = number, .octets = Bytes(10)};
}

std::vector<std::uint32_t> numbers_of(TimeOrder& order) {
  std::vector<std::uint32_t> numbers;
  while (const auto frame = order.poll_frame()) numbers.push_back(frame->number);
  return numbers;
}

TEST(TimeOrder, HandsOutTheEarliestFirstAndQuestionsBeforeAnswers) {
  TimeOrder order;
  order.on_frame(frame_at(3s, 1));
  order.on_frame(frame_at(1s, 2));
  order.on_frame(frame_at(3s, 3));
  TimeOrder::Frame question = frame_at(3s, 4);
  question.is_question = true;
  order.on_frame(std::move(question));
  EXPECT_THAT(numbers_of(order), ElementsAre());
  order.finish();
  EXPECT_THAT(numbers_of(order), ElementsAre(2, 4, 1, 3));
  EXPECT_EQ(order.moved(), 1U);
}

// Memory is bounded by frames and by octets, whatever comes.
TEST(TimeOrder, HoldsNoMoreThanItMay) {
  TimeOrder few({.frames = 2});
  TimeOrder small({.octets = 25});
  for (TimeOrder* order : {&few, &small}) {
    order->on_frame(frame_at(5s, 1));
    order->on_frame(frame_at(4s, 2));
    EXPECT_THAT(numbers_of(*order), ElementsAre());
    order->on_frame(frame_at(3s, 3));
    EXPECT_THAT(numbers_of(*order), ElementsAre(3));
    order->on_frame(frame_at(1s, 4));
    EXPECT_THAT(numbers_of(*order), ElementsAre(4));
  }
}

}  // namespace
}  // namespace pxeproof::trace

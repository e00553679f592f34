// The boots of pcaps/ as other tools and other places would have captured them: what is told of
// them must not change.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>

#include "trace/boot_diff.h"
#include "trace/boot_diff_text.h"
#include "trace/boot_grouper.h"
#include "trace/capture_reader.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {
namespace {

using ::testing::EndsWith;

struct Captured {
  Instant at;
  LinkType link = LinkType::Ethernet;
  std::size_t original_size = 0;
  Bytes octets;
};
using Change = std::function<void(Captured&)>;

constexpr std::size_t kMacs = 12;

Bytes joined(ByteView head, ByteView tail) {
  Bytes all(head.begin(), head.end());
  all.insert(all.end(), tail.begin(), tail.end());
  return all;
}

void insert(Captured& frame, std::size_t at, const Bytes& octets) {
  frame.octets.insert(frame.octets.begin() + static_cast<std::ptrdiff_t>(at), octets.begin(),
                      octets.end());
  frame.original_size += octets.size();
}

void tag_twice(Captured& frame) {
  insert(frame, kMacs, {0x81, 0x00, 0x00, 0x2a});
  insert(frame, kMacs, {0x88, 0xa8, 0x00, 0x64});
}

// What Linux writes for its device "any".
void cook(Captured& frame) {
  const ByteView octets = frame.octets;
  const auto type = static_cast<std::uint8_t>(octets[0] == 0xff ? 1 : 0);
  const Bytes head = joined(joined(Bytes{0, type, 0, 1, 0, 6}, octets.subspan(6, 6)), Bytes{0, 0});
  frame.octets = joined(head, octets.subspan(kMacs));
  frame.original_size += 2;
  frame.link = LinkType::LinuxCooked;
}

void cook_anew(Captured& frame) {
  const ByteView octets = frame.octets;
  const auto type = static_cast<std::uint8_t>(octets[0] == 0xff ? 1 : 0);
  const Bytes head = joined(octets.subspan(kMacs, 2), Bytes{0, 0, 0, 0, 0, 2, 0, 1, type, 6});
  frame.octets =
      joined(joined(joined(head, octets.subspan(6, 6)), Bytes{0, 0}), octets.subspan(kMacs + 2));
  frame.original_size += 6;
  frame.link = LinkType::LinuxCooked2;
}

// On the sending host the card has not filled them in yet.
void spoil_checksums(Captured& frame) {
  if (frame.octets.size() < 42 || frame.octets[12] != 8 || frame.octets[13] != 0) return;
  for (const std::size_t at : {24U, 25U, 40U, 41U}) frame.octets[at] ^= 0x5aU;
}

Change cut_to(std::size_t size) {
  return [size](Captured& frame) {
    if (frame.octets.size() > size) frame.octets.resize(size);
  };
}

std::vector<Boot> boots_of_file(const std::string& path, const Change& change) {
  auto reader = CaptureReader::open(path);
  EXPECT_TRUE(reader) << reader.error().message;
  BootGrouper grouper;
  LinkLayer link_layer;
  while (const auto read = reader->next()) {
    Captured frame{.at = read->at,
                   .original_size = read->original_size,
                   .octets = Bytes(read->raw.begin(), read->raw.end())};
    change(frame);
    const EthernetView view = link_layer.as_ethernet(frame.link, frame.octets, frame.original_size);
    grouper.on_frame({read->number, frame.at, 0, view.octets});
  }
  grouper.finish();
  std::vector<Boot> boots;
  while (auto boot = grouper.poll_boot()) boots.push_back(std::move(*boot));
  return boots;
}

std::vector<std::string> recorded() {
  std::vector<std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PXEPROOF_SOURCE_DIR) + "/pcaps")) {
    if (entry.path().extension() == ".pcapng") files.push_back(entry.path().string());
  }
  EXPECT_GE(files.size(), 25U) << "pcaps/ holds too few captures";
  return files;
}

std::string cause_of(const Boot& boot) {
  const CaptureContext context{.boots = {&boot}};
  const Explanation explanation = explain_boot(boot, boot.firmware.family, context);
  if (explanation.faults.empty()) return {};
  return std::string(explanation.faults.front().rule->id);
}

TEST(CaptureForms, ChangeNothingOfWhatIsTold) {
  for (const std::string& file : recorded()) {
    const std::vector<Boot> plain = boots_of_file(file, [](Captured&) {});
    ASSERT_EQ(plain.size(), 1U) << file;
    for (const Change& change :
         {Change(tag_twice), Change(cook), Change(cook_anew), Change(spoil_checksums)}) {
      const std::vector<Boot> boots = boots_of_file(file, change);
      ASSERT_EQ(boots.size(), 1U) << file;
      EXPECT_EQ(boots[0].verdict.text, plain[0].verdict.text) << file;
      EXPECT_EQ(boots[0].steps.size(), plain[0].steps.size()) << file;
      EXPECT_EQ(boots[0].firmware.name, plain[0].firmware.name) << file;
      EXPECT_EQ(cause_of(boots[0]), cause_of(plain[0])) << file;
    }
  }
}

// tcpdump -s 96 leaves of DHCP nothing, and of a read request its first 54 octets; -s 64, 22.
TEST(CaptureForms, SayWhichNamesASnapLengthCut) {
  std::size_t cut = 0;
  for (const std::string& file : recorded()) {
    for (const Boot& boot : boots_of_file(file, cut_to(64))) {
      std::size_t names = 0;
      for (const Step& step : boot.steps) {
        const auto* transfer = std::get_if<TransferStep>(&step.what);
        if (transfer == nullptr || !transfer->name_cut) continue;
        EXPECT_THAT(transfer->filename, EndsWith("...")) << file;
        ++names;
      }
      EXPECT_EQ(boot.cut_names, names) << file;
      EXPECT_GE(boot.cut, names) << file;
      cut += names;
    }
  }
  EXPECT_GT(cut, 0U);
}

// The same boot behind a snap length is the same boot: what it left out is not a difference.
TEST(CaptureForms, DifferInNothingThatASnapLengthLeftOut) {
  for (const std::string& file : recorded()) {
    const std::vector<Boot> whole = boots_of_file(file, [](Captured&) {});
    for (const std::size_t size :
         {64U, 80U, 128U, 282U, 290U, 300U, 315U, 342U, 360U, 400U, 500U}) {
      const std::vector<Boot> cut = boots_of_file(file, cut_to(size));
      if (cut.size() != 1) continue;
      const BootDiff there = compare_boots(whole[0], cut[0], {.bad_cut_frames = 1});
      const BootDiff back = compare_boots(cut[0], whole[0], {.good_cut_frames = 1});
      EXPECT_EQ(there.count(Rank::Semantic), 0U) << file << " cut to " << size << "\n"
                                                 << boot_diff_text(there, {});
      EXPECT_EQ(back.count(Rank::Semantic), 0U) << file << " cut to " << size << "\n"
                                                << boot_diff_text(back, {});
    }
  }
}

// The whole boot is there but for what the snap length cut: it ends as it did.
TEST(CaptureForms, TellTheSameEndOfFilesWhoseNamesAreCut) {
  const std::string file = std::string(PXEPROOF_SOURCE_DIR) + "/pcaps/ipxe-bios-prompt.pcapng";
  const std::vector<Boot> boots = boots_of_file(file, cut_to(64));
  ASSERT_EQ(boots.size(), 1U);
  EXPECT_EQ(boots[0].verdict.kind, BootVerdict::Kind::Booted) << boots[0].verdict.text;
}

// UEFI's HTTP boot comes behind the PXE boot that failed, and decides nothing, though the capture
// began behind the question of the first.
TEST(CaptureForms, JudgeByTheRoundThatFetchedWhenTheBeginningIsMissing) {
  const std::string file = std::string(PXEPROOF_SOURCE_DIR) + "/pcaps/ovmf-x64-missing-file.pcapng";
  auto reader = CaptureReader::open(file);
  ASSERT_TRUE(reader);
  BootGrouper grouper;
  while (const auto frame = reader->next()) {
    if (frame->number < 8) continue;
    grouper.on_frame({frame->number, frame->at, 0, frame->octets});
  }
  grouper.finish();
  const auto boot = grouper.poll_boot();
  ASSERT_TRUE(boot);
  EXPECT_TRUE(boot->begins_before_capture);
  EXPECT_EQ(boot->verdict.kind, BootVerdict::Kind::Refused) << boot->verdict.text;
  EXPECT_EQ(cause_of(*boot), "R15");
}

}  // namespace
}  // namespace pxeproof::trace

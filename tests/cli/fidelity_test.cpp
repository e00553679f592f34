#include "cli/fidelity.h"

#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string_view>

#include "cli/article.h"
#include "cli/learned_profile.h"
#include "cli/tree_content.h"
#include "tests/support/scratch.h"
#include "trace/capture_reader.h"
#include "trace/pcapng_writer.h"

namespace pxeproof::cli {
namespace {

// One row of pcaps/INDEX.toml.
struct Row {
  std::string file;
  std::string profile;
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.file; }

std::string pcaps() { return std::string(PXEPROOF_SOURCE_DIR) + "/pcaps/"; }

std::vector<Row> rows() {
  std::vector<Row> result;
  const toml::table index = toml::parse_file(pcaps() + "INDEX.toml");
  for (const toml::node& node : *index["capture"].as_array()) {
    const toml::table& capture = *node.as_table();
    if (!capture.contains("profile"))
      continue;  // somebody else's capture, not of a simulated firmware
    result.push_back(
        {capture["file"].value_or(std::string()), capture["profile"].value_or(std::string())});
  }
  return result;
}

std::string name_of(const ::testing::TestParamInfo<Row>& row) {
  std::string name = std::filesystem::path(row.param.file).stem();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// The article's tree in a directory of the test's own.
class Fidelity : public ::testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    root_ = pxeproof::testing::scratch("fidelity-" +
                                       std::filesystem::path(GetParam().file).stem().string());
    std::filesystem::remove_all(root_);
    if (const auto made = make_article_tree(root_); !made) GTEST_SKIP() << made.error().message;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::filesystem::path root_;
};

std::string text_of(const FidelityReport& report) {
  std::string text;
  for (const FidelityDifference& each : report.differences) {
    text += "packet " + std::to_string(each.packet) + " (" + each.kind + "): " + each.field +
            ": real " + each.real + ", simulated " + each.simulated + "\n";
  }
  return text;
}

// What the real firmware sent in QEMU and what its simulated twin sends to the same servers differ
// in nothing but the fields that the profile declares, and there in the way that it declares.
TEST_P(Fidelity, TheTwinSendsWhatTheRealFirmwareSent) {
  const auto boot = RecordedBoot::read(pcaps() + GetParam().file);
  ASSERT_TRUE(boot.has_value()) << boot.error().message;
  const auto profile = firmware::builtin_profile(GetParam().profile);
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  const TreeContent tree(root_);

  for (const std::uint64_t seed : {1, 2, 3}) {
    const FidelityReport report =
        compare_with_recording(*boot, {.profile = *profile, .tree = &tree, .seed = seed});
    EXPECT_GE(report.packets, 3U);
    EXPECT_TRUE(report.differences.empty()) << "seed " << seed << "\n" << text_of(report);
  }
}

// The comparison can fail: with another firmware's profile it names what differs.
TEST_P(Fidelity, AnotherFirmwareIsToldApart) {
  const auto boot = RecordedBoot::read(pcaps() + GetParam().file);
  ASSERT_TRUE(boot.has_value()) << boot.error().message;
  const auto other =
      firmware::builtin_profile(GetParam().profile == "ipxe-bios" ? "edk2-x64" : "ipxe-bios");
  const TreeContent tree(root_);

  const FidelityReport report = compare_with_recording(*boot, {.profile = *other, .tree = &tree});

  EXPECT_FALSE(report.differences.empty());
}

// What is learned from a capture sends what the capture shows, whichever known profile it starts
// from: the nearest, or the next kin of a firmware that nobody has a profile of.
TEST_P(Fidelity, ALearnedProfileSendsWhatTheRealFirmwareSent) {
  const auto boot = RecordedBoot::read(pcaps() + GetParam().file);
  ASSERT_TRUE(boot.has_value()) << boot.error().message;
  const TreeContent tree(root_);
  const std::map<std::string, std::string> next_kin{{"ipxe-bios", "ipxe-efi-x64"},
                                                    {"edk2-x64", "edk2-ia32"},
                                                    {"edk2-ia32", "edk2-arm64"},
                                                    {"edk2-arm64", "edk2-ia32"}};
  std::vector<std::string> starts{""};
  if (next_kin.contains(GetParam().profile)) starts.push_back(next_kin.at(GetParam().profile));

  for (const std::string& start : starts) {
    const auto learned = learn_profile(
        *boot, {.tree = &tree, .name = "learned", .capture = GetParam().file, .start_from = start});
    ASSERT_TRUE(learned.has_value()) << learned.error().message;
    auto profile = firmware::parse_profile(learned->text, "learned");
    ASSERT_TRUE(profile.has_value()) << profile.error().message;
    const FidelityReport report = compare_with_recording(
        *boot, {.profile = std::make_shared<const firmware::Profile>(std::move(*profile)),
                .tree = &tree,
                .seed = 2});
    EXPECT_TRUE(report.differences.empty()) << "from '" << start << "'\n" << text_of(report);
    EXPECT_GE(learned->seen, 10U);
  }
}

// The frames of captures one behind the other, each so much later than the one before.
std::filesystem::path one_after_another(const std::vector<std::string>& files, Duration apart) {
  const auto path = std::filesystem::path(pxeproof::testing::scratch("one-after-another.pcapng"));
  auto writer = trace::PcapngWriter::create(path.string(), {.comment = "two boots"});
  if (!writer) return {};
  const std::uint32_t interface = writer->add_interface({.name = "cable"});
  Duration shift{};
  for (const std::string& file : files) {
    auto reader = trace::CaptureReader::open(pcaps() + file);
    std::optional<Instant> last;
    while (const auto frame = reader->next()) {
      const Duration at = frame->at.time_since_epoch() + shift;
      const std::size_t size = frame->octets.size() + frame->missing;
      writer->write({.interface = interface,
                     .since_unix_epoch = at,
                     .octets = frame->octets,
                     .original_size = static_cast<std::uint32_t>(size)});
      last = frame->at;
    }
    const auto begun = RecordedBoot::read(pcaps() + file);
    shift += *last - begun->frames.front().at + apart;
  }
  return path;
}

// A machine that was switched on again is not read as one long boot, whether its identifications
// begin with the machine (iPXE) or anywhere (EDK2).
TEST(RecordedBoot, TellsTheBootsOfOneMachineApart) {
  for (const std::string_view firmware : {"ipxe-bios", "ovmf-x64", "uboot-arm64"}) {
    const std::string file = std::string(firmware) + "-one-service.pcapng";
    const auto alone = RecordedBoot::read(pcaps() + file);
    ASSERT_TRUE(alone.has_value());
    EXPECT_EQ(alone->boots_in_file, 1U);
    const std::string again = std::string(firmware) + "-missing-file.pcapng";
    const auto path = one_after_another({file, again}, std::chrono::seconds(20)).string();

    const auto first = RecordedBoot::read(path);
    const auto second = RecordedBoot::read(path, std::nullopt, 2);
    const auto third = RecordedBoot::read(path, std::nullopt, 3);

    ASSERT_TRUE(first.has_value() && second.has_value()) << firmware;
    EXPECT_EQ(first->boots_in_file, 2U) << firmware;
    EXPECT_LT(first->frames.back().at, second->frames.front().at) << firmware;
    EXPECT_EQ(second->frames.size(), RecordedBoot::read(pcaps() + again)->frames.size())
        << firmware;
    EXPECT_FALSE(third.has_value()) << firmware;
    std::filesystem::remove(path);
  }
}

INSTANTIATE_TEST_SUITE_P(Captures, Fidelity, ::testing::ValuesIn(rows()), name_of);

}  // namespace
}  // namespace pxeproof::cli

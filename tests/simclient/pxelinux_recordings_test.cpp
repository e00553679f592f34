#include "tests/simclient/pxelinux_recordings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "simclient/pxelinux_modules.h"
#include "tests/simclient/elf_module.h"
#include "tests/simclient/pxelinux_boot.h"

namespace pxeproof::rom {
namespace {

// A server's path as QEMU's TFTP server takes it: from its root, with repeated slashes.
std::string normal(const std::string& path) {
  return std::filesystem::path("/" + path).lexically_normal().string();
}

// A file that says of itself what Debian's module says.
std::string stand_in_for_module(const std::string& path) {
  std::vector<std::string> libraries = known_module_libraries(path);
  std::reverse(libraries.begin(), libraries.end());
  return as_text(elf_module(libraries));
}

Files files_of(const PxelinuxRecording& recording) {
  Files files;
  for (const auto& [path, content] : recording.texts) files[normal(path)] = content;
  for (const auto& path : recording.modules) files[normal(path)] = stand_in_for_module(path);
  for (const auto& path : recording.programs) files[normal(path)] = "PXELINUX 6.04";
  for (const auto& path : recording.kernels) files[normal(path)] = std::string(1000, 'k');
  return files;
}

// Asks until the recording ends, or goes on by itself where the recording was stopped.
std::vector<std::string> replay(const PxelinuxRecording& recording) {
  const Files files = files_of(recording);
  const auto stage = make_pxelinux_stage({.boot_file = recording.boot_file,
                                          .server = Ipv4Address::of(10, 0, 2, 2),
                                          .mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}},
                                          .address = Ipv4Address::of(10, 0, 2, 15),
                                          .loop_rounds = 1000});
  stage->start(kPowerOn);
  std::vector<std::string> names;
  while (!stage->ending() && (recording.ended || names.size() < recording.asked_for.size())) {
    const auto fetch = stage->poll_fetch();
    if (!fetch) break;
    const auto at = fetch->name.find("pxelinux.cfg/");
    const bool of_machine =
        at != std::string::npos && fetch->name.size() > at + 13 && (fetch->name[at + 13] == '0');
    if (!of_machine) names.push_back(fetch->name);
    const auto file = files.find(normal(fetch->name));
    Fetched fetched{.outcome = Fetched::Outcome::NotFound};
    if (file != files.end()) {
      fetched = {.content = as_bytes(file->second), .size = file->second.size()};
    }
    stage->on_fetched(kPowerOn, fetched);
  }
  return names;
}

class PxelinuxRecordings : public ::testing::TestWithParam<PxelinuxRecording> {};

TEST_P(PxelinuxRecordings, AreRepeatedFileByFile) {
  EXPECT_EQ(replay(GetParam()), GetParam().asked_for);
}

std::string test_name(const ::testing::TestParamInfo<PxelinuxRecording>& recording) {
  std::string name = recording.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Qemu, PxelinuxRecordings, ::testing::ValuesIn(pxelinux_recordings()),
                         test_name);

}  // namespace
}  // namespace pxeproof::rom

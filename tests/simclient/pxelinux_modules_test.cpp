#include "simclient/pxelinux_modules.h"

#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/simclient/elf_module.h"

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(PxelinuxModule, LoadsTheLastNeededLibraryFirst) {
  EXPECT_THAT(module_libraries(elf_module({"libutil.c32", "../lib/libcom32.c32"})),
              Optional(ElementsAre("libcom32.c32", "libutil.c32")));
  EXPECT_THAT(module_libraries(elf_module({})), Optional(ElementsAre()));
}

TEST(PxelinuxModule, RefusesWhatIsNoModule) {
  EXPECT_EQ(module_libraries(as_bytes("no module")), std::nullopt);
  EXPECT_EQ(module_libraries({}), std::nullopt);
  Bytes executable = elf_module({});
  executable[16] = 2;
  EXPECT_EQ(module_libraries(executable), std::nullopt);
  Bytes for_efi = elf_module({});
  for_efi[4] = 2;
  EXPECT_EQ(module_libraries(for_efi), std::nullopt);
}

TEST(PxelinuxModule, SurvivesEveryTruncationAndEveryOctetChanged) {
  const Bytes module = elf_module({"libutil.c32", "libcom32.c32"});
  for (std::size_t size = 0; size < module.size(); ++size) {
    const Bytes part(module.begin(), module.begin() + static_cast<std::ptrdiff_t>(size));
    (void)module_libraries(part);
  }
  for (std::size_t at = 0; at < module.size(); ++at) {
    for (const std::uint8_t value : std::array<std::uint8_t, 4>{0x00, 0x01, 0x7f, 0xff}) {
      Bytes changed = module;
      changed[at] = value;
      (void)module_libraries(changed);
    }
  }
}

TEST(PxelinuxModule, TellsMenusByTheirWordsUnderAnyName) {
  const Bytes menu = elf_module({"libutil.c32"}, "Initial menu has no LABEL entries!");
  EXPECT_EQ(module_kind("renamed.c32", menu), ModuleKind::Menu);
  EXPECT_EQ(module_kind("dir/vesamenu.c32", {}), ModuleKind::GraphicalMenu);
  EXPECT_EQ(module_kind("other.c32", {}), ModuleKind::Other);
}

// The table is Debian's; where Debian's modules are installed, it must say what they say.
TEST(PxelinuxModule, KnowsWhatTheInstalledModulesNeed) {
  const std::filesystem::path directory = "/usr/lib/syslinux/modules/bios";
  if (!std::filesystem::is_directory(directory)) GTEST_SKIP() << "syslinux-common is not installed";
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(in)), {});
    const std::string name = file.path().filename();
    EXPECT_EQ(module_libraries(as_bytes(content)), known_module_libraries(name)) << name;
    EXPECT_EQ(module_kind(name, as_bytes(content)), module_kind(name, {})) << name;
  }
}

}  // namespace
}  // namespace pxeproof::rom

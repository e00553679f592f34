#include <gtest/gtest.h>

#include <string>

#include "protocol/random.h"
#include "tests/simclient/elf_module.h"
#include "tests/simclient/pxelinux_boot.h"

// A configuration comes from the network: whatever it holds, the stage ends.
namespace pxeproof::rom {
namespace {

constexpr const char* kRich =
    "default a\nui menu.c32 more.cfg ~\nprompt 1\ntimeout 15\ntotaltimeout 90\nontimeout b x\n"
    "onerror c y\npath lib:/usr/lib:x\npxeretry 1\nsysappend 0xff\nnoescape 0\nimplicit 1\n"
    "menu background bg.png\nmenu hidden\nmenu shiftkey\ndisplay msg.txt\nfont f\nkbdmap k\n"
    "text help\nlabel z\nendtext\nlabel a\nmenu default\nmenu label ^A\nlinux k\ninitrd i1,i2\n"
    "append initrd=i0 quiet\nlabel b\nconfig pxelinux.cfg/default\nappend sub/\nlabel c\n"
    "com32 menu.c32\nmenu begin s\nlabel d\nlocalboot 0\nmenu goto s\nmenu end\nmenu separator\n"
    "label e\nkernel pxelinux.0\nlabel f\nkernel tftp://10.0.0.1/k\ninclude more.cfg tag\n"
    "menu include pxelinux.cfg/default t\nlabel g\nkernel http://h/k\n";

Files server(const std::string& config) {
  return with_config(
      config, {{"menu.c32", as_text(elf_module({"libutil.c32"}, "Initial menu has no LABEL"))},
               {"libutil.c32", as_text(elf_module({}))},
               {"more.cfg", "label more\nlinux k\nappend -\nmenu default\n"},
               {"msg.txt", "\x18image.lss\n"},
               {"pxelinux.0", "PXELINUX 6.04"}});
}

// The time a boot takes must not hang on what the configuration says.
PxelinuxOptions hostile_options() {
  PxelinuxOptions options = pxelinux_options();
  options.fetch_limit = 60;
  return options;
}

TEST(PxelinuxHostile, EndsForEveryTruncationOfAConfiguration) {
  const std::string rich = kRich;
  for (std::size_t size = 1; size <= rich.size(); ++size) {
    const PxelinuxBoot boot = boot_pxelinux(server(rich.substr(0, size)), hostile_options());
    ASSERT_TRUE(boot.ended) << "truncated to " << size;
  }
}

TEST(PxelinuxHostile, EndsForSeededMutationsOfAConfiguration) {
  constexpr std::uint64_t kSeed = 20'240'501;
  constexpr int kRuns = 1500;
  Random random(kSeed);
  const std::string rich = kRich;
  for (int run = 0; run < kRuns; ++run) {
    std::string config = rich;
    const std::uint64_t changes = random.between(1, 12);
    for (std::uint64_t change = 0; change < changes; ++change) {
      const std::size_t at = random.below(config.size());
      const std::size_t from = random.below(rich.size());
      switch (random.below(4)) {
        case 0:
          config[at] = static_cast<char>(random.below(256));
          break;
        case 1:
          config.erase(at, random.between(1, 30));
          break;
        case 2:
          config.insert(at, rich.substr(from, random.between(1, 60)));
          break;
        default:
          config.insert(at, 1, '\n');
          break;
      }
      if (config.empty()) config = "x";
    }
    const PxelinuxBoot boot = boot_pxelinux(server(config), hostile_options());
    ASSERT_TRUE(boot.ended) << "seed " << kSeed << ", run " << run << ":\n" << config;
  }
}

// A server that has every file asked for, and always the same one.
TEST(PxelinuxHostile, EndsWhenEveryFileIsThere) {
  for (const std::string& content :
       {std::string("include a\ninclude b\n"),
        std::string("default x\nlabel x\nconfig d/c\nappend d/"),
        std::string("ui menu.c32\ntimeout 1\n"), std::string("display d\n") + '\x18' + "i\n",
        std::string("default x.0\n")}) {
    const auto stage = make_pxelinux_stage(pxelinux_options());
    stage->start(kPowerOn);
    std::size_t fetches = 0;
    while (!stage->ending()) {
      ASSERT_TRUE(stage->poll_fetch()) << content;
      ASSERT_LE(++fetches, pxelinux_options().fetch_limit) << content;
      stage->on_fetched(kPowerOn, {.content = as_bytes(content), .size = content.size()});
    }
  }
}

TEST(PxelinuxHostile, EndsForNoescapeWithNothingToStart) {
  EXPECT_TRUE(boot_pxelinux(with_config("noescape 1\n")).ended);
  EXPECT_TRUE(boot_pxelinux(with_config("noescape 1\nimplicit 0\ndefault x\n")).ended);
  EXPECT_TRUE(boot_pxelinux(with_config("noescape 1\ndefault http://x/\n")).ended);
}

TEST(PxelinuxHostile, RefusesAConfigurationThatIsTooLarge) {
  const PxelinuxBoot boot = boot_pxelinux(with_config(std::string(64 * 1024 + 1, '#')));
  EXPECT_EQ(boot.failed().kind, BootStage::Failed::Kind::Limit);
  EXPECT_EQ(boot.failed().reason,
            "pxelinux.cfg/default has 65537 octets; a configuration may have 65536");
}

TEST(PxelinuxHostile, EndsAfterALimitedNumberOfFiles) {
  PxelinuxOptions options = pxelinux_options();
  options.fetch_limit = 20;
  std::string config = "default a\n";
  for (int i = 0; i < 100; ++i) config += "kbdmap k\n";
  const PxelinuxBoot boot = boot_pxelinux(with_config(config), options);
  EXPECT_EQ(boot.fetches.size(), 20U);
  EXPECT_EQ(boot.failed().kind, BootStage::Failed::Kind::Limit);
}

TEST(PxelinuxHostile, DoesNotSinkIntoTensOfThousandsOfFilesItCannotFetch) {
  std::string config;
  while (config.size() < 60'000) config += "kbdmap a://\n";
  EXPECT_TRUE(boot_pxelinux(with_config(config)).ended);
}

}  // namespace
}  // namespace pxeproof::rom

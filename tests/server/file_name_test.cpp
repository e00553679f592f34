#include "server/file_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/random.h"

namespace pxeproof::server {
namespace {

const FileNameRules kRules{.root = "/srv/tftp"};

std::string path(std::string_view requested, const FileNameRules& rules = kRules) {
  const auto resolved = resolve_name(requested, rules);
  return resolved ? resolved->path : "<" + std::string(to_string(resolved.error())) + ">";
}
FileFault fault(std::string_view requested, const FileNameRules& rules = kRules) {
  const auto resolved = resolve_name(requested, rules);
  EXPECT_FALSE(resolved) << requested << " leads to " << resolved->path;
  return resolved ? FileFault::ReadFailed : resolved.error();
}

TEST(FileName, TakesEveryFormThatClientsWrite) {  // TFTP-09
  EXPECT_EQ(path("f"), "f");
  EXPECT_EQ(path("/f"), "f");
  EXPECT_EQ(path("./f"), "f");
  EXPECT_EQ(path("//f"), "f");
  EXPECT_EQ(path("sub\\f"), "sub/f");
  EXPECT_EQ(path("\\Boot\\BCD"), "Boot/BCD");
  EXPECT_EQ(path("x//lib/libutil.c32"), "x/lib/libutil.c32");
}

TEST(FileName, TakesANameThatStartsWithTheRootAsItIs) {
  EXPECT_EQ(path("/srv/tftp/pxelinux.0"), "pxelinux.0");
  EXPECT_EQ(path("/srv/tftp/a/../pxelinux.0"), "pxelinux.0");
  EXPECT_EQ(path("/srv/tftp2/f"), "srv/tftp2/f");
  EXPECT_EQ(path("srv/tftp/f"), "srv/tftp/f");
  EXPECT_EQ(path("/srv/tftp/f", {.root = "/srv/tftp/"}), "f");
}

TEST(FileName, ResolvesDotDotInsideTheRoot) {  // T8
  EXPECT_EQ(path("sub/../f"), "f");
  EXPECT_EQ(path("/a/b/../../f"), "f");
}

TEST(FileName, NeverLeavesTheRoot) {  // TSEC-01
  EXPECT_EQ(fault("../s"), FileFault::OutsideRoot);
  EXPECT_EQ(fault("sub/../../s"), FileFault::OutsideRoot);
  EXPECT_EQ(fault("..\\s"), FileFault::OutsideRoot);
  EXPECT_EQ(fault("/../s"), FileFault::OutsideRoot);
  EXPECT_EQ(fault("/srv/tftp/../s"), FileFault::OutsideRoot);
  EXPECT_EQ(fault("a/../../a/s"), FileFault::OutsideRoot);
}

TEST(FileName, HasTheWholeFileSystemWithoutARoot) {
  EXPECT_EQ(path("f", {}), "f");
  EXPECT_EQ(path("/etc/../f", {}), "f");
  EXPECT_EQ(path("../../f", {}), "f");
  EXPECT_EQ(fault("..", {}), FileFault::NotAFile);
}

TEST(FileName, RefusesANameOfADirectory) {  // TERR-02, T8
  EXPECT_EQ(fault(""), FileFault::NotAFile);
  EXPECT_EQ(fault("/"), FileFault::NotAFile);
  EXPECT_EQ(fault("f/"), FileFault::NotFound);
  EXPECT_EQ(fault("f/."), FileFault::NotFound);
  EXPECT_EQ(fault("sub/.."), FileFault::NotAFile);
  EXPECT_EQ(fault("sub/f/.."), FileFault::NotFound);
  EXPECT_EQ(fault("f\\"), FileFault::NotFound);
}

TEST(FileName, LowersLettersBeforeTheRootIsCompared) {
  EXPECT_EQ(path("Boot\\BCD", {.root = "/srv", .lowercase = true}), "boot/bcd");
  EXPECT_EQ(path("/SRV/F", {.root = "/srv", .lowercase = true}), "f");
}

TEST(FileName, KnowsTheClientsOwnDirectory) {
  const FileNameRules rules{.root = "/srv/tftp", .unique_directory = "192.168.77.50"};
  EXPECT_EQ(path("f", rules), "f");
  EXPECT_EQ(path("/srv/tftp/192.168.77.50/f", rules), "f");
  EXPECT_EQ(path("/srv/tftp/f", rules), "f") << "what is configured on the client is often this";
  EXPECT_EQ(resolve_name("f", rules)->unique_directory, "192.168.77.50");
  EXPECT_EQ(resolve_name("f", rules)->root, "/srv/tftp");
}

TEST(FileName, LeavesPercentSignsBlanksAndHighOctetsAlone) {
  EXPECT_EQ(path("%41 "), "%41 ");
  EXPECT_EQ(path("f\xff\x01"), "f\xff\x01");
  EXPECT_EQ(path("..."), "...");
  EXPECT_EQ(path("..f"), "..f");
}

TEST(FileName, RefusesNamesThatNoDiskHas) {
  EXPECT_EQ(fault(std::string(400, 'a')), FileFault::NameTooLong);
  EXPECT_EQ(fault(std::string(2000, '/') + "f"), FileFault::NameTooLong);
}

TEST(FileName, MakesARelativePathWithoutDotsOfAnything) {
  Random random(11);
  const std::string_view alphabet = "./\\aB~.";
  for (int round = 0; round < 100000; ++round) {
    std::string name;
    for (std::uint64_t left = random.below(14); left > 0; --left) {
      name.push_back(alphabet[random.below(alphabet.size())]);
    }
    const auto resolved =
        resolve_name(name, {.root = random.chance(0.5) ? "/a" : "", .unique_directory = "B"});
    if (!resolved) continue;
    const std::string whole = "/" + resolved->path + "/";
    ASSERT_FALSE(resolved->path.empty()) << name;
    ASSERT_EQ(whole.find("//"), std::string::npos) << name;
    ASSERT_EQ(whole.find("/./"), std::string::npos) << name;
    ASSERT_EQ(whole.find("/../"), std::string::npos) << name;
    ASSERT_EQ(whole.find('\\'), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace pxeproof::server

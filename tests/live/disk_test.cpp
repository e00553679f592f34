#include "live/disk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

constexpr uid_t kStranger = 4242;

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() {
    mkdir((top_ / "root").c_str(), 0755);
    top_.write("outside.txt", "outside");
    top_.write("root/inside.txt", "inside");
  }

  FileRequest request(std::string path) const {
    return {.id = 1, .root = top_ / "root", .unique_directory = "", .path = std::move(path)};
  }

  // The content, or the fault in angle brackets.
  std::string fetch(const FileRequest& request) {
    const FileAnswer answer = disk_.open(request);
    if (!answer.content) {
      return "<" + std::string(to_string(answer.content.error())) + ">";
    }
    disk_.begin_round();
    const auto octets = (*answer.content)->read(0, 1U << 20U);
    return octets ? as_text(*octets) : "<" + std::string(to_string(octets.error())) + ">";
  }
  std::string fetch(std::string path) { return fetch(request(std::move(path))); }

  static std::string fault(FileFault fault) { return "<" + std::string(to_string(fault)) + ">"; }

  void link(std::string_view target, std::string_view name) const {
    ASSERT_EQ(symlink(std::string(target).c_str(), (top_ / name).c_str()), 0);
  }
  void give(std::string_view name, uid_t owner) const {
    ASSERT_EQ(lchown((top_ / name).c_str(), owner, static_cast<gid_t>(owner)), 0);
  }

  TestDirectory top_;
  Disk disk_;
};

// What only root can prepare: files of two other owners.
class DiskAsRoot : public DiskTest {
 protected:
  void SetUp() override {
    if (geteuid() != 0) {
      GTEST_SKIP() << "needs root: gives files to other users";
    }
  }
};

TEST_F(DiskTest, OpensAFileBelowItsRoot) {
  top_.write("root/a/b.txt", "deep");
  EXPECT_EQ(fetch("inside.txt"), "inside");
  EXPECT_EQ(fetch("a/b.txt"), "deep");
  EXPECT_EQ(fetch("a//b.txt"), "deep");
}

TEST_F(DiskTest, TellsWhatIsNotThere) {
  EXPECT_EQ(fetch("none"), fault(FileFault::NotFound));
  EXPECT_EQ(fetch("inside.txt/more"), fault(FileFault::NotFound));
  EXPECT_EQ(fetch(std::string(400, 'x')), fault(FileFault::NameTooLong));
  FileRequest no_root = request("x");
  no_root.root = top_ / "missing";
  EXPECT_EQ(fetch(no_root), fault(FileFault::NotFound));
}

TEST_F(DiskTest, RefusesADirectory) {
  mkdir((top_ / "root/directory").c_str(), 0755);
  EXPECT_EQ(fetch("directory"), fault(FileFault::NotAFile));
  EXPECT_EQ(fetch("."), fault(FileFault::NotAFile));
}

TEST_F(DiskTest, RefusesSpecialFilesWithoutWaiting) {
  ASSERT_EQ(mkfifo((top_ / "root/fifo").c_str(), 0666), 0);
  const FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, (top_ / "root/socket").c_str(), sizeof name.sun_path - 1);
  ASSERT_EQ(bind(listener.number(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(fetch("fifo"), fault(FileFault::NotAFile));
  EXPECT_EQ(fetch("socket"), fault(FileFault::NotAFile));
  link("fifo", "root/link");
  EXPECT_EQ(fetch("link"), fault(FileFault::NotAFile));
}

TEST_F(DiskTest, FollowsLinksThatStayInside) {
  top_.write("root/a/file", "linked");
  mkdir((top_ / "root/b").c_str(), 0777);
  chmod((top_ / "root/b").c_str(), 0777);
  link("../a/file", "root/b/relative");
  link(top_ / "root/a/file", "root/b/absolute");
  link("../b/relative", "root/a/chain");
  link("b", "root/directory");
  EXPECT_EQ(fetch("b/relative"), "linked");
  EXPECT_EQ(fetch("b/absolute"), "linked");
  EXPECT_EQ(fetch("a/chain"), "linked");
  EXPECT_EQ(fetch("directory/relative"), "linked");
}

TEST_F(DiskTest, FollowsTheOwnersLinkOutOfTheRoot) {
  link("../outside.txt", "root/relative");
  link(top_ / "outside.txt", "root/absolute");
  link(top_.path(), "root/directory");
  EXPECT_EQ(fetch("relative"), "outside");
  EXPECT_EQ(fetch("absolute"), "outside");
  EXPECT_EQ(fetch("directory/outside.txt"), "outside");
}

TEST_F(DiskTest, RefusesALinkOutWhenOthersMayWriteOnTheWay) {
  mkdir((top_ / "root/open").c_str(), 0755);
  link("../../outside.txt", "root/open/relative");
  link(top_ / "outside.txt", "root/open/absolute");
  EXPECT_EQ(fetch("open/relative"), "outside");
  for (const mode_t mode : {0775U, 0757U, 01777U}) {
    chmod((top_ / "root/open").c_str(), mode);
    EXPECT_EQ(fetch("open/relative"), fault(FileFault::UntrustedLink)) << std::oct << mode;
    EXPECT_EQ(fetch("open/absolute"), fault(FileFault::UntrustedLink)) << std::oct << mode;
  }
  chmod((top_ / "root/open").c_str(), 0755);
  chmod((top_ / "root").c_str(), 0775);
  EXPECT_EQ(fetch("open/relative"), fault(FileFault::UntrustedLink));
}

TEST_F(DiskTest, NamesALoopNotFound) {
  link("second", "root/first");
  link("first", "root/second");
  EXPECT_EQ(fetch("first"), fault(FileFault::NotFound));
}

TEST_F(DiskTest, NeverLeavesTheRootByTheRequestItself) {
  EXPECT_EQ(fetch("../outside.txt"), fault(FileFault::OutsideRoot));
  EXPECT_EQ(fetch("/inside.txt/../../outside.txt"), fault(FileFault::NotFound));
}

TEST_F(DiskAsRoot, RefusesAStrangersLinkOut) {
  link("../outside.txt", "root/relative");
  link(top_ / "outside.txt", "root/absolute");
  link("inside.txt", "root/harmless");
  give("root/relative", kStranger);
  give("root/absolute", kStranger);
  give("root/harmless", kStranger);
  EXPECT_EQ(fetch("relative"), fault(FileFault::UntrustedLink));
  EXPECT_EQ(fetch("absolute"), fault(FileFault::UntrustedLink));
  EXPECT_EQ(fetch("harmless"), "inside");
}

TEST_F(DiskAsRoot, TrustsTheOwnerOfTheRootDirectory) {
  link("../outside.txt", "root/link");
  give("root/link", kStranger);
  give("root", kStranger);
  EXPECT_EQ(fetch("link"), "outside");
}

TEST_F(DiskAsRoot, AsksTheSameOfLinksBehindATrustedOne) {
  mkdir((top_ / "public").c_str(), 0755);
  top_.write("secret", "secret");
  link("../secret", "public/bait");
  link(top_ / "public", "root/pub");
  EXPECT_EQ(fetch("pub/bait"), "secret");
  give("public/bait", kStranger);
  EXPECT_EQ(fetch("pub/bait"), fault(FileFault::UntrustedLink));
  give("public/bait", 0);
  chmod((top_ / "public").c_str(), 0777);
  EXPECT_EQ(fetch("pub/bait"), fault(FileFault::UntrustedLink));
}

TEST_F(DiskAsRoot, KeepsTheRuleAboutWorldReadableFiles) {
  chmod(top_.write("root/private", "private").c_str(), 0640);
  FileRequest strict = request("private");
  EXPECT_EQ(fetch(strict), "private");
  strict.require_world_readable = true;
  EXPECT_EQ(fetch(strict), fault(FileFault::AccessDenied));
}

TEST_F(DiskAsRoot, KeepsTheRuleAboutOwnFiles) {
  FileRequest secure = request("inside.txt");
  secure.require_own_file = true;
  EXPECT_EQ(fetch(secure), "inside");
  give("root/inside.txt", kStranger);
  EXPECT_EQ(fetch(secure), fault(FileFault::AccessDenied));
}

TEST_F(DiskTest, UsesTheUniqueDirectoryWhenItExists) {
  top_.write("root/10.0.0.1/inside.txt", "mine");
  FileRequest unique = request("inside.txt");
  unique.unique_directory = "10.0.0.1";
  EXPECT_EQ(fetch(unique), "mine");
  unique.unique_directory = "10.0.0.2";
  EXPECT_EQ(fetch(unique), "inside");
  unique.unique_directory = "10.0.0.1";
  unique.path = "other";
  EXPECT_EQ(fetch(unique), fault(FileFault::NotFound)) << "no way back to the common root";
}

TEST_F(DiskTest, ReadsTheWholeFileSystemWithoutARoot) {
  FileRequest request;
  request.path = (top_ / "outside.txt").substr(1);
  EXPECT_EQ(fetch(request), "outside");
}

TEST_F(DiskTest, KeepsAFileInMemoryOnceForAllWhoReadIt) {
  const std::string content(500'000, 'x');
  top_.write("root/large", content);
  disk_.open(request("large"));
  usleep(50'000);  // Past the tick in which a file may change unnoticed.
  std::vector<std::shared_ptr<FileContent>> readers;
  for (int i = 0; i < 1000; ++i) {
    readers.push_back(disk_.open(request("large")).content.value());
  }
  EXPECT_EQ(disk_.size_bytes(), content.size());
  EXPECT_EQ(readers.front(), readers.back());
}

TEST_F(DiskTest, NoticesEveryKindOfChange) {
  const auto changes =
      std::vector<std::pair<std::string,
                            std::function<void(std::string)>>>{{"truncated",
                                                                [](const std::string& path) {
                                                                  ASSERT_EQ(
                                                                      truncate(path.c_str(), 3), 0);
                                                                }},
                                                               {"grown",
                                                                [this](const std::string&) {
                                                                  top_.write("root/file",
                                                                             "longer than before");
                                                                }},
                                                               {"rewritten",
                                                                [this](const std::string&) {
                                                                  top_.write("root/file",
                                                                             "CONTENT");
                                                                }},
                                                               {"replaced",
                                                                [this](const std::string& path) {
                                                                  ASSERT_EQ(
                                                                      rename(top_.write("root/new",
                                                                                        "content")
                                                                                 .c_str(),
                                                                             path.c_str()),
                                                                      0);
                                                                }},
                                                               {"deleted",
                                                                [](const std::string& path) {
                                                                  ASSERT_EQ(unlink(path.c_str()),
                                                                            0);
                                                                }}};
  for (const auto& [name, change] : changes) {
    const std::string path = top_.write("root/file", "content");
    usleep(50'000);
    const auto content = disk_.open(request("file")).content.value();
    ASSERT_EQ(as_text(content->read(0, 7).value()), "content") << name;

    change(path);
    disk_.begin_round();

    const auto after = content->read(3, 4);
    ASSERT_FALSE(after) << name;
    EXPECT_EQ(after.error(), FileFault::Changed) << name;
    EXPECT_FALSE(content->read(0, 1)) << name << ": and stays changed";
  }
}

TEST_F(DiskTest, ServesTheNewContentToThoseWhoComeAfterAChange) {
  for (int i = 0; i < 200; ++i) {
    const std::string content = "version " + std::to_string(i % 10);
    top_.write("root/file", content);
    ASSERT_EQ(fetch("file"), content) << "same size, perhaps within one tick of the clock";
  }
}

TEST(DiskOfLargeFiles, ReadsInPiecesWithinItsBudget) {
  const TestDirectory top;
  std::string content;
  for (int i = 0; i < 300'000; ++i) {
    content += std::to_string(i) + "\n";
  }
  top.write("large", content);
  Disk disk(FileCache::Options{
      .whole_files_bytes = 0, .largest_whole_bytes = 0, .chunks_bytes = 700'000});
  const auto file =
      disk.open({.root = top.path(), .unique_directory = "", .path = "large"}).content.value();
  std::string copy;
  for (std::uint64_t offset = 0; offset < file->size(); offset += 1428) {
    disk.begin_round();
    copy += as_text(file->read(offset, 1428).value());
    EXPECT_LE(disk.size_bytes(), 700'000U);
  }
  EXPECT_EQ(copy, content);
}

TEST(DiskOfLargeFiles, ReadsAPieceAgainForLargerBlocks) {
  const TestDirectory top;
  std::string content;
  for (int i = 0; content.size() < 600'000; ++i) content += std::to_string(i) + ";";
  top.write("large", content);
  Disk disk(FileCache::Options{
      .whole_files_bytes = 0, .largest_whole_bytes = 0, .chunks_bytes = 400'000});
  const auto file =
      disk.open({.root = top.path(), .unique_directory = "", .path = "large"}).content.value();
  constexpr std::uint64_t kAcross = (256U << 10U) - 100;
  disk.begin_round();
  const ByteView small = file->read(kAcross, 1428).value();
  const ByteView large = file->read(kAcross, 65'464).value();
  EXPECT_EQ(as_text(small), content.substr(kAcross, 1428));
  EXPECT_EQ(as_text(large), content.substr(kAcross, 65'464));
  for (const std::uint64_t offset : {300'000U, 0U, 500'000U, 262'000U}) {
    disk.begin_round();
    EXPECT_EQ(as_text(file->read(offset, 1428).value()), content.substr(offset, 1428));
    EXPECT_LE(disk.size_bytes(), 400'000U);
  }
}

// A file that is written again at once may keep its size and its stamps.
TEST(DiskOfLargeFiles, ReadsAFileThatIsWrittenTwiceWithinATick) {
  const TestDirectory top;
  Disk disk(FileCache::Options{
      .whole_files_bytes = 0, .largest_whole_bytes = 0, .chunks_bytes = 1U << 20U});
  for (int i = 0; i < 50; ++i) {
    const std::string content(100, static_cast<char>('A' + i % 26));
    top.write("large", content);
    disk.begin_round();
    const auto file =
        disk.open({.root = top.path(), .unique_directory = "", .path = "large"}).content.value();
    EXPECT_EQ(as_text(file->read(0, 100).value()), content);
  }
}

TEST(DiskOfLargeFiles, SharesTheMemoryWithWholeFiles) {
  const TestDirectory top;
  top.write("small", std::string(200'000, 's'));
  top.write("large", std::string(900'000, 'l'));
  Disk disk(FileCache::Options{
      .whole_files_bytes = 300'000, .largest_whole_bytes = 300'000, .chunks_bytes = 300'000});
  const auto open = [&](const char* name) {
    return disk.open({.root = top.path(), .unique_directory = "", .path = name}).content.value();
  };
  const auto large = open("large");
  for (std::uint64_t offset = 0; offset < large->size(); offset += 1428) {
    disk.begin_round();
    large->read(offset, 1428).value();
  }
  EXPECT_GT(disk.size_bytes(), 300'000U);
  EXPECT_LE(disk.size_bytes(), 600'000U);
  disk.begin_round();
  const auto small = open("small");
  EXPECT_LE(disk.size_bytes(), 600'000U);
}

TEST(DiskOfLargeFiles, KeepsEveryViewOfARoundValid) {
  const TestDirectory top;
  std::string content;
  for (int i = 0; content.size() < 3'000'000; ++i) {
    content += std::to_string(i) + ",";
  }
  top.write("large", content);
  Disk disk(
      FileCache::Options{.whole_files_bytes = 0, .largest_whole_bytes = 0, .chunks_bytes = 1});
  const auto file =
      disk.open({.root = top.path(), .unique_directory = "", .path = "large"}).content.value();
  disk.begin_round();
  std::vector<ByteView> views;
  for (std::uint64_t offset = 0; offset < file->size(); offset += 65'464) {
    views.push_back(file->read(offset, 65'464).value());
  }
  std::string copy;
  for (const ByteView view : views) {
    copy += as_text(view);
  }
  EXPECT_EQ(copy, content);
  disk.begin_round();
  file->read(0, 1).value();
  EXPECT_LT(disk.size_bytes(), 700'000U);
}

}  // namespace
}  // namespace pxeproof::live

// What becomes of a transfer whose file is touched, replaced or written meanwhile.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "live/chunk_digests.h"
#include "live/disk.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

constexpr std::uint64_t kBlock = 1428;

using Change = std::function<void(const std::string& path)>;

// A file that is read as a transfer does, block by block.
class ChangedFile : public ::testing::TestWithParam<std::size_t> {
 protected:
  ChangedFile() {
    for (int i = 0; content_.size() < GetParam(); ++i) content_ += std::to_string(i) + ";";
    begin();
  }

  void begin() {
    mkdir((top_ / "root").c_str(), 0755);
    path_ = top_.write("root/file", content_);
    usleep(30'000);  // its stamps are beyond doubt
    file_ =
        disk_.open({.root = top_ / "root", .unique_directory = "", .path = "file"}).content.value();
    copy_.clear();
  }

  // Whether it went well up to there.
  bool read_until(std::uint64_t end) {
    while (copy_.size() < std::min<std::uint64_t>(end, file_->size())) {
      disk_.begin_round();
      const auto octets = file_->read(copy_.size(), kBlock);
      if (!octets) {
        EXPECT_EQ(octets.error(), FileFault::Changed);
        return false;
      }
      copy_ += as_text(*octets);
    }
    return true;
  }

  bool survives(const Change& change) {
    EXPECT_TRUE(read_until(content_.size() / 2));
    usleep(30'000);
    change(path_);
    return read_until(content_.size());
  }

  // Writes one octet and puts the file's time back.
  void write_secretly(const std::string& path, std::uint64_t offset) const {
    struct stat before {};
    ASSERT_EQ(stat(path.c_str(), &before), 0);
    const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(pwrite(file.number(), "!", 1, static_cast<off_t>(offset)), 1);
    const std::array times{before.st_atim, before.st_mtim};
    ASSERT_EQ(futimens(file.number(), times.data()), 0);
  }

  std::string snapshot() const { return top_ / "snapshot"; }

  TestDirectory top_;
  std::string content_;
  std::string path_;
  Disk disk_{FileCache::Options{
      .whole_files_bytes = 1U << 20U, .largest_whole_bytes = 1U << 20U, .chunks_bytes = 600'000}};
  std::shared_ptr<FileContent> file_;
  std::string copy_;
};

TEST_P(ChangedFile, IsSentWhenOnlyItsOwnerRightsLinksOrTimeOfReadingWereSet) {
  const std::vector<std::pair<const char*, Change>> changes{
      {"chmod", [](const std::string& path) { ASSERT_EQ(chmod(path.c_str(), 0644), 0); }},
      {"chown",
       [](const std::string& path) { ASSERT_EQ(chown(path.c_str(), geteuid(), getegid()), 0); }},
      {"a hard link",
       [this](const std::string& path) { ASSERT_EQ(link(path.c_str(), snapshot().c_str()), 0); }},
      {"a hard link less",
       [this](const std::string&) { ASSERT_EQ(unlink(snapshot().c_str()), 0); }},
      {"touch -a", [](const std::string& path) {
         const std::array<timespec, 2> times{{{.tv_sec = 1, .tv_nsec = 0}, {0, UTIME_OMIT}}};
         ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
       }}};
  for (const auto& [name, change] : changes) {
    if (std::string_view(name) != "a hard link less") begin();
    copy_.clear();
    EXPECT_TRUE(survives(change)) << name;
    EXPECT_TRUE(copy_ == content_) << name;
  }
}

TEST_P(ChangedFile, IsSentWhenItIsTouchedAgainAndAgain) {
  for (std::uint64_t end = 0; end < content_.size(); end += content_.size() / 20) {
    ASSERT_EQ(chmod(path_.c_str(), end % 2 == 0 ? 0644 : 0600), 0);
    ASSERT_TRUE(read_until(end));
  }
  EXPECT_TRUE(read_until(content_.size()));
  EXPECT_TRUE(copy_ == content_);
}

TEST_P(ChangedFile, IsNotSentToItsEndWhenItWasWrittenAndItsTimePutBack) {
  const std::uint64_t size = content_.size();
  for (const std::uint64_t offset : {std::uint64_t{0}, size / 4, size / 2 - 1}) {
    begin();
    EXPECT_FALSE(survives([&](const std::string& path) { write_secretly(path, offset); }))
        << offset;
  }
}

TEST_P(ChangedFile, IsNotSentToItsEndWhenAnotherHasItsName) {
  const std::vector<std::pair<const char*, Change>> changes{
      {"over it",
       [this](const std::string& path) {
         ASSERT_EQ(rename(top_.write("root/new", content_).c_str(), path.c_str()), 0);
       }},
      {"over it, and a snapshot keeps it",
       [this](const std::string& path) {
         ASSERT_EQ(link(path.c_str(), snapshot().c_str()), 0);
         ASSERT_EQ(rename(top_.write("root/new", content_).c_str(), path.c_str()), 0);
       }},
      {"after it was moved away", [this](const std::string& path) {
         ASSERT_EQ(rename(path.c_str(), (top_ / "root/old").c_str()), 0);
         top_.write("root/file", content_);
       }}};
  for (const auto& [name, change] : changes) {
    begin();
    EXPECT_FALSE(survives(change)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(WholeAndInPieces, ChangedFile, ::testing::Values(20'000, 3'000'000));

// More than is compared at once: the rest is compared meanwhile, and before the end.
class LargeChangedFile : public ChangedFile {};

TEST_P(LargeChangedFile, IsNotSentToItsEndWhenItWasWrittenAnywhere) {
  const std::uint64_t size = content_.size();
  for (const std::uint64_t offset : {std::uint64_t{0}, size * 9 / 10}) {
    begin();
    ASSERT_TRUE(read_until(size - 2 * kBlock));
    usleep(30'000);
    write_secretly(path_, offset);
    EXPECT_FALSE(read_until(size)) << offset;
  }
  begin();
  ASSERT_TRUE(read_until(size - 2 * kBlock));
  usleep(30'000);
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(read_until(size));
}

INSTANTIATE_TEST_SUITE_P(InPieces, LargeChangedFile, ::testing::Values(20'000'000));

TEST(ChunkDigests, TellOctetsFromOthers) {
  Bytes octets(1000, 7);
  for (const std::size_t size : {1U, 31U, 32U, 33U, 1000U}) {
    const std::uint64_t digest = digest_of_content(ByteView(octets).first(size));
    EXPECT_NE(digest, digest_of_content(ByteView(octets).first(size - 1)));
    for (std::size_t i = 0; i < size; ++i) {
      octets[i] ^= 1U;
      EXPECT_NE(digest_of_content(ByteView(octets).first(size)), digest) << size << " " << i;
      octets[i] ^= 1U;
    }
  }
}

TEST(ChunkDigests, KnowAChunkThatIsReadAgain) {
  const Bytes octets{1, 2, 3, 4};
  const Bytes others{1, 9, 3, 4, 5};
  ChunkDigests digests;
  EXPECT_TRUE(digests.note(3, ByteView(octets).first(2)));
  EXPECT_EQ(digests.length(3), 2U);
  EXPECT_EQ(digests.length(0), 0U);
  EXPECT_TRUE(digests.note(3, octets)) << "more of the same";
  EXPECT_EQ(digests.length(3), 4U);
  EXPECT_FALSE(digests.note(3, others));
  EXPECT_TRUE(digests.matches(3, octets));
  EXPECT_TRUE(digests.note(0, others));
}

}  // namespace
}  // namespace pxeproof::live

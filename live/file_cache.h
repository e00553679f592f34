#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <span>

#include "live/chunk_digests.h"
#include "live/path_walk.h"
#include "protocol/file_service.h"
#include "protocol/time.h"

namespace pxeproof::live {

// Which file it is, and in which state.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::int64_t changed = 0;

  static FileIdentity of(const struct stat& status);
  // The same but for the time of the last change of any kind: the owner, the links, the content
  // with its own time put back.
  bool differs_in_change_only(const FileIdentity& other) const;
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

// Counts the rounds of a service: views handed out in one round may be overwritten in the next, and
// a file is compared with the disk once in each.
struct FileRound {
  std::uint64_t number = 1;
};

// Octets of a file in memory that nobody has cleared first.
class FileOctets {
 public:
  FileOctets() = default;
  explicit FileOctets(std::size_t size)
      : octets_(std::make_unique_for_overwrite<std::uint8_t[]>(size)),
        size_(size),
        capacity_(size) {}

  std::span<std::uint8_t> span() { return {octets_.get(), size_}; }
  ByteView view() const { return {octets_.get(), size_}; }
  std::size_t size() const { return size_; }

  // Whether it can hold so many octets without much room to spare.
  bool suits(std::size_t size) const { return size <= capacity_ && capacity_ <= 2 * size; }
  void reuse(std::size_t size) { size_ = size; }

 private:
  std::unique_ptr<std::uint8_t[]> octets_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Pieces of files too large to be kept whole. Shared by all of them.
class ChunkStore {
 public:
  ChunkStore(std::shared_ptr<const FileRound> round, std::size_t budget_bytes)
      : round_(std::move(round)), budget_bytes_(budget_bytes) {}

  struct File {
    int descriptor = -1;
    std::uint64_t number = 0;  // of this opening of it: pieces of another may be older
    std::uint64_t size_bytes = 0;
    ChunkDigests* digests = nullptr;  // of what was read of it
  };

  // The octets at an offset of that file; Changed when the file ends before them, or when they were
  // others before.
  Result<ByteView, FileFault> read(const File& file, std::uint64_t offset, std::size_t length);

  std::size_t size_bytes() const { return size_bytes_; }
  void set_budget(std::size_t bytes);

 private:
  struct Place {
    std::uint64_t file = 0;
    std::uint64_t begin = 0;
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  struct Chunk {
    Place place;
    FileOctets octets;
    std::uint64_t round = 0;  // of its last use
  };
  using Chunks = std::list<Chunk>;
  Chunks::iterator find(const Place& place);
  FileOctets forget(Chunks::iterator chunk);
  FileOctets make_room(std::size_t wanted_bytes);

  std::shared_ptr<const FileRound> round_;
  std::size_t budget_bytes_;
  std::size_t size_bytes_ = 0;
  Chunks chunks_;  // most recently used first
  std::map<Place, Chunks::iterator> by_place_;
};

// Open files by identity: however many transfers read a file, it is open once and in memory once.
class FileCache {
 public:
  struct Options {
    std::size_t whole_files_bytes = 64U << 20U;    // kept whole, together
    std::size_t largest_whole_bytes = 16U << 20U;  // a larger file is read in pieces
    std::size_t chunks_bytes = 16U << 20U;         // pieces, beside what whole files leave free
    std::size_t idle_files = 256;                  // kept open when no transfer uses them
  };

  explicit FileCache(const Options& options);

  Result<std::shared_ptr<FileContent>, FileFault> content_of(WalkedPath opened);

  // The views handed out so far will not be used again.
  void begin_round() { ++round_->number; }

  // Octets of file content in memory.
  std::size_t size_bytes() const;

  // Closes every file that no transfer reads.
  void forget_all_idle();

 private:
  class OpenFile;
  Result<std::shared_ptr<OpenFile>, FileFault> load(WalkedPath opened,
                                                    const FileIdentity& identity);
  void forget_idle(std::size_t wanted_bytes);
  std::size_t whole_bytes() const;

  Options options_;
  std::shared_ptr<FileRound> round_ = std::make_shared<FileRound>();
  std::shared_ptr<ChunkStore> chunks_;
  std::map<FileIdentity, std::shared_ptr<OpenFile>> files_;
  std::uint64_t uses_ = 0;
  std::uint64_t opened_ = 0;
};

}  // namespace pxeproof::live

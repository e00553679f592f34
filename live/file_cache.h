#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <list>
#include <map>
#include <memory>

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
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

// Counts the rounds of a service: views handed out in one round may be overwritten in the next, and
// a file is compared with the disk once in each.
struct FileRound {
  std::uint64_t number = 1;
};

// Pieces of files too large to be kept whole. Shared by all of them.
class ChunkStore {
 public:
  ChunkStore(std::shared_ptr<const FileRound> round, std::size_t budget_bytes)
      : round_(std::move(round)), budget_bytes_(budget_bytes) {}

  // The octets at an offset of that file; Changed when the file ends before them.
  Result<ByteView, FileFault> read(int file, const FileIdentity& identity, std::uint64_t offset,
                                   std::size_t length);

  std::size_t size_bytes() const { return size_bytes_; }

 private:
  struct Chunk {
    FileIdentity identity;
    std::uint64_t begin = 0;
    Bytes octets;
    std::uint64_t round = 0;  // of its last use
  };
  void make_room(std::size_t wanted_bytes);

  std::shared_ptr<const FileRound> round_;
  std::size_t budget_bytes_;
  std::size_t size_bytes_ = 0;
  std::list<Chunk> chunks_;  // most recently used first
};

// Open files by identity: however many transfers read a file, it is open once and in memory once.
class FileCache {
 public:
  struct Options {
    std::size_t whole_files_bytes = 64U << 20U;    // kept whole, together
    std::size_t largest_whole_bytes = 16U << 20U;  // a larger file is read in pieces
    std::size_t chunks_bytes = 16U << 20U;         // pieces, together
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

  Options options_;
  std::shared_ptr<FileRound> round_ = std::make_shared<FileRound>();
  std::shared_ptr<ChunkStore> chunks_;
  std::map<FileIdentity, std::shared_ptr<OpenFile>> files_;
  std::uint64_t uses_ = 0;
};

}  // namespace pxeproof::live

#include "live/file_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

namespace pxeproof::live {
namespace {

constexpr std::uint64_t kChunkStep = std::uint64_t{256} << 10U;
constexpr std::uint64_t kChunkOverlap = std::uint64_t{64}
                                        << 10U;  // so that no TFTP block lies across a border

// The kernel stamps files with a clock that moves in ticks of up to 10 ms: a file changed just now
// may change again without a new stamp.
constexpr std::int64_t kStampDoubtNanoseconds = 20'000'000;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// Fills the whole span, or says why not.
Result<void, FileFault> read_exactly(int file, std::uint64_t offset,
                                     std::span<std::uint8_t> octets) {
  while (!octets.empty()) {
    const ssize_t got = pread(file, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      return fail(FileFault::ReadFailed);
    }
    if (got == 0) {
      return fail(FileFault::Changed);
    }
    offset += static_cast<std::uint64_t>(got);
    octets = octets.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

}  // namespace

FileIdentity FileIdentity::of(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size_bytes = static_cast<std::uint64_t>(status.st_size),
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

Result<ByteView, FileFault> ChunkStore::read(int file, const FileIdentity& identity,
                                             std::uint64_t offset, std::size_t length) {
  make_room(0);
  const auto found = std::find_if(chunks_.begin(), chunks_.end(), [&](const Chunk& chunk) {
    return chunk.identity == identity && chunk.begin <= offset &&
           offset + length <= chunk.begin + chunk.octets.size();
  });
  if (found != chunks_.end()) {
    chunks_.splice(chunks_.begin(), chunks_, found);
  } else {
    Chunk chunk;
    chunk.identity = identity;
    chunk.begin = offset / kChunkStep * kChunkStep;
    const std::uint64_t wanted =
        std::max(kChunkStep + kChunkOverlap, offset + length - chunk.begin);
    const std::uint64_t size = std::min(wanted, identity.size_bytes - chunk.begin);
    make_room(static_cast<std::size_t>(size));
    chunk.octets.resize(static_cast<std::size_t>(size));
    if (auto loaded = read_exactly(file, chunk.begin, chunk.octets); !loaded) {
      return fail(loaded.error());
    }
    size_bytes_ += chunk.octets.size();
    chunks_.push_front(std::move(chunk));
  }
  Chunk& chunk = chunks_.front();
  chunk.round = round_->number;
  return ByteView(chunk.octets).subspan(static_cast<std::size_t>(offset - chunk.begin), length);
}

void ChunkStore::make_room(std::size_t wanted_bytes) {
  while (!chunks_.empty() && size_bytes_ + wanted_bytes > budget_bytes_ &&
         chunks_.back().round != round_->number) {
    size_bytes_ -= chunks_.back().octets.size();
    chunks_.pop_back();
  }
}

// One open file, for all who read it.
class FileCache::OpenFile : public FileContent {
 public:
  OpenFile(FileDescriptor file, const FileIdentity& identity,
           std::shared_ptr<const FileRound> round, std::shared_ptr<ChunkStore> chunks)
      : file_(std::move(file)),
        identity_(identity),
        round_(std::move(round)),
        chunks_(std::move(chunks)) {}

  std::uint64_t size() const override { return identity_.size_bytes; }

  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (!is_as_opened()) {
      return fail(FileFault::Changed);
    }
    if (offset >= size()) {
      return ByteView{};
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, size() - offset));
    if (!is_whole_) {
      return chunks_->read(file_.number(), identity_, offset, count);
    }
    return ByteView(whole_).subspan(static_cast<std::size_t>(offset), count);
  }

  // Reads the whole file into memory, all of it in one state.
  Result<void, FileFault> load_whole() {
    whole_.resize(static_cast<std::size_t>(size()));
    if (auto loaded = read_exactly(file_.number(), 0, whole_); !loaded) {
      return loaded;
    }
    is_whole_ = true;
    checked_round_ = 0;
    return is_as_opened() ? Result<void, FileFault>{} : fail(FileFault::Changed);
  }

  void note_use(std::uint64_t use) { last_use_ = use; }
  std::uint64_t last_use() const { return last_use_; }
  std::size_t whole_bytes() const { return whole_.size(); }
  bool is_doubtful() const { return is_doubtful_; }
  void note_time(std::int64_t now) {
    is_doubtful_ = now - std::max(identity_.modified, identity_.changed) < kStampDoubtNanoseconds;
  }

 private:
  bool is_as_opened() {
    if (!is_changed_ && checked_round_ != round_->number) {
      struct stat status {};
      is_changed_ = fstat(file_.number(), &status) != 0 || FileIdentity::of(status) != identity_;
      checked_round_ = round_->number;
    }
    return !is_changed_;
  }

  FileDescriptor file_;
  FileIdentity identity_;
  std::shared_ptr<const FileRound> round_;
  std::shared_ptr<ChunkStore> chunks_;
  Bytes whole_;
  bool is_whole_ = false;
  bool is_changed_ = false;
  bool is_doubtful_ = false;
  std::uint64_t checked_round_ = 0;
  std::uint64_t last_use_ = 0;
};

FileCache::FileCache(const Options& options)
    : options_(options), chunks_(std::make_shared<ChunkStore>(round_, options.chunks_bytes)) {}

std::size_t FileCache::size_bytes() const {
  std::size_t total = chunks_->size_bytes();
  for (const auto& [identity, file] : files_) {
    total += file->whole_bytes();
  }
  return total;
}

Result<std::shared_ptr<FileContent>, FileFault> FileCache::content_of(WalkedPath opened) {
  FileIdentity identity = FileIdentity::of(opened.status);
  const auto known = files_.find(identity);
  if (known != files_.end() && !known->second->is_doubtful()) {
    known->second->note_use(++uses_);
    return std::shared_ptr<FileContent>(known->second);
  }
  auto file = load(std::move(opened), identity);
  if (!file) {
    return fail(file.error());
  }
  (*file)->note_use(++uses_);
  files_.insert_or_assign(identity, *file);
  return std::shared_ptr<FileContent>(std::move(*file));
}

Result<std::shared_ptr<FileCache::OpenFile>, FileFault> FileCache::load(
    WalkedPath opened, const FileIdentity& identity) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  auto file = std::make_shared<OpenFile>(std::move(opened.file), identity, round_, chunks_);
  file->note_time(nanoseconds(time));
  const auto size = static_cast<std::size_t>(identity.size_bytes);
  const bool may_be_whole = identity.size_bytes <= options_.largest_whole_bytes;
  forget_idle(may_be_whole ? size : 0);
  std::size_t whole = 0;
  for (const auto& [known, other] : files_) {
    whole += other->whole_bytes();
  }
  if (may_be_whole && whole + size <= options_.whole_files_bytes) {
    if (auto loaded = file->load_whole(); !loaded) {
      return fail(loaded.error());
    }
  }
  return file;
}

// Closes files that no transfer reads, the longest unused first, until there is room.
void FileCache::forget_idle(std::size_t wanted_bytes) {
  std::vector<std::map<FileIdentity, std::shared_ptr<OpenFile>>::iterator> idle;
  std::size_t whole = 0;
  for (auto file = files_.begin(); file != files_.end(); ++file) {
    whole += file->second->whole_bytes();
    if (file->second.use_count() == 1) {
      idle.push_back(file);
    }
  }
  std::sort(idle.begin(), idle.end(), [](const auto& a, const auto& b) {
    return a->second->last_use() < b->second->last_use();
  });
  std::size_t left = idle.size();
  for (const auto& file : idle) {
    if (left < options_.idle_files && whole + wanted_bytes <= options_.whole_files_bytes) {
      return;
    }
    whole -= file->second->whole_bytes();
    files_.erase(file);
    --left;
  }
}

void FileCache::forget_all_idle() {
  std::erase_if(files_, [](const auto& entry) { return entry.second.use_count() == 1; });
}

}  // namespace pxeproof::live

#include "live/file_cache.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

namespace pxeproof::live {
namespace {

constexpr std::uint64_t kChunkStep = std::uint64_t{256} << 10U;
// So that no TFTP block lies across a border: of those that fit a frame, and of all others.
constexpr std::uint64_t kChunkOverlap = std::uint64_t{2} << 10U;
constexpr std::uint64_t kLargeChunkOverlap = std::uint64_t{64} << 10U;

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

ChunkStore::Chunks::iterator ChunkStore::find(const Place& place) {
  if (!chunks_.empty() && chunks_.front().place == place) return chunks_.begin();
  const auto found = by_place_.find(place);
  return found == by_place_.end() ? chunks_.end() : found->second;
}

Result<ByteView, FileFault> ChunkStore::read(const File& file, std::uint64_t offset,
                                             std::size_t length) {
  if (size_bytes_ > budget_bytes_) make_room(0);
  const Place place{file.number, offset / kChunkStep * kChunkStep};
  const auto begin = static_cast<std::size_t>(offset - place.begin);
  const auto chunk = find(place);
  // One that was read for smaller blocks may be too short; views of it are still valid.
  if (chunk == chunks_.end() || begin + length > chunk->octets.size()) {
    const std::uint64_t overlap = length <= kChunkOverlap ? kChunkOverlap : kLargeChunkOverlap;
    const std::uint64_t wanted = std::max<std::uint64_t>(kChunkStep + overlap, begin + length);
    const auto size = static_cast<std::size_t>(std::min(wanted, file.size_bytes - place.begin));
    FileOctets octets = make_room(size);
    if (auto loaded = read_exactly(file.descriptor, place.begin, octets.span()); !loaded) {
      return fail(loaded.error());
    }
    size_bytes_ += size;
    chunks_.push_front({.place = place, .octets = std::move(octets)});
    by_place_.insert_or_assign(place, chunks_.begin());
  } else if (chunk != chunks_.begin()) {
    chunks_.splice(chunks_.begin(), chunks_, chunk);
  }
  Chunk& used = chunks_.front();
  used.round = round_->number;
  return used.octets.view().subspan(begin, length);
}

FileOctets ChunkStore::forget(Chunks::iterator chunk) {
  FileOctets octets = std::move(chunk->octets);
  size_bytes_ -= octets.size();
  if (const auto known = by_place_.find(chunk->place);
      known != by_place_.end() && known->second == chunk) {
    by_place_.erase(known);
  }
  chunks_.erase(chunk);
  return octets;
}

// The memory of what has to go is taken again where it fits: fresh pages from the kernel cost as
// much as the reading.
FileOctets ChunkStore::make_room(std::size_t wanted_bytes) {
  FileOctets room;
  while (!chunks_.empty() && size_bytes_ + wanted_bytes > budget_bytes_ &&
         chunks_.back().round != round_->number) {
    room = forget(std::prev(chunks_.end()));
  }
  if (!room.suits(wanted_bytes)) return FileOctets(wanted_bytes);
  room.reuse(wanted_bytes);
  return room;
}

void ChunkStore::set_budget(std::size_t bytes) {
  budget_bytes_ = bytes;
  make_room(0);
}

// One open file, for all who read it.
class FileCache::OpenFile : public FileContent {
 public:
  OpenFile(FileDescriptor file, const FileIdentity& identity, std::uint64_t number,
           std::shared_ptr<const FileRound> round, std::shared_ptr<ChunkStore> chunks)
      : file_(std::move(file)),
        identity_(identity),
        number_(number),
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
      return chunks_->read({file_.number(), number_, size()}, offset, count);
    }
    return whole_.view().subspan(static_cast<std::size_t>(offset), count);
  }

  // Reads the whole file into memory, all of it in one state.
  Result<void, FileFault> load_whole() {
    whole_ = FileOctets(static_cast<std::size_t>(size()));
    if (auto loaded = read_exactly(file_.number(), 0, whole_.span()); !loaded) {
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
  std::uint64_t number_;
  std::shared_ptr<const FileRound> round_;
  std::shared_ptr<ChunkStore> chunks_;
  FileOctets whole_;
  bool is_whole_ = false;
  bool is_changed_ = false;
  bool is_doubtful_ = false;
  std::uint64_t checked_round_ = 0;
  std::uint64_t last_use_ = 0;
};

FileCache::FileCache(const Options& options)
    : options_(options), chunks_(std::make_shared<ChunkStore>(round_, options.chunks_bytes)) {}

std::size_t FileCache::size_bytes() const { return chunks_->size_bytes() + whole_bytes(); }

std::size_t FileCache::whole_bytes() const {
  std::size_t total = 0;
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
  chunks_->set_budget(options_.chunks_bytes + options_.whole_files_bytes -
                      std::min(options_.whole_files_bytes, whole_bytes()));
  return std::shared_ptr<FileContent>(std::move(*file));
}

Result<std::shared_ptr<FileCache::OpenFile>, FileFault> FileCache::load(
    WalkedPath opened, const FileIdentity& identity) {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  auto file =
      std::make_shared<OpenFile>(std::move(opened.file), identity, ++opened_, round_, chunks_);
  file->note_time(nanoseconds(time));
  const auto size = static_cast<std::size_t>(identity.size_bytes);
  const bool may_be_whole = identity.size_bytes <= options_.largest_whole_bytes;
  forget_idle(may_be_whole ? size : 0);
  if (may_be_whole && whole_bytes() + size <= options_.whole_files_bytes) {
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

#include "live/file_cache.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <ctime>
#include <optional>
#include <string>
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

// Of a file that may have changed, so much is compared at once, and then a chunk in each round: a
// large one must not keep the other transfers waiting.
constexpr std::size_t kChunksComparedAtOnce = 64;

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

std::int64_t wall_clock_nanoseconds() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

// The path by which an open file is known; nullopt where the kernel does not say.
std::optional<std::string> path_of(int file) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t length = readlinkat(AT_FDCWD, link.c_str(), path.data(), path.size());
  if (length <= 0 || static_cast<std::size_t>(length) == path.size()) return std::nullopt;
  return std::string(path.data(), static_cast<std::size_t>(length));
}

}  // namespace

bool FileIdentity::differs_in_change_only(const FileIdentity& other) const {
  FileIdentity same = *this;
  same.changed = other.changed;
  return same == other;
}

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
    const auto number = static_cast<std::size_t>(place.begin / kChunkStep);
    const std::uint64_t wanted = std::max<std::uint64_t>(
        {kChunkStep + overlap, begin + length, file.digests->length(number)});
    const auto size = static_cast<std::size_t>(std::min(wanted, file.size_bytes - place.begin));
    FileOctets octets = make_room(size);
    if (auto loaded = read_exactly(file.descriptor, place.begin, octets.span()); !loaded) {
      return fail(loaded.error());
    }
    if (!file.digests->note(number, octets.view())) return fail(FileFault::Changed);
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
  OpenFile(WalkedPath opened, std::uint64_t number, std::shared_ptr<const FileRound> round,
           std::shared_ptr<ChunkStore> chunks)
      : file_(std::move(opened.file)),
        identity_(FileIdentity::of(opened.status)),
        path_(path_of(file_.number())),
        links_(opened.status.st_nlink),
        number_(number),
        round_(std::move(round)),
        chunk_store_(std::move(chunks)) {}

  std::uint64_t size() const override { return identity_.size_bytes; }

  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (!is_as_opened(offset + length)) {
      return fail(FileFault::Changed);
    }
    if (offset >= size()) {
      return ByteView{};
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(length, size() - offset));
    if (is_whole_) return whole_.view().subspan(static_cast<std::size_t>(offset), count);
    auto octets = chunk_store_->read({file_.number(), number_, size(), &digests_}, offset, count);
    if (!octets && octets.error() == FileFault::Changed) is_changed_ = true;
    return octets;
  }

  // Reads the whole file into memory, all of it in one state.
  Result<void, FileFault> load_whole() {
    whole_ = FileOctets(static_cast<std::size_t>(size()));
    if (auto loaded = read_exactly(file_.number(), 0, whole_.span()); !loaded) {
      return loaded;
    }
    is_whole_ = true;
    checked_round_ = 0;
    return is_as_opened(size()) ? Result<void, FileFault>{} : fail(FileFault::Changed);
  }

  void note_use(std::uint64_t use) { last_use_ = use; }
  std::uint64_t last_use() const { return last_use_; }
  std::size_t whole_bytes() const { return whole_.size(); }
  bool is_doubtful() const { return is_doubtful_; }
  void note_time(std::int64_t now) {
    is_doubtful_ = now - std::max(identity_.modified, identity_.changed) < kStampDoubtNanoseconds;
  }

 private:
  // What was handed out is compared with the disk, as only the time of the last change is another.
  struct Comparison {
    std::int64_t changed = 0;
    std::int64_t began = 0;
    std::size_t next = 0;  // chunk
    bool has_ended_once = false;
  };

  bool is_as_opened(std::uint64_t end) {
    if (!is_changed_ && checked_round_ != round_->number) {
      is_changed_ = !check();
      checked_round_ = round_->number;
    }
    // No transfer ends before the comparison.
    if (!is_changed_ && end >= size() && comparison_ && !comparison_->has_ended_once) {
      is_changed_ = !compare(chunks());
    }
    return !is_changed_;
  }

  bool check() {
    struct stat status {};
    if (fstat(file_.number(), &status) != 0) return false;
    const FileIdentity now = FileIdentity::of(status);
    if (now == identity_) return true;
    if (!now.differs_in_change_only(identity_)) return false;
    if (comparison_ && comparison_->changed == now.changed) return compare(1);
    if (!has_its_name(status)) return false;
    begin_comparison(now.changed);
    return compare(kChunksComparedAtOnce);
  }

  // A file that was replaced or moved away stays readable, but is not the one that was asked for.
  bool has_its_name(const struct stat& status) const {
    if (status.st_nlink == 0) return false;
    return path_ ? path_of(file_.number()) == path_ : status.st_nlink >= links_;
  }

  void begin_comparison(std::int64_t changed) {
    comparison_ = Comparison{.changed = changed, .began = wall_clock_nanoseconds()};
  }

  bool compare(std::size_t most_chunks) {
    for (; most_chunks > 0 && comparison_->next < chunks(); --most_chunks) {
      if (!is_on_disk(comparison_->next++)) return false;
    }
    if (comparison_->next < chunks()) return true;
    if (comparison_->began - comparison_->changed >= kStampDoubtNanoseconds) {
      identity_.changed = comparison_->changed;
      comparison_.reset();
    } else {
      begin_comparison(comparison_->changed);
      comparison_->has_ended_once = true;
    }
    return true;
  }

  std::size_t chunks() const {
    return is_whole_ ? (whole_.size() + kChunkStep - 1) / kChunkStep : digests_.chunks();
  }

  bool is_on_disk(std::size_t chunk) const {
    const std::uint64_t begin = chunk * kChunkStep;
    ByteView handed_out;
    if (is_whole_) {
      handed_out = whole_.view().subspan(static_cast<std::size_t>(begin));
      handed_out = handed_out.first(std::min<std::size_t>(handed_out.size(), kChunkStep));
    }
    FileOctets octets(is_whole_ ? handed_out.size() : digests_.length(chunk));
    if (!read_exactly(file_.number(), begin, octets.span())) return false;
    return is_whole_ ? std::ranges::equal(octets.view(), handed_out)
                     : digests_.matches(chunk, octets.view());
  }

  FileDescriptor file_;
  FileIdentity identity_;
  std::optional<std::string> path_;
  nlink_t links_;
  std::uint64_t number_;
  std::shared_ptr<const FileRound> round_;
  std::shared_ptr<ChunkStore> chunk_store_;
  ChunkDigests digests_;
  FileOctets whole_;
  std::optional<Comparison> comparison_;
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
  auto file = std::make_shared<OpenFile>(std::move(opened), ++opened_, round_, chunks_);
  file->note_time(wall_clock_nanoseconds());
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

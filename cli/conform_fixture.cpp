#include "cli/conform_fixture.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "conformance/fixture.h"
#include "conformance/variant.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;
using conformance::FixtureEntry;

constexpr uid_t kForeignUser = 65534;

auto cannot(const fs::path& path) {
  return environment_failed(fmt::format("the fixture: {}: {}, and the suite needs it",
                                        path.string(), std::strerror(errno)));
}

Outcome<void> write_file(const fs::path& path, const FixtureEntry& entry) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  std::vector<std::uint8_t> octets;
  const auto write_range = [&](std::uint64_t from, std::uint64_t to) {
    file.seekp(static_cast<std::streamoff>(from));
    for (std::uint64_t at = from; at < to && file; at += octets.size()) {
      octets.resize(static_cast<std::size_t>(std::min(to - at, conformance::kMebibyte)));
      conformance::fill_fixture(entry, at, octets);
      file.write(reinterpret_cast<const char*>(octets.data()),
                 static_cast<std::streamsize>(octets.size()));
    }
  };
  if (!entry.text.empty()) {
    file << entry.text;
  } else if (entry.kind == FixtureEntry::Kind::Sparse) {
    write_range(0, conformance::kMebibyte);
    write_range(entry.size - conformance::kMebibyte, entry.size);
  } else {
    write_range(0, entry.size);
  }
  if (!file.flush()) return cannot(path);
  return {};
}

Outcome<void> make_entry(const fs::path& directory, const FixtureEntry& entry,
                         ForeignFiles& foreign) {
  const fs::path path = directory / entry.path;
  std::error_code failed;
  switch (entry.kind) {
    case FixtureEntry::Kind::Directory:
      fs::create_directories(path, failed);
      if (failed) return cannot(path);
      break;
    case FixtureEntry::Kind::File:
    case FixtureEntry::Kind::Sparse:
      if (auto written = write_file(path, entry); !written) return written;
      break;
    case FixtureEntry::Kind::Fifo:
      if (mkfifo(path.c_str(), entry.mode) != 0) return cannot(path);
      break;
    case FixtureEntry::Kind::Socket:
      if (mknod(path.c_str(), S_IFSOCK | entry.mode, 0) != 0) return cannot(path);
      break;
    case FixtureEntry::Kind::Link:
    case FixtureEntry::Kind::ForeignLink: {
      const std::string target = conformance::fill_placeholders(std::string(entry.target),
                                                                {{"fixture", directory.string()}});
      fs::create_symlink(target, path, failed);
      if (failed) return cannot(path);
      if (entry.kind == FixtureEntry::Kind::ForeignLink &&
          lchown(path.c_str(), kForeignUser, kForeignUser) != 0) {
        fs::remove(path, failed);
        foreign = ForeignFiles::LeftOut;
      }
      return {};
    }
  }
  // Whatever the umask is: servers run as other users.
  if (chmod(path.c_str(), entry.mode) != 0) return cannot(path);
  return {};
}

}  // namespace

Outcome<ForeignFiles> make_conformance_fixture(const fs::path& directory) {
  ForeignFiles foreign = ForeignFiles::Made;
  chmod(directory.c_str(), 0755);
  for (const FixtureEntry& entry : conformance::fixture_entries()) {
    if (auto made = make_entry(directory, entry, foreign); !made) return fail(made.error());
  }
  return foreign;
}

}  // namespace pxeproof::cli

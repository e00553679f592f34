#include "conformance/fixture.h"

#include <algorithm>
#include <array>
#include <vector>

#include "protocol/random.h"

namespace pxeproof::conformance {

namespace {

using Kind = FixtureEntry::Kind;

constexpr std::string_view kLongPath =
    "tftp/sub/a name of over one hundred and fifty octets, which is more than BOOTP has room for, "
    "and "
    "which nobody may cut, for RFC 1350 knows no limit to names of files.bin";
static_assert(kLongPath.substr(5) == kLongName);

// Sizes round one block, windows, and the wrap of the 16-bit block number at 8 octets a block.
constexpr std::array kEntries = {
    FixtureEntry{.kind = Kind::Directory, .path = "tftp", .mode = 0755},
    FixtureEntry{.path = "tftp/small.bin", .size = 200},
    FixtureEntry{.path = "tftp/empty.bin", .size = 0},
    FixtureEntry{.path = "tftp/a.bin", .size = 310},
    FixtureEntry{.path = "tftp/b.bin", .size = 320},
    FixtureEntry{.path = "tftp/c.bin", .size = 330},
    FixtureEntry{.path = "tftp/k1024.bin", .size = 1024},
    FixtureEntry{.path = "tftp/k1300.bin", .size = 1300},
    FixtureEntry{.path = "tftp/k2048.bin", .size = 2048},
    FixtureEntry{.path = "tftp/k3072.bin", .size = 3072},
    FixtureEntry{.path = "tftp/k5000.bin", .size = 5000},
    FixtureEntry{.path = "tftp/k30000.bin", .size = 30000},
    FixtureEntry{.path = "tftp/k70000.bin", .size = 70000},
    FixtureEntry{.path = "tftp/load.bin", .size = 60000},
    FixtureEntry{.path = "tftp/slow.bin", .size = 5000},
    FixtureEntry{.path = "tftp/shrink.bin", .size = 600000},
    FixtureEntry{.path = "tftp/roll70000.bin", .size = 8 * 70000 - 3},
    FixtureEntry{.path = "tftp/wrap-less.bin", .size = 8 * 65536 - 1},
    FixtureEntry{.path = "tftp/wrap-even.bin", .size = 8 * 65536},
    FixtureEntry{.path = "tftp/wrap-more.bin", .size = 8 * 65536 + 1},
    FixtureEntry{.kind = Kind::Sparse, .path = "tftp/sparse5g.bin", .size = kSparseSize},
    FixtureEntry{.path = "tftp/netascii.txt", .text = kNetasciiText},
    FixtureEntry{.path = "tftp/unreadable.bin", .size = 100, .mode = 0},
    FixtureEntry{.kind = Kind::Directory, .path = "tftp/sub", .mode = 0755},
    FixtureEntry{.path = "tftp/sub/f.bin", .size = 400},
    FixtureEntry{.path = kLongPath, .size = 420},
    FixtureEntry{.path = "tftp/f.bin", .size = 410},
    FixtureEntry{.kind = Kind::Directory, .path = "tftp/dir", .mode = 0755},
    FixtureEntry{.kind = Kind::Directory, .path = "tftp/pxelinux.cfg", .mode = 0755},
    FixtureEntry{.path = "tftp/pxelinux.cfg/default", .text = "default linux\n"},
    // Boot files by architecture.
    FixtureEntry{.path = "tftp/pxelinux.0", .size = 1100},
    FixtureEntry{.path = "tftp/pxelinux.1", .size = 1110},
    FixtureEntry{.path = "tftp/ia32.efi", .size = 1120},
    FixtureEntry{.path = "tftp/x64.efi", .size = 1130},
    FixtureEntry{.path = "tftp/arm32.efi", .size = 1140},
    FixtureEntry{.path = "tftp/arm64.efi", .size = 1150},
    FixtureEntry{.path = "tftp/script.ipxe", .text = "#!ipxe\nshell\n"},
    // What is no file.
    FixtureEntry{.kind = Kind::Fifo, .path = "tftp/fifo", .mode = 0644},
    FixtureEntry{.kind = Kind::Socket, .path = "tftp/socket", .mode = 0644},
    // Beside the root.
    FixtureEntry{.path = "secret.txt", .text = kSecretText},
    FixtureEntry{.path = "trusted.txt", .text = kTrustedText},
    FixtureEntry{.kind = Kind::Link, .path = "tftp/trusted.lnk", .target = "../trusted.txt"},
    FixtureEntry{.kind = Kind::ForeignLink, .path = "tftp/escape.lnk", .target = "../secret.txt"},
    FixtureEntry{
        .kind = Kind::ForeignLink, .path = "tftp/absolute.lnk", .target = "{fixture}/secret.txt"},
};

constexpr std::size_t kWord = 8;

bool is_hole(const FixtureEntry& entry, std::uint64_t offset) {
  return entry.kind == Kind::Sparse && offset >= kMebibyte && offset < entry.size - kMebibyte;
}

std::uint64_t file_seed(const FixtureEntry& entry) {
  std::uint64_t seed = 0xcbf29ce484222325U;  // FNV-1a
  for (const char letter : entry.path) {
    seed = (seed ^ static_cast<std::uint8_t>(letter)) * 0x100000001b3U;
  }
  return seed;
}

}  // namespace

std::span<const FixtureEntry> fixture_entries() { return kEntries; }

const FixtureEntry* find_fixture(std::string_view name_below_root) {
  while (name_below_root.starts_with('/')) name_below_root.remove_prefix(1);
  for (const FixtureEntry& entry : kEntries) {
    if (entry.path.starts_with("tftp/") && entry.path.substr(5) == name_below_root) return &entry;
  }
  return nullptr;
}

void fill_fixture(const FixtureEntry& entry, std::uint64_t offset, std::span<std::uint8_t> out) {
  const std::uint64_t seed = file_seed(entry);
  for (std::size_t done = 0; done < out.size();) {
    const std::uint64_t at = offset + done;
    if (!entry.text.empty()) {
      out[done++] = at < entry.text.size() ? static_cast<std::uint8_t>(entry.text[at]) : 0;
      continue;
    }
    if (is_hole(entry, at)) {
      out[done++] = 0;
      continue;
    }
    // Eight octets at a time, each group a function of its place alone.
    const std::uint64_t word = Random(seed + at / kWord).next();
    std::size_t within = static_cast<std::size_t>(at % kWord);
    for (; within < kWord && done < out.size() && !is_hole(entry, offset + done); ++within) {
      out[done++] = static_cast<std::uint8_t>(word >> (8 * within));
    }
  }
}

bool is_fixture(const FixtureEntry& entry, std::uint64_t offset, ByteView octets) {
  const std::uint64_t size = entry.text.empty() ? entry.size : entry.text.size();
  if (offset + octets.size() > size) return false;
  std::vector<std::uint8_t> expected(octets.size());
  fill_fixture(entry, offset, expected);
  return std::ranges::equal(expected, octets);
}

}  // namespace pxeproof::conformance

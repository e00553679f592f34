#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/bytes.h"

namespace pxeproof::conformance {

// One entry of the tree that every target serves. cli/ makes it on a disk.
struct FixtureEntry {
  enum class Kind {
    File,
    Directory,
    Fifo,
    Socket,
    Link,         // target is the link's text
    ForeignLink,  // the same, owned by a user who is neither root nor the tree's owner
    Sparse,       // a file of holes but for its first and last MiB
  };
  Kind kind = Kind::File;
  std::string_view path{};    // relative to the directory that holds the root and its neighbours
  std::uint64_t size = 0;     // octets of File and Sparse
  std::string_view text{};    // the whole content, where it is not made up
  std::string_view target{};  // of links
  std::uint32_t mode = 0644;
};

// The directory served, within the fixture; beside it lies what must never be served.
inline constexpr std::string_view kFixtureRoot = "tftp";
inline constexpr std::string_view kSmallFile = "small.bin";
// Longer than the field of a DHCP message that holds names, and with blanks.
inline constexpr std::string_view kLongName =
    "sub/a name of over one hundred and fifty octets, which is more than BOOTP has room for, and "
    "which "
    "nobody may cut, for RFC 1350 knows no limit to names of files.bin";
inline constexpr std::uint64_t kMebibyte = 1U << 20U;
inline constexpr std::uint64_t kSparseSize = 5ULL << 30U;
// Text that lies outside the root; whoever sends it has let a client out.
inline constexpr std::string_view kSecretText = "outside the root: pxeproof must never see this\n";
inline constexpr std::string_view kTrustedText = "behind a trusted link\n";
inline constexpr std::string_view kNetasciiText = "a\nb\r\nc\rd\n";

std::span<const FixtureEntry> fixture_entries();

// The entry of a name below the root; nullptr when the tree has no such file.
const FixtureEntry* find_fixture(std::string_view name_below_root);

// The octets [offset, offset + out.size()) of a made-up file. Each file has its own.
void fill_fixture(const FixtureEntry& entry, std::uint64_t offset, std::span<std::uint8_t> out);

// Whether these octets are the file's at that offset.
bool is_fixture(const FixtureEntry& entry, std::uint64_t offset, ByteView octets);

}  // namespace pxeproof::conformance

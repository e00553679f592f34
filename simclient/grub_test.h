#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::rom {

// GRUB's `test` and `[`, without the closing bracket. On the network no file exists for -e, -f and
// -d: its file system lists nothing; -s alone opens the file (commands/test.c, net/net.c).
class GrubTest {
 public:
  // The size of a file, nullopt when it cannot be opened; whether a name is a whole device.
  using SizeOf = std::function<std::optional<std::uint64_t>(std::string_view name)>;
  using IsDevice = std::function<bool(std::string_view name)>;

  GrubTest(SizeOf size_of, IsDevice is_device)
      : size_of_(std::move(size_of)), is_device_(std::move(is_device)) {}

  bool evaluate(std::span<const std::string> arguments) const;

  // The files whose size the expression asks for, in its order.
  static std::vector<std::string> sized_files(std::span<const std::string> arguments);

 private:
  SizeOf size_of_;
  IsDevice is_device_;
};

}  // namespace pxeproof::rom

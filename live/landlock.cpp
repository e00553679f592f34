#include "live/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "live/file_descriptor.h"

namespace pxeproof::live {
namespace {

// The kernel's structure as far as it has grown since the headers of Debian 12.
struct RulesetAttributes {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // ABI 4
  std::uint64_t scoped = 0;   // ABI 6
};

constexpr std::uint64_t kFileRightsOfAbi1 = (1U << 13U) - 1;
constexpr std::uint64_t kRefer = 1U << 13U;        // ABI 2
constexpr std::uint64_t kTruncate = 1U << 14U;     // ABI 3
constexpr std::uint64_t kDeviceIoctl = 1U << 15U;  // ABI 5
constexpr std::uint64_t kBindTcp = 1U << 0U;
constexpr std::uint64_t kConnectTcp = 1U << 1U;
constexpr std::uint64_t kAbstractSockets = 1U << 0U;
constexpr std::uint64_t kSignals = 1U << 1U;

// Likewise not in those headers.
constexpr int kRuleForPort = 2;  // LANDLOCK_RULE_NET_PORT
struct PortRule {
  std::uint64_t allowed = 0;
  std::uint64_t port = 0;
};

}  // namespace

SystemResult<void> forbid_all_files(std::optional<std::uint16_t> tcp_port) {
  const long abi =
      syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    // A filter of system calls answers for the kernel with EPERM.
    return fail(last_error("Landlock", errno == EPERM ? "a filter of system calls forbids it"
                                                      : "the kernel has it since 5.13"));
  }
  RulesetAttributes attributes;
  attributes.files = kFileRightsOfAbi1;
  std::size_t size = sizeof attributes.files;
  if (abi >= 2) attributes.files |= kRefer;
  if (abi >= 3) attributes.files |= kTruncate;
  if (abi >= 5) attributes.files |= kDeviceIoctl;
  if (abi >= 4) {
    attributes.network = kBindTcp | kConnectTcp;
    size += sizeof attributes.network;
  }
  if (abi >= 6) {
    attributes.scoped = kAbstractSockets | kSignals;
    size += sizeof attributes.scoped;
  }
  const FileDescriptor ruleset(
      static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset.is_open()) return fail(last_error("Landlock"));
  // Nothing of what the ruleset handles is allowed but by a rule.
  const PortRule rule{.allowed = kBindTcp, .port = tcp_port.value_or(0)};
  if (tcp_port && abi >= 4 &&
      syscall(SYS_landlock_add_rule, ruleset.number(), kRuleForPort, &rule, 0) != 0) {
    return fail(last_error("Landlock"));
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.number(), 0) != 0) {
    return fail(last_error("Landlock"));
  }
  return {};
}

}  // namespace pxeproof::live

#include "live/link_commands.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr Duration kForwardingPatience = std::chrono::seconds(5);
constexpr std::string_view kUdpSegmentation = "tx-udp-segmentation";

// Calls to the driver of one interface (SIOCETHTOOL), whose argument starts with its number.
class Ethtool {
 public:
  explicit Ethtool(const std::string& interface)
      : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    std::strncpy(request_.ifr_name, interface.c_str(), sizeof request_.ifr_name - 1);
  }

  bool call(void* argument) {
    request_.ifr_data = static_cast<char*>(argument);
    return ioctl(socket_.number(), SIOCETHTOOL, &request_) == 0;
  }

  // The place of a feature in the kernel's list.
  std::optional<std::uint32_t> find_feature(std::string_view name) {
    std::vector<std::uint32_t> query((sizeof(ethtool_sset_info) / 4) + 1);
    auto* info = reinterpret_cast<ethtool_sset_info*>(query.data());
    info->cmd = ETHTOOL_GSSET_INFO;
    info->sset_mask = std::uint64_t{1} << ETH_SS_FEATURES;
    if (!call(query.data())) {
      return std::nullopt;
    }
    const std::uint32_t count = query[sizeof(ethtool_sset_info) / 4];
    std::vector<char> answer(sizeof(ethtool_gstrings) + std::size_t{count} * ETH_GSTRING_LEN);
    auto* strings = reinterpret_cast<ethtool_gstrings*>(answer.data());
    strings->cmd = ETHTOOL_GSTRINGS;
    strings->string_set = ETH_SS_FEATURES;
    strings->len = count;
    if (!call(answer.data())) {
      return std::nullopt;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const char* entry =
          answer.data() + sizeof(ethtool_gstrings) + std::size_t{i} * ETH_GSTRING_LEN;
      if (name == std::string_view(entry, strnlen(entry, ETH_GSTRING_LEN))) {
        return i;
      }
    }
    return std::nullopt;
  }

  bool switch_feature_off(std::uint32_t place) {
    const std::uint32_t blocks = place / 32 + 1;
    std::vector<std::uint32_t> words(
        (sizeof(ethtool_sfeatures) + blocks * sizeof(ethtool_set_features_block)) / 4);
    words[0] = ETHTOOL_SFEATURES;
    words[1] = blocks;
    words[2 + (blocks - 1) * 2] = 1U << (place % 32);  // valid; requested stays 0
    return call(words.data());
  }

 private:
  FileDescriptor socket_;
  ifreq request_{};
};

}  // namespace

SystemResult<void> run_ip_batch(const std::vector<std::string>& lines,
                                const ChildProcess::Preparation& prepare) {
  std::string batch;
  for (const std::string& line : lines) {
    batch += line;
    batch += '\n';
  }
  auto done = run_to_end(Command{.program = "ip", .arguments = {"-batch", "-"}}, prepare, batch);
  if (done) {
    return {};
  }
  if (done.error().code == ENOENT) {
    return fail(error_of(ENOENT, "ip", "install the package iproute2"));
  }
  return fail(std::move(done.error()));
}

SystemResult<void> wait_until_forwarding(const std::string& bridge_port) {
  const Command show{.program = "ip",
                     .arguments = {"-details", "-oneline", "link", "show", "dev", bridge_port}};
  const Instant give_up = now() + kForwardingPatience;
  while (now() < give_up) {
    auto lines = run_to_end(show, nullptr);
    if (!lines) {
      return fail(std::move(lines.error()));
    }
    if (!lines->empty() && lines->front().find("state forwarding") != std::string::npos) {
      return {};
    }
  }
  return fail(error_of(ETIMEDOUT, "switch port " + bridge_port + ": does not forward"));
}

SystemResult<void> switch_offloads_off(const std::string& interface) {
  Ethtool driver(interface);
  ethtool_value checksum{};
  checksum.cmd = ETHTOOL_STXCSUM;
  checksum.data = 0;
  if (!driver.call(&checksum)) {
    return fail(last_error(interface + ": cannot switch checksum offload off"));
  }
  const auto segmentation = driver.find_feature(kUdpSegmentation);
  if (segmentation && !driver.switch_feature_off(*segmentation)) {
    return fail(last_error(interface + ": cannot switch UDP segmentation offload off"));
  }
  return {};
}

}  // namespace pxeproof::live

#include "server/lease_text.h"

#include <fmt/format.h>

#include <charconv>
#include <map>

#include "protocol/bytes.h"

namespace pxeproof::server {

namespace {

constexpr std::string_view kEnded = "ended";
constexpr std::string_view kUnknown = "*";
constexpr std::uint8_t kEthernet = 1;
constexpr std::size_t kMaximumFaults = 100;

// A host name came from the network: whatever would end a word or a line must not.
std::string name_text(std::string_view name) {
  std::string text;
  for (const char letter : name) {
    const bool is_plain = letter > ' ' && letter < 0x7f;
    text += is_plain ? letter : '_';
  }
  return text.empty() ? std::string(kUnknown) : text;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find(' '), line.size());
    if (end > 0) words.push_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return words;
}

bool read_hardware(std::string_view text, LeaseClient& client) {
  if (text == kUnknown) return true;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto type = from_hex(text.substr(0, dash));
    if (!type || type->size() != 1) return false;
    client.hardware_type = type->front();
    text.remove_prefix(dash + 1);
  }
  const auto octets = from_hex(text);
  if (!octets || octets->size() > 16) return false;
  client.hardware = as_text(*octets);
  return true;
}

Result<WrittenLease, std::string> read_lease(const std::vector<std::string_view>& words) {
  WrittenLease written;
  std::int64_t expires = 0;
  const auto [end, error] =
      std::from_chars(words[0].data(), words[0].data() + words[0].size(), expires);
  if (error != std::errc{} || end != words[0].data() + words[0].size() || expires < 0) {
    return fail(fmt::format("'{}' is no time", words[0]));
  }
  if (expires != 0) written.expires_epoch = expires;
  if (!read_hardware(words[1], written.lease.client)) {
    return fail(fmt::format("'{}' is no hardware address", words[1]));
  }
  const auto address = Ipv4Address::parse(words[2]);
  if (!address) return fail(fmt::format("'{}' is no IPv4 address", words[2]));
  written.lease.address = *address;
  if (words[3] != kUnknown) written.lease.host_name = std::string(words[3]);
  if (words[4] != kUnknown) {
    const auto id = from_hex(words[4]);
    if (!id) return fail(fmt::format("'{}' is no client identifier", words[4]));
    written.lease.client.client_id = as_text(*id);
  }
  return written;
}

}  // namespace

std::string colon_separated(std::string_view octets) {
  std::string text;
  for (const char octet : octets) {
    if (!text.empty()) text += ':';
    text += fmt::format("{:02x}", static_cast<unsigned char>(octet));
  }
  return text;
}

std::string hardware_text(const LeaseClient& client) {
  if (client.hardware.empty()) return std::string(kUnknown);
  const std::string octets = colon_separated(client.hardware);
  return client.hardware_type == kEthernet ? octets
                                           : fmt::format("{:02x}-{}", client.hardware_type, octets);
}

std::string lease_line(const WrittenLease& written) {
  const Lease& lease = written.lease;
  return fmt::format("{} {} {} {} {}\n", written.expires_epoch.value_or(0),
                     hardware_text(lease.client), to_string(lease.address),
                     name_text(lease.host_name),
                     lease.client.client_id.empty() ? std::string(kUnknown)
                                                    : colon_separated(lease.client.client_id));
}

std::string ended_line(Ipv4Address address) {
  return fmt::format("{} {}\n", kEnded, to_string(address));
}

LeaseText read_lease_text(std::string_view text) {
  LeaseText result;
  std::map<Ipv4Address, WrittenLease> leases;
  const auto complain = [&result](std::string message) {
    if (result.faults.size() < kMaximumFaults) {
      result.faults.push_back({result.lines, std::move(message)});
    }
  };
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      result.torn_octets = text.size();
      break;
    }
    ++result.lines;
    const std::string_view line = text.substr(0, end);
    const auto words = words_of(line);
    text.remove_prefix(end + 1);
    if (words.empty()) continue;
    if (words[0] == kEnded && words.size() == 2) {
      const auto address = Ipv4Address::parse(words[1]);
      if (address) {
        ++result.understood;
        leases.erase(*address);
      } else {
        complain(fmt::format("'{}' is no IPv4 address", words[1]));
      }
      continue;
    }
    const bool is_ipv6 = words.size() == 5 && words[2].find(':') != std::string_view::npos;
    if (words[0] == "duid" || is_ipv6) {  // leases that this server took down since may follow
      ++result.understood;
      result.foreign += fmt::format("{}\n", line);
      continue;
    }
    if (words.size() != 5) {
      complain("a lease has five words");
      continue;
    }
    auto lease = read_lease(words);
    if (lease) {
      ++result.understood;
      leases.insert_or_assign(lease->lease.address, std::move(*lease));
    } else {
      complain(std::move(lease.error()));
    }
  }
  for (auto& [address, lease] : leases) result.leases.push_back(std::move(lease));
  return result;
}

bool is_no_lease_file(std::string_view text) {
  const LeaseText read = read_lease_text(text);
  if (read.understood > 0) return false;
  if (!read.faults.empty()) return true;
  // Of a first line that was torn, as much is there as begins one.
  const std::string_view torn = text.substr(text.size() - read.torn_octets);
  const std::string_view word = torn.substr(0, torn.find(' '));
  const bool is_time = word.find_first_not_of("0123456789") == std::string_view::npos;
  return !is_time && !kEnded.starts_with(word);
}

}  // namespace pxeproof::server

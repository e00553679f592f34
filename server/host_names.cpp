#include "server/host_names.h"

#include <algorithm>
#include <set>

#include "protocol/letter_case.h"
#include "server/directive_values.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kMostNames = 1'000'000;
constexpr std::size_t kMostAddresses = 64;  // of one name
constexpr std::string_view kBlanks = " \t\r\v\f";

// Takes the next word off a line; empty at its end.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(kBlanks), line.size());
  line.remove_prefix(begin);
  const std::size_t end = std::min(line.find_first_of(kBlanks), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string key_of(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return lower_case(name);
}

}  // namespace

void add_host_name(Configuration& configuration, std::string_view name, Ipv4Address address) {
  std::string key = key_of(name);
  if (key.empty() || configuration.names.size() >= kMostNames) return;
  std::vector<Ipv4Address>& addresses = configuration.names[std::move(key)];
  const bool known = std::ranges::find(addresses, address) != addresses.end();
  if (!known && addresses.size() < kMostAddresses) addresses.push_back(address);
}

void add_host(Configuration& configuration, std::string_view name, Ipv4Address address) {
  add_host_name(configuration, name, address);
  if (configuration.names_of_addresses.size() >= kMostNames) return;
  configuration.names_of_addresses.try_emplace(address, key_of(name));
}

void add_hosts_file(Configuration& configuration, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto address = parse_address(take_word(line));
    if (!address) continue;
    while (true) {
      const std::string_view name = take_word(line);
      if (name.empty()) break;
      if (is_host_name(name)) add_host(configuration, name, *address);
    }
  }
}

void add_names_in_domain(Configuration& configuration) {
  if (configuration.domain.empty()) return;
  std::vector<std::pair<std::string, std::vector<Ipv4Address>>> added;
  for (const auto& [name, addresses] : configuration.names) {
    if (name.find('.') != std::string::npos) continue;
    added.emplace_back(name + "." + configuration.domain, addresses);
  }
  for (const auto& [name, addresses] : added) {
    for (const Ipv4Address address : addresses) add_host_name(configuration, name, address);
  }
}

void give_hosts_their_addresses(Configuration& configuration, bool in_domain) {
  if (configuration.dns_port == 0) configuration.names_of_addresses.clear();
  const auto& names = configuration.names_of_addresses;
  if (names.empty()) return;
  std::set<Ipv4Address> taken;
  for (const DhcpHost& host : configuration.hosts) {
    if (host.address) taken.insert(*host.address);
  }
  for (auto host = configuration.hosts.rbegin(); host != configuration.hosts.rend(); ++host) {
    if (host->address || host->name.empty()) continue;
    const std::string key = key_of(host->name);
    const auto found = configuration.names.find(key);
    if (found == configuration.names.end()) continue;
    std::vector<Ipv4Address> addresses = found->second;
    std::erase_if(addresses, [&](Ipv4Address each) { return !names.contains(each); });
    // Of several, the first whose own name it is.
    if (addresses.size() > 1) {
      std::erase_if(addresses,
                    [&](Ipv4Address each) { return in_domain || names.at(each) != key; });
    }
    if (addresses.empty() || !taken.insert(addresses.front()).second) continue;
    host->address = addresses.front();
  }
}

std::string_view host_name_of(const Configuration& configuration, Ipv4Address address,
                              std::string_view domain) {
  const auto found = configuration.names_of_addresses.find(address);
  if (found == configuration.names_of_addresses.end()) return {};
  const std::string_view name = found->second;
  const std::size_t dot = std::min(name.find('.'), name.size());
  if (dot < name.size() && name.substr(dot + 1) != lower_case(domain)) return {};
  const std::string_view host = name.substr(0, dot);
  return is_host_name(host) ? host : std::string_view{};
}

std::vector<Ipv4Address> addresses_of(const Configuration& configuration, std::string_view name) {
  const std::string key = key_of(name);
  if (const auto found = configuration.names.find(key); found != configuration.names.end()) {
    return found->second;
  }
  // A name in our own domain is also known without it.
  const std::string domain = "." + key_of(configuration.domain);
  if (domain.size() > 1 && key.ends_with(domain)) {
    const auto found = configuration.names.find(key.substr(0, key.size() - domain.size()));
    if (found != configuration.names.end()) return found->second;
  }
  return {};
}

}  // namespace pxeproof::server

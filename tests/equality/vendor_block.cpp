#include "tests/equality/vendor_block.h"

#include <algorithm>

namespace pxeproof::equality {

namespace {

constexpr std::uint8_t kControl = 6;
constexpr std::uint8_t kGroup = 7;
constexpr std::uint8_t kServers = 8;
constexpr std::uint8_t kMenu = 9;
constexpr std::uint8_t kPrompt = 10;
constexpr std::uint8_t kItem = 71;
constexpr std::uint8_t kEnd = 255;
constexpr std::uint8_t kUseFile = 8;  // in 43.6
constexpr std::size_t kLargestList = 253;
constexpr unsigned kWaitForEver = 255;
constexpr unsigned kLongestWait = 254;

struct SubOption {
  std::uint8_t code;
  Bytes value;
};

// The user's own sub-options and prompts, last line first.
std::vector<SubOption> users(const Scenario& scenario, const dhcp::Message& message,
                             const BlockRules& rules) {
  std::vector<SubOption> all;
  const auto add = [&](SubOption option) {
    const bool is_known =
        std::ranges::any_of(all, [&](const SubOption& known) { return known.code == option.code; });
    if (!rules.replaces_own || !is_known) all.push_back(std::move(option));
  };
  std::vector<const UserOption*> options = user_options_for(scenario, message);
  std::ranges::reverse(options);
  for (const UserOption* each : options) add({each->code, each->value});
  for (auto prompt = scenario.prompts.rbegin(); prompt != scenario.prompts.rend(); ++prompt) {
    if (!holds(scenario, prompt->condition, message)) continue;
    unsigned seconds = prompt->timeout.value_or(kWaitForEver);
    if (rules.clamps_prompts && prompt->timeout && seconds > kWaitForEver) seconds = kLongestWait;
    Bytes value{static_cast<std::uint8_t>(seconds)};
    ByteWriter(value).text(prompt->text);
    add({kPrompt, value});
  }
  return all;
}

std::vector<Ipv4Address> servers_of(const Service& service, const BlockRules& rules) {
  const bool has_address = service.server.kind == Server::Kind::Address ||
                           (rules.resolves_names && service.server.kind == Server::Kind::KnownName);
  std::vector<Ipv4Address> servers;
  if (service.kind == Service::Kind::File) {
    servers.push_back(kServer);
    const bool lists_other = rules.lists_configured_servers && has_address;
    if (lists_other && service.server.address != kServer) servers.push_back(service.server.address);
  } else if (has_address) {
    servers.push_back(service.server.address);
  }
  return servers;
}

void put(Bytes& out, std::uint8_t code, ByteView value) {
  ByteWriter writer(out);
  writer.u8(code);
  writer.u8(static_cast<std::uint8_t>(value.size()));
  writer.bytes(value);
}

}  // namespace

std::optional<Bytes> menu_block(const Scenario& scenario, const dhcp::Message& message,
                                const std::vector<const Service*>& services,
                                const BlockRules& rules) {
  const std::vector<SubOption> user = users(scenario, message, rules);
  const auto gives = [&](std::uint8_t code) {
    return rules.replaces_own &&
           std::ranges::any_of(user, [&](const SubOption& each) { return each.code == code; });
  };
  const bool has_prompt_line =
      std::ranges::any_of(user, [](const SubOption& each) { return each.code == kPrompt; });
  std::size_t used = 1;  // END
  for (const SubOption& each : user) used += 2 + each.value.size();
  if (!gives(kControl)) used += 3;
  if (!has_prompt_line) used += 6;

  Bytes menu;
  Bytes servers;
  std::size_t entries = 0;
  std::uint8_t control = 3;
  bool left_all_out = false;
  for (const Service* service : services) {
    if (rules.resolves_names && service->server.kind == Server::Kind::UnknownName) continue;
    if (entries == 0) left_all_out = true;
    Bytes entry;
    ByteWriter writer(entry);
    writer.u16(service->type);
    writer.u8(static_cast<std::uint8_t>(service->text.size()));
    writer.text(service->text);
    Bytes server;
    const std::vector<Ipv4Address> addresses = servers_of(*service, rules);
    if (!addresses.empty() && !gives(kServers)) {
      ByteWriter list(server);
      list.u16(service->type);
      list.u8(static_cast<std::uint8_t>(addresses.size()));
      for (const Ipv4Address address : addresses) list.u32(address.value);
    }
    const std::size_t menu_size = menu.size() + entry.size();
    const std::size_t server_size = servers.size() + server.size();
    std::size_t total = used + 2 + menu_size;
    if (server_size > 0) total += 2 + server_size;
    if (total > rules.limit || (rules.limit <= kEnd && menu_size > kLargestList)) continue;
    left_all_out = false;
    ++entries;
    menu.insert(menu.end(), entry.begin(), entry.end());
    servers.insert(servers.end(), server.begin(), server.end());
    if (addresses.empty() && service->type != 0) control = 2;
  }
  if (left_all_out) return std::nullopt;
  const bool names_group =
      std::ranges::any_of(user, [](const SubOption& each) { return each.code == kGroup; });
  if (rules.allows_multicast && names_group) control = static_cast<std::uint8_t>(control & ~2U);
  if (entries == 0) control = kUseFile;

  Bytes block;
  if (!gives(kControl)) put(block, kControl, Bytes{control});
  if (!has_prompt_line) {
    const auto timeout = static_cast<std::uint8_t>(entries > 1 ? kWaitForEver : 0);
    put(block, kPrompt, Bytes{timeout, 'P', 'X', 'E'});
  }
  if (!servers.empty()) put(block, kServers, servers);
  if (!menu.empty() && !gives(kMenu)) put(block, kMenu, menu);
  const Boot* boot = boot_for(scenario, message);
  const bool has_file =
      (boot != nullptr && !boot->file.empty()) || (scenario.has_pool && scenario.names_boot_file());
  const bool is_file_alone = entries == 0 && has_file && !gives(kServers) && !gives(kMenu);
  for (SubOption each : user) {
    const bool is_hint = rules.replaces_own && is_file_alone;
    if (is_hint && each.code == kControl && each.value.size() == 1) {
      each.value[0] = static_cast<std::uint8_t>(each.value[0] | kUseFile);
    }
    put(block, each.code, each.value);
  }
  block.push_back(kEnd);
  return block;
}

Bytes item_block(const Scenario& scenario, const dhcp::Message& message, std::uint32_t item,
                 const BlockRules& rules) {
  Bytes value;
  ByteWriter(value).u32(item);
  Bytes block;
  put(block, kItem, value);
  for (const SubOption& each : users(scenario, message, rules)) put(block, each.code, each.value);
  block.push_back(kEnd);
  return block;
}

}  // namespace pxeproof::equality

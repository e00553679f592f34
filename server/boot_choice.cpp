#include "server/boot_choice.h"

#include <algorithm>

#include "server/boot_file.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kX64Uefi = 7;  // RFC 4578 erratum 4624: firmware sends 7, some 9
constexpr std::uint16_t kX64UefiTwin = 9;

std::optional<std::uint16_t> twin(std::uint16_t architecture, const Policy& policy) {
  if (policy.x64_twins == Policy::X64Twins::Distinct) return std::nullopt;
  if (architecture == kX64Uefi) return kX64UefiTwin;
  if (architecture == kX64UefiTwin) return kX64Uefi;
  return std::nullopt;
}

void collect(const CompiledConfiguration& configuration, std::uint16_t architecture,
             const TagBits& tags, std::vector<const Service*>& out) {
  for (const Service& service : configuration.services) {
    if (service.line->architecture == architecture && service.filter.holds(tags)) {
      out.push_back(&service);
    }
  }
}

}  // namespace

bool BootChoice::is_uefi() const { return architecture >= kFirstUefiArchitecture; }

const Service* BootChoice::single_service(const Policy& policy) const {
  if (!is_uefi()) return nullptr;
  const Service* found = nullptr;
  std::size_t counted = 0;
  for (const Service* service : services) {
    const bool has_file = !service->line->basename.empty();
    if (has_file) found = service;
    if (has_file || policy.single_service == Policy::SingleService::AllEntries) ++counted;
  }
  return counted == 1 ? found : nullptr;
}

void choose_boot(const CompiledConfiguration& configuration, const Policy& policy,
                 const Architectures& architectures, const TagBits& tags, BootChoice& choice) {
  choice.services.clear();
  choice.boot = configuration.boot_for(tags);
  choice.architecture = architectures.numbers[0];
  for (const std::uint16_t architecture : architectures.list()) {
    collect(configuration, architecture, tags, choice.services);
    if (const auto other = twin(architecture, policy); other && choice.services.empty()) {
      collect(configuration, *other, tags, choice.services);
    }
    if (!choice.services.empty()) {
      choice.architecture = architecture;
      return;
    }
    if (policy.architectures == Policy::Architectures::FirstOnly) return;
  }
}

bool serves(const PxeService& service, const Architectures& architectures, const Policy& policy) {
  return std::ranges::any_of(architectures.list(), [&](std::uint16_t architecture) {
    return service.architecture == architecture ||
           twin(architecture, policy) == service.architecture;
  });
}

Result<std::optional<Ipv4Address>, Reason> server_of(const ServerAddress& server,
                                                     const MacAddress& client) {
  switch (server.kind) {
    case ServerAddress::Kind::Own:
      return std::nullopt;
    case ServerAddress::Kind::UnknownName:
      return fail(Reason::ServerNameUnknown);
    case ServerAddress::Kind::Given:
      break;
  }
  return server.addresses[std::hash<MacAddress>{}(client) % server.addresses.size()];
}

void list_menu(const Policy& policy, const BootChoice& choice, Ipv4Address own,
               const MacAddress& client, std::vector<MenuItem>& items) {
  items.clear();
  for (const Service* service : choice.services) {
    const PxeService& line = *service->line;
    MenuItem item{.type = line.type, .text = line.menu_text, .servers = {}, .server_count = 0};
    const auto add = [&item](Ipv4Address server) { item.servers[item.server_count++] = server; };
    const auto server = server_of(service->server, client);
    if (!line.basename.empty()) {
      if (!server) continue;
      add(own);
      const bool has_other = *server && **server != own;
      if (has_other && policy.server_list == Policy::ServerList::OwnThenConfigured) add(**server);
    } else if (server && *server) {
      add(**server);
    }
    items.push_back(item);
  }
}

}  // namespace pxeproof::server

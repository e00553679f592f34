#include "trace/ladder_parties.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace pxeproof::trace {

Ipv4Address sender_of(const DhcpStep& step) {
  return step.source.address.is_unspecified() ? step.server_id.value_or(Ipv4Address())
                                              : step.source.address;
}

Ipv4Address server_of(const TransferStep& step) {
  return step.asked.is_unspecified() ? step.server.address : step.asked;
}

LadderParties::Roles& LadderParties::roles(Ipv4Address address) {
  const auto [place, is_new] = roles_.try_emplace(address);
  if (is_new) order_.push_back(address);
  return place->second;
}

void LadderParties::see(const DhcpStep& step) {
  if (step.direction == DhcpStep::Direction::FromClient) {
    if (!step.giaddr.is_unspecified()) roles(step.giaddr).relay = true;
    const Ipv4Address asked = step.destination.address;
    if (asked.is_broadcast() || asked.is_multicast()) return;
    if (step.to_boot_server()) {
      roles(asked).boot_server = true;
    } else if (!roles(asked).relay) {
      roles(asked).dhcp = true;
    }
    return;
  }
  Roles& server = roles(sender_of(step));
  if (sender_of(step) == step.giaddr) {
    server.relay = true;
  } else if (step.is_proxy_offer()) {
    server.proxy = true;
  } else if (step.from_boot_server() || step.item) {
    server.boot_server = true;
  } else if (!step.yiaddr.is_unspecified() || step.type == dhcp::MessageType::Nak) {
    server.dhcp = true;
  } else {
    server.proxy = true;
  }
}

void LadderParties::see(const IcmpStep& step) {
  if (step.sender != client_) roles(step.sender).speaks_icmp = true;
}

std::string LadderParties::describe(const Roles& roles) {
  const std::array<std::pair<bool, std::string_view>, 6> names{{{roles.dhcp, "dhcp"},
                                                                {roles.relay, "relay"},
                                                                {roles.proxy, "proxy"},
                                                                {roles.boot_server, "boot server"},
                                                                {roles.tftp, "tftp"},
                                                                {roles.http, "http"}}};
  std::string text;
  for (const auto& [holds, name] : names) {
    if (holds) text += fmt::format("{}{}", text.empty() ? "" : " + ", name);
  }
  return text.empty() ? "router" : text;
}

LadderParties::LadderParties(const Boot& boot) : client_(boot.address) {
  for (const Step& step : boot.steps) {
    std::visit([this](const auto& what) { see(what); }, step.what);
  }
  parties_.push_back({"client", to_string(boot.mac)});
  for (const Ipv4Address address : order_) {
    if (parties_.size() < kMaximumLadderParties) {
      parties_.push_back({describe(roles_[address]), to_string(address)});
    } else {
      parties_.back() = {"others", fmt::format("{} servers", order_.size() + 2 - parties_.size())};
    }
    lines_[address] = parties_.size() - 1;
  }
  if (parties_.size() == 1) parties_.push_back({"network", "nobody answers"});
}

std::size_t LadderParties::find(Ipv4Address address) const {
  const auto line = lines_.find(address);
  if (line != lines_.end()) return line->second;
  // Whoever is asked is not the client.
  return 0;
}

}  // namespace pxeproof::trace

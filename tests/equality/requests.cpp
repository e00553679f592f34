#include "tests/equality/requests.h"

#include <fmt/format.h>

#include <algorithm>

namespace pxeproof::equality {

namespace {

using dhcp::OptionCode;

template <typename T>
T pick(Random& random, std::initializer_list<T> choices) {
  return *(choices.begin() + random.below(choices.size()));
}

std::uint16_t draw_architecture(Random& random, const Scenario& scenario) {
  if (!scenario.services.empty() && random.chance(0.7)) {
    return scenario.services[random.below(scenario.services.size())].architecture;
  }
  return pick<std::uint16_t>(random, {0, 0, 6, 7, 7, 9, 10, 11, 2, 16});
}

// What some client, relay or firmware somewhere does.
void make_odd(Random& random, Step& step, std::uint8_t client) {
  dhcp::Message& message = step.message;
  const bool is_request = message.find(OptionCode::MessageType)->value[0] == kRequest;
  switch (random.below(24)) {
    case 0:
      message.header.flags = 0;
      break;
    case 1:
      message.header.flags = 0xffff;
      break;
    case 2:
      message.header.secs = 12;
      message.header.hops = 3;
      break;
    case 3:
      message.remove(OptionCode::MaximumMessageSize);
      break;
    case 4:
      replace(message, 57, pick<Bytes>(random, {{2, 64}, {0, 100}, {255, 255}, {5, 220}}));
      break;
    case 5:
      message.remove(OptionCode::ClientMachineIdentifier);
      break;
    case 6:
      replace(message, 97, Bytes(pick<std::size_t>(random, {1, 16, 18, 33}), 0x5a));
      break;
    case 7:
      set_architectures(message, {16, pick<std::uint16_t>(random, {0, 6, 7, 9})});
      break;
    case 8:
      if (is_request) {
        message.add_address(OptionCode::ServerIdentifier,
                            random.chance(0.5) ? kServer : Ipv4Address::of(192, 168, 77, 2));
      }
      break;
    case 9:
      message.add_address(OptionCode::RequestedAddress, client_address(client));
      break;
    case 10:
      message.header.ciaddr = client_address(client);
      break;
    case 11:
      step.source.port = 1068;
      break;
    case 12:
      message.header.hlen = 16;
      std::ranges::fill(message.header.chaddr, std::uint8_t{0x77});
      break;
    case 13:
      replace(message, 60,
              pick<Bytes>(random, {{'p', 'x', 'e', 'c', 'l', 'i', 'e', 'n', 't'},
                                   {'M', 'S', 'F', 'T', ' ', '5', '.', '0'},
                                   {'P', 'X', 'E', 'C', 'l', 'i'},
                                   {'H', 'T', 'T', 'P', 'C', 'l', 'i', 'e', 'n', 't'}}));
      break;
    case 14:
      replace(message, 60, Bytes(as_bytes("PXEClient").begin(), as_bytes("PXEClient").end()));
      break;
    case 15:
      message.add_text(OptionCode::VendorClass, "MSFT 5.0");
      break;
    case 16:
      message.remove(OptionCode::ParameterRequestList);
      break;
    case 17:
    case 18:
      message.add_text(OptionCode::UserClass, "iPXE");
      message.add(OptionCode::EtherBoot, Bytes{0xb1, 1, 1});
      break;
    case 19:
      replace(message, 93, pick<Bytes>(random, {{}, {0}, {0, 7, 0}}));
      break;
    case 20:
      message.remove(OptionCode::ClientArchitecture);
      break;
    case 21:
      message.header.ciaddr = is_request && step.destination.port == 4011 && random.chance(0.5)
                                  ? Ipv4Address{}
                                  : Ipv4Address::of(192, 168, 77, 99);
      break;
    case 22:
      message.end = false;
      break;
    case 23:
      message.header.htype = 6;
      break;
    default:
      break;
  }
}

}  // namespace

MacAddress client_mac(std::uint8_t number) { return {{0x52, 0x54, 0, 0x12, 0x34, number}}; }

Ipv4Address client_address(std::uint8_t number) { return Ipv4Address::of(192, 168, 77, number); }

void replace(dhcp::Message& message, std::uint8_t code, Bytes value) {
  const auto found = std::ranges::find(message.options, code, &dhcp::Option::code);
  if (found == message.options.end()) {
    message.add(code, value);
  } else {
    found->value = std::move(value);
  }
}

void set_architectures(dhcp::Message& message, const std::vector<std::uint16_t>& numbers) {
  Bytes value;
  for (const std::uint16_t number : numbers) ByteWriter(value).u16(number);
  replace(message, 93, std::move(value));
}

dhcp::Message pxe_message(std::uint8_t type, std::uint8_t client, std::uint16_t architecture) {
  dhcp::Message message;
  message.header.xid = 0x50580000U + client;
  message.header.flags = dhcp::kBroadcastFlag;
  message.header.set_mac(client_mac(client));
  message.add_u8(OptionCode::MessageType, type);
  message.add(OptionCode::ParameterRequestList,
              Bytes{1, 3, 43, 54, 60, 66, 67, 93, 94, 97, 128, 129, 130, 131, 132, 133, 134, 135});
  message.add_u16(OptionCode::MaximumMessageSize, 1260);
  message.add_text(OptionCode::VendorClass,
                   fmt::format("PXEClient:Arch:{:05}:UNDI:002001", architecture));
  message.add_u16(OptionCode::ClientArchitecture, architecture);
  message.add(OptionCode::ClientInterface, Bytes{1, 2, 1});
  Bytes guid(17);
  for (std::uint8_t at = 1; at < 17; ++at) guid[at] = static_cast<std::uint8_t>(client + at);
  message.add(OptionCode::ClientMachineIdentifier, guid);
  return message;
}

Step discover(std::uint8_t client, std::uint16_t architecture) {
  return {.name = fmt::format("DISCOVER of {}, architecture {}", client, architecture),
          .message = pxe_message(kDiscover, client, architecture),
          .source_mac = client_mac(client)};
}

Step ask_boot_server(std::uint8_t client, std::uint16_t architecture) {
  Step step{.name = fmt::format("REQUEST to 4011 of {}, architecture {}", client, architecture),
            .message = pxe_message(kRequest, client, architecture),
            .source = {client_address(client), 68},
            .destination = {kServer, 4011},
            .source_mac = client_mac(client),
            .destination_mac = kServerMac};
  step.message.header.flags = 0;
  step.message.header.ciaddr = client_address(client);
  return step;
}

Step ask_item(std::uint8_t client, std::uint16_t architecture, std::uint16_t type,
              std::uint16_t layer) {
  Step step = ask_boot_server(client, architecture);
  step.name += fmt::format(", item {:04x} layer {}", type, layer);
  Bytes options;
  ByteWriter writer(options);
  writer.u8(71);
  writer.u8(4);
  writer.u16(type);
  writer.u16(layer);
  writer.u8(255);
  step.message.add(OptionCode::VendorSpecific, options);
  return step;
}

void relay(Step& step, Ipv4Address relay_address, bool with_option_82) {
  step.name += " through " + to_string(relay_address);
  step.message.header.giaddr = relay_address;
  step.message.header.hops = 1;
  if (with_option_82) {
    step.message.add(OptionCode::RelayAgentInformation,
                     Bytes{1, 4, 'p', 'o', 'r', 't', 2, 3, 1, 2, 3, 151, 1, 9});
  }
  step.source = {relay_address, 67};
  step.destination.address = kServer;
  step.destination_mac = kServerMac;
}

Step draw_step(Random& random, const Scenario& scenario, std::uint8_t client) {
  const std::uint16_t architecture = draw_architecture(random, scenario);
  Step step;
  const std::uint64_t kind = random.below(20);
  if (kind < 8) {
    step = discover(client, architecture);
    if (random.chance(0.2)) {
      relay(step, random.chance(0.7) ? kRemoteRelay : Ipv4Address::of(192, 168, 77, 200),
            random.chance(0.5));
    }
  } else if (kind < 12) {
    step = ask_boot_server(client, architecture);
  } else if (kind < 17) {
    std::uint16_t type = pick<std::uint16_t>(random, {0x8000, 0x8001, 0x8000, 1, 0, 0x9000});
    std::uint16_t chosen = architecture;
    if (!scenario.services.empty() && random.chance(0.7)) {
      const Service& service = scenario.services[random.below(scenario.services.size())];
      type = service.type;
      if (random.chance(0.7)) chosen = service.architecture;
    }
    step = ask_item(client, chosen, type, pick<std::uint16_t>(random, {0, 0, 0, 1, 0x8000}));
    if (random.chance(0.3)) {
      // Boot server discovery by broadcast.
      step.destination = {Ipv4Address::broadcast(), 67};
      step.destination_mac = MacAddress::broadcast();
      step.name += " by broadcast";
    }
    if (random.chance(0.2)) replace(step.message, 53, {kInform});
  } else if (kind == 17) {
    step = ask_boot_server(client, architecture);
    replace(step.message, 53, {kInform});
    step.name += " (INFORM)";
  } else if (kind == 18) {
    step = ask_boot_server(client, architecture);
    step.source.port = 4011;
    step.name += " from port 4011";
  } else {
    step = discover(client, architecture);
    replace(step.message, 53, {kRequest});
    step.message.add_address(OptionCode::RequestedAddress, client_address(client));
    step.name += " (REQUEST for a lease)";
  }
  const std::size_t oddities = random.below(3);
  for (std::size_t count = 0; count < oddities; ++count) make_odd(random, step, client);
  return step;
}

}  // namespace pxeproof::equality

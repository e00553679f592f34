#include "tests/equality/generator.h"

#include <fmt/format.h>

#include "tests/equality/requests.h"

namespace pxeproof::equality {

namespace {

template <typename T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

constexpr std::uint8_t kFirstClient = 10;
const Ipv4Address kOtherServer = Ipv4Address::of(192, 168, 77, 9);

bool names_architecture(const dhcp::Message& message, std::uint16_t number) {
  for (const std::uint16_t each : architectures(message)) {
    if (each == number) return true;
  }
  return false;
}

std::string agent_sub_option(const dhcp::Message& message, std::uint8_t code) {
  return as_text(sub_option(as_bytes(text_of(message, 82)), code));
}

// All ways to recognise a client, under one name.
std::vector<Tag> draw_tags(Random& random) {
  const auto has_175 = [](const dhcp::Message& message) { return has(message, 175); };
  switch (random.below(10)) {
    case 9:
      return {{"ipxe", "dhcp-host=52:54:00:12:34:*,set:ipxe", [](const dhcp::Message& message) {
                 const auto mac = message.header.mac().octets;
                 return message.header.hlen == 6 && mac[4] == 0x34;
               }}};
    case 0:
      return {{"ipxe", "dhcp-match=set:ipxe,175", has_175}};
    case 1:
      return {{"ipxe", "dhcp-userclass=set:ipxe,iPXE", [](const dhcp::Message& message) {
                 return text_of(message, 77).find("iPXE") != std::string::npos;
               }}};
    case 2:
      return {{"ipxe", "dhcp-vendorclass=set:ipxe,PXEClient:Arch:00007",
               [](const dhcp::Message& message) {
                 return text_of(message, 60).find("PXEClient:Arch:00007") != std::string::npos;
               }}};
    case 3:
      return {{"ipxe", "dhcp-mac=set:ipxe,52:54:00:12:34:*", [](const dhcp::Message& message) {
                 const auto mac = message.header.mac().octets;
                 return message.header.hlen == 6 && mac[0] == 0x52 && mac[1] == 0x54 &&
                        mac[4] == 0x34;
               }}};
    case 4:
      return {{"ipxe", "dhcp-match=set:ipxe,option:client-arch,7\ndhcp-match=set:ipxe,93,9",
               [](const dhcp::Message& message) {
                 return names_architecture(message, 7) || names_architecture(message, 9);
               }}};
    case 5:
      // "beef" without a colon is a text, too.
      return {{"ipxe", "dhcp-circuitid=set:ipxe,\"port\"\ndhcp-circuitid=set:ipxe,beef",
               [](const dhcp::Message& message) {
                 const std::string circuit = agent_sub_option(message, 1);
                 return circuit == "port" || circuit == "beef";
               }}};
    case 6:
      return {{"ipxe", "dhcp-match=set:raw,175\ntag-if=set:ipxe,tag:raw", has_175}};
    case 7:
      return {
          {"ipxe", "dhcp-match=set:ipxe,60,PXEClient:Arch:00000", [](const dhcp::Message& message) {
             return text_of(message, 60).find("PXEClient:Arch:00000") != std::string::npos;
           }}};
    default:
      return {{"ipxe", "dhcp-remoteid=set:ipxe,01:02:03", [](const dhcp::Message& message) {
                 return agent_sub_option(message, 2) == "\x01\x02\x03";
               }}};
  }
}

Server draw_server(Random& random) {
  const std::uint64_t kind = random.below(20);
  if (kind < 12) return {};
  if (kind < 16) return {.kind = Server::Kind::Address, .address = kOtherServer};
  if (kind < 18) {
    return {.kind = Server::Kind::KnownName, .address = kOtherServer, .name = "boot.example"};
  }
  return {.kind = Server::Kind::UnknownName, .address = {}, .name = "nobody.example"};
}

std::string draw_condition(Random& random, const Scenario& scenario) {
  if (scenario.tags.empty() || random.chance(0.6)) return {};
  return random.chance(0.5) ? "ipxe" : "!ipxe";
}

std::string draw_file(Random& random) {
  static const std::vector<std::string> kFiles{"pxelinux.0",
                                               "undionly.kpxe",
                                               "efi/bootx64.efi",
                                               "ipxe.efi",
                                               "http://10.0.0.1/a.ipxe",
                                               "grub/i386-pc/core.0",
                                               "long/" + std::string(130, 'f') + ".efi"};
  return pick(random, kFiles);
}

Service draw_service(Random& random, const Scenario& scenario) {
  static const std::vector<std::string> kNames{
      "pxelinux",          "pxelinux.0",    "grubx64",
      "grubx64.efi",       "v1.2/pxelinux", "./core",
      "boot.ipxe",         "ldr/grub2",     "http://10.0.0.1/a.ipxe",
      "images/shimx64.efi"};
  static const std::vector<std::uint16_t> kArchitectures{0, 0, 0, 7, 7, 7, 6, 9, 10, 11, 2};
  static const std::vector<std::string> kTexts{"Boot BIOS", "Local", "Raspberry Pi Boot   ", "x",
                                               "Install, with a comma"};
  Service service{.condition = draw_condition(random, scenario),
                  .architecture = pick(random, kArchitectures),
                  .text = pick(random, kTexts)};
  const std::uint64_t kind = random.below(20);
  if (kind < 15) {
    service.basename = pick(random, kNames);
    service.server = draw_server(random);
  } else if (kind < 18) {
    service.kind = Service::Kind::Local;
  } else {
    service.kind = Service::Kind::Numbered;
    service.type = static_cast<std::uint16_t>(random.between(1, 5));
    if (random.chance(0.5)) {
      service.server = {.kind = Server::Kind::Address, .address = kOtherServer};
    }
  }
  return service;
}

UserOption draw_user_option(Random& random, const Scenario& scenario) {
  static const std::vector<UserOption> kOptions{
      {.code = 6, .written = "2b", .value = {2}},
      {.code = 1, .written = "0.0.0.0", .value = {0, 0, 0, 0}},
      {.code = 128, .written = "\"hello\"", .value = {'h', 'e', 'l', 'l', 'o'}},
      {.code = 200, .written = "01:02:0f", .value = {1, 2, 15}},
      {.code = 7, .written = "224.0.5.1", .value = {224, 0, 5, 1}},
      {.code = 10, .written = "00:48:69", .value = {0, 'H', 'i'}},
      {.vendor_class = "MSFT", .code = 2, .written = "1i", .value = {0, 0, 0, 1}}};
  UserOption option = pick(random, kOptions);
  option.condition = draw_condition(random, scenario);
  return option;
}

void draw_menu(Random& random, Scenario& scenario) {
  const bool is_large = random.chance(0.12);
  const std::uint64_t count = is_large ? random.between(5, 14) : random.below(5);
  for (std::uint64_t at = 0; at < count; ++at) {
    Service service = draw_service(random, scenario);
    if (is_large) {
      service.architecture = random.chance(0.9) ? 0 : 7;
      service.text = std::string(random.between(15, 40), static_cast<char>('a' + at));
    }
    scenario.services.push_back(service);
  }
  count_types(scenario);
  static const std::vector<std::optional<unsigned>> kTimeouts{{}, 0, 3, 254, 255, 300, 1000};
  const std::uint64_t prompts =
      scenario.services.empty() && random.chance(0.8) ? 1 : random.below(10) / 4;
  for (std::uint64_t at = 0; at < prompts; ++at) {
    scenario.prompts.push_back({.condition = draw_condition(random, scenario),
                                .text = at == 0 ? "Press F8 for menu." : "Choose",
                                .timeout = pick(random, kTimeouts)});
  }
}

Tag architecture_tag() {
  return {"efi64", "dhcp-match=set:efi64,option:client-arch,7\ndhcp-match=set:efi64,93,9",
          [](const dhcp::Message& message) {
            return names_architecture(message, 7) || names_architecture(message, 9);
          }};
}

Scenario base(std::string name) {
  Scenario scenario{.name = std::move(name)};
  scenario.lines = {"port=0", "no-ping", "dhcp-range=192.168.77.0,proxy",
                    "host-record=boot.example," + to_string(kOtherServer)};
  return scenario;
}

}  // namespace

Scenario draw_proxy_scenario(Random random, std::size_t steps) {
  Scenario scenario = base("drawn");
  if (random.chance(0.3)) scenario.lines[2] += ",255.255.255.0";
  if (random.chance(0.7)) scenario.lines.emplace_back("dhcp-range=10.9.0.0,proxy,255.255.0.0");
  if (random.chance(0.1)) {
    scenario.pxe_vendors = {"PXEClient", "HTTPClient"};
    scenario.lines.emplace_back("dhcp-pxe-vendor=PXEClient,HTTPClient");
  }
  if (random.chance(0.6)) scenario.tags = draw_tags(random);
  draw_menu(random, scenario);
  const std::uint64_t boots = random.below(8) / 2;
  for (std::uint64_t at = 0; at < boots; ++at) {
    scenario.boots.push_back({.condition = draw_condition(random, scenario),
                              .file = draw_file(random),
                              .server_name = random.chance(0.3) ? "bootserver" : "",
                              .server = draw_server(random)});
  }
  const std::uint64_t options = random.below(8) / 3;
  for (std::uint64_t at = 0; at < options; ++at) {
    scenario.user_options.push_back(draw_user_option(random, scenario));
  }
  for (std::size_t at = 0; at < steps; ++at) {
    const auto client = static_cast<std::uint8_t>(kFirstClient + at);
    scenario.steps.push_back(draw_step(random, scenario, client));
  }
  if (random.chance(0.2))
    scenario.ignored = {client_mac(kFirstClient), client_mac(kFirstClient + 1)};
  return scenario;
}

std::vector<Scenario> chosen_scenarios() {
  std::vector<Scenario> all;
  // What the article says, and its UEFI twin.
  all.push_back(base("article"));
  all.back().services = {{.architecture = 0, .text = "Network Boot", .basename = "pxelinux"},
                         {.architecture = 7, .text = "Network Boot", .basename = "grubx64.efi"}};
  all.back().boots = {{.file = "pxelinux.0"}};
  all.back().prompts = {{.text = "Press F8 for boot menu", .timeout = 3}};
  // FOG.
  all.push_back(base("fog"));
  all.back().tags = {architecture_tag()};
  all.back().lines.emplace_back("dhcp-no-override");
  all.back().services = {
      {.architecture = 0, .text = "Boot to FOG", .basename = "undionly.kpxe"},
      {.architecture = 7, .text = "Boot to FOG UEFI", .basename = "ipxe.efi"},
      {.architecture = 9, .text = "Boot to FOG UEFI BC", .basename = "ipxe.efi"}};
  all.back().boots = {
      {.file = "undionly.kpxe", .server = {.kind = Server::Kind::Address, .address = kOtherServer}},
      {.condition = "efi64",
       .file = "ipxe.efi",
       .server = {.kind = Server::Kind::Address, .address = kOtherServer}}};
  all.back().prompts = {{.text = "Booting FOG Client", .timeout = 1}};
  all.back().user_options = {{.code = 6, .written = "2b", .value = {2}}};
  // A UEFI service and a local disk beside it.
  all.push_back(base("uefi and local disk"));
  all.back().services = {{.architecture = 7, .text = "EFI one", .basename = "one.efi"},
                         {.architecture = 7, .text = "Local boot", .kind = Service::Kind::Local},
                         {.architecture = 0, .text = "Local boot", .kind = Service::Kind::Local}};
  // A menu beyond what a client without option 57 takes, and one beyond an option.
  all.push_back(base("five long entries"));
  for (char letter = 'a'; letter < 'f'; ++letter) {
    all.back().services.push_back({.architecture = 0,
                                   .text = std::string(40, letter),
                                   .basename = std::string("file") + letter});
  }
  all.push_back(base("twenty entries"));
  for (char letter = 'a'; letter < 'u'; ++letter) {
    all.back().services.push_back({.architecture = 0,
                                   .text = std::string(20, letter),
                                   .basename = std::string("file") + letter});
  }
  // Nothing but a prompt; a file for everybody; a server by name.
  all.push_back(base("prompt and file"));
  all.back().prompts = {{.text = "x", .timeout = 300}};
  all.back().boots = {{.file = "boot/" + std::string(140, 'l') + ".efi"}};
  all.push_back(base("file by name"));
  all.back().prompts = {{.text = "x", .timeout = 0}};
  all.back().boots = {
      {.file = "pxelinux.0",
       .server = {
           .kind = Server::Kind::KnownName, .address = kOtherServer, .name = "boot.example"}}};
  // UEFI over HTTP.
  all.push_back(base("http"));
  all.back().pxe_vendors = {"PXEClient", "HTTPClient"};
  all.back().lines.emplace_back("dhcp-pxe-vendor=PXEClient,HTTPClient");
  all.back().services = {{.architecture = 7, .text = "UEFI", .basename = "a.efi"}};
  all.back().boots = {{.file = "http://10.0.0.1/boot.efi"}};
  // dhcp-boot alone: silence.
  all.push_back(base("boot line alone"));
  all.back().boots = {{.file = "pxelinux.0"}};
  for (Scenario& scenario : all) {
    count_types(scenario);
    scenario.ignored = {client_mac(66)};
    std::uint8_t client = kFirstClient;
    for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 7, 9, 6, 2}) {
      scenario.steps.push_back(discover(client, architecture));
      scenario.steps.push_back(ask_boot_server(client, architecture));
      scenario.steps.push_back(ask_item(client, architecture, 0x8000));
      scenario.steps.push_back(ask_item(client, architecture, 0x8001, 1));
      ++client;
    }
    Step without_size = discover(client, 0);
    without_size.message.remove(dhcp::OptionCode::MaximumMessageSize);
    scenario.steps.push_back(without_size);
    Step list = discover(++client, 0);
    set_architectures(list.message, {16, 0});
    scenario.steps.push_back(list);
    for (const std::size_t size : {16, 18}) {
      Step guid = discover(++client, 0);
      replace(guid.message, 97, Bytes(size, 0x11));
      scenario.steps.push_back(guid);
    }
    Step foreign = ask_boot_server(++client, 0);
    foreign.message.add_address(dhcp::OptionCode::ServerIdentifier,
                                Ipv4Address::of(192, 168, 77, 2));
    scenario.steps.push_back(foreign);
    Step third = ask_boot_server(++client, 0);
    third.message.header.ciaddr = Ipv4Address::of(192, 168, 77, 99);
    scenario.steps.push_back(third);
    scenario.steps.push_back(discover(66, 0));
    Step without_flag = discover(++client, 0);
    without_flag.message.header.flags = 0;
    scenario.steps.push_back(without_flag);
    Step http = discover(++client, 16);
    const ByteView http_class = as_bytes("HTTPClient:Arch:00016");
    replace(http.message, 60, {http_class.begin(), http_class.end()});
    scenario.steps.push_back(http);
    Step http_request = ask_boot_server(client, 16);
    replace(http_request.message, 60, {http_class.begin(), http_class.end()});
    scenario.steps.push_back(http_request);
    Step without_end = discover(++client, 0);
    relay(without_end, Ipv4Address::of(192, 168, 77, 200), true);
    without_end.message.end = false;
    scenario.steps.push_back(without_end);
  }
  return all;
}

}  // namespace pxeproof::equality

#include <fmt/format.h>

#include "tests/equality/generator.h"
#include "tests/equality/requests.h"

namespace pxeproof::equality {

namespace {

using dhcp::OptionCode;

template <typename T>
const T& pick(Random& random, const std::vector<T>& choices) {
  return choices[random.below(choices.size())];
}

constexpr std::uint8_t kFirstClient = 10;
const Ipv4Address kOtherServer = Ipv4Address::of(192, 168, 77, 9);

enum class Kind { System, Bios, Uefi };

// A message of an operating system or of a ROM that wants an address.
Step lease_step(const Random& habits, Kind kind, std::uint8_t client, std::uint8_t type) {
  static const std::vector<Bytes> kWanted{
      {1, 3, 6, 15, 28, 12, 51, 54, 58, 59},
      {1, 3, 43, 54, 60, 66, 67, 128, 129},
      {1,  2,  3,  4,  5,  6,  12, 13, 15, 17,  18,  22,  23,  28,  40,  41,  42, 43,
       50, 51, 54, 58, 59, 60, 66, 67, 97, 128, 129, 130, 131, 132, 133, 134, 135},
      {67, 66},
      {3}};
  const auto architecture = static_cast<std::uint16_t>(kind == Kind::Uefi ? 7 : 0);
  Step step = discover(client, architecture);
  step.name = fmt::format("{} of {}", type, client);
  if (kind == Kind::System) {
    for (const OptionCode code :
         {OptionCode::VendorClass, OptionCode::ClientArchitecture, OptionCode::ClientInterface,
          OptionCode::ClientMachineIdentifier, OptionCode::MaximumMessageSize}) {
      step.message.remove(code);
    }
  }
  replace(step.message, 53, {type});
  // A client keeps to what it says of itself from message to message.
  Random habit = habits.fork(client);
  replace(step.message, 55, pick(habit, kWanted));
  if (habit.chance(0.1)) step.message.remove(OptionCode::ParameterRequestList);
  if (habit.chance(0.3)) {
    step.message.add(OptionCode::ClientIdentifier, Bytes{1, 0x52, 0x54, 0, 0x12, 0x34, client});
  }
  if (habit.chance(0.3)) step.message.add_text(OptionCode::HostName, fmt::format("host{}", client));
  if (habit.chance(0.1)) step.message.add_u32(OptionCode::LeaseTime, 600);
  if (habit.chance(0.5)) step.message.header.flags = 0;
  return step;
}

void to_server(Step& step, std::uint8_t client) {
  step.destination.address = kServer;
  step.destination_mac = kServerMac;
  step.message.header.flags = 0;
  step.source_mac = client_mac(client);
}

// A client's life with this server.
void add_life(Random random, Scenario& scenario, std::uint8_t client) {
  const Random habits = random;
  const Kind kind = pick<Kind>(random, {Kind::System, Kind::Bios, Kind::Bios, Kind::Uefi});
  const auto add = [&](std::uint8_t type, Step::Fill fill, std::string_view what) {
    Step step = lease_step(habits, kind, client, type);
    step.fill = fill;
    step.name += fmt::format(", {}", what);
    scenario.steps.push_back(step);
    return &scenario.steps.back();
  };
  add(kDiscover, Step::Fill::Nothing, "DISCOVER");
  const std::uint64_t fate = random.below(10);
  if (fate == 0) {
    Step* step = add(kRequest, Step::Fill::Wanted, "selecting another server");
    step->message.add_address(OptionCode::ServerIdentifier, Ipv4Address::of(192, 168, 77, 2));
    return;
  }
  if (fate == 1) {
    Step* step = add(kRequest, Step::Fill::Nothing, "of a foreign subnet");
    step->message.add_address(OptionCode::RequestedAddress, Ipv4Address::of(10, 1, 1, 1));
    return;
  }
  add(kRequest, Step::Fill::Selected, "selecting");
  if (kind != Kind::System) {
    Step step = ask_boot_server(client, kind == Kind::Uefi ? 7 : 0);
    step.fill = Step::Fill::Held;
    scenario.steps.push_back(step);
    step = ask_item(client, kind == Kind::Uefi ? 7 : 0, 0x8000);
    step.fill = Step::Fill::Held;
    scenario.steps.push_back(step);
    // Whatever 4011 said names no lease: ask for the lease again.
    add(kDiscover, Step::Fill::Nothing, "DISCOVER again");
    add(kRequest, Step::Fill::Selected, "selecting again");
  }
  if (random.chance(0.6)) {
    to_server(*add(kRequest, Step::Fill::Held, "renewing"), client);
  }
  if (random.chance(0.4)) add(kRequest, Step::Fill::Held, "rebinding");
  if (random.chance(0.4)) add(kRequest, Step::Fill::Wanted, "rebooting");
  if (random.chance(0.4)) to_server(*add(kInform, Step::Fill::Held, "INFORM"), client);
  if (random.chance(0.2)) {
    add(kDecline, Step::Fill::Selected, "DECLINE");
    add(kDiscover, Step::Fill::Nothing, "DISCOVER after DECLINE");
  } else if (random.chance(0.3)) {
    to_server(*add(kRelease, Step::Fill::Held, "RELEASE"), client);
    add(kDiscover, Step::Fill::Nothing, "DISCOVER after RELEASE");
  }
}

}  // namespace

Scenario draw_pool_scenario(Random random, std::size_t clients) {
  static const std::vector<std::string> kLeases{"", ",12h", ",infinite", ",300", ",45m"};
  static const std::vector<std::string> kOptions{
      "dhcp-option=3,192.168.77.254",
      "dhcp-option=option:dns-server,192.168.77.3,192.168.77.4",
      "dhcp-option=42,0.0.0.0",
      "dhcp-option=3",
      "dhcp-option=66,\"10.0.0.1\"",
      "dhcp-option=67,\"other.0\"",
      "dhcp-option=encap:175,176,1b",
      "dhcp-option-force=209,\"pxelinux.cfg/site\"",
      "dhcp-option=option:ntp-server,192.168.77.5",
      "domain=lab.example",
      "dhcp-no-override",
      "dhcp-authoritative",
      "dhcp-broadcast",
      "dhcp-host=52:54:00:12:34:0a,192.168.77.77,fixed",
      "dhcp-host=52:54:00:12:34:0b,192.168.77.120,2h",
      "dhcp-host=52:54:00:12:34:0c,named"};
  Scenario scenario{.name = "pool"};
  scenario.has_pool = true;
  scenario.lines = {"port=0", "no-ping",
                    "dhcp-range=192.168.77.100,192.168.77.150" + pick(random, kLeases)};
  for (const std::string& option : kOptions) {
    if (random.chance(0.25)) scenario.lines.push_back(option);
  }
  if (random.chance(0.7)) {
    scenario.services.push_back({.architecture = 0, .text = "Boot BIOS", .basename = "pxelinux"});
    if (random.chance(0.3)) {
      scenario.services.push_back(
          {.architecture = 0, .text = "Local", .kind = Service::Kind::Local});
    }
  }
  if (random.chance(0.6)) {
    scenario.services.push_back(
        {.architecture = 7, .text = "Boot UEFI", .basename = "grubx64.efi"});
    if (random.chance(0.3)) {
      scenario.services.push_back(
          {.architecture = 7, .text = "Other UEFI", .basename = "other.efi"});
    }
  }
  if (random.chance(0.3)) scenario.prompts.push_back({.text = "Press F8", .timeout = 2});
  if (random.chance(0.5)) {
    scenario.boots.push_back({.file = "pxelinux.0"});
    if (random.chance(0.5)) scenario.boots.back().server_name = "bootserver";
    if (random.chance(0.5)) {
      scenario.boots.back().server = {.kind = Server::Kind::Address, .address = kOtherServer};
    }
  }
  if (random.chance(0.25)) {
    scenario.user_options.push_back({.code = 6, .written = "2b", .value = {2}});
  }
  count_types(scenario);
  for (std::size_t at = 0; at < clients; ++at) {
    add_life(random.fork(at), scenario, static_cast<std::uint8_t>(kFirstClient + at));
  }
  return scenario;
}

}  // namespace pxeproof::equality

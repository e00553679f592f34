#include "cli/boot_options.h"

#include <fmt/format.h>

#include <filesystem>

#include "cli/boot_lab.h"
#include "cli/configuration_disk.h"
#include "cli/did_you_mean.h"
#include "protocol/random.h"

namespace pxeproof::cli {

namespace {

constexpr MacAddress kLabMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};

// On a real network two runs with different seeds must not be the same machine.
MacAddress mac_of_seed(std::uint64_t seed) {
  Random random(seed);
  MacAddress mac{{0x52, 0x54, 0x00, 0, 0, 0}};
  random.fill(std::span(mac.octets).subspan(3));
  return mac;
}

Outcome<rom::Key> parse_key(std::string_view text) {
  if (text == "F8") return rom::Key::ShowMenu;
  if (text == "esc") return rom::Key::Abort;
  return wrong_usage(fmt::format("--key: '{}' is no key of a boot ROM; give F8 or esc", text));
}

Outcome<void> read_machine(const Arguments& arguments, BootOptions& options) {
  if (const auto text = arguments.value("mac")) {
    const auto mac = MacAddress::parse(*text);
    if (!mac || mac->is_group() || *mac == MacAddress{})
      return wrong_usage(fmt::format(
          "--mac: '{}' is no address of a machine; write it like 52:54:00:12:34:56", *text));
    options.mac = *mac;
  } else {
    options.mac = options.interface.empty() ? kLabMac : mac_of_seed(options.seed);
  }
  if (const auto text = arguments.value("uuid")) {
    const auto guid = Guid::parse(*text);
    if (!guid)
      return wrong_usage(
          fmt::format("--uuid: '{}' is no UUID; write 32 hexadecimal digits, in the order in which "
                      "the machine sends them",
                      *text));
    options.guid = *guid;
  }
  if (const auto text = arguments.value("arch")) {
    const auto number = parse_count("--arch", *text, 0, 0xffff);
    if (!number) return fail(number.error());
    options.architecture = static_cast<std::uint16_t>(*number);
  }
  if (const auto text = arguments.value("key")) {
    const auto key = parse_key(*text);
    if (!key) return fail(key.error());
    options.menu.key = *key;
  }
  if (const auto text = arguments.value("menu")) {
    const auto number = parse_count("--menu", *text, 1, 255);
    if (!number) return fail(number.error());
    options.menu.item = *number - 1;
    options.menu.key = rom::Key::ShowMenu;
  }
  return {};
}

}  // namespace

bool is_profile_file(std::string_view name_or_file) {
  return name_or_file.find('/') != std::string_view::npos || name_or_file.ends_with(".toml");
}

Outcome<std::shared_ptr<const firmware::Profile>> load_profile(std::string_view option,
                                                               const std::string& name_or_file) {
  if (!is_profile_file(name_or_file)) {
    auto builtin = firmware::builtin_profile(name_or_file);
    if (builtin) return *builtin;
    const auto known = firmware::builtin_profile_names();
    std::error_code ignored;
    const bool is_there = std::filesystem::is_regular_file(name_or_file, ignored);
    return wrong_usage(fmt::format(
        "{}: {}{}{}", option, builtin.error().message,
        did_you_mean(name_or_file, {known.begin(), known.end()}),
        is_there ? fmt::format("; the file of this name is meant by ./{}", name_or_file) : ""));
  }
  const auto text = read_configuration_file(name_or_file, Pipes::Awaited);
  if (!text)
    return wrong_usage(
        fmt::format("{}: the profile cannot be read ({}); name a TOML file that exists",
                    name_or_file, text.error()));
  auto profile = firmware::parse_profile(*text, name_or_file);
  if (!profile) return wrong_usage(profile.error().message);
  return std::make_shared<const firmware::Profile>(std::move(*profile));
}

Outcome<BootOptions> read_boot_options(const Arguments& arguments) {
  BootOptions options;
  options.verbosity = arguments.verbosity;
  options.save = arguments.value_or("save", "");
  options.json = arguments.value_or("json", "");
  options.interface = arguments.value_or("interface", "");
  if (!options.interface.empty() && arguments.has("against")) {
    return wrong_usage(
        "pxeproof boot: --against starts a server in a lab and --interface uses the servers of a "
        "real network; give one of them");
  }
  const auto target = parse_target_or_file("--against", arguments.value_or("against", "builtin"));
  if (!target) return fail(target.error());
  options.target = *target;
  if (!options.interface.empty() && arguments.has("fault")) {
    return wrong_usage("--fault: the servers of a real network are not ours; boot in a lab");
  }
  auto faults = read_lab_faults(arguments.all("fault"), options.target.server);
  if (!faults) return fail(faults.error());
  options.faults = std::move(*faults);
  if (const auto text = arguments.value("seed")) {
    const auto seed = parse_count("--seed", *text, 0, ~std::uint64_t{0});
    if (!seed) return fail(seed.error());
    options.seed = *seed;
  }
  if (const auto text = arguments.value("until")) {
    const auto phase = rom::parse_phase(*text);
    if (!phase)
      return wrong_usage(
          fmt::format("--until: no phase '{}'{}; give offer, 4011, nbp, config or payload", *text,
                      did_you_mean(*text, {"offer", "4011", "nbp", "config", "payload"})));
    options.until = *phase;
  }
  if (arguments.has("real-waits")) options.waits = rom::Waits::Real;
  options.profile_name = arguments.value_or("as", "ipxe-bios");
  auto profile = load_profile("--as", options.profile_name);
  if (!profile) return fail(profile.error());
  options.profile = std::move(*profile);
  if (auto read = read_machine(arguments, options); !read) return fail(read.error());
  return options;
}

std::string BootOptions::again() const {
  std::string command = "pxeproof boot";
  if (!interface.empty()) {
    command += " --interface " + interface;
  } else {
    command += fmt::format(" --against {}{}{}", to_string(target.server),
                           target.configuration_file.empty() ? "" : ":", target.configuration_file);
  }
  command += fmt::format(" --as {} --mac {} --seed {}", profile_name, to_string(mac), seed);
  for (const Fault& fault : faults) command += " --fault " + in_quotes(fault.text);
  if (!guid.is_zero()) command += " --uuid " + to_string(guid);
  if (architecture) command += fmt::format(" --arch {}", *architecture);
  if (menu.item) command += fmt::format(" --menu {}", *menu.item + 1);
  if (!menu.item && menu.key == rom::Key::ShowMenu) command += " --key F8";
  if (menu.key == rom::Key::Abort) command += " --key esc";
  if (until != rom::Phase::Payload) command += fmt::format(" --until {}", rom::to_string(until));
  if (waits == rom::Waits::Real) command += " --real-waits";
  return command + " -v";
}

}  // namespace pxeproof::cli

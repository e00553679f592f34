#include "cli/fleet_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "cli/boot_options.h"
#include "cli/did_you_mean.h"
#include "cli/faults/fault.h"
#include "cli/fleet_limit.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kOptions{
    OptionSpec{"clients", "N", "so many machines (default 100)"},
    OptionSpec{"arrive", "HOW", "storm[=SPAN], rate=R/s, racks=NxM@T or stp=T (default storm)"},
    OptionSpec{"mix", "P=W,...",
               "firmware profiles or files and their weights (default ipxe-bios)"},
    OptionSpec{"against", "T",
               "in a private lab: builtin, dnsmasq, CONF, dnsmasq:CONF (default builtin)"},
    OptionSpec{"interface", "IF", "use the servers of this real network instead"},
    OptionSpec{"yes", "", "load that network without being asked"},
    OptionSpec{"time", "HOW", "real, or virtual: all in this process, repeatable (default real)"},
    OptionSpec{"until", "PHASE", "offer, 4011, nbp, config or payload (default payload)"},
    OptionSpec{"threshold", "C", "what must hold, such as boot.p99<10s or boot.failed==0"},
    OptionSpec{"link", "[WHO:]F",
               "faults such as loss=1%,delay=2ms; WHO a profile, 50% or both (P/50%)"},
    OptionSpec{"relays", "N", "spread the machines over N subnets behind relay agents"},
    OptionSpec{"find-limit", "C",
               "search the largest load at which this holds, and what limits it; --clients N is "
               "the first one"},
    OptionSpec{"duration", "T",
               "power nobody on later; those under way get as long again, 60 s at least"},
    OptionSpec{"restart", "T", "the boot server dies and starts anew this long after the start"},
    OptionSpec{"set", "LINE",
               "add a line to the boot server's configuration, such as tftp-max=600"},
    OptionSpec{"real-waits", "", "keep the waits that put no packet on the wire"},
    OptionSpec{"seed", "N", "for everything random (default 1)"},
    OptionSpec{"hist", "", "print the distribution of boot times"},
    OptionSpec{"keep-failures", "N",
               "capture the first N failed boots, into --keep-in DIR (default .)"},
    OptionSpec{"keep-in", "DIR", "where to"},
    OptionSpec{"no-wire", "",
               "count nothing on the lab servers' own interfaces, which costs a little"},
    OptionSpec{"json", "FILE", "write a report; - for standard output"},
    OptionSpec{"jsonl", "FILE", "write a line per machine and per moment; - for standard output"},
    OptionSpec{"html", "FILE", "write a report with plots"},
};

constexpr std::size_t kMostRelays = 64;
constexpr std::uint64_t kMostClients = 1'000'000;
constexpr double kHighestRate = 1e6;
constexpr double kLowestRate =
    1e-3;  // the last of the most machines is then powered on in 32 years
constexpr double kLongestArrival = 1e9;  // seconds
constexpr Duration kLeastAfterwards = std::chrono::seconds(60);

Outcome<double> parse_share(std::string_view option, std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (rest == "%") value /= 100;
  if (error != std::errc{} || (rest != "%" && !rest.empty()) || !(value >= 0 && value <= 1)) {
    return wrong_usage(fmt::format("{}: '{}' is no share; write it like 1% or 0.01", option, text));
  }
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

Outcome<void> read_racks(std::string_view text, FleetOptions& options, bool has_clients) {
  const std::string_view sizes = text.substr(0, text.find('@'));
  const std::size_t cross = sizes.find('x');
  if (cross == std::string_view::npos || text.find('@') == std::string_view::npos) {
    return wrong_usage(
        fmt::format("--arrive: racks={} is no racks=NxM@T; write racks=10x50@5s for ten racks of "
                    "fifty machines, one every five seconds",
                    text));
  }
  const auto racks = parse_count("--arrive: racks", sizes.substr(0, cross), 1, 1'000'000);
  if (!racks) return fail(racks.error());
  const auto machines = parse_count("--arrive: racks", sizes.substr(cross + 1), 1, 1'000'000);
  if (!machines) return fail(machines.error());
  const auto gap = parse_duration("--arrive: racks", text.substr(text.find('@') + 1));
  if (!gap) return fail(gap.error());
  if (*racks * *machines > kMostClients) {
    return wrong_usage(
        fmt::format("--arrive: racks={} makes {} machines, more than the {} there "
                    "may be",
                    text, *racks * *machines, kMostClients));
  }
  if (to_seconds(*gap) * static_cast<double>(*racks) > kLongestArrival) {
    return wrong_usage(fmt::format(
        "--arrive: racks={} takes more than 30 years; give less time between racks", text));
  }
  options.arrivals = rom::Racks{.machines = *machines, .gap = *gap};
  if (!has_clients) options.clients = *racks * *machines;
  if (options.clients > *racks * *machines) {
    return wrong_usage(
        fmt::format("--arrive: racks={} has room for {} machines and --clients wants {}; leave "
                    "--clients away or give more racks",
                    text, *racks * *machines, options.clients));
  }
  return {};
}

Outcome<void> read_arrivals(const std::string& text, FleetOptions& options, bool has_clients) {
  options.arrivals_text = text;
  const std::size_t equals = text.find('=');
  const std::string_view name = std::string_view(text).substr(0, equals);
  const std::string_view value =
      equals == std::string::npos ? std::string_view() : std::string_view(text).substr(equals + 1);
  if (name == "storm") {
    rom::Storm storm;
    if (equals != std::string::npos) {
      const auto span = parse_duration("--arrive: storm", value);
      if (!span) return fail(span.error());
      storm.span = *span;
    }
    options.arrivals = storm;
    return {};
  }
  if (name == "rate") {
    double rate = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), rate);
    const std::string_view unit = value.substr(static_cast<std::size_t>(end - value.data()));
    if (error != std::errc{} || (unit != "/s" && !unit.empty()) || !(rate >= kLowestRate) ||
        rate > kHighestRate) {
      return wrong_usage(fmt::format(
          "--arrive: rate={} is no rate from 0.001/s to 1000000/s; write rate=50/s", value));
    }
    options.arrivals = rom::SteadyRate{rate};
    if (!has_clients && options.duration) {
      const double machines = rate * to_seconds(*options.duration);
      if (machines > static_cast<double>(kMostClients)) {
        return wrong_usage(fmt::format(
            "--arrive: rate={} over --duration makes {:.0f} machines, more than the {} there may "
            "be",
            value, machines, kMostClients));
      }
      options.clients = std::max<std::size_t>(1, static_cast<std::size_t>(machines));
    }
    return {};
  }
  if (name == "racks") return read_racks(value, options, has_clients);
  if (name == "stp") {
    const auto blocked = parse_duration("--arrive: stp", value);
    if (!blocked) return fail(blocked.error());
    options.arrivals = rom::SpanningTree{*blocked};
    return {};
  }
  return wrong_usage(fmt::format(
      "--arrive: no pattern '{}'{}; give storm, storm=2s, rate=50/s, racks=10x50@5s or stp=30s",
      name, did_you_mean(name, {"storm", "rate", "racks", "stp"})));
}

Outcome<void> read_mix(const std::string& text, FleetOptions& options) {
  options.mix_text = text;
  for (const std::string_view part : split(text, ',')) {
    FleetOptions::Share share;
    const std::size_t equals = part.rfind('=');
    share.name = std::string(part.substr(0, equals));
    if (equals != std::string_view::npos) {
      const std::string_view weight = part.substr(equals + 1);
      const auto [end, error] =
          std::from_chars(weight.data(), weight.data() + weight.size(), share.weight);
      if (error != std::errc{} || end != weight.data() + weight.size() || !(share.weight > 0) ||
          share.weight > 1e9) {
        return wrong_usage(
            fmt::format("--mix: '{}' is no PROFILE=WEIGHT; write edk2-x64=60,ipxe-bios=40", part));
      }
    }
    auto profile = load_profile("--mix", share.name);
    if (!profile) return fail(profile.error());
    share.profile = std::move(*profile);
    options.mix.push_back(std::move(share));
  }
  return {};
}

Outcome<void> read_fault(std::string_view fault, Impairment& impairment) {
  const std::size_t equals = fault.find('=');
  const std::string_view name = fault.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : fault.substr(equals + 1);
  struct Chance {
    std::string_view name;
    double Impairment::*field;
  };
  constexpr std::array kChances{Chance{"loss", &Impairment::loss},
                                Chance{"duplicate", &Impairment::duplication},
                                Chance{"reorder", &Impairment::reordering}};
  struct Wait {
    std::string_view name;
    Duration Impairment::*field;
  };
  constexpr std::array kWaits{Wait{"delay", &Impairment::delay},
                              Wait{"jitter", &Impairment::jitter}};
  if (const auto* const chance = std::ranges::find(kChances, name, &Chance::name);
      chance != kChances.end()) {
    const auto share = parse_share(fmt::format("--link: {}", name), value);
    if (!share) return fail(share.error());
    impairment.*chance->field = *share;
    return {};
  }
  if (const auto* const wait = std::ranges::find(kWaits, name, &Wait::name); wait != kWaits.end()) {
    const auto duration = parse_duration(fmt::format("--link: {}", name), value);
    if (!duration) return fail(duration.error());
    impairment.*wait->field = *duration;
    return {};
  }
  return wrong_usage(fmt::format(
      "--link: no fault '{}'{}; give loss=1%, duplicate=1%, reorder=1%, delay=2ms or jitter=1ms",
      name, did_you_mean(name, {"loss", "duplicate", "reorder", "delay", "jitter"})));
}

Outcome<void> read_link(const std::string& text, FleetOptions& options) {
  FleetLinkOption link;
  std::string_view faults = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string::npos) {
    std::string_view who = std::string_view(text).substr(0, colon);
    faults = std::string_view(text).substr(colon + 1);
    const std::size_t slash = who.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? who : who.substr(slash + 1);
    if (last.ends_with('%')) {
      const auto share = parse_share("--link", last);
      if (!share) return fail(share.error());
      link.share = *share;
      who = slash == std::string_view::npos ? std::string_view() : who.substr(0, slash);
    }
    link.kind = std::string(who);
    const bool is_known =
        link.kind.empty() || std::ranges::any_of(options.mix, [&link](const auto& share) {
          return share.name == link.kind;
        });
    if (!is_known) {
      std::vector<std::string> names;
      for (const FleetOptions::Share& share : options.mix) names.push_back(share.name);
      return wrong_usage(fmt::format("--link: no machines of '{}' are in the mix{}; it has {}",
                                     link.kind, did_you_mean(link.kind, names),
                                     fmt::join(names, ", ")));
    }
  }
  for (const std::string_view fault : split(faults, ',')) {
    if (auto read = read_fault(fault, link.impairment); !read) return fail(read.error());
  }
  options.links.push_back(std::move(link));
  options.link_texts.push_back(text);
  return {};
}

Outcome<void> read_target(const Arguments& arguments, FleetOptions& options) {
  options.interface = arguments.value_or("interface", "");
  options.sure = arguments.has("yes");
  if (!options.interface.empty() && arguments.has("against")) {
    return wrong_usage(
        "pxeproof fleet: --against starts a server in a lab and --interface uses the servers of a "
        "real network; give one of them");
  }
  if (!options.interface.empty()) {
    for (const std::string_view name : {"set", "relays"}) {
      if (!arguments.has(name)) continue;
      return wrong_usage(fmt::format(
          "--{}: the servers of a real network are not ours to set up; use --against", name));
    }
  }
  const std::string text = arguments.value_or("against", "builtin");
  const auto target = parse_target_or_file("--against", text);
  if (!target) return fail(target.error());
  options.target = *target;
  const std::string time = arguments.value_or("time", "real");
  if (time != "real" && time != "virtual") {
    return wrong_usage(fmt::format("--time: '{}' is neither real nor virtual", time));
  }
  options.time = time == "virtual" ? FleetOptions::Time::Virtual : FleetOptions::Time::Real;
  if (options.time == FleetOptions::Time::Virtual &&
      (!options.interface.empty() || options.target.server != BootTarget::Server::Builtin)) {
    return wrong_usage(
        "--time virtual: only the built-in server can run in virtual time; use --against builtin "
        "or a configuration file");
  }
  return {};
}

Outcome<void> read_numbers(const Arguments& arguments, FleetOptions& options) {
  struct Count {
    std::string_view name;
    std::uint64_t low;
    std::uint64_t high;
  };
  const auto read = [&arguments](const Count& count, auto& into) -> Outcome<void> {
    const auto text = arguments.value(count.name);
    if (!text) return {};
    const auto number = parse_count(fmt::format("--{}", count.name), *text, count.low, count.high);
    if (!number) return fail(number.error());
    into = static_cast<std::remove_reference_t<decltype(into)>>(*number);
    return {};
  };
  // The last ones stand for broadcasts and servers.
  if (auto done = read({"clients", 0, kMostClients}, options.clients); !done) return done;
  if (auto done = read({"seed", 0, ~std::uint64_t{0}}, options.seed); !done) return done;
  if (auto done = read({"relays", 0, kMostRelays}, options.relays); !done) return done;
  if (auto done = read({"keep-failures", 0, 1000}, options.keep_failures); !done) return done;
  return {};
}

// A search for a limit makes many runs.
Outcome<void> check_search(const Arguments& arguments) {
  if (!arguments.has("find-limit")) return {};
  for (const std::string_view name :
       {"json", "jsonl", "html", "hist", "threshold", "keep-failures", "keep-in"}) {
    if (!arguments.has(name)) continue;
    return wrong_usage(fmt::format(
        "--{}: a search for a limit makes many runs and reports none of them; leave --find-limit "
        "away, or run the load that it names again",
        name));
  }
  return {};
}

// Options that would say nothing about what was asked for.
Outcome<void> check_sense(const Arguments& arguments, const FleetOptions& options) {
  if (auto checked = check_search(arguments); !checked) return checked;
  const bool is_real = arguments.has("interface");
  const bool is_virtual = arguments.value_or("time", "real") == "virtual";
  if (arguments.has("yes") && !is_real) {
    return wrong_usage(
        "--yes: only the servers of a real network are asked leave for; give --interface, or leave "
        "--yes away");
  }
  if (arguments.has("no-wire") && (is_real || is_virtual)) {
    return wrong_usage(
        "--no-wire: only in a lab are the servers' interfaces counted; leave --no-wire away");
  }
  if (arguments.has("keep-in") && !arguments.has("keep-failures")) {
    return wrong_usage("--keep-in: nothing is kept there; give --keep-failures too");
  }
  if (options.verbosity > 0 && (is_real || is_virtual || arguments.has("find-limit"))) {
    return wrong_usage(
        "-v: shows what the servers of one lab wrote, and here is none; leave -v away");
  }
  return {};
}

Outcome<void> read_conditions(const Arguments& arguments, FleetOptions& options) {
  for (const std::string& text : arguments.all("threshold")) {
    auto threshold = parse_threshold("--threshold", text);
    if (!threshold) return fail(threshold.error());
    options.thresholds.push_back(std::move(*threshold));
  }
  if (const auto text = arguments.value("find-limit")) {
    auto threshold = parse_threshold("--find-limit", *text);
    if (!threshold) return fail(threshold.error());
    options.find_limit = std::move(*threshold);
  }
  const bool names_failures = std::ranges::any_of(
      options.thresholds, [](const auto& each) { return each.metric.name == "boot.failed"; });
  if (!names_failures) {
    options.thresholds.insert(options.thresholds.begin(),
                              *parse_threshold("--threshold", "boot.failed==0"));
  }
  return {};
}

}  // namespace

std::span<const OptionSpec> fleet_option_specs() { return kOptions; }

Outcome<FleetOptions> read_fleet_options(const Arguments& arguments) {
  FleetOptions options;
  options.verbosity = arguments.verbosity;
  options.json = arguments.value_or("json", "");
  options.jsonl = arguments.value_or("jsonl", "");
  options.html = arguments.value_or("html", "");
  options.keep_directory = arguments.value_or("keep-in", ".");
  options.histogram = arguments.has("hist");
  options.watch_wire = !arguments.has("no-wire");
  options.server_lines = arguments.all("set");
  if (auto checked = check_sense(arguments, options); !checked) return fail(checked.error());
  if (arguments.has("real-waits")) options.waits = rom::Waits::Real;
  if (auto read = read_target(arguments, options); !read) return fail(read.error());
  if (auto read = read_numbers(arguments, options); !read) return fail(read.error());
  if (const auto text = arguments.value("duration")) {
    const auto duration = parse_duration("--duration", *text);
    if (!duration) return fail(duration.error());
    options.duration = *duration;
    options.cut_off = *duration + std::max(*duration, kLeastAfterwards);
  }
  for (const std::string& text : arguments.all("restart")) {
    const auto at = parse_duration("--restart", text);
    if (!at) return fail(at.error());
    options.restarts.push_back(*at);
  }
  std::ranges::sort(options.restarts);
  if (!options.restarts.empty() && !options.interface.empty()) {
    return wrong_usage(
        "--restart: the servers of a real network are not ours to restart; use --against");
  }
  if (auto read =
          read_arrivals(arguments.value_or("arrive", "storm"), options, arguments.has("clients"));
      !read) {
    return fail(read.error());
  }
  if (auto read = read_mix(arguments.value_or("mix", "ipxe-bios"), options); !read) {
    return fail(read.error());
  }
  for (const std::string& text : arguments.all("link")) {
    if (auto read = read_link(text, options); !read) return fail(read.error());
  }
  if (const auto text = arguments.value("until")) {
    const auto phase = rom::parse_phase(*text);
    if (!phase) {
      return wrong_usage(
          fmt::format("--until: no phase '{}'{}; give offer, 4011, nbp, config or payload", *text,
                      did_you_mean(*text, {"offer", "4011", "nbp", "config", "payload"})));
    }
    options.until = *phase;
  }
  if (auto read = read_conditions(arguments, options); !read) return fail(read.error());
  if (options.find_limit && arguments.has("clients")) {
    if (searches_rate(options)) {
      return wrong_usage(
          "--clients: a search for the highest rate holds each rate for --duration, however many "
          "machines that takes; leave --clients away");
    }
    options.first_clients = options.clients;
  }
  std::vector<InputFile> inputs{{"the configuration", options.target.configuration_file}};
  for (const FleetOptions::Share& share : options.mix) {
    if (is_profile_file(share.name)) inputs.push_back({"a profile of --mix", share.name});
  }
  if (auto checked = check_outputs(options.outputs(), inputs); !checked) {
    return fail(checked.error());
  }
  return options;
}

}  // namespace pxeproof::cli

#include "cli/serve_once.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

ordered_json client_object(const ServedBoot& boot) {
  ordered_json client;
  if (boot.mac) client["mac"] = to_string(*boot.mac);
  if (boot.address) client["address"] = to_string(*boot.address);
  if (boot.architecture) client["architecture"] = *boot.architecture;
  client["phase"] = to_string(boot.phase);
  client["steps"] = boot.steps;
  client["octets"] = boot.octets;
  client["names_not_found"] = boot.missing;
  client["seconds"] = to_seconds(boot.last_event - boot.began);
  if (!boot.trouble.empty()) client["trouble"] = boot.trouble;
  return client;
}

}  // namespace

// The report's file is opened now: later the process may open none.
Outcome<std::unique_ptr<ServeOnce>> ServeOnce::create(OnceOptions options, Instant start) {
  std::unique_ptr<ServeOnce> once(new ServeOnce(std::move(options), start));
  const std::string& path = once->options_.json;
  if (path.empty() || path == "-") return once;
  once->report_.reset(std::fopen(path.c_str(), "we"));
  if (!once->report_) {
    return wrong_usage(
        fmt::format("--json {}: {}; name a file that may be written", path, std::strerror(errno)));
  }
  return once;
}

bool ServeOnce::has_reached(const ServedBoot* boot) const {
  const ServedPhase wanted = options_.duration ? ServedPhase::Nbp : options_.until;
  return boot != nullptr && boot->phase >= wanted;
}

bool ServeOnce::is_over(const BootWatch& watch, Instant now) const {
  if (now >= deadline()) return true;
  return !options_.duration && has_reached(watch.furthest());
}

Outcome<void> ServeOnce::finish(const BootWatch& watch, Instant now, const std::string& again) {
  const ServedBoot* boot = watch.furthest();
  const bool reached = has_reached(boot);
  if (!options_.json.empty()) {
    ordered_json report = {{"schema", "pxeproof/serve-once/1"},
                           {"until", to_string(options_.until)},
                           {"reached", reached},
                           {"seconds", to_seconds(now - start_)}};
    if (options_.duration) report["until"] = to_seconds(*options_.duration);
    report["client"] = boot == nullptr ? ordered_json() : client_object(*boot);
    const std::string text =
        report.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
    std::FILE* file = report_ ? report_.get() : stdout;
    if (std::fwrite(text.data(), 1, text.size(), file) != text.size() || std::fflush(file) != 0) {
      return environment_failed(fmt::format("--json {}: cannot be written", options_.json));
    }
  }
  if (reached) return {};
  const std::string expected =
      options_.duration
          ? fmt::format("a client gets its NBP within {:.0f} s", to_seconds(*options_.duration))
          : fmt::format("a client gets as far as {} within {:.0f} s", to_string(options_.until),
                        to_seconds(options_.patience));
  const std::string seen = boot == nullptr ? std::string("no client") : describe(*boot);
  return fail(
      Failure{boot == nullptr ? ExitCode::NothingTested : ExitCode::TestedThingFailed,
              fmt::format("expected: {}\nseen:     {}\nagain:    {}", expected, seen, again)});
}

}  // namespace pxeproof::cli

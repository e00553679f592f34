#include "cli/serve_once.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "cli/served_boot_json.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

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

// A machine that has its kernel comes for an initrd next, and others may be in the middle of a
// file.
bool ServeOnce::is_over(const BootWatch& watch, std::size_t transfers, Instant now) const {
  if (now >= deadline()) return true;
  return !options_.duration && transfers == 0 && watch.has_ended_at(options_.until);
}

Outcome<void> ServeOnce::finish(const BootWatch& watch, Instant now, const std::string& again) {
  const ServedBoot* boot = watch.furthest();
  const bool reached = boot != nullptr && has_reached(*boot, options_.wanted());
  if (!options_.json.empty()) {
    ordered_json report = {{"schema", "pxeproof/serve-once/1"},
                           {"until", to_string(options_.until)},
                           {"reached", reached},
                           {"seconds", to_seconds(now - start_)}};
    if (options_.duration) report["until"] = to_seconds(*options_.duration);
    report["client"] =
        boot == nullptr ? ordered_json() : served_boot_json(*boot, options_.wanted());
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
  const std::string seen =
      boot == nullptr ? std::string("no client") : describe(*boot, options_.wanted());
  return fail(
      Failure{boot == nullptr ? ExitCode::NothingTested : ExitCode::TestedThingFailed,
              fmt::format("expected: {}\nseen:     {}\nagain:    {}", expected, seen, again)});
}

}  // namespace pxeproof::cli

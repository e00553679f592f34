#include "cli/serve_control.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "live/monotonic_clock.h"

namespace pxeproof::cli {

namespace {

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr std::array<std::string_view, 5> kCommands = {"status", "counters", "transfers", "leases",
                                                       "reload"};

}  // namespace

Outcome<std::unique_ptr<ServeControl>> ServeControl::create(const RunningServer& server,
                                                            const ServeHistory& history,
                                                            Reload reload) {
  std::unique_ptr<ServeControl> control(new ServeControl(server, history, std::move(reload)));
  ServeControl* self = control.get();
  auto lines =
      live::LineServer::create([self](live::LineServer::ConnectionId id,
                                      std::string_view line) { return self->answer(id, line); },
                               live::LineServer::Limits{});
  if (!lines) return environment_failed(lines.error().message);
  control->lines_.emplace(std::move(*lines));
  return control;
}

Outcome<void> ServeControl::listen(const std::string& path) {
  auto listener = live::listen_on_path(path);
  if (!listener) return environment_failed(listener.error().message);
  if (auto set = lines_->set_listener(std::move(*listener)); !set) {
    return environment_failed(set.error().message);
  }
  return {};
}

Outcome<void> ServeControl::add_connection(live::FileDescriptor connection,
                                           std::function<void()> on_end) {
  if (auto added = lines_->add_connection(std::move(connection), std::move(on_end)); !added) {
    return environment_failed(added.error().message);
  }
  return {};
}

std::optional<std::string> ServeControl::answer(live::LineServer::ConnectionId id,
                                                std::string_view command) {
  const Instant now = live::now();
  if (command == "status") return status_json(server_, history_, now);
  if (command == "counters") return counters_json(server_, history_, now);
  if (command == "transfers") return transfers_json(server_, now);
  if (command == "leases") return leases_json(server_, now);
  if (command == "reload") {
    reload_(
        [this, id](const Outcome<void>& reloaded) { lines_->answer(id, reload_json(reloaded)); });
    return std::nullopt;
  }
  return control_error_json(
      fmt::format("no command '{}'; there are {}", printable(command), fmt::join(kCommands, ", ")));
}

Outcome<CommandAnswer> ask_command(const std::string& path, const std::string& command) {
  if (std::ranges::find(kCommands, command) == kCommands.end()) {
    return wrong_usage(fmt::format("serve: --command {}: there is no such command; give one of {}",
                                   printable(command), fmt::join(kCommands, ", ")));
  }
  const auto connection = live::connect_to_path(path);
  if (!connection) return environment_failed(connection.error().message);
  auto answer = live::ask_line(*connection, command, kPatience);
  if (!answer) return environment_failed(answer.error().message);
  const auto json = nlohmann::json::parse(*answer, nullptr, false);
  const bool has_failed = json.is_object() && !json.value("reloaded", true);
  return CommandAnswer{.text = *answer + "\n",
                       .code = has_failed ? ExitCode::TestedThingFailed : ExitCode::AsExpected};
}

Outcome<std::string> ask_status(const std::string& path) {
  const auto connection = live::connect_to_path(path);
  if (!connection) return environment_failed(connection.error().message);
  const auto status = live::ask_line(*connection, "status", kPatience);
  if (!status) return environment_failed(status.error().message);
  const auto counters = live::ask_line(*connection, "counters", kPatience);
  if (!counters) return environment_failed(counters.error().message);
  return status_text(*status, *counters);
}

}  // namespace pxeproof::cli

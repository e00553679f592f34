#include "cli/server_log.h"

#include <nlohmann/json.hpp>

#include "cli/served_boot_json.h"
#include "live/wall_clock.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

constexpr auto kReplace = ordered_json::error_handler_t::replace;

std::string_view name_of(ServerLog::Level level) {
  switch (level) {
    case ServerLog::Level::Info:
      return "info";
    case ServerLog::Level::Warning:
      return "warning";
    case ServerLog::Level::Error:
      return "error";
  }
  return {};
}

ordered_json begin(std::string_view level, std::string_view what) {
  return {{"time", live::wall_clock_text()}, {"level", level}, {"event", what}};
}

std::string line_of(const ordered_json& object) { return object.dump(-1, ' ', false, kReplace); }

ordered_json dhcp_object(const server::ServerEvent& event) {
  const bool is_silent = event.kind == server::ServerEvent::Kind::Silent;
  ordered_json object = begin("info", is_silent ? "dhcp-silent" : "dhcp-answer");
  object["answer"] = server::to_string(event.kind);
  if (event.request) object["request"] = dhcp::to_string(*event.request);
  object["port"] = event.port == server::ServerPort::Dhcp ? 67 : 4011;
  object["interface"] = event.interface;
  object["from"] = to_string(event.source);
  if (event.client) object["mac"] = to_string(*event.client);
  object["xid"] = event.xid;
  if (event.architecture) object["architecture"] = *event.architecture;
  if (!event.relay.is_unspecified()) object["relay"] = to_string(event.relay);
  if (!event.address.is_unspecified()) object["address"] = to_string(event.address);
  if (!event.server.is_unspecified()) object["server"] = to_string(event.server);
  if (!event.file.empty()) object["file"] = printable(event.file);
  if (!event.host_name.empty()) object["host"] = printable(event.host_name);
  if (!event.refusal.empty()) object["refusal"] = event.refusal;
  if (event.delay > Duration{}) object["delay_seconds"] = to_seconds(event.delay);
  if (event.left_out > 0) object["left_out"] = event.left_out;
  if (is_silent) {
    object["reason"] = server::slug(event.reason);
    object["row"] = server::row(event.reason);
    object["text"] = server::to_string(event.reason);
  }
  return object;
}

struct TftpTeller {
  ordered_json& object;

  void what(std::string_view event, const std::string& name) const {
    object["event"] = event;
    object["file"] = name;
  }
  void reason(server::TftpReason reason) const {
    object["reason"] = server::slug(reason);
    object["text"] = server::to_string(reason);
  }
  void operator()(const server::TftpRequested& requested) const {
    what("tftp-request", requested.name);
  }
  void operator()(const server::TftpQueued& queued) const { what("tftp-queued", queued.name); }
  void operator()(const server::TftpStarted& started) const {
    what("tftp-start", started.name);
    object["size"] = started.size;
    object["blksize"] = started.block_size;
    object["windowsize"] = started.window_size;
  }
  void operator()(const server::TftpFinished& finished) const {
    what("tftp-sent", finished.name);
    object["octets"] = finished.octets;
    object["seconds"] = to_seconds(finished.duration);
    object["resent"] = finished.resent;
  }
  void operator()(const server::TftpFailed& failed) const {
    what("tftp-failed", failed.name);
    object["level"] = "warning";
    object["octets"] = failed.octets;
    object["seconds"] = to_seconds(failed.duration);
    object["resent"] = failed.resent;
    if (failed.client_code) object["client_error"] = *failed.client_code;
    if (!failed.client_text.empty()) object["client_text"] = failed.client_text;
    reason(failed.reason);
  }
  void operator()(const server::TftpRefused& refused) const {
    what("tftp-refused", refused.name);
    object["error"] = static_cast<unsigned>(refused.code);
    reason(refused.reason);
  }
  void operator()(const server::TftpDropped& dropped) const {
    object["event"] = "tftp-dropped";
    reason(dropped.reason);
  }
};

bool is_result(const server::TftpEvent& event) {
  return std::holds_alternative<server::TftpFinished>(event.what) ||
         std::holds_alternative<server::TftpFailed>(event.what) ||
         std::holds_alternative<server::TftpRefused>(event.what);
}

}  // namespace

void ServerLog::set_configuration(bool quiet_dhcp, bool quiet_tftp, bool with_xid) {
  options_.quiet_dhcp = quiet_dhcp;
  options_.quiet_tftp = quiet_tftp;
  options_.with_xid = with_xid;
}

void ServerLog::message(Level level, std::string_view text) const {
  if (options_.format == Format::Text) return options_.print(std::string(text));
  ordered_json object = begin(name_of(level), "message");
  object["text"] = text;
  options_.print(line_of(object));
}

void ServerLog::event(const server::ServerEvent& event) const {
  if (options_.events == Events::LeftOut) return;
  const bool is_silent = event.kind == server::ServerEvent::Kind::Silent;
  if (options_.format == Format::Json) {
    const bool is_routine = is_silent || options_.quiet_dhcp;
    if (!is_routine || options_.verbosity > 0) options_.print(line_of(dhcp_object(event)));
    return;
  }
  const auto style = options_.with_xid ? server::LogStyle::WithXid : server::LogStyle::Plain;
  if (!options_.quiet_dhcp || options_.verbosity > 0) {
    for (const std::string& line : server::log_lines(event, style)) options_.print(line);
  }
  if (options_.verbosity > 0) options_.print(server::describe(event));
}

void ServerLog::event(const server::TftpEvent& event) const {
  if (options_.events == Events::LeftOut) return;
  const bool is_quiet =
      options_.quiet_tftp && std::holds_alternative<server::TftpFinished>(event.what);
  if ((!is_result(event) || is_quiet) && options_.verbosity == 0) return;
  if (options_.format == Format::Text) return options_.print(server::to_string(event));
  ordered_json object = begin("info", "tftp");
  object["client"] = to_string(event.client);
  object["port"] = event.local.port;
  std::visit(TftpTeller{object}, event.what);
  options_.print(line_of(object));
}

void ServerLog::boot(const ServedBoot& boot, const BootStory& story) const {
  if (options_.format == Format::Text) return options_.print(std::string(story.text));
  ordered_json object = begin("info", "boot");
  object.update(served_boot_json(boot, story.wanted));
  object["text"] = story.text;
  options_.print(line_of(object));
}

}  // namespace pxeproof::cli

#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "cli/failure.h"
#include "cli/server_status.h"
#include "live/line_server.h"

namespace pxeproof::cli {

// The control socket of a server: a command on a line, answered by JSON on a line.
class ServeControl {
 public:
  using Reply = std::function<void(const Outcome<void>&)>;
  using Reload = std::function<void(Reply)>;

  // The server and the history outlive this.
  static Outcome<std::unique_ptr<ServeControl>> create(const RunningServer& server,
                                                       const ServeHistory& history, Reload reload);

  Outcome<void> listen(const std::string& path);
  Outcome<void> add_connection(live::FileDescriptor connection, std::function<void()> on_end);

  live::EventSource& source() { return *lines_; }

 private:
  ServeControl(const RunningServer& server, const ServeHistory& history, Reload reload)
      : server_(server), history_(history), reload_(std::move(reload)) {}
  std::optional<std::string> answer(live::LineServer::ConnectionId id, std::string_view command);

  const RunningServer& server_;
  const ServeHistory& history_;
  Reload reload_;
  std::optional<live::LineServer> lines_;
};

// One command's answer as it is, a line of JSON, and whether what was asked for was done.
struct CommandAnswer {
  std::string text;
  ExitCode code = ExitCode::AsExpected;
};
Outcome<CommandAnswer> ask_command(const std::string& path, const std::string& command);

// Asks the server behind a control socket for its status; a text for people.
Outcome<std::string> ask_status(const std::string& path);

}  // namespace pxeproof::cli

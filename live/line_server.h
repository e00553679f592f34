#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/event_loop.h"
#include "live/file_descriptor.h"
#include "live/system_error.h"

namespace pxeproof::live {

// A Unix socket to listen on. The socket of a server that is gone is replaced.
SystemResult<FileDescriptor> listen_on_path(const std::string& path);

// A connection to such a socket, which blocks.
SystemResult<FileDescriptor> connect_to_path(const std::string& path);

// Sends a line and waits for the line that answers it.
SystemResult<std::string> ask_line(const FileDescriptor& connection, std::string_view line,
                                   Duration patience);

// The next line of a connection.
SystemResult<std::string> read_line(const FileDescriptor& connection, Duration patience);

// Returns when the other end of a connection is gone.
void wait_for_hang_up(int connection);

// Two ends of a connection between processes of ours.
SystemResult<std::pair<FileDescriptor, FileDescriptor>> connected_pair();

// Answers each line of its connections with one line.
class LineServer : public EventSource {
 public:
  using ConnectionId = std::uint64_t;
  // The answer without its end; nullopt when answer() will bring it later. Until then the
  // connection's next lines wait.
  using Handler = std::function<std::optional<std::string>(ConnectionId, std::string_view line)>;

  struct Limits {
    std::size_t connections = 32;                        // one more is closed at once
    std::size_t line_octets = 1024;                      // a longer line ends its connection
    std::size_t waiting_octets = std::size_t{8} << 20U;  // of answers nobody reads: likewise
  };

  static SystemResult<LineServer> create(Handler handler, const Limits& limits);

  // Either may be left out.
  SystemResult<void> set_listener(FileDescriptor listener);
  // The function is told when the other end has closed it.
  SystemResult<void> add_connection(FileDescriptor connection, std::function<void()> on_end = {});

  void answer(ConnectionId id, std::string_view line);

  std::vector<int> descriptors() const override { return {events_.number()}; }
  Activity on_wake(Instant now) override;
  std::optional<Instant> deadline() const override { return std::nullopt; }

 private:
  struct Connection {
    FileDescriptor socket;
    std::string received;
    std::string to_send;
    bool is_waiting = false;  // for an answer
    std::function<void()> on_end{};
  };

  LineServer(FileDescriptor events, Handler handler, const Limits& limits)
      : events_(std::move(events)), handler_(std::move(handler)), limits_(limits) {}
  void accept_all();
  // Each says whether the connection lives on.
  bool read_lines(ConnectionId id, Connection& connection);
  bool handle_lines(ConnectionId id, Connection& connection);
  bool send_some(ConnectionId id, Connection& connection);

  FileDescriptor events_;
  Handler handler_;
  Limits limits_;
  FileDescriptor listener_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId next_id_ = 1;
};

}  // namespace pxeproof::live

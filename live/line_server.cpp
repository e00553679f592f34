#include "live/line_server.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr int kBacklog = 16;
constexpr mode_t kOwnerAndGroup = 0660;
constexpr std::size_t kEventsPerWait = 16;
constexpr std::size_t kReadOctets = 4096;

std::string about(const std::string& path) { return "control socket " + path; }

SystemResult<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(error_of(ENAMETOOLONG, about(path), "107 octets are the most; choose another"));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

SystemResult<void> watch(const FileDescriptor& events, int socket, std::uint64_t id,
                         std::uint32_t wanted, int operation) {
  epoll_event event{};
  event.events = wanted;
  event.data.u64 = id;
  if (epoll_ctl(events.number(), operation, socket, &event) != 0) {
    return fail(last_error("control socket: epoll"));
  }
  return {};
}

}  // namespace

SystemResult<FileDescriptor> connect_to_path(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return fail(address.error());
  FileDescriptor connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!connection.is_open() ||
      connect(connection.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) !=
          0) {
    const bool is_absent = errno == ENOENT || errno == ECONNREFUSED;
    return fail(last_error(about(path), is_absent ? "no server listens there: pxeproof serve "
                                                    "--control makes one"
                                                  : ""));
  }
  return connection;
}

SystemResult<FileDescriptor> listen_on_path(const std::string& path) {
  const auto address = address_of(path);
  if (!address) return fail(address.error());
  FileDescriptor listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.is_open()) return fail(last_error(about(path)));
  const auto bind_it = [&] {
    return bind(listener.number(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  };
  if (bind_it() != 0) {
    struct stat status {};
    const bool is_stale = errno == EADDRINUSE && stat(path.c_str(), &status) == 0 &&
                          S_ISSOCK(status.st_mode) && !connect_to_path(path);
    if (!is_stale) {
      return fail(last_error(about(path), errno == EADDRINUSE
                                              ? "another server or a file is there"
                                              : "its directory must exist and be writable"));
    }
    if (unlink(path.c_str()) != 0 || bind_it() != 0) return fail(last_error(about(path)));
  }
  if (chmod(path.c_str(), kOwnerAndGroup) != 0 || ::listen(listener.number(), kBacklog) != 0) {
    return fail(last_error(about(path)));
  }
  return listener;
}

SystemResult<std::pair<FileDescriptor, FileDescriptor>> connected_pair() {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(last_error("connection between processes"));
  }
  return std::pair(FileDescriptor(ends[0]), FileDescriptor(ends[1]));
}

SystemResult<std::string> ask_line(const FileDescriptor& connection, std::string_view line,
                                   Duration patience) {
  const std::string request = std::string(line) + "\n";
  if (send(connection.number(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail(last_error("control socket"));
  }
  return read_line(connection, patience);
}

void wait_for_hang_up(int connection) {
  pollfd hung_up{.fd = connection, .events = POLLRDHUP, .revents = 0};
  while (poll(&hung_up, 1, -1) < 0 && errno == EINTR) {
  }
}

SystemResult<std::string> read_line(const FileDescriptor& connection, Duration patience) {
  const Instant end = now() + patience;
  std::string answer;
  std::array<char, kReadOctets> part{};
  while (answer.find('\n') == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now()).count();
    pollfd readable{.fd = connection.number(), .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) {
      return fail(error_of(ETIMEDOUT, "control socket", "the server does not answer"));
    }
    const ssize_t got = read(connection.number(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return fail(error_of(got == 0 ? ECONNRESET : errno, "control socket", "the server is gone"));
    }
    answer.append(part.data(), static_cast<std::size_t>(got));
  }
  answer.resize(answer.find('\n'));
  return answer;
}

SystemResult<LineServer> LineServer::create(Handler handler, const Limits& limits) {
  FileDescriptor events(epoll_create1(EPOLL_CLOEXEC));
  if (!events.is_open()) return fail(last_error("control socket: epoll"));
  return LineServer(std::move(events), std::move(handler), limits);
}

SystemResult<void> LineServer::set_listener(FileDescriptor listener) {
  listener_ = std::move(listener);
  return watch(events_, listener_.number(), 0, EPOLLIN, EPOLL_CTL_ADD);
}

SystemResult<void> LineServer::add_connection(FileDescriptor connection,
                                              std::function<void()> on_end) {
  const ConnectionId id = next_id_++;
  if (auto watched = watch(events_, connection.number(), id, EPOLLIN, EPOLL_CTL_ADD); !watched) {
    return watched;
  }
  connections_[id].socket = std::move(connection);
  connections_[id].on_end = std::move(on_end);
  return {};
}

void LineServer::accept_all() {
  for (;;) {
    FileDescriptor connection(
        accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection.is_open()) return;
    if (connections_.size() < limits_.connections) {
      static_cast<void>(add_connection(std::move(connection)));
    }
  }
}

Activity LineServer::on_wake(Instant) {
  std::array<epoll_event, kEventsPerWait> events{};
  const int ready = epoll_wait(events_.number(), events.data(), kEventsPerWait, 0);
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    if (event.data.u64 == 0) {
      accept_all();
      continue;
    }
    const auto found = connections_.find(event.data.u64);
    if (found == connections_.end()) continue;
    bool lives = true;
    if ((event.events & EPOLLOUT) != 0) lives = send_some(found->first, found->second);
    if (lives && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
      lives = read_lines(found->first, found->second);
    }
    if (lives) continue;
    const auto on_end = std::move(found->second.on_end);
    connections_.erase(found);
    if (on_end) on_end();
  }
  return Activity::Idle;
}

bool LineServer::read_lines(ConnectionId id, Connection& connection) {
  std::array<char, kReadOctets> part{};
  const ssize_t got = recv(connection.socket.number(), part.data(), part.size(), MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  connection.received.append(part.data(), static_cast<std::size_t>(got));
  return handle_lines(id, connection);
}

bool LineServer::handle_lines(ConnectionId id, Connection& connection) {
  while (!connection.is_waiting) {
    const std::size_t end = connection.received.find('\n');
    if (end == std::string::npos) break;
    std::string line = connection.received.substr(0, end);
    connection.received.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    connection.is_waiting = true;
    if (const auto answered = handler_(id, line)) {
      connection.is_waiting = false;
      connection.to_send += *answered + "\n";
    }
  }
  return connection.received.size() <= limits_.line_octets && send_some(id, connection);
}

bool LineServer::send_some(ConnectionId id, Connection& connection) {
  while (!connection.to_send.empty()) {
    const ssize_t sent = send(connection.socket.number(), connection.to_send.data(),
                              connection.to_send.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    connection.to_send.erase(0, static_cast<std::size_t>(sent));
  }
  if (connection.to_send.size() > limits_.waiting_octets) return false;
  const std::uint32_t wanted =
      connection.to_send.empty() ? EPOLLIN : std::uint32_t{EPOLLIN} | EPOLLOUT;
  return watch(events_, connection.socket.number(), id, wanted, EPOLL_CTL_MOD).has_value();
}

void LineServer::answer(ConnectionId id, std::string_view line) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  found->second.is_waiting = false;
  found->second.to_send += std::string(line) + "\n";
  if (!handle_lines(id, found->second)) connections_.erase(found);
}

}  // namespace pxeproof::live

#include "live/qmp_client.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "live/monotonic_clock.h"

namespace pxeproof::live {
namespace {

constexpr Duration kPatience = std::chrono::seconds(20);  // a busy machine answers late
constexpr std::size_t kMaximumLine = 1U << 20U;

nlohmann::json parse(const std::string& line) {
  return nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

SystemResult<std::string> QmpClient::read_line() {
  const Instant give_up = now() + kPatience;
  for (;;) {
    if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
      std::string line = received_.substr(0, end);
      received_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(give_up - now()).count();
    pollfd readable{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&readable, 1, static_cast<int>(left)) == 0) {
      return fail(error_of(ETIMEDOUT, "QEMU: no answer to a command"));
    }
    std::array<char, 4096> buffer{};
    const ssize_t size = recv(socket_.number(), buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) {
      continue;
    }
    if (size <= 0 || received_.size() > kMaximumLine) {
      return fail(error_of(EPIPE, "QEMU: has ended"));
    }
    received_.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

SystemResult<void> QmpClient::execute(std::string_view what, const std::string& command) {
  const std::string line = command + "\n";
  if (::send(socket_.number(), line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    return fail(last_error("QEMU: " + std::string(what)));
  }
  for (;;) {
    auto answer = read_line();
    if (!answer) {
      return fail(std::move(answer.error()));
    }
    const auto object = parse(*answer);
    if (object.contains("error")) {
      return fail(SystemError{.code = 0,
                              .message = "QEMU: " + std::string(what) + ": " +
                                         object["error"].value("desc", std::string("refused"))});
    }
    if (object.contains("return")) {
      return {};
    }
  }
}

SystemResult<void> QmpClient::negotiate() {
  if (auto greeting = read_line(); !greeting) {
    return fail(std::move(greeting.error()));
  }
  return execute("greeting", nlohmann::json{{"execute", "qmp_capabilities"}}.dump());
}

SystemResult<void> QmpClient::save_memory(std::uint64_t address, std::uint64_t size_bytes,
                                          const std::string& file) {
  return execute(
      "reading memory",
      nlohmann::json{{"execute", "pmemsave"},
                     {"arguments", {{"val", address}, {"size", size_bytes}, {"filename", file}}}}
          .dump());
}

SystemResult<void> QmpClient::save_screen(const std::string& file) {
  return execute(
      "reading the screen",
      nlohmann::json{{"execute", "screendump"}, {"arguments", {{"filename", file}}}}.dump());
}

}  // namespace pxeproof::live

#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <string>

#include "live/file_descriptor.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"

namespace pxeproof::live {

// A UDP socket on the loopback interface that waits for what it expects.
class LoopbackSocket {
 public:
  explicit LoopbackSocket(const char* address = "127.0.0.1", std::uint16_t port = 0)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in local = endpoint(address, port);
    EXPECT_EQ(bind(socket_.number(), reinterpret_cast<const sockaddr*>(&local), sizeof local), 0)
        << std::strerror(errno);
  }

  void send(std::uint16_t port, ByteView octets) {
    const sockaddr_in peer = endpoint("127.0.0.1", port);
    sendto(socket_.number(), octets.data(), octets.size(), 0,
           reinterpret_cast<const sockaddr*>(&peer), sizeof peer);
  }

  // The next datagram, empty after that many milliseconds; its port is in peer_port.
  Bytes receive(int milliseconds = 20000) {
    pollfd readable{.fd = socket_.number(), .events = POLLIN, .revents = 0};
    if (poll(&readable, 1, milliseconds) <= 0) return {};
    Bytes octets(65536);
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t got = recvfrom(socket_.number(), octets.data(), octets.size(), 0,
                                 reinterpret_cast<sockaddr*>(&peer), &size);
    octets.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    peer_port = ntohs(peer.sin_port);
    return octets;
  }

  std::uint16_t peer_port = 0;

 private:
  static sockaddr_in endpoint(const char* address, std::uint16_t port) {
    sockaddr_in made{};
    made.sin_family = AF_INET;
    made.sin_port = htons(port);
    inet_pton(AF_INET, address, &made.sin_addr);
    return made;
  }

  FileDescriptor socket_;
};

// A download in lock-step that goes on block by block, as the test wants.
class TftpFetch {
 public:
  explicit TftpFetch(const std::string& name) {
    Bytes request{0, 1};
    for (const std::string& word : {name, std::string("octet")}) {
      request.insert(request.end(), word.begin(), word.end());
      request.push_back(0);
    }
    socket_.send(69, request);
    take();
  }

  // Acknowledges the block it has and takes the next one.
  void step() {
    socket_.send(port, Bytes{0, 4, static_cast<std::uint8_t>(block_ >> 8U),
                             static_cast<std::uint8_t>(block_)});
    if (!is_complete) take();
  }
  std::string finish() {
    while (!is_complete && error.empty()) step();
    if (is_complete) step();
    return content;
  }

  std::string content;
  std::string error;  // the server's ERROR, or that nothing came
  std::uint16_t error_code = 0;
  bool is_complete = false;
  std::uint16_t port = 0;  // the server's

 private:
  void take() {
    Bytes packet = socket_.receive();
    // A block comes again where the test lets the server wait.
    while (packet.size() >= 4 && packet[1] == 3 && block_ != 0 &&
           block_ == (packet[2] << 8U | packet[3])) {
      packet = socket_.receive();
    }
    port = socket_.peer_port;
    if (packet.size() >= 4 && packet[1] == 3) {
      block_ = static_cast<std::uint16_t>(packet[2] << 8U | packet[3]);
      content.append(packet.begin() + 4, packet.end());
      is_complete = packet.size() < 516;
    } else if (packet.size() >= 5 && packet[1] == 5) {
      error_code = static_cast<std::uint16_t>(packet[2] << 8U | packet[3]);
      error.assign(packet.begin() + 4, packet.end() - 1);
    } else {
      error = "no answer";
    }
  }

  LoopbackSocket socket_;
  std::uint16_t block_ = 0;
};

inline std::string fetch(const std::string& name) { return TftpFetch(name).finish(); }

}  // namespace pxeproof::live

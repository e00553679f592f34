#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/tftp/packet.h"
#include "server/tftp_server.h"

namespace pxeproof::server::testing {

using namespace std::chrono_literals;

inline constexpr Instant kStart{1000s};
inline constexpr Ipv4Address kServerAddress = Ipv4Address::of(192, 168, 77, 1);
inline constexpr Ipv4Address kSecondAddress = Ipv4Address::of(192, 168, 77, 2);
inline constexpr Endpoint kRequestPort{kServerAddress, 69};
inline constexpr Endpoint kClient{Ipv4Address::of(192, 168, 77, 50), 2070};
inline constexpr Endpoint kStranger{Ipv4Address::of(192, 168, 77, 66), 4444};

// Contents in memory, which can change as a file on a disk does.
class MemoryFile : public FileContent {
 public:
  explicit MemoryFile(Bytes octets) : octets_(std::move(octets)), size_(octets_.size()) {}

  std::uint64_t size() const override { return size_; }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (fault) return fail(*fault);
    if (offset >= octets_.size()) return ByteView{};
    return ByteView(octets_).subspan(offset,
                                     std::min<std::size_t>(length, octets_.size() - offset));
  }
  void truncate(std::size_t size) { octets_.resize(size); }
  ByteView octets() const { return octets_; }

  std::optional<FileFault> fault;

 private:
  Bytes octets_;
  std::uint64_t size_;
};

// A file of any size whose octet at n is n in some mixture; nothing is held in memory.
class EndlessFile : public FileContent {
 public:
  explicit EndlessFile(std::uint64_t size) : size_(size) {}

  static std::uint8_t octet_at(std::uint64_t offset) {
    return static_cast<std::uint8_t>((offset * 0x9e3779b97f4a7c15U) >> 56U);
  }
  std::uint64_t size() const override { return size_; }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    Bytes& buffer = buffers_[next_++ % buffers_.size()];
    buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset)));
    for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = octet_at(offset + i);
    return ByteView(buffer);
  }

 private:
  std::uint64_t size_;
  std::array<Bytes, 128> buffers_;
  std::size_t next_ = 0;
};

inline Bytes text_bytes(std::string_view text) { return {text.begin(), text.end()}; }

// Octets that differ from block to block.
inline Bytes pattern(std::size_t size) {
  Bytes octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = EndlessFile::octet_at(i);
  return octets;
}

inline Bytes rrq(std::string_view name, std::vector<tftp::Option> options = {},
                 std::string_view mode = "octet") {
  return tftp::encode(tftp::Request{.opcode = tftp::Opcode::Rrq,
                                    .filename = std::string(name),
                                    .mode = std::string(mode),
                                    .options = std::move(options),
                                    .trailer = {}});
}
inline Bytes ack(std::uint16_t block) {
  return tftp::encode(tftp::Ack{.block = block, .trailer = {}});
}
inline Bytes error(std::uint16_t code, std::string_view text) {
  return tftp::encode(tftp::Error{.code = code, .text = std::string(text), .trailer = {}});
}

// A datagram as it left the server.
struct Sent {
  Endpoint source;
  Endpoint destination;
  Bytes octets;

  tftp::Packet packet() const {
    auto decoded = tftp::decode(octets);
    EXPECT_TRUE(decoded) << "the server sent " << to_hex(octets);
    return decoded ? *decoded : tftp::Packet{tftp::Error{}};
  }
};

MATCHER_P(IsData, block, "") {
  const auto packet = arg.packet();
  const auto* data = std::get_if<tftp::Data>(&packet);
  return data != nullptr && data->block == block;
}
MATCHER_P2(IsDataOf, block, content, "") {
  const auto packet = arg.packet();
  const auto* data = std::get_if<tftp::Data>(&packet);
  return data != nullptr && data->block == block && equal(data->payload, content);
}
MATCHER_P(IsError, code, "") {
  const auto packet = arg.packet();
  const auto* error = std::get_if<tftp::Error>(&packet);
  return error != nullptr && error->code == static_cast<std::uint16_t>(code) && error->terminated;
}
MATCHER_P(IsOack, options, "") {
  const auto packet = arg.packet();
  const auto* oack = std::get_if<tftp::Oack>(&packet);
  return oack != nullptr && oack->options == std::vector<tftp::Option>(options);
}
using Options = std::vector<tftp::Option>;

inline TftpOptions bench_options() {
  TftpOptions options;
  options.transfer_ports = draw_ports(40000, 40999, 64, Random(7));
  options.interfaces.push_back({{.index = 2,
                                 .name = "eth0",
                                 .mac = {{2, 0, 0, 0, 0, 1}},
                                 .addresses = {{kServerAddress, Ipv4Address::of(255, 255, 255, 0)},
                                               {kSecondAddress, Ipv4Address::of(255, 255, 255, 0)}},
                                 .mtu = 1500},
                                "/srv/tftp"});
  return options;
}

// A server with files in memory and a clock that a test moves.
class TftpBench {
 public:
  explicit TftpBench(TftpOptions options = bench_options(), std::uint64_t seed = 1)
      : server(std::move(options), Random(seed)) {}

  // A path below the root, as the file service would be asked for it.
  std::shared_ptr<MemoryFile> add(std::string path, Bytes octets) {
    auto file = std::make_shared<MemoryFile>(std::move(octets));
    files[std::move(path)] = Target(file);
    return file;
  }

  // Hands one datagram in and returns what comes out.
  std::vector<Sent> send(const Endpoint& from, const Endpoint& to, ByteView packet) {
    server.on_datagram(now, {.source = from,
                             .destination = to,
                             .interface_index = interface_index,
                             .payload = packet,
                             .source_mac = source_mac});
    return drain();
  }
  std::vector<Sent> request(const Endpoint& from, ByteView packet) {
    auto sent = send(from, kRequestPort, packet);
    if (!sent.empty()) peer = sent.front().source;
    return sent;
  }
  // To the port that answered the last request.
  std::vector<Sent> answer(const Endpoint& from, ByteView packet) {
    return send(from, peer, packet);
  }

  // Moves the clock to the next deadline.
  std::vector<Sent> next_timeout() {
    const auto deadline = server.poll_timeout();
    if (!deadline) return {};
    now = std::max(now, *deadline);
    server.on_timeout(now);
    return drain();
  }
  std::vector<Sent> wait(Duration duration) {
    now += duration;
    server.on_timeout(now);
    return drain();
  }

  std::vector<Sent> drain() {
    std::vector<Sent> sent;
    for (;;) {
      bool moved = false;
      FileRequest file_request;
      while (answer_files && server.poll_file_request(file_request)) {
        asked.push_back(file_request);
        server.on_file(now, open(file_request));
        moved = true;
      }
      OutgoingDatagram out;
      while (server.poll_transmit(out)) {
        Sent one{out.source, out.destination, out.head};
        one.octets.insert(one.octets.end(), out.body.begin(), out.body.end());
        sent.push_back(std::move(one));
        moved = true;
      }
      if (!moved) break;
    }
    TftpEvent event;
    while (server.poll_event(event)) events.push_back(event);
    return sent;
  }

  FileAnswer open(const FileRequest& file_request) const {
    const auto found = files.find(file_request.path);
    if (found == files.end()) return {file_request.id, fail(FileFault::NotFound)};
    if (found->second.fault) return {file_request.id, fail(*found->second.fault)};
    return {file_request.id, found->second.content};
  }

  template <typename Kind>
  std::vector<Kind> events_of() const {
    std::vector<Kind> found;
    for (const TftpEvent& event : events) {
      if (const auto* kind = std::get_if<Kind>(&event.what)) found.push_back(*kind);
    }
    return found;
  }
  bool dropped(TftpReason reason) const {
    return server.counters().dropped[static_cast<std::size_t>(reason)] > 0;
  }
  std::uint64_t failed(TftpReason reason) const {
    return server.counters().failed[static_cast<std::size_t>(reason)];
  }
  std::uint64_t refused(TftpReason reason) const {
    return server.counters().refused[static_cast<std::size_t>(reason)];
  }

  // What a name leads to: a file, or the fault of opening it.
  struct Target {
    Target() = default;
    Target(std::shared_ptr<FileContent> file) : content(std::move(file)) {}
    Target(FileFault why) : fault(why) {}
    std::shared_ptr<FileContent> content;
    std::optional<FileFault> fault;
  };

  Instant now = kStart;
  TftpServer server;
  std::map<std::string, Target> files;
  std::vector<FileRequest> asked;
  std::vector<TftpEvent> events;
  Endpoint peer;
  std::uint32_t interface_index = 2;
  std::optional<MacAddress> source_mac;
  bool answer_files = true;
};

// The payloads of all DATA packets of a lock-step or windowed download, acknowledged as they come.
inline Bytes download(TftpBench& bench, const Endpoint& client, ByteView packet) {
  Bytes content;
  std::vector<Sent> sent = bench.request(client, packet);
  std::uint16_t expected = 1;
  while (!sent.empty()) {
    std::vector<Sent> next;
    for (const Sent& one : sent) {
      const auto decoded = one.packet();
      if (std::holds_alternative<tftp::Oack>(decoded)) {
        next = bench.answer(client, ack(0));
      } else if (const auto* data = std::get_if<tftp::Data>(&decoded)) {
        EXPECT_EQ(data->block, expected);
        content.insert(content.end(), data->payload.begin(), data->payload.end());
        ++expected;
      }
    }
    const std::uint16_t last = static_cast<std::uint16_t>(expected - 1);
    if (std::holds_alternative<tftp::Data>(sent.back().packet())) {
      next = bench.answer(client, ack(last));
    }
    sent = std::move(next);
  }
  return content;
}

}  // namespace pxeproof::server::testing

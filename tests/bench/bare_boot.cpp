// The floor for whole boots: a server and a fleet with the sockets that pxeproof uses and next to
// no protocol. The packets of a boot have the sizes and the order of the article's: DORA, a proxy's
// offer, port 4011, pxelinux.0, ldlinux.c32, nine names that are missing, the configuration and
// memtest, lock-step. The file that is asked for is told by the client's port, so that the server
// keeps nothing; nobody checks, repeats or times anything. --role server or fleet.
#include <poll.h>
#include <initializer_list>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/frames/build.h"
#include "tests/bench/cpu_time.h"
#include "tests/bench/settings.h"
#include "tests/bench/sockets.h"

namespace pxeproof::bench {
namespace {

constexpr std::size_t kBlock = 1432;
constexpr std::size_t kHeaders = 42;
constexpr std::size_t kDhcpOctets = 400;
constexpr std::size_t kChaddr = 28;
constexpr std::size_t kDatagram = 1500;
constexpr std::uint16_t kFirstPort = 0x4000;
// Sizes of the files in octets, in the order in which a boot asks for them; 0: missing.
constexpr std::array<std::uint32_t, 13> kFiles{42'430, 119'524, 0, 0, 0,   0,      0,
                                               0,      0,       0, 0, 150, 144'312};
constexpr std::uint8_t kDiscover = 1;
constexpr std::uint8_t kRequest = 3;

std::array<std::uint8_t, 1U << 18U> content;  // of every file

class Server {
 public:
  explicit Server(const Settings& settings) {
    const Ipv4Address address = settings.address("address");
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{67, 4011, 69}) {
      // Port 67 hears broadcasts, which a socket bound to one address does not.
      sockets_.push_back(open_udp({port == 67 ? Ipv4Address{} : address, port}));
      use_interface(sockets_.back().number(), settings.text("interface"));
      batches_.push_back(std::make_unique<SendBatch>(sockets_.back().number(), kDatagram));
    }
  }

  [[noreturn]] void run() {
    ReceiveBatch received(kDatagram);
    std::array<pollfd, 3> waiting{};
    for (std::size_t i = 0; i < 3; ++i) waiting[i] = {sockets_[i].number(), POLLIN, 0};
    for (;;) {
      poll(waiting.data(), waiting.size(), -1);
      for (std::size_t i = 0; i < 3; ++i) {
        if (waiting[i].revents == 0) continue;
        const unsigned count = received.take(sockets_[i].number());
        for (unsigned k = 0; k < count; ++k) answer(i, received[k], received.source(k));
        batches_[i]->flush();
      }
    }
  }

 private:
  void answer(std::size_t socket, ByteView packet, const sockaddr_in& source) {
    if (socket == 2) return answer_transfer(packet, source);
    sockaddr_in to = source;
    if (socket == 0) to = socket_address({Ipv4Address::broadcast(), 68});
    SendBatch& batch = *batches_[socket];
    // An address server's offer and the proxy's.
    const bool discovers = socket == 0 && packet.size() > 242 && packet[242] == kDiscover;
    for (int i = 0; i < (discovers ? 2 : 1); ++i) {
      std::uint8_t* out = batch.next();
      std::memset(out, 0, kDhcpOctets);
      std::copy_n(packet.begin(), std::min<std::size_t>(packet.size(), 243), out);
      out[0] = 2;
      batch.add(kDhcpOctets, to);
    }
  }

  void answer_transfer(ByteView packet, const sockaddr_in& source) {
    if (packet.size() < 4) return;
    SendBatch& batch = *batches_[2];
    const std::uint32_t size = kFiles[endpoint_of(source).port % kFiles.size()];
    std::uint8_t* out = batch.next();
    if (load16(packet.data()) == 1) {
      if (size == 0) {
        store16(out, 5);
        store16(out + 2, 1);
        std::memcpy(out + 4, "file not found", 15);
        return batch.add(19, source);
      }
      store16(out, 6);
      std::memcpy(out + 2, "blksize\0001432\0tsize\000144312", 26);
      return batch.add(28, source);
    }
    const std::uint32_t block = load16(&packet[2]);
    if (std::uint64_t{block} * kBlock > size) return;  // the last one is acknowledged
    const std::size_t length = std::min<std::size_t>(kBlock, size - block * kBlock);
    store16(out, 3);
    store16(out + 2, static_cast<std::uint16_t>(block + 1));
    std::memcpy(out + 4, &content[block * kBlock], length);
    batch.add(4 + length, source);
  }

  std::vector<live::FileDescriptor> sockets_;
  std::vector<std::unique_ptr<SendBatch>> batches_;
};

class Fleet {
 public:
  explicit Fleet(const Settings& settings)
      : socket_(open_packet_socket(settings.text("interface"))),
        send_(socket_.descriptor.number(), 1514),
        boots_(settings.number("boots")),
        seconds_(settings.fraction("seconds")),
        server_(settings.address("address")),
        server_mac_(MacAddress::parse(settings.text("server-mac")).value_or(MacAddress{})) {
    clients_.resize(std::min<std::uint64_t>(settings.number("machines"), 2048));
  }

  void run() {
    ReceiveBatch received(2048);
    set_receive_timeout(socket_.descriptor.number(), 100);
    const auto began = Clock::now();
    const double cpu = own_cpu_seconds();
    for (std::size_t i = 0; i < clients_.size(); ++i) begin(i);
    send_.flush();
    while (done_ < boots_ && seconds_between(began, Clock::now()) < seconds_) {
      const unsigned count = received.wait(socket_.descriptor.number());
      for (unsigned k = 0; k < count; ++k) on_frame(received[k]);
      send_.flush();
    }
    const double took = seconds_between(began, Clock::now());
    std::printf(
        "{\"boots\": %zu, \"seconds\": %f, \"boots_per_second\": %f, \"fleet_us_per_boot\": %f, "
        "\"frames\": %zu, \"different\": %zu}\n",
        done_, took, static_cast<double>(done_) / took,
        (own_cpu_seconds() - cpu) * 1e6 / static_cast<double>(std::max<std::size_t>(done_, 1)),
        frames_, different_);
  }

 private:
  enum class Stage : std::uint8_t { Offers, Ack, Item, Transfer };
  struct Client {
    Stage stage = Stage::Offers;
    std::uint8_t offers = 0;
    std::uint8_t file = 0;
  };

  static MacAddress mac_of(std::size_t client) {
    return {{0x02, 0xb0, 0, 0, static_cast<std::uint8_t>(client >> 8U),
             static_cast<std::uint8_t>(client)}};
  }
  static Ipv4Address address_of(std::size_t client) {
    return {Ipv4Address::of(10, 77, 8, 0).value + static_cast<std::uint32_t>(client)};
  }

  void send(std::size_t client, const Endpoint& to, const MacAddress& to_mac, std::uint16_t port,
            ByteView payload) {
    const frames::UdpTemplate::Flow flow{to_mac, {address_of(client), port}, to};
    if (!template_) template_.emplace(frames::UdpSpec{.source_mac = mac_of(client)});
    template_->retarget(flow);
    template_->build(1, payload, scratch_);
    const MacAddress from = mac_of(client);
    std::copy(from.octets.begin(), from.octets.end(), scratch_.begin() + 6);
    std::copy(scratch_.begin(), scratch_.end(), send_.next());
    send_.add(scratch_.size());
  }

  void send_dhcp(std::size_t client, std::uint8_t type, std::uint16_t port) {
    Bytes payload(kDhcpOctets);
    payload[0] = 1;
    const MacAddress mac = mac_of(client);
    std::copy(mac.octets.begin(), mac.octets.end(), payload.begin() + kChaddr);
    payload[240] = 53;
    payload[241] = 1;
    payload[242] = type;
    if (port == 67) {
      send(client, {Ipv4Address::broadcast(), port}, MacAddress::broadcast(), 68, payload);
    } else {
      send(client, {server_, port}, server_mac_, 68, payload);
    }
  }

  std::uint16_t port_of(const Client& client) const {
    // Divisible, so that the port tells the file.
    constexpr std::uint16_t kBase = kFirstPort - kFirstPort % kFiles.size();
    return static_cast<std::uint16_t>(kBase + client.file);
  }

  void begin(std::size_t client) {
    clients_[client].stage = Stage::Offers;
    clients_[client].offers = 0;
    send_dhcp(client, kDiscover, 67);
  }

  void ask(std::size_t client) {
    static constexpr std::string_view kRequestText(
        "\0\1pxelinux.0\0octet\0blksize\0001432\0tsize\0000\0", 39);
    send(client, {server_, 69}, server_mac_, port_of(clients_[client]), as_bytes(kRequestText));
  }

  void next_file(std::size_t client) {
    if (++clients_[client].file < kFiles.size()) return ask(client);
    ++done_;
    if (started_ + clients_.size() < boots_) {
      ++started_;
      begin(client);
    }
  }

  void on_frame(ByteView frame) {
    ++frames_;
    if (frame.size() < kHeaders + 4 || frame[12] != 8 || frame[13] != 0) return;
    const std::uint16_t from = load16(&frame[34]);
    std::size_t index = std::size_t{load16(&frame[4])};
    if (frame[0] == 0xff) index = load16(&frame[kHeaders + kChaddr + 4]);
    if (index >= clients_.size()) return;
    Client& client = clients_[index];
    if (from == 67 && client.stage == Stage::Offers) {
      if (++client.offers < 2) return;
      client.stage = Stage::Ack;
      return send_dhcp(index, kRequest, 67);
    }
    if (from == 67 && client.stage == Stage::Ack) {
      client.stage = Stage::Item;
      return send_dhcp(index, kRequest, 4011);
    }
    if (from == 4011) {
      client.stage = Stage::Transfer;
      client.file = 0;
      return ask(index);
    }
    if (from == 69) on_transfer(index, client, frame);
  }

  void on_transfer(std::size_t index, const Client& client, ByteView frame) {
    if (load16(&frame[36]) != port_of(client)) return;
    const std::uint16_t opcode = load16(&frame[kHeaders]);
    if (opcode == 5) return next_file(index);
    const std::uint16_t block = opcode == 3 ? load16(&frame[kHeaders + 2]) : std::uint16_t{0};
    std::array<std::uint8_t, 4> ack{0, 4, static_cast<std::uint8_t>(block >> 8U),
                                    static_cast<std::uint8_t>(block)};
    send(index, {server_, 69}, server_mac_, port_of(client), ack);
    if (opcode != 3) return;
    const std::size_t offset = (block - std::size_t{1}) * kBlock;
    const std::size_t length = load16(&frame[38]) - std::size_t{12};
    if (std::memcmp(&frame[kHeaders + 4], &content[offset], length) != 0) ++different_;
    if (length < kBlock) next_file(index);
  }

  PacketSocket socket_;
  SendBatch send_;
  std::size_t boots_;
  double seconds_;
  Ipv4Address server_;
  MacAddress server_mac_;
  std::vector<Client> clients_;
  std::optional<frames::UdpTemplate> template_;
  Bytes scratch_;
  std::size_t started_ = 0;  // beside the first of each client
  std::size_t done_ = 0;
  std::size_t frames_ = 0;
  std::size_t different_ = 0;
};

int run(int count, char** words) {
  const Settings settings(count, words,
                          {{"role", "fleet"},
                           {"interface", "eth0"},
                           {"address", "10.77.0.1"},
                           {"server-mac", "02:77:00:00:00:01"},
                           {"machines", "256"},
                           {"boots", "2000"},
                           {"seconds", "30"}});
  for (std::size_t i = 0; i < content.size(); ++i) {
    content[i] = static_cast<std::uint8_t>(i * 2654435761U >> 13U);
  }
  if (settings.text("role") == "server") Server(settings).run();
  Fleet(settings).run();
  return 0;
}

}  // namespace
}  // namespace pxeproof::bench

int main(int argc, char** argv) { return pxeproof::bench::run(argc, argv); }

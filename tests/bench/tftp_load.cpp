// Reads one file as many clients at once, each with a socket, a port and (with --first-address) an
// IPv4 address of its own, and compares every octet with the file itself. A client repeats its last
// packet after a second without an answer and fails after --tries of them. With --hold-seconds a
// client takes the first block and falls silent, so that the server's memory can be looked at.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "tests/bench/cpu_time.h"
#include "tests/bench/settings.h"
#include "tests/bench/sockets.h"

namespace pxeproof::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDatagramOctets = 2048;
constexpr std::size_t kHeaderOctets = 4;
constexpr std::size_t kDefaultBlockOctets = 512;

enum class Outcome { Running, Whole, Held, Failed };

struct Client {
  live::FileDescriptor socket;
  Outcome outcome = Outcome::Running;
  bool is_connected = false;
  std::uint32_t block_octets = kDefaultBlockOctets;
  std::uint32_t window = 1;
  std::uint32_t since_acknowledgement = 0;  // blocks in order since our last ACK
  std::uint64_t received = 0;               // blocks in order
  std::uint64_t next_offset = 0;
  std::uint32_t sends_unanswered = 0;
  Clock::time_point last_send;
};

// The file that must arrive, mapped.
ByteView map_reference(const std::string& path) {
  const live::FileDescriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!descriptor.is_open() || fstat(descriptor.number(), &status) != 0) give_up_with_errno(path);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const octets =
      mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor.number(), 0);
  if (octets == MAP_FAILED) give_up_with_errno(path);
  return {static_cast<const std::uint8_t*>(octets), size};
}

class TftpLoad {
 public:
  explicit TftpLoad(const Settings& settings)
      : reference_(map_reference(settings.text("reference"))),
        server_(socket_address(
            {settings.address("server"), static_cast<std::uint16_t>(settings.number("port"))})),
        windowsize_(settings.number("windowsize")),
        tries_(settings.number("tries")),
        retry_(std::chrono::milliseconds(settings.number("retry-ms"))),
        deadline_(std::chrono::seconds(settings.number("seconds"))),
        hold_(std::chrono::milliseconds(
            static_cast<std::int64_t>(settings.fraction("hold-seconds") * 1000))),
        poller_(epoll_create1(EPOLL_CLOEXEC)),
        clients_(settings.number("flows")) {
    request_.assign("\0\1", 2);
    request_.append(settings.text("file")).append(1, '\0').append("octet").append(1, '\0');
    add_option("blksize", settings.text("blksize"));
    if (windowsize_ > 1) add_option("windowsize", settings.text("windowsize"));
    const Ipv4Address first = settings.address("first-address");
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      open_socket(i, first.is_unspecified()
                         ? first
                         : Ipv4Address{first.value + static_cast<std::uint32_t>(i)});
    }
  }

  int run() {
    running_ = clients_.size();
    const auto start = Clock::now();
    const double cpu_before = own_cpu_seconds();
    for (Client& client : clients_) send_last(client);
    std::array<epoll_event, kBatch> events{};
    auto next_look = start + retry_ / 10;
    while (running_ > 0 && Clock::now() - start < deadline_) {
      const int count = epoll_wait(poller_.number(), events.data(), kBatch, 50);
      for (int i = 0; i < count; ++i)
        receive(clients_[events[static_cast<std::size_t>(i)].data.u64]);
      if (const auto now = Clock::now(); now >= next_look) {
        repeat_unanswered(now);
        next_look = now + retry_ / 10;
      }
    }
    const double seconds = seconds_between(start, Clock::now());
    const double cpu = own_cpu_seconds() - cpu_before;
    report(seconds, cpu);
    if (hold_ > 0ms) std::this_thread::sleep_for(hold_);
    return octets_in_order_ > 0 ? 0 : 1;
  }

 private:
  void add_option(std::string_view name, const std::string& value) {
    request_.append(name).append(1, '\0').append(value).append(1, '\0');
  }

  void open_socket(std::size_t index, Ipv4Address address) {
    clients_[index].socket = open_udp({address, 0});
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = index;
    if (epoll_ctl(poller_.number(), EPOLL_CTL_ADD, clients_[index].socket.number(), &event) != 0) {
      give_up_with_errno("epoll");
    }
  }

  // The request until the server has answered, then the ACK of the last block in order.
  void send_last(Client& client) {
    client.last_send = Clock::now();
    if (!client.is_connected) {
      sendto(client.socket.number(), request_.data(), request_.size(), 0,
             reinterpret_cast<const sockaddr*>(&server_), sizeof server_);
      return;
    }
    std::array<std::uint8_t, kHeaderOctets> acknowledgement{0, 4, 0, 0};
    store16(acknowledgement.data() + 2, static_cast<std::uint16_t>(client.received));
    ::send(client.socket.number(), acknowledgement.data(), acknowledgement.size(), 0);
    client.since_acknowledgement = 0;
  }

  void receive(Client& client) {
    if (client.outcome != Outcome::Running) return;
    if (client.is_connected && client.window > 1) {
      const unsigned count = batch_.take(client.socket.number());
      for (unsigned i = 0; i < count; ++i) on_datagram(client, batch_[i]);
      return;
    }
    sockaddr_in source{};
    socklen_t source_size = sizeof source;
    const ssize_t size =
        client.is_connected
            ? recv(client.socket.number(), single_.data(), single_.size(), MSG_DONTWAIT)
            : recvfrom(client.socket.number(), single_.data(), single_.size(), MSG_DONTWAIT,
                       reinterpret_cast<sockaddr*>(&source), &source_size);
    if (size < 0) {
      if (errno != EAGAIN && errno != EINTR) fail(client, std::strerror(errno));
      return;
    }
    if (!client.is_connected) {
      if (source.sin_addr.s_addr != server_.sin_addr.s_addr) return;
      // From here on the kernel drops what comes from any other port.
      connect(client.socket.number(), reinterpret_cast<const sockaddr*>(&source), sizeof source);
      client.is_connected = true;
    }
    on_datagram(client, {single_.data(), static_cast<std::size_t>(size)});
  }

  void on_datagram(Client& client, ByteView datagram) {
    if (client.outcome != Outcome::Running || datagram.size() < kHeaderOctets) return;
    client.sends_unanswered = 0;
    switch (load16(datagram.data())) {
      case 3:
        return on_block(client, load16(&datagram[2]), datagram.subspan(kHeaderOctets));
      case 6:
        if (client.received == 0) on_options(client, datagram.subspan(2));
        return;
      case 5:
        return fail(client, "ERROR: " + printable(as_text(datagram.subspan(4))));
      default:
        return fail(client, "a packet that is neither DATA, OACK nor ERROR");
    }
  }

  void on_options(Client& client, ByteView fields) {
    ByteReader reader(fields);
    while (const auto name = reader.c_string()) {
      const auto value = reader.c_string().value_or("");
      std::uint32_t number = 0;
      std::from_chars(value.data(), value.data() + value.size(), number);
      if (*name == "blksize") client.block_octets = number;
      if (*name == "windowsize") client.window = std::max(number, 1U);
    }
    send_last(client);
  }

  void on_block(Client& client, std::uint16_t number, ByteView octets) {
    if (number != static_cast<std::uint16_t>(client.received + 1)) {
      // RFC 7440 s.4: a gap or a repetition is answered with what arrived in order, once per
      // window.
      if (client.since_acknowledgement != 0 || client.window == 1) {
        ++out_of_order_;
        send_last(client);
      }
      return;
    }
    if (octets.size() > reference_.size() - client.next_offset ||
        std::memcmp(octets.data(), &reference_[client.next_offset], octets.size()) != 0) {
      return fail(client, "octets that are not in the file");
    }
    ++client.received;
    ++client.since_acknowledgement;
    client.next_offset += octets.size();
    octets_in_order_ += octets.size();
    const bool is_last = octets.size() < client.block_octets;
    if (hold_ > 0ms) return finish(client, Outcome::Held);
    if (is_last || client.since_acknowledgement >= client.window) send_last(client);
    if (!is_last) return;
    if (client.next_offset != reference_.size()) return fail(client, "file cut short");
    finish(client, Outcome::Whole);
  }

  void repeat_unanswered(Clock::time_point now) {
    for (Client& client : clients_) {
      if (client.outcome != Outcome::Running || now - client.last_send < retry_) continue;
      if (++client.sends_unanswered >= tries_) {
        fail(client, "no answer");
        continue;
      }
      ++retransmits_;
      send_last(client);
    }
  }

  void fail(Client& client, std::string reason) {
    if (first_failure_.empty()) first_failure_ = std::move(reason);
    finish(client, Outcome::Failed);
  }

  void finish(Client& client, Outcome outcome) {
    client.outcome = outcome;
    --running_;
    epoll_ctl(poller_.number(), EPOLL_CTL_DEL, client.socket.number(), nullptr);
  }

  std::size_t count_of(Outcome outcome) const {
    return static_cast<std::size_t>(
        std::count_if(clients_.begin(), clients_.end(),
                      [outcome](const Client& client) { return client.outcome == outcome; }));
  }

  void report(double seconds, double cpu_seconds) const {
    const std::size_t whole = count_of(Outcome::Whole);
    const std::size_t held = count_of(Outcome::Held);
    const double mib = static_cast<double>(whole * reference_.size()) / (1U << 20U);
    std::string reason = first_failure_;
    std::replace(reason.begin(), reason.end(), '"', '\'');
    std::replace(reason.begin(), reason.end(), '\\', '/');
    std::printf(
        "{\"flows\": %zu, \"whole\": %zu, \"held\": %zu, \"failed\": %zu, \"retransmits\": %lu, "
        "\"out_of_order\": %lu, \"octets\": %zu, \"octets_in_order\": %lu, \"seconds\": %.4f, "
        "\"mb_per_second\": %.1f, "
        "\"client_ms_per_mib\": %.3f, \"first_failure\": \"%s\"}\n",
        clients_.size(), whole, held, clients_.size() - whole - held,
        static_cast<unsigned long>(retransmits_), static_cast<unsigned long>(out_of_order_),
        whole * reference_.size(), static_cast<unsigned long>(octets_in_order_), seconds,
        mib * 1.048576 / seconds, mib > 0 ? cpu_seconds * 1e3 / mib : 0.0, reason.c_str());
    std::fflush(stdout);
  }

  ByteView reference_;
  sockaddr_in server_;
  std::uint64_t windowsize_;
  std::uint64_t tries_;
  Clock::duration retry_;
  Clock::duration deadline_;
  std::chrono::milliseconds hold_;
  live::FileDescriptor poller_;
  std::string request_;
  std::vector<Client> clients_;
  std::array<std::uint8_t, kDatagramOctets> single_{};
  ReceiveBatch batch_{kDatagramOctets};

  std::size_t running_ = 0;
  std::uint64_t retransmits_ = 0;
  std::uint64_t out_of_order_ = 0;
  std::uint64_t octets_in_order_ = 0;  // of failed clients too
  std::string first_failure_;
};

}  // namespace
}  // namespace pxeproof::bench

int main(int count, char** words) {
  const pxeproof::bench::Settings settings(count, words,
                                           {{"server", "10.77.0.1"},
                                            {"port", "69"},
                                            {"file", "probe"},
                                            {"reference", ""},
                                            {"flows", "1"},
                                            {"blksize", "1428"},
                                            {"windowsize", "1"},
                                            {"first-address", "0.0.0.0"},
                                            {"tries", "7"},
                                            {"retry-ms", "1000"},
                                            {"seconds", "60"},
                                            {"hold-seconds", "0"}});
  return pxeproof::bench::TftpLoad(settings).run();
}

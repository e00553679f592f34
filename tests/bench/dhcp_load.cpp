// Asks a proxyDHCP server for offers, or a boot server for answers, as many machines: each exchange
// has a MAC and a GUID of its own. Either a window of exchanges is kept open (--rate 0), or they
// begin at a fixed rate and their latency counts from the planned moment. Frames come from one
// template of which only the identity is written anew.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "tests/bench/cpu_time.h"
#include "tests/bench/settings.h"
#include "tests/bench/sockets.h"

namespace pxeproof::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPayload = 42;  // behind the Ethernet, IP and UDP headers
constexpr std::size_t kIpChecksum = 24;
constexpr std::size_t kIpSource = 26;
constexpr std::size_t kUdpChecksum = 40;
constexpr std::size_t kXid = kPayload + 4;
constexpr std::size_t kCiaddr = kPayload + 12;
constexpr std::size_t kChaddr = kPayload + 28;
constexpr std::size_t kMacPrefix = 2;  // octets of a MAC before the four that differ
constexpr std::size_t kGuidVaries = 12;
constexpr std::size_t kFrameOctets = 1514;
constexpr std::size_t kRing = 1U << 16U;  // exchanges that can be open at once
constexpr std::size_t kMostSamples = 1U << 22U;
constexpr auto kLostAfter = 1s;

enum class Exchange { Offer, BootServer };

// What EDK2 sends, but for the architecture of a BIOS, which every configuration serves.
dhcp::Message request(Exchange exchange) {
  dhcp::Message message;
  message.header.flags = dhcp::kBroadcastFlag;
  message.add_type(exchange == Exchange::Offer ? dhcp::MessageType::Discover
                                               : dhcp::MessageType::Request);
  message.add(57, Bytes{0x05, 0xc0});
  message.add(55, *from_hex("0102030405060c0d0f111216171c28292a2b3233363a3b3c424361"
                            "8081828384858687"));
  message.add(97, Bytes(17, 0));
  message.add(94, Bytes{1, 3, 0});
  message.add(93, Bytes{0, 0});
  message.add(60, as_bytes("PXEClient:Arch:00000:UNDI:003000"));
  return message;
}

// Writes the frame of each exchange into octets that hold the template.
class RequestWriter {
 public:
  RequestWriter(Exchange exchange, Ipv4Address server, MacAddress server_mac)
      : exchange_(exchange) {
    const dhcp::Message message = request(exchange);
    const Bytes payload = dhcp::encode(message);
    frames::UdpSpec spec{.destination_mac = server_mac,
                         .source_mac = {{0x02, 0xb0, 0, 0, 0, 0}},
                         .source = {{}, dhcp::kClientPort},
                         .destination = {server, dhcp::kBootServerPort}};
    if (exchange == Exchange::Offer) {
      spec.destination_mac = MacAddress::broadcast();
      spec.destination = {Ipv4Address::broadcast(), dhcp::kServerPort};
    }
    template_ = frames::build_udp(spec, payload);
    std::copy_n(&template_[6], kMacPrefix, &template_[kChaddr]);
    // The prefix just written is not in the sum that libtins took.
    base_sum_ = 0xffffU & ~std::uint32_t{load16(&template_[kUdpChecksum])};
    base_sum_ += load16(&template_[kChaddr]);
    guid_ = kPayload + offset_of_guid(payload) + kGuidVaries;
  }

  const Bytes& frame() const { return template_; }

  void write(std::uint8_t* frame, std::uint32_t xid, std::uint32_t machine,
             Ipv4Address address) const {
    std::uint32_t sum = base_sum_;
    store32(frame + 6 + kMacPrefix, machine);
    put(frame, kChaddr + kMacPrefix, machine, sum);
    put(frame, kXid, xid, sum);
    put(frame, guid_, machine, sum);
    if (exchange_ == Exchange::BootServer) {
      put(frame, kIpSource, address.value, sum);
      put(frame, kCiaddr, address.value, sum);
      store16(frame + kIpChecksum, 0);
      store16(frame + kIpChecksum, frames::internet_checksum({frame + 14, std::size_t{20}}));
    }
    while (sum > 0xffffU) sum = (sum >> 16U) + (sum & 0xffffU);
    const auto checksum = static_cast<std::uint16_t>(~sum);
    store16(frame + kUdpChecksum, checksum == 0 ? 0xffff : checksum);
  }

 private:
  static std::size_t offset_of_guid(ByteView payload) {
    const auto view = dhcp::MessageView::parse(payload);
    if (!view) give_up("the request does not parse");
    std::size_t offset = 0;
    view->each_option([&](const dhcp::OptionView& option) {
      if (option.code == 97) offset = option.offset + 3;
    });
    return offset;
  }

  static void put(std::uint8_t* frame, std::size_t offset, std::uint32_t value,
                  std::uint32_t& sum) {
    store32(frame + offset, value);
    // Octets at odd offsets count in the other half of a checksum word.
    if (offset % 2 != 0) value = value << 8U | value >> 24U;
    sum += (value >> 16U) + (value & 0xffffU);
  }

  Exchange exchange_;
  Bytes template_;
  std::uint32_t base_sum_ = 0;
  std::size_t guid_ = 0;
};

class DhcpLoad {
 public:
  explicit DhcpLoad(const Settings& settings)
      : exchange_(settings.text("exchange") == "boot-server" ? Exchange::BootServer
                                                             : Exchange::Offer),
        writer_(exchange_, settings.address("server"),
                MacAddress::parse(settings.text("server-mac")).value_or(MacAddress{})),
        socket_(open_packet_socket(settings.text("interface"))),
        requests_(socket_.descriptor.number(), kFrameOctets),
        received_(kFrameOctets),
        first_address_(settings.address("first-address")),
        machines_(static_cast<std::uint32_t>(settings.number("machines"))),
        window_(std::min<std::uint64_t>(settings.number("window"), kRing)),
        rate_(settings.fraction("rate")),
        duration_(settings.fraction("seconds")),
        most_(settings.number("exchanges")) {
    for (unsigned i = 0; i < kBatch; ++i) {
      std::copy(writer_.frame().begin(), writer_.frame().end(), requests_.slot(i));
    }
    latencies_ns_.reserve(kMostSamples);
    set_receive_timeout(socket_.descriptor.number(), 20);
  }

  int run() {
    start_ = Clock::now();
    const double cpu_before = own_cpu_seconds();
    if (rate_ > 0) {
      send_at_rate();
    } else {
      keep_window_open();
    }
    const auto sending_ended = Clock::now();
    while (outstanding_ > 0) {
      receive(received_.wait(socket_.descriptor.number()));
      forget_lost(Clock::now());
    }
    const double cpu = own_cpu_seconds() - cpu_before;
    report(seconds_between(start_, sending_ended), cpu);
    return answered_ > 0 ? 0 : 1;
  }

 private:
  struct Open {
    std::uint32_t xid = 0;
    bool waiting = false;
    Clock::time_point since;
  };

  bool is_over(Clock::time_point now) const {
    return sent_ >= most_ || seconds_between(start_, now) >= duration_;
  }

  void keep_window_open() {
    for (auto now = Clock::now(); !is_over(now); now = Clock::now()) {
      while (outstanding_ < window_ && sent_ < most_) send(now);
      requests_.flush();
      receive(received_.wait(socket_.descriptor.number()));
      forget_lost(now);
    }
  }

  void send_at_rate() {
    const auto planned = [this](std::uint64_t number) {
      return start_ + std::chrono::duration_cast<Clock::duration>(
                          std::chrono::duration<double>(static_cast<double>(number) / rate_));
    };
    pollfd readable{socket_.descriptor.number(), POLLIN, 0};
    for (auto now = Clock::now(); !is_over(now); now = Clock::now()) {
      while (planned(sent_) <= now && outstanding_ < kRing && sent_ < most_) send(planned(sent_));
      requests_.flush();
      while (const unsigned count = received_.take(socket_.descriptor.number())) {
        receive(count);
        if (count < kBatch) break;
      }
      forget_lost(now);
      const auto wait = planned(sent_) - Clock::now();
      if (wait <= 0ns) continue;
      const timespec timeout{.tv_sec = 0,
                             .tv_nsec = std::min<std::int64_t>(wait.count(), 20'000'000)};
      ppoll(&readable, 1, &timeout, nullptr);
    }
  }

  void send(Clock::time_point counts_from) {
    const auto number = static_cast<std::uint32_t>(sent_++);
    Open& open = open_[number % kRing];
    // The one of a round before that still waits is lost.
    if (!open.waiting) ++outstanding_;
    open = {.xid = number, .waiting = true, .since = counts_from};
    const std::uint32_t machine =
        exchange_ == Exchange::Offer ? kFirstMachine + number : number % machines_;
    writer_.write(requests_.next(), number, machine, {first_address_.value + machine});
    requests_.add(writer_.frame().size());
  }

  void receive(unsigned count) {
    if (count == 0) return;
    const auto now = Clock::now();
    for (unsigned i = 0; i < count; ++i) {
      const ByteView frame = received_[i];
      // IPv4 without options, UDP to port 68, a reply.
      if (frame.size() < kPayload + dhcp::kOptionsOffset || load16(&frame[12]) != 0x0800 ||
          frame[14] != 0x45 || frame[23] != 17 || load16(&frame[36]) != dhcp::kClientPort ||
          frame[kPayload] != dhcp::kBootReply) {
        continue;
      }
      const std::uint32_t xid = load32(&frame[kXid]);
      Open& open = open_[xid % kRing];
      if (!open.waiting || open.xid != xid) continue;
      open.waiting = false;
      --outstanding_;
      ++answered_;
      if (latencies_ns_.size() < kMostSamples) {
        latencies_ns_.push_back(static_cast<std::uint32_t>((now - open.since).count()));
      }
    }
  }

  void forget_lost(Clock::time_point now) {
    for (; oldest_ < sent_; ++oldest_) {
      Open& open = open_[oldest_ % kRing];
      if (!open.waiting) continue;
      if (now - open.since < kLostAfter) return;
      open.waiting = false;
      --outstanding_;
    }
  }

  double latency_us(double share) const {
    if (latencies_ns_.empty()) return 0;
    const auto last = static_cast<double>(latencies_ns_.size() - 1);
    return latencies_ns_[static_cast<std::size_t>(share * last)] * 1e-3;
  }

  void report(double seconds, double cpu_seconds) {
    std::sort(latencies_ns_.begin(), latencies_ns_.end());
    const auto answered = static_cast<double>(answered_);
    std::printf(
        "{\"exchanges\": %lu, \"lost\": %lu, \"seconds\": %.4f, \"per_second\": %.0f, "
        "\"client_us\": %.2f, \"p50_us\": %.1f, \"p90_us\": %.1f, \"p99_us\": %.1f, "
        "\"p999_us\": %.1f, \"max_us\": %.1f}\n",
        static_cast<unsigned long>(answered_), static_cast<unsigned long>(sent_ - answered_),
        seconds, answered / seconds, cpu_seconds * 1e6 / std::max(answered, 1.0), latency_us(0.5),
        latency_us(0.9), latency_us(0.99), latency_us(0.999), latency_us(1.0));
  }

  // So that no machine of one run has the MAC of a neighbour entry made for the boot server.
  static constexpr std::uint32_t kFirstMachine = 1U << 20U;

  Exchange exchange_;
  RequestWriter writer_;
  PacketSocket socket_;
  SendBatch requests_;
  ReceiveBatch received_;
  Ipv4Address first_address_;
  std::uint32_t machines_;
  std::uint64_t window_;
  double rate_;
  double duration_;
  std::uint64_t most_;

  Clock::time_point start_;
  std::vector<Open> open_{kRing};
  std::uint64_t sent_ = 0;
  std::uint64_t oldest_ = 0;
  std::uint64_t outstanding_ = 0;
  std::uint64_t answered_ = 0;
  std::vector<std::uint32_t> latencies_ns_;
};

}  // namespace
}  // namespace pxeproof::bench

int main(int count, char** words) {
  const pxeproof::bench::Settings settings(count, words,
                                           {{"interface", "eth0"},
                                            {"exchange", "offer"},
                                            {"server", "10.77.0.1"},
                                            {"server-mac", "02:77:00:00:00:01"},
                                            {"first-address", "10.77.8.0"},
                                            {"machines", "2048"},
                                            {"window", "32"},
                                            {"rate", "0"},
                                            {"seconds", "1"},
                                            {"exchanges", "1000000000"}});
  return pxeproof::bench::DhcpLoad(settings).run();
}

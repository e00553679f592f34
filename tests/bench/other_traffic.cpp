#include "tests/bench/other_traffic.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <vector>

#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/frames/build.h"
#include "protocol/random.h"
#include "protocol/tftp/packet.h"
#include "trace/capture_reader.h"

namespace pxeproof::bench {

namespace {

constexpr std::uint64_t kNoise = 10'000'000;
constexpr std::array kKinds = {
    TrafficKind{"tcp", "TCP downloads: full frames and bare acknowledgements", {}},
    TrafficKind{"udp", "small UDP between all ports, 60 to 200 octets", {}},
    TrafficKind{"quic", "UDP of 1,250 octets to port 443", {}},
    TrafficKind{"vlan", "the same TCP in VLAN tags", {}},
    TrafficKind{"qinq", "the same TCP in two tags each", {}},
    TrafficKind{"ipv6", "TCP and UDP over IPv6", {}},
    TrafficKind{"dns", "DNS questions and answers", {}},
    TrafficKind{"office", "all of these, and ARP", {}},
    TrafficKind{"dhcp", "office, every 50th frame DHCP of 2,000 other machines", {}},
    TrafficKind{"tftp", "office, every 10th frame TFTP of telephones", {}},
    TrafficKind{"only-dhcp", "nothing but DHCP of 2,000 other machines", {}},
    TrafficKind{"only-tftp", "nothing but TFTP of telephones", {}},
    TrafficKind{"random", "10 million frames of random octets", kNoise},
    TrafficKind{"discovers", "10 million PXE DISCOVERs, each of another machine", kNoise},
    TrafficKind{"requests", "10 million read requests, each of another machine", kNoise},
    TrafficKind{"dialogues", "10 million frames of lies: DHCP, TFTP, ICMP, ARP at random", kNoise},
};

constexpr MacAddress kHost{{2, 9, 9, 9, 9, 2}};
constexpr MacAddress kPeer{{2, 9, 9, 9, 9, 1}};
constexpr std::size_t kEtherType = 12;
constexpr std::size_t kProtocol = 23;
constexpr std::size_t kSourceMac = 6;
constexpr std::size_t kSourceAddress = 26;
constexpr std::size_t kPorts = 34;
constexpr std::size_t kPayload = 42;

Bytes udp(std::uint16_t from, std::uint16_t to, ByteView payload) {
  return frames::build_udp({.destination_mac = kPeer,
                            .source_mac = kHost,
                            .source = {Ipv4Address::of(10, 99, 0, 1), from},
                            .destination = {Ipv4Address::of(10, 99, 0, 2), to},
                            .checksum = frames::UdpChecksum::Zero},
                           payload);
}

// A buffered file of frames.
class FrameFile {
 public:
  explicit FrameFile(const std::string& path)
      : file_(std::fopen(path.c_str(), "wb")), is_pcapng_(path.ends_with("ng")) {
    if (!file_) return;
    std::setvbuf(file_.get(), nullptr, _IOFBF, 1U << 20U);
    if (is_pcapng_) {
      put({0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff, 28, 1, 20, 1, 0, 20});
    } else {
      put({0xa1b2c3d4, 0x00040002, 0, 0, 262144, 1});
    }
  }

  void write(std::uint64_t microseconds, ByteView frame) {
    const auto size = static_cast<std::uint32_t>(frame.size());
    static constexpr std::array<std::uint8_t, 4> kPadding{};
    if (is_pcapng_) {
      const std::uint32_t padding = (4 - size % 4) % 4;
      const std::uint32_t block = 32 + size + padding;
      put({6, block, 0, static_cast<std::uint32_t>(microseconds >> 32U),
           static_cast<std::uint32_t>(microseconds), size, size});
      put(frame);
      put(ByteView(kPadding).first(padding));
      put({block});
    } else {
      put({static_cast<std::uint32_t>(microseconds / 1'000'000),
           static_cast<std::uint32_t>(microseconds % 1'000'000), size, size});
      put(frame);
    }
  }

  std::uint64_t octets() const { return octets_; }
  bool is_whole() const { return file_ && std::ferror(file_.get()) == 0; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  void put(std::initializer_list<std::uint32_t> words) {
    std::array<std::uint8_t, 64> octets{};
    std::size_t at = 0;
    for (const std::uint32_t word : words) {
      for (unsigned shift = 0; shift < 32; shift += 8) {
        octets[at++] = static_cast<std::uint8_t>(word >> shift);
      }
    }
    put(ByteView(octets).first(at));
  }
  void put(ByteView octets) {
    std::fwrite(octets.data(), 1, octets.size(), file_.get());
    octets_ += octets.size();
  }

  std::unique_ptr<std::FILE, Close> file_;
  bool is_pcapng_;
  std::uint64_t octets_ = 0;
};

// Makes one frame after the other.
class Traffic {
 public:
  explicit Traffic(std::string_view kind) : kind_(kind) {
    random_.fill(payload_);
    build_dhcp();
    build_tftp();
  }

  const Bytes& next() {
    ++count_;
    if (kind_ == "tcp") return tcp();
    if (kind_ == "udp") return small_udp();
    if (kind_ == "quic") return quic();
    if (kind_ == "vlan") return tagged(1);
    if (kind_ == "qinq") return tagged(2);
    if (kind_ == "ipv6") return ipv6();
    if (kind_ == "dns") return dns();
    if (kind_ == "dhcp") return count_ % 50 == 0 ? dhcp(pick(2000)) : office();
    if (kind_ == "tftp") return count_ % 10 == 0 ? tftp() : office();
    if (kind_ == "only-dhcp") return dhcp(pick(2000));
    if (kind_ == "only-tftp") return tftp();
    if (kind_ == "random") return random_octets();
    if (kind_ == "discovers") return discover();
    if (kind_ == "requests") return request();
    if (kind_ == "dialogues") return lie();
    return office();
  }

 private:
  std::uint32_t pick(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_.below(bound));
  }
  void put_u16(std::size_t at, std::uint32_t value) {
    frame_[at] = static_cast<std::uint8_t>(value >> 8U);
    frame_[at + 1] = static_cast<std::uint8_t>(value);
  }
  void put_u32(std::size_t at, std::uint32_t value) {
    put_u16(at, value >> 16U);
    put_u16(at + 2, value & 0xffffU);
  }
  ByteView noise(std::size_t size) {
    return ByteView(payload_).subspan(pick(static_cast<std::uint32_t>(payload_.size() - size)),
                                      size);
  }
  const Bytes& plain(std::uint16_t from, std::uint16_t to, std::size_t size) {
    frame_ = udp(from, to, noise(size));
    return frame_;
  }
  std::uint16_t any_port() { return static_cast<std::uint16_t>(5000 + pick(60000)); }

  const Bytes& tcp() {
    plain(any_port(), 443, count_ % 3 == 0 ? 12 : 1472);
    frame_[kProtocol] = 6;
    frame_[kPayload + 4] = 0x50;  // a header of 20 octets
    return frame_;
  }
  const Bytes& small_udp() { return plain(any_port(), any_port(), 18 + pick(140)); }
  const Bytes& quic() { return plain(any_port(), 443, 1208); }
  const Bytes& dns() {
    return count_ % 2 == 0 ? plain(any_port(), 53, 30 + pick(20))
                           : plain(53, any_port(), 60 + pick(200));
  }
  const Bytes& tagged(std::size_t tags) {
    tcp();
    static constexpr std::array<std::uint8_t, 4> kTag{0x81, 0x00, 0x00, 0x2a};
    for (std::size_t i = 0; i < tags; ++i) {
      frame_.insert(frame_.begin() + kEtherType, kTag.begin(), kTag.end());
    }
    if (tags > 1) put_u16(kEtherType, 0x88a8);
    return frame_;
  }
  const Bytes& ipv6() {
    plain(any_port(), 443, count_ % 3 == 0 ? 60 : 1440);
    put_u16(kEtherType, 0x86dd);
    frame_[kEtherType + 2] = 0x60;
    frame_[20] = count_ % 4 == 0 ? 17 : 6;
    return frame_;
  }
  const Bytes& arp() {
    frame_ = frames::build_arp({.operation = frames::kArpRequest,
                                .sender_mac = kHost,
                                .sender_address = Ipv4Address::of(10, 99, 0, 1),
                                .target_mac = {},
                                .target_address = Ipv4Address{0x0a630000U + pick(250)}},
                               MacAddress{{255, 255, 255, 255, 255, 255}});
    return frame_;
  }
  const Bytes& office() {
    switch (pick(20)) {
      case 0:
        return dns();
      case 1:
        return small_udp();
      case 2:
      case 3:
        return ipv6();
      case 4:
      case 5:
        return quic();
      case 6:
        return tagged(1);
      case 7:
        return count_ % 8 == 0 ? arp() : tcp();
      default:
        return tcp();
    }
  }

  void build_dhcp() {
    for (const bool pxe : {false, true}) {
      dhcp::Message message;
      message.header.op = dhcp::kBootRequest;
      message.header.set_mac(MacAddress{{2, 0, 0, 0, 0, 0}});
      message.add_type(dhcp::MessageType::Discover);
      message.add(dhcp::OptionCode::ParameterRequestList, Bytes{1, 3, 6, 15, 31, 33, 43});
      message.add_text(dhcp::OptionCode::HostName, "desk");
      if (pxe) {
        message.add_text(dhcp::OptionCode::VendorClass, "PXEClient:Arch:00007:UNDI:003016");
        message.add_u16(dhcp::OptionCode::ClientArchitecture, 7);
      }
      Bytes octets = dhcp::encode(message);
      octets.resize(std::max<std::size_t>(octets.size(), 300));
      (pxe ? discover_ : plain_dhcp_) = udp(dhcp::kClientPort, dhcp::kServerPort, octets);
    }
  }
  // One of the others: a renewal, with its answer next.
  const Bytes& dhcp(std::uint32_t machine) {
    frame_ = plain_dhcp_;
    put_u32(kPayload + 4, pick(0xffffffff));
    put_u32(kPayload + 30, machine);
    put_u32(kSourceMac + 2, machine);
    if (count_ % 2 == 0) {
      frame_[kPayload] = dhcp::kBootReply;
      put_u16(kPorts, dhcp::kServerPort);
      put_u16(kPorts + 2, dhcp::kClientPort);
      put_u32(kPayload + 16, 0x0a630000U + machine);
    }
    return frame_;
  }
  const Bytes& discover() {
    frame_ = discover_;
    put_u32(kPayload + 4, pick(0xffffffff));
    put_u32(kPayload + 30, static_cast<std::uint32_t>(count_));
    put_u32(kSourceMac + 2, static_cast<std::uint32_t>(count_));
    return frame_;
  }

  void build_tftp() {
    request_ = udp(2000, tftp::kPort,
                   tftp::encode(tftp::Request{.opcode = tftp::Opcode::Rrq,
                                              .filename = "SEP001122334455.cnf.xml",
                                              .mode = "octet",
                                              .options = {}}));
    Bytes content(512, 'x');
    data_ = udp(50000, 2000, tftp::encode(tftp::Data{1, content}));
    acknowledgement_ = udp(2000, 50000, tftp::encode(tftp::Ack{1}));
  }
  const Bytes& request() {
    frame_ = request_;
    put_u32(kSourceMac + 2, static_cast<std::uint32_t>(count_));
    put_u32(kSourceAddress, 0x0b000000U + static_cast<std::uint32_t>(count_));
    put_u16(kPorts, any_port());
    return frame_;
  }
  // Telephones read a file of 512 blocks each, one after the other.
  const Bytes& tftp() {
    const std::uint64_t in_file = tftp_count_ % 1025;
    const auto machine = static_cast<std::uint32_t>(tftp_count_ / 1025 % 100);
    const auto port = static_cast<std::uint32_t>(2000 + tftp_count_ / 1025 % 5000);
    const std::uint32_t address = 0x0a630100U + machine;
    ++tftp_count_;
    if (in_file == 0) {
      frame_ = request_;
    } else {
      frame_ = in_file % 2 == 1 ? data_ : acknowledgement_;
      put_u16(kPayload + 2, static_cast<std::uint32_t>((in_file + 1) / 2));
    }
    const bool to_client = in_file % 2 == 1;
    put_u32(to_client ? kSourceAddress + 4 : kSourceAddress, address);
    put_u32(to_client ? kSourceAddress : kSourceAddress + 4, 0x0a630002U);
    put_u16(to_client ? kPorts + 2 : kPorts, port);
    if (!to_client) put_u32(kSourceMac + 2, machine);
    return frame_;
  }

  const Bytes& random_octets() {
    const ByteView octets = noise(pick(300));
    frame_.assign(octets.begin(), octets.end());
    if (frame_.size() > kPayload && count_ % 2 == 0) {  // half of it looks like IPv4
      put_u16(kEtherType, 0x0800);
      frame_[14] = 0x45;
    }
    return frame_;
  }
  const Bytes& lie() {
    switch (pick(8)) {
      case 0:
        return discover();
      case 1:
        return request();
      case 2:
        return arp();
      case 3:
        return tftp();
      case 4:
        frame_ = discover_;
        break;
      case 5:
        frame_ = plain_dhcp_;
        break;
      case 6:
        frame_ = request_;
        break;
      default:
        plain(any_port(), tftp::kPort, 18 + pick(100));
        frame_[kPayload] = 0;
        frame_[kPayload + 1] = static_cast<std::uint8_t>(pick(8));
    }
    for (int i = 0; i < 6; ++i) {  // a few octets of it are others
      frame_[kEtherType + 2 + pick(static_cast<std::uint32_t>(frame_.size() - kEtherType - 2))] =
          static_cast<std::uint8_t>(pick(256));
    }
    put_u32(kSourceMac + 2, pick(0xffffffff));
    return frame_;
  }

  std::string_view kind_;
  Random random_{1};
  Bytes payload_ = Bytes(65536);
  Bytes frame_;
  Bytes plain_dhcp_;
  Bytes discover_;
  Bytes request_;
  Bytes data_;
  Bytes acknowledgement_;
  std::uint64_t count_ = 0;
  std::uint64_t tftp_count_ = 0;
};

}  // namespace

std::span<const TrafficKind> traffic_kinds() { return kKinds; }

bool write_traffic(const TrafficFile& wanted) {
  const auto* kind = std::ranges::find(kKinds, wanted.kind, &TrafficKind::name);
  auto boot = trace::CaptureReader::open(wanted.boot);
  if (kind == kKinds.end() || !boot) return false;
  FrameFile file(wanted.path);
  if (!file.is_whole()) return false;
  Traffic traffic(wanted.kind);
  std::uint64_t now = 1'700'000'000'000'000;
  bool boot_written = false;
  for (std::uint64_t count = 0;; ++count) {
    const std::uint64_t done = kind->packets ? count : file.octets();
    const std::uint64_t all = kind->packets ? *kind->packets : wanted.octets;
    if (done >= all) break;
    file.write(now, traffic.next());
    now += 50;
    if (boot_written || done < all / 2) continue;
    boot_written = true;
    while (const auto frame = boot->next()) {
      file.write(now, frame->octets);
      now += 200;
    }
  }
  return file.is_whole();
}

}  // namespace pxeproof::bench

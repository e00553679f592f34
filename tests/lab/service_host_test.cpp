#include "lab/service_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/network.h"
#include "tests/lab/scripted_station.h"

namespace pxeproof::lab {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kStart{};
constexpr MacAddress kServerMac{{2, 0, 0, 0, 0, 1}};
constexpr MacAddress kClientMac{{2, 0, 0, 0, 0, 2}};
constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
constexpr Ipv4Address kClient = Ipv4Address::of(192, 168, 77, 50);
constexpr Ipv4Address kNetmask = Ipv4Address::of(255, 255, 255, 0);
constexpr std::uint32_t kInterface = 7;

// Remembers what arrives and sends what it is told to.
class ScriptedService : public DatagramService {
 public:
  explicit ScriptedService(std::vector<std::uint16_t> ports) : ports_(std::move(ports)) {}
  std::vector<std::uint16_t> ports() const override { return ports_; }
  void on_datagram(Instant, const IncomingDatagram& datagram) override {
    received.push_back({datagram, as_text(datagram.payload)});
    if (answer) to_send.push_back(*answer);
  }
  void on_timeout(Instant) override {}
  bool poll_transmit(OutgoingDatagram& out) override {
    if (to_send.empty()) return false;
    out = to_send.front();
    to_send.pop_front();
    return true;
  }
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }

  struct Received {
    IncomingDatagram datagram;
    std::string text;
  };
  std::vector<Received> received;
  std::deque<OutgoingDatagram> to_send;
  std::optional<OutgoingDatagram> answer;

 private:
  std::vector<std::uint16_t> ports_;
};

HostOptions server_options() {
  return {.interface = {.index = kInterface,
                        .name = "eth0",
                        .mac = kServerMac,
                        .addresses = {{kServer, kNetmask}}},
          .seed = 1};
}

Bytes text(std::string_view words) {
  const ByteView octets = as_bytes(words);
  return {octets.begin(), octets.end()};
}

OutgoingDatagram datagram(std::uint16_t source_port, Endpoint destination,
                          LinkAddressing addressing = LinkAddressing::Resolve) {
  OutgoingDatagram result;
  result.source.port = source_port;
  result.destination = destination;
  result.addressing = addressing;
  result.head = text("hello");
  return result;
}

struct Host {
  explicit Host(HostOptions options = server_options()) : host(std::move(options), {&dhcp, &tftp}) {
    host.start(kStart);
  }

  std::vector<Frame> drain() {
    std::vector<Frame> frames;
    Frame frame;
    while (host.poll_transmit(frame)) frames.push_back(frame);
    return frames;
  }
  std::vector<Frame> receive(Instant now, const Frame& frame) {
    host.on_frame(now, frame);
    return drain();
  }
  std::vector<Frame> receive(const frames::UdpSpec& spec, std::string_view words) {
    return receive(kStart, frames::build_udp(spec, as_bytes(words)));
  }

  ScriptedService dhcp{{67, 4011}};
  ScriptedService tftp{{69}};
  ServiceHost host;
};

frames::UdpSpec from_client(Endpoint destination) {
  return {.destination_mac = kServerMac,
          .source_mac = kClientMac,
          .source = {kClient, 50423},
          .destination = destination};
}

Frame client_arp_request() {
  return frames::build_arp({frames::kArpRequest, kClientMac, kClient, MacAddress{}, kServer},
                           MacAddress::broadcast());
}

Frame client_arp_reply() {
  return frames::build_arp({frames::kArpReply, kClientMac, kClient, kServerMac, kServer},
                           kServerMac);
}

TEST(ServiceHost, AnswersArpForItsAddress) {
  Host host;

  const auto frames = host.receive(kStart, client_arp_request());

  ASSERT_THAT(frames, SizeIs(1));
  EXPECT_EQ(frames::inspect_ethernet(frames[0])->destination, kClientMac);
  EXPECT_EQ(frames::inspect_arp(frames[0]),
            (frames::Arp{frames::kArpReply, kServerMac, kServer, kClientMac, kClient}));
}

TEST(ServiceHost, DoesNotAnswerArpForOthers) {
  Host host;
  const frames::Arp arp{frames::kArpRequest, kClientMac, kClient, MacAddress{},
                        Ipv4Address::of(192, 168, 77, 2)};
  EXPECT_THAT(host.receive(kStart, frames::build_arp(arp, MacAddress::broadcast())), IsEmpty());
}

TEST(ServiceHost, HandsDatagramsToTheServiceOfTheirPort) {
  Host host;
  host.receive(from_client({kServer, 69}), "rrq");
  host.receive(from_client({kServer, 4011}), "request");

  ASSERT_THAT(host.tftp.received, SizeIs(1));
  EXPECT_EQ(host.tftp.received[0].text, "rrq");
  EXPECT_EQ(host.tftp.received[0].datagram.source, (Endpoint{kClient, 50423}));
  EXPECT_EQ(host.tftp.received[0].datagram.destination, (Endpoint{kServer, 69}));
  EXPECT_EQ(host.tftp.received[0].datagram.interface_index, kInterface);
  ASSERT_THAT(host.dhcp.received, SizeIs(1));
  EXPECT_EQ(host.dhcp.received[0].text, "request");
}

TEST(ServiceHost, TellsBroadcastAndMulticastFromUnicast) {
  const Ipv4Address group = Ipv4Address::of(239, 255, 1, 1);
  HostOptions options = server_options();
  options.multicast_groups = {group};
  Host host(options);
  const std::vector<Ipv4Address> destinations{Ipv4Address::broadcast(),
                                              Ipv4Address::of(192, 168, 77, 255), group};
  for (const Ipv4Address destination : destinations) {
    frames::UdpSpec spec = from_client({destination, 67});
    spec.destination_mac = MacAddress::broadcast();
    host.receive(spec, "x");
  }

  ASSERT_THAT(host.dhcp.received, SizeIs(3));
  for (std::size_t i = 0; i < destinations.size(); ++i) {
    EXPECT_EQ(host.dhcp.received[i].datagram.destination.address, destinations[i]);
  }
}

TEST(ServiceHost, TakesASenderWithoutAddressOnlyByBroadcast) {
  Host host;
  frames::UdpSpec spec = from_client({Ipv4Address::broadcast(), 67});
  spec.source = {{}, 68};
  host.receive(spec, "discover");
  spec.destination.address = kServer;
  host.receive(spec, "request");

  ASSERT_THAT(host.dhcp.received, SizeIs(1));
  EXPECT_EQ(host.dhcp.received[0].text, "discover");
  EXPECT_EQ(host.host.dropped(Drop::ForeignAddress), 1U);
}

TEST(ServiceHost, IgnoresFramesForOthersAndDamagedOnes) {
  Host host;
  frames::UdpSpec spec = from_client({kServer, 69});
  spec.destination_mac = MacAddress{{2, 0, 0, 0, 0, 9}};
  host.receive(spec, "flooded");
  EXPECT_EQ(host.host.dropped(Drop::ForeignMac), 1U);

  host.receive(from_client({Ipv4Address::of(192, 168, 77, 3), 69}), "other address");
  EXPECT_EQ(host.host.dropped(Drop::ForeignAddress), 1U);

  Frame damaged = frames::build_udp(from_client({kServer, 69}), as_bytes("damaged"));
  damaged.back() ^= 1;
  host.receive(kStart, damaged);
  host.receive(kStart, Frame(5, 0));
  EXPECT_EQ(host.host.dropped(Drop::BadFrame), 2U);

  EXPECT_THAT(host.tftp.received, IsEmpty());
}

TEST(ServiceHost, AsksArpOnceAndSendsWhatWaited) {
  Host host;
  host.tftp.to_send = {datagram(69, {kClient, 2070}), datagram(69, {kClient, 2070})};

  const auto questions = host.drain();
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_TRUE(frames::inspect_ethernet(questions[0])->destination.is_broadcast());
  EXPECT_EQ(frames::inspect_arp(questions[0]),
            (frames::Arp{frames::kArpRequest, kServerMac, kServer, MacAddress{}, kClient}));

  const auto sent = host.receive(kStart + 1ms, client_arp_reply());
  ASSERT_THAT(sent, SizeIs(2));
  for (const Frame& frame : sent) {
    const auto udp = frames::inspect_udp(frame);
    ASSERT_TRUE(udp);
    EXPECT_EQ(udp->ethernet.destination, kClientMac);
    EXPECT_EQ(as_text(udp->payload), "hello");
  }
}

TEST(ServiceHost, RepeatsTheArpRequestAndGivesUp) {
  Host host;
  host.tftp.to_send = {datagram(69, {kClient, 2070})};
  EXPECT_THAT(host.drain(), SizeIs(1));
  for (const Duration at : {1s, 2s}) {
    EXPECT_EQ(host.host.poll_timeout(), kStart + at);
    host.host.on_timeout(kStart + at);
    EXPECT_THAT(host.drain(), SizeIs(1));
  }

  host.host.on_timeout(kStart + 3s);

  EXPECT_THAT(host.drain(), IsEmpty());
  EXPECT_EQ(host.host.poll_timeout(), std::nullopt);
  EXPECT_EQ(host.host.unresolved(), 1U);
}

TEST(ServiceHost, LearnsTheClientFromItsArpRequest) {
  Host host;
  host.receive(kStart, client_arp_request());
  host.tftp.to_send = {datagram(69, {kClient, 2070})};

  const auto sent = host.drain();

  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_EQ(frames::inspect_udp(sent[0])->ethernet.destination, kClientMac);
}

TEST(ServiceHost, SendsThroughTheGatewayOutsideItsSubnet) {
  HostOptions options = server_options();
  options.gateway = Ipv4Address::of(192, 168, 77, 254);
  Host host(options);
  host.tftp.to_send = {datagram(69, {Ipv4Address::of(10, 0, 0, 1), 2070})};

  const auto questions = host.drain();

  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(frames::inspect_arp(questions[0])->target_address, options.gateway);
}

TEST(ServiceHost, DropsWhatItHasNoRouteFor) {
  Host host;
  host.tftp.to_send = {datagram(69, {Ipv4Address::of(10, 0, 0, 1), 2070})};
  EXPECT_THAT(host.drain(), IsEmpty());
  EXPECT_EQ(host.host.dropped(Drop::NoRoute), 1U);
}

TEST(ServiceHost, DropsWhatTheInterfaceCannotCarry) {
  Host host;
  OutgoingDatagram fits = datagram(69, {Ipv4Address::broadcast(), 68});
  fits.head.assign(1472, 'x');
  OutgoingDatagram longer = fits;
  longer.head.push_back('x');
  OutgoingDatagram elsewhere = fits;
  elsewhere.interface_index = kInterface + 1;
  host.tftp.to_send = {fits, longer, elsewhere};

  EXPECT_THAT(host.drain(), ElementsAre(SizeIs(1514)));
  EXPECT_EQ(host.host.dropped(Drop::TooLong), 1U);
  EXPECT_EQ(host.host.dropped(Drop::WrongInterface), 1U);
}

TEST(ServiceHost, HonoursTheLinkAddressing) {
  Host host;
  OutgoingDatagram direct = datagram(67, {kClient, 68}, LinkAddressing::Direct);
  direct.link_address = kClientMac;
  host.dhcp.to_send = {datagram(67, {Ipv4Address::broadcast(), 68}, LinkAddressing::Broadcast),
                       direct, datagram(67, {kClient, 68}, LinkAddressing::Broadcast),
                       datagram(67, {Ipv4Address::of(192, 168, 77, 255), 68}),
                       datagram(67, {Ipv4Address::of(239, 255, 1, 1), 68})};

  std::vector<MacAddress> destinations;
  for (const Frame& frame : host.drain()) {
    destinations.push_back(frames::inspect_udp(frame)->ethernet.destination);
  }

  EXPECT_THAT(destinations,
              ElementsAre(MacAddress::broadcast(), kClientMac, MacAddress::broadcast(),
                          MacAddress::broadcast(), (MacAddress{{1, 0, 0x5e, 0x7f, 1, 1}})));
}

TEST(ServiceHost, SendsWithTheMannersOfDnsmasqOnLinux) {
  Host host;
  host.dhcp.to_send = {datagram(67, {Ipv4Address::broadcast(), 68}),
                       datagram(67, {Ipv4Address::broadcast(), 68})};
  host.tftp.to_send = {datagram(69, {Ipv4Address::broadcast(), 2070})};
  host.tftp.to_send.front().body = as_bytes(" world");

  const auto sent = host.drain();
  ASSERT_THAT(sent, SizeIs(3));
  const auto first = frames::inspect_udp(sent[0]);
  const auto second = frames::inspect_udp(sent[1]);
  const auto tftp = frames::inspect_udp(sent[2]);

  EXPECT_EQ(first->source, (Endpoint{kServer, 67}));
  EXPECT_EQ(first->ethernet.source, kServerMac);
  EXPECT_EQ(first->tos, 0xc0);
  EXPECT_EQ(first->ttl, 64);
  EXPECT_FALSE(first->dont_fragment);
  EXPECT_EQ(static_cast<std::uint16_t>(first->identification + 1), second->identification);
  EXPECT_EQ(tftp->tos, 0);
  EXPECT_EQ(tftp->ttl, 64);
  EXPECT_TRUE(tftp->dont_fragment);
  EXPECT_EQ(tftp->identification, 0);
  EXPECT_EQ(as_text(tftp->payload), "hello world");
}

TEST(ServiceHost, RefusesClosedPortsByIcmp) {
  Host host;
  host.receive(kStart, client_arp_request());
  const Frame request = frames::build_udp(from_client({kServer, 1234}), as_bytes("anybody?"));

  const auto sent = host.receive(kStart, request);

  ASSERT_THAT(sent, SizeIs(1));
  const ByteView icmp = ByteView(sent[0]).subspan(34);
  EXPECT_EQ(sent[0][23], 1);  // ICMP
  EXPECT_EQ(icmp[0], 3);
  EXPECT_EQ(icmp[1], 3);
  EXPECT_EQ(frames::internet_checksum(icmp), 0);
  EXPECT_TRUE(equal(icmp.subspan(8), ByteView(request).subspan(14)));
  EXPECT_EQ(frames::inspect_udp(sent[0]).error().fault, frames::Fault::ForeignProtocol);
  EXPECT_EQ(host.host.dropped(Drop::ClosedPort), 1U);
}

TEST(ServiceHost, QuotesAtMostWhatFitsInto576Octets) {
  Host host;
  host.receive(kStart, client_arp_request());
  const auto sent = host.receive(from_client({kServer, 1234}), std::string(1000, 'x'));
  ASSERT_THAT(sent, SizeIs(1));
  EXPECT_THAT(sent[0], SizeIs(14 + 576));
}

TEST(ServiceHost, NeverRefusesBroadcasts) {
  Host host;
  frames::UdpSpec spec = from_client({Ipv4Address::broadcast(), 1234});
  spec.destination_mac = MacAddress::broadcast();
  EXPECT_THAT(host.receive(spec, "anybody?"), IsEmpty());
}

TEST(ServiceHost, LimitsItsRefusals) {
  Host host;
  host.receive(kStart, client_arp_request());
  const Frame request = frames::build_udp(from_client({kServer, 1234}), as_bytes("anybody?"));
  std::size_t sent = 0;
  for (int i = 0; i < 100; ++i) sent += host.receive(kStart, request).size();
  EXPECT_EQ(sent, 6U);
  EXPECT_THAT(host.receive(kStart + 1s, request), SizeIs(1));
  EXPECT_THAT(host.receive(kStart + 1s, request), IsEmpty());
}

TEST(ServiceHost, ProbesASilentClientByUnicast) {
  Host host;
  host.receive(kStart, client_arp_request());
  host.tftp.to_send = {datagram(69, {kClient, 2070})};
  host.drain();

  host.host.on_timeout(kStart + 5s);

  const auto questions = host.drain();
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(frames::inspect_ethernet(questions[0])->destination, kClientMac);
  EXPECT_EQ(frames::inspect_arp(questions[0]),
            (frames::Arp{frames::kArpRequest, kServerMac, kServer, MacAddress{}, kClient}));
}

// The whole way: a client asks by broadcast and then by unicast, over the virtual wire.
TEST(ServiceHost, TalksOverTheNetwork) {
  ScriptedService service({69});
  service.answer = datagram(69, {kClient, 50423});
  ServiceHost host(server_options(), {&service});
  ScriptedStation client;
  client.plan(kStart + 1s, client_arp_request());
  client.plan(kStart + 2s, frames::build_udp(from_client({kServer, 69}), as_bytes("rrq")));
  Network network;
  network.attach(host, {.name = "server", .macs = {kServerMac}});
  network.attach(client, {.name = "client", .macs = {kClientMac}});

  EXPECT_EQ(network.run_until(kStart + 3s), RunEnd::Deadline);

  ASSERT_THAT(client.heard, SizeIs(2));
  EXPECT_EQ(client.heard[1].at, kStart + 2s + 20us);
  EXPECT_EQ(as_text(frames::inspect_udp(client.heard[1].octets)->payload), "hello");
}

}  // namespace
}  // namespace pxeproof::lab

#include "simclient/dhcp_exchange.h"

#include <gmock/gmock.h>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Duration kTick = 55ms;

bool is_discover(const frames::Udp& udp) {
  const auto message = dhcp::MessageView::parse(udp.payload);
  return udp.destination.port == 67 && message && message->type() == dhcp::MessageType::Discover;
}
bool is_request(const frames::Udp& udp) {
  const auto message = dhcp::MessageView::parse(udp.payload);
  return udp.destination.port == 67 && message && message->type() == dhcp::MessageType::Request;
}
bool is_proxy_request(const frames::Udp& udp) { return udp.destination.port == 4011; }

void expect_times(const std::vector<Duration>& times, const std::vector<Duration>& expected,
                  Duration slack) {
  ASSERT_EQ(times.size(), expected.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    EXPECT_NEAR(to_seconds(times[i]), to_seconds(expected[i]), to_seconds(slack)) << i;
  }
}

// The message behind the n-th frame that matches.
dhcp::Message message_of(const RomBench& bench, bool (*matches)(const frames::Udp&),
                         std::size_t index) {
  for (const Sent& sent : bench.sent()) {
    const auto udp = frames::inspect_udp(sent.frame);
    if (udp && matches(*udp) && index-- == 0) return *dhcp::decode(udp->payload);
  }
  ADD_FAILURE() << "no such message";
  return {};
}

Script without_proxy() {
  Script script;
  script.on_discover_proxy = nullptr;
  return script;
}

// A proxy that says PXEClient and nothing to boot, so that port 4011 must be asked.
Script with_bare_proxy() {
  Script script;
  script.on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    return reply;
  };
  return script;
}

std::vector<Ignored> ignored_by(const RomBench& bench) {
  std::vector<Ignored> reasons;
  for (const PacketIgnored& event : bench.events_of<PacketIgnored>()) {
    reasons.push_back(event.reason);
  }
  return reasons;
}

TEST(DhcpExchange, GivesUpAfterFourDiscoversNobodyOffers) {
  Script script = without_proxy();
  script.on_discover_address = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.run();
  expect_times(bench.times_of(is_discover), {0s, 1044ms, 3076ms, 7141ms}, kTick);
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NoOffer);
  EXPECT_THAT(bench.rom().failed()->firmware_words, HasSubstr("040ee119"));
  EXPECT_NEAR(to_seconds(bench.now() - kStart), 15.2, 0.06);
}

TEST(DhcpExchange, GivesUpWhenTheAddressIsNotConfirmed) {
  Script script;
  script.on_request = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.run();
  expect_times(bench.times_of(is_request), {0s, 274ms, 824ms, 1867ms, 3900ms, 7964ms}, kTick);
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NoAcknowledgement);
  EXPECT_NEAR(to_seconds(bench.now() - kStart), 16.04, 0.06);
}

// Capture h: DISCOVER at 0 and 1.013 s, REQUEST with secs 0012 at 3.056 s.
TEST(DhcpExchange, WaitsTwoSecondsForAProxyAndLeavesAtTheNextExpiry) {
  RomBench bench(ipxe_options(), without_proxy());
  bench.run();
  expect_times(bench.times_of(is_discover), {0s, 1013ms}, kTick);
  expect_times(bench.times_of(is_request), {3056ms}, kTick);
  EXPECT_EQ(message_of(bench, is_discover, 1).header.secs, 0x000a);
  EXPECT_EQ(message_of(bench, is_request, 0).header.secs, 0x0012);
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NothingToBoot);
  EXPECT_THAT(bench.rom().failed()->firmware_words,
              HasSubstr("Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)"));
}

TEST(DhcpExchange, DoesNotWaitForAProxyThatIsNotWanted) {
  Script script;
  const auto offer = script.on_discover_address;
  script.on_discover_proxy = nullptr;
  script.on_discover_address = [=](const dhcp::Message& request) {
    auto reply = offer(request);
    reply->add(dhcp::OptionCode::EtherBoot, *from_hex("b00101"));
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_THAT(bench.times_of(is_discover), SizeIs(1));
}

TEST(DhcpExchange, TheLastOfEqualOffersWins) {
  RomBench bench(ipxe_options(), without_proxy());
  bench.start();
  const auto discover = dhcp::decode(frames::inspect_udp(bench.sent()[0].frame)->payload);
  for (const std::uint8_t host : {std::uint8_t{10}, std::uint8_t{20}}) {
    dhcp::Message offer = reply_to(*discover, dhcp::MessageType::Offer, kAddressServer);
    offer.header.yiaddr = Ipv4Address::of(192, 168, 178, host);
    bench.deliver_udp(kAddressServerMac, {kAddressServer, 67}, {offer.header.yiaddr, 68},
                      dhcp::encode(offer));
  }
  dhcp::Message better = reply_to(*discover, dhcp::MessageType::Offer, kAddressServer);
  better.header.yiaddr = Ipv4Address::of(192, 168, 178, 30);
  better.add(dhcp::OptionCode::EtherBoot, *from_hex("010105"));
  bench.deliver_udp(kAddressServerMac, {kAddressServer, 67}, {better.header.yiaddr, 68},
                    dhcp::encode(better));
  dhcp::Message late = reply_to(*discover, dhcp::MessageType::Offer, kAddressServer);
  late.header.yiaddr = Ipv4Address::of(192, 168, 178, 40);
  bench.deliver_udp(kAddressServerMac, {kAddressServer, 67}, {late.header.yiaddr, 68},
                    dhcp::encode(late));
  EXPECT_THAT(ignored_by(bench), testing::ElementsAre(Ignored::LowerPriority));
  bench.run_until(kStart + 4s);
  EXPECT_EQ(bench.events_of<RequestSent>().front().address, Ipv4Address::of(192, 168, 178, 30));
}

TEST(DhcpExchange, AsksABareProxyOnPort4011) {
  Script script = with_bare_proxy();
  script.on_boot_server = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Ack, kBootServer);
    reply.header.siaddr = kBootServer;
    reply.header.set_file("pxelinux.0");
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  const dhcp::Message request = message_of(bench, is_proxy_request, 0);
  EXPECT_EQ(request.header.ciaddr, kClient);
  EXPECT_EQ(request.header.flags, 0x8000);
  EXPECT_EQ(request.header.secs, 0x000f);
  EXPECT_EQ(dhcp::encode(request).size(), 406U);  // client.md 1
  EXPECT_EQ(to_hex(request.options.back().value), "c0a8b202");
  EXPECT_EQ(request.header.xid, message_of(bench, is_discover, 0).header.xid);
  EXPECT_TRUE(bench.rom().booted());
}

TEST(DhcpExchange, PassesOverASilentProxyAfterFourRequests) {
  Script script = with_bare_proxy();
  script.on_boot_server = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.run();
  expect_times(bench.times_of(is_proxy_request), {0s, 274ms, 824ms, 1867ms}, kTick);
  EXPECT_THAT(bench.events_of<ProxySilent>(), SizeIs(1));
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NothingToBoot);
  EXPECT_NEAR(to_seconds(bench.now() - kStart), 3.9, 0.06);
}

TEST(DhcpExchange, IgnoresProxyAnswersThatDoNotCount) {
  Script script = with_bare_proxy();
  script.on_boot_server = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.start();
  bench.run_until(kStart + 200ms);
  const dhcp::Message request = message_of(bench, is_proxy_request, 0);
  const auto deliver = [&](dhcp::Message reply, std::uint16_t port) {
    bench.deliver_udp(kBootServerMac, {kBootServer, port}, {kClient, 68}, dhcp::encode(reply));
  };
  dhcp::Message good = reply_to(request, dhcp::MessageType::Ack, kBootServer);
  good.header.siaddr = kBootServer;
  good.header.set_file("x");

  deliver(good, 67);
  dhcp::Message other = reply_to(request, dhcp::MessageType::Ack, kAddressServer);
  other.header.siaddr = kBootServer;
  other.header.set_file("x");
  deliver(other, 4011);
  deliver(reply_to(request, dhcp::MessageType::Ack, kBootServer), 4011);
  deliver(reply_to(request, dhcp::MessageType::Nak, kBootServer), 4011);
  EXPECT_THAT(ignored_by(bench),
              testing::ElementsAre(Ignored::WrongSourcePort, Ignored::WrongServer,
                                   Ignored::NoBootOptions, Ignored::WrongType));
  EXPECT_THAT(bench.events_of<ProxyAnswered>(), IsEmpty());
  deliver(good, 4011);
  EXPECT_THAT(bench.events_of<ProxyAnswered>(), SizeIs(1));
}

TEST(DhcpExchange, IgnoresStrayAnswers) {
  Script script;
  script.on_discover_address = nullptr;
  script.on_discover_proxy = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.start();
  const auto discover = dhcp::decode(frames::inspect_udp(bench.sent()[0].frame)->payload);
  const auto deliver = [&](const Bytes& payload) {
    bench.deliver_udp(kAddressServerMac, {kAddressServer, 67}, {Ipv4Address::broadcast(), 68},
                      payload);
  };
  dhcp::Message offer = reply_to(*discover, dhcp::MessageType::Offer, kAddressServer);
  offer.header.yiaddr = kClient;
  dhcp::Message foreign_xid = offer;
  foreign_xid.header.xid ^= 1U;
  dhcp::Message foreign_client = offer;
  foreign_client.header.set_mac({{2, 2, 2, 2, 2, 2}});
  dhcp::Message nothing = offer;
  nothing.header.yiaddr = {};
  deliver(dhcp::encode(foreign_xid));
  deliver(dhcp::encode(foreign_client));
  deliver(dhcp::encode(nothing));
  deliver(Bytes(100, 0));
  EXPECT_THAT(ignored_by(bench), testing::ElementsAre(Ignored::ForeignXid, Ignored::ForeignClient,
                                                      Ignored::NotAnOffer, Ignored::NotDhcp));
}

TEST(DhcpExchange, UsesAnOfferUpToATornOption) {
  Script script = without_proxy();
  script.on_discover_address = nullptr;
  RomBench bench(ipxe_options(), script);
  bench.start();
  const auto discover = dhcp::decode(frames::inspect_udp(bench.sent()[0].frame)->payload);
  dhcp::Message offer = reply_to(*discover, dhcp::MessageType::Offer, kAddressServer);
  offer.header.yiaddr = kClient;
  offer.end = false;
  Bytes octets = dhcp::encode(offer);
  octets.insert(octets.end(), {0x0f, 0xff, 'x'});
  bench.deliver_udp(kAddressServerMac, {kAddressServer, 67}, {kClient, 68}, octets);
  EXPECT_THAT(bench.events_of<OfferSeen>(), SizeIs(1));
}

// client.md 6: with a file from both, iPXE fetches the address server's.
TEST(DhcpExchange, TheAddressServersFileComesFirst) {
  Script script;
  const auto acknowledge = script.on_request;
  script.on_request = [=](const dhcp::Message& request) {
    auto reply = acknowledge(request);
    reply->header.siaddr = kBootServer;
    reply->header.set_file("dhcp.0");
    return reply;
  };
  script.on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.header.siaddr = kBootServer;
    reply.header.set_file("proxy.0");
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.events_of<FileBegun>().front().name, "dhcp.0");
  EXPECT_THAT(bench.times_of(is_proxy_request), IsEmpty());
}

}  // namespace
}  // namespace pxeproof::rom

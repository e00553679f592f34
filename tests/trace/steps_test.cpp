#include "trace/steps.h"

#include <gtest/gtest.h>

#include "protocol/frames/build.h"

namespace pxeproof::trace {
namespace {

constexpr MacAddress kClient{{0x52, 0x54, 0, 1, 2, 3}};
constexpr MacAddress kOther{{0x52, 0x54, 0, 1, 2, 4}};
constexpr MacAddress kServer{{2, 0, 0, 0, 0, 1}};
constexpr Ipv4Address kServerAddress = Ipv4Address::of(10, 0, 0, 2);

Bytes frame_of(const dhcp::Message& message, const Endpoint& source, const Endpoint& destination) {
  return frames::build_udp({.destination_mac = MacAddress::broadcast(),
                            .source_mac = kServer,
                            .source = source,
                            .destination = destination},
                           dhcp::encode(message));
}

dhcp::Message proxy_offer(const MacAddress& client) {
  dhcp::Message offer;
  offer.header.op = dhcp::kBootReply;
  offer.header.set_mac(client);
  offer.header.set_file("pxelinux.0");
  offer.add_type(dhcp::MessageType::Offer);
  offer.add_address(dhcp::OptionCode::ServerIdentifier, kServerAddress);
  offer.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
  pxe::VendorOptions vendor;
  vendor.add_control(3);
  vendor.add_servers({{0x8000, {kServerAddress}}});
  vendor.add_menu({{0x8000, "Network Boot"}});
  vendor.add_prompt({0, "PXE"});
  offer.add(dhcp::OptionCode::VendorSpecific, pxe::encode(vendor));
  return offer;
}

TEST(StepReader, ReadsWhatAProxyOfferSays) {
  StepReader reader(kClient);
  reader.on_frame(
      1, Instant{},
      frame_of(proxy_offer(kClient), {kServerAddress, 67}, {Ipv4Address::broadcast(), 68}));
  const auto step = reader.poll_step();
  ASSERT_TRUE(step);
  const auto& offer = std::get<DhcpStep>(step->what);
  EXPECT_TRUE(offer.is_proxy_offer());
  EXPECT_EQ(offer.boot_file, "pxelinux.0");
  EXPECT_EQ(offer.server_id, kServerAddress);
  EXPECT_EQ(offer.discovery_control, 3);
  ASSERT_EQ(offer.menu.size(), 1U);
  EXPECT_EQ(offer.menu[0].text, "Network Boot");
  ASSERT_TRUE(offer.prompt);
  EXPECT_EQ(offer.prompt->timeout_seconds, 0);
}

TEST(StepReader, LeavesOtherMachinesOut) {
  StepReader reader(kClient);
  reader.on_frame(
      1, Instant{},
      frame_of(proxy_offer(kOther), {kServerAddress, 67}, {Ipv4Address::broadcast(), 68}));
  EXPECT_FALSE(reader.poll_step());
}

TEST(StepReader, TakesTheAddressServersClassOnlyWithoutAnAddressForAProxy) {
  dhcp::Message offer = proxy_offer(kClient);
  offer.header.yiaddr = Ipv4Address::of(10, 0, 0, 9);
  StepReader reader(kClient);
  reader.on_frame(1, Instant{},
                  frame_of(offer, {kServerAddress, 67}, {Ipv4Address::broadcast(), 68}));
  EXPECT_FALSE(std::get<DhcpStep>(reader.poll_step()->what).is_proxy_offer());
}

TEST(StepReader, ReadsAMessageAsFarAsTheCaptureGoes) {
  const Bytes whole =
      frame_of(proxy_offer(kClient), {kServerAddress, 67}, {Ipv4Address::broadcast(), 68});
  constexpr std::size_t kUpToCookie = 14 + 20 + 8 + dhcp::kHeaderSize + 4;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    StepReader reader(std::nullopt);
    reader.on_frame(1, Instant{}, ByteView(whole).first(size));
    const auto step = reader.poll_step();
    ASSERT_EQ(step.has_value(), size >= kUpToCookie) << size;
    if (!step) continue;
    const auto& offer = std::get<DhcpStep>(step->what);
    EXPECT_TRUE(offer.cut);
    EXPECT_EQ(offer.boot_file, "pxelinux.0");
  }
}

// As `record --cut-payload` leaves DATA: the length of the wire, and no content.
TEST(StepReader, CountsTheBlocksOfATransferWhoseContentWasCut) {
  constexpr Endpoint kReader{Ipv4Address::of(10, 0, 0, 9), 49152};
  constexpr Endpoint kSession{kServerAddress, 40001};
  constexpr std::size_t kUpToContent = 14 + 20 + 8 + 4;
  StepReader reader(std::nullopt);
  std::uint32_t number = 0;
  const auto pass = [&](const Endpoint& source, const Endpoint& destination,
                        const tftp::Packet& packet) {
    const Bytes frame = frames::build_udp({.destination_mac = kServer,
                                           .source_mac = kClient,
                                           .source = source,
                                           .destination = destination},
                                          tftp::encode(packet));
    const bool is_data = std::holds_alternative<tftp::Data>(packet);
    reader.on_frame(++number, Instant{}, is_data ? ByteView(frame).first(kUpToContent) : frame);
  };
  pass(kReader, {kServerAddress, tftp::kPort},
       tftp::Request{.filename = "pxelinux.0", .options = {}});
  pass(kSession, kReader, tftp::Data{1, Bytes(512, 'a')});
  pass(kReader, kSession, tftp::Ack{1, {}});
  pass(kSession, kReader, tftp::Data{2, Bytes(3, 'b')});
  pass(kReader, kSession, tftp::Ack{2, {}});
  const auto step = reader.poll_step();
  ASSERT_TRUE(step);
  const auto& transfer = std::get<TransferStep>(step->what);
  EXPECT_EQ(transfer.outcome, TransferStep::Outcome::Complete);
  EXPECT_EQ(transfer.octets, 515U);
  EXPECT_EQ(transfer.blocks, 2U);
}

}  // namespace
}  // namespace pxeproof::trace

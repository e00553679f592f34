#include <gtest/gtest.h>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "tests/support/golden_packets.h"
#include "tests/support/mutation.h"

namespace pxeproof::dhcp {
namespace {

constexpr std::uint64_t kMutationsPerPacket = 10'000;

// Octets that a message and its options take in memory.
std::size_t footprint(const Message& message) {
  std::size_t size = sizeof(Message) + message.after_end.size();
  for (const Option& option : message.options) size += sizeof(Option) + option.value.size();
  return size;
}

// All that must hold for any octets whatever.
void check(const Bytes& packet) {
  const auto view = MessageView::parse(packet);
  const auto message = decode(packet);
  ASSERT_EQ(view.has_value(), message.has_value());
  if (!view) {
    ASSERT_EQ(view.error(), message.error());
    ASSERT_LE(view.error().offset, packet.size());
    return;
  }
  ASSERT_EQ(encode(*message), packet);
  ASSERT_LE(footprint(*message), sizeof(Message) + (sizeof(Option) + 1) * packet.size());

  std::size_t value_octets = 0;
  view->each_option([&](const OptionView& option) {
    value_octets += option.value.size();
    ASSERT_EQ(option.value.data(), packet.data() + option.offset + 2);
    ASSERT_LE(option.offset + 2 + option.value.size(), packet.size());
    decode_architectures(option.value);
    decode_interface(option.value);
    decode_guid(option.value);
    parse_vendor_class(as_text(option.value));
    decode_user_classes(option.value);
    decode_encapsulated(option.value);
  });
  ASSERT_LE(value_octets, packet.size());
  ASSERT_EQ(view->header(), message->header);
  if (const auto vendor = view->joined(OptionCode::VendorSpecific)) {
    const auto options = pxe::decode(*vendor);
    ASSERT_TRUE(!options || pxe::encode(*options) == *vendor);
  }
  view->type();
  view->boot_file();
}

TEST(DhcpProperty, RealMessagesSurvive) {
  for (const golden::Packet& packet : golden::dhcp_messages()) {
    const auto message = decode(packet.octets);
    ASSERT_TRUE(message) << packet.name;
    EXPECT_EQ(encode(*message), packet.octets) << packet.name;
  }
}

TEST(DhcpProperty, EveryTruncationIsJudged) {
  for (const golden::Packet& packet : golden::dhcp_messages()) {
    for (std::size_t size = 0; size < packet.octets.size(); ++size) {
      const ByteView part = ByteView(packet.octets).first(size);
      SCOPED_TRACE(std::string(packet.name) + " cut to " + std::to_string(size));
      ASSERT_NO_FATAL_FAILURE(check(Bytes(part.begin(), part.end())));
    }
  }
}

TEST(DhcpProperty, MutationsNeitherCrashNorGrow) {
  for (const golden::Packet& packet : golden::dhcp_messages()) {
    for (std::uint64_t seed = 0; seed < kMutationsPerPacket; ++seed) {
      Random random(seed);
      const Bytes mutant = mutate(packet.octets, random);
      ASSERT_NO_FATAL_FAILURE(check(mutant)) << describe(packet.name, seed, mutant);
    }
  }
}

Bytes random_octets(Random& random, std::size_t size) {
  Bytes octets(size);
  random.fill(octets);
  return octets;
}

// Any message: options of any code but END, PADs, duplicates, any octets behind END.
Message random_message(Random& random) {
  Message message;
  Header& header = message.header;
  header.op = static_cast<std::uint8_t>(random.below(4));
  header.htype = static_cast<std::uint8_t>(random.below(256));
  header.hlen = static_cast<std::uint8_t>(random.below(256));
  header.hops = static_cast<std::uint8_t>(random.below(256));
  header.xid = static_cast<std::uint32_t>(random.next());
  header.secs = static_cast<std::uint16_t>(random.next());
  header.flags = static_cast<std::uint16_t>(random.next());
  header.ciaddr.value = static_cast<std::uint32_t>(random.next());
  header.yiaddr.value = static_cast<std::uint32_t>(random.next());
  header.siaddr.value = static_cast<std::uint32_t>(random.next());
  header.giaddr.value = static_cast<std::uint32_t>(random.next());
  random.fill(header.chaddr);
  random.fill(header.sname);
  random.fill(header.file);
  const std::uint64_t count = random.below(20);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto code = static_cast<std::uint8_t>(random.below(255));
    // An overload would make the random sname and file options.
    if (code == static_cast<std::uint8_t>(OptionCode::Overload)) continue;
    const std::size_t size = code == 0 ? 0 : random.below(random.chance(0.1) ? 256 : 20);
    message.options.push_back({code, random_octets(random, size)});
  }
  message.end = random.chance(0.9);
  if (message.end && random.chance(0.3))
    message.after_end = random_octets(random, random.below(99));
  return message;
}

TEST(DhcpProperty, AnyMessageSurvivesItsOctets) {
  for (std::uint64_t seed = 0; seed < 5'000; ++seed) {
    Random random(seed);
    const Message message = random_message(random);
    const Bytes packet = encode(message);
    const auto read = decode(packet);
    ASSERT_TRUE(read) << "seed " << seed;
    ASSERT_EQ(*read, message) << "seed " << seed;
    ASSERT_NO_FATAL_FAILURE(check(packet)) << "seed " << seed;
  }
}

// The worst that a packet can ask for: every octet an option of its own.
TEST(DhcpProperty, AFullDatagramOfPadsStaysBounded) {
  Message message;
  message.end = false;
  Bytes packet = encode(message);
  packet.resize(65507, 0);
  ASSERT_NO_FATAL_FAILURE(check(packet));
}

}  // namespace
}  // namespace pxeproof::dhcp

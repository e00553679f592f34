#include <gtest/gtest.h>

#include <charconv>

#include "tests/server/dnsmasq_replies.h"
#include "tests/server/scripted_client.h"

namespace pxeproof::server {
namespace {

Bytes unpack(std::string_view text) {
  Bytes octets;
  while (!text.empty()) {
    if (text.front() == '~') {
      const std::size_t dot = text.find('.');
      std::size_t count = 0;
      std::from_chars(text.data() + 1, text.data() + dot, count);
      octets.insert(octets.end(), count, std::uint8_t{0});
      text.remove_prefix(dot + 1);
      continue;
    }
    octets.push_back(from_hex(text.substr(0, 2))->front());
    text.remove_prefix(2);
  }
  return octets;
}

// Where dnsmasq 2.90 is right, the reply is its own, octet for octet.
class DnsmasqEquality : public testing::TestWithParam<std::size_t> {};

TEST_P(DnsmasqEquality, TheReplyIsTheSameOctetForOctet) {
  const RecordedExchange& exchange = recorded_exchanges()[GetParam()];
  SCOPED_TRACE(std::string(exchange.name) + " with\n" + std::string(exchange.configuration));
  Site site(exchange.configuration);

  site.send(unpack(exchange.request), {exchange.source, exchange.destination, 1});

  ASSERT_EQ(site.replies.size(), 1U) << describe(site.events.back());
  EXPECT_EQ(to_hex(site.replies[0].head), to_hex(unpack(exchange.reply)));
  EXPECT_EQ(to_string(site.replies[0].destination), to_string(exchange.reply_destination));
  EXPECT_EQ(site.replies[0].source.port, exchange.destination.port);
}

INSTANTIATE_TEST_SUITE_P(Recorded, DnsmasqEquality,
                         testing::Range(std::size_t{0}, recorded_exchanges().size()));

}  // namespace
}  // namespace pxeproof::server

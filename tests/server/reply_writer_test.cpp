#include "server/reply_writer.h"

#include <gtest/gtest.h>

namespace pxeproof::server {
namespace {

using dhcp::OptionCode;

dhcp::Message written(ReplyWriter& writer, const Bytes& out) {
  writer.finish();
  const auto decoded = dhcp::decode(out);
  EXPECT_TRUE(decoded.has_value());
  return decoded ? *decoded : dhcp::Message{};
}

TEST(ReplyWriter, PadsToTheSmallestMessage) {
  Bytes out;
  ReplyWriter writer(out, {}, 548, {});
  writer.u8(OptionCode::MessageType, 2);
  const dhcp::Message message = written(writer, out);
  EXPECT_EQ(out.size(), 300U);
  EXPECT_TRUE(message.end);
  EXPECT_EQ(message.options.size(), 1U);
}

TEST(ReplyWriter, NeverPassesTheLimitAndNeverCutsAnOption) {
  for (std::size_t size = 0; size < 300; ++size) {
    Bytes out;
    const Bytes agent{1, 2, 3, 4};
    ReplyWriter writer(out, {}, 548, agent);
    const Bytes value(std::min<std::size_t>(size, 255), 7);
    while (writer.option(99, value) && out.size() < 1000) {
    }
    const dhcp::Message message = written(writer, out);
    EXPECT_LE(out.size(), 548U);
    ASSERT_FALSE(message.options.empty());
    EXPECT_EQ(message.options.back().code, 82);
    EXPECT_EQ(message.options.back().value, agent);
  }
}

TEST(ReplyWriter, OverflowsIntoEmptyFields) {
  Bytes out;
  ReplyWriter writer(out, {}, 548, {});
  writer.set_overload(ReplyWriter::Overload::Allowed);
  int count = 0;
  while (writer.option(static_cast<std::uint8_t>(200 + count), Bytes(40, 'v'))) ++count;
  writer.finish();
  const auto view = dhcp::MessageView::parse(out);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->overload(), 3);
  int seen = 0;
  view->each_option([&](const dhcp::OptionView& option) { seen += option.code >= 200 ? 1 : 0; });
  EXPECT_EQ(seen, count);
  EXPECT_GT(count, 7);
}

TEST(ReplyWriter, LeavesAFieldInUseAlone) {
  Bytes out;
  dhcp::Header header;
  header.set_file("pxelinux.0");
  ReplyWriter writer(out, header, 548, {});
  writer.set_overload(ReplyWriter::Overload::Allowed);
  while (writer.option(200, Bytes(20, 'v'))) {
  }
  writer.finish();
  const auto view = dhcp::MessageView::parse(out);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->overload(), 2);
  EXPECT_EQ(view->file_text(), "pxelinux.0");
}

TEST(ReplyWriter, SaysHowMuchFits) {
  Bytes out;
  ReplyWriter writer(out, {}, 548, {});
  while (writer.room() > 40) writer.option(200, Bytes(20, 'v'));
  const std::size_t room = writer.room();
  EXPECT_TRUE(writer.option(201, Bytes(room, 'w')));
  EXPECT_FALSE(writer.option(202, Bytes(1, 'x')));
}

}  // namespace
}  // namespace pxeproof::server

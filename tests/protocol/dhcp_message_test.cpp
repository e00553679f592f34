#include "protocol/dhcp/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden_packets.h"

namespace pxeproof::dhcp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// A packet with this options field behind an empty header.
Bytes packet_with(std::string_view options_hex) {
  Message message;
  message.end = false;
  Bytes packet = encode(message);
  const Bytes options = hex(options_hex);
  packet.insert(packet.end(), options.begin(), options.end());
  return packet;
}

// Writes into one of the overloadable fields of a packet.
void write_at(Bytes& packet, std::size_t offset, std::string_view octets_hex) {
  const Bytes octets = hex(octets_hex);
  std::ranges::copy(octets, packet.begin() + static_cast<std::ptrdiff_t>(offset));
}
constexpr std::size_t kSname = 44;
constexpr std::size_t kFile = 108;

std::vector<int> codes(const MessageView& view) {
  std::vector<int> result;
  view.each_option([&](const OptionView& option) { result.push_back(option.code); });
  return result;
}

TEST(MessageView, ReadsEveryFieldOfARealAck) {
  const Bytes& packet = golden::find(golden::dhcp_messages(), "boot server ack");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->op(), kBootReply);
  EXPECT_EQ(view->htype(), 1);
  EXPECT_EQ(view->hlen(), 6);
  EXPECT_EQ(view->xid(), 0U);
  EXPECT_EQ(view->secs(), 4);
  EXPECT_EQ(view->yiaddr(), Ipv4Address::of(192, 168, 178, 157));
  EXPECT_EQ(view->siaddr(), Ipv4Address::of(192, 168, 178, 2));
  EXPECT_EQ(to_string(view->mac()), "52:54:00:12:34:56");
  EXPECT_EQ(view->type(), MessageType::Ack);
  EXPECT_EQ(view->address(OptionCode::ServerIdentifier), Ipv4Address::of(192, 168, 178, 2));
  EXPECT_EQ(view->text(OptionCode::VendorClass), "PXEClient");
  EXPECT_EQ(view->file_text(), "pxelinux.0");
  EXPECT_EQ(view->boot_file(), "pxelinux.0");
  EXPECT_EQ(view->sname_text(), "");
  EXPECT_TRUE(view->has_end());
  EXPECT_EQ(view->overload(), 0);
  const Header header = view->header();
  EXPECT_EQ(header.yiaddr, view->yiaddr());
  EXPECT_EQ(header.flags, view->flags());
  EXPECT_EQ(header.mac(), view->mac());
  EXPECT_EQ(header.file_text(), "pxelinux.0");
}

TEST(MessageView, ReadsTheOptionsOfARomInOrder) {
  const auto view = MessageView::parse(golden::find(golden::dhcp_messages(), "ipxe-bios request"));
  ASSERT_TRUE(view);
  EXPECT_THAT(codes(*view), ElementsAre(53, 57, 93, 94, 60, 77, 55, 175, 61, 97, 54, 50));
  EXPECT_EQ(view->type(), MessageType::Request);
  EXPECT_EQ(view->number16(OptionCode::MaximumMessageSize), 1472);
  EXPECT_EQ(view->number32(OptionCode::MaximumMessageSize), std::nullopt);
}

TEST(MessageView, RefusesWhatIsTooShort) {
  EXPECT_EQ(MessageView::parse({}).error(), (DecodeError{Fault::TooShort, 0}));
  EXPECT_EQ(MessageView::parse(Bytes(239)).error(), (DecodeError{Fault::TooShort, 239}));
}

TEST(MessageView, RefusesAnotherCookie) {
  Bytes packet = packet_with("ff");
  packet[239] ^= 1;
  EXPECT_EQ(MessageView::parse(packet).error(), (DecodeError{Fault::BadCookie, 236}));
}

TEST(MessageView, RefusesAnOptionThatIsCut) {
  EXPECT_EQ(MessageView::parse(packet_with("350101 3c05aabb")).error(),
            (DecodeError{Fault::OptionTruncated, 243}));
  EXPECT_EQ(MessageView::parse(packet_with("350101 00 3c")).error(),
            (DecodeError{Fault::OptionTruncated, 244}));
}

TEST(MessageView, ToleratesAMissingEnd) {
  const Bytes packet = packet_with("350101");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_FALSE(view->has_end());
  EXPECT_EQ(view->type(), MessageType::Discover);
}

TEST(MessageView, SkipsPadsAndStopsAtEnd) {
  const Bytes packet = packet_with("0000 350101 00 3c00 ff 0c0141 ffff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->has_end());
  EXPECT_THAT(codes(*view), ElementsAre(53, 60));
}

// What stands behind END is not looked at, so it cannot be malformed either.
TEST(MessageView, IgnoresJunkBehindEnd) {
  EXPECT_TRUE(MessageView::parse(packet_with("350101ff 3cff")));
}

TEST(MessageView, ShowsDuplicatesInOrder) {
  const Bytes packet = packet_with("3c0141 0c0158 3c0142 ff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_THAT(codes(*view), ElementsAre(60, 12, 60));
  EXPECT_EQ(view->text(OptionCode::VendorClass), "A");
  EXPECT_EQ(as_text(*view->joined(OptionCode::VendorClass)), "AB");  // RFC 3396 s.7
  EXPECT_EQ(view->joined(OptionCode::UserClass), std::nullopt);
}

TEST(MessageView, TellsEmptyFromAbsent) {
  const Bytes packet = packet_with("3c00 ff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->has(OptionCode::VendorClass));
  EXPECT_THAT(*view->first(OptionCode::VendorClass), IsEmpty());
  EXPECT_EQ(view->joined(OptionCode::VendorClass), Bytes{});
  EXPECT_FALSE(view->has(OptionCode::UserClass));
}

TEST(MessageView, ReadsTextsWithAndWithoutNul) {
  const Bytes packet = packet_with("4304 61626300 4203 616263 ff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->text(OptionCode::BootFileName), "abc");
  EXPECT_EQ(view->text(OptionCode::TftpServerName), "abc");
}

TEST(MessageView, ReadsNumbersOfTheirExactSizeOnly) {
  const Bytes packet = packet_with("3903 05c000 3604c0a8b201 3203c0a8b2 ff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->number16(OptionCode::MaximumMessageSize), std::nullopt);
  EXPECT_EQ(view->address(OptionCode::ServerIdentifier), Ipv4Address::of(192, 168, 178, 1));
  EXPECT_EQ(view->address(OptionCode::RequestedAddress), std::nullopt);
}

// Conformance case MAL-05.
TEST(MessageView, ReadsTheTypeFromTheFirstOctet) {
  EXPECT_EQ(MessageView::parse(packet_with("35020105ff"))->type(), MessageType::Discover);
  EXPECT_EQ(MessageView::parse(packet_with("350101 350108 ff"))->type(), MessageType::Discover);
  EXPECT_EQ(MessageView::parse(packet_with("3500ff"))->type(), std::nullopt);
  EXPECT_EQ(MessageView::parse(packet_with("350100ff"))->type(), std::nullopt);
  EXPECT_EQ(MessageView::parse(packet_with("350109ff"))->type(), std::nullopt);
  EXPECT_EQ(MessageView::parse(packet_with("ff"))->type(), std::nullopt);
}

// Conformance case MAL-06: options may stand in file (52=1), sname (2) or both (3).
TEST(MessageView, FindsOverloadedOptionsInTheirOrder) {
  for (const int overload : {1, 2, 3}) {
    Bytes packet = packet_with("350101 3401" + to_hex(Bytes{std::uint8_t(overload)}) + "ff");
    write_at(packet, kFile, "3c0146 ff");
    write_at(packet, kSname, "3c0153 5d020007 ff");

    const auto view = MessageView::parse(packet);

    ASSERT_TRUE(view) << overload;
    EXPECT_EQ(view->overload(), overload);
    const std::string expected = overload == 1 ? "F" : overload == 2 ? "S" : "FS";
    EXPECT_EQ(as_text(*view->joined(OptionCode::VendorClass)), expected);
    EXPECT_EQ(view->has(OptionCode::ClientArchitecture), overload != 1);
    EXPECT_EQ(view->file_text(), overload == 2 ? "<\x01"
                                                 "F\xff"
                                               : "");
    EXPECT_EQ(view->sname_text(), overload == 1 ? "<\x01S]\x02" : "");
  }
}

TEST(MessageView, SaysWhereAnOverloadedOptionStood) {
  Bytes packet = packet_with("340103ff");
  write_at(packet, kFile, "3c0146ff");
  write_at(packet, kSname, "00 3c0153 ff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  std::vector<std::pair<OptionField, std::size_t>> places;
  view->each_option(
      [&](const OptionView& option) { places.emplace_back(option.field, option.offset); });
  EXPECT_THAT(places, ElementsAre(std::pair(OptionField::Options, 240U),
                                  std::pair(OptionField::File, kFile),
                                  std::pair(OptionField::Sname, kSname + 1)));
}

TEST(MessageView, IgnoresAnIllegalOverload) {
  for (const char* overload : {"340100ff", "340104ff", "3401ffff", "3400ff", "34020101ff"}) {
    Bytes packet = packet_with(overload);
    write_at(packet, kFile, "3cff");  // would be malformed as options
    const auto view = MessageView::parse(packet);
    ASSERT_TRUE(view) << overload;
    EXPECT_EQ(view->overload(), 0) << overload;
    EXPECT_EQ(view->file_text(), "<\xff") << overload;
  }
}

// RFC 2132 s.9.3: an overload inside file or sname means nothing, or the walk might never end.
TEST(MessageView, IgnoresAnOverloadInsideAnOverloadedField) {
  Bytes packet = packet_with("340101ff");
  write_at(packet, kFile, "340103ff");
  write_at(packet, kSname, "3cff");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->overload(), 1);
  EXPECT_THAT(codes(*view), ElementsAre(52, 52));
}

TEST(MessageView, RefusesAnOverloadedOptionThatLeavesItsField) {
  Bytes packet = packet_with("340101ff");
  write_at(packet, kFile, "3c7f");
  EXPECT_EQ(MessageView::parse(packet).error(), (DecodeError{Fault::OptionTruncated, kFile}));

  packet = packet_with("340102ff");
  write_at(packet, kSname, "00 3c3e");
  EXPECT_EQ(MessageView::parse(packet).error(), (DecodeError{Fault::OptionTruncated, kSname + 1}));
}

TEST(MessageView, ToleratesAMissingEndInAnOverloadedField) {
  Bytes packet = packet_with("340101ff");
  write_at(packet, kFile, "3c7e");
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->first(OptionCode::VendorClass)->size(), 126U);
}

TEST(MessageView, PrefersTheBootFileOption) {
  Bytes packet = packet_with("430161ff");
  write_at(packet, kFile, "62");
  EXPECT_EQ(MessageView::parse(packet)->boot_file(), "a");
  packet = packet_with("4300ff");
  write_at(packet, kFile, "62");
  EXPECT_EQ(MessageView::parse(packet)->boot_file(), "b");
}

TEST(Header, WritesTextsThatFitWithTheirNul) {
  Header header;
  EXPECT_TRUE(header.set_file(std::string(127, 'x')));
  EXPECT_FALSE(header.set_file(std::string(128, 'y')));
  EXPECT_EQ(header.file_text(), std::string(127, 'x'));
  EXPECT_TRUE(header.set_file("short"));
  EXPECT_EQ(header.file_text(), "short");
  EXPECT_EQ(header.file[6], 0);
  EXPECT_TRUE(header.set_sname(std::string(63, 's')));
  EXPECT_FALSE(header.set_sname(std::string(64, 's')));
}

// The text was wiped before it was copied when it lay in the field itself.
TEST(Header, MayWriteATextOfItsOwn) {
  Header header;
  header.set_file("/pxelinux.0");
  EXPECT_TRUE(header.set_file(header.file_text().substr(1)));
  EXPECT_EQ(header.file_text(), "pxelinux.0");
}

TEST(Header, ReadsATextWithoutNul) {
  Header header;
  header.sname.fill('x');
  EXPECT_EQ(header.sname_text(), std::string(64, 'x'));
}

TEST(Message, KeepsPadsDuplicatesAndWhatFollowsEnd) {
  const Bytes packet = packet_with("00 350101 3c0141 00 3c0142 3c00 ff 00 3cff");
  const auto message = decode(packet);
  ASSERT_TRUE(message);
  EXPECT_THAT(message->options, ElementsAre(Option{0, {}}, Option{53, {1}}, Option{60, {'A'}},
                                            Option{0, {}}, Option{60, {'B'}}, Option{60, {}}));
  EXPECT_TRUE(message->end);
  EXPECT_EQ(message->after_end, hex("003cff"));
  EXPECT_EQ(encode(*message), packet);
}

TEST(Message, SplitsLongOptions) {
  Message message;
  const Bytes value(600, 'x');
  message.add(OptionCode::VendorSpecific, value);

  const Bytes packet = encode(message);

  EXPECT_EQ(packet.size(), kOptionsOffset + 2 + 255 + 2 + 255 + 2 + 90 + 1);
  const auto view = MessageView::parse(packet);
  ASSERT_TRUE(view);
  EXPECT_THAT(codes(*view), ElementsAre(43, 43, 43));
  EXPECT_EQ(view->joined(OptionCode::VendorSpecific), value);
}

TEST(Message, DoesNotSplitWhatJustFits) {
  Message message;
  message.add(OptionCode::VendorSpecific, Bytes(255, 'x'));
  message.add(OptionCode::VendorSpecific, Bytes{});
  EXPECT_EQ(encode(message).size(), kOptionsOffset + 257 + 2 + 1);
}

TEST(Message, PadsToTheMinimumSize) {
  Message message;
  message.add_type(MessageType::Discover);
  Bytes out{1, 2, 3};
  encode_into(message, kMinimumMessage, out);
  EXPECT_EQ(out.size(), kMinimumMessage);
  EXPECT_EQ(out[243], 255);
  encode_into(message, 10, out);
  EXPECT_EQ(out, encode(message));
}

TEST(Message, FindsAndRemovesOptions) {
  Message message;
  message.add_text(OptionCode::VendorClass, "PXEClient");
  message.add_u16(OptionCode::MaximumMessageSize, 1472);
  message.add_u32(OptionCode::LeaseTime, 3600);
  message.add_address(OptionCode::ServerIdentifier, Ipv4Address::of(10, 0, 0, 1));
  message.add_text(OptionCode::VendorClass, "again");
  ASSERT_NE(message.find(OptionCode::VendorClass), nullptr);
  EXPECT_EQ(as_text(message.find(OptionCode::VendorClass)->value), "PXEClient");
  message.remove(OptionCode::VendorClass);
  EXPECT_EQ(message.find(OptionCode::VendorClass), nullptr);
  EXPECT_EQ(to_hex(ByteView(encode(message)).subspan(kOptionsOffset)),
            "390205c0330400000e1036040a000001ff");
}

}  // namespace
}  // namespace pxeproof::dhcp

#include "protocol/tftp/packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden_packets.h"
#include "tests/support/mutation.h"

namespace pxeproof::tftp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Bytes octets(std::string_view text) { return {text.begin(), text.end()}; }

// A packet written as text with its NULs: octets of a literal without the last NUL.
template <std::size_t Size>
Bytes literal(const char (&text)[Size]) {
  return octets(std::string_view(text, Size - 1));
}

template <typename Kind>
Kind read(const Bytes& packet) {
  const auto decoded = decode(packet);
  EXPECT_TRUE(decoded) << to_hex(packet);
  EXPECT_TRUE(std::holds_alternative<Kind>(*decoded)) << to_hex(packet);
  return std::get<Kind>(*decoded);
}

TEST(TftpPacket, ReadsTheRequestsOfRealRoms) {
  EXPECT_EQ(
      read<Request>(golden::find(golden::tftp_packets(), "ipxe-bios rrq")),
      (Request{Opcode::Rrq, "pxelinux.0", "octet", {{"blksize", "1432"}, {"tsize", "0"}}, {}}));
  EXPECT_EQ(read<Request>(golden::find(golden::tftp_packets(), "edk2-x64 rrq")),
            (Request{Opcode::Rrq,
                     "memtest/memtest86+x64.efi",
                     "octet",
                     {{"tsize", "0"}, {"blksize", "1468"}, {"windowsize", "4"}},
                     {}}));
}

TEST(TftpPacket, ReadsTheAnswersOfARealServer) {
  EXPECT_THAT(read<Oack>(golden::find(golden::tftp_packets(), "oack")).options,
              ElementsAre(Option{"blksize", "1432"}, Option{"tsize", "42430"}));
  const auto error = read<Error>(golden::find(golden::tftp_packets(), "error 1"));
  EXPECT_EQ(error.code, 1);
  EXPECT_TRUE(error.terminated);
  EXPECT_THAT(error.text, testing::HasSubstr("not found for 192.168.178.157"));
}

TEST(TftpPacket, DataMayBeEmptyOrLong) {
  EXPECT_THAT(read<Data>(literal("\0\3\0\1")).payload, IsEmpty());
  Bytes packet = literal("\0\3\xff\xff");
  packet.resize(kDataHeaderSize + 65464, 'x');
  const Data data = read<Data>(packet);
  EXPECT_EQ(data.block, 0xffff);
  EXPECT_EQ(data.payload.size(), 65464U);
  EXPECT_EQ(data.payload.data(), packet.data() + kDataHeaderSize);
}

TEST(TftpPacket, AckShowsWhatShouldNotBeThere) {
  EXPECT_EQ(read<Ack>(literal("\0\4\1\2")), (Ack{0x0102, {}}));
  EXPECT_EQ(read<Ack>(literal("\0\4\0\0\0")), (Ack{0, {0}}));
}

TEST(TftpPacket, ErrorsNeedNoNulAndNoKnownCode) {
  EXPECT_EQ(read<Error>(literal("\0\5\0\1no\0")), (Error{1, "no", true, {}}));
  EXPECT_EQ(read<Error>(literal("\0\5\0\1no")), (Error{1, "no", false, {}}));
  EXPECT_EQ(read<Error>(literal("\0\5\1\1")), (Error{257, "", false, {}}));
  EXPECT_EQ(read<Error>(literal("\0\5\0\10\0xy")), (Error{8, "", true, octets("xy")}));
}

TEST(TftpPacket, RequestsNeedNameAndMode) {
  EXPECT_EQ(decode(literal("\0\1")).error(), (DecodeError{Fault::UnterminatedName, 2}));
  EXPECT_EQ(decode(literal("\0\1file")).error(), (DecodeError{Fault::UnterminatedName, 2}));
  EXPECT_EQ(decode(literal("\0\1file\0")).error(), (DecodeError{Fault::UnterminatedMode, 7}));
  EXPECT_EQ(decode(literal("\0\2file\0octet")).error(), (DecodeError{Fault::UnterminatedMode, 7}));
  // An empty name is well formed; whether it names a file is the server's to say.
  EXPECT_EQ(read<Request>(literal("\0\1\0octet\0")), (Request{Opcode::Rrq, "", "octet", {}, {}}));
}

TEST(TftpPacket, OptionsThatAreCutStayInTheTrailer) {
  const auto request =
      read<Request>(literal("\0\1f\0octet\0blksize\0"
                            "1432\0tsize\0"
                            "0"));
  EXPECT_THAT(request.options, ElementsAre(Option{"blksize", "1432"}));
  EXPECT_EQ(request.trailer, literal("tsize\0"
                                     "0"));
}

TEST(TftpPacket, PaddingBehindTheOptionsStaysInTheTrailer) {
  const auto request =
      read<Request>(literal("\0\1f\0octet\0tsize\0"
                            "0\0\0\0\0"));
  EXPECT_THAT(request.options, ElementsAre(Option{"tsize", "0"}));
  EXPECT_EQ(request.trailer, Bytes(3));
}

TEST(TftpPacket, OptionValuesMayBeEmptyAndNamesMayRepeat) {
  EXPECT_THAT(read<Request>(literal("\0\1f\0octet\0multicast\0\0a\0"
                                    "1\0a\0"
                                    "2\0"))
                  .options,
              ElementsAre(Option{"multicast", ""}, Option{"a", "1"}, Option{"a", "2"}));
  EXPECT_THAT(read<Oack>(literal("\0\6")).options, IsEmpty());
}

TEST(TftpPacket, RefusesForeignOpcodesAndRunts) {
  EXPECT_EQ(decode({}).error(), (DecodeError{Fault::TooShort, 0}));
  EXPECT_EQ(decode(literal("\0")).error(), (DecodeError{Fault::TooShort, 1}));
  EXPECT_EQ(decode(literal("\0\3\0")).error(), (DecodeError{Fault::TooShort, 3}));
  EXPECT_EQ(decode(literal("\0\4")).error(), (DecodeError{Fault::TooShort, 2}));
  EXPECT_EQ(decode(literal("\0\0\0\0")).error(), (DecodeError{Fault::UnknownOpcode, 0}));
  EXPECT_EQ(decode(literal("\0\7\0\0")).error(), (DecodeError{Fault::UnknownOpcode, 0}));
  EXPECT_EQ(decode(literal("\1\1f\0octet\0")).error(), (DecodeError{Fault::UnknownOpcode, 0}));
  EXPECT_EQ(peek_opcode(literal("\0")), std::nullopt);
  EXPECT_EQ(peek_opcode(literal("\1\3")), std::nullopt);
  EXPECT_EQ(peek_opcode(literal("\0\6")), Opcode::Oack);
}

TEST(TftpPacket, WritersReplaceWhatTheBufferHeld) {
  Bytes out{9, 9, 9, 9, 9, 9, 9, 9, 9};
  encode_data_header(0x0102, out);
  EXPECT_EQ(out, literal("\0\3\1\2"));
  EXPECT_TRUE(equal(encode_ack(7), literal("\0\4\0\7")));
  encode_error(ErrorCode::FileNotFound, "gone", out);
  EXPECT_EQ(out, literal("\0\5\0\1gone\0"));
  encode_oack({{"blksize", "1432"}, {"tsize", "7"}}, out);
  EXPECT_EQ(out, literal("\0\6blksize\0"
                         "1432\0tsize\0"
                         "7\0"));
}

TEST(TftpPacket, WordsCompareWithoutCase) {
  EXPECT_TRUE(same_word("BlkSize", "blksize"));
  EXPECT_TRUE(same_word("", ""));
  EXPECT_FALSE(same_word("blksize", "blksize2"));
  EXPECT_FALSE(same_word("[", "{"));  // differ by the case bit, but are no letters
}

// Octets that a packet takes in memory.
struct Footprint {
  std::size_t operator()(const Request& request) const {
    return request.filename.size() + request.mode.size() + of(request.options) +
           request.trailer.size();
  }
  std::size_t operator()(const Data&) const { return 0; }
  std::size_t operator()(const Ack& ack) const { return ack.trailer.size(); }
  std::size_t operator()(const Error& error) const {
    return error.text.size() + error.trailer.size();
  }
  std::size_t operator()(const Oack& oack) const { return of(oack.options) + oack.trailer.size(); }
  static std::size_t of(const std::vector<Option>& options) {
    std::size_t size = options.size() * sizeof(Option);
    for (const Option& option : options) size += option.name.size() + option.value.size();
    return size;
  }
};

void check(const Bytes& packet) {
  const auto decoded = decode(packet);
  if (!decoded) {
    ASSERT_LE(decoded.error().offset, packet.size());
    return;
  }
  ASSERT_EQ(encode(*decoded), packet);
  // An option takes three octets of the packet at least.
  ASSERT_LE(std::visit(Footprint{}, *decoded), packet.size() + packet.size() / 3 * sizeof(Option));
}

TEST(TftpProperty, RealPacketsSurviveWholeAndCut) {
  for (const golden::Packet& packet : golden::tftp_packets()) {
    ASSERT_TRUE(decode(packet.octets)) << packet.name;
    for (std::size_t size = 0; size <= packet.octets.size(); ++size) {
      const ByteView part = ByteView(packet.octets).first(size);
      ASSERT_NO_FATAL_FAILURE(check(Bytes(part.begin(), part.end())))
          << packet.name << " cut to " << size;
    }
  }
}

TEST(TftpProperty, MutationsNeitherCrashNorGrow) {
  for (const golden::Packet& packet : golden::tftp_packets()) {
    for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
      Random random(seed);
      const Bytes mutant = mutate(packet.octets, random);
      ASSERT_NO_FATAL_FAILURE(check(mutant)) << describe(packet.name, seed, mutant);
    }
  }
}

TEST(TftpProperty, AFullDatagramOfTinyOptionsStaysBounded) {
  Bytes packet = literal("\0\1f\0octet\0");
  while (packet.size() + 3 <= 65507) packet.insert(packet.end(), {'a', 0, 0});
  ASSERT_NO_FATAL_FAILURE(check(packet));
}

}  // namespace
}  // namespace pxeproof::tftp

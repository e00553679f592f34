#include "simclient/tftp_download.h"

#include <gmock/gmock.h>

#include "simclient/file_outcome.h"
#include "simclient/rom.h"
#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint16_t kTid = 40000;
constexpr const char* kName = "dir/file";

// One download by the manners of a program, with the server's packets written by the test.
class TftpDownloadTest : public testing::Test {
 protected:
  using Read = TftpDownload::Options::Read;

  void begin(const firmware::TftpManners& manners, Read read = Read::ToEnd,
             const std::string* expected = nullptr) {
    if (expected != nullptr) tree_.emplace(std::map<std::string, std::string>{{kName, *expected}});
    manners_ = manners;
    profile_ = *firmware::builtin_profile("ipxe-bios");
    const TickClock clock({}, {});
    board_.emplace(RomBoard{.profile = profile_,
                            .mac = kMac,
                            .guid = {},
                            .architecture = 0,
                            .random = Random(1),
                            .clock = clock,
                            .ip = IpLayer(*profile_, kMac, clock, frames::ChecksumPolicy::Verify),
                            .settings = {},
                            .events = {}});
    board_->ip.configure({kClient, Ipv4Address::of(255, 255, 255, 0)}, std::nullopt);
    download_.emplace(
        manners_, clock,
        TftpDownload::Options{.name = kName,
                              .server = {kBootServer, 69},
                              .port = 2000,
                              .read = read,
                              .file = {.keep = ReceivedFile::Keep::Octets, .keep_limit = 1U << 20U},
                              .content = tree_ ? &*tree_ : nullptr});
    download_->start(now_, *board_);
    (void)board_->ip.on_frame(
        now_,
        frames::build_arp({frames::kArpReply, kBootServerMac, kBootServer, kMac, kClient}, kMac));
  }

  void as_rom(const std::string* expected = nullptr) {
    begin((*firmware::builtin_profile("ipxe-bios"))->tftp, Read::ToEnd, expected);
  }
  void as_pxelinux(Read read = Read::ToEnd) {
    begin((*firmware::builtin_program("pxelinux"))->tftp, read);
  }

  void receive(const Bytes& payload, Endpoint source = {kBootServer, kTid}) {
    download_->on_datagram(now_, *board_, {source, {kClient, 2000}, payload});
  }
  void oack(std::vector<tftp::Option> options) {
    Bytes packet;
    tftp::encode_oack(options, packet);
    receive(packet);
  }
  void data(std::uint16_t block, std::string_view payload, Endpoint source = {kBootServer, kTid}) {
    Bytes packet;
    tftp::encode_data_header(block, packet);
    const ByteView octets = as_bytes(payload);
    packet.insert(packet.end(), octets.begin(), octets.end());
    receive(packet, source);
  }
  void error(tftp::ErrorCode code) {
    Bytes packet;
    tftp::encode_error(code, "no", packet);
    receive(packet);
  }

  // What was sent since the last look: "RRQ", "ACK 3", "ERROR 8".
  std::vector<std::string> sent() {
    std::vector<std::string> result;
    Frame frame;
    while (board_->ip.poll_transmit(frame)) {
      const auto udp = frames::inspect_udp(frame);
      if (!udp) continue;
      const auto packet = tftp::decode(udp->payload);
      if (std::holds_alternative<tftp::Request>(*packet)) result.emplace_back("RRQ");
      if (const auto* const ack = std::get_if<tftp::Ack>(&*packet)) {
        result.push_back("ACK " + std::to_string(ack->block));
      }
      if (const auto* const refusal = std::get_if<tftp::Error>(&*packet)) {
        result.push_back("ERROR " + std::to_string(refusal->code));
      }
    }
    return result;
  }

  // Lets time pass until the download sends or ends; the time since the start.
  Duration expire() {
    now_ = *download_->poll_timeout();
    download_->on_timeout(now_, *board_);
    return now_ - kStart;
  }

  template <typename Ending>
  const Ending* ended() {
    return download_->ending() ? std::get_if<Ending>(&*download_->ending()) : nullptr;
  }

  const std::string block_ = std::string(1432, 'x');
  Instant now_ = kStart;
  firmware::TftpManners manners_;
  std::optional<Tree> tree_;
  std::shared_ptr<const firmware::Profile> profile_;
  std::optional<RomBoard> board_;
  std::optional<TftpDownload> download_;
};

// OVMF 2022.11 in QEMU, against `--fault "oack blksize=9999"`: ERROR 8 to the question for the
// size, as ever, and ERROR 4 to the transfer.
TEST_F(TftpDownloadTest, AQuestionForTheSizeMindsNothingElse) {
  begin((*firmware::builtin_profile("edk2-x64"))->tftp, Read::SizeOnly);
  EXPECT_THAT(sent(), ElementsAre("RRQ"));
  oack({{"tsize", "1000"}, {"blksize", "9999"}, {"windowsize", "4"}});
  EXPECT_THAT(sent(), ElementsAre("ERROR 8"));
  EXPECT_NE(ended<TftpDownload::SizeKnown>(), nullptr);
}

TEST_F(TftpDownloadTest, FetchesAFileBlockByBlock) {
  as_rom();
  EXPECT_THAT(sent(), ElementsAre("RRQ"));
  oack({{"blksize", "1432"}, {"tsize", "1440"}});
  data(1, block_);
  EXPECT_FALSE(download_->ending());
  data(2, "12345678");
  EXPECT_THAT(sent(), ElementsAre("ACK 0", "ACK 1", "ACK 2"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
  EXPECT_EQ(as_text(download_->file().kept()), block_ + "12345678");
}

TEST_F(TftpDownloadTest, AFileThatFillsItsLastBlockEndsWithAnEmptyOne) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "1432"}});
  data(1, block_);
  EXPECT_FALSE(download_->ending());
  data(2, "");
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

// Measured with a kernel of 40 blocks; a configuration of one full block is fetched to its end.
TEST_F(TftpDownloadTest, PxelinuxClosesAKernelThatFillsItsLastBlock) {
  const std::string block(1408, 'k');
  as_pxelinux(Read::ToKnownSize);
  sent();
  oack({{"tsize", "2816"}, {"blksize", "1408"}});
  data(1, block);
  EXPECT_FALSE(download_->ending());
  data(2, block);
  EXPECT_THAT(sent(), ElementsAre("ACK 0", "ACK 1", "ERROR 0"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());

  as_pxelinux(Read::ToEnd);
  sent();
  oack({{"tsize", "1408"}, {"blksize", "1408"}});
  data(1, block);
  EXPECT_FALSE(download_->ending());
  data(2, "");
  EXPECT_THAT(sent(), ElementsAre("ACK 0", "ACK 1", "ACK 2"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, TakesDataWithoutOack) {
  as_rom();
  data(1, std::string(512, 'a'));
  data(2, "end");
  EXPECT_THAT(sent(), ElementsAre("RRQ", "ACK 1", "ACK 2"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, TheRomKeepsBlocksThatComeEarly) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "2870"}});
  sent();
  data(2, block_);
  data(3, "123456");
  data(1, block_);
  EXPECT_THAT(sent(), ElementsAre("ACK 0", "ACK 0", "ACK 3"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, PxelinuxDropsThem) {
  as_pxelinux();
  oack({{"tsize", "1413"}, {"blksize", "1408"}});
  sent();
  const std::string block(1408, 'p');
  data(2, "12345");
  data(1, block);
  EXPECT_FALSE(download_->ending());
  data(2, "12345");
  EXPECT_THAT(sent(), ElementsAre("ACK 0", "ACK 1", "ACK 2"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, AcknowledgesADuplicateAgainAndCountsItOnce) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "3000"}});
  data(1, block_);
  data(1, block_);
  EXPECT_THAT(sent(), ElementsAre("RRQ", "ACK 0", "ACK 1", "ACK 1"));
  EXPECT_EQ(download_->file().size(), 1432U);
  EXPECT_EQ(download_->duplicates(), 1U);
}

// client.md 2.5: RRQ at 0, .25, .75, 1.75, 3.75, 7.75 s by the source's own count, then the end.
TEST_F(TftpDownloadTest, TheRomAsksSixTimes) {
  as_rom();
  std::vector<Duration> times;
  while (!download_->ending()) times.push_back(expire());
  EXPECT_THAT(times, ElementsAre(250ms, 750ms, 1750ms, 3750ms, 7750ms, 15750ms));
  EXPECT_THAT(sent(), ElementsAre("RRQ", "RRQ", "RRQ", "RRQ", "RRQ", "RRQ"));
  EXPECT_EQ(ended<TftpDownload::Silent>()->during, TftpDownload::Silent::During::Opening);
}

TEST_F(TftpDownloadTest, PxelinuxAsksThirtyOneTimes) {
  as_pxelinux();
  sent();
  while (!download_->ending()) expire();
  EXPECT_EQ(sent().size(), 30U);
  EXPECT_NEAR(to_seconds(now_ - kStart), 131, 1);  // client.md 5.1: "about 130 s in all"
}

TEST_F(TftpDownloadTest, RepeatsTheLastAckWhileDataIsMissing) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "3000"}});
  data(1, block_);
  sent();
  expire();
  expire();
  EXPECT_THAT(sent(), ElementsAre("ACK 1", "ACK 1"));
  EXPECT_EQ(download_->asked_again(), 2U);
}

TEST_F(TftpDownloadTest, SilenceInTheMiddleIsItsOwnEnding) {
  as_pxelinux();
  oack({{"tsize", "3000"}, {"blksize", "1408"}});
  while (!download_->ending()) expire();
  EXPECT_EQ(ended<TftpDownload::Silent>()->during, TftpDownload::Silent::During::Transfer);
}

TEST_F(TftpDownloadTest, IgnoresPacketsFromElsewhere) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "3000"}});
  sent();
  data(1, "stray", {kBootServer, kTid + 1});
  data(1, "stray", {kAddressServer, kTid});
  EXPECT_THAT(sent(), IsEmpty());
  EXPECT_EQ(download_->file().size(), 0U);
}

TEST_F(TftpDownloadTest, PxelinuxTakesTheFirstReplyFromItsServerOnlyAndLaterFromAnyone) {
  as_pxelinux();
  data(1, "stray", {kAddressServer, kTid});
  EXPECT_FALSE(download_->ending());
  oack({{"tsize", "3"}, {"blksize", "1408"}});
  data(1, "abc", {kAddressServer, 1});
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, AnErrorEndsItAtOnce) {
  as_rom();
  error(tftp::ErrorCode::FileNotFound);
  ASSERT_TRUE(ended<TftpDownload::ServerError>());
  EXPECT_EQ(ended<TftpDownload::ServerError>()->code, 1);
}

TEST_F(TftpDownloadTest, PxelinuxPassesOverAnErrorInTheMiddle) {
  as_pxelinux();
  oack({{"tsize", "3"}, {"blksize", "1408"}});
  error(tftp::ErrorCode::NotDefined);
  EXPECT_FALSE(download_->ending());
  data(1, "abc");
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, TheRomTakesOptionsItDidNotAskForAndLargerBlocks) {
  as_rom();
  oack({{"windowsize", "4"}, {"blksize", "2000"}, {"tsize", "1500"}});
  data(1, std::string(1500, 'y'));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, PxelinuxRefusesThem) {
  for (const std::vector<tftp::Option>& options : {std::vector<tftp::Option>{{"windowsize", "4"}},
                                                   {{"blksize", "32"}},
                                                   {{"blksize", "4096"}},
                                                   {{"tsize", "12x"}}}) {
    as_pxelinux();
    sent();
    oack(options);
    EXPECT_TRUE(ended<TftpDownload::Unusable>());
    EXPECT_THAT(sent(), ElementsAre("ERROR 8"));
  }
}

TEST_F(TftpDownloadTest, AnEmptyFileIsNoFileForPxelinux) {
  as_pxelinux();
  oack({{"tsize", "0"}});
  EXPECT_TRUE(ended<TftpDownload::Missing>());
}

TEST_F(TftpDownloadTest, TheRomAnswersTheOnlyDataOfAnEmptyFileWithAckZero) {
  as_rom();
  oack({{"tsize", "0"}, {"blksize", "1432"}});
  data(1, "");
  EXPECT_THAT(sent(), ElementsAre("RRQ", "ACK 0", "ACK 0"));
  EXPECT_TRUE(ended<TftpDownload::Complete>());
}

TEST_F(TftpDownloadTest, OverlongDataEndsTheRomsTransfer) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "3000"}});
  data(1, block_ + "!");
  ASSERT_TRUE(ended<TftpDownload::Unusable>());
  EXPECT_THAT(ended<TftpDownload::Unusable>()->reason, HasSubstr("1433 octets"));
}

TEST_F(TftpDownloadTest, AShortBlockInTheMiddleEndsNothingForTheRom) {
  as_rom();
  oack({{"blksize", "1432"}, {"tsize", "3000"}});
  data(1, "short");
  EXPECT_FALSE(download_->ending());
}

TEST_F(TftpDownloadTest, StopsAtTheFirstOctetThatDiffers) {
  const std::string expected = block_ + "tail";
  as_rom(&expected);
  oack({{"blksize", "1432"}, {"tsize", "1436"}});
  data(1, block_);
  data(2, "toil");
  ASSERT_TRUE(ended<TftpDownload::Different>());
  EXPECT_EQ(ended<TftpDownload::Different>()->offset, 1433U);
}

TEST_F(TftpDownloadTest, AFileThatEndsTooEarlyDiffers) {
  const std::string expected = "longer";
  as_rom(&expected);
  oack({{"blksize", "1432"}, {"tsize", "4"}});
  data(1, "long");
  ASSERT_TRUE(ended<TftpDownload::Different>());
  EXPECT_EQ(ended<TftpDownload::Different>()->offset, 4U);
  EXPECT_THAT(reason_of(*download_), EndsWith("it ended after 4 octets"));
}

TEST_F(TftpDownloadTest, BlockNumbersWrapToZero) {
  for (const bool rom : {true, false}) {
    if (rom) {
      as_rom();
    } else {
      as_pxelinux();
    }
    const std::size_t blocks = 66000;
    const std::string block(64, 'w');
    oack({{"blksize", "64"}, {"tsize", std::to_string(blocks * 64 + 1)}});
    for (std::size_t i = 1; i <= blocks; ++i) data(static_cast<std::uint16_t>(i), block);
    EXPECT_FALSE(download_->ending());
    data(static_cast<std::uint16_t>(blocks + 1), "!");
    EXPECT_TRUE(ended<TftpDownload::Complete>());
    EXPECT_EQ(download_->file().size(), blocks * 64 + 1);
  }
}

// Measured with blocks of 8 octets: a second DATA 65535 while block 65536 (number 0) is wanted is
// taken for one of the next lap. All blocks are acknowledged, and the transfer never ends.
TEST_F(TftpDownloadTest, ADuplicateJustBeforeTheWrapKeepsTheRomWaitingForEver) {
  const std::string expected(65600 * 8 + 3, 'w');
  as_rom(&expected);
  const std::string block(8, 'w');
  oack({{"blksize", "8"}, {"tsize", std::to_string(expected.size())}});
  for (std::size_t i = 1; i <= 65535; ++i) data(static_cast<std::uint16_t>(i), block);
  data(65535, block);
  for (std::size_t i = 65536; i <= 65600; ++i) data(static_cast<std::uint16_t>(i), block);
  data(65, "www");
  EXPECT_FALSE(download_->ending());
  EXPECT_EQ(sent().back(), "ACK 65");
  while (!download_->ending()) expire();
  EXPECT_TRUE(ended<TftpDownload::Silent>());
}

TEST_F(TftpDownloadTest, UnusableRepliesAreIgnoredByTheRomAndRefusedByPxelinux) {
  Bytes ack = tftp::encode(tftp::Ack{1, {}});
  as_rom();
  receive(ack);
  receive({0});
  EXPECT_FALSE(download_->ending());
  as_pxelinux();
  receive(ack);
  EXPECT_TRUE(ended<TftpDownload::Unusable>());
}

}  // namespace
}  // namespace pxeproof::rom

#include "live/capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcap/pcap.h>
#include <sys/socket.h>

#include <array>

#include "live/private_namespaces.h"
#include "live/socket_address.h"
#include "tests/support/test_directory.h"

namespace pxeproof::live {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

TEST(CaptureFile, WritesWhatLibpcapReadsBack) {
  const TestDirectory top;
  const std::string path = top / "boot.pcap";
  const Bytes first{1, 2, 3, 4, 5};
  const Bytes second(1514, 0xee);
  const Instant start = now();
  {
    auto file = CaptureFile::create(path);
    ASSERT_TRUE(file) << file.error().message;
    file->on_frame(start, Direction::Sent, first);
    file->on_frame(start + 1234567ns, Direction::Received, second);
    ASSERT_TRUE(file->flush());
  }
  std::array<char, PCAP_ERRBUF_SIZE> words{};
  pcap_t* reader = pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                           words.data());
  ASSERT_NE(reader, nullptr) << words.data();
  pcap_pkthdr* header = nullptr;
  const u_char* octets = nullptr;
  ASSERT_EQ(pcap_next_ex(reader, &header, &octets), 1);
  EXPECT_TRUE(equal({octets, header->caplen}, first));
  const auto time = header->ts.tv_sec * 1'000'000'000 + header->ts.tv_usec;
  ASSERT_EQ(pcap_next_ex(reader, &header, &octets), 1);
  EXPECT_TRUE(equal({octets, header->caplen}, second));
  EXPECT_EQ(header->ts.tv_sec * 1'000'000'000 + header->ts.tv_usec - time, 1234567);
  pcap_close(reader);
}

TEST(CaptureFile, SaysWhereItCannotBeWritten) {
  auto file = CaptureFile::create("/no/such/directory/boot.pcap");
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error().message, HasSubstr("/no/such/directory/boot.pcap: No such file"));
}

class Payloads : public FrameObserver {
 public:
  void on_frame(Instant when, Direction, ByteView frame) override {
    seen.push_back(as_text(frame.last(4)));
    last = when;
  }
  std::vector<std::string> seen;
  Instant last;
};

// libpcap refuses "vlan" on the cooked packets of "any"; `record --interface any` never began.
TEST(LiveCapture, AsksForTagsOnlyWhereTheLinkHasThem) {
  auto ended = run_in_private_namespaces([] {
    Payloads payloads;
    const std::string tagged = "udp or (vlan and udp)";
    EXPECT_FALSE(LiveCapture::open({.interface = "any", .filter = tagged}, payloads));
    for (const std::string interface : {"any", "lo"}) {
      auto capture = LiveCapture::open(
          {.interface = interface, .filter = "udp", .ethernet_filter = tagged}, payloads);
      EXPECT_TRUE(capture) << interface << ": " << (capture ? "" : capture.error().message);
    }
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  if (!ended && ended.error().is_permission()) {
    GTEST_SKIP() << ended.error().message;
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success());
}

TEST(LiveCapture, ShowsWhatMatchesItsFilter) {
  auto ended = run_in_private_namespaces([] {
    Payloads payloads;
    auto capture = LiveCapture::open({.interface = "lo", .filter = "udp dst port 69"}, payloads);
    auto wrong = LiveCapture::open({.interface = "lo", .filter = "udp port port"}, payloads);
    EXPECT_FALSE(wrong);
    auto loop = EventLoop::create();
    EXPECT_TRUE(capture && loop && loop->add(*capture));
    const Instant before = now();
    const FileDescriptor sender(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    for (const std::uint16_t port : {std::uint16_t{70}, std::uint16_t{69}}) {
      const sockaddr_in to = to_kernel(Endpoint{Ipv4Address::of(127, 0, 0, 1), port});
      const std::string text = "to" + std::to_string(port);
      sendto(sender.number(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&to),
             sizeof to);
    }
    auto end = loop->run([&] { return !payloads.seen.empty(); }, now() + 5s);
    EXPECT_TRUE(end);
    EXPECT_THAT(payloads.seen, ElementsAre("to69"));
    EXPECT_GE(payloads.last, before - 100ms);
    EXPECT_LE(payloads.last, now() + 100ms);
    EXPECT_EQ(capture->link_type(), DLT_EN10MB);
    return ::testing::Test::HasFailure() ? 1 : 0;
  });
  if (!ended && ended.error().is_permission()) {
    GTEST_SKIP() << ended.error().message;
  }
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_TRUE(ended->is_success());
}

}  // namespace
}  // namespace pxeproof::live

#include "simclient/rom.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "tests/simclient/rom_bench.h"

namespace pxeproof::rom {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Script with_files() {
  Script script;
  script.files["ldlinux.c32"] = std::string(5000, 'l');
  script.files["pxelinux.cfg/default"] = "default memtest\n";
  script.files["/memtest"] = std::string(14432, 'm');
  return script;
}

Fetch fetch(std::string name, Fetch::Use use) {
  return {.name = std::move(name), .server = kBootServer, .fetcher = Fetcher::Program, .use = use};
}

RomOptions with_stage() {
  RomOptions options = ipxe_options();
  options.make_stage = [](const StageInput& input) {
    EXPECT_EQ(input.image, firmware::BootImage::Pxelinux);
    EXPECT_EQ(input.boot_file, "pxelinux.0");
    EXPECT_EQ(input.server, kBootServer);
    EXPECT_EQ(input.subnet.address, kClient);
    return make_scripted_stage({fetch("ldlinux.c32", Fetch::Use::Library),
                                fetch("pxelinux.cfg/default", Fetch::Use::Text),
                                fetch("/memtest", Fetch::Use::Image)});
  };
  return options;
}

TEST(Rom, BootsToTheLastOctetOfTheLastFile) {
  const Script script = with_files();
  const Tree tree(script.files);
  RomOptions options = with_stage();
  options.expected = &tree;
  RomBench bench(std::move(options), script);
  bench.run();
  ASSERT_NE(bench.rom().booted(), nullptr);
  EXPECT_EQ(bench.rom().booted()->reached, Phase::Payload);
  EXPECT_EQ(bench.rom().booted()->image, "/memtest");
  EXPECT_EQ(bench.rom().booted()->command_line, "default memtest\n");  // the text reached the stage
  const auto files = bench.events_of<FileDone>();
  ASSERT_THAT(files, SizeIs(4));
  for (const FileDone& file : files) {
    EXPECT_EQ(file.verdict, FileDone::Verdict::Equal);
    EXPECT_EQ(file.octets, script.files.at(file.name).size());
  }
}

TEST(Rom, AnUnknownProgramIsSimplyStarted) {
  Script script;
  script.files["pxelinux.0"] = std::string(3000, 'g');
  RomBench bench(ipxe_options(), script);
  bench.run();
  ASSERT_NE(bench.rom().booted(), nullptr);
  EXPECT_EQ(bench.rom().booted()->image, "pxelinux.0");
}

TEST(Rom, GoesAsFarAsItIsTold) {
  struct Case {
    Phase until;
    std::size_t discovers_only;
  };
  for (const Phase until : {Phase::Offer, Phase::BootServer, Phase::Nbp, Phase::Config}) {
    RomOptions options = with_stage();
    options.until = until;
    RomBench bench(std::move(options), with_files());
    bench.run();
    ASSERT_NE(bench.rom().booted(), nullptr) << to_string(until);
    EXPECT_EQ(bench.rom().booted()->reached, until);
    EXPECT_EQ(bench.events_of<RequestSent>().empty(), until == Phase::Offer);
    EXPECT_EQ(bench.events_of<FileBegun>().size(), until == Phase::Offer        ? 0U
                                                   : until == Phase::BootServer ? 0U
                                                   : until == Phase::Nbp        ? 1U
                                                                                : 3U);
  }
}

TEST(Rom, AProgramFailsBeforeItsConfigurationOrInThePayload) {
  const Script script = with_files();
  const Tree tree(script.files);
  for (const auto& [broken, phase] :
       std::map<std::string, Phase>{{"ldlinux.c32", Phase::Config}, {"/memtest", Phase::Payload}}) {
    Script altered = script;
    std::ranges::fill(altered.files.at(broken), 'x');
    RomOptions options = with_stage();
    options.expected = &tree;
    RomBench bench(std::move(options), altered);
    bench.run();
    ASSERT_NE(bench.rom().failed(), nullptr) << broken;
    EXPECT_EQ(bench.rom().failed()->phase, phase) << broken;
  }
}

// Capture g: "No such file or directory (http://ipxe.org/2d12603b)", "No more network devices".
TEST(Rom, AMissingNbpEndsInTheRomsWords) {
  Script script;
  script.files.clear();
  RomBench bench(ipxe_options(), script);
  bench.run();
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_EQ(bench.rom().failed()->phase, Phase::Nbp);
  EXPECT_EQ(bench.rom().failed()->firmware_words,
            "No such file or directory (http://ipxe.org/2d12603b)\nNo more network devices");
  EXPECT_THAT(bench.events_of<FileMissing>(), SizeIs(1));
}

// Measured: "Could not boot image: Exec format error (http://ipxe.org/2e008001)".
TEST(Rom, AnEmptyNbpIsNoImage) {
  Script script;
  script.files["pxelinux.0"] = "";
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NotAnImage);
}

// Measured with 600,000 and 742,430 octets.
TEST(Rom, AnNbpMustFitIntoBaseMemory) {
  for (const auto& [size, boots] : std::map<std::size_t, bool>{{623616, true}, {623617, false}}) {
    Script script;
    script.files["pxelinux.0"] = std::string(size, 'n');
    RomBench bench(ipxe_options(), script);
    bench.run();
    EXPECT_EQ(bench.rom().booted() != nullptr, boots) << size;
  }
}

// Measured: nothing is printed but "No more network devices".
TEST(Rom, ABootServerThatNamesNoFileEndsTheBoot) {
  Script script;
  const auto answer = script.on_boot_server;
  script.on_boot_server = [=](const dhcp::Message& request) {
    auto reply = answer(request);
    reply->header.set_file("");
    return reply;
  };
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::NoFileFromBootServer);
  EXPECT_EQ(bench.rom().failed()->firmware_words, "No more network devices");
}

// Measured: the screen of each TFTP ERROR code.
TEST(Rom, EachErrorCodeHasItsWords) {
  const std::map<std::uint16_t, std::string> words{
      {0, "3c126003"}, {1, "2d12603b"}, {2, "0212603c"}, {3, "3c126003"}, {4, "3d126001"}};
  for (const auto& [code, url] : words) {
    Script script;
    script.tftp_answers = false;
    RomBench bench(ipxe_options(), script);
    bench.start();
    while (bench.events_of<FileBegun>().empty()) bench.run_until(bench.now() + 100us);
    const auto request = frames::inspect_udp(bench.sent().back().frame);
    Bytes error;
    tftp::encode_error(static_cast<tftp::ErrorCode>(code), "no", error);
    bench.deliver_udp(kBootServerMac, {kBootServer, 40000}, request->source, error);
    ASSERT_NE(bench.rom().failed(), nullptr);
    EXPECT_THAT(bench.rom().failed()->firmware_words, HasSubstr(url)) << code;
  }
}

TEST(Rom, ASilentTftpServerEndsInATimeout) {
  Script script;
  script.tftp_answers = false;
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::FileTimeout);
  EXPECT_NEAR(to_seconds(bench.now() - kStart), 16, 0.3);
}

TEST(Rom, AServerThatDoesNotAnswerArpIsSilentToo) {
  Script script;
  script.boot_server_answers_arp = false;
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.rom().failed()->failure, firmware::Failure::BootServerSilent);
}

TEST(Rom, AFileThatDiffersFromTheTreeIsNoBoot) {
  Script script;
  auto files = script.files;
  files["pxelinux.0"][2000] ^= 1;
  const Tree tree(files);
  RomOptions options = ipxe_options();
  options.expected = &tree;
  RomBench bench(std::move(options), script);
  bench.run();
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_THAT(bench.rom().failed()->reason, HasSubstr("octet 2000 differs"));
}

TEST(Rom, TheStagesFailureIsTheBootsFailure) {
  Script script = with_files();
  script.files.erase("/memtest");
  RomBench bench(with_stage(), script);
  bench.run();
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_EQ(bench.rom().failed()->firmware_words, "cannot go on");
  EXPECT_EQ(bench.rom().failed()->reason, "/memtest");
}

TEST(Rom, PxelinuxHaltsWhenTheServerFallsSilentInTheMiddle) {
  Script script = with_files();
  bool mute = false;
  RomBench bench(with_stage(), script,
                 [&](std::size_t) { return mute ? Fault{.kind = Fault::Kind::Lose} : Fault{}; });
  bench.start();
  while (bench.events_of<FileSized>().size() < 2) bench.run_until(bench.now() + 100us);
  mute = true;
  bench.run_until(kStart + 200s);
  ASSERT_NE(bench.rom().failed(), nullptr);
  EXPECT_THAT(bench.rom().failed()->firmware_words, HasSubstr("Boot failed: press a key"));
}

TEST(Rom, PortsOfTheSecondStageCountUp) {
  RomBench bench(with_stage(), with_files());
  bench.run();
  std::vector<std::uint16_t> ports;
  for (const Sent& sent : bench.sent()) {
    const auto udp = frames::inspect_udp(sent.frame);
    if (udp && udp->destination.port == tftp::kPort) ports.push_back(udp->source.port);
  }
  ASSERT_THAT(ports, SizeIs(4));
  EXPECT_EQ(std::vector(ports.begin() + 1, ports.end()),
            (std::vector<std::uint16_t>{49152, 49153, 49154}));
}

TEST(Rom, FetchesATftpUri) {
  Script script;
  const auto acknowledge = script.on_request;
  script.on_request = [=](const dhcp::Message& request) {
    auto reply = acknowledge(request);
    reply->header.set_file("tftp://192.168.178.2/dir/boot.0");
    return reply;
  };
  script.on_discover_proxy = [](const dhcp::Message& request) {
    dhcp::Message reply = reply_to(request, dhcp::MessageType::Offer, kBootServer);
    reply.header.siaddr = kBootServer;
    reply.header.set_file("proxy.0");
    reply.add_text(dhcp::OptionCode::VendorClass, "PXEClient");
    return reply;
  };
  script.files["dir/boot.0"] = "nbp";
  RomBench bench(ipxe_options(), script);
  bench.run();
  EXPECT_EQ(bench.events_of<FileBegun>().front().name, "dir/boot.0");
  EXPECT_TRUE(bench.rom().booted());
}

// Capture e: ARP requests that come while pxelinux waits at its prompt are answered with its next
// file, and none after the end.
TEST(Rom, AnswersArpOnlyWhenTheProgramLooksAtTheCard) {
  class Prompt final : public BootStage {
   public:
    std::string_view program() const override { return "pxelinux"; }
    void start(Instant now) override { deadline_ = now + 5s; }
    void on_fetched(Instant, const Fetched&) override { ending_ = Started{"kernel", ""}; }
    void on_timeout(Instant) override { deadline_.reset(); }
    std::optional<Fetch> poll_fetch() override {
      if (deadline_ || asked_) return std::nullopt;
      asked_ = true;
      return fetch("/memtest", Fetch::Use::Image);
    }
    std::optional<Instant> poll_timeout() const override { return deadline_; }
    const std::optional<Ending>& ending() const override { return ending_; }
    std::optional<std::string> poll_note() override { return std::nullopt; }

   private:
    std::optional<Instant> deadline_;
    bool asked_ = false;
    std::optional<Ending> ending_;
  };
  RomOptions options = ipxe_options();
  options.make_stage = [](const StageInput&) { return std::make_unique<Prompt>(); };
  RomBench bench(std::move(options), with_files());
  bench.start();
  bench.run_until(kStart + 1s);
  const Frame question =
      frames::build_arp({frames::kArpRequest, kBootServerMac, kBootServer, {}, kClient}, kMac);
  const std::size_t before = bench.sent().size();
  for (int i = 0; i < 20; ++i) bench.deliver(question);
  EXPECT_THAT(bench.sent(), SizeIs(before));
  bench.run_until(kStart + 6s);
  ASSERT_NE(bench.rom().booted(), nullptr);
  EXPECT_TRUE(frames::inspect_udp(bench.sent()[before].frame).has_value());  // the RRQ
  std::size_t answers = 0;
  for (const Sent& sent : bench.sent())
    answers += frames::inspect_arp(sent.frame).has_value() &&
               frames::inspect_arp(sent.frame)->operation == frames::kArpReply;
  EXPECT_EQ(answers, 8U);  // the card's ring
  const std::size_t after = bench.sent().size();
  bench.deliver(question);
  EXPECT_THAT(bench.sent(), SizeIs(after));
}

TEST(Rom, StaysSmallWhileItWaits) { EXPECT_LT(sizeof(Rom), 4096U); }

TEST(Rom, KnowsNothingBeforeItIsPoweredOn) {
  Rom rom(ipxe_options());
  rom.on_frame(kStart, Frame(60, 0xff));
  rom.on_timeout(kStart);
  Frame frame;
  EXPECT_FALSE(rom.poll_transmit(frame));
  EXPECT_FALSE(rom.poll_timeout().has_value());
  EXPECT_FALSE(rom.poll_event().has_value());
}

TEST(Phase, HasAWordForTheCommandLine) {
  for (const Phase phase :
       {Phase::Offer, Phase::BootServer, Phase::Nbp, Phase::Config, Phase::Payload}) {
    EXPECT_EQ(parse_phase(to_string(phase)), phase);
  }
  EXPECT_FALSE(parse_phase("kernel").has_value());
}

}  // namespace
}  // namespace pxeproof::rom

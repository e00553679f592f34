#include "simclient/ipxe_stage.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "simclient/ipxe_uri.h"
#include "simclient/shim_stage.h"
#include "tests/simclient/ipxe_recordings.h"

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Files = std::map<std::string, std::string>;

struct Ran {
  std::vector<std::string> names;
  std::size_t dhcp_sessions = 0;
  std::optional<BootStage::Ending> ending;
  Duration took{};

  const BootStage::Failed& failed() const { return std::get<BootStage::Failed>(*ending); }
};

// A DHCP acknowledgement as QEMU's own server sends it.
ServerSettings settings_with(const std::string& boot_file) {
  dhcp::Message message;
  message.header.op = dhcp::kBootReply;
  message.header.siaddr = Ipv4Address::of(10, 0, 2, 2);
  std::copy(boot_file.begin(), boot_file.end(), message.header.file.begin());
  message.add_type(dhcp::MessageType::Ack);
  message.add_address(dhcp::OptionCode::ServerIdentifier, Ipv4Address::of(10, 0, 2, 2));
  message.add_address(dhcp::OptionCode::SubnetMask, Ipv4Address::of(255, 255, 255, 0));
  message.add_address(dhcp::OptionCode::Router, Ipv4Address::of(10, 0, 2, 2));
  message.add_address(dhcp::OptionCode::DomainNameServer, Ipv4Address::of(10, 0, 2, 3));
  ServerSettings settings;
  settings.keep_acknowledgement(dhcp::encode(message));
  return settings;
}

IpxeOptions script_options(std::string script, const std::string& boot_file = "boot.ipxe") {
  IpxeOptions options;
  options.script = std::move(script);
  options.boot_file = boot_file;
  options.server = Ipv4Address::of(10, 0, 2, 2);
  options.mac = {{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
  options.subnet = {Ipv4Address::of(10, 0, 2, 15), Ipv4Address::of(255, 255, 255, 0)};
  options.router = Ipv4Address::of(10, 0, 2, 2);
  options.settings = settings_with(boot_file);
  return options;
}

Ran run(BootStage& stage, const Files& files, const std::string& dhcp_file = "boot.ipxe",
        std::size_t most_names = 1000) {
  const Instant start{std::chrono::seconds(100)};
  Instant now = start;
  Ran run;
  stage.start(now);
  while (!stage.ending() && run.names.size() < most_names) {
    if (stage.poll_dhcp()) {
      ++run.dhcp_sessions;
      const ServerSettings settings = settings_with(dhcp_file);
      stage.on_address(
          now, {.configured = true,
                .subnet = {Ipv4Address::of(10, 0, 2, 15), Ipv4Address::of(255, 255, 255, 0)},
                .settings = &settings});
    } else if (const auto fetch = stage.poll_fetch()) {
      run.names.push_back(fetch->name);
      const auto file = files.find(fetch->name);
      Fetched fetched{.outcome = Fetched::Outcome::NotFound};
      if (file != files.end()) {
        fetched = {.content = as_bytes(file->second), .size = file->second.size()};
      }
      stage.on_fetched(now, fetched);
    } else if (const auto until = stage.poll_timeout()) {
      now = *until;
      stage.on_timeout(now);
    } else {
      break;
    }
    while (stage.poll_note()) {
    }
  }
  run.ending = stage.ending();
  run.took = now - start;
  return run;
}

Ran run_script(const std::string& script, const Files& files = {}) {
  return run(*make_ipxe_stage(script_options("#!ipxe\n" + script)), files);
}

// A file that iPXE takes for a kernel.
std::string kernel() {
  std::string octets(0x300, '\0');
  octets.replace(0x202, 4, "HdrS");
  return octets;
}

class IpxeRecordings : public ::testing::TestWithParam<IpxeRecording> {};

TEST_P(IpxeRecordings, AreRepeatedFileByFile) {
  const IpxeRecording& recording = GetParam();
  Files files;
  for (const auto& [path, content] : recording.texts) files[path] = content;
  for (const auto& path : recording.kernels) files[path] = kernel();
  IpxeOptions options = script_options(files[recording.boot_file], recording.boot_file);
  options.loop_rounds = 1000;
  const auto stage = make_ipxe_stage(std::move(options));
  EXPECT_EQ(run(*stage, files, recording.boot_file, recording.asked_for.size()).names,
            recording.asked_for);
}

std::string test_name(const ::testing::TestParamInfo<IpxeRecording>& recording) {
  std::string name = recording.param.name;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Qemu, IpxeRecordings, ::testing::ValuesIn(ipxe_recordings()), test_name);

TEST(IpxeStage, AnImageConfiguresAnewAndBootsWhatItIsTold) {
  IpxeOptions options = script_options("");
  options.script.reset();
  const Ran result =
      run(*make_ipxe_stage(std::move(options)),
          {{"next.ipxe", "#!ipxe\nkernel k a=b\nboot\n"}, {"k", kernel()}}, "next.ipxe");
  EXPECT_EQ(result.dhcp_sessions, 1U);
  EXPECT_THAT(result.names, ElementsAre("next.ipxe", "k"));
  EXPECT_EQ(std::get<BootStage::Started>(*result.ending).command_line, "a=b");
}

// As the ROM of QEMU does, whose address server names itself, too.
TEST(IpxeStage, TakesTheFileFromTheServerWhoNamesIt) {
  IpxeOptions options = script_options("");
  options.script.reset();
  const auto stage = make_ipxe_stage(std::move(options));
  stage->start(Instant{});
  ASSERT_TRUE(stage->poll_dhcp());
  dhcp::Message message;
  message.header.siaddr = Ipv4Address::of(10, 0, 2, 2);
  message.add_type(dhcp::MessageType::Ack);
  ServerSettings settings;
  settings.keep_acknowledgement(dhcp::encode(message));
  message.header.siaddr = Ipv4Address::of(10, 0, 2, 7);
  message.header.set_file("next.ipxe");
  settings.keep_proxy(dhcp::encode(message));
  stage->on_address(Instant{},
                    {.configured = true,
                     .subnet = {Ipv4Address::of(10, 0, 2, 15), Ipv4Address::of(255, 255, 255, 0)},
                     .settings = &settings});
  const auto fetch = stage->poll_fetch();
  ASSERT_TRUE(fetch);
  EXPECT_EQ(fetch->name, "next.ipxe");
  EXPECT_EQ(fetch->server, Ipv4Address::of(10, 0, 2, 7));
}

TEST(IpxeStage, ANewerImageLooksForAutoexecFirst) {
  IpxeOptions options = script_options("", "efi/ipxe.efi");
  options.script.reset();
  options.looks_for_autoexec = true;
  const Ran result = run(*make_ipxe_stage(std::move(options)),
                         {{"autoexec.ipxe", "#!ipxe\nchain x.efi\n"}, {"x.efi", "MZ"}});
  EXPECT_THAT(result.names, ElementsAre("efi/autoexec.ipxe", "autoexec.ipxe", "x.efi"));
  EXPECT_EQ(std::get<BootStage::Chained>(*result.ending).image, "x.efi");
  EXPECT_EQ(result.dhcp_sessions, 0U);
}

TEST(IpxeStage, HandsThePrefixOfAScriptToPxelinux) {
  const Ran result =
      run_script("set 210:string /pre/\nset 209:string c.cfg\nchain p.0\n", {{"p.0", "anything"}});
  const auto& chained = std::get<BootStage::Chained>(*result.ending);
  EXPECT_EQ(chained.path_prefix, "/pre/");
  EXPECT_EQ(chained.config_file, "c.cfg");
  EXPECT_EQ(chained.boot_file, "p.0");
}

TEST(IpxeStage, NamesWhatIsNotForTftp) {
  EXPECT_THAT(run_script("chain http://10.0.2.2/x.ipxe\n").failed().reason, HasSubstr("http"));
}

TEST(IpxeStage, RunsOnlyWhatTheOutcomeAllows) {
  EXPECT_THAT(run_script("isset ${no} && imgfetch a || imgfetch b || imgfetch c && imgfetch d\n",
                         {{"b", "x"}})
                  .names,
              ElementsAre("b", "d"));
}

TEST(IpxeStage, AFailedLineEndsItsScript) {
  EXPECT_THAT(run_script("imgfetch a\nimgfetch b\n").names, ElementsAre("a"));
}

TEST(IpxeStage, ExpandsFromTheInside) {
  EXPECT_THAT(run_script("set a b\nset x-b deep\nimgfetch ${x-${a}}-${mac:hexraw} ||\n").names,
              ElementsAre("deep-525400123456"));
}

TEST(IpxeStage, WaitsForAPersonAreNamed) {
  EXPECT_EQ(run_script("shell\n").failed().kind, BootStage::Failed::Kind::WaitsForever);
  EXPECT_EQ(run_script("menu\nitem a b\nchoose x\n").failed().kind,
            BootStage::Failed::Kind::WaitsForever);
}

// Against hostile scripts.

TEST(IpxeStage, EndsScriptsWithoutEnd) {
  EXPECT_EQ(run_script(":a\ngoto a\n").failed().kind, BootStage::Failed::Kind::Loops);
  EXPECT_EQ(run_script(":a\nchain x || goto a\n").failed().kind, BootStage::Failed::Kind::Loops);
  EXPECT_EQ(
      run_script("chain boot.ipxe\n", {{"boot.ipxe", "#!ipxe\nchain boot.ipxe\n"}}).failed().kind,
      BootStage::Failed::Kind::Loops);
}

TEST(IpxeStage, EndsASettingThatDoubles) {
  EXPECT_EQ(run_script("set a xx\n:l\nset a ${a}${a}\ngoto l\n").failed().kind,
            BootStage::Failed::Kind::Limit);
}

TEST(IpxeUri, ResolvesAsIpxeDoes) {
  const IpxeUri base{.scheme = "tftp", .host = "10.0.0.1", .path = "/dir/boot.ipxe"};
  const auto name = [&](std::string_view text) {
    return ipxe_tftp_name(resolve_ipxe_uri(base, parse_ipxe_uri(text)));
  };
  EXPECT_EQ(name("a/b"), "dir/a/b");
  EXPECT_EQ(name("../../c"), "c");
  EXPECT_EQ(name("/root"), "root");
  EXPECT_EQ(name("//10.0.0.2/x"), "x");
  EXPECT_EQ(name("a%20b?c#d"), "dir/a b");
  EXPECT_EQ(parse_ipxe_uri("a:b").scheme, "a");
}

TEST(ShimStage, LooksForRevocationsAndStartsGrubFromItsOwnDirectory) {
  const auto stage = make_shim_stage({.name = "EFI/shimx64.efi"});
  const Ran result = run(*stage, {{"EFI/grubx64.efi", "MZ"}, {"EFI/shim_certificate_0.efi", "c"}});
  EXPECT_THAT(result.names, ElementsAre("EFI/revocations_sku.efi", "EFI/revocations_sbat.efi",
                                        "EFI/shim_certificate_0.efi", "EFI/shim_certificate_1.efi",
                                        "EFI/grubx64.efi"));
  EXPECT_EQ(std::get<BootStage::Chained>(*result.ending).image, "EFI/grubx64.efi");
}

TEST(ShimStage, OlderOnesGoStraightToGrub) {
  const auto stage =
      make_shim_stage({.name = "shimaa64.efi", .architecture = 11, .asks_for_revocations = false});
  const Ran result = run(*stage, {});
  EXPECT_THAT(result.names, ElementsAre("grubaa64.efi"));
  EXPECT_THAT(result.failed().reason, HasSubstr("grubaa64.efi"));
}

}  // namespace
}  // namespace pxeproof::rom

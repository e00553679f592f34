// CLIENT-01 to CLIENT-12: how clients should take a server's faults, and what each firmware does.
// docs/client-rules.md is the table that comes out.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "protocol/tftp/negotiation.h"
#include "tests/support/faulty_boot.h"

namespace pxeproof::cli {
namespace {

using namespace std::chrono_literals;
using pxeproof::testing::FaultyBoot;
using pxeproof::testing::kFaultyServer;
using pxeproof::testing::profile_or_program;
using ::testing::HasSubstr;

// ROMs, and the programs that bring a TFTP client of their own.
const std::vector<std::string> kProfiles = {
    "ipxe-bios",   "ipxe-efi-x64", "edk2-x64", "edk2-ia32", "edk2-arm64",  "intel-2.1",
    "uboot-arm64", "grub",         "rpi",      "pxelinux",  "syslinux-efi"};

constexpr std::size_t kFileSize = 20'000;

// What a client does with a fault: whether that is what the rule wants, and in words.
struct Manner {
  enum class Rule { Obeyed, Broken, NotMet } rule = Rule::NotMet;
  std::string words{};
};

Manner obeyed(std::string words) { return {Manner::Rule::Obeyed, std::move(words)}; }
Manner broken(std::string words) { return {Manner::Rule::Broken, std::move(words)}; }
Manner not_met(std::string words) { return {Manner::Rule::NotMet, std::move(words)}; }

struct Rule {
  std::string_view id;
  std::string_view text;
  std::string_view faults;
  std::function<Manner(const std::string& profile, const std::string& faults)> judge;
};

// One TFTP packet, decoded.
struct Tftp {
  Duration at{};
  bool by_rom = false;
  Endpoint server{};
  std::uint16_t client_port = 0;
  tftp::Opcode opcode = tftp::Opcode::Ack;
  std::uint16_t number = 0;  // block or code
  std::size_t payload = 0;
};

std::vector<Tftp> tftp_of(const FaultyBoot& boot) {
  std::vector<Tftp> all;
  for (const FaultyBoot::Packet& packet : boot.packets()) {
    const Endpoint& server = packet.by_rom ? packet.udp.destination : packet.udp.source;
    if (server.port == dhcp::kServerPort || server.port == dhcp::kBootServerPort) continue;
    const auto decoded = tftp::decode(packet.payload);
    if (!decoded) continue;
    Tftp one{.at = packet.at,
             .by_rom = packet.by_rom,
             .server = server,
             .client_port = packet.by_rom ? packet.udp.source.port : packet.udp.destination.port};
    one.opcode = tftp::peek_opcode(packet.payload).value();
    if (const auto* const data = std::get_if<tftp::Data>(&*decoded)) {
      one.number = data->block;
      one.payload = data->payload.size();
    } else if (const auto* const ack = std::get_if<tftp::Ack>(&*decoded)) {
      one.number = ack->block;
    } else if (const auto* const error = std::get_if<tftp::Error>(&*decoded)) {
      one.number = error->code;
    }
    all.push_back(one);
  }
  return all;
}

// The ERROR with which a client ends, other than the one that ends a probe of the size.
std::optional<std::uint16_t> last_error(const FaultyBoot& boot) {
  const std::vector<Tftp> all = tftp_of(boot);
  const auto last =
      std::find_if(all.rbegin(), all.rend(), [](const Tftp& each) { return each.by_rom; });
  if (last == all.rend() || last->opcode != tftp::Opcode::Error) return std::nullopt;
  return last->number;
}

std::size_t acks_of(const std::vector<Tftp>& all, std::uint16_t block) {
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [block](const Tftp& each) {
    return each.by_rom && each.opcode == tftp::Opcode::Ack && each.number == block;
  }));
}

// Whether the requests for the file itself ask for an option.
bool asks_for(const std::string& profile, std::string_view name) {
  const firmware::TftpManners manners = profile_or_program(profile)->tftp;
  return std::any_of(manners.options.begin(), manners.options.end(),
                     [name](const auto& option) { return tftp::same_word(option.name, name); });
}

// What becomes of a file that nobody compares with the server's.
std::string end_of(const FaultyBoot& boot, const std::string& profile, const std::string& faults) {
  const auto done = boot.events_of<rom::FileDone>();
  if (done.empty()) return "fails";
  if (done.back().octets < kFileSize) return "boots a part of the file";
  const FaultyBoot compared({.profile = profile, .faults = faults});
  return compared.is_booted() ? "boots" : "boots another file";
}

Manner judge_stranger(const std::string& profile, const std::string& faults) {
  const FaultyBoot boot({.profile = profile, .faults = faults});
  const std::vector<Tftp> all = tftp_of(boot);
  std::optional<Endpoint> own;
  bool told = false;
  for (const Tftp& each : all) {
    if (each.by_rom && each.opcode == tftp::Opcode::Ack && !own) own = each.server;
    if (each.by_rom && own && each.opcode == tftp::Opcode::Error && each.server != *own) {
      told |= each.number == 5;
    }
  }
  if (!boot.is_booted()) return broken("fails");
  return told ? obeyed("ERROR 5, goes on") : broken("goes on without a word");
}

Manner judge_oack(const std::string& profile, const std::string& faults) {
  const FaultyBoot boot({.profile = profile, .faults = faults, .knows_file = false});
  const auto error = last_error(boot);
  if (!boot.is_booted() && error) {
    const std::string words = "ERROR " + std::to_string(*error);
    return *error == 8 ? obeyed(words) : broken(words);
  }
  return broken("takes it, " + end_of(boot, profile, faults));
}

std::function<Manner(const std::string&, const std::string&)> judge_option(std::string_view name) {
  return [name](const std::string& profile, const std::string& faults) {
    if (!asks_for(profile, name)) return not_met("does not ask for it");
    return judge_oack(profile, faults);
  };
}

Manner judge_duplicate(const std::string& profile, const std::string& faults) {
  const FaultyBoot boot({.profile = profile, .faults = faults});
  const FaultyBoot plain({.profile = profile});
  const auto count = [](const FaultyBoot& of) {
    const std::vector<Tftp> all = tftp_of(of);
    return std::count_if(all.begin(), all.end(), [](const Tftp& each) {
      return each.by_rom && each.opcode == tftp::Opcode::Ack;
    });
  };
  const auto done = boot.events_of<rom::FileDone>();
  const bool is_equal =
      !done.empty() && done.front().verdict == rom::FileDone::Verdict::Equal && boot.is_booted();
  if (!is_equal) return broken("another file");
  return count(boot) > count(plain) ? obeyed("acknowledges it, file equal")
                                    : broken("passes over it, file equal");
}

Manner judge_dally(const std::string& profile, const std::string& faults) {
  const FaultyBoot boot({.profile = profile, .faults = faults});
  if (!boot.is_booted()) return broken("fails");
  const std::vector<Tftp> all = tftp_of(boot);
  std::uint16_t last = 0;
  for (const Tftp& each : all) {
    if (!each.by_rom && each.opcode == tftp::Opcode::Data) last = each.number;
  }
  return acks_of(all, last) > 1 ? obeyed("acknowledges it") : broken("silent: its port is closed");
}

Manner judge_window(const std::string& profile, const std::string& faults) {
  if (!asks_for(profile, "windowsize")) return not_met("no windows");
  const FaultyBoot boot({.profile = profile, .faults = faults});
  const std::vector<Tftp> all = tftp_of(boot);
  const auto third = std::find_if(all.begin(), all.end(), [](const Tftp& each) {
    return !each.by_rom && each.opcode == tftp::Opcode::Data && each.number == 3;
  });
  const auto answer = std::find_if(third, all.end(), [](const Tftp& each) { return each.by_rom; });
  if (!boot.is_booted() || answer == all.end()) return broken("fails");
  return answer->opcode == tftp::Opcode::Ack && answer->number == 1
             ? obeyed("ACK of the last block in order")
             : broken("ACK " + std::to_string(answer->number));
}

Manner judge_truncation(const std::string& profile, const std::string& faults) {
  const auto manners = profile_or_program(profile)->tftp;
  if (!asks_for(profile, "tsize") && !manners.probe) return not_met("does not ask for the size");
  const FaultyBoot boot({.profile = profile, .faults = faults, .knows_file = false});
  if (!boot.is_booted()) return obeyed("fails: " + boot.rom().failed()->reason);
  const std::vector<Tftp> all = tftp_of(boot);
  const bool goes_on = acks_of(all, 4) > 0;
  return broken(goes_on ? "fetches the rest, boots a file with a hole"
                        : end_of(boot, profile, faults));
}

Manner judge_error(const std::string& profile, const std::string& faults) {
  const FaultyBoot boot({.profile = profile, .faults = faults});
  const std::vector<Tftp> all = tftp_of(boot);
  const auto error = std::find_if(all.begin(), all.end(), [](const Tftp& each) {
    return !each.by_rom && each.opcode == tftp::Opcode::Error;
  });
  if (error == all.end()) return not_met("never saw it");
  // What comes later is its timer's doing.
  constexpr Duration kAtOnce = 10ms;
  const auto answer = std::find_if(error, all.end(), [&](const Tftp& each) {
    return each.by_rom && each.client_port == error->client_port && each.server == error->server;
  });
  if (answer == all.end()) return obeyed("never answers");
  return answer->at - error->at < kAtOnce ? broken("answers")
                                          : obeyed("passes over it, repeats its ACK later");
}

Manner judge_proxy_with_address(const std::string& profile, const std::string& faults) {
  if (!firmware::builtin_profile(profile)) return not_met("its ROM's matter");
  const FaultyBoot boot({.profile = profile, .faults = faults});
  for (const FaultyBoot::Packet& packet : boot.packets()) {
    if (!packet.by_rom || packet.udp.destination.port != dhcp::kServerPort) continue;
    const auto message = dhcp::MessageView::parse(packet.payload);
    if (!message || message->type() != dhcp::MessageType::Request) continue;
    if (message->address(dhcp::OptionCode::ServerIdentifier) != kFaultyServer) continue;
    const auto address = message->address(dhcp::OptionCode::RequestedAddress);
    if (address && !address->is_unspecified()) return obeyed("asks it for the address");
  }
  return broken("never asks it for the address");
}

const std::vector<Rule>& rules() {
  static const std::vector<Rule> kRules = {
      {"CLIENT-01", "a stranger's port is told ERROR 5, and the transfer goes on (RFC 1350 s.4)",
       "data 2 also from other port", judge_stranger},
      {"CLIENT-02", "an option nobody asked for in an OACK: ERROR 8 (RFC 2347)",
       "oack with unasked option", judge_oack},
      {"CLIENT-03", "a larger blksize than asked for: ERROR 8 (RFC 2348)", "oack blksize=9999",
       judge_option("blksize")},
      {"CLIENT-04", "another timeout than asked for: ERROR 8 (RFC 2349)", "oack timeout=77",
       judge_option("timeout")},
      {"CLIENT-05", "a larger windowsize than asked for: ERROR 8 (RFC 7440 s.3)",
       "oack windowsize=64", judge_option("windowsize")},
      {"CLIENT-06", "DATA that comes twice is acknowledged and written once (RFC 1350 s.2)",
       "duplicate DATA 2", judge_duplicate},
      {"CLIENT-07", "the last DATA is acknowledged again after the end (RFC 1350 s.6)",
       "duplicate DATA last", judge_dally},
      {"CLIENT-08", "a second reply to one request is told ERROR 5 (RFC 1350 s.4)",
       "oack also from other port", judge_stranger},
      {"CLIENT-09", "a gap in a window: ACK of the last block in order (RFC 7440 s.4)",
       "drop DATA 2", judge_window},
      {"CLIENT-10", "a short block before the promised size is no whole file", "data short 3",
       judge_truncation},
      {"CLIENT-11", "an ERROR is never answered (RFC 1350 s.7)", "error 3 at 3", judge_error},
      {"CLIENT-12", "an offer with an address is a DHCP offer, whatever its class says",
       "offer option 60=PXEClient", judge_proxy_with_address},
  };
  return kRules;
}

std::string cell(const Manner& manner) {
  switch (manner.rule) {
    case Manner::Rule::Obeyed:
      return "yes: " + manner.words;
    case Manner::Rule::Broken:
      return "**no**: " + manner.words;
    case Manner::Rule::NotMet:
      return "-: " + manner.words;
  }
  return "";
}

using Table = std::map<std::string_view, std::map<std::string, Manner>>;

const Table& table() {
  static const Table kTable = [] {
    Table made;
    for (const Rule& rule : rules()) {
      for (const std::string& profile : kProfiles) {
        made[rule.id][profile] = rule.judge(profile, std::string(rule.faults));
      }
    }
    return made;
  }();
  return kTable;
}

// The table as it stands in docs/client-rules.md.
std::string as_markdown() {
  std::string text;
  for (const Rule& rule : rules()) {
    text += "\n### " + std::string(rule.id) + ": " + std::string(rule.text) + "\n\n`--fault \"" +
            std::string(rule.faults) + "\"`\n\n| profile | obeyed |\n|---|---|\n";
    // Profiles that do the same share a row.
    std::vector<std::pair<std::string, std::string>> rows;
    for (const std::string& profile : kProfiles) {
      const std::string does = cell(table().at(rule.id).at(profile));
      const auto same = std::find_if(rows.begin(), rows.end(),
                                     [&](const auto& row) { return row.second == does; });
      if (same == rows.end()) {
        rows.emplace_back("`" + profile + "`", does);
      } else {
        same->first += ", `" + profile + "`";
      }
    }
    for (const auto& [profiles, does] : rows) text += "| " + profiles + " | " + does + " |\n";
  }
  return text;
}

// What was measured on the firmware itself, or read in its source, before there was this test.
struct Known {
  std::string_view profile;
  std::string_view rule;
  Manner::Rule does;
  std::string_view words;  // of the table
};
const std::vector<Known>& known() {
  using enum Manner::Rule;
  static const std::vector<Known> kKnown = {
      // iPXE: packets from elsewhere are ignored without ERROR 5; unknown options and larger block
      // sizes are accepted; every DATA triggers an ACK for the first gap (tftp.c; measured).
      {"ipxe-bios", "CLIENT-01", Broken, "goes on without a word"},
      {"ipxe-bios", "CLIENT-02", Broken, "takes it"},
      {"ipxe-bios", "CLIENT-03", Broken, "takes it"},
      {"ipxe-bios", "CLIENT-06", Obeyed, "acknowledges it"},
      // An OFFER with 60=PXEClient and an address is both (dhcp.c).
      {"ipxe-bios", "CLIENT-12", Obeyed, ""},
      // EDK2: Mtftp4RrqOackValid refuses with ERROR 4, and not 8; a gap gives an ACK of the last
      // good block for each block that is out of order (measured).
      {"edk2-x64", "CLIENT-01", Broken, "goes on without a word"},
      {"edk2-x64", "CLIENT-02", Broken, "ERROR 4"},
      {"edk2-x64", "CLIENT-03", Broken, "ERROR 4"},
      {"edk2-x64", "CLIENT-05", Broken, "ERROR 4"},
      {"edk2-x64", "CLIENT-06", Obeyed, "acknowledges it"},
      {"edk2-x64", "CLIENT-09", Obeyed, "last block in order"},
      // U-Boot: another timeout or a larger block size is refused with ERROR 8, what was not asked
      // for is ignored (net/tftp.c); duplicates are acknowledged (measured).
      {"uboot-arm64", "CLIENT-02", Broken, "takes it"},
      {"uboot-arm64", "CLIENT-03", Obeyed, "ERROR 8"},
      {"uboot-arm64", "CLIENT-04", Obeyed, "ERROR 8"},
      {"uboot-arm64", "CLIENT-06", Obeyed, "acknowledges it"},
      // GRUB: options that were not asked for are ignored, an old block is acknowledged again; the
      // first OFFER is taken whatever it says (tftp.c, bootp.c).
      {"grub", "CLIENT-02", Broken, "takes it"},
      {"grub", "CLIENT-06", Obeyed, "acknowledges it"},
      {"grub", "CLIENT-12", Obeyed, ""},
      // pxelinux: an unknown option is refused with ERROR 8; duplicates are acknowledged
      // (measured).
      {"pxelinux", "CLIENT-02", Obeyed, "ERROR 8"},
      {"pxelinux", "CLIENT-06", Obeyed, "acknowledges it"},
  };
  return kKnown;
}

TEST(ClientRules, RomsDoWhatTheirFirmwareIsKnownToDo) {
  for (const Known& row : known()) {
    const Manner& manner = table().at(row.rule).at(std::string(row.profile));
    EXPECT_EQ(manner.rule, row.does) << row.profile << " " << row.rule << ": " << manner.words;
    EXPECT_THAT(manner.words, HasSubstr(std::string(row.words))) << row.profile << " " << row.rule;
  }
}

// RFC 1350 s.4 wants an ERROR 5, and none of these clients sends one.
TEST(ClientRules, NoFirmwareTellsAStranger) {
  for (const std::string& profile : kProfiles) {
    EXPECT_EQ(table().at("CLIENT-01").at(profile).rule, Manner::Rule::Broken) << profile;
    EXPECT_EQ(table().at("CLIENT-08").at(profile).rule, Manner::Rule::Broken) << profile;
  }
}

TEST(ClientRules, ThePageSaysWhatTheRomsDo) {
  std::ifstream page(PXEPROOF_SOURCE_DIR "/docs/client-rules.md");
  std::ostringstream text;
  text << page.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr(as_markdown()))
      << "docs/client-rules.md is to hold, from its first ### on:\n"
      << as_markdown();
}

}  // namespace
}  // namespace pxeproof::cli

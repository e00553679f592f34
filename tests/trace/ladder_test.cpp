#include "trace/ladder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "protocol/random.h"
#include "tests/trace/boot_builder.h"
#include "trace/ladder_text.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::Not;

Boot whole_boot() {
  return BootBuilder()
      .discover()
      .offer()
      .proxy_offer("grubx64.efi")
      .request()
      .ack()
      .boot_server_request()
      .boot_server_ack("grubx64.efi")
      .file("grubx64.efi", 1'500'000, 200ms)
      .miss("grub.cfg-01-52-54-00-12-34-56")
      .miss("grub.cfg-0A000039")
      .file("grub.cfg", 120, 1ms)
      .boot();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char octet) { return (static_cast<unsigned char>(octet) & 0xc0U) != 0x80U; }));
}

TEST(Ladder, NamesEachServerByAllThatItDoes) {
  const Ladder ladder = make_ladder(whole_boot());
  EXPECT_THAT(ladder.parties, ElementsAre(LadderParty{"client", "52:54:00:12:34:56"},
                                          LadderParty{"dhcp", "10.0.0.1"},
                                          LadderParty{"proxy + boot server + tftp", "10.0.0.9"}));
}

TEST(Ladder, MakesOneRungOfARowOfMissingFiles) {
  const Ladder ladder = make_ladder(whole_boot());
  ASSERT_EQ(ladder.rungs.size(), 10U);
  EXPECT_EQ(ladder.rungs[8].text, "RRQ: 2 names not found, the last grub.cfg-0A000039");
  EXPECT_EQ(ladder.rungs[8].first_packet, 9U);
  EXPECT_EQ(ladder.rungs[8].last_packet, 10U);
  EXPECT_EQ(ladder.rungs[8].last_step, 9U);
}

TEST(Ladder, SendsFilesToTheClientAndRequestsFromIt) {
  const Ladder ladder = make_ladder(whole_boot());
  EXPECT_THAT(ladder.rungs[7], AllOf(Field(&LadderRung::from, 2U), Field(&LadderRung::to, 0U),
                                     Field(&LadderRung::line, LadderRung::Line::File)));
  EXPECT_THAT(ladder.rungs[8], AllOf(Field(&LadderRung::from, 0U), Field(&LadderRung::to, 2U)));
  EXPECT_THAT(ladder.rungs[0],
              AllOf(Field(&LadderRung::to, 2U), Field(&LadderRung::to_everybody, true)));
}

TEST(Ladder, CountsRepeatedQuestions) {
  const Ladder ladder =
      make_ladder(BootBuilder().discover().after(4s).discover().after(8s).discover().boot());
  ASSERT_EQ(ladder.rungs.size(), 1U);
  EXPECT_EQ(ladder.rungs[0].text, "DISCOVER arch 9 (3 times)");
  EXPECT_EQ(ladder.parties[1].address, "nobody answers");
}

TEST(Ladder, HangsNotesOnTheRungOfTheirPacket) {
  const LadderNotes notes{{3, {LadderNote::Mark::Warning, "R07"}},
                          {9, {LadderNote::Mark::Plain, "normal"}},
                          {10, {LadderNote::Mark::Plain, "normal"}}};
  const Ladder ladder = make_ladder(whole_boot(), notes);
  EXPECT_THAT(ladder.rungs[2].notes, ElementsAre(LadderNote{LadderNote::Mark::Warning, "R07"}));
  EXPECT_EQ(ladder.rungs[8].notes.size(), 1U);
  EXPECT_TRUE(ladder.rungs[3].notes.empty());
}

TEST(Ladder, LetsServersShareTheLastLine) {
  BootBuilder builder;
  builder.discover();
  for (std::uint8_t server = 1; server <= 9; ++server)
    builder.offer(Ipv4Address::of(10, 0, 0, server));
  const Ladder ladder = make_ladder(builder.boot());
  ASSERT_EQ(ladder.parties.size(), kMaximumLadderParties);
  EXPECT_EQ(ladder.parties.back(), (LadderParty{"others", "6 servers"}));
  EXPECT_EQ(ladder.rungs.back().from, kMaximumLadderParties - 1);
}

TEST(LadderText, IsDrawnBetweenTheLines) {
  const std::vector<std::string> lines = lines_of(ladder_text(make_ladder(whole_boot())));
  EXPECT_EQ(
      lines[3],
      "    1     0.000  │──DISCOVER arch 9────────────────►│─────────────────────────────────►│");
  EXPECT_EQ(
      lines[5],
      "    3     0.020  │◄─OFFER proxy, grubx64.efi───────────────────────────────────────────│");
  EXPECT_EQ(
      lines[10],
      "    8     0.070  │◄═grubx64.efi, 1,500,000 octets, 200 ms══════════════════════════════│");
}

TEST(LadderText, LeavesOutTheMiddleOfALongBoot) {
  BootBuilder builder;
  for (int file = 0; file < 100; ++file) builder.file("file" + std::to_string(file), 1, 1ms);
  const std::string text = ladder_text(make_ladder(builder.boot()), {.maximum_rungs = 9});
  EXPECT_THAT(text, HasSubstr("… 91 more …"));
  EXPECT_THAT(text, HasSubstr("file99,"));
  EXPECT_THAT(text, Not(HasSubstr("file50,")));
}

// Whatever the wire says: no line is wider than the terminal.
TEST(LadderText, NeverLeavesTheTerminal) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    BootBuilder builder;
    LadderNotes notes;
    for (std::uint32_t step = 0; step < 12; ++step) {
      const auto server = Ipv4Address::of(10, 0, 0, static_cast<std::uint8_t>(random.below(7) + 1));
      const std::string name(random.below(140), random.chance(0.1) ? '\x80' : 'n');
      switch (random.below(5)) {
        case 0:
          builder.discover();
          break;
        case 1:
          builder.offer(server);
          break;
        case 2:
          builder.proxy_offer(name, server);
          break;
        case 3:
          builder.file(name, random.below(1'000'000'000), 1ms);
          break;
        default:
          builder.unanswered(name);
      }
      notes.emplace(step + 1,
                    LadderNote{LadderNote::Mark::Failure, std::string(random.below(120), 'x')});
    }
    const Ladder ladder = make_ladder(builder.boot(), notes);
    for (const std::size_t width : {60U, 80U, 100U, 132U}) {
      for (const std::string& line : lines_of(ladder_text(ladder, {.columns = width}))) {
        ASSERT_LE(columns(line), width) << line;
      }
    }
  }
}

TEST(LadderMarkdown, EscapesWhatWouldBreakTheTable) {
  const std::string text =
      ladder_markdown(make_ladder(BootBuilder().discover().proxy_offer("a|b*c").boot()));
  EXPECT_THAT(text, HasSubstr("a\\|b\\*c"));
  EXPECT_THAT(text, HasSubstr("| 1 | 0.000 | client | everybody | DISCOVER arch 9 |  |\n"));
}

TEST(LadderJson, HoldsEveryRung) {
  const auto json = nlohmann::json::parse(ladder_json(make_ladder(whole_boot())));
  EXPECT_EQ(json["schema"], "pxeproof/ladder/1");
  EXPECT_EQ(json["parties"].size(), 3U);
  EXPECT_EQ(json["rungs"].size(), 10U);
  EXPECT_EQ(json["rungs"][7]["kind"], "file");
}

TEST(LadderSvg, EscapesTextAndLinksRungsInsideAPage) {
  const Ladder ladder = make_ladder(BootBuilder().discover().proxy_offer("<script>").boot());
  EXPECT_THAT(ladder_svg(ladder), AllOf(HasSubstr("&lt;script&gt;"), Not(HasSubstr("<script>")),
                                        HasSubstr("<style>"), Not(HasSubstr("href"))));
  EXPECT_THAT(ladder_inline_svg(ladder, "step-"),
              AllOf(HasSubstr("href=\"#step-1\""), Not(HasSubstr("<style>"))));
}

// Two documents one after the other are none.
TEST(LadderJson, IsAnArrayOfSeveralAndAnObjectOfOne) {
  const std::vector<Ladder> both{make_ladder(whole_boot()),
                                 make_ladder(BootBuilder().discover().boot())};
  const auto json = nlohmann::json::parse(ladder_json(both));
  ASSERT_TRUE(json.is_array());
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0], nlohmann::json::parse(ladder_json(both[0])));
  EXPECT_EQ(json[1]["schema"], "pxeproof/ladder/1");
  EXPECT_EQ(ladder_json(std::span(both).first(1)), ladder_json(both[0]));
}

TEST(LadderSvg, HoldsSeveralOneBelowTheOther) {
  const std::vector<Ladder> both{make_ladder(BootBuilder().discover().boot()),
                                 make_ladder(BootBuilder().discover().offer().boot())};
  const std::string svg = ladder_svg(both);
  // 58 above the rungs, 26 for each and as much below: 110 and 136.
  EXPECT_THAT(svg, AllOf(HasSubstr(" y=\"0\" width="), HasSubstr(" y=\"110\" width="),
                         HasSubstr("height=\"246\"")));
  const auto count = [&svg](std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = svg.find(part); at != std::string::npos; at = svg.find(part, at + 1)) {
      ++found;
    }
    return found;
  };
  EXPECT_EQ(count("<svg "), 3U);
  EXPECT_EQ(count("</svg>"), 3U);
  EXPECT_EQ(count("<style>"), 1U);
  EXPECT_EQ(ladder_svg(std::span(both).first(1)), ladder_svg(both[0]));
}

}  // namespace
}  // namespace pxeproof::trace

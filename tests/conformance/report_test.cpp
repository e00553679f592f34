#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "conformance/report_ci.h"
#include "conformance/report_html.h"
#include "conformance/report_json.h"
#include "conformance/report_text.h"
#include "tests/support/json_schema.h"

namespace pxeproof::conformance {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Run example() {
  TargetResult target{.target = "dnsmasq",
                      .version = "2.90",
                      .time = "real",
                      .repeated_by = "--target './my t.toml' --seed 7 -v"};
  target.cases = {
      {.id = "TOPT-10", .verdict = Verdict::Pass, .answer = "the real size"},
      {.id = "TOPT-11",
       .verdict = Verdict::Fail,
       .seen = "OACK <tsize>=\"1\" & more",
       .sent = "RRQ \"sparse5g.bin\"",
       .capture = "out/TOPT-11.pcap"},
      {.id = "TOPT-14", .verdict = Verdict::Skip, .seen = "not offered: tftp.timeout"},
      {.id = "TERR-04",
       .verdict = Verdict::ExpectedFail,
       .seen = "ERROR 4",
       .known = "answers ERROR"},
      {.id = "TERR-05", .verdict = Verdict::UnexpectedPass, .answer = "silent", .known = "old"}};
  return {.seed = 7, .targets = {target}};
}

TEST(Report, ComesBackFromJsonAsItWas) {
  const auto run = read_json(write_json(example(), "0.1.0"));
  ASSERT_TRUE(run) << run.error();
  ASSERT_EQ(run->targets.size(), 1U);
  ASSERT_EQ(run->targets[0].cases.size(), 5U);
  EXPECT_EQ(run->targets[0].cases[1].seen, example().targets[0].cases[1].seen);
  EXPECT_EQ(run->targets[0].cases[1].verdict, Verdict::Fail);
}

TEST(Report, IsAsItsSchemaSays) {
  pxeproof::testing::expect_as_in_schema(PXEPROOF_SOURCE_DIR "/schemas/conform-1.json",
                                         write_json(example(), "0.1.0"));
}

TEST(Report, RefusesWhatIsNoReport) {
  EXPECT_FALSE(read_json("nothing"));
  EXPECT_FALSE(read_json("{}"));
  EXPECT_FALSE(read_json(R"({"schema":"pxeproof/conform/2","targets":[]})"));
  EXPECT_FALSE(read_json(R"({"schema":"pxeproof/conform/1","targets":[{"cases":[{}]}]})"));
}

TEST(Report, PassesResultsBetweenProcessesByLine) {
  const CaseResult sent = example().targets[0].cases[1];
  const auto got = read_line(write_line(sent));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->seen, sent.seen);
  EXPECT_FALSE(read_line("result {"));
  EXPECT_FALSE(read_line("anything else"));
}

TEST(Report, TellsWhatChangedBetweenTwoRuns) {
  const conformance::Run before = example();
  conformance::Run after = example();
  EXPECT_TRUE(compare(before, after).empty());
  after.targets[0].cases[0].verdict = Verdict::Fail;
  after.targets[0].cases[0].seen = "OACK tsize=0";
  after.targets[0].cases[1].verdict = Verdict::Pass;
  after.targets[0].cases[1].seen = "";
  const auto changes = compare(before, after);
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(changes[0].kind, Change::Kind::Worse);
  EXPECT_EQ(changes[1].kind, Change::Kind::Better);
}

TEST(Report, HasNamesAndEscapesInJunit) {
  const std::string xml = write_junit(example());
  EXPECT_THAT(xml, HasSubstr("<testcase name=\"TOPT-11 tsize-over-4gib\" "
                             "classname=\"pxeproof.dnsmasq.TOPT\""));
  EXPECT_THAT(xml, HasSubstr("OACK &lt;tsize&gt;=&quot;1&quot; &amp; more"));
  EXPECT_THAT(xml, HasSubstr("<skipped message=\"known: answers ERROR; seen: ERROR 4\"/>"));
  EXPECT_THAT(xml, HasSubstr("type=\"XPASS\""));
}

TEST(Report, AnnotatesTheUnexpectedOnly) {
  const std::string text = github_annotations(example());
  EXPECT_THAT(text, HasSubstr("::error title=dnsmasq 2.90 TOPT-11 FAIL::"));
  EXPECT_THAT(text, HasSubstr("%0A"));
  EXPECT_THAT(text, HasSubstr("XPASS"));
  EXPECT_THAT(text, Not(HasSubstr("TERR-04")));
}

TEST(Report, EndsEachFailureWithExpectedSeenAndAgain) {
  const conformance::Run run = example();
  const std::string text = failure_block(run.targets[0], run.targets[0].cases[1]);
  EXPECT_THAT(text, HasSubstr("expected   the real size | omitted"));
  EXPECT_THAT(text, HasSubstr("seen       OACK"));
  EXPECT_THAT(text,
              HasSubstr("again      pxeproof conform TOPT-11 --target './my t.toml' --seed 7 -v"));
}

TEST(Report, IsOnePageOfHtmlWithoutScriptsOrLinksOut) {
  const std::string page = write_html(example(), "0.1.0");
  EXPECT_THAT(page, HasSubstr("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("id=\"TOPT-11\""));
  EXPECT_THAT(page, HasSubstr("OACK &lt;tsize&gt;"));
  EXPECT_THAT(page, HasSubstr("Unexpected:</p>\n<ul>\n<li><a href=\"#TOPT-11\">"));
  EXPECT_THAT(page, Not(HasSubstr("http:")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
}

TEST(Report, CountsByGroup) {
  const auto counts = count(example().targets[0].cases, "TOPT");
  EXPECT_EQ(counts.pass, 1U);
  EXPECT_EQ(counts.fail, 1U);
  EXPECT_EQ(counts.skip, 1U);
  EXPECT_EQ(counts.tested(), 2U);
}

}  // namespace

}  // namespace pxeproof::conformance

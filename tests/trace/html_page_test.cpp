#include "trace/html_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace pxeproof::trace {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(HtmlText, EscapesMarkupAndReplacesWhatIsNoText) {
  EXPECT_EQ(html_text("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  EXPECT_EQ(html_text("tie◄"), "tie◄");
  const std::string replaced = "\xef\xbf\xbd";
  EXPECT_EQ(html_text(std::string_view("\0", 1)), replaced);
  EXPECT_EQ(html_text("\xff"), replaced);
  EXPECT_EQ(html_text("\xc0\x80"), replaced + replaced);                 // overlong
  EXPECT_EQ(html_text("\xed\xa0\x80"), replaced + replaced + replaced);  // surrogate
  EXPECT_EQ(html_text("\xe2\x97"), replaced + replaced);                 // cut
}

TEST(HtmlPage, IsSelfContainedAndForbidsItselfTheNetwork) {
  HtmlPage page("Boot of <x>");
  page.set_verdict("BOOTED", "good");
  page.add_section("ladder", "Ladder", "<p>content</p>");
  page.add_section("steps", "Steps",
                   html_details({.id = "step-0", .summary = "one", .content = "two"}));
  const std::string html = page.render();
  EXPECT_THAT(html,
              AllOf(HasSubstr("<title>Boot of &lt;x&gt;</title>"), HasSubstr("default-src 'none'"),
                    HasSubstr("<a href=\"#steps\">Steps</a>"), HasSubstr("<section id=\"ladder\">"),
                    HasSubstr("<details id=\"step-0\">")));
  EXPECT_THAT(html,
              AllOf(Not(HasSubstr("<script")), Not(HasSubstr("src=")), Not(HasSubstr("http://")),
                    Not(HasSubstr("https://")), Not(HasSubstr("url("))));
}

TEST(HtmlTable, TakesCellsAsHtmlAndTheRestAsText) {
  const std::string html = html_table({.caption = "a \"b\"",
                                       .header = {"x"},
                                       .rows = {{.cells = {"<code>1</code>"}, .style = "bad"}}});
  EXPECT_THAT(html, AllOf(HasSubstr("a &quot;b&quot;"), HasSubstr("<td><code>1</code></td>"),
                          HasSubstr("<tr class=\"bad\">"), HasSubstr("tabindex=\"0\"")));
}

TEST(HtmlCharts, SurviveEveryNumber) {
  const std::string bars = html_bars("t", "s",
                                     {{.label = "a", .begin = -1, .length = std::nan("")},
                                      {.label = "b", .begin = 1, .length = 2, .value = "2 s"}});
  EXPECT_THAT(bars, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf")), HasSubstr("2 s")));
  EXPECT_THAT(html_bars("t", "s", {}), HasSubstr("</svg>"));
  const std::string lines =
      html_lines({.title = "t", .x = "clients", .y = "s"},
                 {{"p50", {{1, 2}, {2, std::numeric_limits<double>::infinity()}}}, {"p99", {}}});
  EXPECT_THAT(lines, AllOf(Not(HasSubstr("nan")), Not(HasSubstr("inf")), HasSubstr("p99")));
}

}  // namespace
}  // namespace pxeproof::trace

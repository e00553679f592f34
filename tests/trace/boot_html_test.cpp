#include "trace/boot_html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/trace/boot_builder.h"

namespace pxeproof::trace {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Boot boot(const std::string& file) {
  return BootBuilder()
      .discover()
      .offer()
      .proxy_offer(file)
      .request()
      .ack()
      .file(file, 9, 1s)
      .boot();
}

TEST(BootHtml, LinksRungsAndBarsToStepsThatUnfold) {
  const Boot shown = boot("grubx64.efi");
  HtmlPage page("boot");
  add_boot_sections(page,
                    {.boot = &shown,
                     .notes = {{3, {LadderNote::Mark::Failure, "R07"}}},
                     .packets = {{6, "TFTP RRQ <grub>"}},
                     .id_prefix = "x-"},
                    " of it");
  const std::string html = page.render();
  EXPECT_THAT(html, AllOf(HasSubstr("href=\"#x-step-5\""), HasSubstr("<details id=\"x-step-5\">"),
                          HasSubstr("TFTP RRQ &lt;grub&gt;"), HasSubstr(">R07<"),
                          HasSubstr("<h2>Steps of it</h2>"), Not(HasSubstr("<grub>"))));
}

TEST(BootHtml, LaysTwoBootsSideBySide) {
  const Boot good = boot("grubx64.efi");
  const Boot bad = boot("<b>.efi");
  DiffReport report{"good.pcap", "bad.pcap", {}, {"boot 2"}, {}};
  report.pairs.push_back({"m", &good, &bad, compare_boots(good, bad, {})});
  const std::string html = diff_page(report);
  EXPECT_THAT(html, AllOf(HasSubstr("First fork:"), HasSubstr("class=\"sides\""),
                          HasSubstr("&lt;b&gt;.efi"), HasSubstr("Only in the good capture"),
                          HasSubstr("id=\"b1-place-0\""), Not(HasSubstr("<b>.efi"))));
}

TEST(BootHtml, SaysThatNothingDiffers) {
  const Boot good = boot("a");
  DiffReport report{"g", "b", {}, {}, {}};
  report.pairs.push_back({"m", &good, &good, compare_boots(good, good, {})});
  EXPECT_THAT(diff_page(report), HasSubstr("No difference"));
}

}  // namespace
}  // namespace pxeproof::trace

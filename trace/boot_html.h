#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trace/boot.h"
#include "trace/boot_diff_text.h"
#include "trace/html_page.h"
#include "trace/ladder.h"
#include "trace/packet_excerpt.h"

namespace pxeproof::trace {

// A boot for a page.
struct BootForPage {
  const Boot* boot = nullptr;
  LadderNotes notes{};
  PacketLines packets{};    // may be empty
  std::string id_prefix{};  // for links within the page, when it shows several boots
};

// Adds the sections "Ladder", "Timing" and "Steps" of a boot. Rungs and bars link to steps, which
// unfold to their fields and packets.
void add_boot_sections(HtmlPage& page, const BootForPage& shown, std::string_view heading_suffix);

// The pieces, as HTML.
std::string ladder_html(const BootForPage& shown);
std::string timing_html(const Boot& boot, std::string_view id_prefix);
std::string steps_html(const BootForPage& shown);

// The page of `diff`: differences by rank, both ladders, the steps side by side.
std::string diff_page(const DiffReport& report);

}  // namespace pxeproof::trace

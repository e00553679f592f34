#include "cli/profile_search.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/profile.h"

namespace pxeproof::cli {

namespace {

// One thing to try: rows that are set together.
using Trial = std::vector<DraftRow>;

void add_words(std::vector<Trial>& trials, const std::string& table, const std::string& key,
               std::initializer_list<std::string_view> values) {
  for (const std::string_view value : values) {
    trials.push_back({{table, key, std::string(value)}});
  }
}

std::vector<Trial> all_trials(const ProfileDraft& draft) {
  std::vector<Trial> trials;
  for (const std::string_view phase :
       {"dhcp.discover", "dhcp.request", "dhcp.proxy_request", "dhcp.boot_server_request",
        "dhcp.boot_server_broadcast", "dhcp.then.discover", "dhcp.then.request"}) {
    const std::string table(phase);
    if (draft.find(table, "options") == nullptr) continue;
    add_words(trials, table, "secs",
              {R"("elapsed")", R"("tries-and-offers")", R"("kept")", R"("tries-unswapped")",
               R"("zero")", R"("unix-time")"});
    add_words(trials, table, "answers", {R"("at-once")", R"("at-interval-end")"});
    add_words(trials, table, "exact_waits", {"true", "false"});
    add_words(trials, table, "at_end", {R"("give-up")", R"("start-over")"});
    add_words(trials, table, "leave_after", {R"("2s")", R"("3s")"});
  }
  add_words(trials, "offers", "collect",
            {R"("as-soon-as-satisfied")", R"("whole-interval")", R"("first-offer")"});
  add_words(trials, "offers", "ranking",
            {R"("last-of-highest-priority")", R"("pxe-classes")", R"("first")"});
  add_words(trials, "offers", "proxy_patience", {R"("0s")", R"("1s")", R"("2s")", R"("5s")"});
  for (const std::string_view key :
       {"file_and_server_suffice", "menu_suffices", "proxy_must_answer", "accepts_bootp",
        "first_listed_server_with_file", "requires_server_identifier"}) {
    add_words(trials, "offers", std::string(key), {"true", "false"});
  }
  add_words(trials, "offers", "proxy_address", {R"("identity")", R"("next-server")"});
  add_words(trials, "offers", "boot_file_of", {R"("address-server")", R"("proxy")"});
  add_words(trials, "offers", "boot_file_in", {R"("file-field")", R"("option-67")"});
  add_words(trials, "offers", "no_next_server", {R"("nobody")", R"("identity")"});
  add_words(trials, "discovery", "menu_by", {R"("menu")", R"("any-tag")", R"("never")"});
  add_words(trials, "discovery", "no_prompt", {R"("show-menu")", R"("take-first")"});
  add_words(trials, "discovery", "exact_prompt", {"true", "false"});
  add_words(trials, "discovery", "tries", {R"("each")", R"("first")"});
  add_words(trials, "discovery", "targets",
            {R"(["multicast", "broadcast", "list"])", R"(["broadcast", "list"])",
             R"(["list", "broadcast"])", R"(["broadcast"])", R"(["list"])"});
  add_words(trials, "arp", "announce", {R"("never")", R"("when-configured")"});
  add_words(trials, "arp", "reply", {R"("fresh")", R"("turned-round")"});
  add_words(trials, "arp", "cache", {R"("kept")", R"("per-session")"});
  add_words(trials, "link", "surplus_octets", {"0", "2", "4", "10"});
  // Clocks that are known of firmware: none, the BIOS timer as it is and as iPXE takes it, seconds.
  trials.push_back({{"clock", "tick", R"("0s")"}, {"clock", "counts_as", R"("0s")"}});
  trials.push_back(
      {{"clock", "tick", R"("54925493ns")"}, {"clock", "counts_as", R"("54687500ns")"}});
  trials.push_back(
      {{"clock", "tick", R"("54925493ns")"}, {"clock", "counts_as", R"("54925493ns")"}});
  trials.push_back({{"clock", "tick", R"("1s")"}, {"clock", "counts_as", R"("1s")"}});
  // UEFI's way of waiting shows only when both are right.
  trials.push_back({{"clock", "tick", R"("1s")"},
                    {"clock", "counts_as", R"("1s")"},
                    {"offers", "collect", R"("whole-interval")"}});
  // The boot goes on when the IPv6 router's silence has lasted as long as these waits.
  trials.push_back({{"ipv6", "waits", R"(["250ms", "500ms", "1s", "2s", "4s", "8s"])"}});
  add_words(trials, "tftp", "late_oack", {R"("acknowledge")", R"("pass-over")"});
  add_words(trials, "tftp", "end", {R"("short-block")", R"("all-blocks")"});
  add_words(trials, "tftp", "out_of_order", {R"("keep")", R"("drop")"});
  add_words(trials, "tftp", "odd_oack",
            {R"("pass-over")", R"("refuse")", R"("refuse-known")", R"("refuse-raised")"});
  if (draft.find("tftp.probe", "options") != nullptr) {
    add_words(trials, "tftp.probe", "needs_size", {"true", "false"});
    add_words(trials, "tftp.probe", "error_ends", {"true", "false"});
  }
  // Attempts of the profile below that this machine does not make.
  if (draft.find("dhcp.then.discover", "options") == nullptr) {
    for (const std::string_view without : {R"(["dhcp.then"])", R"(["dhcp.then", "tftp.probe"])"}) {
      trials.push_back({{"", "without", std::string(without)}});
    }
  }
  return trials;
}

// How far the twin's packets are from the recorded ones: packets that were not even compared weigh
// most, then single fields.
std::size_t distance_of(const RecordedBoot& boot, const FidelityReport& report) {
  constexpr std::size_t kPacket = 1000;
  std::size_t distance = 0;
  for (const FidelityDifference& each : report.differences) {
    ++distance;
    if (each.field != "order of packets") continue;
    std::size_t left = 1;
    for (const RecordedFrame& frame : boot.frames) {
      const bool compared =
          frame.sender == RecordedFrame::Sender::Client && is_compared(frame.octets);
      if (each.packet != 0 && frame.number >= each.packet && compared) ++left;
    }
    distance += left * kPacket;
  }
  return distance;
}

}  // namespace

ScoredDraft score_draft(const RecordedBoot& boot, ProfileDraft draft, const FidelityOptions& how) {
  ScoredDraft scored;
  auto profile = firmware::parse_profile(draft.to_toml(), "learned");
  scored.draft = std::move(draft);
  if (!profile) {
    scored.error = profile.error().message;
    scored.distance = SIZE_MAX;
    return scored;
  }
  FidelityOptions options = how;
  options.profile = std::make_shared<const firmware::Profile>(std::move(*profile));
  scored.report = compare_with_recording(boot, options);
  scored.distance = distance_of(boot, scored.report);
  return scored;
}

ScoredDraft search_rules(const RecordedBoot& boot, ScoredDraft start, const FidelityOptions& how,
                         std::vector<std::string>& found) {
  constexpr int kRounds = 6;  // one rule may show only when another one is right
  ScoredDraft best = std::move(start);
  for (int round = 0; round < kRounds && best.distance > 0; ++round) {
    ScoredDraft nearest = best;
    const Trial* taken = nullptr;
    const std::vector<Trial> trials = all_trials(best.draft);
    for (const Trial& trial : trials) {
      ProfileDraft draft = best.draft;
      for (DraftRow row : trial) {
        row.note = "tried: with it the packets come nearer to the recorded ones";
        draft.set(std::move(row));
      }
      ScoredDraft scored = score_draft(boot, std::move(draft), how);
      if (scored.distance >= nearest.distance) continue;
      nearest = std::move(scored);
      taken = &trial;
      if (nearest.distance == 0) break;
    }
    if (taken == nullptr) break;
    for (const DraftRow& row : *taken) {
      found.push_back(fmt::format("{}.{} = {}", row.table, row.key, row.value));
    }
    best = std::move(nearest);
  }
  return best;
}

}  // namespace pxeproof::cli

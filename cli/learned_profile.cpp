#include "cli/learned_profile.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/draft_writer.h"
#include "cli/observed_machine.h"
#include "cli/packet_fields.h"
#include "cli/profile_search.h"
#include "firmware/fingerprint.h"

namespace pxeproof::cli {

namespace {

struct Candidate {
  std::string base;
  ScoredDraft scored;
};

std::vector<std::string> unseen_phases(const ObservedMachine& machine) {
  std::vector<std::string> unseen;
  for (const std::string_view table :
       {"dhcp.request", "dhcp.proxy_request", "dhcp.boot_server_request"}) {
    const bool broadcast = table == "dhcp.boot_server_request" &&
                           machine.phases.contains("dhcp.boot_server_broadcast");
    if (!machine.phases.contains(std::string(table)) && !broadcast) unseen.emplace_back(table);
  }
  if (machine.requests.empty()) unseen.emplace_back("tftp");
  if (machine.arp_requests.size() < 2) unseen.emplace_back("arp.waits");
  if (!machine.cut_frames.empty()) {
    unseen.push_back(
        fmt::format("what the capture cut off ({})", name_packets(machine.cut_frames)));
  }
  return unseen;
}

}  // namespace

Outcome<LearnedProfile> learn_profile(const RecordedBoot& boot, const LearnOptions& options) {
  const ObservedMachine machine = ObservedMachine::of(boot);
  const auto discover = machine.phases.find("dhcp.discover");
  if (discover == machine.phases.end()) {
    return wrong_usage(fmt::format(
        "{}: no whole DHCPDISCOVER of {} in it; record with full packets (tcpdump -s 0)",
        options.capture, to_string(boot.client)));
  }
  const ObservedMessage& first = discover->second.front();
  const firmware::FirmwareGuess guess = firmware::guess_firmware(
      first.udp.payload, firmware::SenderTraits{.ttl = first.udp.ttl,
                                                .identification = first.udp.identification,
                                                .dont_fragment = first.udp.dont_fragment,
                                                .has_checksum = first.udp.checksum != 0,
                                                .source_port = first.udp.source.port});
  std::vector<std::string> bases;
  if (!options.start_from.empty()) {
    bases.push_back(options.start_from);
  } else {
    // A guess may be of a firmware that no profile is of.
    if (firmware::builtin_profile_text(guess.profile)) bases.push_back(guess.profile);
    for (const std::string_view name : firmware::builtin_profile_names()) {
      if (name != guess.profile) bases.emplace_back(name);
    }
  }
  const FidelityOptions how{.profile = nullptr, .tree = options.tree, .seed = options.seed};
  std::vector<Candidate> candidates;
  for (const std::string& name : bases) {
    const auto base = firmware::builtin_profile(name);
    if (!base) return wrong_usage("--from: " + base.error().message);
    candidates.push_back({name, score_draft(boot, draft_of(machine, **base, options), how)});
    if (candidates.back().scored.distance == 0) break;
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& one, const Candidate& other) {
                     return one.scored.distance < other.scored.distance;
                   });
  constexpr std::size_t kSearched = 3;  // the nearest few; a search boots a few hundred twins
  if (candidates.size() > kSearched) candidates.resize(kSearched);
  LearnedProfile learned;
  ScoredDraft best = candidates.front().scored;
  learned.base = candidates.front().base;
  if (!best.error.empty()) return wrong_usage(best.error);
  for (const Candidate& candidate : candidates) {
    if (best.distance == 0) break;
    std::vector<std::string> found;
    ScoredDraft searched = search_rules(boot, candidate.scored, how, found);
    if (searched.distance >= best.distance) continue;
    best = std::move(searched);
    learned.base = candidate.base;
    learned.tried = std::move(found);
  }
  if (!options.start_from.empty()) {
    learned.why_base = "as asked";
  } else if (learned.base == guess.profile) {
    learned.why_base = fmt::format("its packets look like {}, {} ({} of 100)", guess.name,
                                   firmware::confidence_word(guess.confidence), guess.confidence);
  } else {
    learned.why_base = "its packets come nearest when the boot is replayed";
  }
  learned.check = best.report;
  learned.unseen = unseen_phases(machine);
  const std::vector<std::string> below = rows_below(best.draft, learned.base);
  learned.taken = below.size();
  for (const DraftRow& row : best.draft.rows()) {
    if (!row.table.empty() && row.note.find("packet") != std::string::npos &&
        !row.note.starts_with("tried")) {
      ++learned.seen;
    }
  }
  learned.text = fmt::format(
      "# Learned by pxeproof from {}, the boot of {}.\n"
      "# Packet numbers are those of that file. Rests on {}: {}.\n"
      "# {}\n\n{}\n# Not shown by this boot, and so as in {}:\n",
      options.capture, to_string(boot.client), learned.base, learned.why_base,
      learned.check.differences.empty()
          ? "Its packets equal the recorded ones outside the volatile fields."
          : fmt::format("Its packets differ from the recorded ones in {} places.",
                        learned.check.differences.size()),
      best.draft.to_toml(), learned.base);
  for (const std::string& row : below) learned.text += "#   " + row + "\n";
  return learned;
}

}  // namespace pxeproof::cli

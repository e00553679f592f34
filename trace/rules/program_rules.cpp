#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "protocol/letter_case.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/session_signs.h"
#include "trace/step_text.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;

// Longer than any link takes that forwards at once.
constexpr Duration kSlowLink = 12s;

std::optional<std::uint16_t> made_for(const RuleInput& in, ClientKind kind,
                                      const TransferStep& transfer) {
  if (!transfer.head.pe_machine) return architecture_of_name(transfer.filename);
  if (is_for_another_machine(in.boot, kind, transfer.filename, transfer.head)) {
    return architecture_of_machine(*transfer.head.pe_machine);
  }
  return program_architecture(in.architecture());
}

// The ROM's round, and not one of a program it loaded.
bool is_first_stage(const RuleInput& in, const SeenTransfer& transfer) {
  const SeenTransfer* first = first_file(in.sessions);
  return first != nullptr && first->step == transfer.step;
}

}  // namespace

namespace {

// The first program of a round that iPXE asked for.
bool is_first_of_ipxe(const BootSession& session, const SeenTransfer& transfer) {
  if (session.kind != ClientKind::Ipxe) return false;
  const auto first = std::ranges::find_if(
      session.transfers, [](const SeenTransfer& seen) { return came_whole(*seen.what); });
  return first != session.transfers.end() && first->step == transfer.step;
}

}  // namespace

namespace {

std::string made_for_words(const RuleInput& in, std::string_view name, std::uint16_t made_for,
                           std::string_view sign) {
  return fmt::format("{} is made for {}, by its {}; the client is {}. The firmware cannot run it.",
                     quote(name),
                     made_for == 0 ? std::string("BIOS") : dhcp::describe_architecture(made_for),
                     sign, dhcp::describe_architecture(in.architecture()));
}

Look wrong_program_by_http(const RuleInput& in) {
  if (in.session.http.empty()) return std::nullopt;
  const SeenHttp& file = in.session.http.back();
  if (!is_http_program(in.session, file) ||
      !is_for_another_machine(in.boot, in.session.kind, file->target, file->head)) {
    return std::nullopt;
  }
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {file.packet()};
  finding.cause = made_for_words(
      in, file->target, architecture_of_machine(*file->head.pe_machine).value_or(0), "content");
  finding.fixes = {
      {"web server", fmt::format("put a program for {} there, such as {}",
                                 dhcp::describe_architecture(in.architecture()),
                                 example_file(program_architecture(in.architecture())))},
      {"DHCP server", fmt::format("or name another URL where option 93 is {}", in.architecture())}};
  return finding;
}

}  // namespace

Look wrong_architecture_image(const RuleInput& in) {
  if (!in.boot.architecture || in.session.kind == ClientKind::Plain) return std::nullopt;
  if (auto wrong = wrong_program_by_http(in)) return wrong;
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      const auto wanted = made_for(in, session.kind, *seen.what);
      const bool first = came_whole(*seen.what)
                             ? is_first_stage(in, seen) || is_first_of_ipxe(session, seen)
                             : first_file(in.sessions) == nullptr;
      if (!wanted || !first || is_size_probe(*seen.what)) continue;
      if (seen->outcome == TransferStep::Outcome::Refused) continue;
      if (*wanted == program_architecture(in.architecture())) break;
      // A BIOS program that goes on is the right one, whatever its name.
      const bool goes_on = &seen != &session.transfers.back() || !session.http.empty() ||
                           (&session != &in.sessions.back() && !in.session.transfers.empty() &&
                            in.session.kind == ClientKind::Ipxe);
      const bool fetched_next = std::any_of(
          session.transfers.begin(), session.transfers.end(), [&](const SeenTransfer& other) {
            return other.at() > seen.at() && !is_same_file(other->filename, seen->filename);
          });
      if (goes_on && (fetched_next || &session != &in.session)) break;
      Finding finding;
      // A file that never came is not what stops the client, whatever its name says.
      finding.confidence = seen->head.pe_machine    ? Confidence::Certain
                           : came_whole(*seen.what) ? Confidence::Likely
                                                    : Confidence::Possible;
      finding.packets = packets_of(seen);
      finding.cause =
          made_for_words(in, seen->filename, *wanted, seen->head.pe_machine ? "content" : "name");
      const std::string_view file = example_file(program_architecture(in.architecture()));
      finding.fixes = fixes_by_architecture(in, file, namer_of(session, seen->filename));
      return finding;
    }
  }
  return std::nullopt;
}

namespace {

// By UEFI HTTP boot, or the script that iPXE was given.
Look page_by_http(const RuleInput& in) {
  if (in.session.http.empty()) return std::nullopt;
  const SeenHttp& file = in.session.http.back();
  const bool is_script =
      in.session.kind == ClientKind::Ipxe &&
      role_of(file->target.substr(0, file->target.find('?'))) == FileRole::Config;
  const bool is_program = is_http_program(in.session, file);
  if ((!is_script && !is_program) || !file->head.is_web_page()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = {file.packet()};
  finding.cause =
      fmt::format("{} is no {}: it begins with {}, as a web page does.", quote(file->target),
                  is_program ? "boot program" : "iPXE script", file->head.in_words());
  finding.fixes = {{"web server",
                    fmt::format("see what it sends with curl -v: a page of an error, of a login or "
                                "of a directory stands in the place of {}",
                                quote(file->target))}};
  finding.until = "payload";
  return finding;
}

}  // namespace

Look file_is_no_program(const RuleInput& in) {
  const bool is_stuck = in.boot.verdict.kind == BootVerdict::Kind::Stalled;
  if (auto page = page_by_http(in); page && is_stuck) return page;
  const SeenTransfer* file = first_file(in.sessions);
  if (!is_stuck || file == nullptr || in.session.kind != ClientKind::Rom) return std::nullopt;
  const TransferStep& transfer = *file->what;
  // What was loaded next was loaded by it.
  const SeenTransfer* last = last_transfer(in.session);
  const bool ran = !in.session.http.empty() || last == nullptr || last->step != file->step;
  // A program for another machine is told so.
  if (ran || !is_no_program(in.boot, in.family, transfer) || wrong_architecture_image(in)) {
    return std::nullopt;
  }
  const bool is_page = transfer.head.is_web_page();
  const bool is_refused = loads_efi_programs_only(in.boot, in.family);
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*file);
  finding.cause = fmt::format("{} is no {}: it begins with {}{}. The firmware cannot run it.",
                              quote(transfer.filename), is_refused ? "EFI program" : "boot program",
                              transfer.head.in_words(),
                              is_page ? ", as a web page does" : ", and not with \"MZ\"");
  finding.fixes = {
      {"server", fmt::format("put the program itself there as {}{}", quote(transfer.filename),
                             is_page ? ": a download may have brought a page in its place" : "")}};
  return finding;
}

namespace {

// Nobody answers the first DISCOVERs for as long as a port listens and learns, then the first
// answer comes at once: it is not the server that is slow.
Look answered_at_once_at_last(const BootSession& first) {
  if (first.offers.empty() || first.acks.empty()) return std::nullopt;
  constexpr Duration kShortest = 10s;
  constexpr Duration kAtOnce = 300ms;
  const SeenDhcp& offer = first.offers.front();
  const SeenDhcp* answered = nullptr;
  std::size_t before = 0;
  for (const SeenDhcp& question : first.discovers) {
    if (question.at() > offer.at()) break;
    before += answered != nullptr ? 1 : 0;
    answered = &question;
  }
  const SeenDhcp& asked = first.discovers.front();
  if (before < 2 || answered->at() - asked.at() < kShortest ||
      offer.at() - answered->at() > kAtOnce) {
    return std::nullopt;
  }
  Finding finding;
  finding.packets = {asked.packet(), answered->packet(), offer.packet()};
  finding.cause = fmt::format(
      "{} DISCOVERs were not answered, and the next one, {} after the first, was at once: the "
      "earlier ones did not reach the server, most often because a switch port does not forward "
      "yet (spanning tree). Or the server was not ready before.",
      before, describe_duration(answered->at() - asked.at()));
  finding.fixes = {{"switch", "spanning-tree portfast (edge port) on the client's port"}};
  finding.elsewhere = "whether the first ones reached the server: capture there";
  finding.until = "offer";
  return finding;
}

}  // namespace

Look port_was_blocked(const RuleInput& in) {
  // After a program took the card over: the link comes up again.
  for (std::size_t at = 1; at < in.sessions.size(); ++at) {
    const BootSession& before = in.sessions[at - 1];
    const BootSession& after = in.sessions[at];
    if (before.transfers.empty() || after.discovers.empty() || after.kind != ClientKind::Ipxe) {
      continue;
    }
    const SeenTransfer& last = before.transfers.back();
    const Duration pause = after.discovers.front().at() - last->ended;
    if (!came_whole(*last.what) || pause < kSlowLink) continue;
    Finding finding;
    finding.packets = {last.step->last_packet, after.discovers.front().packet()};
    finding.cause = fmt::format(
        "{} passed between {} and its first DISCOVER that was seen: the switch port does not "
        "forward "
        "yet after the card was reset (spanning tree).",
        describe_duration(pause), quote(last->filename));
    finding.fixes = {{"switch", "spanning-tree portfast (edge port) on the client's port"},
                     {"iPXE", "prompt or sleep before dhcp: echo; sleep 30"}};
    finding.until = "offer";
    return finding;
  }
  const BootSession& first = in.sessions.front();
  if (first.discovers.empty()) return std::nullopt;
  if (auto found = answered_at_once_at_last(first)) return found;
  const DhcpStep& question = *first.discovers.front().what;
  std::uint16_t usual = 0;
  bool knows = true;
  switch (in.boot.firmware.family) {
    case firmware::Family::Edk2:
      break;
    case firmware::Family::IntelRom:
      usual = 4;
      break;
    case firmware::Family::Uboot:
      usual = 1;
      break;
    case firmware::Family::Ipxe:  // counts tries, not seconds: try 1 is 4
      usual = 7;
      break;
    default:
      knows = false;
  }
  const std::uint16_t limit = in.boot.firmware.family == firmware::Family::Ipxe ? 64 : 120;
  if (!knows || question.secs <= usual || question.secs > limit) return std::nullopt;
  const bool from_start = in.capture.first && in.boot.begun - *in.capture.first < 1s;
  Finding finding;
  finding.confidence = from_start ? Confidence::Possible : Confidence::Likely;
  finding.packets = {first.discovers.front().packet()};
  finding.cause = fmt::format(
      "The first DISCOVER seen is not the client's first (its seconds field is {}): earlier ones "
      "were "
      "lost, most often because the switch port does not forward yet (spanning tree).",
      question.secs);
  if (from_start) finding.cause += " Or the capture began after them.";
  finding.fixes = {{"switch", "spanning-tree portfast (edge port) on the client's port"}};
  finding.elsewhere = "the lost ones show only in a capture at the client's own port";
  finding.until = "offer";
  return finding;
}

namespace {

Finding refused_by_shim(const BootSession& session, const SeenTransfer& manager) {
  const SeenTransfer* loader = nullptr;
  for (const SeenTransfer& seen : session.transfers) {
    if (seen.step == manager.step) break;
    if (came_whole(*seen.what)) loader = &seen;
  }
  Finding finding;
  finding.packets = packets_of(*loader);
  add_packets(finding.packets, *manager.step);
  finding.cause = fmt::format(
      "shim fetched {} whole and then asked for {}, its key manager, as it does when it refuses "
      "the loader: that is not signed with a key that shim or the firmware knows, or is revoked.",
      quote((*loader)->filename), quote(manager->filename));
  finding.fixes = {{"server",
                    "serve shimx64.efi and grubx64.efi of one distribution and version, both "
                    "signed (grubnetx64.efi.signed as grubx64.efi)"},
                   {"machine", "or enrol the key of your own loader with mokutil --import"}};
  finding.elsewhere = "the machine's screen says \"Verification failed\" or \"Security Violation\"";
  return finding;
}

void advise_signed_chain(Finding& finding) {
  finding.fixes = {{"server",
                    "serve the signed chain: shimx64.efi with grubx64.efi beside it, of a "
                    "version that is not revoked"},
                   {"machine", "or switch Secure Boot off in its setup to see the difference"}};
  finding.elsewhere = "the machine's screen says \"Security Violation\" or \"Access denied\"";
}

// The same after UEFI HTTP boot.
Look refused_http_boot(const RuleInput& in) {
  if (in.session.http.empty()) return std::nullopt;
  const SeenHttp& program = in.session.http.back();
  if (!is_http_program(in.session, program)) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Possible;
  finding.packets = {program.packet()};
  finding.cause = fmt::format(
      "{} came by HTTP and did not run: probably Secure Boot refuses it. The wire does not show "
      "signatures.",
      quote(program->target));
  advise_signed_chain(finding);
  return finding;
}

}  // namespace

Look secure_boot(const RuleInput& in) {
  if (const SeenTransfer* manager = key_manager_asked(in.session)) {
    return refused_by_shim(in.session, *manager);
  }
  const bool is_stalled = in.boot.verdict.kind == BootVerdict::Kind::Stalled;
  const bool stuck_with_nbp = is_stalled && in.boot.verdict.state == RomState::RunsNbp;
  // A later link of the chain: the firmware is back, so what was loaded last did not run.
  const bool is_back =
      is_stalled && (next_device(in.sessions, in.session) != nullptr ||
                     (in.boot.restarted && in.boot.verdict.state == RomState::SearchesConfig));
  if ((!stuck_with_nbp && !is_back) || !in.is_uefi() || wrong_architecture_image(in) ||
      file_of_wrong_size(in) || file_is_no_program(in) || wds_pending(in)) {
    return std::nullopt;
  }
  if (in.session.transfers.empty()) return refused_http_boot(in);
  const SeenTransfer* file = nullptr;
  std::size_t files = 0;
  for (const SeenTransfer& seen : in.session.transfers) {
    if (!came_whole(*seen.what)) continue;
    file = &seen;
    ++files;
  }
  if (file == nullptr || role_of((*file)->filename) == FileRole::Config) return std::nullopt;
  const bool next_device = &in.session != &in.sessions.back();
  const bool runs_elsewhere = std::ranges::any_of(in.capture.boots, [&](const Boot* other) {
    if (other == &in.boot || other->verdict.kind != BootVerdict::Kind::Booted) return false;
    return std::ranges::any_of(other->steps, [&](const Step& step) {
      const auto* transfer = std::get_if<TransferStep>(&step.what);
      return transfer != nullptr && transfer->filename == (*file)->filename &&
             came_whole(*transfer);
    });
  });
  Finding finding;
  finding.confidence = next_device || runs_elsewhere ? Confidence::Likely : Confidence::Possible;
  finding.packets = packets_of(*file);
  if (next_device && in.sessions.back().question() != nullptr) {
    finding.packets.push_back((in.sessions.back().discovers.empty() ? in.sessions.back().requests
                                                                    : in.sessions.back().discovers)
                                  .front()
                                  .packet());
  }
  finding.cause = fmt::format(
      "{} came whole and did not run{}{}: probably Secure Boot refuses it. The wire does not show "
      "signatures.",
      quote((*file)->filename), next_device ? "; the firmware went to its next boot device" : "",
      runs_elsewhere ? ", while it boots another machine of this capture" : "");
  if (files > 1) {
    finding.cause +=
        " The loaders before it ran: each link of the chain must be signed with a key "
        "that the one before it knows.";
  }
  advise_signed_chain(finding);
  return finding;
}

Look program_is_mute(const RuleInput& in) {
  const bool stuck = in.boot.verdict.kind == BootVerdict::Kind::Stalled &&
                     (in.boot.verdict.state == RomState::RunsNbp ||
                      in.boot.verdict.state == RomState::SearchesConfig);
  if (!stuck || in.session.transfers.empty() || wrong_architecture_image(in)) return std::nullopt;
  if (loader_loop(in)) return std::nullopt;
  const SeenTransfer* file = last_transfer(in.session);
  if (file == nullptr || !came_whole(*file->what) || file_of_wrong_size(in) ||
      is_abort_program((*file)->filename) || is_key_manager((*file)->filename) ||
      file_is_no_program(in) || wds_pending(in)) {
    return std::nullopt;
  }
  Finding finding;
  finding.confidence = Confidence::Possible;
  finding.packets = packets_of(*file);
  if (lower_case(base_name((*file)->filename)).starts_with("ldlinux.")) {
    finding.confidence = Confidence::Likely;
    finding.cause = fmt::format(
        "{} came whole and looks for no configuration: it is mostly of another syslinux version "
        "than the loader before it.",
        quote((*file)->filename));
    finding.fixes = {{"server",
                      "copy pxelinux.0 (or syslinux.efi) and all .c32 and .e64 files from one "
                      "syslinux package"}};
    finding.until = "config";
    return finding;
  }
  if (role_of((*file)->filename) == FileRole::Grub) {
    finding.cause = fmt::format(
        "{} came whole and asks for nothing: GRUB built for a disk has no network (its screen "
        "shows "
        "grub>), or it hangs, or the firmware or shim did not start it.",
        quote((*file)->filename));
    finding.fixes = {{"server",
                      "serve a network build: grubnetx64.efi.signed, or grub-mknetdir's "
                      "core.efi"},
                     {"machine", "look at its screen: grub>, or \"Verification failed\""}};
    finding.until = "config";
    return finding;
  }
  finding.cause = fmt::format(
      "{} came whole and asks for nothing, though {} always does: it hangs, waits for a key, or "
      "the "
      "firmware did not start it.",
      quote((*file)->filename), to_string(role_of((*file)->filename)));
  finding.fixes = {{"machine", "look at its screen; try another build of the program"}};
  finding.until = "config";
  return finding;
}

}  // namespace pxeproof::trace::rule

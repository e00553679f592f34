#include <fmt/format.h>

#include <algorithm>

#include "protocol/letter_case.h"
#include "protocol/tftp/negotiation.h"
#include "trace/rules/advice.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace::rule {

namespace {

using Outcome = TransferStep::Outcome;

const SeenTransfer* refused(const RuleInput& in, Refusal why) {
  const SeenTransfer* last = last_transfer(in.session);
  return last != nullptr && refusal_of(*last->what) == why ? last : nullptr;
}

// A name that came whole in this capture and differs only in case, slashes or directory.
std::string similar_name(const RuleInput& in, std::string_view wanted) {
  std::string plain = lower_case(base_name(wanted));
  for (const Boot* boot : in.capture.boots) {
    for (const Step& step : boot->steps) {
      const auto* transfer = std::get_if<TransferStep>(&step.what);
      if (transfer == nullptr || !came_whole(*transfer) || transfer->filename == wanted) continue;
      if (lower_case(base_name(transfer->filename)) == plain) return transfer->filename;
    }
  }
  return {};
}

bool is_ladder(const TransferStep& transfer) {
  const FileRole role = role_of(transfer.filename);
  return role == FileRole::Config || role == FileRole::Module;
}

// A loader tries several endings of a name; the first is what it was told.
const SeenTransfer* asked_first(const BootSession& session, const SeenTransfer& last) {
  const SeenTransfer* first = nullptr;
  for (const SeenTransfer& seen : session.transfers) {
    if (came_whole(*seen.what)) first = nullptr;
    const bool is_stem =
        refusal_of(*seen.what) == Refusal::NotFound && last->filename.starts_with(seen->filename);
    if (first == nullptr && is_stem) first = &seen;
    if (seen.step == last.step) break;
  }
  return first != nullptr ? first : &last;
}

// What else is missing, beside the first: names that were asked for since a file came.
std::vector<const SeenTransfer*> also_missing(const BootSession& session,
                                              const SeenTransfer& first) {
  std::vector<const SeenTransfer*> missing;
  for (const SeenTransfer& seen : session.transfers) {
    if (came_whole(*seen.what)) missing.clear();
    const bool is_missing = refusal_of(*seen.what) == Refusal::NotFound &&
                            role_of(seen->filename) != FileRole::Optional && !is_ladder(*seen.what);
    if (is_missing && !seen->filename.starts_with(first->filename)) missing.push_back(&seen);
  }
  return missing;
}

// A search for several names ends with the last; the first tells what was meant.
const SeenTransfer& first_missing(const BootSession& session, const SeenTransfer& last) {
  if (is_ladder(*last.what)) return last;
  const SeenTransfer* first = nullptr;
  for (const SeenTransfer& seen : session.transfers) {
    if (came_whole(*seen.what)) first = nullptr;
    const bool is_missing = refusal_of(*seen.what) == Refusal::NotFound &&
                            role_of(seen->filename) != FileRole::Optional && !is_ladder(*seen.what);
    if (is_missing && first == nullptr) first = &seen;
    if (seen.step == last.step) break;
  }
  return first != nullptr ? *first : last;
}

// What a look at the name tells.
std::string name_hint(std::string_view name) {
  std::string hint;
  if (name.find("://") != std::string_view::npos) {
    hint +=
        " The name is a URL, which this client cannot fetch: it asks its TFTP server for a file of "
        "that name. Name a file, or load iPXE first.";
  } else if (name.find('\\') != std::string_view::npos) {
    hint += " The name holds backslashes; not every server turns them into slashes.";
  }
  for (const std::string_view root : {"srv", "var/lib", "tftpboot", "home", "usr"}) {
    if (!name.starts_with(fmt::format("/{}/", root))) continue;
    hint += " It looks like a path of the server's own disk; names begin at the TFTP root.";
    break;
  }
  const auto is_outer = [name](std::string_view letters) {
    return !name.empty() && (letters.find(name.front()) != std::string_view::npos ||
                             letters.find(name.back()) != std::string_view::npos);
  };
  if (is_outer("\"'")) {
    hint +=
        " The quotation marks are part of the name: leave them out where the DHCP server is "
        "configured.";
  }
  if (is_outer(" \t")) hint += " A blank at its beginning or end is part of the name.";
  return hint;
}

// What cures it when the client's name for the file came from DHCP, or is its own.
std::vector<Fix> fixes_of_named_file(const RuleInput& in, std::string_view name) {
  const Namer namer = namer_of(in.session, name);
  if (is_url(name)) {
    const std::string_view base = base_name(name.substr(0, name.find('?')));
    if (role_of(base) == FileRole::Config) {
      const std::string_view program = in.is_uefi() ? "ipxe.efi" : "undionly.kpxe";
      return {{"dnsmasq", ipxe_lines(in, program, name, namer)}};
    }
    std::vector<Fix> fixes = dnsmasq_fixes(in, base.empty() ? example_file(in) : base, namer);
    fixes.front().text += "\nand the file below tftp-root, readable for all";
    return fixes;
  }
  std::string place = fmt::format("put {} below tftp-root, readable for all", quote(name));
  // A Raspberry Pi's names are its own.
  if (in.family != firmware::Family::RaspberryPi) {
    place +=
        fmt::format("; or name the file that is there: {}", line_that_names(in, "NAME", namer));
  }
  return {
      {"dnsmasq", place},
      {"tftpd-hpa", fmt::format("the name is relative to --secure DIRECTORY: {}", quote(name))}};
}

}  // namespace

Look file_not_found(const RuleInput& in) {
  if (key_manager_asked(in.session) != nullptr) return std::nullopt;
  const SeenTransfer* last = refused(in, Refusal::NotFound);
  if (last == nullptr) return std::nullopt;
  last = asked_first(in.session, first_missing(in.session, *last));
  const TransferStep& transfer = *last->what;
  if (was_stopped_before(in.session, transfer.filename)) return std::nullopt;
  // What a boot needs may have come before the capture began.
  if (in.boot.begins_before_capture && role_of(transfer.filename) == FileRole::Optional) {
    return std::nullopt;
  }
  Finding finding;
  finding.confidence = Confidence::Certain;
  if (transfer.name_cut) {
    finding.elsewhere =
        "the capture cut the end of the name off: capture whole packets (tcpdump -s 0)";
  }
  finding.packets = packets_of(*last);
  const std::string similar = similar_name(in, transfer.filename);
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const SeenDhcp* named_by = source_of(answers, transfer.filename);
  const bool is_first = first_file(in.sessions) == nullptr;
  if (named_by != nullptr) finding.packets.insert(finding.packets.begin(), named_by->packet());
  std::string others;
  const std::vector<const SeenTransfer*> more = also_missing(in.session, *last);
  constexpr std::size_t kNamed = 3;
  for (std::size_t at = 0; at < std::min(more.size(), kNamed); ++at) {
    others += fmt::format(", nor {}", quote(more[at]->what->filename));
    finding.packets.push_back(more[at]->packet());
  }
  if (more.size() > kNamed) others += fmt::format(", nor {} more", more.size() - kNamed);
  std::string why = is_first ? "" : ", which the second stage asks for";
  if (named_by != nullptr) {
    const Ipv4Address by = identity_of(*named_by->what);
    why = fmt::format(", which {} as boot file",
                      by == transfer.asked ? "it names itself" : to_string(by) + " names");
  }
  finding.cause = fmt::format("{} has no file {}{}{}.", to_string(transfer.asked),
                              quote(transfer.filename), others, why);
  if (!similar.empty()) {
    finding.cause += fmt::format(" It did send {}: the names differ in case, directory or slashes.",
                                 quote(similar));
  }
  finding.cause += name_hint(transfer.filename);
  if (is_first || named_by != nullptr) {
    finding.fixes = fixes_of_named_file(in, transfer.filename);
    if (!is_first) finding.until = "config";
  } else {
    finding.fixes = {{"loader",
                      "correct the name in its configuration; a leading / begins at the "
                      "TFTP root"},
                     {"server", fmt::format("put {} there", quote(transfer.filename))}};
    finding.until = "payload";
  }
  return finding;
}

Look layer_suffix(const RuleInput& in) {
  const SeenTransfer* last = refused(in, Refusal::NotFound);
  if (last == nullptr || !last->what->filename.ends_with(".0")) return std::nullopt;
  // Behind the first file it is the loader that tries names.
  if (first_file(in.sessions) != nullptr) return std::nullopt;
  const std::string& name = last->what->filename;
  const std::string stem = name.substr(0, name.size() - 2);
  const std::string base(base_name(stem));
  const bool has_extension = base.find('.') != std::string::npos;
  const bool is_own_name = base == "pxelinux" || base == "lpxelinux" || base == "gpxelinux" ||
                           base == "core" || base == "chain";
  const bool is_program = fetches_more(role_of(base)) || architecture_of_name(base + ".efi");
  // Of any other name it is not known whether it has the suffix by right.
  if (is_own_name || (!has_extension && !is_program && !in.is_uefi())) return std::nullopt;
  Finding finding;
  finding.confidence =
      has_extension || (is_program && in.is_uefi()) ? Confidence::Certain : Confidence::Possible;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format(
      "The server appended the layer \".0\" to the base name {}: it does so when the name in the "
      "configuration has no dot.",
      quote(stem));
  finding.fixes = {{"dnsmasq", fmt::format("pxe-service={},\"...\",{}", csa_name(in),
                                           has_extension ? stem : stem + ".efi")}};
  return finding;
}

Look name_with_garbage(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    const std::string& name = seen->filename;
    const auto bad = std::find_if(name.begin(), name.end(), [](char letter) {
      const auto octet = static_cast<unsigned char>(letter);
      return octet >= 0x80 || octet < 0x20 || octet == 0x7f;
    });
    if (bad == name.end() || came_whole(*seen.what)) continue;
    const std::string sound(name.begin(), bad);
    const std::vector<SeenDhcp> answers = boot_answers(in.session);
    const auto named = std::ranges::find_if(answers, [&](const SeenDhcp& answer) {
      return !sound.empty() && answer->boot_file.find(sound) != std::string::npos;
    });
    Finding finding;
    finding.confidence = named != answers.end() ? Confidence::Certain : Confidence::Likely;
    finding.packets = packets_of(seen);
    if (named != answers.end()) finding.packets.insert(finding.packets.begin(), named->packet());
    finding.cause = fmt::format(
        "The client asks for {}: behind the file's name it read on into the octets that follow, "
        "for "
        "option 67 has no NUL at its end.",
        quote(name));
    finding.fixes = {
        {"dnsmasq", "dhcp-no-override (the name then stands in the header's file field)"},
        {"ISC dhcpd", "filename \"...\"; instead of option bootfile-name"},
        {"MikroTik, others", "end the value of option 67 with a NUL"}};
    return finding;
  }
  return std::nullopt;
}

Look wrong_next_server(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || came_whole(*last->what)) return std::nullopt;
  const TransferStep& transfer = *last->what;
  const std::vector<SeenDhcp> answers = boot_answers(in.session);
  const SeenDhcp* named_by = source_of(answers, transfer.filename);
  const SeenTransfer* first = first_file(in.sessions);
  // The file's server by the answer that names it.
  Ipv4Address right;
  std::uint32_t packet = 0;
  if (named_by != nullptr) {
    right = named_by->what->siaddr.is_unspecified() ? identity_of(*named_by->what)
                                                    : named_by->what->siaddr;
    packet = named_by->packet();
  } else if (first != nullptr && role_of((*first)->filename) != FileRole::Shim) {
    right = (*first)->asked;
    packet = first->packet();
  } else if (first == nullptr) {
    // Machines that know the names of their files take only the server from an offer.
    for (const SeenDhcp& proxy : proxy_offers(in.session)) {
      if (!proxy->boot_file.empty() || proxy->siaddr.is_unspecified()) continue;
      right = proxy->siaddr;
      packet = proxy.packet();
    }
    if (transfer.outcome != Outcome::Unanswered) return std::nullopt;
  }
  if (right.is_unspecified() || right == transfer.asked) return std::nullopt;
  const bool is_lessor = std::ranges::any_of(answers, [&](const SeenDhcp& answer) {
    return gives_address(*answer.what) &&
           (answer->siaddr == transfer.asked || identity_of(*answer.what) == transfer.asked);
  });
  if (!is_lessor) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.packets.insert(finding.packets.begin(), packet);
  finding.cause = fmt::format(
      "The client asks {} for {}, but the boot file comes from {}: it took next-server (siaddr) of "
      "the address server's answer.",
      to_string(transfer.asked), quote(transfer.filename), to_string(right));
  finding.fixes = {
      {"address server", fmt::format("next-server {}; or none at all", to_string(right))},
      {"dnsmasq", fmt::format("as address server: dhcp-boot=FILE,,{}", to_string(right))},
      {"Kea", fmt::format("\"next-server\": \"{}\"", to_string(right))}};
  return finding;
}

Look access_denied(const RuleInput& in) {
  const SeenTransfer* last = refused(in, Refusal::Denied);
  if (last == nullptr) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format("{} may not send {}: \"{}\".", to_string(last->what->asked),
                              quote(last->what->filename), printable(last->what->error_text));
  // in.tftpd's own words: the mode of the file has no part in them.
  const std::string& said = last->what->error_text;
  if (said.find("Only absolute filenames allowed") != std::string::npos) {
    finding.fixes = {{"tftpd-hpa",
                      "run it with --secure and one directory (TFTP_OPTIONS=\"--secure\", "
                      "TFTP_DIRECTORY); without it only absolute names are served"}};
    return finding;
  }
  if (said.find("Forbidden directory") != std::string::npos) {
    finding.fixes = {{"tftpd-hpa",
                      "the name lies outside the directories that it was started with: put the "
                      "file below one of them, or run it with --secure and a relative name"}};
    return finding;
  }
  finding.fixes = {
      {"server", fmt::format("chmod a+r {} and a+x its directories; no link out of the "
                             "TFTP root",
                             printable(last->what->filename))},
      {"dnsmasq", "with tftp-secure the file must belong to user dnsmasq"}};
  return finding;
}

Look tftp_refused(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || last->what->outcome != Outcome::Refused) return std::nullopt;
  const TransferStep& transfer = *last->what;
  const std::uint16_t code = transfer.error_code.value_or(0);
  if (refusal_of(transfer) != Refusal::Other || is_ladder(transfer)) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format("{} refuses {} with ERROR {} \"{}\".", to_string(transfer.asked),
                              quote(transfer.filename), code, printable(transfer.error_text));
  finding.fixes = {{"server", "see its log: a directory, a read error, a refused mode"}};
  return finding;
}

namespace {

std::optional<std::uint64_t> requested_block_size(const TransferStep& transfer) {
  for (const tftp::Option& option : transfer.requested) {
    if (tftp::same_word(option.name, "blksize")) return tftp::parse_number(option.value);
  }
  return std::nullopt;
}

// By the transfer itself, else by the probe for the size before it, as UEFI does.
std::optional<std::uint64_t> told_size(const BootSession& session, const TransferStep& transfer) {
  std::optional<std::uint64_t> told;
  for (const SeenTransfer& seen : session.transfers) {
    const bool is_of_it = seen.what == &transfer ||
                          (is_size_probe(*seen.what) && seen->filename == transfer.filename &&
                           seen->asked == transfer.asked);
    if (!is_of_it) continue;
    for (const tftp::Option& option : seen->acknowledged) {
      if (tftp::same_word(option.name, "tsize")) told = tftp::parse_number(option.value);
    }
    if (seen.what == &transfer) break;
  }
  return told;
}

}  // namespace

Look file_of_wrong_size(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    const TransferStep& transfer = *seen.what;
    const bool is_whole = came_whole(transfer);
    if (!is_whole && !is_size_probe(transfer)) continue;
    const auto told = told_size(in.session, transfer);
    const bool is_empty = is_whole ? transfer.octets == 0 : told == 0U;
    // Of a cut OACK the size of a block may stand behind the cut.
    const bool differs = is_whole && told && *told != transfer.octets && !transfer.oack_cut &&
                         tftp::same_word(transfer.mode, "octet");
    const bool may_be_empty = role_of(transfer.filename) == FileRole::Config ||
                              role_of(transfer.filename) == FileRole::Optional;
    if (!differs && (!is_empty || may_be_empty)) continue;
    // More than was told harms only a client that stopped over it.
    const bool booted = in.boot.verdict.kind == BootVerdict::Kind::Booted;
    const FileRole role = role_of(transfer.filename);
    const bool cannot_run = is_empty && is_payload(role);
    if (booted && !cannot_run && (!differs || transfer.octets > *told)) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    finding.packets = packets_of(seen);
    if (!differs || transfer.octets == 0) {
      finding.cause = fmt::format("{} sends {} as an empty file.", to_string(transfer.asked),
                                  quote(transfer.filename));
      finding.fixes = {{"server", fmt::format("copy {} again: it has 0 octets there, mostly by a "
                                              "full disk or a build that failed",
                                              quote(transfer.filename))}};
      return finding;
    }
    const bool is_short = transfer.octets < *told;
    if (const auto wanted = requested_block_size(transfer);
        wanted && transfer.block_size > *wanted) {
      finding.cause = fmt::format(
          "{} acknowledged blksize {} for {}, more than the {} that the client asked for, and "
          "sends "
          "smaller blocks: the first looks like the last one (RFC 2348).",
          to_string(transfer.asked), transfer.block_size, quote(transfer.filename), *wanted);
      finding.fixes = {{"server", "acknowledge no more than was asked for"}};
      return finding;
    }
    finding.cause = fmt::format(
        "{} told {} octets for {} (tsize) and sent {}: {}.", to_string(transfer.asked), *told,
        quote(transfer.filename), transfer.octets,
        is_short ? "a block in the middle was short, and a short block ends the file (RFC 1350 s.6)"
                 : "firmware keeps room for the smaller number and stops (EDK2: PXE-E05)");
    finding.fixes = {{"server", is_short
                                    ? "look whether the file was replaced while it was sent, or "
                                      "is larger than the server can read"
                                    : "replace it, or switch its tsize option off"}};
    return finding;
  }
  return std::nullopt;
}

}  // namespace pxeproof::trace::rule

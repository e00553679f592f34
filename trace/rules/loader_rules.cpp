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

// Slashes in a row are one to a file system.
std::string plain_directory(std::string_view path) {
  std::string plain;
  for (const char letter : directory_of(path)) {
    if (letter != '/' || !plain.ends_with('/')) plain += letter;
  }
  return plain;
}

}  // namespace

Look shim_second_stage(const RuleInput& in) {
  const SeenTransfer* shim = nullptr;
  for (const SeenTransfer& seen : in.session.transfers) {
    if (came_whole(*seen.what) && role_of(seen->filename) == FileRole::Shim) shim = &seen;
  }
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || came_whole(*last->what)) return std::nullopt;
  const TransferStep& transfer = *last->what;
  if (shim == nullptr) {
    // A shim under another name: the first file, then a GRUB that is not where it is looked for.
    const SeenTransfer* first = first_file(in.sessions);
    const bool grub_next = role_of(transfer.filename) == FileRole::Grub &&
                           lower_case(transfer.filename).ends_with(".efi");
    if (first == nullptr || !in.is_uefi() || !grub_next) return std::nullopt;
    shim = first;
  }
  const bool is_second_stage =
      transfer.outcome == Outcome::Refused || transfer.outcome == Outcome::Unanswered;
  const auto next = std::ranges::find_if(in.session.transfers, [&](const SeenTransfer& seen) {
    return seen.at() > shim->at() && came_whole(*seen.what) &&
           role_of(seen->filename) != FileRole::Optional && seen->filename != (*shim)->filename;
  });
  if (!is_second_stage || next != in.session.transfers.end()) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*shim);
  add_packets(finding.packets, *last->step);
  const std::string directory = plain_directory((*shim)->filename);
  if (transfer.asked != (*shim)->asked) {
    finding.cause = fmt::format(
        "shim came from {} and asks {} for {}: it takes next-server of the address server's "
        "answer, "
        "not the proxy's.",
        to_string((*shim)->asked), to_string(transfer.asked), quote(transfer.filename));
  } else if (plain_directory(transfer.filename) != directory) {
    finding.cause = fmt::format(
        "shim came as {} and asks for {}, outside its directory: it takes the path of the boot "
        "file "
        "apart, and a backslash, a doubled slash or option 67 beside the header field misleads it.",
        quote((*shim)->filename), quote(transfer.filename));
  } else {
    finding.cause = fmt::format("shim came as {}, and its second stage {} is not beside it.",
                                quote((*shim)->filename), quote(transfer.filename));
  }
  finding.fixes = {
      {"server", fmt::format("put grubx64.efi beside {}", quote((*shim)->filename))},
      {"dnsmasq",
       "name it with slashes; next-server of the DHCP server equal to the TFTP server: "
       "dhcp-boot=shimx64.efi,,ADDRESS"}};
  finding.until = "payload";
  return finding;
}

namespace {

// Where a module of syslinux is found, for the machine that asked for it.
std::string modules_of_syslinux(std::string_view name) {
  if (name.ends_with(".e64")) {
    return "copy ldlinux.e64 and the modules of the same syslinux version "
           "(/usr/lib/syslinux/modules/efi64) beside syslinux.efi";
  }
  if (name.ends_with(".e32")) {
    return "copy ldlinux.e32 and the modules of the same syslinux version "
           "(/usr/lib/syslinux/modules/efi32) beside syslinux.efi";
  }
  return "copy ldlinux.c32 and the modules of the same syslinux version "
         "(/usr/lib/syslinux/modules/bios) beside pxelinux.0";
}

}  // namespace

Look loader_part_missing(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || last->what->outcome != Outcome::Refused) return std::nullopt;
  if (role_of(last->what->filename) != FileRole::Module ||
      was_stopped_before(in.session, last->what->filename)) {
    return std::nullopt;
  }
  const SeenTransfer* program = program_before(in, *last);
  if (program == nullptr) program = first_file(in.sessions);
  if (program == nullptr) return std::nullopt;
  // pxelinux tries NAME.c32 for a NAME that its configuration asks for: no part of its own.
  const std::string_view name = last->what->filename;
  const std::string_view stem = name.substr(0, name.rfind('.'));
  const bool is_guess = std::ranges::any_of(in.session.transfers, [&](const SeenTransfer& seen) {
    return seen->filename == stem && seen->outcome == Outcome::Refused;
  });
  if (is_guess) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*program);
  for (const SeenTransfer& seen : in.session.transfers) {
    if (seen.at() > program->at() && seen->outcome == Outcome::Refused) {
      add_packets(finding.packets, *seen.step);
    }
  }
  finding.cause = fmt::format("{} came whole, but its part {} is not on the server.",
                              quote((*program)->filename), quote(last->what->filename));
  const bool syslinux = lower_case(last->what->filename).find(".c32") != std::string::npos ||
                        lower_case(last->what->filename).find("ldlinux") != std::string::npos;
  finding.fixes = {
      {"server", syslinux ? modules_of_syslinux(lower_case(last->what->filename))
                          : std::string("grub-mknetdir --net-directory=TFTP-ROOT, or a GRUB image "
                                        "with its modules inside")}};
  finding.until = "payload";
  return finding;
}

namespace {

// RFC 5071: the place of its configuration. GRUB, iPXE and Windows have other ways.
bool reads_options_of_pxelinux(const SeenTransfer& program) {
  const FileRole role = role_of(program->filename);
  return role == FileRole::Pxelinux || role == FileRole::SyslinuxEfi;
}

}  // namespace

Look configuration_missing(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  if (last == nullptr || last->what->outcome != Outcome::Refused) return std::nullopt;
  if (role_of(last->what->filename) != FileRole::Config) return std::nullopt;
  const SeenTransfer* program = program_before(in, *last);
  if (program == nullptr) program = first_file(in.sessions);
  // A name that DHCP told is not the loader's: file_not_found says who told it.
  if (source_of(boot_answers(in.session), last->what->filename) != nullptr) return std::nullopt;
  // U-Boot needs no loader: it looks for configurations itself.
  const bool is_firmware = in.family == firmware::Family::Uboot && program == nullptr;
  if (program == nullptr && !is_firmware) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Certain;
  if (program != nullptr) finding.packets = packets_of(*program);
  std::size_t tried = 0;
  std::string wanted = last->what->filename;  // what every machine would take
  bool reads_options = is_firmware || (program != nullptr && reads_options_of_pxelinux(*program));
  for (const SeenTransfer& seen : in.session.transfers) {
    if (seen->outcome != Outcome::Refused || role_of(seen->filename) != FileRole::Config) continue;
    ++tried;
    reads_options = reads_options || seen->filename.find("pxelinux.cfg/") != std::string::npos;
    if (tried == 1) finding.packets.push_back(seen.packet());
    const std::string base = lower_case(base_name(seen->filename));
    if (base == "default" || base == "grub.cfg") wanted = seen->filename;
  }
  finding.packets.push_back(last->step->last_packet);
  finding.cause = fmt::format(
      "{} finds no configuration: {} name{} tried, the last {}.",
      is_firmware ? std::string("U-Boot") : fmt::format("{} runs and", quote((*program)->filename)),
      tried, tried == 1 ? "" : "s", quote(last->what->filename));
  finding.fixes = {{"server", fmt::format("create {} below the TFTP root", quote(wanted))}};
  if (wanted.find('\\') != std::string::npos) {
    finding.fixes.push_back({"tftpd-hpa",
                             "--map-file with the line  rg \\\\ /  : its names have slashes; mind "
                             "upper and lower case, too"});
  }
  if (reads_options) {
    finding.fixes.push_back(
        {"dnsmasq",
         "or tell its place: dhcp-option=209,NAME and 210,DIRECTORY/ (not in proxy mode)"});
  }
  finding.until = "config";
  return finding;
}

}  // namespace pxeproof::trace::rule

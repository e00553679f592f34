#include "trace/session_signs.h"

#include <algorithm>
#include <array>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/letter_case.h"
#include "protocol/tftp/packet.h"
#include "trace/boot_files.h"

namespace pxeproof::trace {

namespace {

using Outcome = TransferStep::Outcome;

constexpr std::uint16_t kGranted = 200;
constexpr std::uint16_t kRefuses = 400;

bool has_content(const TransferStep& transfer) {
  return came_whole(transfer) && transfer.octets > 0;
}

bool is_empty(const HttpStep& http) {
  return http.status == kGranted && http.method == "GET" && http.length == 0U;
}

// What can stand in for a file that is missing: one of its kind, or a program that has files of
// its own.
bool can_replace(std::string_view name, FileRole role) {
  const FileRole other = role_of_target(name);
  return other == role || fetches_more(other) || architecture_of_name(name).has_value();
}

// A loader that tries several names, or another entry of its menu, came to one that is there.
bool is_made_good(const BootSession& session, FileRole role, Instant after) {
  const bool by_tftp = std::ranges::any_of(session.transfers, [&](const SeenTransfer& seen) {
    return seen.at() > after && has_content(*seen.what) && can_replace(seen->filename, role);
  });
  return by_tftp || std::ranges::any_of(session.http, [&](const SeenHttp& seen) {
           return seen.at() > after && seen->status.value_or(kRefuses) < kRefuses &&
                  !is_empty(*seen.what) && can_replace(seen->target, role);
         });
}

bool is_about_tftp(const SeenIcmp& icmp) { return icmp->about_destination.port == tftp::kPort; }

// The questions for one file, one after the other.
struct Asked {
  std::string_view name;
  std::uint32_t times = 0;
  Instant first;
  Instant last;

  // A client that hears nothing asks again from the same port, or after a while from another. Once
  // for the size and at once for the file itself is no repetition.
  bool is_without_wait() const {
    constexpr std::uint32_t kSizeAndFile = 2;
    constexpr Duration kNoTimeout = std::chrono::seconds(1);
    return times == 1 || (times == kSizeAndFile && last - first < kNoTimeout);
  }
};

}  // namespace

bool has_payload(const BootSession& session) {
  const bool by_tftp = std::ranges::any_of(session.transfers, [](const SeenTransfer& seen) {
    return has_content(*seen.what) && is_payload(role_of(seen->filename));
  });
  return by_tftp || std::ranges::any_of(session.http, [](const SeenHttp& seen) {
           return seen->status == kGranted && !is_empty(*seen.what) &&
                  is_payload(role_of_target(seen->target));
         });
}

const SeenHttp* refused_payload(const BootSession& session) {
  for (auto at = session.http.rbegin(); at != session.http.rend(); ++at) {
    const FileRole role = role_of_target((*at)->target);
    const bool is_refused = (*at)->status.value_or(0) >= kRefuses;
    if (!is_payload(role) || (!is_refused && !is_empty(*at->what))) continue;
    if (!is_made_good(session, role, at->at())) return &*at;
  }
  return nullptr;
}

const SeenTransfer* failed_payload(const BootSession& session) {
  // The first: a loader tries other endings of its name afterwards.
  for (const SeenTransfer& failed : session.transfers) {
    const TransferStep& transfer = *failed.what;
    const FileRole role = role_of(transfer.filename);
    const bool is_empty = came_whole(transfer) && transfer.octets == 0;
    if (!is_payload(role) || (transfer.outcome != Outcome::Refused && !is_empty)) continue;
    const bool came_before = std::ranges::any_of(session.transfers, [&](const SeenTransfer& seen) {
      return seen->filename == transfer.filename && has_content(*seen.what);
    });
    if (!came_before && !is_made_good(session, role, failed.at())) return &failed;
  }
  return nullptr;
}

bool lacks_transfers(const std::vector<BootSession>& sessions) {
  Asked asked;
  bool went_on = false;
  for (const BootSession& session : sessions) {
    // Who is told that nobody listens goes on at once; what came by HTTP decides without them.
    if (std::ranges::any_of(session.icmp, is_about_tftp) || !session.http.empty()) return false;
    for (const SeenTransfer& seen : session.transfers) {
      if (seen->outcome != Outcome::Unanswered || seen->stranger) return false;
      if (asked.name != seen->filename) {
        went_on = went_on || (!asked.name.empty() && asked.is_without_wait());
        asked = {.name = seen->filename, .times = 0, .first = seen.at(), .last = seen.at()};
      }
      constexpr std::uint32_t kRepeated = 3;
      asked.times += seen->requests == 1 ? 1 : kRepeated;
      asked.last = seen.at();
    }
  }
  return went_on;
}

bool holds_dhcp_only(const std::vector<BootSession>& sessions) {
  return std::ranges::none_of(sessions, [](const BootSession& session) {
    return session.fetches() || !session.icmp.empty() || !session.unanswered_arp.empty() ||
           !session.address_conflicts.empty();
  });
}

std::string file_of_lease(const BootSession& session) {
  if (session.acks.empty()) return {};
  const DhcpStep& ack = *session.acks.back().what;
  const bool has_server = !ack.siaddr.is_unspecified() || !ack.server_name.empty() ||
                          ack.boot_file.find("://") != std::string::npos;
  return has_server ? ack.boot_file : std::string();
}

bool is_for_another_machine(const Boot& boot, ClientKind kind, std::string_view name,
                            const FileHead& head) {
  if (!boot.architecture || !head.pe_machine) return false;
  const auto made_for = architecture_of_machine(*head.pe_machine);
  const std::uint16_t wanted = program_architecture(*boot.architecture);
  // iPXE for BIOS starts Linux kernels, which carry a PE header for UEFI.
  const bool is_kernel =
      wanted == 0 && kind == ClientKind::Ipxe && !lower_case(name).ends_with(".efi");
  return made_for && *made_for != wanted && !is_kernel;
}

bool loads_efi_programs_only(const Boot& boot, firmware::Family family) {
  if (!boot.architecture) return false;
  const auto* known = dhcp::find_architecture(*boot.architecture);
  return family != firmware::Family::Uboot && family != firmware::Family::Ipxe &&
         known != nullptr && known->name.starts_with("UEFI");
}

bool is_no_program(const Boot& boot, firmware::Family family, const TransferStep& file) {
  constexpr std::size_t kEnough = 4;
  const FileHead& head = file.head;
  // Of a capture that began later, the first file may be any.
  if (boot.begins_before_capture || head.octets.size() < kEnough || head.is_blanked() ||
      lower_case(file.mode) != "octet") {
    return false;
  }
  return head.is_web_page() ||
         (loads_efi_programs_only(boot, family) && !head.may_be_efi_program());
}

std::string disk_of(const DhcpStep& answer) {
  using namespace std::string_view_literals;
  // The schemes of iPXE's SAN boot. A path for NFS has none.
  constexpr std::array kSchemes{"iscsi:"sv,  "aoe:"sv,    "fcp:"sv,    "srp:"sv,
                                "ib_srp:"sv, "http://"sv, "https://"sv};
  const auto message = dhcp::MessageView::parse(answer.octets);
  const auto path = message ? message->joined(dhcp::OptionCode::RootPath) : std::nullopt;
  if (!path) return {};
  std::string disk(path->begin(), path->end());
  const bool is_san = std::ranges::any_of(
      kSchemes, [&disk](std::string_view scheme) { return lower_case(disk).starts_with(scheme); });
  return is_san ? disk : std::string();
}

bool names_disk(const BootSession& session) {
  const auto names_one = [](const SeenDhcp& answer) { return !disk_of(*answer.what).empty(); };
  return session.kind == ClientKind::Ipxe && (std::ranges::any_of(session.offers, names_one) ||
                                              std::ranges::any_of(session.acks, names_one));
}

std::string disk_of(const BootSession& session) {
  if (session.kind != ClientKind::Ipxe || session.acks.empty()) return {};
  return disk_of(*session.acks.back().what);
}

bool starts_system(const BootSession& session) {
  return has_payload(session) || !disk_of(session).empty();
}

bool is_http_program(const BootSession& session, const SeenHttp& file) {
  return session.kind == ClientKind::HttpRom && session.transfers.empty() && file->status == 200 &&
         file->method == "GET" && std::ranges::all_of(session.http, [&](const SeenHttp& other) {
           return other->target == file->target;
         });
}

std::size_t rounds_with_only(const std::vector<BootSession>& sessions, std::string_view file) {
  return static_cast<std::size_t>(std::ranges::count_if(sessions, [&](const BootSession& session) {
    const bool other_transfer =
        std::ranges::any_of(session.transfers, [&](const SeenTransfer& seen) {
          return seen->filename != file || !(came_whole(*seen.what) || is_size_probe(*seen.what));
        });
    const bool other_http = std::ranges::any_of(session.http, [&](const SeenHttp& seen) {
      return seen->target != file || seen->status != 200;
    });
    return session.fetches() && !other_transfer && !other_http;
  }));
}

}  // namespace pxeproof::trace

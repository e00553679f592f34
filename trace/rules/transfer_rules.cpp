#include <fmt/format.h>

#include <algorithm>

#include "protocol/tftp/negotiation.h"
#include "trace/rules/looks.h"
#include "trace/rules/queries.h"
#include "trace/step_text.h"

namespace pxeproof::trace::rule {

namespace {

using namespace std::chrono_literals;
using Outcome = TransferStep::Outcome;

// What fits an Ethernet frame: 1500 octets without the IP, UDP and TFTP headers.
constexpr std::uint16_t kLargestUnfragmented = 1468;
// Smaller blocks than this pass nearly every tunnel.
constexpr std::uint16_t kSmallBlock = 1024;
constexpr Duration kLongSilence = 3s;

// The last transfer, when the boot ended in it.
const SeenTransfer* failed_transfer(const RuleInput& in) {
  const SeenTransfer* last = last_transfer(in.session);
  return last != nullptr && !came_whole(*last->what) ? last : nullptr;
}

// The server sent its large packets in vain: nothing of them was ever acknowledged.
bool first_block_never_arrives(const TransferStep& transfer) {
  const bool server_repeats = transfer.blocks <= transfer.window_size && transfer.resent >= 1;
  const bool client_repeats = transfer.blocks == 0 && transfer.acknowledgements >= 2;
  return transfer.outcome != Outcome::Unanswered && transfer.acknowledged_block == 0 &&
         transfer.acknowledgements >= 1 &&
         (server_repeats || client_repeats || transfer.fragments > 0);
}

// Blocks as large came from that server before: the path carries them.
bool path_carries(const RuleInput& in, const TransferStep& transfer) {
  return std::ranges::any_of(in.sessions, [&](const BootSession& session) {
    return std::ranges::any_of(session.transfers, [&](const SeenTransfer& other) {
      return other.what != &transfer && other->asked == transfer.asked &&
             other->block_size >= transfer.block_size && other->acknowledged_block > 1;
    });
  });
}

constexpr std::uint16_t kHeaders = 32;  // octets of IPv4, UDP and TFTP in front of a block

// Blocks for the MTU that a router has told, else clearly smaller than the packets that are lost.
std::vector<Fix> smaller_blocks(std::uint64_t packet_octets, std::uint16_t told_mtu) {
  constexpr std::uint64_t kTunnelMtu = 1400;
  constexpr std::uint64_t kSmallestMtu = 1280;
  const std::uint64_t usual = packet_octets > kTunnelMtu + 60 ? kTunnelMtu : kSmallestMtu;
  const std::uint64_t mtu = told_mtu != 0 ? told_mtu : usual;
  std::vector<Fix> fixes{{"dnsmasq", fmt::format("tftp-mtu={}", mtu)},
                         {"tftpd-hpa", fmt::format("--blocksize {}", mtu - kHeaders)},
                         {"atftpd", "--mtu, or no blksize option: --no-blksize"}};
  if (told_mtu == 0) {
    fixes.push_back({"network", "let ICMP \"fragmentation needed\" pass; set the tunnel's MTU"});
  }
  return fixes;
}

}  // namespace

Look packets_too_large(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr) return std::nullopt;
  const TransferStep& transfer = *last->what;
  if (server_is_deaf(transfer)) return std::nullopt;
  const auto icmp = std::ranges::find_if(in.session.icmp, [&](const SeenIcmp& seen) {
    return seen->is_fragmentation_needed() &&
           (seen->about_destination.address == transfer.client.address ||
            seen->about_source.address == transfer.client.address);
  });
  const bool told = icmp != in.session.icmp.end();
  const bool large = transfer.block_size > kSmallBlock;
  if (!told && (!large || !first_block_never_arrives(transfer))) return std::nullopt;
  if (!told && transfer.fragments == 0 && path_carries(in, transfer)) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(*last);
  if (told) finding.packets.push_back(icmp->packet());
  const bool fragmented = transfer.fragments > 0 || transfer.block_size > kLargestUnfragmented;
  finding.confidence = told || transfer.fragments > 0 ? Confidence::Certain : Confidence::Likely;
  finding.cause = fmt::format(
      "blksize {} was agreed on and acknowledged, then no block of {} octets gets through: {}.",
      transfer.block_size, transfer.block_size + 32,
      fragmented ? "such packets travel in fragments, and these are lost"
                 : "the path carries less than that (a tunnel, VXLAN, WireGuard)");
  const std::uint16_t told_mtu =
      told && (*icmp)->next_mtu > kHeaders ? (*icmp)->next_mtu : std::uint16_t{0};
  finding.fixes = smaller_blocks(transfer.block_size + kHeaders, told_mtu);
  if (!told && transfer.fragments == 0) {
    finding.elsewhere =
        "where they are lost is not decidable from one side: capture on the other side too";
  }
  return finding;
}

Look lost_block_not_resent(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr || last->what->outcome != Outcome::Unfinished) return std::nullopt;
  const TransferStep& transfer = *last->what;
  if (packets_too_large(in) || block_number_wrap(in) || block_misnumbered(in) ||
      server_is_deaf(transfer)) {
    return std::nullopt;
  }
  // It never got going: the answers do not arrive.
  if (transfer.acknowledgements == 0 && vain_tries(in.session, transfer) >= 2) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(*last);
  finding.fixes = {{"atftpd",
                    "0.8.0 answers a lost first block with packets of 3 octets: use dnsmasq "
                    "or tftpd-hpa"},
                   {"server", "RFC 1350 s.2: repeat the last packet until it is acknowledged"},
                   {"network", "find where packets are lost: cable, duplex, a full link"}};
  if (transfer.runts > 0) {
    finding.confidence = Confidence::Certain;
    finding.cause = fmt::format(
        "The server repeats a block as packets that are no TFTP ({} of them), so {} stays at block "
        "{}.",
        transfer.runts, quote(transfer.filename), transfer.acknowledged_block);
    return finding;
  }
  if (const SeenIcmp* icmp =
          port_closed(in.session, transfer.server.address, transfer.server.port)) {
    finding.confidence = Confidence::Certain;
    finding.packets.push_back(icmp->packet());
    finding.cause = fmt::format(
        "{} stopped at block {}: {} says that nobody listens on the transfer's port {} any more "
        "(ICMP unreachable). The server's process ended, or dropped the transfer.",
        quote(transfer.filename), transfer.acknowledged_block, to_string(icmp->what->sender),
        transfer.server.port);
    finding.fixes = {
        {"server",
         "see its log for a crash, a restart, or a time limit; with inetd "
         "and containers, who ends the process"},
        {"tftpd-hpa", "--timeout SECONDS: how long a process waits for more requests"}};
    return finding;
  }
  const bool server_silent = transfer.last_sender == TransferStep::Side::Client &&
                             transfer.acknowledgements > transfer.acknowledged_block + 1;
  const bool waited =
      transfer.longest_pause >= 1s || in.boot.known_until - transfer.ended >= kLongSilence;
  const bool never_repeats = transfer.last_sender == TransferStep::Side::Server &&
                             transfer.resent == 0 &&
                             transfer.blocks > transfer.acknowledged_block && waited;
  const bool unanswered_ack = transfer.last_sender == TransferStep::Side::Client && waited;
  if (!server_silent && !never_repeats && !unanswered_ack) return std::nullopt;
  // Whether it was not sent, or lost before it came here, the packets do not show.
  finding.confidence = Confidence::Likely;
  finding.cause = fmt::format(
      "{} stopped at block {}: {}, and the server does not send the block that is missing.",
      quote(transfer.filename), transfer.acknowledged_block,
      server_silent   ? "the client repeats its acknowledgement"
      : never_repeats ? "the block after it was sent once and not acknowledged"
                      : "the client has acknowledged all it got");
  finding.elsewhere =
      "if the server does repeat it, the loss is between it and this capture point: "
      "capture at the server";
  return finding;
}

Look window_on_lossy_path(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr || last->what->window_size < 2) return std::nullopt;
  const TransferStep& transfer = *last->what;
  if (transfer.outcome != Outcome::Unfinished || transfer.blocks < 1) return std::nullopt;
  // A capture that ends in the middle of a transfer shows no loss.
  const bool is_running = in.boot.verdict.kind == BootVerdict::Kind::Unfinished;
  if (is_running && transfer.resent == 0 && transfer.longest_pause < 1s) return std::nullopt;
  if (packets_too_large(in) || block_misnumbered(in)) return std::nullopt;
  Finding finding;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format(
      "windowsize {} was agreed on and {} stopped after {} blocks ({} packets seen again): blocks "
      "of "
      "a window are lost, and client and server do not find together again.",
      transfer.window_size, quote(transfer.filename), transfer.blocks, transfer.resent);
  finding.fixes = {{"server",
                    "do not acknowledge windowsize (RFC 7440 is an option): dnsmasq before "
                    "2.92 does not know it"},
                   {"tftpd-hpa", "--refuse windowsize"},
                   {"Windows", "in the BCD: bcdedit /set {ramdiskoptions} ramdisktftpwindowsize 4"},
                   {"network", "find the loss: speed mismatch or a small switch buffer"}};
  return finding;
}

Look window_slow(const RuleInput& in) {
  for (const BootSession& session : in.sessions) {
    for (const SeenTransfer& seen : session.transfers) {
      const bool slow = came_whole(*seen.what) && seen->window_size > 1 && seen->resent >= 3 &&
                        seen->longest_pause >= 1s;
      if (!slow) continue;
      Finding finding;
      finding.packets = packets_of(seen);
      finding.cause = fmt::format("{} with windowsize {}: {} packets sent again, pauses up to {}.",
                                  quote(seen->filename), seen->window_size, seen->resent,
                                  describe_duration(seen->longest_pause));
      finding.fixes = {{"server", "do not acknowledge windowsize on this path"}};
      finding.until = "payload";
      return finding;
    }
  }
  return std::nullopt;
}

Look block_number_wrap(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr) return std::nullopt;
  const TransferStep& transfer = *last->what;
  constexpr std::uint64_t kLastNumber = 65535;
  constexpr std::uint64_t kLastSigned = 32767;
  const bool at_edge = transfer.blocks == kLastNumber || transfer.blocks == kLastNumber + 1 ||
                       transfer.blocks == kLastSigned || transfer.blocks == kLastSigned + 1;
  if (!at_edge && !transfer.wrapped_wrong) return std::nullopt;
  Finding finding;
  finding.confidence = transfer.wrapped_wrong || transfer.blocks >= kLastNumber
                           ? Confidence::Certain
                           : Confidence::Likely;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format(
      "{} has more than {} blocks of {} octets; {}.", quote(transfer.filename),
      transfer.blocks > kLastSigned + 1 ? kLastNumber : kLastSigned, transfer.block_size,
      transfer.wrapped_wrong ? "after block 65535 the server goes on with 1, the client waits for 0"
                             : "there the transfer ends: one side cannot count further");
  finding.fixes = {{"server", "agree to a larger blksize: 1428 octets reach 93 MB"},
                   {"tftpd-hpa", "5.2 wraps to 0; --blocksize 1468"},
                   {"others", "fetch large files by HTTP"}};
  finding.until = "payload";
  return finding;
}

Look block_misnumbered(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr || !last->what->misnumbered || last->what->wrapped_wrong) return std::nullopt;
  const TransferStep& transfer = *last->what;
  Finding finding;
  finding.confidence = Confidence::Certain;
  finding.packets = packets_of(*last);
  finding.packets.push_back(transfer.misnumbered->packet);
  finding.cause = fmt::format(
      "The server numbers a block of {} {} where {} is due, and the client goes on waiting for {}.",
      quote(transfer.filename), transfer.misnumbered->number, transfer.misnumbered->due,
      transfer.misnumbered->due);
  finding.fixes = {{"server", "RFC 1350 s.2: blocks count by one; replace or update the server"},
                   {"network", "a device that rewrites TFTP (a NAT helper)? serve past it"}};
  finding.until = "payload";
  return finding;
}

Look abort_not_honoured(const RuleInput& in) {
  for (const SeenTransfer& seen : in.session.transfers) {
    if (!seen->error_by_client || (seen->late_oacks < 1 && seen->late < 3)) continue;
    Finding finding;
    finding.confidence = Confidence::Certain;
    finding.packets = packets_of(seen);
    finding.cause = fmt::format(
        "The client ended {} with ERROR and the server went on sending ({} packets): it does not "
        "honour ERROR (RFC 1350 s.7).",
        quote(seen->filename), seen->late);
    finding.fixes = {{"server", "replace the TFTP server, or update it"}};
    return finding;
  }
  return std::nullopt;
}

Look client_went_silent(const RuleInput& in) {
  const SeenTransfer* last = failed_transfer(in);
  if (last == nullptr || last->what->outcome != Outcome::Unfinished) return std::nullopt;
  const TransferStep& transfer = *last->what;
  const bool server_tries = transfer.last_sender == TransferStep::Side::Server &&
                            transfer.resent >= 1 && transfer.acknowledgements >= 1 &&
                            transfer.window_size < 2;
  if (!server_tries || packets_too_large(in) || block_number_wrap(in) || block_misnumbered(in)) {
    return std::nullopt;
  }
  if (transfer.runts > 0) return std::nullopt;
  Finding finding;
  finding.confidence = Confidence::Possible;
  finding.packets = packets_of(*last);
  finding.cause = fmt::format(
      "The server repeats block {} of {} and the client answers no more: it was switched off, it "
      "hangs (file too large for its memory?), or its packets are lost.",
      transfer.blocks, quote(transfer.filename));
  finding.fixes = {{"machine", "look at its screen; try a smaller file"},
                   {"network", "look for an access list or link that fails under load"}};
  finding.elsewhere = "not decidable from this side: capture at the client's switch port";
  return finding;
}

}  // namespace pxeproof::trace::rule

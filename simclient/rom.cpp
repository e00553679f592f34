#include "simclient/rom.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/tftp/packet.h"
#include "simclient/boot_uri.h"
#include "simclient/failure_reason.h"
#include "simclient/file_outcome.h"
#include "simclient/image_verdict.h"

namespace pxeproof::rom {

namespace {

// Labels of the independent random streams.
constexpr std::uint64_t kTickPhase = 1;
constexpr std::uint64_t kXid = 2;
constexpr std::uint64_t kIdentification = 4;
constexpr std::uint64_t kUptime = 5;

// How long a machine has been up when its firmware sends the first packet, for those that count
// milliseconds (U-Boot 2023.01 in QEMU: 2.6 s).
constexpr Duration kShortestUptime = std::chrono::milliseconds(2000);
constexpr std::uint64_t kUptimeSpreadMilliseconds = 1000;

TickClock draw_clock(const firmware::TickRules& rules, const Random& random,
                     const std::optional<Duration>& phase) {
  if (phase) return {rules, *phase};
  Random stream = random.fork(kTickPhase);
  return {rules, Duration(static_cast<Duration::rep>(
                     stream.below(static_cast<std::uint64_t>(rules.tick.count()))))};
}

std::uint16_t first_identification(const firmware::IpRules& rules, const Random& random) {
  if (rules.identification != firmware::IpRules::Identification::RandomCounter) {
    return rules.first_identification;
  }
  return static_cast<std::uint16_t>(random.fork(kIdentification).below(0x10000));
}

void earliest(std::optional<Instant>& result, const std::optional<Instant>& candidate) {
  if (candidate && (!result || *candidate < *result)) result = candidate;
}

}  // namespace

Rom::Rom(RomOptions options)
    : options_(std::move(options)),
      board_{
          .profile = options_.profile,
          .mac = options_.mac,
          .guid = options_.guid,
          .architecture = options_.architecture.value_or(options_.profile->architecture),
          .random = Random(options_.seed),
          .clock = draw_clock(options_.profile->clock, Random(options_.seed), options_.tick_phase),
          .ip = IpLayer(
              *options_.profile, options_.mac,
              draw_clock(options_.profile->clock, Random(options_.seed), options_.tick_phase),
              options_.checksums,
              first_identification(options_.profile->ip, Random(options_.seed))),
          .settings = {},
          .unix_time = options_.unix_time,
          .powered_on = {},
          .uptime = kShortestUptime +
                    std::chrono::milliseconds(
                        Random(options_.seed).fork(kUptime).below(kUptimeSpreadMilliseconds)),
          .events = {},
          .next_event = 0,
          .event_limit = options_.event_limit} {}

Rom::~Rom() = default;

bool Rom::is_over() const { return booted() != nullptr || failed() != nullptr; }

void Rom::start(Instant now) {
  board_.tell(now, PoweredOn{});
  board_.powered_on = now;
  begin_attempt(now);
}

// Each attempt is a DHCP session of its own.
void Rom::begin_attempt(Instant now) {
  board_.ip.release();
  board_.settings = {};
  board_.settings.set_order(board_.profile->offers.boot_file_of);
  board_.settings.set_repeated_tag(board_.profile->offers.repeated_tag);
  const auto drawn = static_cast<std::uint32_t>(board_.random.fork(kXid).next());
  const std::uint32_t xid = session_xid(now, board_, drawn, static_cast<std::uint32_t>(attempt_));
  const auto until = options_.until == Phase::Offer ? DhcpExchange::Until::Offers
                                                    : DhcpExchange::Until::Configured;
  auto& configuring = state_.emplace<Configuring>(
      Configuring{.dhcp = DhcpExchange(xid, attempt(), until), .ipv6 = std::nullopt});
  configuring.dhcp.start(now, board_);
  if (options_.waits == Waits::Real && board_.profile->router_solicitations) {
    configuring.ipv6.emplace(*board_.profile->router_solicitations, board_.clock, board_.mac);
    if (auto frame = configuring.ipv6->start(now)) board_.ip.transmit(std::move(*frame));
  }
}

void Rom::on_frame(Instant now, ByteView frame) {
  if (waits_for_key_) {
    (void)board_.ip.on_frame(now, frame);  // it still answers ARP
    return;
  }
  if (is_over() || std::holds_alternative<Off>(state_)) return;
  auto* const running = std::get_if<StageRun>(&state_);
  if (running != nullptr && running->holds_back(now, board_, frame)) return;
  deliver(now, frame);
  advance(now);
}

void Rom::deliver(Instant now, ByteView frame) {
  if (auto* const configuring = std::get_if<Configuring>(&state_);
      configuring != nullptr && configuring->ipv6) {
    configuring->ipv6->on_frame(frame);
  }
  const auto datagram = board_.ip.on_frame(now, frame);
  if (datagram) {
    deliver_datagram(now, *datagram);
  } else if (datagram.error() == FrameFate::Damaged) {
    board_.tell_ignored(now, {}, Ignored::BadFrame);
  }
}

void Rom::deliver_datagram(Instant now, const ReceivedDatagram& datagram) {
  const std::uint16_t port = datagram.destination.port;
  if (auto* const configuring = std::get_if<Configuring>(&state_);
      configuring != nullptr && port == configuring->dhcp.port(board_)) {
    configuring->dhcp.on_message(now, board_, datagram);
  } else if (auto* const discovering = std::get_if<Discovering>(&state_);
             discovering != nullptr && port == discovering->discovery.port()) {
    discovering->discovery.on_message(now, board_, datagram);
  } else if (auto* const fetching = std::get_if<FetchingNbp>(&state_);
             fetching != nullptr && port == fetching->download.port()) {
    fetching->download.on_datagram(now, board_, datagram);
  } else if (auto* const extra = std::get_if<FetchingExtra>(&state_);
             extra != nullptr && port == extra->download.port()) {
    extra->download.on_datagram(now, board_, datagram);
  } else if (auto* const running = std::get_if<StageRun>(&state_);
             running != nullptr && running->on_datagram(now, board_, datagram)) {
    return;
  } else {
    board_.tell_ignored(now, datagram.source, Ignored::NoListener);
  }
}

void Rom::on_timeout(Instant now) {
  if (is_over()) return;
  board_.ip.on_timeout(now);
  if (const auto* const pausing = std::get_if<Pausing>(&state_)) {
    if (pausing->until <= now) begin_attempt(now);
  } else if (auto* const configuring = std::get_if<Configuring>(&state_)) {
    configuring->dhcp.on_timeout(now, board_);
    if (configuring->ipv6) {
      if (auto frame = configuring->ipv6->on_timeout(now)) board_.ip.transmit(std::move(*frame));
    }
  } else if (auto* const discovering = std::get_if<Discovering>(&state_)) {
    discovering->discovery.on_timeout(now, board_);
  } else if (auto* const fetching = std::get_if<FetchingNbp>(&state_)) {
    fetching->download.on_timeout(now, board_);
  } else if (auto* const extra = std::get_if<FetchingExtra>(&state_)) {
    extra->download.on_timeout(now, board_);
  } else if (auto* const running = std::get_if<StageRun>(&state_)) {
    running->on_timeout(now, board_);
  }
  advance(now);
}

std::optional<Instant> Rom::poll_timeout() const {
  if (is_over()) return std::nullopt;
  std::optional<Instant> result = board_.ip.poll_timeout();
  if (const auto* const pausing = std::get_if<Pausing>(&state_)) {
    earliest(result, pausing->until);
  } else if (const auto* const configuring = std::get_if<Configuring>(&state_)) {
    earliest(result, configuring->dhcp.poll_timeout());
    if (configuring->ipv6) earliest(result, configuring->ipv6->poll_timeout());
  } else if (const auto* const discovering = std::get_if<Discovering>(&state_)) {
    earliest(result, discovering->discovery.poll_timeout());
  } else if (const auto* const fetching = std::get_if<FetchingNbp>(&state_)) {
    earliest(result, fetching->download.poll_timeout());
  } else if (const auto* const extra = std::get_if<FetchingExtra>(&state_)) {
    earliest(result, extra->download.poll_timeout());
  } else if (const auto* const running = std::get_if<StageRun>(&state_)) {
    earliest(result, running->poll_timeout());
  }
  return result;
}

bool Rom::poll_transmit(Frame& out) { return board_.ip.poll_transmit(out); }

std::optional<TimedRomEvent> Rom::poll_event() {
  if (board_.events.empty()) return std::nullopt;
  TimedRomEvent event = std::move(board_.events[board_.next_event]);
  if (++board_.next_event == board_.events.size()) {
    board_.events.clear();
    board_.next_event = 0;
  }
  return event;
}

void Rom::advance(Instant now) {
  std::size_t before = 0;
  do {
    before = state_.index();
    if (auto* const configuring = std::get_if<Configuring>(&state_)) {
      advance_configuring(now, *configuring);
    } else if (auto* const discovering = std::get_if<Discovering>(&state_)) {
      advance_discovering(now, *discovering);
    } else if (auto* const fetching = std::get_if<FetchingNbp>(&state_)) {
      advance_nbp(now, *fetching);
    } else if (auto* const extra = std::get_if<FetchingExtra>(&state_)) {
      advance_extra(now, *extra);
    } else if (auto* const running = std::get_if<StageRun>(&state_)) {
      running->advance(now, board_);
      if (const auto ending = running->ending()) {
        waits_for_key_ = options_.waits == Waits::Real && running->waits_for_key();
        std::visit([&](const auto& how) { end(now, how); }, *ending);
      }
    }
  } while (state_.index() != before);
}

void Rom::advance_configuring(Instant now, const Configuring& configuring) {
  const auto& ending = configuring.dhcp.ending();
  if (!ending) return;
  if (std::holds_alternative<DhcpExchange::OffersHeld>(*ending)) {
    reached(now, Phase::Offer);
    return;
  }
  // The firmware goes on when all its ways of configuring the interface have ended.
  if (configuring.ipv6 && !configuring.ipv6->is_over()) return;
  if (const auto* const failed = std::get_if<DhcpExchange::Failed>(&*ending)) {
    // With an IPv6 router the interface counts as configured, and then there is nothing to boot.
    const bool by_ipv6 = configuring.ipv6 && configuring.ipv6->was_answered();
    if (by_ipv6) {
      return fail_boot(now, Phase::Offer, firmware::Failure::NothingToBoot,
                       reason_of(failed->failure));
    }
    const Phase phase =
        failed->failure == firmware::Failure::NoOffer ? Phase::Offer : Phase::BootServer;
    return fail_boot(now, phase, failed->failure, reason_of(failed->failure));
  }
  if (has_usable_menu(board_)) {
    auto& discovering = state_.emplace<Discovering>(
        Discovering{BootServerDiscovery(options_.menu, options_.waits)});
    discovering.discovery.start(now, board_);
    return;
  }
  boot_from(now, target_of_answers());
}

void Rom::advance_discovering(Instant now, const Discovering& discovering) {
  const auto& ending = discovering.discovery.ending();
  if (!ending) return;
  if (const auto* const failed = std::get_if<BootServerDiscovery::Failed>(&*ending)) {
    return fail_boot(now, Phase::BootServer, failed->failure, reason_of(failed->failure));
  }
  if (std::holds_alternative<BootServerDiscovery::Stuck>(*ending)) {
    waits_for_key_ = options_.waits == Waits::Real;
    return end(now, Failed{.phase = Phase::BootServer,
                           .failure = std::nullopt,
                           .firmware_words = {},
                           .reason = "the boot menu shows and waits for a key"});
  }
  if (std::holds_alternative<BootServerDiscovery::LocalBoot>(*ending)) {
    return end(now, Booted{.reached = Phase::BootServer,
                           .what = Booted::What::LocalDisk,
                           .image = {},
                           .command_line = {}});
  }
  // What the boot server says counts alone (iPXE's pxe_menu_boot).
  const BootTarget target = boot_target_of(*board_.settings.proxy(), board_.profile->offers);
  if (target.file.empty() || (target.next_server.is_unspecified() && !is_uri(target.file))) {
    return fail_boot(now, Phase::BootServer, firmware::Failure::NoFileFromBootServer,
                     reason_of(firmware::Failure::NoFileFromBootServer));
  }
  boot_from(now, target);
}

void Rom::boot_from(Instant now, const BootTarget& target) {
  if (target.file.empty()) {
    return fail_boot(now, Phase::BootServer, firmware::Failure::NothingToBoot,
                     reason_of(firmware::Failure::NothingToBoot));
  }
  FileAddress address{{target.next_server, tftp::kPort}, target.file};
  if (is_uri(target.file)) {
    const auto uri = parse_tftp_uri(target.file);
    if (!uri) {
      return end(now, Failed{.phase = Phase::Nbp,
                             .failure = std::nullopt,
                             .firmware_words = {},
                             .reason = fmt::format("{} is no URI this simulated ROM can fetch",
                                                   printable(target.file))});
    }
    address = *uri;
  } else if (target.next_server.is_unspecified()) {
    return fail_boot(now, Phase::BootServer, firmware::Failure::NoServerForFile,
                     reason_of(firmware::Failure::NoServerForFile));
  }
  if (reached(now, Phase::BootServer)) return;
  using Read = TftpDownload::Options::Read;
  fetch_nbp(now, BootTarget{address.name, address.server.address}, address.server.port,
            board_.profile->tftp.probe ? Read::SizeOnly : Read::ToEnd);
}

// What the answers say to boot, and what the firmware makes of it.
BootTarget Rom::target_of_answers() const {
  BootTarget target = board_.settings.boot_target(board_.profile->offers);
  const std::string& fallback = board_.profile->offers.default_file;
  if (target.file.empty()) {
    if (const auto message = board_.settings.preferred()) target.next_server = message->siaddr();
  }
  if (attempt().file) {
    target.file = *attempt().file;
  } else if (target.file.empty() && !fallback.empty()) {
    constexpr std::string_view kHexAddress = "{iphex}";
    target.file = fallback;
    if (const std::size_t at = fallback.find(kHexAddress); at != std::string::npos) {
      target.file.replace(at, kHexAddress.size(),
                          fmt::format("{:08X}", board_.ip.subnet()->address.value));
    }
  }
  return target;
}

void Rom::fetch_nbp(Instant now, const BootTarget& target, std::uint16_t server_port,
                    TftpDownload::Options::Read read) {
  auto& fetching = state_.emplace<FetchingNbp>(
      FetchingNbp{TftpDownload(board_.profile->tftp, board_.clock,
                               {.name = target.file,
                                .server = {target.next_server, server_port},
                                .port = board_.take_tftp_port(now),
                                .read = read,
                                .file = file_options(),
                                .content = options_.expected}),
                  target, server_port});
  fetching.download.start(now, board_);
}

void Rom::advance_nbp(Instant now, FetchingNbp& fetching) {
  const auto& ending = fetching.download.ending();
  if (!ending) return;
  const auto* const refusal = std::get_if<TftpDownload::ServerError>(&*ending);
  const bool probes = fetching.download.asks_for_size_only();
  const bool goes_on = probes && (std::holds_alternative<TftpDownload::SizeKnown>(*ending) ||
                                  (refusal != nullptr && !board_.profile->tftp.probe->error_ends));
  if (goes_on) {
    // The first request's port is used up, however often it was changed.
    if (board_.next_tftp_port) {
      board_.next_tftp_port = static_cast<std::uint16_t>(fetching.download.port() + 1);
    }
    const BootTarget target = fetching.target;
    return fetch_nbp(now, target, fetching.server_port, TftpDownload::Options::Read::ToEnd);
  }
  if (std::holds_alternative<TftpDownload::SizeUnknown>(*ending)) {
    return fail_boot(now, Phase::Nbp, firmware::Failure::SizeUnknown,
                     reason_of(firmware::Failure::SizeUnknown));
  }
  report_file(now, board_, fetching.download);
  if (std::holds_alternative<TftpDownload::Complete>(*ending)) {
    if (attempt().also.empty()) return judge_nbp(now, fetching);
    auto nbp = std::make_unique<FetchingNbp>(std::move(fetching));
    fetch_extra(now, std::move(nbp), 0);
    return;
  }
  const std::string reason = reason_of(fetching.download);
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&*ending)) {
    fail_boot(now, Phase::Nbp, firmware::failure_of_error(error->code), reason,
              printable(error->text));
  } else if (std::holds_alternative<TftpDownload::Silent>(*ending)) {
    fail_boot(now, Phase::Nbp, firmware::Failure::FileTimeout, reason);
  } else if (std::holds_alternative<TftpDownload::Missing>(*ending)) {
    fail_boot(now, Phase::Nbp, firmware::Failure::FileNotFound, reason);
  } else if (const auto* const unusable = std::get_if<TftpDownload::Unusable>(&*ending)) {
    const bool options = unusable->what == TftpDownload::Unusable::What::Options;
    fail_boot(now, Phase::Nbp,
              options ? firmware::Failure::FileOptions : firmware::Failure::FileProtocol, reason);
  } else {
    end(now,
        Failed{
            .phase = Phase::Nbp, .failure = std::nullopt, .firmware_words = {}, .reason = reason});
  }
}

// The boot file came whole: can this firmware run it?
void Rom::judge_nbp(Instant now, const FetchingNbp& fetching) {
  const ReceivedFile& file = fetching.download.file();
  if (const auto refusal = refusal_of(*board_.profile, board_.architecture, file)) {
    const std::string reason = reason_of(*refusal);
    if (*refusal != firmware::Failure::ImageHangs) {
      return fail_boot(now, Phase::Nbp, *refusal, reason);
    }
    // Nothing comes after it, and nothing is answered any more.
    return end(now, Failed{.phase = Phase::Nbp,
                           .failure = refusal,
                           .firmware_words = board_.profile->words_for(*refusal),
                           .reason = reason});
  }
  if (!reached(now, Phase::Nbp)) run_nbp(now, fetching);
}

void Rom::fetch_extra(Instant now, std::unique_ptr<FetchingNbp> nbp, std::size_t index) {
  const std::string& name = attempt().also[index];
  const Endpoint server{nbp->target.next_server, nbp->server_port};
  board_.ip.begin_transfer();
  TftpDownload download(board_.profile->tftp, board_.clock,
                        {.name = name,
                         .server = server,
                         .port = board_.take_tftp_port(now),
                         .file = file_options(),
                         .content = options_.expected});
  auto& fetching =
      state_.emplace<FetchingExtra>(FetchingExtra{std::move(nbp), index, std::move(download)});
  fetching.download.start(now, board_);
}

void Rom::advance_extra(Instant now, FetchingExtra& fetching) {
  if (!fetching.download.ending()) return;
  report_file(now, board_, fetching.download);
  std::unique_ptr<FetchingNbp> nbp = std::move(fetching.nbp);
  const std::size_t next = fetching.index + 1;
  if (next < attempt().also.size()) return fetch_extra(now, std::move(nbp), next);
  judge_nbp(now, *nbp);
}

void Rom::run_nbp(Instant now, const FetchingNbp& fetching) {
  const auto text_option = [&](dhcp::OptionCode code) -> std::optional<std::string> {
    const auto value = board_.settings.option(static_cast<std::uint8_t>(code));
    if (!value) return std::nullopt;
    return as_text(*value);
  };
  StageInput input{.image = fetching.download.file().image(),
                   .content = fetching.download.file().whole(),
                   .name = fetching.target.file,
                   .boot_file = fetching.target.file,
                   .server = fetching.target.next_server,
                   .mac = board_.mac,
                   .guid = board_.guid,
                   .architecture = board_.architecture,
                   .subnet = *board_.ip.subnet(),
                   .router = board_.ip.router(),
                   .settings = board_.settings,
                   .config_file = text_option(dhcp::OptionCode::ConfigFile),
                   .path_prefix = text_option(dhcp::OptionCode::PathPrefix),
                   .arguments = {},
                   .waits = options_.waits};
  StageRun run({.make_stage = options_.make_stage,
                .until = options_.until,
                .expected = options_.expected,
                .text_limit = options_.text_limit,
                .checksums = options_.checksums});
  run.start(now, board_, std::move(input));
  state_.emplace<StageRun>(std::move(run));
}

// An NBP's octets are kept where nothing else has them: what it is and what it has built in decides
// what it fetches.
ReceivedFile::Options Rom::file_options() const {
  return {.keep = ReceivedFile::Keep::OctetsIfUnknown, .keep_limit = options_.program_limit};
}

// Ends the boot when it was to go just so far.
bool Rom::reached(Instant now, Phase phase) {
  board_.tell(now, PhaseReached{phase});
  if (options_.until != phase) return false;
  end(now, Booted{.reached = phase, .what = Booted::What::Image, .image = {}, .command_line = {}});
  return true;
}

void Rom::fail_boot(Instant now, Phase phase, firmware::Failure failure, std::string reason,
                    std::string_view error_text) {
  Failed failed{.phase = phase,
                .failure = failure,
                .firmware_words = board_.profile->words_for(failure, error_text),
                .reason = std::move(reason)};
  // What only rounds off a failed boot is not what it failed for.
  if (!failure_ || attempt().boots) failure_ = std::move(failed);
  const auto& attempts = board_.profile->attempts;
  for (std::size_t next = attempt_ + 1; next < attempts.size(); ++next) {
    if (attempts[next].real_waits_only && options_.waits != Waits::Real) continue;
    board_.tell(now, AttemptFailed{attempt().name, failure_->reason, attempts[next].name});
    attempt_ = next;
    state_ = Pausing{now + attempts[next].pause};
    return;
  }
  end(now, *std::exchange(failure_, std::nullopt));
}

void Rom::end(Instant now, Booted booted) {
  board_.tell(now, booted);
  state_ = std::move(booted);
}

void Rom::end(Instant now, Failed failed) {
  board_.tell(now, failed);
  state_ = std::move(failed);
}

}  // namespace pxeproof::rom

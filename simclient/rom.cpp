#include "simclient/rom.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "protocol/tftp/packet.h"

namespace pxeproof::rom {

namespace {

// Labels of the independent random streams.
constexpr std::uint64_t kTickPhase = 1;
constexpr std::uint64_t kXid = 2;
constexpr std::uint64_t kPorts = 3;

constexpr std::string_view kTftpScheme = "tftp://";

TickClock draw_clock(const firmware::TickRules& rules, const Random& random) {
  Random stream = random.fork(kTickPhase);
  return {rules, Duration(static_cast<Duration::rep>(
                     stream.below(static_cast<std::uint64_t>(rules.tick.count()))))};
}

std::uint16_t draw_port(const firmware::TftpManners& manners, Random& random) {
  return static_cast<std::uint16_t>(random.between(manners.first_port, manners.last_port));
}

std::shared_ptr<const firmware::Program> program_or_builtin(
    std::shared_ptr<const firmware::Program> program, std::string_view name) {
  if (program) return program;
  auto builtin = firmware::builtin_program(name);
  assert(builtin.has_value());
  return *builtin;
}

// Where an RRQ goes and what it asks for.
struct FileAddress {
  Endpoint server;
  std::string name;
};

bool is_uri(std::string_view file) { return file.find("://") != std::string_view::npos; }

// A URI tftp://address[:port]/name; nullopt for a plain name and for any other scheme.
std::optional<FileAddress> parse_tftp_uri(std::string_view text) {
  if (!text.starts_with(kTftpScheme)) return std::nullopt;
  text.remove_prefix(kTftpScheme.size());
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, slash);
  std::uint16_t port = tftp::kPort;
  if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    const std::string digits(host.substr(colon + 1));
    if (digits.empty() || digits.size() > 5 ||
        digits.find_first_not_of("0123456789") != std::string::npos || std::stoul(digits) > 65535) {
      return std::nullopt;
    }
    port = static_cast<std::uint16_t>(std::stoul(digits));
    host = host.substr(0, colon);
  }
  const auto address = Ipv4Address::parse(host);
  if (!address) return std::nullopt;
  return FileAddress{{*address, port}, std::string(text.substr(slash + 1))};
}

firmware::Failure failure_of(const TftpDownload::ServerError& error) {
  switch (static_cast<tftp::ErrorCode>(error.code)) {
    case tftp::ErrorCode::FileNotFound:
      return firmware::Failure::FileNotFound;
    case tftp::ErrorCode::AccessViolation:
      return firmware::Failure::FileAccess;
    case tftp::ErrorCode::IllegalOperation:
      return firmware::Failure::FileRefused;
    default:
      return firmware::Failure::FileError;
  }
}

std::string reason_of(const std::string& name, const TftpDownload::Ending& ending) {
  const std::string file = printable(name);
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&ending)) {
    return fmt::format("the server answers {} with ERROR {}: {}", file, error->code,
                       printable(error->text));
  }
  if (const auto* const silent = std::get_if<TftpDownload::Silent>(&ending)) {
    return silent->during == TftpDownload::Silent::During::Opening
               ? fmt::format("the server does not answer the request for {}", file)
               : fmt::format("the server fell silent in the middle of {}", file);
  }
  if (const auto* const unusable = std::get_if<TftpDownload::Unusable>(&ending)) {
    return fmt::format("{}: {}", file, unusable->reason);
  }
  if (const auto* const different = std::get_if<TftpDownload::Different>(&ending)) {
    return fmt::format("{} is not what the server's tree holds: octet {} differs", file,
                       different->offset);
  }
  return fmt::format("{} is empty", file);
}

Fetched::Outcome outcome_of(const TftpDownload::Ending& ending) {
  if (std::holds_alternative<TftpDownload::Complete>(ending)) return Fetched::Outcome::Complete;
  if (std::holds_alternative<TftpDownload::Missing>(ending)) return Fetched::Outcome::NotFound;
  if (std::holds_alternative<TftpDownload::Silent>(ending)) return Fetched::Outcome::TimedOut;
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&ending)) {
    return failure_of(*error) == firmware::Failure::FileNotFound ? Fetched::Outcome::NotFound
                                                                 : Fetched::Outcome::Refused;
  }
  return Fetched::Outcome::Refused;
}

std::string reason_of(firmware::Failure failure) {
  switch (failure) {
    case firmware::Failure::NoOffer:
      return "no server offered an address";
    case firmware::Failure::NoAcknowledgement:
      return "the address server did not confirm the address it offered";
    case firmware::Failure::NothingToBoot:
      return "no server named a file to boot";
    case firmware::Failure::NoServerForFile:
      return "a file to boot is named, but not the server that has it (siaddr is 0)";
    case firmware::Failure::BootServerSilent:
      return "no boot server answered for the chosen menu item";
    case firmware::Failure::NoBootServer:
      return "the menu item has no boot server: discovery control allows nobody to be asked";
    case firmware::Failure::NoFileFromBootServer:
      return "the boot server answered without naming a file and the server that has it";
    case firmware::Failure::MenuAborted:
      return "the boot menu was left with a key";
    case firmware::Failure::NotAnImage:
      return "the file to boot is empty, or too large for this firmware to run";
    case firmware::Failure::FileTimeout:
    case firmware::Failure::FileNotFound:
    case firmware::Failure::FileAccess:
    case firmware::Failure::FileRefused:
    case firmware::Failure::FileError:
    case firmware::Failure::FileOptions:
    case firmware::Failure::FileProtocol:
      break;
  }
  return {};
}

void earliest(std::optional<Instant>& result, const std::optional<Instant>& candidate) {
  if (candidate && (!result || *candidate < *result)) result = candidate;
}

}  // namespace

Rom::Rom(RomOptions options)
    : options_(std::move(options)),
      board_{.profile = options_.profile,
             .mac = options_.mac,
             .guid = options_.guid,
             .architecture = options_.architecture.value_or(options_.profile->architecture),
             .random = Random(options_.seed),
             .clock = draw_clock(options_.profile->clock, Random(options_.seed)),
             .ip = IpLayer(*options_.profile, options_.mac,
                           draw_clock(options_.profile->clock, Random(options_.seed)),
                           options_.checksums),
             .settings = {},
             .events = {},
             .event_limit = options_.event_limit} {}

Rom::~Rom() = default;

bool Rom::is_over() const { return booted() != nullptr || failed() != nullptr; }

void Rom::start(Instant now) {
  board_.tell(now, PoweredOn{});
  const auto xid = static_cast<std::uint32_t>(board_.random.fork(kXid).next());
  const auto until = options_.until == Phase::Offer ? DhcpExchange::Until::Offers
                                                    : DhcpExchange::Until::Configured;
  auto& configuring = state_.emplace<Configuring>(
      Configuring{.dhcp = DhcpExchange(xid, until), .ipv6 = std::nullopt});
  configuring.dhcp.start(now, board_);
  if (options_.waits == Waits::Real && board_.profile->router_solicitations) {
    configuring.ipv6.emplace(*board_.profile->router_solicitations, board_.clock, board_.mac);
    if (auto frame = configuring.ipv6->start(now)) board_.ip.transmit(std::move(*frame));
  }
}

void Rom::on_frame(Instant now, ByteView frame) {
  if (is_over() || std::holds_alternative<Off>(state_)) return;
  auto* const running = std::get_if<RunningStage>(&state_);
  const bool idles = running != nullptr && !running->download;
  if (idles && !running->program->polls_card_while_idle) {
    if (running->ring.size() < board_.profile->link.receive_ring) {
      running->ring.emplace_back(frame.begin(), frame.end());
    } else {
      board_.tell_ignored(now, {}, Ignored::RingFull);
    }
    return;
  }
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
      configuring != nullptr && port == dhcp::kClientPort) {
    configuring->dhcp.on_message(now, board_, datagram);
  } else if (auto* const discovering = std::get_if<Discovering>(&state_);
             discovering != nullptr && port == dhcp::kClientPort) {
    discovering->discovery.on_message(now, board_, datagram);
  } else if (auto* const fetching = std::get_if<FetchingNbp>(&state_);
             fetching != nullptr && port == fetching->download.port()) {
    fetching->download.on_datagram(now, board_, datagram);
  } else if (auto* const running = std::get_if<RunningStage>(&state_);
             running != nullptr && running->download && port == running->download->port()) {
    running->download->on_datagram(now, board_, datagram);
  } else {
    board_.tell_ignored(now, datagram.source, Ignored::NoListener);
  }
}

void Rom::on_timeout(Instant now) {
  if (is_over()) return;
  board_.ip.on_timeout(now);
  if (auto* const configuring = std::get_if<Configuring>(&state_)) {
    configuring->dhcp.on_timeout(now, board_);
    if (configuring->ipv6) {
      if (auto frame = configuring->ipv6->on_timeout(now)) board_.ip.transmit(std::move(*frame));
    }
  } else if (auto* const discovering = std::get_if<Discovering>(&state_)) {
    discovering->discovery.on_timeout(now, board_);
  } else if (auto* const fetching = std::get_if<FetchingNbp>(&state_)) {
    fetching->download.on_timeout(now, board_);
  } else if (auto* const running = std::get_if<RunningStage>(&state_)) {
    if (running->download) running->download->on_timeout(now, board_);
    const auto stage_timeout = running->stage->poll_timeout();
    if (stage_timeout && *stage_timeout <= now) running->stage->on_timeout(now);
  }
  advance(now);
}

std::optional<Instant> Rom::poll_timeout() const {
  if (is_over()) return std::nullopt;
  std::optional<Instant> result = board_.ip.poll_timeout();
  if (const auto* const configuring = std::get_if<Configuring>(&state_)) {
    earliest(result, configuring->dhcp.poll_timeout());
    if (configuring->ipv6) earliest(result, configuring->ipv6->poll_timeout());
  } else if (const auto* const discovering = std::get_if<Discovering>(&state_)) {
    earliest(result, discovering->discovery.poll_timeout());
  } else if (const auto* const fetching = std::get_if<FetchingNbp>(&state_)) {
    earliest(result, fetching->download.poll_timeout());
  } else if (const auto* const running = std::get_if<RunningStage>(&state_)) {
    if (running->download) earliest(result, running->download->poll_timeout());
    earliest(result, running->stage->poll_timeout());
  }
  return result;
}

bool Rom::poll_transmit(Frame& out) { return board_.ip.poll_transmit(out); }

std::optional<TimedRomEvent> Rom::poll_event() {
  if (board_.events.empty()) return std::nullopt;
  TimedRomEvent event = std::move(board_.events.front());
  board_.events.pop_front();
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
    } else if (auto* const running = std::get_if<RunningStage>(&state_)) {
      advance_stage(now, *running);
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
  boot_from(now, board_.settings.boot_target(board_.profile->offers));
}

void Rom::advance_discovering(Instant now, const Discovering& discovering) {
  const auto& ending = discovering.discovery.ending();
  if (!ending) return;
  if (const auto* const failed = std::get_if<BootServerDiscovery::Failed>(&*ending)) {
    return fail_boot(now, Phase::BootServer, failed->failure, reason_of(failed->failure));
  }
  if (std::holds_alternative<BootServerDiscovery::Stuck>(*ending)) {
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
  Random ports = board_.random.fork(kPorts);
  auto& fetching = state_.emplace<FetchingNbp>(
      FetchingNbp{TftpDownload(board_.profile->tftp, board_.clock,
                               {.name = address.name,
                                .server = address.server,
                                .port = draw_port(board_.profile->tftp, ports),
                                .file = file_options(address.name, ReceivedFile::Keep::Nothing)}),
                  BootTarget{address.name, address.server.address}});
  fetching.download.start(now, board_);
}

void Rom::advance_nbp(Instant now, FetchingNbp& fetching) {
  const auto& ending = fetching.download.ending();
  if (!ending) return;
  report_file(now, fetching.download);
  if (std::holds_alternative<TftpDownload::Complete>(*ending)) {
    const ReceivedFile& file = fetching.download.file();
    const bool fits = firmware::is_kernel(file.image()) ||
                      file.size() <= board_.profile->largest_nbp.value_or(file.size());
    if (file.size() == 0 || !fits) {
      return fail_boot(now, Phase::Nbp, firmware::Failure::NotAnImage,
                       reason_of(firmware::Failure::NotAnImage));
    }
    if (!reached(now, Phase::Nbp)) run_nbp(now, fetching);
    return;
  }
  const std::string reason = reason_of(fetching.download.name(), *ending);
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&*ending)) {
    fail_boot(now, Phase::Nbp, failure_of(*error), reason);
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

void Rom::run_nbp(Instant now, const FetchingNbp& fetching) {
  const auto text_option = [&](dhcp::OptionCode code) -> std::optional<std::string> {
    const auto value = board_.settings.option(static_cast<std::uint8_t>(code));
    if (!value) return std::nullopt;
    return as_text(*value);
  };
  StageInput input{.image = fetching.download.file().image(),
                   .boot_file = fetching.target.file,
                   .server = fetching.target.next_server,
                   .mac = board_.mac,
                   .guid = board_.guid,
                   .subnet = *board_.ip.subnet(),
                   .router = board_.ip.router(),
                   .config_file = text_option(dhcp::OptionCode::ConfigFile),
                   .path_prefix = text_option(dhcp::OptionCode::PathPrefix),
                   .waits = options_.waits};
  std::unique_ptr<BootStage> stage = options_.make_stage(input);
  if (!stage) {
    return end(now, Booted{.reached = Phase::Payload,
                           .what = Booted::What::Image,
                           .image = input.boot_file,
                           .command_line = {}});
  }
  board_.tell(now, ProgramStarted{std::string(to_string(input.image))});
  auto program = program_or_builtin(options_.pxelinux, "pxelinux");
  const std::uint16_t first_port = program->tftp.first_port;
  auto& running = state_.emplace<RunningStage>(RunningStage{.stage = std::move(stage),
                                                            .program = std::move(program),
                                                            .next_port = first_port,
                                                            .fetch = std::nullopt,
                                                            .download = std::nullopt,
                                                            .ring = {}});
  running.stage->start(now);
}

void Rom::advance_stage(Instant now, RunningStage& running) {
  while (true) {
    if (running.download) {
      if (!running.download->ending()) return;
      end_fetch(now, running);
      if (is_over()) return;
    }
    while (auto note = running.stage->poll_note()) board_.tell(now, ProgramNote{std::move(*note)});
    if (running.stage->ending()) break;
    auto fetch = running.stage->poll_fetch();
    if (!fetch) return;
    begin_fetch(now, running, std::move(*fetch));
  }
  const BootStage::Ending ending = *running.stage->ending();
  if (const auto* const started = std::get_if<BootStage::Started>(&ending)) {
    end(now, Booted{.reached = Phase::Payload,
                    .what = Booted::What::Image,
                    .image = started->image,
                    .command_line = started->command_line});
  } else if (const auto* const failed = std::get_if<BootStage::Failed>(&ending)) {
    end(now, Failed{.phase = Phase::Payload,
                    .failure = std::nullopt,
                    .firmware_words = failed->firmware_words,
                    .reason = failed->reason});
  } else {
    end(now, Booted{.reached = Phase::Payload,
                    .what = Booted::What::LocalDisk,
                    .image = {},
                    .command_line = {}});
  }
}

void Rom::begin_fetch(Instant now, RunningStage& running, Fetch fetch) {
  const firmware::TftpManners* manners = &running.program->tftp;
  TickClock clock(running.program->clock, board_.clock.phase());
  switch (fetch.fetcher) {
    case Fetcher::Rom:
      manners = &board_.profile->tftp;
      clock = board_.clock;
      break;
    case Fetcher::Pxelinux:
    case Fetcher::Grub:
    case Fetcher::Ipxe:
      break;
  }
  std::uint16_t port = running.next_port;
  switch (manners->ports) {
    case firmware::TftpManners::Ports::Random:
      port = draw_port(*manners, board_.random);
      break;
    case firmware::TftpManners::Ports::Sequential:
      running.next_port =
          port == manners->last_port ? manners->first_port : static_cast<std::uint16_t>(port + 1);
      break;
  }
  using Read = TftpDownload::Options::Read;
  const auto keep =
      fetch.use == Fetch::Use::Text ? ReceivedFile::Keep::Octets : ReceivedFile::Keep::Nothing;
  running.download.emplace(
      *manners, clock,
      TftpDownload::Options{
          .name = fetch.name,
          .server = {fetch.server, tftp::kPort},
          .port = port,
          .read = fetch.use == Fetch::Use::Image ? Read::ToKnownSize : Read::ToEnd,
          .file = file_options(fetch.name, keep)});
  running.fetch = std::move(fetch);
  running.download->start(now, board_);
  for (const Frame& frame : std::exchange(running.ring, {})) deliver(now, frame);
}

void Rom::end_fetch(Instant now, RunningStage& running) {
  const TftpDownload& download = *running.download;
  const TftpDownload::Ending ending = *download.ending();
  report_file(now, download);
  const std::string reason = reason_of(download.name(), ending);
  if (std::holds_alternative<TftpDownload::Different>(ending)) {
    return end(now, Failed{.phase = Phase::Payload,
                           .failure = std::nullopt,
                           .firmware_words = {},
                           .reason = reason});
  }
  const auto* const silent = std::get_if<TftpDownload::Silent>(&ending);
  const std::string& stall_words = running.program->tftp.stall_words;
  if (silent != nullptr && silent->during == TftpDownload::Silent::During::Transfer &&
      !stall_words.empty()) {
    return end(now, Failed{.phase = Phase::Payload,
                           .failure = std::nullopt,
                           .firmware_words = stall_words,
                           .reason = reason});
  }
  const auto* const error = std::get_if<TftpDownload::ServerError>(&ending);
  const Fetched fetched{.outcome = outcome_of(ending),
                        .content = download.file().kept(),
                        .size = download.file().size(),
                        .error_text = error != nullptr ? error->text : std::string{}};
  const bool whole_text =
      fetched.outcome == Fetched::Outcome::Complete && running.fetch->use == Fetch::Use::Text;
  running.stage->on_fetched(now, fetched);
  running.download.reset();
  running.fetch.reset();
  if (whole_text) reached(now, Phase::Config);
}

void Rom::report_file(Instant now, const TftpDownload& download) {
  const TftpDownload::Ending& ending = *download.ending();
  if (std::holds_alternative<TftpDownload::Complete>(ending)) {
    board_.tell(now,
                FileDone{.name = download.name(),
                         .octets = download.file().size(),
                         .blocks = download.blocks(),
                         .asked_again = download.asked_again(),
                         .duplicates = download.duplicates(),
                         .verdict = download.file().is_checked() ? FileDone::Verdict::Equal
                                                                 : FileDone::Verdict::Unchecked,
                         .duration = download.duration(now)});
  } else if (!std::holds_alternative<TftpDownload::ServerError>(ending)) {
    board_.tell(now, FileFailed{download.name(), reason_of(download.name(), ending)});
  }
}

ReceivedFile::Options Rom::file_options(const std::string& name, ReceivedFile::Keep keep) const {
  return {.expected = options_.expected != nullptr ? options_.expected->find(name) : std::nullopt,
          .keep = keep,
          .keep_limit = options_.text_limit};
}

// Ends the boot when it was to go just so far.
bool Rom::reached(Instant now, Phase phase) {
  if (options_.until != phase) return false;
  end(now, Booted{.reached = phase, .what = Booted::What::Image, .image = {}, .command_line = {}});
  return true;
}

void Rom::fail_boot(Instant now, Phase phase, firmware::Failure failure, std::string reason) {
  end(now, Failed{.phase = phase,
                  .failure = failure,
                  .firmware_words = board_.profile->words.at(failure),
                  .reason = std::move(reason)});
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

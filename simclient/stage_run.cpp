#include "simclient/stage_run.h"

#include <fmt/format.h>

#include <cassert>
#include <utility>

#include "protocol/tftp/packet.h"
#include "simclient/file_outcome.h"
#include "simclient/image_verdict.h"

namespace pxeproof::rom {

namespace {

// Labels of the independent random streams.
constexpr std::uint64_t kXid = 16;

std::shared_ptr<const firmware::Program> program_named(std::string_view name) {
  auto program = firmware::builtin_program(name);
  assert(program.has_value());  // a stage names a row of firmware/programs
  return *program;
}

// The frames that an IP layer still has to send go out with the next one.
void carry_frames(IpLayer& from, IpLayer& to) {
  Frame frame;
  while (from.poll_transmit(frame)) to.transmit(std::move(frame));
}

}  // namespace

void StageRun::start(Instant now, RomBoard& board, StageInput input) {
  if (input.image == firmware::BootImage::Unknown) {
    input.image = firmware::recognise_image(input.content);
  }
  const std::string place =
      fmt::format("{} {} {} {} {}", to_string(input.image), input.name, to_string(input.server),
                  input.config_file.value_or(""), input.path_prefix.value_or(""));
  if (++starts_[place] > options_.loop_rounds) {
    return fail_boot({}, fmt::format("{} starts itself again and again, for ever, as the real "
                                     "one does",
                                     printable(input.name)));
  }
  if (++programs_ > options_.chain_limit) {
    return fail_boot({}, fmt::format("{} programs started one another, which is the limit",
                                     options_.chain_limit));
  }
  if (is_bios(input.architecture) &&
      hangs_a_bios(input.image, firmware::efi_machine_of(input.content))) {
    return fail_boot({}, fmt::format("{} is a UEFI image; a BIOS machine jumps into it all the "
                                     "same, and hangs",
                                     printable(input.name)));
  }
  stage_ = options_.make_stage(input);
  input.content = {};
  input_ = std::move(input);
  state_ = Idle{};
  if (!stage_) {
    ending_ = Booted{.reached = Phase::Payload,
                     .what = Booted::What::Image,
                     .image = input_.name,
                     .command_line = input_.arguments};
    return;
  }
  board.tell(now, ProgramStarted{std::string(to_string(input_.image))});
  program_ = program_named(stage_->program());
  next_port_ = program_->tftp.first_port;
  use_stack(now, board);
  stage_->start(now);
}

// The program's own stack in place of the firmware's, or the firmware's again.
void StageRun::use_stack(Instant now, RomBoard& board) {
  if (!program_->stack) {
    if (!firmware_) return;
    carry_frames(board.ip, firmware_->ip);
    board.ip = std::move(firmware_->ip);
    board.profile = std::move(firmware_->profile);
    firmware_.reset();
    return;
  }
  auto profile = std::make_shared<firmware::Profile>(*board.profile);
  profile->ip = program_->stack->ip;
  profile->arp = program_->stack->arp;
  profile->link = program_->stack->link;
  IpLayer own(*profile, board.mac, TickClock(program_->clock, board.clock.phase()),
              options_.checksums);
  carry_frames(board.ip, own);
  own.configure(*board.ip.subnet(), board.ip.router());
  const bool returns = program_->stack->kind == firmware::StackRules::Kind::UntilItHandsOver;
  if (returns && !firmware_) firmware_.emplace(Firmware{board.profile, std::move(board.ip)});
  board.ip = std::move(own);
  board.profile = std::move(profile);
  board.tell(now, ProgramNote{fmt::format("{} speaks IP itself", program_->name)});
}

bool StageRun::holds_back(Instant now, RomBoard& board, ByteView frame) {
  if (!std::holds_alternative<Idle>(state_) || program_->polls_card_while_idle) return false;
  if (ring_.size() < board.profile->link.receive_ring) {
    ring_.emplace_back(frame.begin(), frame.end());
  } else {
    board.tell_ignored(now, {}, Ignored::RingFull);
  }
  return true;
}

bool StageRun::on_datagram(Instant now, RomBoard& board, const ReceivedDatagram& datagram) {
  const std::uint16_t port = datagram.destination.port;
  if (auto* const fetching = std::get_if<Fetching>(&state_)) {
    if (port != fetching->download.port()) return false;
    fetching->download.on_datagram(now, board, datagram);
    return true;
  }
  if (auto* const configuring = std::get_if<Configuring>(&state_)) {
    if (port != dhcp::kClientPort) return false;
    configuring->exchange.on_message(now, board, datagram);
    return true;
  }
  return false;
}

void StageRun::on_timeout(Instant now, RomBoard& board) {
  if (auto* const fetching = std::get_if<Fetching>(&state_)) {
    fetching->download.on_timeout(now, board);
  } else if (auto* const configuring = std::get_if<Configuring>(&state_)) {
    configuring->exchange.on_timeout(now, board);
  } else if (const auto due = stage_->poll_timeout(); due && *due <= now) {
    stage_->on_timeout(now);
  }
}

std::optional<Instant> StageRun::poll_timeout() const {
  if (ending_) return std::nullopt;
  if (const auto* const fetching = std::get_if<Fetching>(&state_)) {
    return fetching->download.poll_timeout();
  }
  if (const auto* const configuring = std::get_if<Configuring>(&state_)) {
    return configuring->exchange.poll_timeout();
  }
  return stage_->poll_timeout();
}

void StageRun::advance(Instant now, RomBoard& board) {
  while (!ending_) {
    if (const auto* const fetching = std::get_if<Fetching>(&state_)) {
      if (!fetching->download.ending()) return;
      end_fetch(now, board);
      continue;
    }
    if (const auto* const configuring = std::get_if<Configuring>(&state_)) {
      if (!configuring->exchange.ending()) return;
      end_dhcp(now, board);
      continue;
    }
    while (auto note = stage_->poll_note()) board.tell(now, ProgramNote{std::move(*note)});
    if (stage_->ending()) {
      conclude(now, board, BootStage::Ending(*stage_->ending()));
    } else if (const auto dhcp = stage_->poll_dhcp()) {
      begin_dhcp(now, board, *dhcp);
    } else if (auto fetch = stage_->poll_fetch()) {
      begin_fetch(now, board, std::move(*fetch));
    } else {
      return;
    }
  }
}

void StageRun::begin_fetch(Instant now, RomBoard& board, Fetch fetch) {
  const firmware::TftpManners* manners = &program_->tftp;
  TickClock clock(program_->clock, board.clock.phase());
  switch (fetch.fetcher) {
    case Fetcher::Rom:
      manners = &board.profile->tftp;
      clock = board.clock;
      break;
    case Fetcher::Program:
      break;
  }
  std::uint16_t port = next_port_;
  switch (manners->ports) {
    case firmware::TftpManners::Ports::Random:
      port =
          static_cast<std::uint16_t>(board.random.between(manners->first_port, manners->last_port));
      break;
    case firmware::TftpManners::Ports::RandomThenSequential:
    case firmware::TftpManners::Ports::Milliseconds:
      port = board.take_tftp_port(now);
      break;
    case firmware::TftpManners::Ports::Sequential:
      next_port_ =
          port == manners->last_port ? manners->first_port : static_cast<std::uint16_t>(port + 1);
      break;
  }
  using Read = TftpDownload::Options::Read;
  using Keep = ReceivedFile::Keep;
  Keep keep = Keep::Nothing;
  std::size_t keep_limit = options_.text_limit;
  switch (fetch.use) {
    case Fetch::Use::Text:
      keep = Keep::Octets;
      break;
    case Fetch::Use::Library:
    case Fetch::Use::Program:
      keep = Keep::OctetsIfUnknown;
      keep_limit = options_.program_limit;
      break;
    case Fetch::Use::Image:
    case Fetch::Use::Probe:
      break;
  }
  auto& fetching = state_.emplace<Fetching>(Fetching{
      .fetch = fetch,
      .download =
          TftpDownload(*manners, clock,
                       TftpDownload::Options{
                           .name = fetch.name,
                           .server = {fetch.server, tftp::kPort},
                           .port = port,
                           .read = fetch.use == Fetch::Use::Image ? Read::ToKnownSize : Read::ToEnd,
                           .file = {.keep = keep, .keep_limit = keep_limit},
                           .content = options_.expected})});
  fetching.download.start(now, board);
  for (const Frame& frame : std::exchange(ring_, {})) {
    const auto datagram = board.ip.on_frame(now, frame);
    if (datagram && !on_datagram(now, board, *datagram)) {
      board.tell_ignored(now, datagram->source, Ignored::NoListener);
    }
  }
}

void StageRun::end_fetch(Instant now, RomBoard& board) {
  const Fetching fetching = std::get<Fetching>(std::exchange(state_, Idle{}));
  const TftpDownload& download = fetching.download;
  const TftpDownload::Ending ending = *download.ending();
  report_file(now, board, download);
  if (std::holds_alternative<TftpDownload::Different>(ending)) {
    return fail_boot({}, reason_of(download));
  }
  const auto* const silent = std::get_if<TftpDownload::Silent>(&ending);
  const std::string& stall_words = program_->tftp.stall_words;
  if (silent != nullptr && silent->during == TftpDownload::Silent::During::Transfer &&
      !stall_words.empty()) {
    return fail_boot(stall_words, reason_of(download));
  }
  const auto* const error = std::get_if<TftpDownload::ServerError>(&ending);
  const Fetched::Outcome outcome = outcome_of(ending);
  const bool complete = outcome == Fetched::Outcome::Complete;
  const Fetch::Use use = fetching.fetch.use;
  ByteView content;
  if (use == Fetch::Use::Text) content = download.file().kept();
  if (use == Fetch::Use::Library || use == Fetch::Use::Program) content = download.file().whole();
  if (use == Fetch::Use::Program && complete) {
    last_program_.assign(content.begin(), content.end());
    last_image_ = download.file().image();
  }
  const Fetched fetched{.outcome = outcome,
                        .content = complete ? content : ByteView{},
                        .size = download.file().size(),
                        .error_text = error != nullptr ? error->text : std::string{}};
  stage_->on_fetched(now, fetched);
  if (!complete || use != Fetch::Use::Text) return;
  board.tell(now, PhaseReached{Phase::Config});
  has_config_ = true;
  if (options_.until == Phase::Config) {
    ending_ = Booted{
        .reached = Phase::Config, .what = Booted::What::Image, .image = {}, .command_line = {}};
  }
}

void StageRun::begin_dhcp(Instant now, RomBoard& board, const BootStage::Dhcp& dhcp) {
  auto named = firmware::builtin_profile(dhcp.profile);
  assert(named.has_value());  // a stage names a row of firmware/profiles
  auto profile = std::make_shared<firmware::Profile>(**named);
  profile->ip = board.profile->ip;
  profile->arp = board.profile->arp;
  profile->link = board.profile->link;
  if (dhcp.address == BootStage::Dhcp::Address::Released) board.ip.release();
  const auto xid = static_cast<std::uint32_t>(board.random.fork(kXid + programs_).next());
  const firmware::BootAttempt& attempt = profile->attempts.front();
  auto& configuring = state_.emplace<Configuring>(
      Configuring{.exchange = DhcpExchange(xid, attempt, DhcpExchange::Until::Configured),
                  .profile_before = std::exchange(board.profile, std::move(profile))});
  configuring.exchange.start(now, board);
}

void StageRun::end_dhcp(Instant now, RomBoard& board) {
  const Configuring configuring = std::get<Configuring>(std::exchange(state_, Idle{}));
  board.profile = configuring.profile_before;
  const bool configured =
      std::holds_alternative<DhcpExchange::Configured>(*configuring.exchange.ending());
  StageAddress address{.configured = configured, .settings = &board.settings};
  if (board.ip.subnet()) address.subnet = *board.ip.subnet();
  address.router = board.ip.router();
  stage_->on_address(now, address);
}

void StageRun::conclude(Instant now, RomBoard& board, const BootStage::Ending& ending) {
  if (const auto* const started = std::get_if<BootStage::Started>(&ending)) {
    ending_ = Booted{.reached = Phase::Payload,
                     .what = Booted::What::Image,
                     .image = started->image,
                     .command_line = started->command_line};
  } else if (const auto* const failed = std::get_if<BootStage::Failed>(&ending)) {
    waits_for_key_ =
        failed->kind == BootStage::Failed::Kind::WaitsForever && program_->polls_card_while_idle;
    fail_boot(failed->firmware_words, failed->reason);
  } else if (const auto* const chained = std::get_if<BootStage::Chained>(&ending)) {
    chain(now, board, *chained);
  } else {
    ending_ = Booted{.reached = Phase::Payload,
                     .what = Booted::What::LocalDisk,
                     .image = {},
                     .command_line = {}};
  }
}

void StageRun::chain(Instant now, RomBoard& board, const BootStage::Chained& chained) {
  StageInput next = input_;
  next.image = last_image_;
  next.name = chained.image;
  if (chained.boot_file) next.boot_file = *chained.boot_file;
  next.server = chained.server;
  next.arguments = chained.arguments;
  if (chained.config_file) next.config_file = chained.config_file;
  if (chained.path_prefix) next.path_prefix = chained.path_prefix;
  if (board.ip.subnet()) next.subnet = *board.ip.subnet();
  next.router = board.ip.router();
  next.settings = board.settings;
  const Bytes image = std::exchange(last_program_, {});
  next.content = image;
  start(now, board, std::move(next));
}

void StageRun::fail_boot(std::string words, std::string reason) {
  ending_ = Failed{.phase = has_config_ ? Phase::Payload : Phase::Config,
                   .failure = std::nullopt,
                   .firmware_words = std::move(words),
                   .reason = std::move(reason)};
}

}  // namespace pxeproof::rom

#include "firmware/profile.h"

#include <array>
#include <span>

#include "firmware/profile_reading.h"

namespace pxeproof::firmware {

namespace {

constexpr std::array kIdentifications{
    Word<IpRules::Identification>{"counter", IpRules::Identification::Counter},
    Word<IpRules::Identification>{"count-and-received", IpRules::Identification::CountAndReceived},
    Word<IpRules::Identification>{"random-counter", IpRules::Identification::RandomCounter},
    Word<IpRules::Identification>{"constant", IpRules::Identification::Constant},
};
constexpr std::array kAnnounces{
    Word<ArpRules::Announce>{"never", ArpRules::Announce::Never},
    Word<ArpRules::Announce>{"when-configured", ArpRules::Announce::WhenConfigured},
};
constexpr std::array kArpReplies{
    Word<ArpRules::Reply>{"fresh", ArpRules::Reply::Fresh},
    Word<ArpRules::Reply>{"turned-round", ArpRules::Reply::TurnedRound},
};
constexpr std::array kStackKinds{
    Word<StackRules::Kind>{"until-it-hands-over", StackRules::Kind::UntilItHandsOver},
    Word<StackRules::Kind>{"resident", StackRules::Kind::Resident},
};
constexpr std::array kArpCaches{
    Word<ArpRules::Cache>{"kept", ArpRules::Cache::Kept},
    Word<ArpRules::Cache>{"per-session", ArpRules::Cache::PerSession},
};
constexpr std::array kPorts{
    Word<TftpManners::Ports>{"random", TftpManners::Ports::Random},
    Word<TftpManners::Ports>{"sequential", TftpManners::Ports::Sequential},
    Word<TftpManners::Ports>{"random-then-sequential", TftpManners::Ports::RandomThenSequential},
    Word<TftpManners::Ports>{"milliseconds", TftpManners::Ports::Milliseconds},
};
constexpr std::array kFirstReplies{
    Word<TftpManners::FirstReply>{"any-source", TftpManners::FirstReply::AnySource},
    Word<TftpManners::FirstReply>{"server-address", TftpManners::FirstReply::ServerAddress},
};
constexpr std::array kLaterReplies{
    Word<TftpManners::LaterReplies>{"same-endpoint", TftpManners::LaterReplies::SameEndpoint},
    Word<TftpManners::LaterReplies>{"any-source", TftpManners::LaterReplies::AnySource},
};
constexpr std::array kOddOacks{
    Word<TftpManners::OddOack>{"refuse", TftpManners::OddOack::Refuse},
    Word<TftpManners::OddOack>{"pass-over", TftpManners::OddOack::PassOver},
    Word<TftpManners::OddOack>{"refuse-known", TftpManners::OddOack::RefuseKnown},
    Word<TftpManners::OddOack>{"refuse-raised", TftpManners::OddOack::RefuseRaised},
};
constexpr std::array kLateOacks{
    Word<TftpManners::LateOack>{"acknowledge", TftpManners::LateOack::Acknowledge},
    Word<TftpManners::LateOack>{"pass-over", TftpManners::LateOack::PassOver},
};
constexpr std::array kOddReplies{
    Word<TftpManners::OddReply>{"refuse", TftpManners::OddReply::Refuse},
    Word<TftpManners::OddReply>{"pass-over", TftpManners::OddReply::PassOver},
};
constexpr std::array kOutOfOrders{
    Word<TftpManners::OutOfOrder>{"keep", TftpManners::OutOfOrder::Keep},
    Word<TftpManners::OutOfOrder>{"drop", TftpManners::OutOfOrder::Drop},
};
constexpr std::array kWrongBlocks{
    Word<TftpManners::WrongBlock>{"restarts-timer", TftpManners::WrongBlock::RestartsTimer},
    Word<TftpManners::WrongBlock>{"leaves-timer", TftpManners::WrongBlock::LeavesTimer},
};
constexpr std::array kOverlongData{
    Word<TftpManners::OverlongData>{"fail", TftpManners::OverlongData::Fail},
    Word<TftpManners::OverlongData>{"cut", TftpManners::OverlongData::Cut},
};
constexpr std::array kEnds{
    Word<TftpManners::End>{"short-block", TftpManners::End::ShortBlock},
    Word<TftpManners::End>{"all-blocks", TftpManners::End::AllBlocks},
};
constexpr std::array kReadsToSize{
    Word<TftpManners::ReadToSize>{"fetches-to-end", TftpManners::ReadToSize::FetchesToEnd},
    Word<TftpManners::ReadToSize>{"closes-early", TftpManners::ReadToSize::ClosesEarly},
};
constexpr std::array kErrorsInTransfer{
    Word<TftpManners::ErrorInTransfer>{"abort", TftpManners::ErrorInTransfer::Abort},
    Word<TftpManners::ErrorInTransfer>{"pass-over", TftpManners::ErrorInTransfer::PassOver},
};
constexpr std::array kEmptyFiles{
    Word<TftpManners::EmptyFile>{"fetch", TftpManners::EmptyFile::Fetch},
    Word<TftpManners::EmptyFile>{"counts-as-missing", TftpManners::EmptyFile::CountsAsMissing},
};
constexpr std::array kRelations{
    Word<VolatileField::Relation>{"same-where-same", VolatileField::Relation::SameWhereSame},
    Word<VolatileField::Relation>{"kept", VolatileField::Relation::Kept},
    Word<VolatileField::Relation>{"same-steps", VolatileField::Relation::SameSteps},
    Word<VolatileField::Relation>{"milliseconds", VolatileField::Relation::Milliseconds},
    Word<VolatileField::Relation>{"high-octet", VolatileField::Relation::HighOctet},
    Word<VolatileField::Relation>{"one-octet", VolatileField::Relation::OneOctet},
    Word<VolatileField::Relation>{"same-size", VolatileField::Relation::SameSize},
};
constexpr std::array kFailures{
    Word<Failure>{"no-offer", Failure::NoOffer},
    Word<Failure>{"no-acknowledgement", Failure::NoAcknowledgement},
    Word<Failure>{"nothing-to-boot", Failure::NothingToBoot},
    Word<Failure>{"no-server-for-file", Failure::NoServerForFile},
    Word<Failure>{"boot-server-silent", Failure::BootServerSilent},
    Word<Failure>{"no-boot-server", Failure::NoBootServer},
    Word<Failure>{"no-file-from-boot-server", Failure::NoFileFromBootServer},
    Word<Failure>{"offers-unusable", Failure::OffersUnusable},
    Word<Failure>{"request-refused", Failure::RequestRefused},
    Word<Failure>{"lease-unusable", Failure::LeaseUnusable},
    Word<Failure>{"proxy-silent", Failure::ProxySilent},
    Word<Failure>{"proxy-unusable", Failure::ProxyUnusable},
    Word<Failure>{"discovery-impossible", Failure::DiscoveryImpossible},
    Word<Failure>{"size-unknown", Failure::SizeUnknown},
    Word<Failure>{"not-an-image", Failure::NotAnImage},
    Word<Failure>{"other-machine", Failure::OtherMachine},
    Word<Failure>{"image-hangs", Failure::ImageHangs},
    Word<Failure>{"menu-aborted", Failure::MenuAborted},
    Word<Failure>{"file-timeout", Failure::FileTimeout},
    Word<Failure>{"file-not-found", Failure::FileNotFound},
    Word<Failure>{"file-access", Failure::FileAccess},
    Word<Failure>{"file-refused", Failure::FileRefused},
    Word<Failure>{"file-error", Failure::FileError},
    Word<Failure>{"file-options", Failure::FileOptions},
    Word<Failure>{"file-protocol", Failure::FileProtocol},
};

TickRules read_clock(TomlReader clock) {
  TickRules rules{.tick = read_duration(clock, "tick", Duration{}),
                  .counts_as = read_duration(clock, "counts_as", Duration{})};
  if (rules.tick > Duration{} && rules.counts_as == Duration{}) {
    clock.refuse("counts_as", "a tick must count as some time");
  }
  clock.finish();
  return rules;
}

RetryRule read_retry(TomlReader retry, Duration tick) {
  RetryRule rule;
  if (retry.has("waits")) {
    rule = FixedWaits{read_durations(retry, "waits", tick)};
  } else {
    rule = AdaptiveWait{.minimum = read_duration(retry, "minimum", tick),
                        .maximum = read_duration(retry, "maximum", tick)};
  }
  retry.finish();
  return rule;
}

SizeProbe read_probe(TomlReader table) {
  SizeProbe probe;
  for (const std::vector<std::string>& row : table.text_rows("options")) {
    if (row.size() != 2) {
      table.refuse("options", "each row must be a name and a value");
      break;
    }
    probe.options.push_back({row[0], row[1]});
  }
  probe.abort_code = static_cast<std::uint16_t>(table.number("abort_code", 0xffff));
  probe.abort_text = table.text("abort_text");
  probe.no_size_code = static_cast<std::uint16_t>(table.number("no_size_code", 0xffff));
  probe.no_size_text = table.text("no_size_text");
  if (table.has("needs_size")) probe.needs_size = table.flag("needs_size");
  if (table.has("error_ends")) probe.error_ends = table.flag("error_ends");
  if (table.has("tries")) probe.tries = static_cast<unsigned>(table.number("tries", 64));
  table.finish();
  return probe;
}

TftpManners read_tftp(TomlReader tftp, Duration tick) {
  TftpManners manners;
  for (const std::vector<std::string>& row : tftp.text_rows("options")) {
    if (row.size() == 2) {
      manners.options.push_back({row[0], row[1]});
    } else {
      tftp.refuse("options", "each option is a name and a value");
    }
  }
  manners.ports = word(tftp, "ports", kPorts);
  manners.first_port = static_cast<std::uint16_t>(tftp.number("first_port", 0xffff));
  manners.last_port = static_cast<std::uint16_t>(tftp.number("last_port", 0xffff));
  if (manners.last_port < manners.first_port) {
    tftp.refuse("last_port", "must not be less than first_port");
  }
  manners.retry = read_retry(tftp.table("retry"), tick);
  manners.first_reply = word(tftp, "first_reply", kFirstReplies);
  manners.later_replies = word(tftp, "later_replies", kLaterReplies);
  manners.odd_oack = word(tftp, "odd_oack", kOddOacks);
  manners.minimum_block_size = static_cast<std::uint16_t>(tftp.number("minimum_block_size", 65464));
  manners.maximum_block_size = static_cast<std::uint16_t>(tftp.number("maximum_block_size", 65464));
  if (tftp.has("probe")) manners.probe = read_probe(tftp.table("probe"));
  if (tftp.has("port_per_try")) manners.port_per_try = tftp.flag("port_per_try");
  if (tftp.has("unasked_timeout_counts")) {
    manners.unasked_timeout_counts = tftp.flag("unasked_timeout_counts");
  }
  if (tftp.has("refusal_code")) {
    manners.refusal_code = static_cast<std::uint16_t>(tftp.number("refusal_code", 0xffff));
  }
  if (tftp.has("refusal_text")) manners.refusal_text = tftp.text("refusal_text");
  manners.late_oack = word(tftp, "late_oack", kLateOacks);
  manners.odd_reply = word(tftp, "odd_reply", kOddReplies);
  manners.out_of_order = word(tftp, "out_of_order", kOutOfOrders);
  manners.wrong_block = word(tftp, "wrong_block", kWrongBlocks);
  manners.overlong_data = word(tftp, "overlong_data", kOverlongData);
  manners.end = word(tftp, "end", kEnds);
  manners.read_to_size = word(tftp, "read_to_size", kReadsToSize);
  if (tftp.has("close_text")) manners.close_text = tftp.text("close_text");
  manners.error_in_transfer = word(tftp, "error_in_transfer", kErrorsInTransfer);
  manners.empty_file = word(tftp, "empty_file", kEmptyFiles);
  if (tftp.has("stall_words")) manners.stall_words = tftp.text("stall_words");
  tftp.finish();
  return manners;
}

LinkRules read_link(TomlReader link) {
  LinkRules result{.surplus_octets = link.number("surplus_octets", 64),
                   .receive_ring = link.number("receive_ring", 256)};
  link.finish();
  return result;
}

IpRules read_ip(TomlReader ip) {
  IpRules result;
  result.ttl = static_cast<std::uint8_t>(ip.number("ttl", 255));
  result.dont_fragment = ip.flag("dont_fragment");
  result.udp_checksum = ip.flag("udp_checksum");
  result.identification = word(ip, "identification", kIdentifications);
  // A profile that rests on another may bring a rule for which the other's start means nothing.
  if (result.identification != IpRules::Identification::RandomCounter ||
      ip.has("first_identification")) {
    result.first_identification =
        static_cast<std::uint16_t>(ip.number("first_identification", 65535));
  }
  ip.finish();
  return result;
}

ArpRules read_arp(TomlReader arp, Duration tick) {
  ArpRules result{.retry = FixedWaits{read_durations(arp, "waits", tick)},
                  .announce = word(arp, "announce", kAnnounces),
                  .reply = word(arp, "reply", kArpReplies),
                  .cache = word_or(arp, "cache", ArpRules::Cache::Kept, kArpCaches)};
  arp.finish();
  return result;
}

StackRules read_stack(TomlReader stack, Duration tick) {
  StackRules rules{.kind = word(stack, "kind", kStackKinds),
                   .link = read_link(stack.table("link")),
                   .ip = read_ip(stack.table("ip")),
                   .arp = read_arp(stack.table("arp"), tick)};
  stack.finish();
  return rules;
}

std::map<Failure, std::string> read_words(TomlReader table) {
  std::map<Failure, std::string> words;
  for (const Word<Failure>& row : kFailures) {
    if (table.has(row.word)) words[row.value] = table.text(row.word);
  }
  table.finish();
  return words;
}

// A profile may differ from another in a few rows only, and that one from a third.
std::optional<ProfileError> lay_bases_under(TomlReader& root, std::string base) {
  constexpr int kDepth = 4;
  const std::vector<std::string> without =
      root.has("without") ? root.texts("without") : std::vector<std::string>{};
  std::vector<std::string> missing = without;  // from every base so far
  for (int depth = 0; depth < kDepth; ++depth) {
    const auto text = builtin_profile_text(base);
    if (!text) {
      root.refuse("based_on", fmt::format("there is no built-in profile '{}'; known: {}", base,
                                          fmt::join(builtin_profile_names(), ", ")));
      return ProfileError{root.error().value_or("based_on: no such profile")};
    }
    TomlReader below(*text, base);
    const std::vector<std::string> unknown = root.lay_under(*text, base, without);
    std::erase_if(missing, [&unknown](const std::string& path) {
      return std::ranges::find(unknown, path) == unknown.end();
    });
    if (!below.has("based_on")) {
      if (missing.empty()) return std::nullopt;
      root.refuse("without", fmt::format("the profile below has no table {}", missing.front()));
      return ProfileError{root.error().value_or("without: no such table")};
    }
    base = below.text("based_on");
  }
  root.refuse("based_on", "profiles rest on each other without end");
  return ProfileError{root.error().value_or("based_on: without end")};
}

}  // namespace

std::string Profile::words_for(Failure failure, std::string_view error_text) const {
  constexpr std::string_view kPlace = "{error}";
  const auto found = words.find(failure);
  if (found == words.end()) return {};
  std::string told = found->second;
  if (const auto place = told.find(kPlace); place != std::string::npos) {
    told.replace(place, kPlace.size(), error_text);
  }
  return told;
}

std::string_view to_string(VolatileField::Relation relation) {
  return std::ranges::find(kRelations, relation, &Word<VolatileField::Relation>::value)->word;
}

Failure failure_of_error(std::uint16_t tftp_code) {
  switch (static_cast<tftp::ErrorCode>(tftp_code)) {
    case tftp::ErrorCode::FileNotFound:
      return Failure::FileNotFound;
    case tftp::ErrorCode::AccessViolation:
      return Failure::FileAccess;
    case tftp::ErrorCode::IllegalOperation:
      return Failure::FileRefused;
    default:
      return Failure::FileError;
  }
}

std::string_view to_string(Failure failure) {
  return std::ranges::find(kFailures, failure, &Word<Failure>::value)->word;
}

Result<Profile, ProfileError> parse_profile(std::string_view text, std::string_view origin) {
  TomlReader root(text, origin);
  if (root.has("based_on")) {
    if (const auto error = lay_bases_under(root, root.text("based_on"))) return fail(*error);
  }
  Profile profile;
  profile.name = root.text("name");
  profile.title = root.text("title");
  profile.source = root.text("source");
  profile.architecture = static_cast<std::uint16_t>(root.number("architecture", 0xffff));
  if (root.has("http_architecture")) {
    profile.http_architecture =
        static_cast<std::uint16_t>(root.number("http_architecture", 0xffff));
  }
  profile.clock = read_clock(root.table("clock"));
  const Duration tick = profile.clock.counts_as;
  profile.link = read_link(root.table("link"));
  profile.ip = read_ip(root.table("ip"));
  profile.arp = read_arp(root.table("arp"), tick);
  if (root.has("ipv6")) {
    TomlReader ipv6 = root.table("ipv6");
    profile.router_solicitations = FixedWaits{read_durations(ipv6, "waits", tick)};
    ipv6.finish();
  }
  const OptionLists lists =
      root.has("lists") ? read_option_lists(root.table("lists")) : OptionLists{};
  read_dhcp(root.table("dhcp"), lists, profile);
  profile.offers = read_offers(root.table("offers"), tick);
  profile.discovery = read_discovery(root.table("discovery"));
  profile.tftp = read_tftp(root.table("tftp"), tick);
  if (root.has("efi_machines")) {
    for (const std::uint64_t machine : root.numbers("efi_machines", 0xffff)) {
      profile.efi_machines.push_back(static_cast<std::uint16_t>(machine));
    }
  }
  if (root.has("loads_kernels")) profile.loads_kernels = root.flag("loads_kernels");
  if (root.has("runs_scripts")) profile.runs_scripts = root.flag("runs_scripts");
  if (root.has("largest_nbp")) profile.largest_nbp = root.number("largest_nbp", 1ULL << 32U);
  if (root.has("volatile")) {
    for (const std::vector<std::string>& row : root.text_rows("volatile")) {
      if (row.size() != 3) {
        root.refuse("volatile", "each row must be packets, field and relation");
        break;
      }
      profile.volatile_fields.push_back(
          {row[0], row[1], word(root, "volatile", row[2], kRelations)});
    }
  }
  profile.words = read_words(root.table("words"));
  root.finish();
  if (root.error()) return fail(ProfileError{*root.error()});
  return profile;
}

Result<Program, ProfileError> parse_program(std::string_view text, std::string_view origin) {
  TomlReader root(text, origin);
  Program program;
  program.name = root.text("name");
  program.clock = read_clock(root.table("clock"));
  TomlReader idle = root.table("idle");
  program.polls_card_while_idle = idle.flag("polls_card");
  idle.finish();
  if (root.has("stack")) {
    program.stack = read_stack(root.table("stack"), program.clock.counts_as);
  }
  program.tftp = read_tftp(root.table("tftp"), program.clock.counts_as);
  root.finish();
  if (root.error()) return fail(ProfileError{*root.error()});
  return program;
}

}  // namespace pxeproof::firmware

#include "firmware/profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "firmware/toml_reader.h"

namespace pxeproof::firmware {

namespace {

// A word of the TOML file and what it stands for.
template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};

constexpr std::array kIdentifications{
    Word<IpRules::Identification>{"counter", IpRules::Identification::Counter},
    Word<IpRules::Identification>{"count-and-received", IpRules::Identification::CountAndReceived},
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
constexpr std::array kSecsRules{
    Word<Profile::Secs>{"tries-and-offers", Profile::Secs::TriesAndOffers},
};
constexpr std::array kXids{
    Word<DhcpPhase::Xid>{"of-session", DhcpPhase::Xid::OfSession},
    Word<DhcpPhase::Xid>{"zero", DhcpPhase::Xid::Zero},
};
constexpr std::array kCollects{
    Word<OfferRules::Collect>{"as-soon-as-satisfied", OfferRules::Collect::AsSoonAsSatisfied},
};
constexpr std::array kRankings{
    Word<OfferRules::Ranking>{"last-of-highest-priority",
                              OfferRules::Ranking::LastOfHighestPriority},
};
constexpr std::array kBootFilesOf{
    Word<OfferRules::BootFileOf>{"address-server", OfferRules::BootFileOf::AddressServer},
    Word<OfferRules::BootFileOf>{"proxy", OfferRules::BootFileOf::Proxy},
};
constexpr std::array kBootFilesIn{
    Word<OfferRules::BootFileIn>{"file-field", OfferRules::BootFileIn::FileField},
    Word<OfferRules::BootFileIn>{"option-67", OfferRules::BootFileIn::Option67},
};
constexpr std::array kTargets{
    Word<DiscoveryRules::Target>{"multicast", DiscoveryRules::Target::Multicast},
    Word<DiscoveryRules::Target>{"broadcast", DiscoveryRules::Target::Broadcast},
    Word<DiscoveryRules::Target>{"list", DiscoveryRules::Target::List},
};
constexpr std::array kPorts{
    Word<TftpManners::Ports>{"random", TftpManners::Ports::Random},
    Word<TftpManners::Ports>{"sequential", TftpManners::Ports::Sequential},
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
constexpr std::array kFailures{
    Word<Failure>{"no-offer", Failure::NoOffer},
    Word<Failure>{"no-acknowledgement", Failure::NoAcknowledgement},
    Word<Failure>{"nothing-to-boot", Failure::NothingToBoot},
    Word<Failure>{"no-server-for-file", Failure::NoServerForFile},
    Word<Failure>{"boot-server-silent", Failure::BootServerSilent},
    Word<Failure>{"no-boot-server", Failure::NoBootServer},
    Word<Failure>{"no-file-from-boot-server", Failure::NoFileFromBootServer},
    Word<Failure>{"not-an-image", Failure::NotAnImage},
    Word<Failure>{"menu-aborted", Failure::MenuAborted},
    Word<Failure>{"file-timeout", Failure::FileTimeout},
    Word<Failure>{"file-not-found", Failure::FileNotFound},
    Word<Failure>{"file-access", Failure::FileAccess},
    Word<Failure>{"file-refused", Failure::FileRefused},
    Word<Failure>{"file-error", Failure::FileError},
    Word<Failure>{"file-options", Failure::FileOptions},
    Word<Failure>{"file-protocol", Failure::FileProtocol},
};

template <typename Value, std::size_t Count>
Value word(TomlReader& table, std::string_view key, std::string_view text,
           const std::array<Word<Value>, Count>& words) {
  const auto found = std::ranges::find(words, text, &Word<Value>::word);
  if (found != words.end()) return found->value;
  std::vector<std::string_view> known;
  for (const Word<Value>& row : words) known.push_back(row.word);
  table.refuse(key, fmt::format("'{}' is none of {}", text, fmt::join(known, ", ")));
  return words.front().value;
}

template <typename Value, std::size_t Count>
Value word(TomlReader& table, std::string_view key, const std::array<Word<Value>, Count>& words) {
  return word(table, key, table.text(key), words);
}

// The same for a key that may be absent.
template <typename Value, std::size_t Count>
Value word_or(TomlReader& table, std::string_view key, Value otherwise,
              const std::array<Word<Value>, Count>& words) {
  return table.has(key) ? word(table, key, words) : otherwise;
}

// "250ms", "2s", "54925493ns" or "3t" (ticks of the firmware's clock).
std::optional<Duration> parse_duration(std::string_view text, Duration tick) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || count < 0) return std::nullopt;
  const std::string_view name(unit, static_cast<std::size_t>(end - unit));
  constexpr std::int64_t kLimit = 1'000'000'000'000'000;  // of any unit, against overflow: 11 days
  std::int64_t nanoseconds = 0;
  if (name == "ns") nanoseconds = 1;
  if (name == "us") nanoseconds = 1'000;
  if (name == "ms") nanoseconds = 1'000'000;
  if (name == "s") nanoseconds = 1'000'000'000;
  if (name == "t") nanoseconds = tick.count();
  if (nanoseconds == 0 || count > kLimit / nanoseconds) return std::nullopt;
  return Duration(count * nanoseconds);
}

Duration duration(TomlReader& table, std::string_view key, std::string_view text, Duration tick) {
  if (const auto value = parse_duration(text, tick)) return *value;
  table.refuse(key, fmt::format("'{}' is no duration such as 250ms, 2s or 3t", text));
  return {};
}

Duration duration(TomlReader& table, std::string_view key, Duration tick) {
  return duration(table, key, table.text(key), tick);
}

std::vector<Duration> durations(TomlReader& table, std::string_view key, Duration tick) {
  std::vector<Duration> result;
  for (const std::string& text : table.texts(key)) {
    result.push_back(duration(table, key, text, tick));
  }
  if (result.empty()) table.refuse(key, "needs one wait at least");
  return result;
}

TickRules read_clock(TomlReader clock) {
  TickRules rules{.tick = duration(clock, "tick", Duration{}),
                  .counts_as = duration(clock, "counts_as", Duration{})};
  if (rules.tick > Duration{} && rules.counts_as == Duration{}) {
    clock.refuse("counts_as", "a tick must count as some time");
  }
  clock.finish();
  return rules;
}

using OptionLists = std::map<std::string, std::vector<OptionTemplate>, std::less<>>;

std::vector<OptionTemplate> read_options(TomlReader& table, std::string_view key,
                                         const OptionLists& lists) {
  std::vector<OptionTemplate> options;
  for (const std::string& text : table.texts(key)) {
    if (text.starts_with('@')) {
      const auto list = lists.find(std::string_view(text).substr(1));
      if (list == lists.end()) {
        table.refuse(key, fmt::format("there is no list {} in [lists]", text));
        continue;
      }
      options.insert(options.end(), list->second.begin(), list->second.end());
      continue;
    }
    auto option = OptionTemplate::parse(text);
    if (!option) {
      table.refuse(key, option.error());
      continue;
    }
    options.push_back(std::move(*option));
  }
  return options;
}

DhcpPhase read_phase(TomlReader phase, const OptionLists& lists, Duration tick) {
  DhcpPhase result;
  result.options = read_options(phase, "options", lists);
  if (phase.has("minimum_size")) result.minimum_size = phase.number("minimum_size", 1472);
  if (phase.has("flags")) result.flags = static_cast<std::uint16_t>(phase.number("flags", 0xffff));
  result.xid = word_or(phase, "xid", result.xid, kXids);
  if (phase.has("source_port")) {
    result.source_port = static_cast<std::uint16_t>(phase.number("source_port", 0xffff));
  }
  result.retry = FixedWaits{durations(phase, "waits", tick)};
  if (phase.has("leave_after")) result.leave_after = duration(phase, "leave_after", tick);
  phase.finish();
  return result;
}

OfferRules read_offers(TomlReader offers, Duration tick) {
  OfferRules result;
  result.collect = word(offers, "collect", kCollects);
  result.proxy_patience = duration(offers, "proxy_patience", tick);
  result.ranking = word(offers, "ranking", kRankings);
  result.accepts_bootp = offers.flag("accepts_bootp");
  result.file_and_server_suffice = offers.flag("file_and_server_suffice");
  result.menu_suffices = offers.flag("menu_suffices");
  result.boot_file_of = word(offers, "boot_file_of", kBootFilesOf);
  result.boot_file_in = word(offers, "boot_file_in", kBootFilesIn);
  offers.finish();
  return result;
}

DiscoveryRules read_discovery(TomlReader discovery) {
  DiscoveryRules result;
  for (const std::string& text : discovery.texts("targets")) {
    result.targets.push_back(word(discovery, "targets", text, kTargets));
  }
  for (const std::uint64_t port : discovery.numbers("reply_ports", 0xffff)) {
    result.reply_ports.push_back(static_cast<std::uint16_t>(port));
  }
  discovery.finish();
  return result;
}

RetryRule read_retry(TomlReader retry, Duration tick) {
  RetryRule rule;
  if (retry.has("waits")) {
    rule = FixedWaits{durations(retry, "waits", tick)};
  } else {
    rule = AdaptiveWait{.minimum = duration(retry, "minimum", tick),
                        .maximum = duration(retry, "maximum", tick)};
  }
  retry.finish();
  return rule;
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
  result.first_identification =
      static_cast<std::uint16_t>(ip.number("first_identification", 65535));
  ip.finish();
  return result;
}

ArpRules read_arp(TomlReader arp, Duration tick) {
  ArpRules result{.retry = FixedWaits{durations(arp, "waits", tick)},
                  .announce = word(arp, "announce", kAnnounces),
                  .reply = word(arp, "reply", kArpReplies)};
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

OptionLists read_lists(TomlReader table) {
  OptionLists lists;
  for (const std::string& key : table.keys()) lists[key] = read_options(table, key, lists);
  table.finish();
  return lists;
}

void read_dhcp(TomlReader dhcp, const OptionLists& lists, Profile& profile) {
  const Duration tick = profile.clock.counts_as;
  profile.secs = word(dhcp, "secs", kSecsRules);
  profile.discover = read_phase(dhcp.table("discover"), lists, tick);
  profile.request = read_phase(dhcp.table("request"), lists, tick);
  profile.proxy_request = read_phase(dhcp.table("proxy_request"), lists, tick);
  profile.boot_server_request = read_phase(dhcp.table("boot_server_request"), lists, tick);
  dhcp.finish();
}

std::map<Failure, std::string> read_words(TomlReader table) {
  std::map<Failure, std::string> words;
  for (const Word<Failure>& row : kFailures) words[row.value] = table.text(row.word);
  table.finish();
  return words;
}

}  // namespace

std::string_view to_string(Failure failure) {
  return std::ranges::find(kFailures, failure, &Word<Failure>::value)->word;
}

Result<Profile, ProfileError> parse_profile(std::string_view text, std::string_view origin) {
  TomlReader root(text, origin);
  Profile profile;
  profile.name = root.text("name");
  profile.title = root.text("title");
  profile.source = root.text("source");
  profile.architecture = static_cast<std::uint16_t>(root.number("architecture", 0xffff));
  profile.clock = read_clock(root.table("clock"));
  const Duration tick = profile.clock.counts_as;
  profile.link = read_link(root.table("link"));
  profile.ip = read_ip(root.table("ip"));
  profile.arp = read_arp(root.table("arp"), tick);
  if (root.has("ipv6")) {
    TomlReader ipv6 = root.table("ipv6");
    profile.router_solicitations = FixedWaits{durations(ipv6, "waits", tick)};
    ipv6.finish();
  }
  const OptionLists lists = root.has("lists") ? read_lists(root.table("lists")) : OptionLists{};
  read_dhcp(root.table("dhcp"), lists, profile);
  profile.offers = read_offers(root.table("offers"), tick);
  profile.discovery = read_discovery(root.table("discovery"));
  profile.tftp = read_tftp(root.table("tftp"), tick);
  if (root.has("largest_nbp")) profile.largest_nbp = root.number("largest_nbp", 1ULL << 32U);
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

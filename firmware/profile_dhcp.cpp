#include <algorithm>
#include <charconv>
#include <optional>

#include "firmware/profile_reading.h"

namespace pxeproof::firmware {

namespace {

constexpr std::array kSessionXids{
    Word<SessionXid>{"random", SessionXid::Random},
    Word<SessionXid>{"mac-and-milliseconds", SessionXid::MacAndMilliseconds},
    Word<SessionXid>{"mac", SessionXid::Mac},
    Word<SessionXid>{"mac-first-octet-plus-one", SessionXid::MacFirstOctetPlusOne},
    Word<SessionXid>{"unix-time", SessionXid::UnixTime},
    Word<SessionXid>{"fixed", SessionXid::Fixed},
};
constexpr std::array kSecs{
    Word<Secs>{"tries-and-offers", Secs::TriesAndOffers},
    Word<Secs>{"elapsed", Secs::Elapsed},
    Word<Secs>{"kept", Secs::Kept},
    Word<Secs>{"tries-unswapped", Secs::TriesUnswapped},
    Word<Secs>{"unix-time", Secs::UnixTime},
    Word<Secs>{"zero", Secs::Zero},
};
constexpr std::array kXids{
    Word<DhcpPhase::Xid>{"of-session", DhcpPhase::Xid::OfSession},
    Word<DhcpPhase::Xid>{"zero", DhcpPhase::Xid::Zero},
    Word<DhcpPhase::Xid>{"fresh", DhcpPhase::Xid::Fresh},
};
constexpr std::array kAtEnds{
    Word<DhcpPhase::AtEnd>{"give-up", DhcpPhase::AtEnd::GiveUp},
    Word<DhcpPhase::AtEnd>{"start-over", DhcpPhase::AtEnd::StartOver},
};
constexpr std::array kAnswers{
    Word<DhcpPhase::Answers>{"at-once", DhcpPhase::Answers::AtOnce},
    Word<DhcpPhase::Answers>{"at-interval-end", DhcpPhase::Answers::AtIntervalEnd},
};
constexpr std::array kCollects{
    Word<OfferRules::Collect>{"as-soon-as-satisfied", OfferRules::Collect::AsSoonAsSatisfied},
    Word<OfferRules::Collect>{"whole-interval", OfferRules::Collect::WholeInterval},
    Word<OfferRules::Collect>{"first-offer", OfferRules::Collect::FirstOffer},
};
constexpr std::array kRankings{
    Word<OfferRules::Ranking>{"last-of-highest-priority",
                              OfferRules::Ranking::LastOfHighestPriority},
    Word<OfferRules::Ranking>{"pxe-classes", OfferRules::Ranking::PxeClasses},
    Word<OfferRules::Ranking>{"first", OfferRules::Ranking::First},
};
constexpr std::array kMenuOffers{
    Word<OfferRules::MenuOffer>{"any", OfferRules::MenuOffer::Any},
    Word<OfferRules::MenuOffer>{"coherent", OfferRules::MenuOffer::Coherent},
};
constexpr std::array kOtherAddresses{
    Word<OfferRules::OtherAddress>{"pass-over", OfferRules::OtherAddress::PassOver},
    Word<OfferRules::OtherAddress>{"decline", OfferRules::OtherAddress::Decline},
    Word<OfferRules::OtherAddress>{"take", OfferRules::OtherAddress::Take},
};
constexpr std::array kNaks{
    Word<OfferRules::Nak>{"pass-over", OfferRules::Nak::PassOver},
    Word<OfferRules::Nak>{"fail", OfferRules::Nak::Fail},
    Word<OfferRules::Nak>{"start-over", OfferRules::Nak::StartOver},
};
constexpr std::array kProxyAddresses{
    Word<OfferRules::ProxyAddress>{"identity", OfferRules::ProxyAddress::Identity},
    Word<OfferRules::ProxyAddress>{"next-server", OfferRules::ProxyAddress::NextServer},
};
constexpr std::array kEmptyAnswers{
    Word<OfferRules::EmptyAnswer>{"pass-over", OfferRules::EmptyAnswer::PassOver},
    Word<OfferRules::EmptyAnswer>{"fail", OfferRules::EmptyAnswer::Fail},
};
constexpr std::array kBootFilesOf{
    Word<OfferRules::BootFileOf>{"address-server", OfferRules::BootFileOf::AddressServer},
    Word<OfferRules::BootFileOf>{"proxy", OfferRules::BootFileOf::Proxy},
};
constexpr std::array kRepeatedTags{
    Word<OfferRules::RepeatedTag>{"first", OfferRules::RepeatedTag::First},
    Word<OfferRules::RepeatedTag>{"last", OfferRules::RepeatedTag::Last},
};
constexpr std::array kBootFilesIn{
    Word<OfferRules::BootFileIn>{"file-field", OfferRules::BootFileIn::FileField},
    Word<OfferRules::BootFileIn>{"option-67", OfferRules::BootFileIn::Option67},
};
constexpr std::array kNoNextServers{
    Word<OfferRules::NoNextServer>{"nobody", OfferRules::NoNextServer::Nobody},
    Word<OfferRules::NoNextServer>{"identity", OfferRules::NoNextServer::Identity},
};
constexpr std::array kTargets{
    Word<DiscoveryRules::Target>{"multicast", DiscoveryRules::Target::Multicast},
    Word<DiscoveryRules::Target>{"broadcast", DiscoveryRules::Target::Broadcast},
    Word<DiscoveryRules::Target>{"list", DiscoveryRules::Target::List},
};
constexpr std::array kTries{
    Word<DiscoveryRules::Tries>{"each", DiscoveryRules::Tries::Each},
    Word<DiscoveryRules::Tries>{"first", DiscoveryRules::Tries::First},
};
constexpr std::array kMenusBy{
    Word<DiscoveryRules::MenuBy>{"menu", DiscoveryRules::MenuBy::Menu},
    Word<DiscoveryRules::MenuBy>{"any-tag", DiscoveryRules::MenuBy::AnyTag},
    Word<DiscoveryRules::MenuBy>{"never", DiscoveryRules::MenuBy::Never},
};
constexpr std::array kNoPrompts{
    Word<DiscoveryRules::NoPrompt>{"show-menu", DiscoveryRules::NoPrompt::ShowMenu},
    Word<DiscoveryRules::NoPrompt>{"take-first", DiscoveryRules::NoPrompt::TakeFirst},
};

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

bool flag_or(TomlReader& table, std::string_view key, bool otherwise) {
  return table.has(key) ? table.flag(key) : otherwise;
}

std::uint16_t u16_or(TomlReader& table, std::string_view key, std::uint16_t otherwise) {
  return table.has(key) ? static_cast<std::uint16_t>(table.number(key, 0xffff)) : otherwise;
}

// What all phases of a profile have in common unless they say otherwise.
struct PhaseDefaults {
  const OptionLists& lists;
  Duration tick;
  Secs secs;
};

DhcpPhase read_phase(TomlReader phase, const PhaseDefaults& defaults) {
  DhcpPhase result;
  const Duration tick = defaults.tick;
  result.options = read_options(phase, "options", defaults.lists);
  if (phase.has("minimum_size")) result.minimum_size = phase.number("minimum_size", 1472);
  result.flags = u16_or(phase, "flags", result.flags);
  result.names_file = flag_or(phase, "names_file", false);
  result.xid = word_or(phase, "xid", result.xid, kXids);
  result.secs = word_or(phase, "secs", defaults.secs, kSecs);
  result.secs_offset = u16_or(phase, "secs_offset", 0);
  result.source_port = u16_or(phase, "source_port", result.source_port);
  if (phase.has("dont_fragment")) result.dont_fragment = phase.flag("dont_fragment");
  result.retry = FixedWaits{read_durations(phase, "waits", tick)};
  result.exact_waits = flag_or(phase, "exact_waits", false);
  if (phase.has("leave_after")) result.leave_after = read_duration(phase, "leave_after", tick);
  result.at_end = word_or(phase, "at_end", result.at_end, kAtEnds);
  result.answers = word_or(phase, "answers", result.answers, kAnswers);
  phase.finish();
  return result;
}

BootAttempt read_attempt(TomlReader table, const PhaseDefaults& defaults) {
  BootAttempt attempt;
  attempt.name = table.text("name");
  attempt.pause = read_duration(table, "pause", defaults.tick);
  attempt.real_waits_only = flag_or(table, "real_waits_only", false);
  attempt.boots = flag_or(table, "boots", true);
  if (table.has("file")) attempt.file = table.text("file");
  if (table.has("also")) attempt.also = table.texts("also");
  attempt.discover = read_phase(table.table("discover"), defaults);
  attempt.request = read_phase(table.table("request"), defaults);
  table.finish();
  return attempt;
}

}  // namespace

Duration read_duration(TomlReader& table, std::string_view key, Duration tick) {
  return duration(table, key, table.text(key), tick);
}

std::vector<Duration> read_durations(TomlReader& table, std::string_view key, Duration tick) {
  std::vector<Duration> result;
  for (const std::string& text : table.texts(key)) {
    result.push_back(duration(table, key, text, tick));
  }
  if (result.empty()) table.refuse(key, "needs one wait at least");
  const bool never_waits =
      std::ranges::all_of(result, [](Duration each) { return each == Duration{}; });
  if (never_waits) {
    table.refuse(key, "needs a wait of more than 0 s, or all repetitions go out at once");
  }
  return result;
}

OptionLists read_option_lists(TomlReader table) {
  OptionLists lists;
  for (const std::string& key : table.keys()) lists[key] = read_options(table, key, lists);
  table.finish();
  return lists;
}

void read_dhcp(TomlReader dhcp, const OptionLists& lists, Profile& profile) {
  const PhaseDefaults defaults{
      .lists = lists, .tick = profile.clock.counts_as, .secs = word(dhcp, "secs", kSecs)};
  profile.xid = word_or(dhcp, "xid", profile.xid, kSessionXids);
  if (profile.xid == SessionXid::Fixed || dhcp.has("fixed_xid")) {
    profile.fixed_xid = static_cast<std::uint32_t>(dhcp.number("fixed_xid", 0xffffffff));
  }
  if (dhcp.has("xid_step")) {
    profile.xid_step = static_cast<std::uint32_t>(dhcp.number("xid_step", 0xffff));
  }
  BootAttempt first;
  first.name = dhcp.has("name") ? dhcp.text("name") : "PXE";
  if (dhcp.has("file")) first.file = dhcp.text("file");
  if (dhcp.has("also")) first.also = dhcp.texts("also");
  first.discover = read_phase(dhcp.table("discover"), defaults);
  first.request = read_phase(dhcp.table("request"), defaults);
  profile.attempts.push_back(std::move(first));
  profile.proxy_request = read_phase(dhcp.table("proxy_request"), defaults);
  profile.boot_server_request = read_phase(dhcp.table("boot_server_request"), defaults);
  if (dhcp.has("boot_server_broadcast")) {
    profile.boot_server_broadcast = read_phase(dhcp.table("boot_server_broadcast"), defaults);
  }
  if (dhcp.has("decline")) profile.decline = read_options(dhcp, "decline", lists);
  if (dhcp.has("then")) profile.attempts.push_back(read_attempt(dhcp.table("then"), defaults));
  dhcp.finish();
}

OfferRules read_offers(TomlReader offers, Duration tick) {
  OfferRules result;
  result.collect = word(offers, "collect", kCollects);
  result.proxy_patience = read_duration(offers, "proxy_patience", tick);
  if (offers.has("offer_limit")) result.offer_limit = offers.number("offer_limit", 64);
  result.ranking = word(offers, "ranking", kRankings);
  result.menu_offer = word_or(offers, "menu_offer", result.menu_offer, kMenuOffers);
  if (offers.has("proxy_must_say")) result.proxy_must_say = offers.text("proxy_must_say");
  result.accepts_bootp = offers.flag("accepts_bootp");
  result.accepts_no_address = flag_or(offers, "accepts_no_address", false);
  result.requires_server_identifier = flag_or(offers, "requires_server_identifier", false);
  result.requires_offer_from_server_port = flag_or(offers, "requires_offer_from_server_port", true);
  result.requires_same_session = flag_or(offers, "requires_same_session", true);
  result.requires_netmask = flag_or(offers, "requires_netmask", false);
  result.drops_torn_options = flag_or(offers, "drops_torn_options", false);
  if (offers.has("maximum_size")) result.maximum_size = offers.number("maximum_size", 65535);
  result.other_address = word_or(offers, "other_address", result.other_address, kOtherAddresses);
  if (offers.has("decline_other_address")) {
    result.decline_other_address = offers.text("decline_other_address");
  }
  if (offers.has("decline_lease")) result.decline_lease = offers.text("decline_lease");
  result.nak = word_or(offers, "nak", result.nak, kNaks);
  if (offers.has("nak_pause")) result.nak_pause = read_duration(offers, "nak_pause", tick);
  result.file_and_server_suffice = offers.flag("file_and_server_suffice");
  result.menu_suffices = offers.flag("menu_suffices");
  result.proxy_address = word_or(offers, "proxy_address", result.proxy_address, kProxyAddresses);
  result.proxy_must_answer = flag_or(offers, "proxy_must_answer", false);
  result.empty_answer = word_or(offers, "empty_answer", result.empty_answer, kEmptyAnswers);
  result.answer_from_same_server = flag_or(offers, "answer_from_same_server", true);
  result.boot_file_of = word(offers, "boot_file_of", kBootFilesOf);
  result.boot_file_in = word(offers, "boot_file_in", kBootFilesIn);
  result.repeated_tag = word_or(offers, "repeated_tag", result.repeated_tag, kRepeatedTags);
  result.no_next_server = word_or(offers, "no_next_server", result.no_next_server, kNoNextServers);
  result.first_listed_server_with_file = flag_or(offers, "first_listed_server_with_file", false);
  if (offers.has("default_file")) result.default_file = offers.text("default_file");
  offers.finish();
  return result;
}

DiscoveryRules read_discovery(TomlReader discovery) {
  DiscoveryRules result;
  for (const std::string& text : discovery.texts("targets")) {
    result.targets.push_back(word(discovery, "targets", text, kTargets));
  }
  result.tries = word_or(discovery, "tries", result.tries, kTries);
  result.menu_by = word_or(discovery, "menu_by", result.menu_by, kMenusBy);
  result.no_prompt = word_or(discovery, "no_prompt", result.no_prompt, kNoPrompts);
  result.exact_prompt = flag_or(discovery, "exact_prompt", false);
  result.checks_item = flag_or(discovery, "checks_item", true);
  for (const std::uint64_t port : discovery.numbers("reply_ports", 0xffff)) {
    result.reply_ports.push_back(static_cast<std::uint16_t>(port));
  }
  discovery.finish();
  return result;
}

}  // namespace pxeproof::firmware

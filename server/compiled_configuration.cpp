#include "server/compiled_configuration.h"

#include <algorithm>
#include <array>
#include <ranges>

#include "protocol/dhcp/pxe_options.h"

namespace pxeproof::server {

namespace {

constexpr std::uint32_t kDefaultLeaseSeconds = 3600;
constexpr std::uint32_t kShortestLeaseSeconds = 120;
constexpr std::uint8_t kWaitForEver = 255;
constexpr std::uint32_t kLongestPromptSeconds = 254;

std::optional<std::uint32_t> lease_seconds(std::optional<std::chrono::seconds> lease,
                                           bool is_infinite) {
  if (is_infinite) return kInfiniteLease;
  if (!lease) return std::nullopt;
  const auto seconds = std::clamp<std::int64_t>(lease->count(), kShortestLeaseSeconds,
                                                std::int64_t{kInfiniteLease} - 1);
  return static_cast<std::uint32_t>(seconds);
}

// One octet holds the seconds and 255 means for ever, so a longer time becomes the longest that
// ends (D23: dnsmasq takes it modulo 256).
std::uint8_t prompt_timeout(const PxePrompt& prompt) {
  if (!prompt.timeout_seconds || *prompt.timeout_seconds == kWaitForEver) return kWaitForEver;
  return static_cast<std::uint8_t>(std::min(*prompt.timeout_seconds, kLongestPromptSeconds));
}

ServerAddress server_address(const Configuration& lines, const std::string& name,
                             std::optional<Ipv4Address> address) {
  using enum ServerAddress::Kind;
  // dnsmasq reads 0.0.0.0 as no address.
  if (address && !address->is_unspecified()) return {Given, {*address}};
  if (name.empty()) return {};
  std::vector<Ipv4Address> known = addresses_of(lines, name);
  if (known.empty()) return {UnknownName, {}};
  if (lines.no_round_robin) known.resize(1);
  return {Given, std::move(known)};
}

// Whether a directive was read after another one.
bool is_later(const SourceLocation& left, const SourceLocation& right) {
  if (left.order != right.order) return left.order > right.order;
  return left.line > right.line;
}

// The directives that are nothing but tags.
struct TagList {
  std::vector<std::vector<TagCondition>> Configuration::*lines;
  std::vector<TagFilter> CompiledConfiguration::*filters;
};
constexpr std::array kTagLists{
    TagList{&Configuration::ignores, &CompiledConfiguration::ignores},
    TagList{&Configuration::broadcasts, &CompiledConfiguration::broadcasts},
    TagList{&Configuration::bootp_dynamics, &CompiledConfiguration::bootp_dynamics},
    TagList{&Configuration::ignored_names, &CompiledConfiguration::ignored_names},
    TagList{&Configuration::generated_names, &CompiledConfiguration::generated_names},
};

template <typename List>
auto last_first(const List& list) {
  std::vector<const typename List::value_type*> reversed;
  reversed.reserve(list.size());
  for (const auto& line : list) reversed.push_back(&line);
  std::ranges::reverse(reversed);
  return reversed;
}

}  // namespace

CompiledConfiguration::CompiledConfiguration(Configuration configuration,
                                             const std::vector<std::string>& interface_names)
    : lines_(std::move(configuration)) {
  intern_tags(interface_names);
  for (const DhcpRange& line : lines_.ranges) {
    ranges.push_back(
        {.kind = line.kind,
         .start = line.start,
         .end = line.kind == DhcpRange::Kind::Pool ? line.end : line.start,
         .netmask = line.netmask,
         .broadcast = line.broadcast,
         .interface = line.interface,
         .filter = filter(line.conditions),
         .sets = ids(line.set_tags),
         .lease_seconds =
             lease_seconds(line.lease, line.lease_infinite).value_or(kDefaultLeaseSeconds)});
  }
  for (const PxeService& line : lines_.services) {
    services.push_back(
        {&line, filter(line.conditions), server_address(lines_, line.server_name, line.server)});
  }
  for (const DhcpBoot* line : last_first(lines_.boots)) {
    boots.push_back({line, filter(line->conditions),
                     server_address(lines_, line->tftp_server_name, line->server)});
  }
  for (const ReplyDelay* line : last_first(lines_.reply_delays)) {
    delays.push_back({line->delay, filter(line->conditions)});
  }
  for (const TagIf& line : lines_.tag_ifs) {
    tag_ifs.push_back(
        {ids(line.set_tags), TagFilter(line.conditions, tags_, TagFilter::Star::AnyTail)});
  }
  for (const TagRule& line : lines_.tag_rules) {
    match_rules.push_back({&line, filter(line.conditions), *tags_.find(line.set_tag)});
  }
  for (const TagList& list : kTagLists) {
    for (const auto& conditions : lines_.*(list.lines)) {
      (this->*(list.filters)).push_back(filter(conditions));
    }
  }
  compile_vendor_sub_options();
  compile_options();
  compile_hosts();
}

void CompiledConfiguration::intern_tags(const std::vector<std::string>& interface_names) {
  const auto intern_conditions = [this](const std::vector<TagCondition>& conditions) {
    for (const TagCondition& condition : conditions) {
      if (!condition.name.ends_with('*')) tags_.intern(condition.name);
    }
  };
  const auto intern_names = [this](const std::vector<std::string>& names) {
    for (const std::string& name : names) tags_.intern(name);
  };
  // In the order in which a request gets them, which is the order in which they are told.
  intern_names(interface_names);
  gateway = tags_.intern("cpewan-id");
  known = tags_.intern("known");
  known_othernet = tags_.intern("known-othernet");
  bootp = tags_.intern("bootp");
  for (const auto& line : lines_.ranges) intern_conditions(line.conditions);
  for (const auto& line : lines_.ranges) intern_names(line.set_tags);
  for (const auto& line : lines_.services) intern_conditions(line.conditions);
  for (const auto& line : lines_.prompts) intern_conditions(line.conditions);
  for (const auto& line : lines_.boots) intern_conditions(line.conditions);
  for (const auto& line : lines_.options) intern_conditions(line.conditions);
  for (const auto& line : lines_.reply_delays) intern_conditions(line.conditions);
  for (const auto& line : lines_.tag_rules) intern_conditions(line.conditions);
  for (const auto& line : lines_.tag_rules) tags_.intern(line.set_tag);
  for (const auto& line : lines_.tag_ifs) intern_conditions(line.conditions);
  for (const auto& line : lines_.tag_ifs) intern_names(line.set_tags);
  for (const TagList& list : kTagLists) {
    for (const auto& conditions : lines_.*(list.lines)) intern_conditions(conditions);
  }
  for (const auto& line : lines_.hosts) intern_conditions(line.conditions);
  for (const auto& line : lines_.hosts) intern_names(line.set_tags);
}

void CompiledConfiguration::compile_vendor_sub_options() {
  struct Entry {
    SourceLocation location;
    VendorSubOption sub_option;
  };
  std::vector<Entry> entries;
  for (const DhcpOption& line : lines_.options) {
    if (!line.vendor_class || line.encapsulated_in || line.vendor_identifying) continue;
    entries.push_back({line.location,
                       {.vendor_class = *line.vendor_class,
                        .tag = line.code,
                        .value = line.value,
                        .filter = filter(line.conditions),
                        .is_prompt = false,
                        .is_text = line.value_is_text,
                        .force = line.force}});
  }
  for (const PxePrompt& line : lines_.prompts) {
    Bytes value{prompt_timeout(line)};
    ByteWriter(value).text(line.text);
    entries.push_back({line.location,
                       {.vendor_class = "PXEClient",
                        .tag = static_cast<std::uint8_t>(pxe::VendorTag::MenuPrompt),
                        .value = std::move(value),
                        .filter = filter(line.conditions),
                        .is_prompt = true,
                        .is_text = false,
                        .force = false}});
  }
  has_prompt_ = !lines_.prompts.empty();
  std::ranges::reverse(entries);
  std::ranges::stable_sort(entries, [](const Entry& left, const Entry& right) {
    return is_later(left.location, right.location);
  });
  for (Entry& entry : entries) vendor_sub_options.push_back(std::move(entry.sub_option));
}

void CompiledConfiguration::compile_options() {
  for (const DhcpOption* line : last_first(lines_.options)) {
    if (line->encapsulated_in || line->vendor_identifying) {
      encapsulated.push_back({line, filter(line->conditions)});
    } else if (!line->vendor_class) {
      options.push_back({line, filter(line->conditions)});
    }
  }
}

void CompiledConfiguration::compile_hosts() {
  for (const DhcpHost* line : last_first(lines_.hosts)) {
    hosts.push_back({.line = line,
                     .filter = filter(line->conditions),
                     .sets = ids(line->set_tags),
                     .lease_seconds = lease_seconds(line->lease, line->lease_infinite)});
  }
}

std::vector<TagId> CompiledConfiguration::ids(const std::vector<std::string>& names) const {
  std::vector<TagId> ids;
  for (const std::string& name : names) ids.push_back(*tags_.find(name));
  return ids;
}

const Boot* CompiledConfiguration::boot_for(const TagBits& tags) const {
  for (const Untagged untagged : {Untagged::Refused, Untagged::Accepted}) {
    for (const Boot& boot : boots) {
      if (holds(boot.filter, tags, untagged)) return &boot;
    }
  }
  return nullptr;
}

Duration CompiledConfiguration::delay_for(const TagBits& tags) const {
  for (const Untagged untagged : {Untagged::Refused, Untagged::Accepted}) {
    for (const Delay& delay : delays) {
      if (holds(delay.filter, tags, untagged)) return delay.delay;
    }
  }
  return {};
}

}  // namespace pxeproof::server

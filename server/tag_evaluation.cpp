#include "server/tag_evaluation.h"

#include <algorithm>

#include "protocol/letter_case.h"
#include "server/reply_header.h"
#include "server/request.h"

namespace pxeproof::server {

namespace {

constexpr std::uint8_t kVendorIdentifyingClass = 124;  // RFC 3925 s.3
constexpr std::uint8_t kCircuitId = 1;                 // RFC 3046 s.2.0
constexpr std::uint8_t kRemoteId = 2;
constexpr std::uint8_t kSubscriberId = 6;  // RFC 3993

std::uint32_t big_endian(ByteView octets) {
  std::uint32_t number = 0;
  for (const std::uint8_t octet : octets) number = number << 8U | octet;
  return number;
}

bool contains(ByteView value, ByteView part) {
  return part.empty() ||
         std::search(value.begin(), value.end(), part.begin(), part.end()) != value.end();
}

bool begins_with(ByteView value, const Bytes& octets, const std::vector<bool>& wildcard) {
  if (value.size() < octets.size()) return false;
  for (std::size_t at = 0; at < octets.size(); ++at) {
    const bool is_wild = at < wildcard.size() && wildcard[at];
    if (!is_wild && value[at] != octets[at]) return false;
  }
  return true;
}

bool has_element(ByteView value, const TagRule& rule) {
  const std::size_t size = rule.octets.size();
  for (; value.size() >= size && size > 0; value = value.subspan(size)) {
    if (equal(value.first(size), rule.octets)) return true;
  }
  return false;
}

bool test(const TagRule& rule, ByteView value) {
  switch (rule.test) {
    case TagRule::Test::Present:
      return true;
    case TagRule::Test::HexPrefix:
      return begins_with(value, rule.octets, rule.wildcard);
    case TagRule::Test::Number:
      return has_element(value, rule);
    case TagRule::Test::Text:
      return contains(value, rule.octets);
  }
  return false;
}

// RFC 3925 s.3: enterprise number, length, then classes each with its own length.
bool test_enterprise_class(const TagRule& rule, ByteView option) {
  while (option.size() >= 5) {
    const bool is_ours = big_endian(option.first(4)) == *rule.enterprise;
    const std::size_t size = std::min<std::size_t>(option[4], option.size() - 5);
    ByteView classes = option.subspan(5, size);
    option = option.subspan(5 + size);
    while (is_ours && !classes.empty() && classes.size() > classes[0]) {
      if (test(rule, classes.subspan(1, classes[0]))) return true;
      classes = classes.subspan(1U + classes[0]);
    }
  }
  return false;
}

// RFC 3004 s.4 has a list of counted classes. iPXE sends a bare text, which is one class.
bool test_user_class(const TagRule& rule, ByteView option) {
  const auto is_list = [](ByteView rest) {
    while (!rest.empty() && rest.size() > rest[0]) rest = rest.subspan(1U + rest[0]);
    return rest.empty();
  };
  if (!is_list(option)) return contains(option, rule.octets);
  for (; !option.empty(); option = option.subspan(1U + option[0])) {
    if (contains(option.subspan(1, option[0]), rule.octets)) return true;
  }
  return false;
}

bool test_mac(const TagRule& rule, const dhcp::MessageView& message) {
  if (message.hlen() != rule.octets.size() || message.hlen() > message.chaddr().size())
    return false;
  if (rule.hardware_type.value_or(0) != 0 && *rule.hardware_type != message.htype()) return false;
  return begins_with(message.chaddr().first(message.hlen()), rule.octets, rule.wildcard);
}

bool test_relay_information(const TagRule& rule, const dhcp::MessageView& message,
                            std::uint8_t sub_option) {
  const auto information = agent_information(message);
  if (information.empty()) return false;
  const auto value = find_sub_option(information, sub_option, 1);
  if (!value) return false;
  return equal(*value, rule.octets);
}

bool test_name(const TagRule& rule, const dhcp::MessageView& message) {
  std::string_view wanted = rule.text;
  const bool is_prefix = wanted.ends_with('*');
  if (is_prefix) wanted.remove_suffix(1);
  const std::string whole = client_full_name(message);
  std::string_view name = whole;
  if (name.empty() || name.size() < wanted.size()) return false;
  if (is_prefix) name = name.substr(0, wanted.size());
  return same_without_case(name, wanted);
}

bool matches_rule(const TagRule& rule, const dhcp::MessageView& message) {
  switch (rule.kind) {
    case TagRule::Kind::Option: {
      if (rule.enterprise) {
        const auto value = find_option(message, kVendorIdentifyingClass, 5);
        return value && test_enterprise_class(rule, *value);
      }
      const auto value = find_option(message, rule.option_code, 1);
      return value && test(rule, *value);
    }
    case TagRule::Kind::UserClass: {
      const auto value = find_option(message, dhcp::OptionCode::UserClass, 1);
      return value && test_user_class(rule, *value);
    }
    case TagRule::Kind::VendorClass: {
      const auto value = find_option(message, dhcp::OptionCode::VendorClass, 1);
      return value && contains(*value, rule.octets);
    }
    case TagRule::Kind::Mac:
      return test_mac(rule, message);
    case TagRule::Kind::CircuitId:
      return test_relay_information(rule, message, kCircuitId);
    case TagRule::Kind::RemoteId:
      return test_relay_information(rule, message, kRemoteId);
    case TagRule::Kind::SubscriberId:
      return test_relay_information(rule, message, kSubscriberId);
    case TagRule::Kind::Name:
      return test_name(rule, message);
  }
  return false;
}

}  // namespace

void apply_match_rules(const CompiledConfiguration& configuration, const dhcp::MessageView& message,
                       TagBits& tags) {
  for (const MatchRule& rule : configuration.match_rules) {
    if (rule.line->kind == TagRule::Kind::Name) continue;
    if (rule.filter.holds(tags) && matches_rule(*rule.line, message)) tags.set(rule.sets);
  }
}

void apply_name_rules(const CompiledConfiguration& configuration, const dhcp::MessageView& message,
                      TagBits& tags) {
  for (const MatchRule& rule : configuration.match_rules) {
    if (rule.line->kind != TagRule::Kind::Name) continue;
    if (rule.filter.holds(tags) && matches_rule(*rule.line, message)) tags.set(rule.sets);
  }
}

void apply_tag_ifs(const CompiledConfiguration& configuration, TagBits& tags) {
  for (const TagIfRule& rule : configuration.tag_ifs) {
    if (!rule.filter.holds(tags)) continue;
    for (const TagId tag : rule.sets) tags.set(tag);
  }
}

}  // namespace pxeproof::server

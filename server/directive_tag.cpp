#include <fmt/format.h>

#include <algorithm>

#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kLongestHardwareAddress = 16;  // the chaddr field

// Divides "set:tag,value"; the prefix may be left out.
Result<Argument, Complaint> take_set_tag(Argument argument, std::string_view form,
                                         std::string& set_tag) {
  std::optional<Argument> value = argument.cut();
  if (!value) {
    return refuse("a tag to set and a value are needed", fmt::format("write {}", form));
  }
  set_tag = set_tag_name(argument);
  return *std::move(value);
}

void set_text(TagRule& rule, const std::string& text) {
  rule.test = TagRule::Test::Text;
  rule.text = text;
  const ByteView octets = as_bytes(rule.text);
  rule.octets.assign(octets.begin(), octets.end());
}

}  // namespace

// dhcp-userclass and dhcp-vendorclass: set:tag,[enterprise:n,]text
Judgement read_class_rule(ReaderSession& session, Argument argument, TagRule::Kind kind) {
  TagRule rule{.kind = kind, .location = session.location()};
  auto value = take_set_tag(std::move(argument), "set:tag,text", rule.set_tag);
  if (!value) return fail(value.error());
  Argument text = *std::move(value);
  if (std::optional<Argument> rest = text.cut()) {
    if (kind != TagRule::Kind::VendorClass || !text.begins_with("enterprise:")) {
      return refuse(fmt::format("nothing may follow \"{}\"", printable(text.text())),
                    "put the whole text in quotes if the comma belongs to it");
    }
    rule.enterprise = parse_decimal(text.from(11).syntax());
    if (!rule.enterprise) {
      return refuse(fmt::format("\"{}\" is no enterprise number", text.from(11).text()),
                    "give IANA's number of the enterprise");
    }
    text = *std::move(rest);
  }
  set_text(rule, text.text());
  session.configuration().tag_rules.push_back(std::move(rule));
  return {};
}

// dhcp-circuitid, dhcp-remoteid, dhcp-subscrid: set:tag,01:02:03 or text
Judgement read_agent_rule(ReaderSession& session, Argument argument, TagRule::Kind kind) {
  TagRule rule{.kind = kind, .location = session.location()};
  auto value = take_set_tag(std::move(argument), "set:tag,01:02:03 or set:tag,text", rule.set_tag);
  if (!value) return fail(value.error());
  if (value->syntax().find(',') != std::string::npos) {
    return refuse("one value is allowed", "put it in quotes if the comma belongs to it");
  }
  const std::string& syntax = value->syntax();
  // As in dnsmasq only a colon makes octets of it: "61626364" is a text.
  const bool hexadecimal =
      syntax.find(':') != std::string::npos &&
      syntax.find_first_not_of("0123456789abcdefABCDEF:") == std::string::npos &&
      syntax.find_first_not_of(':') != std::string::npos;
  if (hexadecimal) {
    const auto octets = parse_hex_octets(syntax, HardwareType::Foreign, 255);
    if (!octets) return refuse("more than 255 octets", "shorten the value");
    rule.test = TagRule::Test::HexPrefix;
    rule.octets = octets->octets;
    rule.wildcard = octets->wildcard;
  } else {
    set_text(rule, value->text());
  }
  session.configuration().tag_rules.push_back(std::move(rule));
  return {};
}

// dhcp-mac=set:tag,[type-]aa:bb:*:*:*:*
Judgement read_dhcp_mac(ReaderSession& session, Argument argument) {
  TagRule rule{.kind = TagRule::Kind::Mac, .location = session.location()};
  auto value = take_set_tag(std::move(argument), "dhcp-mac=set:tag,b8:27:eb:*:*:*", rule.set_tag);
  if (!value) return fail(value.error());
  const auto mac = parse_hex_octets(value->text(), HardwareType::Allowed, kLongestHardwareAddress);
  if (!mac || mac->octets.empty()) {
    return refuse(fmt::format("\"{}\" is no hardware address", printable(value->text())),
                  "write b8:27:eb:*:*:*, with ':' between octets and '*' for any octet");
  }
  if (mac->hardware_type && mac->octets.size() == 5) {
    session.warn(
        "mac-with-dashes",
        fmt::format("in \"{}\" the octet before the first '-' is a hardware type", value->text()),
        "write the address with ':' between its octets");
  }
  rule.test = TagRule::Test::HexPrefix;
  rule.octets = mac->octets;
  rule.wildcard = mac->wildcard;
  rule.hardware_type = mac->hardware_type;
  session.configuration().tag_rules.push_back(std::move(rule));
  return {};
}

// dhcp-name-match=set:tag,name or set:tag,beginning*
Judgement read_name_match(ReaderSession& session, Argument argument) {
  TagRule rule{.kind = TagRule::Kind::Name, .location = session.location()};
  auto value = take_set_tag(std::move(argument), "dhcp-name-match=set:tag,name*", rule.set_tag);
  if (!value) return fail(value.error());
  if (value->empty()) return refuse("a name is needed", "write dhcp-name-match=set:tag,name*");
  set_text(rule, value->text());
  session.configuration().tag_rules.push_back(std::move(rule));
  return {};
}

// tag-if=set:a[,set:b][,tag:c[,tag:!d]]
Judgement read_tag_if(ReaderSession& session, Argument argument) {
  TagIf tag_if{.location = session.location()};
  for (const Argument& field : argument.fields()) {
    const Argument name = field.from(4);
    if (!name.empty() && field.begins_with("set:")) {
      tag_if.set_tags.push_back(name.text());
    } else if (!name.empty() && field.begins_with("tag:")) {
      tag_if.conditions.push_back(tag_condition(name.text()));
    } else {
      return refuse(fmt::format("\"{}\" is neither set: nor tag:", printable(field.text())),
                    "write tag-if=set:new,tag:one,tag:!other");
    }
  }
  if (tag_if.set_tags.empty()) {
    return refuse("tag-if sets no tag", "write tag-if=set:new,tag:one,tag:!other");
  }
  session.configuration().tag_ifs.push_back(std::move(tag_if));
  return {};
}

std::vector<TagCondition> read_tag_list(const std::optional<Argument>& argument) {
  std::vector<TagCondition> conditions;
  if (!argument) return conditions;
  for (const Argument& field : argument->fields()) {
    conditions.push_back(
        tag_condition(is_tag_condition(field) ? field.from(4).text() : field.text()));
  }
  return conditions;
}

}  // namespace pxeproof::server

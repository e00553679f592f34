#include <fmt/format.h>

#include "server/dhcp_option_value.h"
#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kMostOctetsInVendorOptions = 253;  // a code and a length stand before them
constexpr std::size_t kMostOctetsInViEncap = 250;        // and the enterprise number

// An option as dhcp-option and dhcp-match name it: tags, encapsulation, code, value.
struct OptionLine {
  std::vector<std::string> tags;  // without prefix
  std::optional<std::string> vendor_class;
  std::optional<std::uint8_t> encapsulated_in;
  std::optional<std::uint32_t> enterprise;
  std::optional<std::uint8_t> code;
  const OptionShape* shape = nullptr;
  std::optional<Argument> value;
  bool is_dhcpv6 = false;
};

bool is_number(const Argument& field) {
  return !field.empty() && field.syntax().find_first_not_of("0123456789") == std::string::npos;
}

Judgement set_numbered_option(const Argument& field, OptionLine& line) {
  const auto code = parse_decimal(field.syntax(), 255);
  if (!code) {
    return refuse(fmt::format("there is no option {}", field.text()), "give a code up to 255");
  }
  line.code = static_cast<std::uint8_t>(*code);
  line.shape = find_option_shape(*line.code);
  return {};
}

Judgement set_named_option(std::string_view name, OptionUse use, OptionLine& line) {
  line.shape = find_option_shape(name);
  if (line.shape == nullptr) {
    const std::string_view near = nearest_option_name(name);
    return refuse(fmt::format("there is no option called \"{}\"", printable(name)),
                  near.empty() ? std::string("give its number, or a name of dnsmasq --help dhcp")
                               : fmt::format("did you mean option:{}?", near));
  }
  if (line.shape->owner == OptionOwner::Server && use == OptionUse::Send) {
    return refuse(
        fmt::format("the server itself fills in option:{}", line.shape->name),
        fmt::format("write its number {} if you must send another value", line.shape->code));
  }
  line.code = line.shape->code;
  return {};
}

Result<std::uint32_t, Complaint> encapsulation_number(const Argument& field, std::size_t prefix,
                                                      std::uint32_t maximum) {
  const auto number = parse_decimal(field.from(prefix).syntax(), maximum);
  if (number && field.text().size() > prefix) return *number;
  return refuse(fmt::format("\"{}\" names no encapsulation", printable(field.text())),
                "write encap:175 or vi-encap:2, with a number behind the colon");
}

// Reads one field in front of the value. True when it was the option itself.
Result<bool, Complaint> read_option_field(const Argument& field, OptionUse use, OptionLine& line) {
  if (is_number(field)) {
    if (Judgement set = set_numbered_option(field, line); !set) return fail(set.error());
    return true;
  }
  if (field.begins_with("option:")) {
    if (Judgement set = set_named_option(field.from(7).text(), use, line); !set) {
      return fail(set.error());
    }
    return true;
  }
  if (field.begins_with("option6:")) {
    line.is_dhcpv6 = true;
    return true;
  }
  if (field.begins_with("vendor:")) {
    line.vendor_class = field.from(7).text();
  } else if (field.begins_with("encap:")) {
    const auto code = encapsulation_number(field, 6, 255);
    if (!code) return fail(code.error());
    line.encapsulated_in = static_cast<std::uint8_t>(*code);
  } else if (field.begins_with("vi-encap:")) {
    const auto enterprise = encapsulation_number(field, 9, 0xffffffff);
    if (!enterprise) return fail(enterprise.error());
    line.enterprise = *enterprise;
    if (use == OptionUse::Match) {
      line.code = 0;  // the sub-options' values are matched, whatever their code
      return true;
    }
  } else {
    // A bare word is a tag, as "tag:", the older "net:" and, here, "set:".
    line.tags.push_back(is_tag_condition(field) ? field.from(4).text() : set_tag_name(field));
  }
  return false;
}

Result<OptionLine, Complaint> divide_option_line(Argument argument, OptionUse use) {
  OptionLine line;
  while (true) {
    std::optional<Argument> rest = argument.cut();
    const auto found = read_option_field(argument, use, line);
    if (!found) return fail(found.error());
    if (*found) {
      line.value = std::move(rest);
      return line;
    }
    if (!rest) break;
    argument = *std::move(rest);
  }
  return refuse("no option is named",
                "give its number or option:name behind the tags, such as option:router");
}

bool is_encapsulated(const OptionLine& line) {
  return line.vendor_class || line.encapsulated_in || line.enterprise;
}

Result<OptionValue, Complaint> encode_value(const OptionLine& line, OptionUse use) {
  if (!line.value) return OptionValue{};
  const OptionShape plain{.code = line.code.value_or(0)};
  const bool has_shape = line.shape != nullptr && !is_encapsulated(line);
  auto value = encode_option_value(*line.value, has_shape ? *line.shape : plain, use);
  if (!value) return value;
  const bool too_long =
      (line.enterprise && value->octets.size() > kMostOctetsInViEncap) ||
      (is_encapsulated(line) && value->octets.size() > kMostOctetsInVendorOptions);
  if (too_long) return refuse("the value is too long to be encapsulated", "shorten it");
  return value;
}

TagRule::Test test_of(OptionValue::Form form) {
  switch (form) {
    case OptionValue::Form::Absent:
      return TagRule::Test::Present;
    case OptionValue::Form::Octets:
      return TagRule::Test::HexPrefix;
    case OptionValue::Form::Number:
    case OptionValue::Form::Addresses:
      return TagRule::Test::Number;
    case OptionValue::Form::Text:
    case OptionValue::Form::Names:
      return TagRule::Test::Text;
  }
  return TagRule::Test::Present;
}

}  // namespace

// dhcp-option=[tag:t,][vendor:class,][encap:n,][vi-encap:n,]option[,value]
Judgement read_dhcp_option(ReaderSession& session, Argument argument, OptionDirective directive) {
  const auto line = divide_option_line(std::move(argument), OptionUse::Send);
  if (!line) return fail(line.error());
  if (line->is_dhcpv6) {
    session.ignore("DHCPv6");
    return {};
  }
  if (line->vendor_class && line->encapsulated_in) {
    return refuse("vendor: and encap: exclude each other",
                  "keep vendor: to put the option into option 43, encap: for another option");
  }
  auto value = encode_value(*line, OptionUse::Send);
  if (!value) return fail(value.error());
  DhcpOption option{
      .vendor_class = line->vendor_class,
      .encapsulated_in = line->encapsulated_in,
      .vendor_identifying = line->enterprise,
      .code = line->code.value_or(0),
      .value = std::move(value->octets),
      .value_is_addresses = value->form == OptionValue::Form::Addresses && value->addresses_only,
      .value_is_text = value->form == OptionValue::Form::Text,
      .force = directive == OptionDirective::Forced,
      .in_pxe_replies = directive == OptionDirective::InPxeReplies,
      .location = session.location()};
  for (const std::string& tag : line->tags) option.conditions.push_back(tag_condition(tag));
  session.configuration().options.push_back(std::move(option));
  return {};
}

// dhcp-match=set:tag,option[,value]
Judgement read_dhcp_match(ReaderSession& session, Argument argument) {
  if (argument.syntax().starts_with(',')) {
    return refuse("no tag is named", "write dhcp-match=set:tag,option:client-arch,7");
  }
  const auto line = divide_option_line(std::move(argument), OptionUse::Match);
  if (!line) return fail(line.error());
  if (line->vendor_class || line->encapsulated_in) {
    return refuse("dhcp-match cannot look inside vendor: or encap:",
                  "match the whole option, such as dhcp-match=set:tag,43,06:01:*");
  }
  if (line->tags.size() != 1) {
    return refuse(fmt::format("dhcp-match sets one tag, not {}", line->tags.size()),
                  "write dhcp-match=set:tag,option:client-arch,7");
  }
  if (line->is_dhcpv6) {
    session.ignore("DHCPv6");
    return {};
  }
  const auto value = encode_value(*line, OptionUse::Match);
  if (!value) return fail(value.error());
  TagRule rule{.kind = TagRule::Kind::Option,
               .set_tag = line->tags.front(),
               .option_code = line->code.value_or(0),
               .enterprise = line->enterprise,
               .test = test_of(value->form),
               .octets = value->octets,
               .wildcard = value->wildcard,
               .number = value->number,
               .location = session.location()};
  if (rule.octets.empty()) rule.test = TagRule::Test::Present;
  if (rule.test == TagRule::Test::Text) rule.text = as_text(rule.octets);
  session.configuration().tag_rules.push_back(std::move(rule));
  return {};
}

}  // namespace pxeproof::server

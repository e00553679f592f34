#include "cli/faults/fault_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/arguments.h"
#include "protocol/letter_case.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::cli {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kLongestWait = 3600;  // seconds

}  // namespace

const FaultWord& FaultCursor::word() const {
  static const FaultWord kNone;
  return is_over() ? kNone : sentence_.words[at_];
}

void FaultCursor::step() {
  if (!is_over()) ++at_;
}

bool FaultCursor::is_next(std::string_view text) const {
  return !is_over() && !word().is_quoted && tftp::same_word(word().text, text);
}

bool FaultCursor::next_is_number(std::size_t ahead) const {
  const std::size_t place = at_ + ahead;
  return place < sentence_.words.size() &&
         tftp::parse_number(sentence_.words[place].text).has_value();
}

bool FaultCursor::take(std::string_view text) {
  if (!is_next(text)) return false;
  ++at_;
  return true;
}

void FaultCursor::refuse(std::string problem) {
  refuse_at(is_over() ? sentence_.end : word().position, std::move(problem));
}

void FaultCursor::refuse_at(std::size_t position, std::string problem) {
  if (!error_) error_ = FaultSyntaxError{position, std::move(problem)};
  at_ = sentence_.words.size();
}

void FaultCursor::refuse_unknown(std::string_view what, std::span<const std::string> known) {
  // Words count without case, so they are compared without it.
  std::vector<std::string> lower;
  for (const std::string& each : known) lower.push_back(lower_case(each));
  auto meant = nearest(lower_case(word().text), lower);
  if (meant)
    meant = known[static_cast<std::size_t>(std::find(lower.begin(), lower.end(), *meant) -
                                           lower.begin())];
  std::string all;
  for (const std::string& each : known) all += (all.empty() ? "" : ", ") + each;
  refuse(fmt::format("no {} '{}'; {}", what, word().text,
                     meant ? fmt::format("did you mean {}?", *meant) : "there are " + all));
}

std::string FaultCursor::take_word(std::string_view what) {
  const std::string text = word().text;
  if (is_over()) refuse(fmt::format("the fault ends where {} is due", what));
  step();
  return text;
}

std::uint64_t FaultCursor::read_number(std::string_view text, std::string_view what,
                                       std::uint64_t low, std::uint64_t high) {
  const auto number = tftp::parse_number(text);
  if (!number || *number < low || *number > high) {
    refuse(fmt::format("'{}' is no {}; give a number from {} to {}", text, what, low, high));
    return low;
  }
  return *number;
}

std::uint64_t FaultCursor::take_number(std::string_view what, std::uint64_t low,
                                       std::uint64_t high) {
  if (is_over()) refuse(fmt::format("the fault ends where a {} is due", what));
  const std::uint64_t number = read_number(word().text, what, low, high);
  step();
  return number;
}

Ipv4Address FaultCursor::read_address(std::string_view text) {
  const auto address = Ipv4Address::parse(text);
  if (!address) refuse(fmt::format("'{}' is no address; give one such as 10.0.0.1", text));
  return address.value_or(Ipv4Address{});
}

Duration FaultCursor::take_duration() {
  if (is_over()) refuse("the fault ends where a time is due, such as 500ms or 2s");
  const std::string text = word().text;
  std::string_view digits = text;
  Duration unit = 0s;
  if (digits.ends_with("ms")) {
    unit = 1ms;
    digits.remove_suffix(2);
  } else if (digits.ends_with("s")) {
    unit = 1s;
    digits.remove_suffix(1);
  }
  const auto count = tftp::parse_number(digits);
  if (unit == 0s || !count || *count > kLongestWait * (unit == 1s ? 1 : 1000)) {
    refuse(fmt::format("'{}' is no time; give one such as 500ms or 2s, of an hour at most", text));
  }
  step();
  return unit * static_cast<Duration::rep>(count.value_or(0));
}

Bytes FaultCursor::read_octets(std::string_view text) {
  auto octets = from_hex(text);
  if (!octets || octets->size() > 255) {
    refuse(
        fmt::format("'{}' are no octets; give up to 255 in hexadecimal, such as 0a:00:01", text));
    return {};
  }
  return std::move(*octets);
}

OptionName FaultCursor::read_option(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto code = tftp::parse_number(text.substr(0, dot));
  const auto tag = dot == text.size() ? std::nullopt : tftp::parse_number(text.substr(dot + 1));
  const bool has_tag = dot != text.size();
  const auto is_sound = [](std::uint64_t number) { return number >= 1 && number <= 254; };
  if (!code || !is_sound(*code) || (has_tag && (!tag || !is_sound(*tag) || *code != 43))) {
    refuse(fmt::format(
        "'{}' is no option; give its number, 1 to 254, or 43.N for one inside of option 43", text));
    return {};
  }
  OptionName option{.code = static_cast<std::uint8_t>(*code)};
  if (has_tag) option.vendor_tag = static_cast<std::uint8_t>(*tag);
  return option;
}

}  // namespace pxeproof::cli

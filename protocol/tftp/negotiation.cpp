#include "protocol/tftp/negotiation.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pxeproof::tftp {

namespace {

const Option* find(const std::vector<Option>& options, std::string_view name) {
  const auto found = std::ranges::find_if(
      options, [name](const Option& option) { return same_word(option.name, name); });
  return found == options.end() ? nullptr : &*found;
}

// The options whose values we can judge; all of them are numbers.
bool is_known(std::string_view name) {
  constexpr std::array<std::string_view, 4> kNames{"blksize", "tsize", "timeout", "windowsize"};
  return std::ranges::any_of(kNames,
                             [name](std::string_view known) { return same_word(name, known); });
}

bool in_range(const std::optional<std::uint64_t>& value, std::uint64_t low, std::uint64_t high) {
  return value && *value >= low && *value <= high;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

RequestedOptions read_options(const std::vector<Option>& options) {
  RequestedOptions requested;
  for (const Option& option : options) {
    const auto value = parse_number(option.value);
    if (same_word(option.name, "blksize") && !requested.block_size &&
        in_range(value, kMinimumBlockSize, kMaximumBlockSize)) {
      requested.block_size = static_cast<std::uint16_t>(*value);
    } else if (same_word(option.name, "tsize") && !requested.transfer_size && value) {
      requested.transfer_size = value;
    } else if (same_word(option.name, "timeout") && !requested.timeout &&
               in_range(value, 1, kMaximumTimeout)) {
      requested.timeout = static_cast<std::uint8_t>(*value);
    } else if (same_word(option.name, "windowsize") && !requested.window_size &&
               in_range(value, 1, kMaximumWindow)) {
      requested.window_size = static_cast<std::uint16_t>(*value);
    } else {
      continue;
    }
    requested.order.emplace_back(option.name);
  }
  return requested;
}

std::string_view to_string(OackFault fault) {
  switch (fault) {
    case OackFault::NotRequested:
      return "the server acknowledged an option that was not requested";
    case OackFault::Duplicate:
      return "the server acknowledged an option twice";
    case OackFault::NotANumber:
      return "the server acknowledged a value that is no number";
    case OackFault::BlockSizeRaised:
      return "the server raised blksize";
    case OackFault::BlockSizeOutOfRange:
      return "the server's blksize is outside 8..65464";
    case OackFault::TimeoutChanged:
      return "the server changed timeout";
    case OackFault::WindowRaised:
      return "the server raised windowsize or set it to 0";
  }
  return {};
}

Result<Agreement, OackFault> agree(const Request& request, const Oack& oack) {
  Agreement agreement;
  for (std::size_t i = 0; i < oack.options.size(); ++i) {
    const Option& acknowledged = oack.options[i];
    const Option* asked = find(request.options, acknowledged.name);
    if (asked == nullptr) return fail(OackFault::NotRequested);
    if (find(oack.options, acknowledged.name) != &acknowledged) return fail(OackFault::Duplicate);
    if (!is_known(acknowledged.name)) continue;
    const auto value = parse_number(acknowledged.value);
    const auto wanted = parse_number(asked->value);
    if (!value) return fail(OackFault::NotANumber);
    if (same_word(acknowledged.name, "blksize")) {
      if (!in_range(value, kMinimumBlockSize, kMaximumBlockSize)) {
        return fail(OackFault::BlockSizeOutOfRange);
      }
      if (!wanted || *value > *wanted) return fail(OackFault::BlockSizeRaised);
      agreement.block_size = static_cast<std::uint16_t>(*value);
    } else if (same_word(acknowledged.name, "tsize")) {
      agreement.transfer_size = value;
    } else if (same_word(acknowledged.name, "timeout")) {
      if (!wanted || *value != *wanted || !in_range(value, 1, kMaximumTimeout)) {
        return fail(OackFault::TimeoutChanged);
      }
      agreement.timeout = static_cast<std::uint8_t>(*value);
    } else if (same_word(acknowledged.name, "windowsize")) {
      if (!wanted || *value > *wanted || !in_range(value, 1, kMaximumWindow)) {
        return fail(OackFault::WindowRaised);
      }
      agreement.window_size = static_cast<std::uint16_t>(*value);
    }
  }
  return agreement;
}

std::uint64_t unwrap_block(std::uint16_t wire, std::uint64_t reference) {
  const auto distance =
      static_cast<std::int16_t>(static_cast<std::uint16_t>(wire - wire_block(reference)));
  if (distance < 0 && reference < static_cast<std::uint64_t>(-std::int64_t{distance})) {
    return reference + static_cast<std::uint16_t>(distance);
  }
  return reference + static_cast<std::uint64_t>(std::int64_t{distance});
}

}  // namespace pxeproof::tftp

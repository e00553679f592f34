#include "server/inner_options.h"

#include "protocol/dhcp/option_code.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kLargestOption = 255;
constexpr std::size_t kLargestInside = kLargestOption - 2;  // code and length stand before it

}  // namespace

void InnerOptions::add(std::uint8_t code, ByteView value, TextEnd end) {
  const std::size_t size = value.size() + (end == TextEnd::Nul ? 1 : 0);
  if (size > kLargestInside) {
    ++too_long_;
    return;
  }
  Bytes option;
  ByteWriter writer(option);
  writer.u8(code);
  writer.u8(static_cast<std::uint8_t>(size));
  writer.bytes(value);
  if (end == TextEnd::Nul) writer.u8(0);
  options_.push_back(std::move(option));
}

std::size_t InnerOptions::write(std::uint8_t outer, ReplyWriter& writer) const {
  std::size_t left_out = too_long_;
  Bytes value;
  std::size_t count = 0;
  const auto flush = [&] {
    if (!value.empty() && !writer.option(outer, value)) left_out += count;
    value.clear();
    count = 0;
  };
  for (const Bytes& option : options_) {
    if (value.size() + option.size() > kLargestOption) flush();
    value.insert(value.end(), option.begin(), option.end());
    ++count;
  }
  if (value.size() == kLargestOption) flush();
  if (!options_.empty()) value.push_back(static_cast<std::uint8_t>(dhcp::OptionCode::End));
  flush();
  return left_out;
}

Bytes InnerOptions::joined() const {
  Bytes all;
  for (const Bytes& option : options_) all.insert(all.end(), option.begin(), option.end());
  return all;
}

}  // namespace pxeproof::server

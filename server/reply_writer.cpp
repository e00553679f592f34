#include "server/reply_writer.h"

#include <algorithm>
#include <cassert>

#include "server/request.h"

namespace pxeproof::server {

namespace {

constexpr std::size_t kSnameOffset = 44;
constexpr std::size_t kFileOffset = 108;
constexpr std::size_t kLargestOption = 255;
constexpr std::size_t kIpAndUdpHeaders = 28;
constexpr std::size_t kSmallestLimit = 548;
constexpr std::size_t kLargestLimit = 16384;
constexpr std::size_t kOverloadOption = 3;
constexpr std::uint8_t kOverloadFile = 1;
constexpr std::uint8_t kOverloadSname = 2;

}  // namespace

ReplyWriter::ReplyWriter(Bytes& out, const dhcp::Header& header, std::size_t maximum_size,
                         ByteView agent_information)
    : out_(out),
      limit_(maximum_size),
      agent_information_(agent_information),
      file_{kFileOffset, header.file.size(), header.file_text().size()},
      sname_{kSnameOffset, header.sname.size(), header.sname_text().size()} {
  out_.clear();
  out_.reserve(dhcp::kMinimumMessage + kLargestOption);
  ByteWriter writer(out_);
  writer.u8(header.op);
  writer.u8(header.htype);
  writer.u8(header.hlen);
  writer.u8(header.hops);
  writer.u32(header.xid);
  writer.u16(header.secs);
  writer.u16(header.flags);
  writer.u32(header.ciaddr.value);
  writer.u32(header.yiaddr.value);
  writer.u32(header.siaddr.value);
  writer.u32(header.giaddr.value);
  writer.bytes(header.chaddr);
  writer.bytes(header.sname);
  writer.bytes(header.file);
  writer.u32(dhcp::kMagicCookie);
  if (!agent_information_.empty()) {
    const std::size_t reserved = 2 + agent_information_.size();
    // A relay's option that leaves no room for ours cannot be carried.
    if (reserved + dhcp::kOptionsOffset + kOverloadOption < limit_) {
      limit_ -= reserved;
    } else {
      agent_information_ = {};
    }
  }
}

void ReplyWriter::set_overload(Overload overload) {
  assert(overload_ == Overload::Forbidden);
  const bool has_empty_field = file_.used == 0 || sname_.used == 0;
  if (overload == Overload::Forbidden || !has_empty_field) return;
  overload_ = overload;
  limit_ -= kOverloadOption;
}

bool ReplyWriter::fits(std::size_t value_size) const {
  return out_.size() + value_size + 3 < limit_;
}

// Whether options may go to a field: it holds some already, or it is empty.
bool ReplyWriter::is_usable(const Field& field, std::uint8_t bit) const {
  if (overload_ == Overload::Forbidden) return false;
  const bool holds_options = overload_at_ != 0 && (out_[overload_at_] & bit) != 0;
  return holds_options || field.used == 0;
}

std::size_t ReplyWriter::room() const {
  std::size_t room = fits(0) ? limit_ - out_.size() - 4 : 0;
  for (const auto& [field, bit] :
       {std::pair(file_, kOverloadFile), std::pair(sname_, kOverloadSname)}) {
    if (is_usable(field, bit) && field.used + 4 <= field.size) {
      room = std::max(room, field.size - field.used - 4);
    }
  }
  return std::min(kLargestOption, room);
}

bool ReplyWriter::option(std::uint8_t code, ByteView value) {
  if (value.size() > kLargestOption) return false;
  if (!fits(value.size())) return put_overloaded(code, value);
  ByteWriter writer(out_);
  writer.u8(code);
  writer.u8(static_cast<std::uint8_t>(value.size()));
  writer.bytes(value);
  return true;
}

bool ReplyWriter::put_into(Field& field, std::uint8_t code, ByteView value) {
  // One octet stays for END.
  if (field.used + value.size() + 3 >= field.size) return false;
  std::uint8_t* at = out_.data() + field.offset + field.used;
  *at++ = code;
  *at++ = static_cast<std::uint8_t>(value.size());
  std::ranges::copy(value, at);
  field.used += 2 + value.size();
  return true;
}

// As in dnsmasq the first option without room takes both fields into use, also when neither can
// hold it: a later one may fit.
bool ReplyWriter::put_overloaded(std::uint8_t code, ByteView value) {
  const auto use = [&](Field& field, std::uint8_t bit) {
    if (!is_usable(field, bit)) return false;
    out_[overload_at_] = static_cast<std::uint8_t>(out_[overload_at_] | bit);
    return put_into(field, code, value);
  };
  if (!is_usable(file_, kOverloadFile) && !is_usable(sname_, kOverloadSname)) return false;
  if (overload_at_ == 0) {
    ByteWriter writer(out_);
    writer.u8(static_cast<std::uint8_t>(dhcp::OptionCode::Overload));
    writer.u8(1);
    overload_at_ = out_.size();
    writer.u8(0);
  }
  return use(file_, kOverloadFile) || use(sname_, kOverloadSname);
}

bool ReplyWriter::option(dhcp::OptionCode code, ByteView value) {
  return option(static_cast<std::uint8_t>(code), value);
}

bool ReplyWriter::u8(dhcp::OptionCode code, std::uint8_t value) {
  return option(code, ByteView(&value, 1));
}

bool ReplyWriter::u32(dhcp::OptionCode code, std::uint32_t value) {
  return address(code, Ipv4Address{value});
}

bool ReplyWriter::address(dhcp::OptionCode code, Ipv4Address value) {
  const std::array<std::uint8_t, 4> octets = value.octets();
  return option(code, octets);
}

bool ReplyWriter::text(dhcp::OptionCode code, std::string_view value) {
  return option(code, as_bytes(value));
}

bool ReplyWriter::text_with_nul(dhcp::OptionCode code, std::string_view value) {
  std::array<std::uint8_t, kLargestOption> octets{};
  if (value.size() > octets.size()) return false;
  std::ranges::copy(as_bytes(value), octets.begin());
  // A value that fills the option has no room for a NUL.
  return option(code, ByteView(octets).first(std::min(value.size() + 1, octets.size())));
}

void ReplyWriter::finish() {
  constexpr auto kEnd = static_cast<std::uint8_t>(dhcp::OptionCode::End);
  ByteWriter writer(out_);
  if (!agent_information_.empty()) {
    writer.u8(static_cast<std::uint8_t>(dhcp::OptionCode::RelayAgentInformation));
    writer.u8(static_cast<std::uint8_t>(agent_information_.size()));
    writer.bytes(agent_information_);
  }
  writer.u8(kEnd);
  if (overload_at_ != 0) {
    if ((out_[overload_at_] & kOverloadFile) != 0) out_[file_.offset + file_.used] = kEnd;
    if ((out_[overload_at_] & kOverloadSname) != 0) out_[sname_.offset + sname_.used] = kEnd;
  }
  if (out_.size() < dhcp::kMinimumMessage) out_.resize(dhcp::kMinimumMessage);
}

std::size_t maximum_reply_size(const dhcp::MessageView& request) {
  const auto value = find_option(request, dhcp::OptionCode::MaximumMessageSize, 2);
  if (!value) return kSmallestLimit;
  const std::size_t asked = static_cast<std::size_t>((*value)[0] << 8U | (*value)[1]);
  if (asked < kSmallestLimit + kIpAndUdpHeaders) return kSmallestLimit;
  return std::min(asked - kIpAndUdpHeaders, kLargestLimit);
}

}  // namespace pxeproof::server

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/option_code.h"
#include "protocol/result.h"

namespace pxeproof::dhcp {

//  0      1      2      3          (RFC 2131 s.2)
//  +------+------+------+------+
//  |  op  |htype | hlen | hops |
//  |            xid            |
//  |    secs     |    flags    |
//  |           ciaddr          |
//  |           yiaddr          |
//  |           siaddr          |
//  |           giaddr          |
//  |      chaddr (16)          |
//  |      sname  (64)          |
//  |      file   (128)         |
//  |  63.82.53.63 (cookie)     |
//  |  options ...              |

inline constexpr std::size_t kHeaderSize = 236;      // octets before the cookie
inline constexpr std::size_t kOptionsOffset = 240;   // octets before the first option
inline constexpr std::size_t kMinimumMessage = 300;  // RFC 1542 s.2.1
inline constexpr std::uint32_t kMagicCookie = 0x63825363;
inline constexpr std::uint16_t kBroadcastFlag = 0x8000;
inline constexpr std::uint8_t kBootRequest = 1;
inline constexpr std::uint8_t kBootReply = 2;

inline constexpr std::uint16_t kServerPort = 67;
inline constexpr std::uint16_t kClientPort = 68;
inline constexpr std::uint16_t kBootServerPort = 4011;  // PXE 2.1 s.2.2.3

// Why octets are no DHCP message.
enum class Fault {
  TooShort,         // less than the fixed header and the cookie
  BadCookie,        // RFC 2131 s.3
  OptionTruncated,  // an option runs past the end of its field
};
std::string_view to_string(Fault fault);

struct DecodeError {
  Fault fault;
  std::size_t offset;  // octets from the start of the message

  friend bool operator==(const DecodeError&, const DecodeError&) = default;
};

// The fixed fields of a message. Numbers are in host order.
struct Header {
  std::uint8_t op = kBootRequest;
  std::uint8_t htype = 1;
  std::uint8_t hlen = 6;
  std::uint8_t hops = 0;
  std::uint32_t xid = 0;
  std::uint16_t secs = 0;
  std::uint16_t flags = 0;
  Ipv4Address ciaddr;
  Ipv4Address yiaddr;
  Ipv4Address siaddr;
  Ipv4Address giaddr;
  std::array<std::uint8_t, 16> chaddr{};
  std::array<std::uint8_t, 64> sname{};  // raw: options when overloaded
  std::array<std::uint8_t, 128> file{};  // raw: options when overloaded

  // The first six octets of chaddr.
  MacAddress mac() const;
  void set_mac(const MacAddress& mac);

  // The texts up to their first NUL.
  std::string_view sname_text() const;
  std::string_view file_text() const;

  // Writes a text and zeros behind it; false, and nothing is written, when text and NUL do not fit.
  bool set_sname(std::string_view text);
  bool set_file(std::string_view text);

  friend bool operator==(const Header&, const Header&) = default;
};

// Where an option stood. RFC 2132 s.9.3: sname and file may hold options too.
enum class OptionField { Options, File, Sname };

// One option inside a packet; it points into that packet.
struct OptionView {
  std::uint8_t code;
  ByteView value;
  OptionField field;
  std::size_t offset;  // of the code octet, from the start of the message
};

// A message as it lies in a packet: checked once, then read in place, without allocation. It lives
// as long as the packet. Options come in RFC 2131 s.4.1 order: options field, then file, then
// sname.
class MessageView {
 public:
  // A missing END is tolerated (it can be seen with has_end), an option cut by the end of its field
  // is not.
  static Result<MessageView, DecodeError> parse(ByteView packet);

  Header header() const;
  std::uint8_t op() const { return packet_[0]; }
  std::uint8_t htype() const { return packet_[1]; }
  std::uint8_t hlen() const { return packet_[2]; }
  std::uint32_t xid() const;
  std::uint16_t secs() const;
  std::uint16_t flags() const;
  Ipv4Address ciaddr() const;
  Ipv4Address yiaddr() const;
  Ipv4Address siaddr() const;
  Ipv4Address giaddr() const;
  MacAddress mac() const;
  ByteView chaddr() const { return packet_.subspan(28, 16); }
  std::string_view sname_text() const;  // empty when sname is overloaded
  std::string_view file_text() const;   // empty when file is overloaded

  ByteView packet() const { return packet_; }
  bool has_end() const { return has_end_; }            // the options field has its END
  std::uint8_t overload() const { return overload_; }  // 0, or the value of option 52

  // Calls visit(OptionView) for each option in order, without PAD and END, duplicates included.
  template <typename Visit>
  void each_option(Visit&& visit) const {
    Cursor cursor{OptionField::Options, kOptionsOffset};
    while (const std::optional<OptionView> option = next_option(cursor)) visit(*option);
  }

  // The first instance of an option. Takes no walk over the options.
  std::optional<ByteView> first(OptionCode code) const;
  std::optional<ByteView> first(std::uint8_t code) const;
  bool has(OptionCode code) const { return first(code).has_value(); }

  // All instances joined in order (RFC 3396 s.7).
  std::optional<Bytes> joined(OptionCode code) const;

  // The first octet of option 53 when its value is known; nullopt for BOOTP.
  std::optional<MessageType> type() const;

  // An option of exactly the size of the number.
  std::optional<Ipv4Address> address(OptionCode code) const;
  std::optional<std::uint16_t> number16(OptionCode code) const;
  std::optional<std::uint32_t> number32(OptionCode code) const;
  std::string_view text(
      OptionCode code) const;  // empty when absent; a trailing NUL is not part of it

  // What a client boots: option 67, else the file field.
  std::string_view boot_file() const;

 private:
  struct Cursor {
    OptionField field;
    std::size_t offset;
  };
  explicit MessageView(ByteView packet) : packet_(packet) {}
  std::optional<OptionView> next_option(Cursor& cursor) const;

  ByteView packet_;
  std::array<std::uint16_t, 256> first_{};  // where the first instance of a code is; 0: nowhere
  std::uint8_t overload_ = 0;
  bool has_end_ = false;
};

// One option of a message under construction. PAD is an option too (code 0, no value), so that
// every octet survives.
struct Option {
  std::uint8_t code = 0;
  Bytes value;

  friend bool operator==(const Option&, const Option&) = default;
};

// A message as a value: for every packet p that decodes, encode(decode(p)) is p, octet for octet.
struct Message {
  Header header;
  std::vector<Option>
      options;      // the options field, in wire order, duplicates and PADs included; no END
  bool end = true;  // the options field ends with END
  Bytes after_end;  // whatever follows END, mostly zeros

  // Appends an option. A value over 255 octets is split into several instances when encoded (RFC
  // 3396 s.5).
  void add(OptionCode code, ByteView value);
  void add(std::uint8_t code, ByteView value);
  void add_u8(OptionCode code, std::uint8_t value);
  void add_u16(OptionCode code, std::uint16_t value);
  void add_u32(OptionCode code, std::uint32_t value);
  void add_address(OptionCode code, Ipv4Address value);
  void add_text(OptionCode code, std::string_view value);  // without NUL
  void add_type(MessageType type) {
    add_u8(OptionCode::MessageType, static_cast<std::uint8_t>(type));
  }

  // The first instance of an option in the options field; nullptr when absent.
  const Option* find(OptionCode code) const;
  Option* find(OptionCode code);
  // Removes all instances.
  void remove(OptionCode code);

  friend bool operator==(const Message&, const Message&) = default;
};

Result<Message, DecodeError> decode(ByteView packet);

// The octets of the message, neither padded nor cut.
Bytes encode(const Message& message);

// The same, with zeros behind until it has minimum_size octets, into out (whose capacity is
// reused).
void encode_into(const Message& message, std::size_t minimum_size, Bytes& out);

}  // namespace pxeproof::dhcp

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::server {

// Writes one reply into a reused buffer and never passes the size that the client takes.
class ReplyWriter {
 public:
  // RFC 2132 s.9.3: options may overflow into file and sname when those are empty.
  enum class Overload { Forbidden, Allowed };

  // The relay agent information, if any, is kept room for and written last (RFC 3046 s.2.2). Both
  // views must live until finish.
  ReplyWriter(Bytes& out, const dhcp::Header& header, std::size_t maximum_size,
              ByteView agent_information);

  // From now on options that do not fit may go to an empty file or sname field.
  void set_overload(Overload overload);

  // Writes an option whole, or not at all when there is no room: then false.
  bool option(std::uint8_t code, ByteView value);
  bool option(dhcp::OptionCode code, ByteView value);
  bool u8(dhcp::OptionCode code, std::uint8_t value);
  bool u32(dhcp::OptionCode code, std::uint32_t value);
  bool address(dhcp::OptionCode code, Ipv4Address value);
  bool text(dhcp::OptionCode code, std::string_view value);  // without NUL
  bool text_with_nul(dhcp::OptionCode code, std::string_view value);

  // Octets that the value of one more option may have.
  std::size_t room() const;

  // Writes option 82 and END and pads to the smallest BOOTP message (RFC 1542 s.2.1).
  void finish();

 private:
  struct Field {
    std::size_t offset;
    std::size_t size;
    std::size_t used;
  };
  bool fits(std::size_t value_size) const;
  bool is_usable(const Field& field, std::uint8_t bit) const;
  bool put_into(Field& field, std::uint8_t code, ByteView value);
  bool put_overloaded(std::uint8_t code, ByteView value);

  Bytes& out_;
  std::size_t limit_;
  ByteView agent_information_;
  Overload overload_ = Overload::Forbidden;
  std::size_t overload_at_ = 0;  // of option 52's value in out_; 0: not written
  Field file_;
  Field sname_;
};

// What a client takes: option 57 less IP and UDP headers, never under 548 octets, never over 16 KiB
// (RFC 2132 s.9.10, RFC 2131 s.2).
std::size_t maximum_reply_size(const dhcp::MessageView& request);

}  // namespace pxeproof::server

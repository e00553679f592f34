#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/result.h"

namespace pxeproof::tftp {

inline constexpr std::uint16_t kPort = 69;
inline constexpr std::uint16_t kDefaultBlockSize = 512;
inline constexpr std::size_t kDataHeaderSize = 4;

// RFC 1350 s.5 and RFC 2347.
enum class Opcode : std::uint16_t { Rrq = 1, Wrq = 2, Data = 3, Ack = 4, Error = 5, Oack = 6 };

// RFC 1350, appendix "Error codes", and RFC 2347.
enum class ErrorCode : std::uint16_t {
  NotDefined = 0,
  FileNotFound = 1,
  AccessViolation = 2,
  DiskFull = 3,
  IllegalOperation = 4,
  UnknownTransferId = 5,
  FileExists = 6,
  NoSuchUser = 7,
  OptionNegotiation = 8,
};
std::string_view to_string(ErrorCode code);

// A name and a value as sent; names compare without case (RFC 2347).
struct Option {
  std::string name{};
  std::string value{};

  friend bool operator==(const Option&, const Option&) = default;
};

//   2 octets  string  1   string  1   [string 1 string 1]...
//  | opcode | name   | 0 | mode  | 0 | option 0 value 0 |
struct Request {
  Opcode opcode = Opcode::Rrq;  // Rrq or Wrq
  std::string filename{};
  std::string mode = "octet";
  std::vector<Option> options{};  // in wire order, duplicates included
  Bytes trailer{};  // octets behind the last complete option: padding, or an option cut short

  friend bool operator==(const Request&, const Request&) = default;
};

struct Data {
  std::uint16_t block = 0;
  ByteView payload{};  // points into the packet
};

struct Ack {
  std::uint16_t block = 0;
  Bytes trailer{};  // octets behind the block number; a sound ACK has none

  friend bool operator==(const Ack&, const Ack&) = default;
};

struct Error {
  std::uint16_t code = 0;  // ErrorCode, or a number we have no name for
  std::string text{};
  bool terminated = true;  // the text ends with its NUL
  Bytes trailer{};

  friend bool operator==(const Error&, const Error&) = default;
};

struct Oack {
  std::vector<Option> options{};
  Bytes trailer{};

  friend bool operator==(const Oack&, const Oack&) = default;
};

using Packet = std::variant<Request, Data, Ack, Error, Oack>;

enum class Fault {
  TooShort,
  UnknownOpcode,
  UnterminatedName,
  UnterminatedMode,
};
std::string_view to_string(Fault fault);

struct DecodeError {
  Fault fault;
  std::size_t offset;

  friend bool operator==(const DecodeError&, const DecodeError&) = default;
};

// The opcode of a packet, for a cheap first look; nullopt for less than two octets or a foreign
// number.
std::optional<Opcode> peek_opcode(ByteView packet);

// For every packet p that decodes, encode(decode(p)) is p, octet for octet.
Result<Packet, DecodeError> decode(ByteView packet);
Bytes encode(const Packet& packet);

// An ACK without a buffer of its own: most packets of a client are one.
std::array<std::uint8_t, 4> encode_ack(std::uint16_t block);

// The parts of a request or OACK, for callers that build into a reused buffer.
void encode_data_header(std::uint16_t block, Bytes& out);
void encode_error(ErrorCode code, std::string_view text, Bytes& out);
void encode_oack(const std::vector<Option>& options, Bytes& out);

// Compares option names and modes as RFC 2347 and RFC 1350 want it: ASCII letters without case.
bool same_word(std::string_view left, std::string_view right);

}  // namespace pxeproof::tftp

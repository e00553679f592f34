#include "protocol/tftp/packet.h"

#include "protocol/letter_case.h"

namespace pxeproof::tftp {

namespace {

void write_c_string(ByteWriter& writer, std::string_view text) {
  writer.text(text);
  writer.u8(0);
}

void write_options(ByteWriter& writer, const std::vector<Option>& options) {
  for (const Option& option : options) {
    write_c_string(writer, option.name);
    write_c_string(writer, option.value);
  }
}

// Reads whole pairs; what is left after them is the trailer.
void read_options(ByteReader& reader, std::vector<Option>& options, Bytes& trailer) {
  while (!reader.at_end()) {
    ByteReader ahead = reader;
    const auto name = ahead.c_string();
    const auto value = name && !name->empty() ? ahead.c_string() : std::nullopt;
    if (!value) break;
    options.push_back({std::string(*name), std::string(*value)});
    reader = ahead;
  }
  const ByteView rest = reader.rest();
  trailer.assign(rest.begin(), rest.end());
}

Bytes rest_of(ByteReader& reader) {
  const ByteView rest = reader.rest();
  return {rest.begin(), rest.end()};
}

Result<Packet, DecodeError> decode_request(Opcode opcode, ByteReader reader) {
  Request request;
  request.opcode = opcode;
  const auto filename = reader.c_string();
  if (!filename) return fail(DecodeError{Fault::UnterminatedName, reader.offset()});
  const auto mode = reader.c_string();
  if (!mode) return fail(DecodeError{Fault::UnterminatedMode, reader.offset()});
  request.filename = std::string(*filename);
  request.mode = std::string(*mode);
  read_options(reader, request.options, request.trailer);
  return request;
}

Packet decode_error(std::uint16_t code, ByteReader reader) {
  Error error;
  error.code = code;
  if (const auto text = reader.c_string()) {
    error.text = std::string(*text);
  } else {
    error.terminated = false;
    error.text = as_text(reader.rest());
  }
  error.trailer = rest_of(reader);
  return error;
}

void encode_request(const Request& request, ByteWriter& writer) {
  writer.u16(static_cast<std::uint16_t>(request.opcode));
  write_c_string(writer, request.filename);
  write_c_string(writer, request.mode);
  write_options(writer, request.options);
  writer.bytes(request.trailer);
}

struct Encoder {
  ByteWriter& writer;

  void operator()(const Request& request) const { encode_request(request, writer); }
  void operator()(const Data& data) const {
    writer.u16(static_cast<std::uint16_t>(Opcode::Data));
    writer.u16(data.block);
    writer.bytes(data.payload);
  }
  void operator()(const Ack& ack) const {
    writer.u16(static_cast<std::uint16_t>(Opcode::Ack));
    writer.u16(ack.block);
    writer.bytes(ack.trailer);
  }
  void operator()(const Error& error) const {
    writer.u16(static_cast<std::uint16_t>(Opcode::Error));
    writer.u16(error.code);
    writer.text(error.text);
    if (error.terminated) writer.u8(0);
    writer.bytes(error.trailer);
  }
  void operator()(const Oack& oack) const {
    writer.u16(static_cast<std::uint16_t>(Opcode::Oack));
    write_options(writer, oack.options);
    writer.bytes(oack.trailer);
  }
};

}  // namespace

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::NotDefined:
      return "not defined";
    case ErrorCode::FileNotFound:
      return "file not found";
    case ErrorCode::AccessViolation:
      return "access violation";
    case ErrorCode::DiskFull:
      return "disk full or allocation exceeded";
    case ErrorCode::IllegalOperation:
      return "illegal TFTP operation";
    case ErrorCode::UnknownTransferId:
      return "unknown transfer ID";
    case ErrorCode::FileExists:
      return "file already exists";
    case ErrorCode::NoSuchUser:
      return "no such user";
    case ErrorCode::OptionNegotiation:
      return "option negotiation failed";
  }
  return {};
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::TooShort:
      return "too short for a TFTP packet";
    case Fault::UnknownOpcode:
      return "unknown opcode";
    case Fault::UnterminatedName:
      return "the file name has no NUL";
    case Fault::UnterminatedMode:
      return "the mode is missing or has no NUL";
  }
  return {};
}

std::optional<Opcode> peek_opcode(ByteView packet) {
  if (packet.size() < 2 || packet[0] != 0 || packet[1] < 1 || packet[1] > 6) return std::nullopt;
  return static_cast<Opcode>(packet[1]);
}

Result<Packet, DecodeError> decode(ByteView packet) {
  ByteReader reader(packet);
  const auto number = reader.u16();
  if (!number) return fail(DecodeError{Fault::TooShort, packet.size()});
  const auto opcode = peek_opcode(packet);
  if (!opcode) return fail(DecodeError{Fault::UnknownOpcode, 0});
  switch (*opcode) {
    case Opcode::Rrq:
    case Opcode::Wrq:
      return decode_request(*opcode, reader);
    case Opcode::Oack: {
      Oack oack;
      read_options(reader, oack.options, oack.trailer);
      return oack;
    }
    case Opcode::Data:
    case Opcode::Ack:
    case Opcode::Error:
      break;
  }
  const auto argument = reader.u16();
  if (!argument) return fail(DecodeError{Fault::TooShort, packet.size()});
  if (*opcode == Opcode::Data) return Data{*argument, reader.rest()};
  if (*opcode == Opcode::Ack) return Ack{*argument, rest_of(reader)};
  return decode_error(*argument, reader);
}

Bytes encode(const Packet& packet) {
  Bytes out;
  ByteWriter writer(out);
  std::visit(Encoder{writer}, packet);
  return out;
}

void encode_data_header(std::uint16_t block, Bytes& out) {
  out.clear();
  ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(Opcode::Data));
  writer.u16(block);
}

std::array<std::uint8_t, 4> encode_ack(std::uint16_t block) {
  return {0, static_cast<std::uint8_t>(Opcode::Ack), static_cast<std::uint8_t>(block >> 8U),
          static_cast<std::uint8_t>(block & 0xffU)};
}

void encode_error(ErrorCode code, std::string_view text, Bytes& out) {
  out.clear();
  ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(Opcode::Error));
  writer.u16(static_cast<std::uint16_t>(code));
  write_c_string(writer, text);
}

void encode_oack(const std::vector<Option>& options, Bytes& out) {
  out.clear();
  ByteWriter writer(out);
  writer.u16(static_cast<std::uint16_t>(Opcode::Oack));
  write_options(writer, options);
}

bool same_word(std::string_view left, std::string_view right) {
  return same_without_case(left, right);
}

}  // namespace pxeproof::tftp

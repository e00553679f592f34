#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/result.h"

namespace pxeproof::firmware {

// What a client fills into an option at run time.
enum class Variable {
  Mac,               // six octets
  Guid,              // sixteen octets, in the order of the wire
  Architecture,      // two octets (RFC 4578 s.2.1)
  ArchitectureText,  // five decimal digits, as option 60 carries them
  HttpArchitecture,  // two octets: of the same machine when it boots over HTTP
  HttpArchitectureText,
  Server,       // identity of the selected address server
  Proxy,        // identity of the proxy
  YourAddress,  // the offered or leased address
  ItemType,     // two octets: the chosen boot menu item
  ItemLayer,    // two octets
  Reason,       // of a DECLINE, a text
};

// Values behind the variables. One that is not known yet is nullopt.
struct Variables {
  MacAddress mac;
  Guid guid;
  std::uint16_t architecture = 0;
  std::uint16_t http_architecture = 0;
  std::optional<Ipv4Address> server;
  std::optional<Ipv4Address> proxy;
  std::optional<Ipv4Address> your_address;
  std::uint16_t item_type = 0;
  std::uint16_t item_layer = 0;
  std::string_view reason{};     // outlives the variables
  std::string_view boot_file{};  // of the file field; outlives the variables
};

// An option a client sends: a code and the pieces of its value.
//
// Text form: the code in decimal, then pieces separated by blanks: hexadecimal octets, 'text', or
// {variable}: "61 01 {mac}", "60 'PXEClient:Arch:' {arch.text} ':UNDI:002001'". "{registered}" as
// the first piece: the value a server has sent for this code and the client keeps, if any; else the
// pieces behind it.
struct OptionTemplate {
  using Piece = std::variant<Bytes, Variable>;

  std::uint8_t code = 0;
  bool registered_first = false;
  std::vector<Piece> value;

  static Result<OptionTemplate, std::string> parse(std::string_view text);

  // The octets of the value; nullopt when a variable in it has no value, and so the option is not
  // sent.
  std::optional<Bytes> expand(const Variables& variables) const;

  friend bool operator==(const OptionTemplate&, const OptionTemplate&) = default;
};

}  // namespace pxeproof::firmware

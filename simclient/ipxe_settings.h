#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "simclient/ipxe_stage.h"

namespace pxeproof::rom {

// The settings that a script reads and writes: ${net0/mac:hexhyp}, ${67:string}, ${my-own}.
class IpxeSettings {
 public:
  explicit IpxeSettings(const IpxeOptions& options);

  // The servers' words after a DHCP session.
  void configure(const Subnet& subnet, const std::optional<Ipv4Address>& router,
                 const ServerSettings& servers);

  // "name", "net0/name", "name:type"; false when the type is not known or the value does not fit.
  bool set(std::string_view name, std::string_view value);
  void clear(std::string_view name);

  // The text of a setting; nullopt when it has no value.
  std::optional<std::string> get(std::string_view name) const;

  // Replaces every ${...}, the inner ones first; nullopt beyond the limit of octets.
  std::optional<std::string> expand(std::string_view text, std::size_t limit) const;

  // usr/autoboot.c: the next-server that stands beside the file name to boot: a script's own, or
  // the one of the packet that names the file; empty: none.
  std::string server_of_boot_file() const;

 private:
  struct Value {
    Bytes octets;
    std::string type;
  };
  std::optional<Value> find(std::string_view plain_name) const;

  std::map<std::string, Value, std::less<>> own_;      // set by scripts
  std::map<std::string, Value, std::less<>> machine_;  // of the machine and its interface
  ServerSettings servers_;
};

}  // namespace pxeproof::rom

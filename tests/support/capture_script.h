#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/tftp/packet.h"
#include "protocol/time.h"
#include "trace/boot.h"

namespace pxeproof::testing {

// The machine that boots in a script.
struct ScriptClient {
  enum class Make { Edk2, Ipxe, Intel, Uboot, Plain, Pi, HttpBoot };
  Make make = Make::Edk2;
  MacAddress mac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
  std::uint16_t architecture = 7;
  Ipv4Address address = Ipv4Address::of(10, 0, 0, 57);
  std::uint32_t xid = 0x1234abcd;
  std::uint16_t next_port = 1500;
  Guid guid{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
};

ScriptClient edk2_client();
ScriptClient ipxe_client();
ScriptClient intel_client();

// A server of a script.
struct ScriptServer {
  Ipv4Address address;
  MacAddress mac;
};
inline constexpr ScriptServer kRouter{Ipv4Address::of(10, 0, 0, 1), {{2, 0, 0, 0, 0, 1}}};
inline constexpr ScriptServer kProxy{Ipv4Address::of(10, 0, 0, 9), {{2, 0, 0, 0, 0, 9}}};

// What a server's answer says beside its type and identity.
struct Answer {
  Ipv4Address yiaddr{};
  Ipv4Address siaddr{};
  std::string file{};                            // header field
  std::string file_option{};                     // option 67
  std::string vendor_class{};                    // option 60
  std::optional<Bytes> vendor{};                 // option 43
  std::function<void(dhcp::Message&)> change{};  // the last word
};

// A capture written by hand: dialogues of clients and servers with literal times.
class CaptureScript {
 public:
  struct Frame {
    Instant at;
    std::uint32_t interface = 0;
    Bytes octets;
  };

  CaptureScript& wait(Duration duration);
  Instant now() const { return now_; }

  // DHCP of the client. The options are those of its make.
  CaptureScript& discover(ScriptClient& client, std::uint16_t secs = 0);
  CaptureScript& request(ScriptClient& client, const ScriptServer& server);
  CaptureScript& ask_4011(ScriptClient& client, Ipv4Address server,
                          std::optional<pxe::BootItem> item = std::nullopt);
  CaptureScript& say(ScriptClient& client, dhcp::Message message, const Endpoint& from,
                     const Endpoint& to);

  // Answers. offer and ack go to the client's port 68 by broadcast, answer_4011 to its port 4011.
  CaptureScript& offer(const ScriptClient& client, const ScriptServer& server,
                       const Answer& answer);
  CaptureScript& ack(const ScriptClient& client, const ScriptServer& server, const Answer& answer);
  CaptureScript& nak(const ScriptClient& client, const ScriptServer& server);
  CaptureScript& answer_4011(const ScriptClient& client, const ScriptServer& server,
                             const Answer& answer);
  CaptureScript& reply(const ScriptClient& client, const ScriptServer& server,
                       dhcp::MessageType type, const Answer& answer, std::uint16_t from_port,
                       const Endpoint& to);

  // TFTP. Each request takes the client's next port; packets go between it and the server's.
  CaptureScript& rrq(ScriptClient& client, const ScriptServer& server, std::string name,
                     std::vector<tftp::Option> options = {});
  CaptureScript& repeat_rrq(ScriptClient& client, const ScriptServer& server, std::string name,
                            std::vector<tftp::Option> options = {});
  CaptureScript& from_server(const ScriptClient& client, const ScriptServer& server,
                             const tftp::Packet& packet);
  CaptureScript& from_client(const ScriptClient& client, const ScriptServer& server,
                             const tftp::Packet& packet);
  CaptureScript& data(const ScriptClient& client, const ScriptServer& server, std::uint16_t block,
                      std::size_t size);
  CaptureScript& data_ack(const ScriptClient& client, const ScriptServer& server,
                          std::uint16_t block, std::size_t size);

  // A whole transfer, one block at a time; a miss; EDK2's probe for the size.
  CaptureScript& fetch(ScriptClient& client, const ScriptServer& server, const std::string& name,
                       std::size_t size, std::uint16_t block_size = 1432);
  CaptureScript& miss(ScriptClient& client, const ScriptServer& server, const std::string& name);
  CaptureScript& probe(ScriptClient& client, const ScriptServer& server, const std::string& name,
                       std::size_t size);

  // An address from the router, without any word about booting.
  CaptureScript& lease(ScriptClient& client, const Answer& extra = {});
  // The same, with a proxy's offer between.
  CaptureScript& lease_with_proxy(ScriptClient& client, const Answer& proxy,
                                  const Answer& router = {});

  CaptureScript& port_unreachable(const ScriptServer& from, const ScriptClient& client,
                                  const Endpoint& client_end, const Endpoint& server_end);
  CaptureScript& arp_request(const ScriptClient& client, Ipv4Address target);
  CaptureScript& http_get(ScriptClient& client, const ScriptServer& server,
                          const std::string& target, std::optional<std::uint16_t> status);
  // The same, with so many octets of content, of which so many come; a segment holds 1,000.
  enum class Content { WithoutEnd, Closed, Reset, HeaderOnly };
  CaptureScript& http_content(ScriptClient& client, const ScriptServer& server,
                              const std::string& target, std::size_t length, std::size_t sent,
                              Content end, std::string_view beginning = {});
  // The client opens a connection from its next port.
  enum class Connect { Open, Refused, Silent };
  CaptureScript& connect(ScriptClient& client, const ScriptServer& server, std::uint16_t port,
                         Connect answer);
  CaptureScript& frame(Bytes octets);

  // Changes the frames so far: the octets of each, in place.
  CaptureScript& edit(const std::function<void(Bytes&)>& change);

  std::uint16_t server_port = 40001;  // transfer identifier of the next answers
  std::vector<Frame> frames;

 private:
  CaptureScript& udp(const MacAddress& from_mac, const MacAddress& to_mac, const Endpoint& from,
                     const Endpoint& to, ByteView payload, std::uint8_t ttl = 64);
  Instant now_{std::chrono::seconds(1'700'000'000)};
  std::uint16_t identification_ = 1;
};

// The values of option 43 that dnsmasq sends.
Bytes menu_vendor(Ipv4Address server, std::string_view text, std::uint8_t control = 3);
Bytes control_vendor(std::uint8_t control);

// The boots in a script; idle time behind its last packet counts as captured silence.
std::vector<trace::Boot> boots_of(const CaptureScript& script, Duration silence = Duration{});

// Writes it as a capture file.
std::string save(const CaptureScript& script, const std::string& path);

}  // namespace pxeproof::testing

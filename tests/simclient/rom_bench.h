#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/dhcp/message.h"
#include "protocol/frames/build.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"
#include "simclient/rom.h"

namespace pxeproof::rom {

// A ROM on a wire with servers that are scripts, in virtual time. The servers keep no timers: they
// only answer, and answer a repeated question again.
inline constexpr Instant kStart{std::chrono::seconds(1000)};
inline constexpr MacAddress kMac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
inline constexpr MacAddress kAddressServerMac{{0x02, 0, 0, 0, 0, 0x01}};
inline constexpr MacAddress kBootServerMac{{0x02, 0, 0, 0, 0, 0x02}};
inline constexpr Ipv4Address kAddressServer = Ipv4Address::of(192, 168, 178, 1);
inline constexpr Ipv4Address kBootServer = Ipv4Address::of(192, 168, 178, 2);
inline constexpr Ipv4Address kClient = Ipv4Address::of(192, 168, 178, 157);

// A frame the ROM sent, and when.
struct Sent {
  Instant at;
  Frame frame;
};

// A reply to a DHCP message with the fields and options every server copies.
dhcp::Message reply_to(const dhcp::Message& request, dhcp::MessageType type, Ipv4Address server);

// The two servers of the article: one hands out addresses, the other offers a boot menu of one
// item, with the options of the real dnsmasq in real captures.
struct Script {
  std::function<std::optional<dhcp::Message>(const dhcp::Message&)> on_discover_address;
  std::function<std::optional<dhcp::Message>(const dhcp::Message&)> on_discover_proxy;
  std::function<std::optional<dhcp::Message>(const dhcp::Message&)> on_request;
  std::function<std::optional<dhcp::Message>(const dhcp::Message&)> on_boot_server;
  std::uint16_t boot_server_reply_port = 4011;
  std::map<std::string, std::string> files;
  bool tftp_answers = true;
  bool boot_server_answers_arp = true;
  bool tells_size = true;                 // a tsize that is asked for is answered
  std::vector<tftp::Option> odd_options;  // in every OACK beside those that were asked for
  Script();
};

// What happens to the n-th frame on the wire, counted over both directions.
struct Fault {
  enum class Kind { None, Lose, Duplicate, Delay };
  Kind kind = Kind::None;
  Duration delay{};
};
using Faults = std::function<Fault(std::size_t frame)>;

class RomBench {
 public:
  explicit RomBench(RomOptions options, Script script = {}, Faults faults = {});

  // Runs until the ROM is over, nothing is left to do, or the limit.
  void run(Duration limit = std::chrono::minutes(10));

  // Powers on without running.
  void start();

  // Hands the ROM a frame now.
  void deliver(ByteView frame);
  void deliver_udp(const MacAddress& from, const Endpoint& source, const Endpoint& destination,
                   ByteView payload);
  // Lets time pass to an instant, with all that happens on the way.
  void run_until(Instant instant);

  Rom& rom() { return *rom_; }
  Instant now() const { return now_; }
  const std::vector<Sent>& sent() const { return sent_; }
  const std::vector<TimedRomEvent>& events() const { return events_; }
  std::size_t frames_on_wire() const { return frames_; }

  // When each DHCP message of a kind went out, as offsets from power-on.
  std::vector<Duration> times_of(std::function<bool(const frames::Udp&)> matches) const;

  template <typename Event>
  std::vector<Event> events_of() const {
    std::vector<Event> result;
    for (const TimedRomEvent& event : events_) {
      if (const auto* const match = std::get_if<Event>(&event.event)) result.push_back(*match);
    }
    return result;
  }

 private:
  struct Pending {
    Instant at;
    std::size_t order;
    bool to_rom;
    Frame frame;
  };

  void put_on_wire(bool to_rom, Frame frame);
  void drain();
  void serve(const Frame& frame);
  void serve_arp(const frames::Arp& arp);
  void serve_dhcp(const frames::Udp& udp);
  void serve_tftp(const frames::Udp& udp);
  void answer(const MacAddress& from, const Endpoint& source, const Endpoint& destination,
              ByteView payload);
  bool step(Instant limit);

  Script script_;
  Faults faults_;
  std::unique_ptr<Rom> rom_;
  Instant now_ = kStart;
  std::vector<Pending> pending_;
  std::size_t order_ = 0;
  std::size_t frames_ = 0;
  std::vector<Sent> sent_;
  std::vector<TimedRomEvent> events_;

  struct Transfer {
    std::string content;
    std::size_t block_size;
  };
  std::map<std::uint16_t, Transfer> transfers_;  // by the server's port, new for every request
  std::uint16_t next_port_ = 50000;
};

// Options of a ROM with the profile ipxe-bios.
RomOptions ipxe_options();

// A second stage that fetches a list of files and starts the last.
std::unique_ptr<BootStage> make_scripted_stage(std::vector<Fetch> fetches);

// The octets of a pxelinux-like NBP of a size.
std::string pxelinux_like(std::size_t size);

// What the files of a test hold.
class Tree final : public ExpectedContent {
 public:
  explicit Tree(std::map<std::string, std::string> files) : files_(std::move(files)) {}
  std::optional<ByteView> find(std::string_view name) const override {
    const auto found = files_.find(std::string(name));
    if (found == files_.end()) return std::nullopt;
    return as_bytes(found->second);
  }

 private:
  std::map<std::string, std::string> files_;
};

}  // namespace pxeproof::rom

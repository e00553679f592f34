#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/frames/inspect.h"
#include "trace/boot.h"
#include "trace/plain_messages.h"
#include "trace/transfer_tracker.h"

namespace pxeproof::trace {

// A boot that goes on, as BootGrouper keeps it.
class OpenBoot {
 public:
  static constexpr std::size_t kMaximumAddresses = 16;
  static constexpr std::size_t kMaximumPending = 64;

  // Takes a step; of the middle some are left out beyond the limit.
  void add(Step step, std::size_t limit);
  std::size_t step_count() const { return boot.steps.size() + tail_.size() + plain_.size(); }

  // A further message of a machine without a sign of network boot, of which enough are known: it is
  // read when such a sign comes.
  bool may_keep_unread(const PlainMessage& message, std::size_t limit) const;
  void keep_unread(std::uint32_t number, Instant at, std::uint32_t interface,
                   const SeenPacket& packet);

  // What a message tells of the machine. The number is given to the boot, and counted on, when it
  // first shows that it is one.
  void learn_from(const DhcpStep& step, std::uint32_t& next_number);
  void mark_network_boot(std::uint32_t& next_number);

  // A message that says the machine was switched on again.
  bool begins_anew(const DhcpStep& step, Instant at, Duration longest_pause,
                   Duration longest_reload) const;

  // A client that asks for a file from an address nobody has, with this boot's hardware address.
  bool accepts_address() const { return knows_mac_by_dhcp || boot.address.is_unspecified(); }

  // Outer nullopt: no request line. Inner: the step of the request before it, on the same
  // connection.
  std::optional<std::optional<Step>> on_http_request(std::uint32_t number, Instant at,
                                                     const SeenPacket& packet);
  std::optional<Step> on_http_answer(std::uint32_t number, const SeenPacket& packet);

  // Follows the content of an answer; false when the packet belongs to none.
  bool on_content(const SeenPacket& packet);
  std::size_t contents() const { return contents_.size(); }  // on their way

  // A connection to a web server: asked for, granted, refused. Steps that are over.
  bool may_fetch_from(std::uint16_t port) const;
  std::optional<Step> on_connect(std::uint32_t number, Instant at, const SeenPacket& packet);
  std::optional<Step> on_connected(const SeenPacket& packet);
  std::optional<Step> on_connection_refused(std::uint32_t number, const SeenPacket& packet);

  // A search for a neighbour that makes room for a new one.
  std::optional<Step> on_arp_request(std::uint32_t number, Instant at, const frames::Arp& arp);
  // Somebody else has the address that the client was given.
  std::optional<Step> on_arp_reply(std::uint32_t number, const frames::Arp& arp);

  // A request for a file. A packet whose hops were not counted down yet comes from the machine's
  // own card; behind a router it would have that one's hardware address.
  void on_read_request(const SeenPacket& packet, std::uint32_t interface);
  // The same request of another machine that has the boot's address without a lease.
  bool is_of_another(const SeenPacket& packet, std::uint32_t interface) const;

  // An address that a server acknowledged to the client, and whether it still counts on it.
  void on_lease(Ipv4Address address, Instant at) {
    lease_ = {address, at};
    released_ = false;
  }
  bool leased_lately(Ipv4Address address, Instant now) const;

  // Whether another hardware address in a packet to or from one of the boot's IP addresses means
  // another host. Behind a router it means nothing.
  bool tells_rivals(std::uint32_t interface) const {
    return boot.is_network_boot && !system_spoke_ && client_link_ == interface && !is_relayed_ &&
           !released_;
  }
  std::optional<std::uint32_t> client_link() const { return client_link_; }
  // The entry of another host that has the address; nullptr when there are too many.
  Boot::AddressRival* rival(const MacAddress& mac, Ipv4Address address, Instant at);
  // An ARP message of another host in which the boot's address is the sender's.
  void on_claim(std::uint32_t number, Instant at, const frames::Arp& arp);
  // A packet to the boot's address, on any way.
  void on_arrival(const MacAddress& to);
  // A packet to the boot's address, or its refusal by who got it.
  void on_delivery(std::uint32_t number, Instant at, const SeenPacket& packet);
  void on_refusal(std::uint32_t number, Instant at, const SeenPacket& packet);

  void on_late(const TransferTracker::Late& late);

  // The boot with its steps by time, ready to be judged.
  Boot take();

  // The same as it stands, while it goes on.
  Boot look() const;

  Boot boot;
  TransferTracker transfers;
  std::vector<Ipv4Address> addresses;
  bool knows_mac_by_dhcp = false;
  std::list<std::unique_ptr<OpenBoot>>::iterator place;

 private:
  // How far the content of an HTTP answer has come, in sequence numbers (RFC 9293 s.3.4).
  struct Content {
    std::uint32_t request_packet = 0;
    std::uint32_t begin = 0;
    std::uint32_t next = 0;
    FileHead head{};
    bool is_shown = false;  // by a segment behind the first: the capture holds them
    // When the answer does not tell its length, only whether it has any content is looked for.
    bool is_length_told = true;
  };
  static void sort_steps(Boot& boot);
  static void settle_rivals(Boot& boot);
  template <typename Steps>
  static bool note_content(Steps& steps, const Content& content);
  void await_content(const SeenPacket& packet, std::uint32_t request_packet);
  void end_content(const Endpoint& client);
  void learn_network(const DhcpStep& ack);

  std::optional<DhcpStep> first_question_;
  std::vector<std::string> whole_files_;  // their first few names, each once
  bool fetched_by_http_ = false;
  bool system_spoke_ = false;                 // a plain DHCP client after a file came whole
  std::optional<std::uint32_t> client_link_;  // the interface that shows the client's own frames
  bool is_relayed_ = false;
  std::optional<Subnet> own_network_;
  struct Lease {
    Ipv4Address address;
    Instant at;
  };
  std::optional<Lease> lease_;
  bool released_ = false;  // by the client: it does not use its address any more
  std::deque<Step> tail_;
  PlainMessages plain_;
  std::map<Endpoint, Step> http_;         // by the client's port: requests without an answer yet
  std::map<Endpoint, Content> contents_;  // by the client's port
  std::map<Endpoint, Step> connects_;     // the same, connections asked for
  std::vector<std::uint16_t> web_ports_;  // of URLs that the client was given
  std::map<Ipv4Address, Step> arp_;
  std::optional<Step> own_address_asked_;
};

}  // namespace pxeproof::trace

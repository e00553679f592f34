#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "live/lab_network.h"
#include "live/packet_port.h"
#include "live/temporary_directory.h"
#include "tests/equality/scenario.h"

namespace pxeproof::equality {

// One reply as it was on the wire, but for what the kernel draws (the IP identification) and what
// was verified when it was read (lengths and checksums).
struct Reply {
  MacAddress destination_mac;
  MacAddress source_mac;
  Endpoint source;
  Endpoint destination;
  std::uint8_t tos = 0;
  std::uint8_t ttl = 0;
  bool dont_fragment = false;
  Bytes payload;

  friend bool operator==(const Reply&, const Reply&) = default;
};

// All fields, one to a line, the options each on their own.
std::string describe(const Reply& reply);

// The hardware address that the lab's clients answer ARP with for an address of theirs: not the one
// in chaddr, so that a reply tells how its way was found. Only who has a lease answers with chaddr,
// because dnsmasq's entry in the kernel's table outlives the reply that it was made for.
MacAddress neighbour_mac(Ipv4Address address);

// What came of one step.
struct Outcome {
  Step step;  // as it was sent
  std::vector<Reply> replies;
};

enum class Program { Dnsmasq, Pxeproof };

// A cable with a server at one end and every client at the other. To be made in private namespaces.
class Arena {
 public:
  static std::unique_ptr<Arena> make();

  // Starts the program with the scenario's configuration on the same host, puts all steps to it one
  // after the other, and stops it. Silence is proved: the server has read every request and sleeps,
  // and the kernel has echoed behind it. A failure to start is a test failure, and an empty result.
  std::vector<Outcome> ask(Program program, const Scenario& scenario,
                           const std::vector<Step>& steps);

 private:
  Arena(live::LabNetwork network, live::Host host, live::PacketPort port,
        live::TemporaryDirectory directory)
      : network_(std::move(network)),
        host_(std::move(host)),
        port_(std::move(port)),
        directory_(std::move(directory)) {}

  std::optional<live::ChildProcess> start(Program program, const Scenario& scenario);
  bool put(const Step& step, live::ChildProcess& server, std::vector<Reply>& replies);
  bool settle(live::ChildProcess& server);
  bool echo(std::vector<Reply>& replies);
  void receive(std::vector<Reply>& replies);
  void answer_arp(ByteView frame);
  Frame echo_request(std::uint16_t sequence) const;

  live::LabNetwork network_;
  live::Host host_;
  live::PacketPort port_;
  live::TemporaryDirectory directory_;         // for the configuration
  std::map<Ipv4Address, MacAddress> holders_;  // of leases
  std::uint16_t echoes_sent_ = 0;
  std::uint16_t last_echo_ = 0;
  std::size_t arp_answers_ = 0;
  unsigned runs_ = 0;
};

}  // namespace pxeproof::equality

// What faults look like, for `serve --fault list` and docs/faults.md.

#include <fmt/format.h>

#include <array>

#include "cli/faults/fault.h"

namespace pxeproof::cli {

namespace {

constexpr std::array kForms = {
    FaultForm{"drop PACKETS", "is never sent", "drop DATA 3"},
    FaultForm{"delay PACKETS by TIME", "is sent so much later", "delay OFFER by 2s"},
    FaultForm{"duplicate PACKETS [by N]", "is sent N times more (once)", "duplicate DATA 2 by 3"},
    FaultForm{"reorder PACKETS", "after the next packet to its client, or 50 ms later",
              "reorder DATA every 4"},
    FaultForm{"corrupt PACKETS [at OFFSET]", "one bit is turned, at a drawn octet or this one",
              "corrupt 5% of DATA"},
    FaultForm{"truncate PACKETS to N", "only its first N octets", "truncate ACK4011 to 200"},
    FaultForm{"REPLY without OPTION", "a DHCP option, or one inside of 43, is missing",
              "offer without 43.9"},
    FaultForm{"REPLY without end", "no END behind the options", "offer without end"},
    FaultForm{"REPLY with OPTION=HEX", "the option is set to these octets", "ack4011 with 43.6=0b"},
    FaultForm{"REPLY option OPTION=TEXT", "the same with a text", "offer option 60=PXECli"},
    FaultForm{"REPLY twice OPTION", "the option comes again at the end", "ack twice 67"},
    FaultForm{"REPLY torn OPTION", "the option is longer than the message", "offer torn 43"},
    FaultForm{"REPLY unpadded", "ends where its options end", "offer unpadded"},
    FaultForm{"REPLY siaddr=A.B.C.D", "also yiaddr, ciaddr, giaddr", "offer siaddr=0.0.0.0"},
    FaultForm{"REPLY file=TEXT", "also sname", "ack4011 file=missing.0"},
    FaultForm{"REPLY xid+N", "also xid-N, xid=HEX", "offer xid+1"},
    FaultForm{"REPLY secs=N", "also hops=N, op=N, flags=HEX", "offer secs=65535"},
    FaultForm{"REPLY chaddr wrong", "another machine's; also chaddr=MAC", "ack chaddr wrong"},
    FaultForm{"REPLY type=NAME", "option 53: a name or a number", "offer type=ack"},
    FaultForm{"nak [4011]", "refuses each request for an address, or each at 4011", "nak 1"},
    FaultForm{"oack NAME=VALUE", "an option of the OACK is changed or added", "oack blksize=9999"},
    FaultForm{"oack without NAME", "an option is not answered", "oack without tsize"},
    FaultForm{"oack with unasked option", "one of the RFCs that this client did not ask for",
              "oack with unasked option"},
    FaultForm{"data wrong-block [N]", "the block number is 1000 too high", "data wrong-block 3"},
    FaultForm{"data block+K [N]", "so much too high; also block-K", "data block+1 3"},
    FaultForm{"data short [N]", "half a block: it looks like the last one", "data short 3"},
    FaultForm{"data long [N]", "16 octets more than the block size", "data long 3"},
    FaultForm{"data empty [N]", "a block without an octet", "data empty 3"},
    FaultForm{"data resend [N]", "the block comes again after the next one", "data resend 3"},
    FaultForm{"PACKETS from port 67|69|4011", "another port of the server speaks",
              "ack4011 from port 67"},
    FaultForm{"PACKETS from other port", "another port of the same service speaks",
              "data from other port 3"},
    FaultForm{"PACKETS from address A.B.C.D", "which the machine must have",
              "tftp from address 127.0.0.2"},
    FaultForm{"PACKETS to port N", "where nobody listens", "offer to port 1068"},
    FaultForm{"PACKETS by broadcast", "to 255.255.255.255", "ack4011 by broadcast"},
    FaultForm{"PACKETS also ...", "the packet itself, then the faulty one",
              "data 2 also from other port"},
    FaultForm{"error CODE [\"TEXT\"] [at N]",
              "an ERROR in place of block N (else of the first reply) ends the transfer",
              "error 3 \"disk full\" at 5"},
    FaultForm{"silent 67|4011|69 [for TIME]", "hears nothing there, for ever or at first",
              "silent 4011"},
};

}  // namespace

std::span<const FaultForm> fault_forms() { return kForms; }

std::string list_faults() {
  std::string text =
      "Faults of `pxeproof serve --fault`, ';' between several, each with an example:\n";
  for (const FaultForm& row : kForms) {
    text += fmt::format("  {:<30} {:<66} {}\n", row.form, row.what, row.example);
  }
  text +=
      "PACKETS: [P% of] OFFER|ACK|ACK4011|NAK|OACK|DATA|ERROR|DHCP|TFTP|all [N|N-M|N-|every "
      "N|last]\n"
      "         [always] [for MAC|FILE] [larger than OCTETS]; REPLY: the same of OFFER|ACK|ACK4011|"
      "NAK|DHCP\n";
  return text;
}

}  // namespace pxeproof::cli

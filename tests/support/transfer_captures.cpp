#include "protocol/frames/build.h"
#include "tests/support/fault_groups.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

const std::vector<tftp::Option> kEdk2Options{{"blksize", "1468"}};

tftp::Oack block_size(const std::string& size) { return {{{"blksize", size}}, {}}; }

void repeat_in_vain(CaptureScript& script, ScriptClient& client, const std::string& file) {
  script.rrq(client, kProxy, file, kEdk2Options);
  for (int i = 0; i < 5; ++i) script.wait(4s).repeat_rrq(client, kProxy, file, kEdk2Options);
}

// ICMP "fragmentation needed" about a packet of the server (RFC 1191).
Bytes fragmentation_needed(const ScriptClient& client) {
  const Bytes quoted = frames::build_udp({.destination_mac = client.mac,
                                          .source_mac = kProxy.mac,
                                          .source = {kProxy.address, 40001},
                                          .destination = {client.address, client.next_port}},
                                         Bytes(8, 0));
  Bytes frame = frames::build_port_unreachable({.destination_mac = kProxy.mac,
                                                .source_mac = kRouter.mac,
                                                .source = kRouter.address,
                                                .destination = kProxy.address},
                                               ByteView(quoted).subspan(14));
  frame[35] = 4;  // the code, behind Ethernet, IPv4 and the type
  return frame;
}

}  // namespace

void add_transfer_captures(std::vector<FaultCapture>& list) {
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    repeat_in_vain(script, client, "grubx64.efi");
    list.push_back({"r10-port-69-filtered", "R10", script, 10s, {}});
  }
  {
    // nft drops what comes to dnsmasq's ephemeral port: it never hears ACK 0, and repeats its OACK.
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", {{"blksize", "1432"}});
    for (const Duration pause : {2s, 2s, 3s, 3s}) {
      script.from_server(client, kProxy, block_size("1432"));
      script.from_client(client, kProxy, tftp::Ack{0});
      script.wait(pause);
    }
    list.push_back({"r10-server-is-deaf", "R10", script, 10s, {}});
  }
  {
    // The server's side: its answers are there, and do not arrive.
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    for (int i = 0; i < 5; ++i) {
      script.from_server(client, kProxy, block_size("1468"));
      script.wait(4s);
      script.server_port = static_cast<std::uint16_t>(script.server_port + 1);
      script.repeat_rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    }
    list.push_back({"r10-transfer-ports-filtered", "R10", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.from_server(client, kProxy, block_size("1468"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (int i = 0; i < 5; ++i) script.data(client, kProxy, 1, 1468).wait(2s);
    list.push_back({"r11-server-side", "R11", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.from_server(client, kProxy, block_size("1468"));
    for (int i = 0; i < 5; ++i) script.from_client(client, kProxy, tftp::Ack{0, {}}).wait(4s);
    list.push_back({"r11-client-side", "R11", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.from_server(client, kProxy, block_size("1468"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    script.data(client, kProxy, 1, 1468);
    script.frame(fragmentation_needed(client));
    script.wait(4s).data(client, kProxy, 1, 1468);
    list.push_back({"r11-fragmentation-needed", "R11", script, 10s, {}});
  }
  {
    // 51 machines load; the 52nd waits until one of them is done.
    CaptureScript script;
    std::vector<ScriptClient> busy;
    for (std::uint8_t i = 0; i < 51; ++i) {
      ScriptClient client = intel_client();
      client.mac.octets[5] = i;
      client.guid.octets[0] = i;
      client.xid = i;
      client.address = Ipv4Address::of(10, 0, 1, i);
      script.server_port = static_cast<std::uint16_t>(41000 + i);
      script.rrq(client, kProxy, "memtest.img");
      script.data_ack(client, kProxy, 1, 512);
      busy.push_back(client);
    }
    ScriptClient client = intel_client();
    reach_file(script, client, "memtest.img");
    script.rrq(client, kProxy, "memtest.img");
    for (int i = 0; i < 4; ++i) script.wait(2s).repeat_rrq(client, kProxy, "memtest.img");
    for (std::uint8_t i = 0; i < 51; ++i) {
      script.server_port = static_cast<std::uint16_t>(41000 + i);
      script.data_ack(busy[i], kProxy, 2, 100);
    }
    list.push_back({"r16-tftp-max", "R16", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.from_server(client, kProxy, block_size("1468"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (std::uint16_t block = 1; block <= 5; ++block) {
      script.data_ack(client, kProxy, block, 1468);
    }
    for (int i = 0; i < 5; ++i) script.wait(4s).from_client(client, kProxy, tftp::Ack{5, {}});
    list.push_back({"r17-client-repeats-ack", "R17", script, 10s, {}});
  }
  {
    // GRUB repeats nothing, and neither does this server.
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "vmlinuz");
    script.rrq(client, kProxy, "vmlinuz", {{"blksize", "1024"}});
    script.from_server(client, kProxy, block_size("1024"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (std::uint16_t block = 1; block <= 5; ++block) {
      script.data_ack(client, kProxy, block, 1024);
    }
    script.data(client, kProxy, 6, 1024);
    list.push_back({"r17-nobody-repeats", "R17", script, 30s, {}});
  }
  {
    // atftpd 0.8.0: a block of three octets.
    CaptureScript script;
    ScriptClient client = intel_client();
    reach_file(script, client, "pxelinux.0");
    script.rrq(client, kProxy, "pxelinux.0");
    script.data(client, kProxy, 1, 512);
    const tftp::Data empty{1, {}};
    for (int i = 0; i < 3; ++i) {
      script.wait(5s).from_server(client, kProxy, empty);
      Bytes& frame = script.frames.back().octets;
      // Length of IP and UDP, and the datagram itself: one octet less.
      frame.pop_back();
      --frame[17];
      --frame[39];
      frame[24] = 0;
      frame[25] = 0;
    }
    list.push_back({"r17-runt", "R17", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", {{"blksize", "1468"}, {"windowsize", "4"}});
    script.from_server(client, kProxy, tftp::Oack{{{"blksize", "1468"}, {"windowsize", "4"}}, {}});
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (std::uint16_t block = 1; block <= 4; ++block) script.data(client, kProxy, block, 1468);
    script.from_client(client, kProxy, tftp::Ack{4, {}});
    for (int i = 0; i < 4; ++i) {
      for (const std::uint16_t block : std::initializer_list<std::uint16_t>{5, 7, 8})
        script.data(client, kProxy, block, 1468);
      script.from_client(client, kProxy, tftp::Ack{5, {}}).wait(2s);
    }
    list.push_back({"r20-window", "R20", script, 20s, {"R17"}});
  }
  {
    const ScriptServer other{Ipv4Address::of(10, 0, 0, 77), {{2, 0, 0, 0, 0, 77}}};
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    for (int i = 0; i < 4; ++i) {
      script.from_server(client, other, block_size("1468"));
      script.wait(4s).repeat_rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    }
    list.push_back({"r28-other-address", "R28", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "initrd.img");
    script.rrq(client, kProxy, "initrd.img", {{"blksize", "8"}});
    script.from_server(client, kProxy, block_size("8"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    // A jump to the end of the numbers: what matters happens there.
    for (const std::uint16_t block :
         std::initializer_list<std::uint16_t>{1, 20000, 32768, 50000, 65534, 65535}) {
      script.data_ack(client, kProxy, block, 8);
    }
    for (int i = 0; i < 3; ++i) script.wait(4s).data(client, kProxy, 1, 8);
    list.push_back({"r29-wraps-to-1", "R29", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.probe(client, kProxy, "grubx64.efi", 5000);
    for (int i = 0; i < 4; ++i) {
      script.wait(2s).from_server(client, kProxy,
                                  tftp::Oack{{{"tsize", "5000"}, {"blksize", "1468"}}, {}});
    }
    list.push_back({"r31-oack-after-error", "R31", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.port_unreachable(kProxy, client, {client.address, client.next_port},
                            {kProxy.address, 69});
    for (int i = 0; i < 4; ++i) {
      script.wait(4s).repeat_rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    }
    list.push_back({"r46-port-69-closed", "R46", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", kEdk2Options);
    script.from_server(client, kProxy, tftp::Oack{{{"blksize", "8192"}}, {}});
    script.from_client(client, kProxy,
                       tftp::Error{.code = 8, .text = "Malformatted OACK", .trailer = {}});
    list.push_back({"r55-oack-raised", "R55", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    script.rrq(client, kProxy, "grubx64.efi", {{"tsize", "0"}, {"blksize", "1468"}});
    script.data(client, kProxy, 1, 512);
    script.from_client(client, kProxy,
                       tftp::Error{.code = 4, .text = "User aborted download", .trailer = {}});
    list.push_back({"r55-no-options", "R55", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "vmlinuz");
    script.rrq(client, kProxy, "vmlinuz", {{"blksize", "512"}});
    script.from_server(client, kProxy, block_size("512"));
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (std::uint16_t block = 1; block <= 9; ++block) script.data_ack(client, kProxy, block, 512);
    for (int i = 0; i < 4; ++i) script.data(client, kProxy, 10, 512).wait(2s);
    list.push_back({"r60-client-silent", "R60", script, 30s, {}});
  }
}

}  // namespace pxeproof::testing

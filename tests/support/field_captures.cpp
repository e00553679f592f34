#include <algorithm>

#include "tests/support/fault_groups.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

constexpr ScriptServer kStranger{Ipv4Address::of(10, 0, 0, 66), {{2, 0, 0, 0, 0, 0x66}}};
constexpr Ipv4Address kFarAway = Ipv4Address::of(10, 7, 0, 9);
const std::vector<tftp::Option> kOptions{{"tsize", "0"}, {"blksize", "1468"}};

// A proxy's offer of a file that is fetched without a word to port 4011.
Answer file_offer(std::string file, Ipv4Address server = kProxy.address) {
  return {.siaddr = server,
          .file = std::move(file),
          .vendor_class = "PXEClient",
          .vendor = control_vendor(8)};
}

CaptureScript& refuse(CaptureScript& script, ScriptClient& client, const std::string& name,
                      std::uint16_t code, const std::string& text) {
  script.rrq(client, kProxy, name, kOptions);
  return script.from_server(client, kProxy, tftp::Error{.code = code, .text = text, .trailer = {}});
}

CaptureScript& offers_in_vain(CaptureScript& script, ScriptClient& client, const Answer& answer,
                              const Endpoint& to) {
  for (int tries = 0; tries < 4; ++tries) {
    script.discover(client);
    script.reply(client, kRouter, dhcp::MessageType::Offer, answer, dhcp::kServerPort, to);
    script.wait(8s);
  }
  return script;
}

ScriptClient http_client() {
  ScriptClient client;
  client.make = ScriptClient::Make::HttpBoot;
  client.architecture = 16;
  return client;
}

void lease_url(CaptureScript& script, ScriptClient& client, const std::string& url) {
  script.lease(client, {.file_option = url, .vendor_class = "HTTPClient"});
}

// GRUB's transfer up to some block.
void begin_grub(CaptureScript& script, ScriptClient& client, std::uint16_t blocks) {
  script.lease_with_proxy(client, file_offer("grubx64.efi"));
  script.rrq(client, kProxy, "grubx64.efi", {{"blksize", "1468"}});
  script.from_server(client, kProxy, tftp::Oack{{{"blksize", "1468"}}, {}});
  script.from_client(client, kProxy, tftp::Ack{0, {}});
  for (std::uint16_t block = 1; block <= blocks; ++block) {
    script.data_ack(client, kProxy, block, 1468);
  }
}

void try_next_device(CaptureScript& script, const ScriptClient& client) {
  ScriptClient http = client;
  http.make = ScriptClient::Make::HttpBoot;
  http.architecture = 16;
  http.xid = client.xid + 7;
  script.wait(6s);
  for (int tries = 0; tries < 3; ++tries) script.discover(http).wait(4s);
}

void add_dhcp_faults(std::vector<FaultCapture>& list) {
  const Endpoint everybody{Ipv4Address::broadcast(), dhcp::kClientPort};
  {
    // Two copies of one virtual machine.
    CaptureScript script;
    ScriptClient one = edk2_client();
    ScriptClient other = one;
    other.xid = 0x77000001;
    other.guid.octets[0] = 99;
    other.next_port = 3000;
    for (ScriptClient* client : {&one, &other}) {
      script.discover(*client);
      script.offer(*client, kRouter, {.yiaddr = client->address});
      script.offer(*client, kProxy, file_offer("grubx64.efi"));
    }
    for (ScriptClient* client : {&one, &other}) {
      script.request(*client, kRouter);
      script.ack(*client, kRouter, {.yiaddr = client->address});
    }
    for (ScriptClient* client : {&one, &other}) {
      script.rrq(*client, kProxy, "grubx64.efi", kOptions);
      script.from_server(*client, kProxy, tftp::Oack{kOptions, {}});
    }
    list.push_back({"r73-two-machines", "R73", script, 60s, {"R10"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    Answer answer = file_offer("grubx64.efi");
    answer.yiaddr = client.address;
    answer.change = [](dhcp::Message& message) { ++message.header.xid; };
    offers_in_vain(script, client, answer, everybody);
    list.push_back({"r74-another-transaction", "R74", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    Answer answer = file_offer("pxelinux.0");
    answer.yiaddr = client.address;
    offers_in_vain(script, client, answer, {Ipv4Address::broadcast(), 1068});
    list.push_back({"r74-another-port", "R74", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    Answer answer = file_offer("grubx64.efi");
    answer.yiaddr = client.address;
    answer.change = [](dhcp::Message& message) {
      message.header.set_mac(MacAddress{{0x52, 0x54, 0, 0x99, 0x99, 0x99}});
    };
    offers_in_vain(script, client, answer, everybody);
    list.push_back({"r74-another-hardware-address", "R74", script, 60s, {}});
  }
  {
    // DISCOVER at 0, 4, 12 and 28 s: EDK2 has given up when the answer comes.
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s, 37s}) script.discover(client).wait(pause);
    script.offer(client, kRouter,
                 {.yiaddr = client.address, .siaddr = kProxy.address, .file = "grubx64.efi"});
    list.push_back({"r79-offer-too-late", "R79", script, 60s, {"R63"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    Answer answer = file_offer("grubx64.efi");
    for (int tries = 0; tries < 3; ++tries) {
      answer.yiaddr = client.address;
      script.discover(client).offer(client, kRouter, answer).request(client, kRouter);
      answer.yiaddr = Ipv4Address::of(10, 0, 0, 99);
      script.ack(client, kRouter, answer).wait(5s);
    }
    list.push_back({"r80-acknowledgement-differs", "R80", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    Answer answer = file_offer("grubx64.efi");
    answer.yiaddr = client.address;
    script.discover(client).offer(client, kRouter, answer).request(client, kRouter);
    script.ack(client, kRouter, {.yiaddr = client.address});
    list.push_back({"r80-file-not-acknowledged", "R80", script, 60s, {}});
  }
  {
    // A second server refuses what it never offered, before the right one acknowledges.
    CaptureScript script;
    ScriptClient client = edk2_client();
    const Answer answer{.yiaddr = client.address, .siaddr = kProxy.address, .file = "grubx64.efi"};
    for (int tries = 0; tries < 3; ++tries) {
      script.discover(client).offer(client, kRouter, answer).request(client, kRouter);
      script.nak(client, kStranger).ack(client, kRouter, answer).wait(8s);
    }
    list.push_back({"r50-nak-of-another-server", "R50", script, 60s, {}});
  }
  {
    // Four ways in which a boot server's answer misses its question.
    const auto misses = [&list](const std::string& name, dhcp::MessageType type,
                                std::uint16_t from_port, std::uint16_t to_port, std::uint32_t off) {
      CaptureScript script;
      ScriptClient client = edk2_client();
      script.lease_with_proxy(client, {.siaddr = kProxy.address});
      Answer answer = file_answer("grubx64.efi");
      answer.change = [off](dhcp::Message& message) { message.header.xid += off; };
      for (int tries = 0; tries < 3; ++tries) {
        script.ask_4011(client, kProxy.address);
        script.reply(client, kProxy, type, answer, from_port, {client.address, to_port}).wait(2s);
      }
      list.push_back({name, "R74", script, 60s, {}});
    };
    using dhcp::MessageType;
    constexpr std::uint16_t kPort = dhcp::kBootServerPort;
    misses("r74-boot-server-nak", MessageType::Nak, kPort, kPort, 0);
    misses("r74-boot-server-transaction", MessageType::Ack, kPort, kPort, 1);
    misses("r74-boot-server-to-port", MessageType::Ack, kPort, 1068, 0);
    misses("r74-boot-server-from-port", MessageType::Ack, 67, kPort, 0);
  }
  {
    // The address server is right; what the proxy says is of another type.
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (int tries = 0; tries < 4; ++tries) {
      script.discover(client).offer(client, kRouter, {.yiaddr = client.address});
      script.ack(client, kProxy, file_offer("grubx64.efi")).wait(8s);
    }
    list.push_back({"r74-ack-for-discover", "R74", script, 60s, {"R01", "R19"}});
  }
  {
    // A proxy without its class, though it names a file.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    Answer nameless = file_offer("undionly.kpxe");
    nameless.vendor_class.clear();
    script.discover(client).offer(client, kRouter, {.yiaddr = client.address});
    script.offer(client, kProxy, nameless).request(client, kRouter);
    script.ack(client, kRouter, {.yiaddr = client.address});
    list.push_back({"r01-file-without-class", "R01", script, 60s, {"R19"}});
  }
  {
    // The last option of the proxy's offer is longer than the message.
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (int tries = 0; tries < 4; ++tries) {
      script.discover(client).offer(client, kProxy, file_offer("grubx64.efi"));
      Bytes& octets = script.frames.back().octets;
      const auto end = std::find(octets.rbegin(), octets.rend(), std::uint8_t{255});
      *end = 43;
      *(end - 1) = 250;
      script.wait(8s);
    }
    list.push_back({"r81-option-too-long", "R81", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    for (int tries = 0; tries < 3; ++tries) {
      script.ask_4011(client, kProxy.address);
      script.answer_4011(client, kProxy, file_answer("grubx64.efi"));
      Bytes& octets = script.frames.back().octets;
      constexpr std::size_t kHeaders = 42;
      octets.resize(kHeaders + 200);
      constexpr std::size_t kIpLength = 16;
      constexpr std::size_t kUdpLength = 38;
      for (const auto& [at, size] : {std::pair{kIpLength, 228U}, std::pair{kUdpLength, 208U}}) {
        octets[at] = static_cast<std::uint8_t>(size >> 8U);
        octets[at + 1] = static_cast<std::uint8_t>(size);
      }
      script.wait(2s);
    }
    list.push_back({"r81-shorter-than-its-header", "R81", script, 60s, {"R03", "R10"}});
  }
  {
    // The loader asks the servers that answered its firmware, and is not heard.
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "ipxe.efi", 9000);
    ScriptClient ipxe = as_ipxe(client);
    for (int tries = 0; tries < 4; ++tries) script.wait(4s).discover(ipxe);
    list.push_back({"r38-second-stage", "R38", script, 60s, {}});
  }
}

void add_way_faults(std::vector<FaultCapture>& list) {
  {
    // UEFI asks for the neighbour first, and nothing else is seen of it.
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, file_offer("grubx64.efi", Ipv4Address::of(10, 0, 0, 99)));
    for (int tries = 0; tries < 6; ++tries) {
      script.arp_request(client, Ipv4Address::of(10, 0, 0, 99)).wait(1s);
    }
    list.push_back({"r46-host-down-before-any-request", "R46", script, 60s, {}});
    // Then the firmware tries once more, and is not heard: that is not why it failed.
    for (int tries = 0; tries < 4; ++tries) script.wait(4s).discover(client);
    list.push_back({"r46-host-down-and-asked-again", "R46", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    // Of two routers in option 3 the first is used.
    const auto second_router = [](dhcp::Message& message) {
      if (message.header.yiaddr.is_unspecified()) return;
      message.add_address(dhcp::OptionCode::Router, Ipv4Address::of(10, 0, 0, 254));
    };
    script.lease_with_proxy(client, file_offer("grubx64.efi", kFarAway), {.change = second_router});
    for (int tries = 0; tries < 6; ++tries) script.arp_request(client, kRouter.address).wait(1s);
    list.push_back({"r46-router-down", "R46", script, 60s, {}});
  }
  {
    // Option 66 names another server; UEFI asks who leased it the address.
    CaptureScript script;
    ScriptClient client = edk2_client();
    const auto named = [](dhcp::Message& message) {
      message.add(dhcp::OptionCode::TftpServerName, Bytes{'1', '0', '.', '0', '.', '0', '.', '7'});
    };
    script.lease(client, {.file_option = "bootx64.efi", .change = named});
    script.rrq(client, kRouter, "bootx64.efi", kOptions);
    for (int tries = 0; tries < 4; ++tries) {
      script.wait(4s).repeat_rrq(client, kRouter, "bootx64.efi", kOptions);
    }
    list.push_back({"r06-option-66-unread", "R06", script, 60s, {"R10"}});
  }
  {
    // The firmware is served, and iPXE, which it loads, is given an address alone.
    CaptureScript script;
    ScriptClient client = edk2_client();
    const Answer answer{.siaddr = kRouter.address, .file = "snponly.efi"};
    script.lease(client, answer);
    script.fetch(client, kRouter, "snponly.efi", 90'000);
    ScriptClient ipxe = as_ipxe(client);
    script.lease(ipxe);
    list.push_back({"r01-nothing-for-ipxe", "R01", script, 60s, {"R19"}});
  }
  {
    // UEFI HTTP boot, round after round.
    CaptureScript script;
    ScriptClient client = http_client();
    for (int round = 0; round < 4; ++round) {
      lease_url(script, client, "http://10.0.0.9/bootx64.efi");
      script.http_content(client, kProxy, "/bootx64.efi", 9000, 9000,
                          CaptureScript::Content::Closed);
      script.wait(5s);
      client.xid += 1;
    }
    list.push_back({"r33-http-rounds", "R33", script, 60s, {}});
  }
  {
    // Another machine's program by UEFI HTTP boot.
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9/bootx64.efi");
    const Bytes program = efi_program(0x14c, 300);
    script.http_content(client, kProxy, "/bootx64.efi", 9000, 9000, CaptureScript::Content::Closed,
                        {reinterpret_cast<const char*>(program.data()), program.size()});
    list.push_back({"r08-program-by-http", "R08", script, 60s, {}});
  }
  {
    // A web page in the place of the program, and of iPXE's script.
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9/bootx64.efi");
    script.http_content(client, kProxy, "/bootx64.efi", 900, 900, CaptureScript::Content::Closed,
                        "<!DOCTYPE html>");
    list.push_back({"r86-page-by-http", "R86", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    script.http_content(client, kProxy, "/boot.ipxe", 900, 900, CaptureScript::Content::Closed,
                        "<html>");
    list.push_back({"r86-page-for-script", "R86", script, 60s, {}});
  }
  {
    // The program does not run, and the firmware goes on to PXE, which nobody serves.
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9/bootx64.efi");
    script.http_content(client, kProxy, "/bootx64.efi", 9000, 9000, CaptureScript::Content::Closed);
    script.wait(5s);
    ScriptClient pxe = edk2_client();
    pxe.xid = client.xid + 7;
    for (int tries = 0; tries < 4; ++tries) {
      script.discover(pxe).offer(pxe, kRouter, {.yiaddr = pxe.address}).wait(8s);
    }
    list.push_back({"r33-http-then-pxe", "R33", script, 60s, {}});
  }
  {
    // A script that fails: iPXE begins anew.
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client, {.siaddr = kRouter.address, .file = "ipxe.efi"});
    script.fetch(client, kRouter, "ipxe.efi", 90'000);
    ScriptClient ipxe = as_ipxe(client);
    for (int round = 0; round < 4; ++round) {
      script.lease(ipxe, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
      script.http_content(ipxe, kProxy, "/boot.ipxe", 300, 300, CaptureScript::Content::Closed);
      script.wait(5s);
      ipxe.xid += 1;
    }
    list.push_back({"r58-script-begins-anew", "R58", script, 60s, {}});
  }
  {
    // Neither siaddr nor option 66: the ROM asks who leased it the address.
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease(client, {.file = "pxelinux.0"});
    for (int tries = 0; tries < 3; ++tries) {
      script.rrq(client, kRouter, "pxelinux.0", kOptions);
      script.port_unreachable(kRouter, client, {client.address, client.next_port},
                              {kRouter.address, 69});
      script.wait(3s);
    }
    list.push_back({"r06-asks-the-lessor", "R06", script, 60s, {}});
  }
  {
    // A Raspberry Pi takes no file's name from anybody, only the server.
    CaptureScript script;
    ScriptClient client = pi_client();
    Answer offer = pxelinux_offer();
    offer.file.clear();
    offer.siaddr = kProxy.address;
    offer.vendor = menu_vendor(kProxy.address, "Raspberry Pi Boot   ");
    script.lease_with_proxy(client, offer, {.siaddr = kRouter.address});
    for (int tries = 0; tries < 3; ++tries) {
      script.rrq(client, kRouter, "12345678/start4.elf").wait(3s);
    }
    list.push_back({"r37-pi-asks-the-lessor", "R37", script, 60s, {"R10"}});
  }
  {
    // A ROM that takes a new port for each try; its answers are lost.
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, file_offer("pxelinux.0"));
    for (int tries = 0; tries < 4; ++tries) {
      script.rrq(client, kProxy, "pxelinux.0");
      script.data(client, kProxy, 1, 512).wait(1s).data(client, kProxy, 1, 512).wait(2s);
    }
    list.push_back({"r10-answers-lost-from-new-ports", "R10", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    begin_grub(script, client, 8);
    for (int tries = 0; tries < 3; ++tries) {
      script.port_unreachable(kProxy, client, {client.address, client.next_port},
                              {kProxy.address, script.server_port});
      script.wait(3s).from_client(client, kProxy, tftp::Ack{8, {}});
    }
    list.push_back({"r17-server-ended", "R17", script, 60s, {}});
  }
  {
    // Block 3 comes as 1003, and as often as the client asks for it.
    CaptureScript script;
    ScriptClient client = edk2_client();
    begin_grub(script, client, 2);
    for (int tries = 0; tries < 4; ++tries) {
      script.data(client, kProxy, 1003, 1468)
          .wait(2s)
          .from_client(client, kProxy, tftp::Ack{2, {}});
    }
    list.push_back({"r82-block-misnumbered", "R82", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9:8123/bootx64.efi");
    for (int tries = 0; tries < 3; ++tries) {
      script.connect(client, kProxy, 8123, CaptureScript::Connect::Refused).wait(2s);
    }
    list.push_back({"r75-connection-refused", "R75", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9/bootx64.efi");
    for (int tries = 0; tries < 3; ++tries) {
      script.connect(client, kProxy, 80, CaptureScript::Connect::Silent).wait(2s);
    }
    list.push_back({"r75-connection-silent", "R75", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(client, kProxy, "/boot.ipxe", 200);
    script.http_get(client, kProxy, "/initrd.img", std::nullopt);
    list.push_back({"r75-no-answer", "R75", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://boot.example.org/bootx64.efi");
    list.push_back({"r76-url-without-dns", "R76", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = http_client();
    lease_url(script, client, "http://10.0.0.9/bootx64.efi");
    script.http_get(client, kProxy, "/bootx64.efi", 301);
    list.push_back({"r56-redirect", "R56", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    for (int rounds = 0; rounds < 8; ++rounds) {
      script.http_get(client, kProxy, "/boot.ipxe", 200).wait(500ms);
    }
    list.push_back({"r58-script-chains-itself", "R58", script, 60s, {}});
  }
}

void add_content_faults(std::vector<FaultCapture>& list) {
  const auto refused = [&list](const std::string& name, std::string_view rule, std::uint16_t code,
                               const std::string& text) {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, file_offer("grubx64.efi"));
    refuse(script, client, "grubx64.efi", code, text);
    list.push_back({name, rule, script, 60s, {}});
  };
  // Servers that put all their reasons into the text of ERROR 0.
  refused("r54-error-0", "R54", 0, "Permission denied");
  refused("r15-error-0", "R15", 0, "No such file or directory");
  refused("r16-busy", "R16", 0, "Server is busy, try again later");
  refused("r55-error-8", "R55", 8, "Unsupported option(s) requested");
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "bootx64.efi", 0);
    try_next_device(script, client);
    list.push_back({"r77-empty-file", "R77", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, file_offer("grubx64.efi"));
    const std::vector<tftp::Option> told{{"tsize", "100000"}, {"blksize", "1468"}};
    script.rrq(client, kProxy, "grubx64.efi", kOptions);
    script.from_server(client, kProxy, tftp::Oack{told, {}});
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    script.data_ack(client, kProxy, 1, 1468).data_ack(client, kProxy, 2, 700);
    try_next_device(script, client);
    list.push_back({"r77-short-block-in-the-middle", "R77", script, 60s, {}});
  }
  {
    // The size was told to the probe; nothing else was asked for, and the boot seems to work.
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "memtest.efi");
    script.probe(client, kProxy, "memtest.efi", 90000);
    script.fetch(client, kProxy, "memtest.efi", 2000, 1468);
    list.push_back({"r77-shorter-than-probed", "R77", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, file_offer("big.0"));
    script.rrq(client, kProxy, "big.0");
    for (std::uint16_t block = 1; block < 30; ++block) script.data_ack(client, kProxy, block, 512);
    script.data(client, kProxy, 30, 512);
    script.from_client(client, kProxy, tftp::Error{.code = 3, .text = "Disk full", .trailer = {}});
    list.push_back({"r78-client-stopped", "R78", script, 60s, {}});
  }
  {
    // pxelinux stops its part over an OACK that it did not ask for, and looks for it elsewhere.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    script.rrq(client, kProxy, "ldlinux.c32", {{"tsize", "0"}});
    script.from_server(client, kProxy, tftp::Oack{{{"tsize", "9000"}, {"windowsize", "4"}}, {}});
    script.from_client(client, kProxy,
                       tftp::Error{.code = 4, .text = "Unasked option", .trailer = {}});
    script.miss(client, kProxy, "/boot/isolinux/ldlinux.c32");
    script.miss(client, kProxy, "/syslinux/ldlinux.c32");
    list.push_back({"r55-part-of-loader", "R55", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, file_offer("pxelinux.0"));
    script.rrq(client, kProxy, "pxelinux.0");
    for (std::uint16_t block = 1; block < 5; ++block) {
      script.wait(6s).data_ack(client, kProxy, block, 512);
    }
    script.from_client(client, kProxy, tftp::Error{.code = 0, .text = "Timeout", .trailer = {}});
    list.push_back({"r78-server-too-slow", "R78", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "shimx64.efi", 9000);
    script.fetch(client, kProxy, "grubx64.efi", 9000);
    try_next_device(script, client);
    list.push_back({"r33-second-link", "R33", script, 60s, {"R61"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "shimx64.efi", 9000);
    script.fetch(client, kProxy, "grubx64.efi", 9000).fetch(client, kProxy, "grub.cfg", 90);
    script.fetch(client, kProxy, "vmlinuz", 9000);
    try_next_device(script, client);
    list.push_back({"r33-kernel", "R33", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "ipxe.efi", 9000);
    ScriptClient ipxe = as_ipxe(client);
    script.wait(2s).lease(ipxe, {.siaddr = kProxy.address, .file = "undionly.kpxe"});
    script.fetch(ipxe, kProxy, "undionly.kpxe", 9000);
    list.push_back({"r08-bios-ipxe-after-uefi-ipxe", "R08", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    reach_file(script, client, "boot\\x64\\abortpxe.com");
    script.fetch(client, kProxy, "boot\\x64\\abortpxe.com", 79, 512);
    list.push_back({"r59-abortpxe", "R59", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    reach_file(script, client, "boot\\x64\\wdsnbp.com");
    script.fetch(client, kProxy, "boot\\x64\\wdsnbp.com", 30000, 512);
    script.fetch(client, kProxy, "boot\\x64\\abortpxe.com", 79, 512);
    list.push_back({"r59-abortpxe-behind-wdsnbp", "R59", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "shimx64.efi", 9000);
    script.fetch(client, kProxy, "grubx64.efi", 9000).fetch(client, kProxy, "mmx64.efi", 9000);
    list.push_back({"r33-key-manager", "R33", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "shimx64.efi", 9000);
    script.fetch(client, kProxy, "grubx64.efi", 9000).miss(client, kProxy, "mmx64.efi");
    list.push_back({"r33-key-manager-missing", "R33", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(client, kProxy, "/boot.ipxe", 200);
    script.http_content(client, kProxy, "/vmlinuz", 9'000'000, 70'000,
                        CaptureScript::Content::Reset);
    list.push_back({"r83-http-content-missing", "R83", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430).fetch(client, kProxy, "ldlinux.c32", 9000);
    list.push_back({"r61-syslinux-of-two-versions", "R61", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    client.make = ScriptClient::Make::Uboot;
    client.architecture = 22;
    script.lease(client, {.siaddr = kProxy.address, .file = "boot.img"});
    for (const char* const name :
         {"boot.img", "pxelinux.cfg/01-52-54-00-12-34-56", "pxelinux.cfg/0A000039",
          "pxelinux.cfg/default-arm", "pxelinux.cfg/default", "boot.scr.uimg"}) {
      script.miss(client, kProxy, name);
    }
    list.push_back({"r49-u-boot", "R49", script, 60s, {"R15"}});
  }
}

}  // namespace

void add_field_captures(std::vector<FaultCapture>& list) {
  add_dhcp_faults(list);
  add_way_faults(list);
  add_content_faults(list);
}

}  // namespace pxeproof::testing

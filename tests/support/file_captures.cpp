#include "tests/support/fault_groups.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

void refuse(CaptureScript& script, ScriptClient& client, const std::string& name,
            std::uint16_t code, const std::string& text) {
  script.rrq(client, kProxy, name, {{"blksize", "1468"}});
  script.from_server(client, kProxy, tftp::Error{.code = code, .text = text, .trailer = {}});
}

// A file in one block with real content.
void fetch_program(CaptureScript& script, ScriptClient& client, const std::string& name,
                   std::uint16_t machine) {
  script.rrq(client, kProxy, name, {{"blksize", "1468"}});
  script.from_server(client, kProxy, tftp::Oack{{{"blksize", "1468"}}, {}});
  script.from_client(client, kProxy, tftp::Ack{0, {}});
  const Bytes content = efi_program(machine, 700);
  script.from_server(client, kProxy, tftp::Data{1, content});
  script.from_client(client, kProxy, tftp::Ack{1, {}});
}

// The firmware goes on to HTTP boot, as EDK2 does after its PXE boot failed.
void try_http(CaptureScript& script, ScriptClient client) {
  client.make = ScriptClient::Make::HttpBoot;
  client.architecture = 16;
  client.xid += 1;
  script.discover(client).wait(4s).discover(client, 4);
}

}  // namespace

void add_file_captures(std::vector<FaultCapture>& list) {
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "boot/grubx64.efi");
    refuse(script, client, "boot/grubx64.efi", 1, "file not found");
    list.push_back({"r15-first-file", "R15", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "ldlinux.c32", 3000, 1408);
    script.fetch(client, kProxy, "pxelinux.cfg/default", 113, 1408);
    script.miss(client, kProxy, "/memtest/memtest86");
    list.push_back({"r15-kernel", "R15", script, 0s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.0");
    refuse(script, client, "grubx64.0", 1, "file not found");
    list.push_back({"r26-layer-suffix", "R26", script, 10s, {"R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease(client, {.siaddr = kRouter.address, .file_option = "undionly.kpxe"});
    script.rrq(client, kRouter, "undionly.kpxe\xff", {{"tsize", "0"}});
    script.from_server(client, kRouter,
                       tftp::Error{.code = 1, .text = "file not found", .trailer = {}});
    list.push_back({"r27-garbage", "R27", script, 20s, {"R15", "R36"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "boot/shimx64.efi");
    script.probe(client, kProxy, "boot/shimx64.efi", 9000);
    script.fetch(client, kProxy, "boot/shimx64.efi", 9000);
    refuse(script, client, "revocations.efi", 1, "file not found");
    refuse(script, client, "grubx64.efi", 1, "file not found");
    list.push_back({"r32-shim", "R32", script, 20s, {"R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    for (const char* name :
         {"ldlinux.c32", "/boot/isolinux/ldlinux.c32", "/isolinux/ldlinux.c32"}) {
      script.miss(client, kProxy, name);
    }
    list.push_back({"r34-ldlinux", "R34", script, 20s, {"R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "ldlinux.c32", 3000, 1408);
    for (const char* name : {"pxelinux.cfg/01-52-54-00-12-34-56", "pxelinux.cfg/0A000039",
                             "pxelinux.cfg/0", "pxelinux.cfg/default"}) {
      script.miss(client, kProxy, name);
    }
    list.push_back({"r49-no-configuration", "R49", script, 20s, {"R15"}});
  }
  {
    // The name is the proxy's, the server the router's.
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client,
                            {.siaddr = kProxy.address,
                             .file = "undionly.kpxe",
                             .vendor_class = "PXEClient",
                             .vendor = control_vendor(8)},
                            {.siaddr = kRouter.address});
    script.rrq(client, kRouter, "undionly.kpxe", {{"tsize", "0"}});
    script.from_server(client, kRouter,
                       tftp::Error{.code = 1, .text = "file not found", .trailer = {}});
    list.push_back({"r37-wrong-next-server", "R37", script, 20s, {"R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    refuse(script, client, "grubx64.efi", 2, "Permission denied");
    list.push_back({"r54-access", "R54", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "grubx64.efi");
    refuse(script, client, "grubx64.efi", 0, "Is a directory");
    list.push_back({"r57-other-error", "R57", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(client, kProxy, "/boot.ipxe", 200);
    script.http_get(client, kProxy, "/vmlinuz", 404);
    list.push_back({"r56-http-404", "R56", script, 20s, {}});
  }
}

namespace {

// A web server's words, saved under the program's name.
constexpr std::string_view kPage = "<!DOCTYPE html>\n<html><body>Please log in</body></html>\n";

void fetch_text(CaptureScript& script, ScriptClient& client, const std::string& name,
                std::string_view text) {
  script.rrq(client, kProxy, name, {{"tsize", "0"}});
  script.from_server(client, kProxy, tftp::Oack{{{"tsize", std::to_string(text.size())}}, {}});
  script.from_client(client, kProxy, tftp::Ack{0, {}});
  script.from_server(client, kProxy, tftp::Data{1, as_bytes(text)});
  script.from_client(client, kProxy, tftp::Ack{1, {}});
}

}  // namespace

void add_program_captures(std::vector<FaultCapture>& list) {
  for (ScriptClient client : {edk2_client(), intel_client()}) {
    CaptureScript script;
    const bool is_bios = client.architecture == 0;
    const std::string file = is_bios ? "pxelinux.0" : "grubx64.efi";
    reach_file(script, client, file);
    fetch_text(script, client, file, kPage);
    list.push_back({is_bios ? "r86-page-for-bios" : "r86-page-for-uefi", "R86", script, 60s, {}});
  }
  {
    // Under a name that does not tell what it would fetch next.
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "boot.ipxe");
    fetch_text(script, client, "boot.ipxe", "#!ipxe\nchain http://10.0.0.9/menu\n");
    list.push_back({"r86-script-for-uefi", "R86", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "bootx64.efi");
    fetch_text(script, client, "bootx64.efi", "\xfa\xeb\x1e program for BIOS");
    list.push_back({"r86-bios-program-for-uefi", "R86", script, 60s, {}});
  }
  {
    // WDS: the loader asks for its orders, and is named itself.
    CaptureScript script;
    ScriptClient client = intel_client();
    reach_file(script, client, "boot\\x64\\wdsnbp.com");
    script.fetch(client, kProxy, "boot\\x64\\wdsnbp.com", 30000, 512);
    for (const Duration pause : {1s, 10s}) {
      script.wait(pause).ask_4011(client, kProxy.address);
      script.answer_4011(client, kProxy, file_answer("boot\\x64\\wdsnbp.com"));
    }
    list.push_back({"r85-wds-waits-for-approval", "R85", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "pxelinux.0");
    script.probe(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "pxelinux.0", 42430, 1468);
    try_http(script, client);
    list.push_back({"r08-bios-file-for-uefi", "R08", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    client.architecture = 11;
    reach_file(script, client, "boot.efi");
    fetch_program(script, client, "boot.efi", 0x8664);
    list.push_back({"r08-x64-program-for-arm", "R08", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "ipxe.efi");
    script.fetch(client, kProxy, "ipxe.efi", 9000);
    for (int round = 0; round < 3; ++round) {
      ScriptClient ipxe = as_ipxe(client);
      ipxe.xid += static_cast<std::uint32_t>(round);
      script.wait(3s);
      reach_file(script, ipxe, "ipxe.efi");
      script.fetch(ipxe, kProxy, "ipxe.efi", 9000);
      client.next_port = ipxe.next_port;
    }
    list.push_back({"r09-ipxe-loop", "R09", script, 5s, {"R33", "R61"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "ipxe.efi");
    script.fetch(client, kProxy, "ipxe.efi", 9000);
    for (int round = 0; round < 3; ++round) {
      ScriptClient ipxe = as_ipxe(client);
      ipxe.xid += static_cast<std::uint32_t>(round);
      script.wait(3s).lease(ipxe, {.file = "http://10.0.0.9/ipxe.efi"});
      script.http_get(ipxe, kProxy, "/ipxe.efi", 200);
      client.next_port = ipxe.next_port;
    }
    list.push_back({"r09-ipxe-loop-by-http", "R09", script, 60s, {"R33", "R61"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    for (int boot = 0; boot < 3; ++boot) {
      boot_pxelinux(script, client);
      script.wait(200s);
    }
    list.push_back({"r18-reinstall-loop", "R18", script, 0s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "bootx64.efi");
    script.probe(client, kProxy, "bootx64.efi", 700);
    fetch_program(script, client, "bootx64.efi", 0x8664);
    script.wait(2s);
    try_http(script, client);
    list.push_back({"r33-secure-boot", "R33", script, 20s, {"R61"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "ldlinux.c32", 3000, 1408);
    script.fetch(client, kProxy, "pxelinux.cfg/default", 113, 1408);
    for (int round = 0; round < 8; ++round) {
      script.fetch(client, kProxy, "menu.c32", 2000, 1408);
      script.miss(client, kProxy, "libutil.c32");
      script.wait(1s);
    }
    list.push_back({"r58-menu-loop", "R58", script, 20s, {"R34", "R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "pxelinux.0");
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    list.push_back({"r61-mute", "R61", script, 60s, {}});
  }
}

void add_slow_captures(std::vector<FaultCapture>& list) {
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "ipxe.efi");
    script.fetch(client, kProxy, "ipxe.efi", 9000);
    script.wait(30s);
    ScriptClient ipxe = as_ipxe(client);
    script.lease_with_proxy(ipxe, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(ipxe, kProxy, "/boot.ipxe", 200);
    list.push_back({"r13-after-ipxe", "R13", script, 20s, {}});
  }
  {
    // The client's third DISCOVER is the first that comes through.
    CaptureScript script;
    script.frame(Bytes(60, 0)).wait(10s);
    ScriptClient client = edk2_client();
    script.discover(client, 12);
    script.offer(client, kRouter,
                 {.yiaddr = client.address, .siaddr = kRouter.address, .file = "memtest.efi"});
    script.wait(16s).request(client, kRouter);
    script.ack(client, kRouter,
               {.yiaddr = client.address, .siaddr = kRouter.address, .file = "memtest.efi"});
    script.fetch(client, kRouter, "memtest.efi", 9000);
    list.push_back({"r13-first-discovers-lost", "R13", script, 20s, {}});
  }
  {
    // At a mirror of the client's port: DISCOVER at 0, 4, 12 and 28 s, the last one answered.
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) script.discover(client).wait(pause);
    const Answer answer{.yiaddr = client.address, .siaddr = kRouter.address, .file = "memtest.efi"};
    script.discover(client).offer(client, kRouter, answer).wait(4s).request(client, kRouter);
    script.ack(client, kRouter, answer).fetch(client, kRouter, "memtest.efi", 9000);
    list.push_back({"r13-first-discovers-unanswered", "R13", script, 20s, {"R63"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "memtest.img");
    script.rrq(client, kProxy, "memtest.img");
    // 10 MB: the blocks between are left out, as a capture loses them.
    for (std::uint16_t block = 1; block < 20000; block = static_cast<std::uint16_t>(block + 4000)) {
      script.data_ack(client, kProxy, block, 512);
    }
    script.data_ack(client, kProxy, 20001, 100);
    list.push_back({"r42-small-blocks", "R42", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    reach_file(script, client, "memtest.img");
    script.rrq(client, kProxy, "memtest.img");
    for (std::uint16_t block = 1; block <= 4; ++block) {
      script.data(client, kProxy, block, 512).wait(1s);
      script.data_ack(client, kProxy, block, 512);
    }
    script.data_ack(client, kProxy, 5, 1);
    list.push_back({"r62-packets-lost", "R62", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.discover(client).wait(1s).discover(client).wait(2s).discover(client);
    boot_pxelinux(script, client);
    list.push_back({"r63-late-answers", "R63", script, 20s, {}});
  }
  {
    // Two transfers go on; a third waits and is served when one ends.
    CaptureScript script;
    std::vector<ScriptClient> busy;
    for (std::uint8_t i = 0; i < 3; ++i) {
      ScriptClient client = intel_client();
      client.mac.octets[5] = i;
      client.guid.octets[0] = i;
      client.address = Ipv4Address::of(10, 0, 1, i);
      script.server_port = static_cast<std::uint16_t>(41000 + i);
      script.rrq(client, kProxy, "memtest.img");
      script.data_ack(client, kProxy, 1, 512);
      busy.push_back(client);
    }
    ScriptClient client = ipxe_client();
    reach_file(script, client, "memtest.img");
    script.rrq(client, kProxy, "memtest.img");
    for (int i = 0; i < 4; ++i) script.wait(2s).repeat_rrq(client, kProxy, "memtest.img");
    script.server_port = 41000;
    script.data_ack(busy[0], kProxy, 2, 100);
    script.server_port = 41003;
    script.data_ack(client, kProxy, 1, 512);
    script.data_ack(client, kProxy, 2, 9);
    for (std::uint8_t i = 1; i < 3; ++i) {
      script.server_port = static_cast<std::uint16_t>(41000 + i);
      script.data_ack(busy[i], kProxy, 2, 100);
    }
    list.push_back({"r64-waited", "R64", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    reach_file(script, client, "memtest.efi");
    script.rrq(client, kProxy, "memtest.efi", {{"blksize", "1468"}, {"windowsize", "4"}});
    script.from_server(client, kProxy, tftp::Oack{{{"blksize", "1468"}, {"windowsize", "4"}}, {}});
    script.from_client(client, kProxy, tftp::Ack{0, {}});
    for (std::uint16_t block = 1; block <= 4; ++block) script.data(client, kProxy, block, 1468);
    script.wait(2s);
    for (std::uint16_t block = 1; block <= 4; ++block) script.data(client, kProxy, block, 1468);
    script.from_client(client, kProxy, tftp::Ack{4, {}});
    script.data_ack(client, kProxy, 5, 100);
    list.push_back({"r65-window-slow", "R65", script, 20s, {}});
  }
}

std::vector<FaultCapture> fault_captures() {
  std::vector<FaultCapture> list;
  add_offer_captures(list);
  add_boot_server_captures(list);
  add_address_captures(list);
  add_transfer_captures(list);
  add_file_captures(list);
  add_program_captures(list);
  add_slow_captures(list);
  add_field_captures(list);
  add_rival_captures(list);
  return list;
}

}  // namespace pxeproof::testing

#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

Answer pxelinux_offer() {
  return {.file = "pxelinux.0",
          .vendor_class = "PXEClient",
          .vendor = menu_vendor(kProxy.address, "Network Boot")};
}

Answer file_answer(std::string file) {
  return {.siaddr = kProxy.address, .file = std::move(file), .vendor_class = "PXEClient"};
}

ScriptClient pi_client() {
  ScriptClient client;
  client.make = ScriptClient::Make::Pi;
  client.architecture = 0;
  client.mac = MacAddress{{0xb8, 0x27, 0xeb, 0x12, 0x34, 0x56}};
  client.xid = 0x26f30339;
  return client;
}

ScriptClient as_ipxe(const ScriptClient& client) {
  ScriptClient ipxe = client;
  ipxe.make = ScriptClient::Make::Ipxe;
  ipxe.xid = client.xid + 1;
  return ipxe;
}

void finish_pxelinux(CaptureScript& script, ScriptClient& client) {
  script.fetch(client, kProxy, "ldlinux.c32", 3000, 1408);
  script.miss(client, kProxy, "pxelinux.cfg/01-52-54-00-12-34-56");
  script.miss(client, kProxy, "pxelinux.cfg/0A000039");
  script.fetch(client, kProxy, "pxelinux.cfg/default", 113, 1408);
  script.fetch(client, kProxy, "/memtest/memtest86+", 20000, 1408);
}

void reach_file(CaptureScript& script, ScriptClient& client, const std::string& file) {
  if (client.architecture == 0) {
    script.lease_with_proxy(client, pxelinux_offer());
    script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
  } else {
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    script.ask_4011(client, kProxy.address);
  }
  script.answer_4011(client, kProxy, file_answer(file));
}

void boot_pxelinux(CaptureScript& script, ScriptClient& client) {
  reach_file(script, client, "pxelinux.0");
  script.fetch(client, kProxy, "pxelinux.0", 42430);
  finish_pxelinux(script, client);
}

void boot_edk2(CaptureScript& script, ScriptClient& client, const std::string& file,
               std::size_t size) {
  reach_file(script, client, file);
  script.wait(1s);
  script.probe(client, kProxy, file, size);
  script.fetch(client, kProxy, file, size, 1468);
}

Bytes efi_program(std::uint16_t machine, std::size_t size) {
  Bytes octets(size, 0);
  octets[0] = 'M';
  octets[1] = 'Z';
  octets[0x3c] = 0x80;
  octets[0x80] = 'P';
  octets[0x81] = 'E';
  octets[0x84] = static_cast<std::uint8_t>(machine);
  octets[0x85] = static_cast<std::uint8_t>(machine >> 8U);
  return octets;
}

}  // namespace pxeproof::testing

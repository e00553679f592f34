#include "tests/support/fault_captures.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

std::vector<FaultCapture> healthy_captures() {
  std::vector<FaultCapture> list;
  const auto healthy = [&list](std::string name, CaptureScript script) {
    list.push_back({.name = std::move(name), .rule = {}, .script = std::move(script)});
  };
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    boot_pxelinux(script, client);
    healthy("ipxe-pxelinux", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    client.next_port = 2069;
    script.lease_with_proxy(client, pxelinux_offer());
    script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
    script.answer_4011(client, kProxy, file_answer("pxelinux.0"));
    script.probe(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "pxelinux.0", 42430, 1456);
    finish_pxelinux(script, client);
    healthy("intel-pxelinux", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "memtest86+x64.efi", 20000);
    healthy("edk2-memtest", std::move(script));
  }
  {
    // Boot information in the address server's own answer; no proxy.
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client, {.siaddr = kRouter.address, .file = "shimx64.efi"});
    script.probe(client, kRouter, "shimx64.efi", 9000);
    script.fetch(client, kRouter, "shimx64.efi", 9000);
    script.miss(client, kRouter, "revocations.efi");
    script.fetch(client, kRouter, "grubx64.efi", 20000);
    script.miss(client, kRouter, "grub/grub.cfg-01-52-54-00-12-34-56");
    script.fetch(client, kRouter, "grub/grub.cfg", 300);
    script.fetch(client, kRouter, "vmlinuz", 50000);
    script.fetch(client, kRouter, "initrd.img", 60000);
    ScriptClient system = client;
    system.make = ScriptClient::Make::Plain;
    script.wait(8s).lease(system);
    healthy("edk2-shim-grub-linux", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    script.ask_4011(client, kProxy.address);
    script.answer_4011(client, kProxy, file_answer("ipxe.efi"));
    script.probe(client, kProxy, "ipxe.efi", 9000);
    script.fetch(client, kProxy, "ipxe.efi", 9000);
    script.miss(client, kProxy, "autoexec.ipxe");
    ScriptClient ipxe = as_ipxe(client);
    script.lease_with_proxy(ipxe, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(ipxe, kProxy, "/boot.ipxe", 200);
    script.http_get(ipxe, kProxy, "/vmlinuz", 200);
    script.http_get(ipxe, kProxy, "/initrd.img", 200);
    healthy("edk2-ipxe-http", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client;
    client.make = ScriptClient::Make::Uboot;
    client.architecture = 22;
    script.lease(client, {.siaddr = kRouter.address, .file = "boot.scr.uimg"});
    script.fetch(client, kRouter, "boot.scr.uimg", 300);
    script.fetch(client, kRouter, "Image", 30000);
    healthy("uboot", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client = pi_client();
    script.discover(client);
    script.offer(client, kRouter, {.yiaddr = client.address});
    script.offer(
        client, kProxy,
        {.vendor_class = "PXEClient", .vendor = menu_vendor(kProxy.address, "Raspberry Pi Boot")});
    script.request(client, kRouter);
    script.ack(client, kRouter, {.yiaddr = client.address});
    script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
    script.answer_4011(client, kProxy, file_answer("bootcode.bin"));
    script.fetch(client, kProxy, "bootcode.bin", 5000);
    script.miss(client, kProxy, "12345678/start4.elf");
    script.fetch(client, kProxy, "start4.elf", 20000);
    script.fetch(client, kProxy, "kernel8.img", 30000);
    healthy("raspberry-pi", std::move(script));
  }
  {
    CaptureScript script;
    ScriptClient client;
    client.make = ScriptClient::Make::HttpBoot;
    client.architecture = 16;
    script.lease(client,
                 {.file_option = "http://10.0.0.1/bootx64.efi", .vendor_class = "HTTPClient"});
    script.http_get(client, kRouter, "/bootx64.efi", 200);
    healthy("uefi-http", std::move(script));
  }
  {
    // A local boot from the loader's menu: the configuration and nothing else.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease_with_proxy(client, pxelinux_offer());
    script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
    script.answer_4011(client, kProxy, file_answer("pxelinux.0"));
    script.fetch(client, kProxy, "pxelinux.0", 42430);
    script.fetch(client, kProxy, "ldlinux.c32", 3000);
    script.fetch(client, kProxy, "pxelinux.cfg/default", 113);
    healthy("local-boot-from-menu", std::move(script));
  }
  {
    // A menu of two that waits for a person.
    CaptureScript script;
    ScriptClient client = intel_client();
    pxe::VendorOptions vendor;
    vendor.add_control(3);
    vendor.add_prompt({255, "PXE"});
    vendor.add_servers({{0x8000, {kProxy.address}}, {0x8001, {kProxy.address}}});
    vendor.add_menu({{0x8000, "One"}, {0x8001, "Two"}});
    script.lease_with_proxy(client, {.vendor_class = "PXEClient", .vendor = pxe::encode(vendor)});
    list.push_back({.name = "menu-that-waits", .rule = {}, .script = std::move(script)});
  }
  {
    // iPXE loads a system by HTTP; with a fixed address it talks to others, who may refuse.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    for (const char* const name : {"/boot.ipxe", "/vmlinuz", "/initrd.img"}) {
      script.http_get(client, kProxy, name, 200);
    }
    const ScriptServer mirror{Ipv4Address::of(10, 0, 0, 33), {{2, 0, 0, 0, 0, 33}}};
    script.wait(8s).connect(client, mirror, 443, CaptureScript::Connect::Open);
    script.connect(client, mirror, 80, CaptureScript::Connect::Refused);
    healthy("system-with-a-fixed-address", std::move(script));
  }
  {
    // The same, and the system asks for an address of its own.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client, {.siaddr = kProxy.address, .file = "http://10.0.0.9/boot.ipxe"});
    script.http_get(client, kProxy, "/boot.ipxe", 200);
    script.http_get(client, kProxy, "/live.img", 200);
    ScriptClient system = client;
    system.make = ScriptClient::Make::Plain;
    script.wait(8s).lease(system);
    script.connect(system, kProxy, 80, CaptureScript::Connect::Refused);
    healthy("system-with-its-own-address", std::move(script));
  }
  {
    // An installer ran, and half a minute later the firmware asks anew, by HTTP boot first.
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "grubx64.efi", 9000);
    script.fetch(client, kProxy, "grub.cfg", 90).fetch(client, kProxy, "vmlinuz", 9000);
    ScriptClient system = client;
    system.make = ScriptClient::Make::Plain;
    script.wait(5s).lease(system);
    ScriptClient http = client;
    http.make = ScriptClient::Make::HttpBoot;
    http.architecture = 16;
    script.wait(30s).discover(http);
    healthy("installer-then-http-boot", std::move(script));
  }
  {
    // Anaconda looks for images that need not be there, and then goes on by HTTPS.
    CaptureScript script;
    ScriptClient client = edk2_client();
    boot_edk2(script, client, "grubx64.efi", 9000);
    script.fetch(client, kProxy, "grub.cfg", 90).fetch(client, kProxy, "vmlinuz", 9000);
    script.fetch(client, kProxy, "initrd.img", 9000);
    ScriptClient system = client;
    system.make = ScriptClient::Make::Plain;
    script.wait(9s).lease(system);
    script.http_get(system, kProxy, "/images/install.img", 200);
    script.http_get(system, kProxy, "/images/updates.img", 404);
    script.http_get(system, kProxy, "/images/product.img", 404);
    healthy("anaconda", std::move(script));
  }
  {
    // UEFI's HTTP boot follows a redirect.
    CaptureScript script;
    ScriptClient client = edk2_client();
    client.make = ScriptClient::Make::HttpBoot;
    client.architecture = 16;
    script.lease(client, {.file_option = "http://10.0.0.9/boot", .vendor_class = "HTTPClient"});
    script.http_get(client, kProxy, "/boot", 302);
    script.http_get(client, kProxy, "/real/bootx64.efi", 200);
    healthy("redirect", std::move(script));
  }
  {
    // RFC 4039: the address comes without OFFER and REQUEST.
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.discover(client);
    script.ack(client, kRouter,
               {.yiaddr = client.address, .siaddr = kProxy.address, .file = "memtest"});
    script.fetch(client, kProxy, "memtest", 9000);
    healthy("rapid-commit", std::move(script));
  }
  {
    // Two machines that boot one after the other; a server that answers twice.
    CaptureScript script;
    ScriptClient first = ipxe_client();
    boot_pxelinux(script, first);
    ScriptClient second = edk2_client();
    second.mac.octets[5] = 0x77;
    second.guid.octets[0] = 0x77;
    second.address = Ipv4Address::of(10, 0, 0, 58);
    boot_edk2(script, second, "memtest86+x64.efi", 20000);
    healthy("two-machines", std::move(script));
  }
  return list;
}

}  // namespace pxeproof::testing

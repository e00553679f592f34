#include "tests/support/fault_groups.h"
#include "tests/support/script_messages.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

// DISCOVERs as UEFI sends them when it takes no offer.
void ask_in_vain(CaptureScript& script, ScriptClient& client,
                 const std::function<void()>& answers) {
  std::uint16_t secs = 0;
  for (const Duration pause : {4s, 8s, 16s, 32s}) {
    script.discover(client, secs);
    if (answers) answers();
    script.wait(pause);
    secs = static_cast<std::uint16_t>(
        secs + std::chrono::duration_cast<std::chrono::seconds>(pause).count());
  }
}

Answer lease_of(const ScriptClient& client) { return {.yiaddr = client.address}; }

}  // namespace

void add_offer_captures(std::vector<FaultCapture>& list) {
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    ask_in_vain(script, client, [&] { script.offer(client, kRouter, lease_of(client)); });
    list.push_back({"r01-no-boot-offer", "R01", script, 10s, {"R19"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease(client);
    list.push_back({"r01-ipxe-nothing-to-boot", "R01", script, 20s, {"R19"}});
  }
  {
    // The proxy forgets option 60.
    CaptureScript script;
    ScriptClient client = edk2_client();
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter, lease_of(client));
      script.offer(client, kProxy, {.siaddr = kProxy.address});
    });
    list.push_back({"r01-proxy-without-class", "R01", script, 10s, {"R19"}});
  }
  {
    // dnsmasq 2.90 as proxy with one pxe-service, for another architecture.
    CaptureScript script;
    ScriptClient client = intel_client();
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter, lease_of(client));
      script.offer(client, kProxy, {.vendor_class = "PXEClient", .vendor = control_vendor(8)});
    });
    list.push_back({"r24-proxy-with-empty-hands", "R24", script, 10s, {}});
  }
  {
    // dnsmasq 2.90 with pxe-service=X86-64_EFI,"Local boot",0: UEFI gets the menu from 4011.
    constexpr std::uint8_t kControl = 3;
    const Bytes local{6,   1,   kControl, 9,  8, 0, 0,   5,   'L', 'o',
                      'c', 'a', 'l',      10, 4, 0, 'P', 'X', 'E', 255};
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, {.vendor_class = "PXEClient"});
    script.ask_4011(client, kProxy.address);
    script.answer_4011(client, kProxy, {.vendor_class = "PXEClient", .vendor = local});
    list.push_back({"r59-local-disk-from-4011", "R59", script, 60s, {}});
  }
  {
    // A name for another architecture, from a server without TFTP: the silence stops the client.
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client, {.siaddr = kRouter.address, .file = "pxelinux.0"});
    for (int tries = 0; tries < 4; ++tries) {
      script.rrq(client, kRouter, "pxelinux.0");
      script.port_unreachable(kRouter, client,
                              {client.address, static_cast<std::uint16_t>(client.next_port - 1)},
                              {kRouter.address, 69});
      script.wait(4s);
    }
    list.push_back({"r46-before-the-name", "R46", script, 20s, {"R08"}});
  }
  {
    // Two address servers; the client takes the one that knows nothing of boot files.
    const ScriptServer rogue{Ipv4Address::of(10, 0, 0, 254), {{2, 0, 0, 0, 0, 254}}};
    CaptureScript script;
    ScriptClient client = intel_client();
    script.discover(client);
    script.offer(client, rogue, lease_of(client));
    script.offer(
        client, kRouter,
        {.yiaddr = Ipv4Address::of(10, 0, 0, 80), .siaddr = kRouter.address, .file = "pxelinux.0"});
    script.request(client, rogue);
    script.ack(client, rogue, lease_of(client));
    list.push_back({"r02-rogue-server", "R02", script, 60s, {}});
  }
  {
    const ScriptServer other{Ipv4Address::of(10, 0, 0, 10), {{2, 0, 0, 0, 0, 10}}};
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.discover(client);
    script.offer(client, kRouter, lease_of(client));
    script.offer(client, kProxy,
                 {.siaddr = kProxy.address, .file = "a.0", .vendor_class = "PXEClient"});
    script.offer(client, other,
                 {.siaddr = other.address, .file = "b.0", .vendor_class = "PXEClient"});
    script.request(client, kRouter);
    script.ack(client, kRouter, lease_of(client));
    list.push_back({"r02-two-proxies", "R02", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter, lease_of(client));
      script.offer(client, kProxy, pxelinux_offer());
    });
    list.push_back({"r23-proxy-offer-ignored", "R23", script, 10s, {}});
  }
  for (const bool is_closed : {true, false}) {
    // U-Boot takes no proxy's offer: told no name, it asks for one made of its address.
    CaptureScript script;
    ScriptClient client;
    client.make = ScriptClient::Make::Uboot;
    client.architecture = 22;
    script.lease_with_proxy(
        client, {.siaddr = kProxy.address, .file = "Image", .vendor_class = "PXEClient"});
    for (int tries = 0; tries < 3; ++tries) {
      script.rrq(client, kRouter, "0A000039.img");
      const auto port = static_cast<std::uint16_t>(client.next_port - 1);
      if (is_closed) {
        script.port_unreachable(kRouter, client, {client.address, port}, {kRouter.address, 69});
      }
      script.wait(5s);
    }
    if (is_closed) list.push_back({"r23-uboot-and-a-closed-port", "R23", script, 20s, {}});
    if (!is_closed) list.push_back({"r23-uboot-in-silence", "R23", script, 20s, {"R10"}});
  }
  {
    CaptureScript script;
    ScriptClient served = ipxe_client();
    boot_pxelinux(script, served);
    ScriptClient client = edk2_client();
    client.mac.octets[5] = 0x66;
    client.guid.octets[0] = 0x66;
    client.architecture = 11;
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter, lease_of(client));
      script.offer(client, kProxy, {.vendor_class = "PXEClient", .vendor = control_vendor(8)});
    });
    list.push_back({"r24-architecture-not-served", "R24", script, 10s, {"R23"}});
  }
  {
    CaptureScript script;
    ScriptClient client = pi_client();
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter, lease_of(client));
      script.offer(client, kProxy, pxelinux_offer());
    });
    list.push_back({"r25-raspberry-pi-menu", "R25", script, 10s, {"R23"}});
  }
  {
    CaptureScript script;
    ScriptClient client;
    client.make = ScriptClient::Make::HttpBoot;
    client.architecture = 16;
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter,
                   {.yiaddr = client.address, .siaddr = kRouter.address, .file = "grubx64.efi"});
    });
    list.push_back({"r35-http-offer-rejected", "R35", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client;
    client.make = ScriptClient::Make::Uboot;
    client.architecture = 22;
    script.lease(client, {.siaddr = kRouter.address, .file_option = "u-boot/boot.img"});
    script.miss(client, kRouter, "0A000039.img");
    list.push_back({"r36-header-fields-only", "R36", script, 20s, {"R15"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    ask_in_vain(script, client, nullptr);
    list.push_back({"r38-nobody-answers", "R38", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.discover(client);
    script.offer(client, kRouter, lease_of(client));
    script.wait(3s).request(client, kRouter);
    script.ack(client, kRouter, lease_of(client));
    script.wait(1s).offer(client, kProxy, pxelinux_offer());
    list.push_back({"r47-proxy-offer-late", "R47", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    const auto nameless = [](dhcp::Message& message) {
      message.remove(dhcp::OptionCode::ServerIdentifier);
    };
    ask_in_vain(script, client, [&] {
      script.offer(client, kRouter,
                   {.yiaddr = client.address,
                    .siaddr = kRouter.address,
                    .file = "grubx64.efi",
                    .change = nameless});
    });
    list.push_back({"r48-offer-without-identity", "R48", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    ask_in_vain(script, client, [&] { script.offer(client, kProxy, pxelinux_offer()); });
    list.push_back({"r53-proxy-without-address", "R53", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    const auto twice = [](dhcp::Message& message) {
      message.add_text(dhcp::OptionCode::BootFileName, "grub.0");
      message.add_text(dhcp::OptionCode::BootFileName, "pxelinux.0");
    };
    script.lease(client, {.siaddr = kRouter.address, .change = twice});
    list.push_back({"r45-option-67-twice", "R45", script, 60s, {"R36"}});
  }
}

}  // namespace pxeproof::testing

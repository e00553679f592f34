#include "protocol/frames/build.h"
#include "tests/support/fault_groups.h"
#include "tests/support/script_messages.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

// The waits of EDK2 for a boot server.
void ask_4011_in_vain(CaptureScript& script, ScriptClient& client, Ipv4Address server,
                      std::optional<pxe::BootItem> item = std::nullopt) {
  for (const Duration pause : {1s, 2s, 3s, 4s}) {
    script.ask_4011(client, server, item);
    script.wait(pause);
  }
}

Answer with_vendor(Bytes vendor) {
  return {.vendor_class = "PXEClient", .vendor = std::move(vendor)};
}

}  // namespace

void add_boot_server_captures(std::vector<FaultCapture>& list) {
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    ask_4011_in_vain(script, client, kProxy.address);
    list.push_back({"r03-silent", "R03", script, 10s, {"R10"}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, pxelinux_offer());
    script.ask_4011(client, kProxy.address, pxe::BootItem{0x8000, 0});
    script.port_unreachable(kProxy, client, {client.address, 4011}, {kProxy.address, 4011});
    ask_4011_in_vain(script, client, kProxy.address, pxe::BootItem{0x8000, 0});
    list.push_back({"r03-port-closed", "R03", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    script.ask_4011(client, kProxy.address);
    for (int i = 0; i < 3; ++i) script.arp_request(client, kProxy.address).wait(500ms);
    script.wait(8s);
    list.push_back({"r03-host-down", "R03", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, with_vendor(control_vendor(7)));
    list.push_back({"r04-list-missing", "R04", script, 60s, {"R23"}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    pxe::VendorOptions vendor;
    vendor.add_control(3);
    vendor.add_servers({{0x8000, {kProxy.address}}});
    vendor.add_menu({{0x8000, "Network Boot"}});
    script.lease_with_proxy(client, with_vendor(pxe::encode(vendor)));
    list.push_back({"r05-menu-without-prompt", "R05", script, 60s, {"R23"}});
  }
  {
    CaptureScript script;
    ScriptClient client = ipxe_client();
    script.lease_with_proxy(
        client, {.file = "pxelinux.0", .vendor_class = "PXEClient", .vendor = control_vendor(8)});
    for (int i = 0; i < 3; ++i) {
      script.ask_4011(client, kProxy.address);
      script.answer_4011(client, kProxy, {.file = "pxelinux.0", .vendor_class = "PXEClient"});
      script.wait(1s);
    }
    list.push_back({"r06-siaddr-0", "R06", script, 20s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    client.architecture = 9;
    script.lease_with_proxy(client, {.siaddr = kProxy.address});
    for (int i = 0; i < 3; ++i) {
      script.ask_4011(client, kProxy.address);
      script.answer_4011(
          client, kProxy,
          {.siaddr = kProxy.address, .vendor_class = "PXEClient", .vendor = control_vendor(8)});
      script.wait(4s);
    }
    list.push_back({"r07-answer-without-file", "R07", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client, {.vendor_class = "PXEClient"});
    ask_4011_in_vain(script, client, kRouter.address);
    list.push_back({"r21-address-server-promises", "R21", script, 10s, {"R10"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client,
                 {.siaddr = kRouter.address, .file = "grubx64.efi", .vendor_class = "PXEClient"});
    ask_4011_in_vain(script, client, kRouter.address);
    list.push_back({"r22-asks-despite-file", "R22", script, 10s, {"R10"}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    script.lease_with_proxy(client, with_vendor({6, 1, 3, 9, 40, 0x80, 0, 3, 'a', 'b', 'c'}));
    list.push_back({"r39-vendor-block-broken", "R39", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = intel_client();
    pxe::VendorOptions vendor;
    vendor.add_control(3);
    vendor.add_prompt({0, "PXE"});
    vendor.add_menu({{0, "Local disk"}});
    script.lease_with_proxy(client, with_vendor(pxe::encode(vendor)));
    list.push_back({"r59-local-boot-chosen", "R59", script, 60s, {"R23"}});
  }
}

void add_address_captures(std::vector<FaultCapture>& list) {
  const Ipv4Address relay = Ipv4Address::of(10, 9, 0, 1);
  // A DISCOVER as the relay passes it on.
  const auto relayed = [&](CaptureScript& script, ScriptClient& client, bool with_82) {
    dhcp::Message message = question_of(client, dhcp::MessageType::Discover);
    message.header.giaddr = relay;
    message.header.hops = 1;
    if (with_82) message.add(dhcp::OptionCode::RelayAgentInformation, Bytes{1, 2, 0, 7});
    script.say(client, message, {relay, 67}, {kRouter.address, 67});
  };
  const auto back = [&](dhcp::Message& message) { message.header.giaddr = relay; };
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) {
      relayed(script, client, true);
      script.reply(client, kRouter, dhcp::MessageType::Offer,
                   {.yiaddr = client.address,
                    .siaddr = kRouter.address,
                    .file = "grubx64.efi",
                    .change = back},
                   67, {relay, 67});
      script.wait(pause);
    }
    list.push_back({"r14-without-option-82", "R14", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) {
      script.discover(client);
      relayed(script, client, true);
      script.wait(pause);
    }
    list.push_back({"r38-relay-unanswered", "R38", script, 60s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) {
      relayed(script, client, false);
      script.reply(client, kRouter, dhcp::MessageType::Offer,
                   {.yiaddr = client.address,
                    .siaddr = kRouter.address,
                    .file = "grubx64.efi",
                    .change = back},
                   67, {Ipv4Address::broadcast(), 68});
      script.wait(pause);
    }
    list.push_back({"r14-answered-to-68", "R14", script, 10s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) {
      relayed(script, client, false);
      script.reply(client, kRouter, dhcp::MessageType::Offer,
                   {.yiaddr = client.address, .change = back}, 67, {relay, 67});
      script.reply(client, kProxy, dhcp::MessageType::Offer,
                   {.siaddr = kProxy.address, .vendor_class = "PXEClient", .change = back}, 67,
                   {Ipv4Address::broadcast(), 68});
      script.wait(pause);
    }
    list.push_back({"r30-proxy-broadcasts", "R30", script, 10s, {"R14", "R23"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    for (const Duration pause : {4s, 8s, 16s}) {
      relayed(script, client, false);
      script.reply(client, kRouter, dhcp::MessageType::Offer,
                   {.yiaddr = client.address, .change = back}, 67, {relay, 67});
      script.wait(pause);
    }
    list.push_back({"r30-no-proxy-for-relay", "R30", script, 10s, {"R01", "R14", "R19"}});
  }
  {
    CaptureScript script;
    ScriptClient sound = ipxe_client();
    sound.mac.octets[5] = 0x70;
    sound.guid.octets[0] = 0x70;
    sound.address = Ipv4Address::of(10, 0, 0, 70);
    boot_pxelinux(script, sound);
    ScriptClient client = intel_client();
    const auto short_identifier = [&](std::uint16_t secs) {
      dhcp::Message message = question_of(client, dhcp::MessageType::Discover);
      message.header.secs = secs;
      message.find(dhcp::OptionCode::ClientMachineIdentifier)->value.resize(16);
      script.say(client, message, {{}, 68}, {Ipv4Address::broadcast(), 67});
      script.wait(4s);
    };
    for (const std::uint16_t secs : std::initializer_list<std::uint16_t>{4, 8, 12, 16})
      short_identifier(secs);
    list.push_back({"r40-identifier-malformed", "R40", script, 10s, {"R38"}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    const Ipv4Address far = Ipv4Address::of(172, 16, 0, 5);
    const auto no_router = [](dhcp::Message& message) { message.remove(dhcp::OptionCode::Router); };
    script.lease(client, {.siaddr = far, .file = "grubx64.efi", .change = no_router});
    for (int i = 0; i < 3; ++i) script.arp_request(client, far).wait(500ms);
    list.push_back({"r41-server-off-net", "R41", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    const auto no_mask = [](dhcp::Message& message) {
      message.remove(dhcp::OptionCode::SubnetMask);
    };
    script.lease(client, {.siaddr = kRouter.address, .file = "grubx64.efi", .change = no_mask});
    script.say(client, question_of(client, dhcp::MessageType::Decline), {{}, 68},
               {Ipv4Address::broadcast(), 67});
    list.push_back({"r44-netmask-missing", "R44", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.discover(client);
    script.offer(client, kRouter,
                 {.yiaddr = client.address, .siaddr = kRouter.address, .file = "grubx64.efi"});
    script.wait(4s).request(client, kRouter);
    script.nak(client, kRouter);
    list.push_back({"r50-nak", "R50", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.lease(client, {.siaddr = kRouter.address, .file = "grubx64.efi"});
    script.say(client, question_of(client, dhcp::MessageType::Decline), {{}, 68},
               {Ipv4Address::broadcast(), 67});
    list.push_back({"r51-declined", "R51", script, 30s, {}});
    script.wait(4s).discover(client);
    list.push_back({"r51-declined-and-asked-again", "R51", script, 30s, {}});
  }
  {
    CaptureScript script;
    ScriptClient client = edk2_client();
    script.discover(client);
    script.offer(client, kRouter,
                 {.yiaddr = client.address, .siaddr = kRouter.address, .file = "grubx64.efi"});
    for (const Duration pause : {4s, 8s, 16s, 32s}) script.wait(pause).request(client, kRouter);
    list.push_back({"r52-no-acknowledgement", "R52", script, 30s, {}});
  }
}

}  // namespace pxeproof::testing

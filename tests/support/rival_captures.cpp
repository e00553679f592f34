// Two hosts that use one address.

#include <algorithm>

#include "protocol/frames/build.h"
#include "tests/support/fault_groups.h"
#include "tests/support/script_parts.h"

namespace pxeproof::testing {

using namespace std::chrono_literals;

namespace {

constexpr MacAddress kRival{{0x02, 0, 0, 0, 0, 0x77}};
const std::vector<tftp::Option> kOptions{{"tsize", "0"}, {"blksize", "1468"}};

// What the client has is also the address of another card.
ScriptClient rival_of(const ScriptClient& client) {
  ScriptClient rival = client;
  rival.mac = kRival;
  return rival;
}

// The answers to the client's requests go to the rival's card.
void ask_in_vain(CaptureScript& script, ScriptClient& client, int times,
                 const std::function<void(const ScriptClient& rival)>& after_each = {}) {
  for (int tries = 0; tries < times; ++tries) {
    script.rrq(client, kProxy, "grubx64.efi", kOptions);
    const ScriptClient rival = rival_of(client);
    script.from_server(rival, kProxy, tftp::Oack{kOptions, {}});
    if (after_each) after_each(rival);
    script.wait(4s);
  }
}

CaptureScript leased_script(ScriptClient& client) {
  CaptureScript script;
  script.lease_with_proxy(client, {.siaddr = kProxy.address,
                                   .file = "grubx64.efi",
                                   .vendor_class = "PXEClient",
                                   .vendor = control_vendor(8)});
  return script;
}

}  // namespace

void add_rival_captures(std::vector<FaultCapture>& list) {
  {
    // Both answer the server's question for the address.
    ScriptClient client = edk2_client();
    CaptureScript script = leased_script(client);
    for (const MacAddress& mac : {client.mac, kRival}) {
      script.frame(frames::build_arp({.operation = frames::kArpReply,
                                      .sender_mac = mac,
                                      .sender_address = client.address,
                                      .target_mac = kProxy.mac,
                                      .target_address = kProxy.address},
                                     kProxy.mac));
    }
    ask_in_vain(script, client, 4);
    list.push_back({"r84-both-answer-arp", "R84", script, 60s, {}});
  }
  {
    // The other host says that nobody listens there.
    ScriptClient client = edk2_client();
    CaptureScript script = leased_script(client);
    ask_in_vain(script, client, 4, [&script](const ScriptClient& rival) {
      script.port_unreachable(
          {rival.address, rival.mac}, {.mac = kProxy.mac, .address = kProxy.address},
          {kProxy.address, script.server_port}, {rival.address, rival.next_port});
    });
    list.push_back({"r84-refused-by-the-other", "R84", script, 60s, {}});
  }
  {
    // A capture without ARP: only the hardware address of the answers tells.
    ScriptClient client = edk2_client();
    CaptureScript script = leased_script(client);
    ask_in_vain(script, client, 4);
    list.push_back({"r84-answers-go-elsewhere", "R84", script, 60s, {}});
  }
  {
    // Two servers lease out of one pool.
    CaptureScript script;
    ScriptClient one = edk2_client();
    ScriptClient other = rival_of(one);
    other.xid = 0x77000002;
    other.guid.octets[0] = 42;
    other.next_port = 3000;
    for (ScriptClient* client : {&one, &other}) {
      script.lease_with_proxy(*client, {.siaddr = kProxy.address,
                                        .file = "grubx64.efi",
                                        .vendor_class = "PXEClient",
                                        .vendor = control_vendor(8)});
    }
    script.fetch(other, kProxy, "grubx64.efi", 400'000).fetch(other, kProxy, "grub/grub.cfg", 90);
    script.fetch(other, kProxy, "vmlinuz", 70'000);
    ask_in_vain(script, one, 4);
    list.push_back({"r84-leased-twice", "R84", script, 60s, {}});
  }
}

}  // namespace pxeproof::testing

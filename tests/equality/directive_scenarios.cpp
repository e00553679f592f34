#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tests/equality/generator.h"
#include "tests/equality/requests.h"

namespace pxeproof::equality {

namespace {

using dhcp::OptionCode;

constexpr std::uint8_t kFirst = 10;  // client
const Ipv4Address kNearRelay = Ipv4Address::of(192, 168, 77, 200);
const std::string kPool = "dhcp-range=192.168.77.100,192.168.77.150";

// What a system asks for.
const Bytes kWishes{1, 3, 6, 12, 15, 28, 42, 51, 54, 58, 59, 66, 67, 119, 121, 252};

Bytes octets_of(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

Scenario pool(std::string name, std::vector<std::string> lines) {
  Scenario scenario{.name = std::move(name)};
  scenario.has_pool = true;
  scenario.lines = {"port=0", "no-ping"};
  scenario.lines.insert(scenario.lines.end(), lines.begin(), lines.end());
  return scenario;
}

Scenario proxy(std::string name, std::vector<std::string> lines) {
  Scenario scenario = pool(std::move(name), std::move(lines));
  scenario.has_pool = false;
  return scenario;
}

// A message of an operating system: nothing of PXE.
Step plain(std::uint8_t type, std::uint8_t client, const Bytes& wishes = kWishes) {
  Step step = discover(client, 0);
  step.name = fmt::format("type {} of {}", type, client);
  for (const OptionCode code :
       {OptionCode::VendorClass, OptionCode::ClientArchitecture, OptionCode::ClientInterface,
        OptionCode::ClientMachineIdentifier, OptionCode::MaximumMessageSize}) {
    step.message.remove(code);
  }
  replace(step.message, 53, {type});
  replace(step.message, 55, wishes);
  return step;
}

// Without option 53.
Step bootp(std::uint8_t client) {
  Step step = plain(kDiscover, client);
  step.name = fmt::format("BOOTP of {}", client);
  step.message.remove(OptionCode::MessageType);
  step.message.remove(OptionCode::ParameterRequestList);
  return step;
}

Step with(Step step, std::uint8_t code, Bytes value, std::string_view what = {}) {
  replace(step.message, code, std::move(value));
  step.name += fmt::format(", option {}{}{}", code, what.empty() ? "" : " ", what);
  return step;
}

Step with_text(Step step, std::uint8_t code, std::string_view text) {
  return with(std::move(step), code, octets_of(text), text);
}

Step through(Step step, Ipv4Address relay_address, Bytes agent_information = {}) {
  relay(step, relay_address, false);
  if (!agent_information.empty()) step = with(std::move(step), 82, std::move(agent_information));
  return step;
}

Step filled(Step step, Step::Fill fill) {
  step.fill = fill;
  return step;
}

Step to_server(Step step, std::uint8_t client) {
  step.destination.address = kServer;
  step.destination_mac = kServerMac;
  step.message.header.flags = 0;
  step.source_mac = client_mac(client);
  return step;
}

void add_lease(Scenario& scenario, const Step& discovering) {
  scenario.steps.push_back(discovering);
  Step request = filled(discovering, Step::Fill::Selected);
  replace(request.message, 53, {kRequest});
  request.name += " (REQUEST)";
  scenario.steps.push_back(request);
}

// Lines that make a tag visible in a lease reply.
std::vector<std::string> shown(const std::vector<std::string>& tags) {
  std::vector<std::string> lines;
  int code = 224;
  for (const std::string& tag : tags) {
    lines.push_back(fmt::format("dhcp-option-force=tag:{},{},\"{}\"", tag, code++, tag));
  }
  return lines;
}

void add(Scenario& scenario, const std::vector<std::string>& lines) {
  scenario.lines.insert(scenario.lines.end(), lines.begin(), lines.end());
}

void relays_to_pools(std::vector<Scenario>& all) {
  for (const bool has_proxy_line : {false, true}) {
    Scenario scenario = pool("relays", {kPool, "dhcp-range=10.9.0.100,10.9.0.150,255.255.0.0,10m",
                                        "dhcp-range=set:far,10.8.0.100,10.8.0.150,255.255.255.0",
                                        "dhcp-option=tag:far,3,10.8.0.254"});
    if (has_proxy_line) scenario.lines.push_back("dhcp-proxy=192.168.77.200");
    add(scenario, shown({"far"}));
    std::uint8_t client = kFirst;
    const auto ask = [&](Ipv4Address relay_address, Bytes agent) {
      add_lease(scenario, through(plain(kDiscover, client++), relay_address, std::move(agent)));
    };
    ask(kNearRelay, {});
    ask(kRemoteRelay, {});
    ask(kNearRelay, {5, 4, 10, 9, 0, 0});
    ask(kNearRelay, {5, 4, 10, 8, 0, 1, 11, 4, 192, 168, 77, 200});
    ask(kNearRelay, {11, 4, 192, 168, 77, 200});
    ask(kRemoteRelay, {11, 4, 10, 9, 0, 1});
    ask(kRemoteRelay, {5, 4, 0, 0, 0, 0});
    ask(kNearRelay, {5, 4, 172, 16, 0, 0});
    ask(kNearRelay, {5, 3, 10, 9, 0});
    ask(Ipv4Address::of(10, 8, 0, 1), {1, 1, 'a', 5, 4, 10, 9, 0, 0, 2, 1, 'b'});
    ask(Ipv4Address::of(172, 16, 0, 1), {});
    // RFC 3011.
    add_lease(scenario, with(through(plain(kDiscover, client++), kNearRelay), 118, {10, 8, 0, 0}));
    add_lease(scenario, with(plain(kDiscover, client++), 118, {10, 9, 0, 0}));
    add_lease(scenario,
              with(with(plain(kDiscover, client), 118, {10, 9, 0, 0}), 55, {1, 3, 118, 51}));
    ++client;
    // One that had the relay's address for its server's, and now asks without it.
    add_lease(scenario, plain(kDiscover, kFirst + 4));
    // A relay's REQUEST and INFORM.
    Step step = through(plain(kDiscover, client), kRemoteRelay, {11, 4, 10, 9, 0, 1});
    add_lease(scenario, step);
    step = filled(through(plain(kRequest, client), kRemoteRelay, {11, 4, 10, 9, 0, 1}),
                  Step::Fill::Held);
    step.source = {kRemoteRelay, 67};
    scenario.steps.push_back(step);
    scenario.steps.push_back(
        filled(through(plain(kInform, client), kRemoteRelay), Step::Fill::Held));
    scenario.steps.push_back(filled(to_server(plain(kRequest, client), client), Step::Fill::Held));
    scenario.steps.push_back(filled(to_server(plain(kInform, client), client), Step::Fill::Held));
    scenario.steps.push_back(filled(to_server(plain(kRelease, client), client), Step::Fill::Held));
    all.push_back(scenario);
  }
}

void relays_to_proxies(std::vector<Scenario>& all) {
  Scenario scenario = proxy(
      "proxy relays", {"dhcp-range=192.168.77.0,proxy", "dhcp-range=10.9.0.0,proxy,255.255.0.0",
                       "dhcp-range=set:far,10.8.0.0,proxy,255.255.255.0"});
  scenario.tags = {{"far", "# the range sets it", [](const dhcp::Message& message) {
                      const Bytes agent = octets_of(text_of(message, 82));
                      const Bytes named = sub_option(agent, 5);
                      if (named.size() == 4) return named[0] == 10 && named[1] == 8;
                      const Subnet far{Ipv4Address::of(10, 8, 0, 0), kNetmask};
                      return far.contains(message.header.giaddr) ||
                             far.contains(message.header.ciaddr);
                    }}};
  scenario.services = {{.condition = "!far", .architecture = 0, .text = "Near", .basename = "near"},
                       {.condition = "far", .architecture = 0, .text = "Far", .basename = "far"},
                       {.architecture = 7, .text = "UEFI", .basename = "a.efi"}};
  count_types(scenario);
  std::uint8_t client = kFirst;
  for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 7}) {
    const auto ask = [&](Ipv4Address relay_address, Bytes agent) {
      scenario.steps.push_back(
          through(discover(client++, architecture), relay_address, std::move(agent)));
    };
    ask(kNearRelay, {});
    ask(kRemoteRelay, {1, 4, 'p', 'o', 'r', 't'});
    ask(kNearRelay, {5, 4, 10, 9, 0, 0});
    ask(kNearRelay, {5, 4, 10, 8, 0, 7});
    ask(kNearRelay, {5, 4, 10, 8, 0, 1, 11, 4, 192, 168, 77, 200});
    ask(kNearRelay, {11, 4, 192, 168, 77, 200});
    ask(kNearRelay, {5, 4, 172, 16, 0, 0});
    ask(Ipv4Address::of(10, 8, 0, 1), {});
    ask(Ipv4Address::of(172, 16, 0, 1), {});
  }
  // A routed client asks for itself.
  Step routed = ask_item(client, 0, 0x8001);
  routed.source.address = routed.message.header.ciaddr = Ipv4Address::of(10, 8, 0, 77);
  scenario.steps.push_back(routed);
  all.push_back(scenario);
}

void tag_sources(std::vector<Scenario>& all) {
  Scenario scenario = pool("tag sources", {kPool,
                                           "dhcp-mac=set:mac,52:54:00:*:*:0a",
                                           "dhcp-mac=set:ether,1-52:54:00:12:34:*",
                                           "dhcp-mac=set:token,06-52:54:00:12:34:*",
                                           "dhcp-userclass=set:user,accounts",
                                           "dhcp-userclass=set:ipxe,iPXE",
                                           "dhcp-vendorclass=set:vendor,Linux",
                                           "dhcp-vendorclass=set:pxe,PXEClient:Arch:00000",
                                           "dhcp-circuitid=set:circuit,\"port 7\"",
                                           "dhcp-circuitid=set:hexcircuit,00:04:00:01",
                                           "dhcp-remoteid=set:remote,1a:2b",
                                           "dhcp-subscrid=set:subscriber,\"alice\"",
                                           "dhcp-circuitid=set:hextext,abcd",
                                           "dhcp-remoteid=set:hextext,1",
                                           "dhcp-subscrid=set:hextext,61626364",
                                           "dhcp-remoteid=set:hextext,beef",
                                           "dhcp-match=set:is60,60",
                                           "dhcp-match=set:text60,60,MSFT",
                                           "dhcp-match=set:is93,option:client-arch,9",
                                           "dhcp-match=set:hex97,97,00:11:22:*",
                                           "dhcp-match=set:byte116,116,1",
                                           "dhcp-match=set:enterprise,vi-encap:9,\"abc\"",
                                           "dhcp-match=set:enterpriseany,vi-encap:9",
                                           "dhcp-match=set:host12,12,\"kiosk\"",
                                           "dhcp-match=set:hexfirst,61,ff",
                                           "dhcp-name-match=set:namestar,web*",
                                           "dhcp-name-match=set:nameexact,db",
                                           "tag-if=set:both,tag:mac,tag:ether",
                                           "tag-if=set:neither,tag:!mac,tag:!user",
                                           "tag-if=set:chain,tag:both",
                                           "tag-if=set:late,tag:later",
                                           "tag-if=set:later,tag:chain",
                                           "tag-if=set:wild,tag:host*",
                                           "tag-if=set:always",
                                           "tag-if=set:one,set:two,tag:user"});
  add(scenario,
      shown({"mac",           "ether",    "token",      "user",      "ipxe",       "vendor",
             "pxe",           "circuit",  "hexcircuit", "remote",    "subscriber", "is60",
             "text60",        "is93",     "hex97",      "byte116",   "enterprise", "host12",
             "enterpriseany", "hexfirst", "namestar",   "nameexact", "both",       "neither",
             "chain",         "hextext"}));
  Scenario second = scenario;
  second.name = "tag sources, and what follows";
  second.lines.resize(scenario.lines.size() - 26);
  add(second, shown({"late", "later", "wild", "always", "one", "two", "bootp", "known",
                     "known-othernet", "server", "!user", "server,tag:always", "mac,tag:!ether"}));
  for (Scenario* each : {&scenario, &second}) {
    std::uint8_t client = kFirst;
    const auto ask = [&](const Step& step) {
      add_lease(*each, step);
      ++client;
    };
    const auto d = [&] { return plain(kDiscover, client); };
    ask(d());
    ask(d());
    ask(with_text(d(), 77, "iPXE"));
    ask(with(d(), 77, {8, 'a', 'c', 'c', 'o', 'u', 'n', 't', 's'}));
    ask(with(d(), 77, {3, 'a', 'b', 'c', 8, 'a', 'c', 'c', 'o', 'u', 'n', 't', 's'}));
    ask(with(d(), 77, {9, 'a', 'c', 'c', 'o', 'u', 'n', 't', 's'}));
    ask(with(d(), 77, {4, 'i', 'P', 'X', 'E'}));
    ask(with_text(d(), 77, "accounts"));
    ask(with(d(), 77, {0}));
    ask(with_text(d(), 60, "udhcp Linux 5"));
    ask(with_text(d(), 60, "MSFT 5.0"));
    ask(with_text(d(), 60, "PXEClient:Arch:00000:UNDI:002001"));
    ask(through(d(), kNearRelay, {1, 6, 'p', 'o', 'r', 't', ' ', '7'}));
    ask(through(d(), kNearRelay,
                {1, 4, 0, 4, 0, 1, 2, 2, 0x1a, 0x2b, 6, 5, 'a', 'l', 'i', 'c', 'e'}));
    ask(through(d(), kNearRelay, {1, 5, 0, 4, 0, 1, 9, 2, 3, 0x1a, 0x2b, 1}));
    for (const Bytes& agent :
         std::vector<Bytes>{{1, 4, 'a', 'b', 'c', 'd'},
                            {1, 2, 0xab, 0xcd},
                            {2, 1, '1'},
                            {2, 1, 1},
                            {2, 4, 'b', 'e', 'e', 'f', 6, 4, 'a', 'b', 'c', 'd'},
                            {6, 8, '6', '1', '6', '2', '6', '3', '6', '4'}}) {
      ask(through(d(), kNearRelay, agent));
    }
    ask(with(d(), 93, {0, 9}));
    ask(with(d(), 93, {0, 7, 0, 9}));
    ask(with(d(), 93, {0, 0, 9}));
    ask(with(d(), 93, {9}));
    ask(with(d(), 97, Bytes{0, 0x11, 0x22, 0x33}));
    ask(with(d(), 97, Bytes{0, 0x11, 0x22}));
    ask(with(d(), 57, {5, 220}));
    ask(with(d(), 57, {2, 64}));
    ask(with(d(), 116, {1}));
    ask(with(d(), 116, {0}));
    ask(with(d(), 50, {192, 168, 77, 120}));
    ask(plain(kDiscover, client, {1, 3, 43}));
    ask(with(d(), 124, {0, 0, 0, 9, 4, 3, 'a', 'b', 'c'}));
    ask(with(d(), 124, {0, 0, 0, 9, 5, 4, 'x', 'a', 'b', 'c'}));
    ask(with(d(), 124, {0, 0, 0, 8, 4, 3, 'a', 'b', 'c'}));
    ask(with(d(), 124, {0, 0, 0, 8, 2, 1, 'z', 0, 0, 0, 9, 4, 3, 'a', 'b', 'c'}));
    ask(with(d(), 124, {0, 0, 0, 9, 2, 1, 'z'}));
    ask(with(d(), 124, {0, 0, 0, 9}));
    ask(with_text(d(), 12, "kiosk-3"));
    ask(with_text(d(), 12, "web1"));
    ask(with_text(d(), 12, "WEB.example.org"));
    ask(with_text(d(), 12, "db"));
    ask(with_text(d(), 12, "db2"));
    ask(with_text(d(), 12, "-db"));
    ask(with(d(), 12, {'d', 'b', 0}));
    ask(with(d(), 61, {255, 1, 2, 3}));
    Step odd = d();
    odd.message.header.htype = 6;
    ask(odd);
    odd = d();
    odd.message.header.hlen = 16;
    ask(odd);
    odd = d();
    odd.message.header.hlen = 0;
    ask(with(odd, 61, {1, 9, 9, 9, 9}));
    odd = d();
    odd.message.header.hlen = 0;
    ask(odd);
    odd = d();
    odd.message.header.hlen = 7;
    ask(odd);
    all.push_back(*each);
  }
}

void option_values(std::vector<Scenario>& all) {
  Scenario scenario = pool("option values",
                           {kPool,
                            "dhcp-option=252,\"http://wpad.example/wpad.dat\"",
                            "dhcp-option=252,\"\\n\"",
                            "dhcp-option=121,10.0.0.0/8,192.168.77.3,0.0.0.0/0,192.168.77.254",
                            "dhcp-option=option:domain-search,example.org,eng.example.org,lab.test",
                            "dhcp-option=120,sip.example.com,sip2.example.com",
                            "dhcp-option=option:ntp-server,192.168.77.5,0.0.0.0",
                            "dhcp-option=option:mtu,1400",
                            "dhcp-option=19,0",
                            "dhcp-option=44,192.168.77.6",
                            "dhcp-option=46,8",
                            "dhcp-option=2,3600",
                            "dhcp-option=23,64",
                            "dhcp-option=option:T1,100",
                            "dhcp-option=option:T2,200",
                            "dhcp-option=33,10.2.0.1,192.168.77.3",
                            "dhcp-option=17,\"192.168.77.1:/srv/nfs\"",
                            "dhcp-option=150,192.168.77.9",
                            "dhcp-option=128,01:02:03:04",
                            "dhcp-option=129,1b",
                            "dhcp-option=130,1s",
                            "dhcp-option=131,1i",
                            "dhcp-option=132,10.0.0.0/24",
                            "dhcp-option=133,text with blanks",
                            "dhcp-option=134",
                            "dhcp-option=136,300",
                            "dhcp-option=137,ff",
                            "dhcp-option=138,0.0.0.0",
                            "dhcp-option=139,\"\\t\\\"q\\\"\"",
                            "dhcp-option=140,192.168.1.1,text",
                            "dhcp-option=141,-5",
                            "dhcp-option=142,0x10",
                            "dhcp-option-force=210,\"/files/\"",
                            "dhcp-option-force=208,f1:00:74:7e",
                            "dhcp-option-force=211,30i",
                            "dhcp-option=12,\"forced-name\"",
                            "dhcp-option=15,\"option.example\"",
                            "dhcp-option=28",
                            "dhcp-option=1,255.255.0.0",
                            "dhcp-option=50,192.168.77.9",
                            "dhcp-option=61,01:02",
                            "dhcp-option=56,\"message\"",
                            "dhcp-option=114,\"https://portal.example/\""});
  Bytes everything;
  for (int code = 1; code < 255; ++code) everything.push_back(static_cast<std::uint8_t>(code));
  Bytes middle(everything.begin() + 110, everything.begin() + 150);
  std::uint8_t client = kFirst;
  for (const Bytes& wishes : {kWishes, Bytes{2, 19, 23, 26, 33, 44, 46, 120, 150, 114, 17}, middle,
                              Bytes{50, 51, 54, 56, 57, 58, 59, 61}, Bytes{}, everything}) {
    add_lease(scenario, plain(kDiscover, client++, wishes));
    add_lease(scenario, with(plain(kDiscover, client++, wishes), 57, {5, 220}));
    Step step = plain(kDiscover, client++, wishes);
    add_lease(scenario, with(step, 12, {'w', 'i', 'n', 0}));
  }
  Step step = plain(kDiscover, client++);
  step.message.remove(OptionCode::ParameterRequestList);
  add_lease(scenario, step);
  add_lease(scenario, with(step, 57, {16, 0}));
  scenario.steps.push_back(filled(to_server(plain(kInform, kFirst), kFirst), Step::Fill::Held));
  step = filled(to_server(plain(kInform, kFirst), kFirst), Step::Fill::Held);
  step.message.remove(OptionCode::ParameterRequestList);
  scenario.steps.push_back(step);
  all.push_back(scenario);
  scenario.name = "option values, no override";
  scenario.lines.push_back("dhcp-no-override");
  all.push_back(scenario);
}

void long_options(std::vector<Scenario>& all) {
  for (const bool no_override : {false, true}) {
    Scenario scenario = pool("long options", {kPool});
    if (no_override) scenario.lines.push_back("dhcp-no-override");
    for (int code = 224; code < 230; ++code) {
      scenario.lines.push_back(
          fmt::format("dhcp-option={},\"{}\"", code, std::string(60 + 7 * (code - 224), 'x')));
    }
    scenario.lines.push_back("dhcp-option=230,\"" + std::string(255, 'y') + "\"");
    scenario.lines.push_back("dhcp-boot=tag:file,pxelinux.0,server,192.168.77.9");
    scenario.lines.push_back("dhcp-match=set:file,175");
    const Bytes wishes{1, 3, 12, 15, 28, 51, 66, 67, 224, 225, 226, 227, 228, 229, 230};
    std::uint8_t client = kFirst;
    for (const auto& size : std::vector<Bytes>{{}, {2, 64}, {2, 100}, {3, 0}, {5, 220}, {0, 10}}) {
      for (const bool wants_file : {false, true}) {
        Step step = plain(kDiscover, client++, wishes);
        if (!wants_file) replace(step.message, 55, {1, 3, 224, 225, 226, 227, 228, 229, 230});
        if (!size.empty()) step = with(step, 57, size);
        scenario.steps.push_back(step);
        step = with(step, 175, {1});
        scenario.steps.push_back(step);
        scenario.steps.push_back(through(step, kNearRelay, Bytes(100, 0)));
        scenario.steps.back().message.find(OptionCode::RelayAgentInformation)->value[0] = 1;
        scenario.steps.back().message.find(OptionCode::RelayAgentInformation)->value[1] = 98;
      }
    }
    all.push_back(scenario);
  }
}

void encapsulated(std::vector<Scenario>& all) {
  Scenario scenario =
      pool("encapsulated",
           {kPool, "dhcp-option=encap:175,176,1b", "dhcp-option=encap:175,190,\"user\"",
            "dhcp-option=encap:175,191,\"secret\"", "dhcp-option=encap:175,8,1",
            "dhcp-option=encap:175,85,\"http://boot.example/a.ipxe\"",
            "dhcp-option-force=encap:176,1,00:01", "dhcp-option=vi-encap:2,1,\"aa\"",
            "dhcp-option=vi-encap:2,2,10.0.0.1", "dhcp-option-force=vi-encap:3561,1,\"gateway\"",
            "dhcp-match=set:ipxe,175", "dhcp-option=tag:ipxe,encap:175,1,5b",
            "dhcp-boot=tag:!ipxe,undionly.kpxe", "dhcp-boot=tag:ipxe,http://boot.example/b.ipxe"});
  std::uint8_t client = kFirst;
  for (const Bytes& wishes :
       {kWishes, Bytes{175, 67}, Bytes{125}, Bytes{43, 60, 67}, Bytes{177, 176}}) {
    add_lease(scenario, plain(kDiscover, client++, wishes));
    add_lease(scenario, with(plain(kDiscover, client++, wishes), 12, {'w', 'i', 'n', 0}));
    add_lease(scenario, with(plain(kDiscover, client++, wishes), 175, {0xb1, 1, 1}));
  }
  all.push_back(scenario);
}

void vendor_options(std::vector<Scenario>& all) {
  for (const bool is_forced : {false, true}) {
    const std::string key = is_forced ? "dhcp-option-force=" : "dhcp-option=";
    Scenario scenario =
        pool("vendor options",
             {kPool, key + "vendor:MSFT,2,1i", key + "vendor:Linux,1,\"text\"",
              key + "vendor:Linux,2,10.0.0.1,10.0.0.2", key + "vendor:Linux,3,01:02:03",
              key + "vendor:Linux,4,7", key + "vendor:Linux,5,700", key + "vendor:Linux,6,70000",
              key + "vendor:,9,\"all\"", key + "vendor:Sun,1,\"" + std::string(100, 's') + "\"",
              key + "vendor:Sun,2,\"" + std::string(100, 't') + "\"",
              key + "vendor:Sun,3,\"" + std::string(100, 'u') + "\"", "dhcp-option=43,de:ad"});
    std::uint8_t client = kFirst;
    for (const Bytes& wishes : {kWishes, Bytes{43, 1}, Bytes{60}}) {
      for (const std::string_view vendor : {"MSFT 5.0", "Linux", "aLinuxb", "SunOS", "other"}) {
        add_lease(scenario, with_text(plain(kDiscover, client++, wishes), 60, vendor));
      }
      add_lease(scenario, plain(kDiscover, client++, wishes));
    }
    all.push_back(scenario);
  }
  // The same for PXE clients of a proxy.
  Scenario scenario = proxy("vendor options by proxy", {"dhcp-range=192.168.77.0,proxy"});
  scenario.services = {{.architecture = 0, .text = "Boot", .basename = "pxelinux"},
                       {.architecture = 7, .text = "One", .basename = "one.efi"},
                       {.architecture = 7, .text = "Two", .basename = "two.efi"}};
  scenario.user_options = {
      {.code = 1, .written = "224.0.1.2", .value = {224, 0, 1, 2}},
      {.code = 2, .written = "1767s", .value = {6, 231}},
      {.code = 4, .written = "5", .value = {5}},
      {.code = 128, .written = "700", .value = {2, 188}},
      {.code = 129, .written = "70000", .value = {0, 1, 17, 112}},
      {.code = 130, .written = "10.0.0.1,10.0.0.2", .value = {10, 0, 0, 1, 10, 0, 0, 2}},
      {.code = 131, .written = "\"a, b\"", .value = octets_of("a, b")},
      {.vendor_class = "Arch:00007", .code = 132, .written = "07", .value = {7}},
      {.code = 133, .written = "bare text", .value = octets_of("bare text")},
      {.vendor_class = "PXEClient:Arch:00000",
       .code = 134,
       .written = "fe:ff",
       .value = {254, 255}}};
  count_types(scenario);
  std::uint8_t client = kFirst;
  for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 7, 9}) {
    scenario.steps.push_back(discover(client, architecture));
    scenario.steps.push_back(ask_boot_server(client, architecture));
    scenario.steps.push_back(ask_item(client++, architecture, architecture == 0 ? 0x8000 : 0x8001));
  }
  all.push_back(scenario);
}

// dnsmasq's way to set siaddr without dhcp-boot; OpenStack Neutron depends on it.
void server_addresses(std::vector<Scenario>& all) {
  const std::vector<std::vector<std::string>> cases{
      {"dhcp-option=option:server-ip-address,192.168.77.4", "dhcp-option=67,\"a.file\""},
      {"dhcp-option=255,192.168.77.4,192.168.77.5", "dhcp-option=66,\"a.server\""},
      {"dhcp-option-force=option:server-ip-address,192.168.77.4",
       "dhcp-option-force=67,\"a.file\""},
      {"dhcp-option=255,192.168.77.4", "dhcp-boot=tag:red,red.file"},
      {"dhcp-option=tag:red,255,192.168.77.4", "dhcp-option=255,192.168.77.5"},
      {"dhcp-option=255,0.0.0.0"}};
  for (const auto& lines : cases) {
    Scenario scenario =
        pool("server addresses", {kPool, "bootp-dynamic", "dhcp-mac=set:red,52:54:00:12:34:0a"});
    add(scenario, lines);
    for (std::uint8_t client = kFirst; client < kFirst + 2; ++client) {
      add_lease(scenario, plain(kDiscover, client));
      add_lease(scenario, with(discover(client, 0), 55, {1, 3, 66, 67}));
      add_lease(scenario, with(discover(client, 7), 55, {1, 3, 43}));
      scenario.steps.push_back(
          filled(to_server(plain(kRequest, client), client), Step::Fill::Held));
      scenario.steps.push_back(bootp(static_cast<std::uint8_t>(client + 20)));
    }
    all.push_back(scenario);
  }
  Scenario scenario = proxy("server addresses by proxy",
                            {"dhcp-range=192.168.77.0,proxy", "dhcp-option=255,192.168.77.4"});
  scenario.services = {{.architecture = 0, .text = "Boot", .basename = "pxelinux"}};
  scenario.boots = {{.file = "a.efi"}};
  scenario.steps = {discover(kFirst, 0), discover(kFirst, 7), ask_boot_server(kFirst, 7)};
  count_types(scenario);
  all.push_back(scenario);
}

// The line of FOG and of LTSP, and clients without a service.
void user_control(std::vector<Scenario>& all) {
  for (const bool is_pool : {false, true}) {
    Scenario scenario = is_pool ? pool("user's control", {kPool})
                                : proxy("user's control", {"dhcp-range=192.168.77.0,proxy"});
    scenario.services = {{.architecture = 0, .text = "Boot", .basename = "pxelinux"}};
    scenario.boots = {
        {.file = "ia32.efi",
         .server = {.kind = Server::Kind::Address, .address = Ipv4Address::of(192, 168, 77, 4)}}};
    scenario.user_options = {{.code = 6, .written = "2b", .value = {2}}};
    count_types(scenario);
    std::uint8_t client = kFirst;
    for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 6, 7}) {
      scenario.steps.push_back(discover(client, architecture));
      if (!is_pool) scenario.steps.push_back(ask_boot_server(client, architecture));
      ++client;
    }
    all.push_back(scenario);
  }
}

// ROMs and their wishes, with user's sub-options beside the menu or without one.
void wishes_of_roms(std::vector<Scenario>& all) {
  for (const bool has_services : {true, false}) {
    Scenario scenario = pool("wishes of ROMs", {kPool});
    if (has_services) {
      scenario.services = {{.architecture = 0, .text = "Boot", .basename = "pxelinux"},
                           {.architecture = 7, .text = "One", .basename = "one.efi"}};
    }
    scenario.boots = {{.file = "boot.file", .server_name = "server"}};
    if (has_services) {
      add(scenario,
          {"dhcp-option=67,\"other.file\"", "dhcp-option=51,7200", "dhcp-option=54,192.168.77.9"});
    }
    scenario.user_options = {{.code = 1, .written = "224.0.1.2", .value = {224, 0, 1, 2}}};
    count_types(scenario);
    std::uint8_t client = kFirst;
    for (const Bytes& wishes : std::vector<Bytes>{
             {43}, {60}, {60, 66, 67}, {43, 60}, {1, 3}, {66}, {67, 43}, {97, 93}, {}}) {
      for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 7}) {
        add_lease(scenario, with(discover(client++, architecture), 55, wishes));
      }
    }
    all.push_back(scenario);
  }
}

// Each relay is the first that its server hears of.
void first_relays(std::vector<Scenario>& all) {
  struct Case {
    Ipv4Address relay;
    Bytes agent;
  };
  const std::vector<Case> cases{
      {kNearRelay, {5, 4, 10, 9, 0, 0}},
      {Ipv4Address::of(172, 16, 0, 1), {5, 4, 10, 9, 0, 0, 11, 4, 10, 9, 0, 254}},
      {kRemoteRelay, {5, 4, 192, 168, 77, 0}},
      {kRemoteRelay, {11, 4, 10, 9, 0, 254}}};
  for (const Case& each : cases) {
    Scenario scenario =
        pool("first relays", {kPool, "dhcp-range=10.9.0.100,10.9.0.150,255.255.0.0,10m"});
    add_lease(scenario, through(plain(kDiscover, kFirst), each.relay, each.agent));
    all.push_back(scenario);
  }
}

void hosts(std::vector<Scenario>& all) {
  Scenario scenario =
      pool("hosts", {kPool + ",255.255.255.0,192.168.77.255,3h",
                     "dhcp-range=set:other,10.9.0.100,10.9.0.150,255.255.0.0",
                     "domain=lab.example",
                     "dhcp-host=52:54:00:12:34:0a,set:red,192.168.77.60,first,10m",
                     "dhcp-host=52:54:00:12:34:0b,52:54:00:12:34:0c,192.168.77.61,pair",
                     "dhcp-host=52:54:00:12:34:0d,ignore",
                     "dhcp-host=id:01:02:03:04,192.168.77.62,byid,infinite",
                     "dhcp-host=id:texty,192.168.77.63",
                     "dhcp-host=byname,192.168.77.64,45m",
                     "dhcp-host=52:54:00:12:34:0e,id:*,set:noid",
                     "dhcp-host=52:54:00:12:*:*,set:wild",
                     "dhcp-host=52:54:00:12:34:*,set:wilder",
                     "dhcp-host=52:54:00:12:34:0f,tag:special,192.168.77.65",
                     "dhcp-host=52:54:00:12:34:0f,set:plain",
                     "dhcp-host=52:54:00:12:34:10,10.9.0.77,elsewhere",
                     "dhcp-host=6-52:54:00:12:34:11,set:token",
                     "dhcp-host=52:54:00:12:34:12,set:two,set:tags,long-name.domain.example",
                     "dhcp-host=52:54:00:12:34:13,192.168.77.120,inpool",
                     "dhcp-host=52:54:00:12:34:14,10.9.0.78,net:legacy",
                     "dhcp-match=set:special,175"});
  add(scenario, shown({"red", "noid", "wild", "wilder", "plain", "token", "two", "tags", "known",
                       "known-othernet", "legacy", "other"}));
  for (std::uint8_t client = 9; client < 0x18; ++client) {
    add_lease(scenario, plain(kDiscover, client));
    if (client % 3 == 0) {
      scenario.steps.push_back(
          filled(to_server(plain(kRequest, client), client), Step::Fill::Held));
    }
  }
  std::uint8_t client = 60;
  add_lease(scenario, with(plain(kDiscover, client++), 61, {1, 2, 3, 4}));
  add_lease(scenario, with_text(plain(kDiscover, client++), 61, "texty"));
  add_lease(scenario, with(plain(kDiscover, client++), 61, {0, 't', 'e', 'x', 't', 'y'}));
  add_lease(scenario, with_text(plain(kDiscover, client++), 12, "byname"));
  add_lease(scenario, with_text(plain(kDiscover, client++), 12, "BYNAME.lab.example"));
  add_lease(scenario, with(with(plain(kDiscover, 0x0e), 61, {9, 9, 9}), 57, {5, 220}));
  add_lease(scenario, with(plain(kDiscover, 0x0f), 175, {1}));
  // The second of a pair, while the first holds the address.
  add_lease(scenario, plain(kDiscover, 0x0c));
  add_lease(scenario, through(plain(kDiscover, 0x10), kRemoteRelay));
  add_lease(scenario, through(plain(kDiscover, 0x0a), kRemoteRelay));
  // Somebody wants an address that is reserved.
  Step step = plain(kRequest, 90);
  step.message.add_address(OptionCode::RequestedAddress, Ipv4Address::of(192, 168, 77, 60));
  scenario.steps.push_back(step);
  step.message.add_address(OptionCode::ServerIdentifier, kServer);
  scenario.steps.push_back(step);
  step = plain(kDiscover, 91);
  step.message.add_address(OptionCode::RequestedAddress, Ipv4Address::of(192, 168, 77, 120));
  add_lease(scenario, step);
  all.push_back(scenario);

  Scenario named =
      pool("named hosts", {kPool, "domain=lab.example", "dhcp-host=byname,192.168.77.64,45m",
                           "dhcp-host=tagged,set:red,tag:special", "dhcp-host=tagged,set:plain",
                           "dhcp-match=set:special,175", "dhcp-ignore-names=tag:plain"});
  add(named, shown({"red", "plain", "known"}));
  std::uint8_t number_of_client = 60;
  for (const std::string_view name :
       {"byname", "BYNAME.lab.example", "tagged", "Tagged", "byname2"}) {
    add_lease(named, with_text(plain(kDiscover, number_of_client++), 12, name));
    add_lease(named, with(with_text(plain(kDiscover, number_of_client++), 12, name), 175, {1}));
    Step inform = filled(to_server(plain(kInform, static_cast<std::uint8_t>(number_of_client - 1)),
                                   static_cast<std::uint8_t>(number_of_client - 1)),
                         Step::Fill::Held);
    named.steps.push_back(inform);
    named.steps.push_back(with_text(inform, 12, name));
  }
  all.push_back(named);

  for (const std::string line : {"dhcp-ignore=tag:!known", "dhcp-ignore=tag:red"}) {
    Scenario ignoring =
        pool("ignoring", {kPool, "dhcp-host=52:54:00:12:34:0a,set:red",
                          "dhcp-host=52:54:00:12:34:0b,10.9.0.5", "dhcp-host=named,set:red", line});
    for (std::uint8_t number = 9; number < 13; ++number) {
      add_lease(ignoring, plain(kDiscover, number));
      add_lease(ignoring, with_text(plain(kDiscover, static_cast<std::uint8_t>(number + 20)), 12,
                                    number == 9 ? "named" : "unnamed"));
    }
    all.push_back(ignoring);
  }
}

void ranges(std::vector<Scenario>& all) {
  const std::vector<std::vector<std::string>> spellings{
      {"dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0"},
      {"dhcp-range=192.168.77.100,192.168.77.150,255.255.255.0,192.168.77.254,2h"},
      {"dhcp-range=192.168.77.150,192.168.77.100,infinite"},
      {"dhcp-range=192.168.77.0,static", "dhcp-host=52:54:00:12:34:0a,192.168.77.80"},
      {"dhcp-range=192.168.77.0,static,255.255.255.0,45m",
       "dhcp-host=52:54:00:12:34:0a,192.168.77.80,named,90"},
      {"dhcp-range=set:eth,192.168.77.100,192.168.77.150,1d"},
      {"dhcp-range=192.168.77.100,192.168.77.100,1w"},
      {"dhcp-range=tag:red,192.168.77.100,192.168.77.110,2m",
       "dhcp-range=tag:!red,192.168.77.120,192.168.77.130,60", "dhcp-mac=set:red,*:*:*:*:*:0a"},
      {"dhcp-range=set:low,192.168.77.100,192.168.77.101",
       "dhcp-range=set:high,192.168.77.200,192.168.77.201", "dhcp-option=tag:low,42,10.0.0.1",
       "dhcp-option=tag:high,42,10.0.0.2", "dhcp-option=42,10.0.0.3"},
      {"dhcp-range=set:low,192.168.77.100,192.168.77.150", "tag-if=set:more,tag:low",
       "dhcp-option=tag:more,42,10.0.0.1", "dhcp-option=tag:low,42,10.0.0.2",
       "dhcp-boot=tag:low,low.0", "dhcp-boot=tag:more,more.0"},
      {kPool, "dhcp-sequential-ip"},
      {"dhcp-range=192.168.77.100,192.168.77.103", "dhcp-lease-max=2"},
      {kPool, "dhcp-broadcast=tag:red", "dhcp-mac=set:red,*:*:*:*:*:0a"},
      {kPool, "dhcp-authoritative"},
      {kPool, "dhcp-rapid-commit"},
      {kPool, "dhcp-ignore-clid"},
      {kPool, "dhcp-ignore-names"},
      {kPool, "dhcp-ignore-names=tag:red", "dhcp-mac=set:red,*:*:*:*:*:0a"},
      {kPool, "dhcp-generate-names", "domain=lab.example"},
      {kPool, "dhcp-generate-names=tag:red", "dhcp-mac=set:red,*:*:*:*:*:0a"},
      {kPool, "dhcp-client-update", "domain=lab.example"},
      {kPool, "dhcp-fqdn", "domain=lab.example"},
      {kPool, "domain=lab.example,192.168.77.0/24", "domain=other.example"},
      {kPool, "domain=lab.example,192.168.77.100,192.168.77.120", "domain=other.example"},
      {kPool, "dhcp-alternate-port=67,68"},
      {"shared-network=eth0,10.5.0.1", "dhcp-range=10.5.0.10,10.5.0.20,255.255.255.0"},
      {"shared-network=192.168.77.1,10.5.0.1", "dhcp-range=10.5.0.10,10.5.0.20,255.255.255.0",
       "dhcp-range=192.168.77.100,192.168.77.101"}};
  int number = 0;
  for (const std::vector<std::string>& lines : spellings) {
    Scenario scenario = pool(fmt::format("ranges {}", number++), lines);
    add(scenario, shown({"eth0", "eth", "low", "high", "more", "red", "known"}));
    for (const std::uint8_t client : std::initializer_list<std::uint8_t>{10, 11, 12, 13}) {
      Step step = plain(kDiscover, client);
      if (client == 11) step = with_text(step, 12, "machine11.some.example");
      if (client == 12) step = with(step, 81, {1, 0, 0, 'f', 'q', 'd', 'n', '1', '2'});
      if (client == 13) {
        step = with(step, 81, {4, 0, 0, 4, 'w', 'i', 'r', 'e', 3, 'l', 'a', 'b', 0});
        step = with(step, 61, {1, 0x52, 0x54, 0, 0x12, 0x34, 13});
      }
      if (client != 11) step.message.header.flags = 0;
      add_lease(scenario, step);
      Step again = filled(to_server(step, client), Step::Fill::Held);
      replace(again.message, 53, {kRequest});
      scenario.steps.push_back(again);
      replace(again.message, 53, {kInform});
      scenario.steps.push_back(again);
    }
    add_lease(scenario, with(plain(kDiscover, 14), 80, {}));
    add_lease(scenario, with(with(plain(kDiscover, 15), 81, {2, 0, 0}), 12, {'n', 'u', 'l', 0}));
    add_lease(scenario, with(plain(kDiscover, 16), 81, {0, 0, 0, 'b', 'a', 'd', '_', '!'}));
    add_lease(scenario, with(plain(kDiscover, 17), 51, {0, 0, 0, 10}));
    add_lease(scenario, with(plain(kDiscover, 18), 51, {255, 255, 255, 255}));
    add_lease(scenario, with(plain(kDiscover, 19), 61, {1, 0x52, 0x54, 0, 0x12, 0x34, 13}));
    add_lease(scenario, with_text(plain(kDiscover, 20), 12, "machine11"));
    all.push_back(scenario);
  }
}

void refusals(std::vector<Scenario>& all) {
  for (const bool is_authoritative : {false, true}) {
    Scenario scenario = pool("refusals", {kPool, "dhcp-range=10.9.0.100,10.9.0.150,255.255.0.0",
                                          "dhcp-host=52:54:00:12:34:0a,192.168.77.60"});
    if (is_authoritative) scenario.lines.push_back("dhcp-authoritative");
    const auto ask = [&](std::uint8_t type, std::uint8_t client, Ipv4Address requested,
                         Ipv4Address server, Ipv4Address ciaddr, bool is_unicast = false) {
      Step step = plain(type, client);
      if (!requested.is_unspecified()) {
        step.message.add_address(OptionCode::RequestedAddress, requested);
      }
      if (!server.is_unspecified()) {
        step.message.add_address(OptionCode::ServerIdentifier, server);
      }
      step.message.header.ciaddr = ciaddr;
      step.source.address = ciaddr;
      step.message.header.flags = client % 2 == 0 ? 0 : dhcp::kBroadcastFlag;
      if (is_unicast) step = to_server(step, client);
      step.name += fmt::format(" {} {} {} {}", to_string(requested), to_string(server),
                               to_string(ciaddr), is_unicast ? "unicast" : "");
      scenario.steps.push_back(step);
    };
    const Ipv4Address in = Ipv4Address::of(192, 168, 77, 133);
    const Ipv4Address out = Ipv4Address::of(192, 168, 77, 33);
    const Ipv4Address far = Ipv4Address::of(10, 9, 0, 120);
    const Ipv4Address foreign = Ipv4Address::of(172, 16, 0, 5);
    const Ipv4Address other = Ipv4Address::of(192, 168, 77, 2);
    std::uint8_t client = 20;
    for (const Ipv4Address address : {in, out, far, foreign, kServer, Ipv4Address{}}) {
      ask(kRequest, client++, address, {}, {});
      ask(kRequest, client++, address, kServer, {});
      ask(kRequest, client++, address, other, {});
      ask(kRequest, client++, {}, {}, address);
      ask(kRequest, client++, {}, {}, address, true);
      ask(kRequest, client++, {}, kServer, address, true);
      ask(kRequest, client++, address, {}, address, true);
      ask(kInform, client++, {}, {}, address);
      ask(kInform, client++, {}, {}, address, true);
      ask(kInform, client++, address, kServer, address, true);
      ask(kDecline, client, address, other, {});
      ask(kDecline, client, address, {}, {});
      ask(kDiscover, client++, {}, {}, {});
      ask(kRelease, client, {}, kServer, address, true);
      ask(kRelease, client++, {}, {}, address, true);
      ask(kDiscover, client++, address, {}, address);
    }
    ask(kRequest, 10, in, {}, {});
    ask(kRequest, 10, in, kServer, {});
    ask(kRequest, 10, Ipv4Address::of(192, 168, 77, 60), {}, {});
    for (const std::uint8_t type :
         std::initializer_list<std::uint8_t>{0, 2, 4, 5, 6, 9, 10, 13, 255})
      ask(type, 11, {}, {}, {});
    Step relayed = through(plain(kRequest, 12), kRemoteRelay);
    relayed.message.add_address(OptionCode::RequestedAddress, in);
    scenario.steps.push_back(relayed);
    relayed.message.header.flags = 0;
    scenario.steps.push_back(relayed);
    all.push_back(scenario);
  }
}

// Without a server identifier, which RFC 2131 table 5 demands.
void giving_back(std::vector<Scenario>& all) {
  for (const bool has_server : {true, false}) {
    Scenario scenario = pool("giving back", {kPool});
    const auto give_back = [&](std::uint8_t type, std::uint8_t client) {
      add_lease(scenario, plain(kDiscover, client));
      Step step = filled(plain(type, client), Step::Fill::Wanted);
      if (type == kRelease) step = to_server(filled(step, Step::Fill::Held), client);
      if (has_server)
        step = filled(step, type == kRelease ? Step::Fill::Held : Step::Fill::Selected);
      scenario.steps.push_back(step);
      if (type == kDecline) {
        scenario.steps.push_back(plain(kDiscover, client));
        return;
      }
      // Whether the address is free again.
      Step other = filled(plain(kDiscover, client), Step::Fill::Wanted);
      other.message.add(OptionCode::ClientIdentifier, Bytes{7, client});
      scenario.steps.push_back(other);
    };
    give_back(kDecline, 20);
    give_back(kRelease, 21);
    give_back(kDecline, 22);
    all.push_back(scenario);
  }
}

void bootp_clients(std::vector<Scenario>& all) {
  const std::vector<std::vector<std::string>> kinds{
      {},
      {"bootp-dynamic"},
      {"bootp-dynamic=tag:red"},
      {"bootp-dynamic", "dhcp-no-override"},
      {"bootp-dynamic", "dhcp-ignore=tag:bootp"},
      {"bootp-dynamic", "dhcp-boot=tag:bootp,vmlinux,nfs,192.168.77.9", "dhcp-boot=other"},
      {"bootp-dynamic", "dhcp-option=17,\"/srv/root\"", "dhcp-option=6,192.168.77.3",
       "dhcp-option-force=128,\"" + std::string(40, 'f') + "\""}};
  int number = 0;
  for (const std::vector<std::string>& lines : kinds) {
    Scenario scenario = pool(
        fmt::format("BOOTP {}", number++),
        {kPool, "dhcp-mac=set:red,*:*:*:*:*:14", "dhcp-host=52:54:00:12:34:0a,192.168.77.60,old",
         "dhcp-host=52:54:00:12:34:0b,set:red,named,20m",
         "dhcp-host=52:54:00:12:34:0c,192.168.77.61,2h", "dhcp-host=52:54:00:12:34:0d,ignore",
         "dhcp-host=52:54:00:12:34:0e,10.9.0.4"});
    add(scenario, lines);
    add(scenario, shown({"bootp", "red", "file-tag", "known"}));
    for (std::uint8_t client = 9; client < 22; ++client) {
      Step step = bootp(client);
      if (client % 2 == 0) step.message.header.flags = 0;
      scenario.steps.push_back(step);
      scenario.steps.push_back(step);
    }
    Step step = bootp(30);
    step.message.header.set_file("file-tag");
    scenario.steps.push_back(step);
    step = bootp(31);
    step.message.header.hlen = 0;
    scenario.steps.push_back(step);
    step = bootp(32);
    step.message.header.ciaddr = Ipv4Address::of(192, 168, 77, 32);
    scenario.steps.push_back(step);
    step = bootp(33);
    step.message.options.clear();
    step.message.end = false;
    scenario.steps.push_back(step);
    scenario.steps.push_back(through(bootp(34), kNearRelay));
    scenario.steps.push_back(with_text(bootp(35), 60, "PXEClient:Arch:00000:UNDI:002001"));
    scenario.steps.push_back(with_text(bootp(36), 12, "bootp-name"));
    scenario.steps.push_back(with(bootp(37), 55, {1, 3, 17}));
    scenario.steps.push_back(with(bootp(38), 50, {192, 168, 77, 140}));
    add_lease(scenario, plain(kDiscover, 10));
    add_lease(scenario, plain(kDiscover, 20));
    scenario.steps.push_back(bootp(20));
    all.push_back(scenario);
  }
}

void menus(std::vector<Scenario>& all) {
  Scenario scenario = proxy("menus", {"dhcp-range=192.168.77.0,proxy"});
  for (int number = 0; number < 12; ++number) {
    scenario.services.push_back({.architecture = 0,
                                 .text = fmt::format("Entry {}", number),
                                 .basename = fmt::format("file{}.0", number)});
  }
  scenario.services.push_back(
      {.architecture = 0, .text = "Large", .kind = Service::Kind::Numbered, .type = 0x7fff});
  scenario.services.push_back(
      {.architecture = 0, .text = "Larger", .kind = Service::Kind::Numbered, .type = 0x8003});
  scenario.services.push_back(
      {.architecture = 0, .text = "Largest", .kind = Service::Kind::Numbered, .type = 0xffff});
  scenario.prompts = {{.text = "Dr\xc3\xbc"
                               "cken Sie F8 \xe2\x80\x94 Men\xc3\xbc",
                       .timeout = 10}};
  count_types(scenario);
  std::uint8_t client = kFirst;
  for (const std::uint16_t type :
       std::initializer_list<std::uint16_t>{0x8000, 0x800b, 0x800c, 0x7fff, 0x8003, 0xffff, 0}) {
    scenario.steps.push_back(discover(client, 0));
    scenario.steps.push_back(ask_boot_server(client, 0));
    scenario.steps.push_back(ask_item(client++, 0, type));
  }
  all.push_back(scenario);

  for (const std::optional<unsigned> timeout :
       std::initializer_list<std::optional<unsigned>>{{}, 0U, 1U, 255U, 256U, 4000000000U}) {
    Scenario prompts = proxy("prompts", {"dhcp-range=192.168.77.0,proxy,255.255.255.0"});
    prompts.services = {{.architecture = 0, .text = "Boot", .basename = "a"},
                        {.architecture = 0, .text = "Other\xc3\xa9", .basename = "b"},
                        {.architecture = 7, .text = "UEFI", .basename = "c.efi"},
                        {.architecture = 6, .text = "", .basename = "d.efi"}};
    prompts.prompts = {{.text = "first", .timeout = 3},
                       {.text = std::string(200, 'p'), .timeout = timeout}};
    count_types(prompts);
    for (const std::uint16_t architecture : std::initializer_list<std::uint16_t>{0, 7, 6, 9, 16}) {
      prompts.steps.push_back(discover(client, architecture));
      prompts.steps.push_back(ask_boot_server(client++, architecture));
    }
    for (const std::vector<std::uint16_t>& list :
         std::vector<std::vector<std::uint16_t>>{{9, 7}, {16, 9}, {20, 21, 7}, {1, 0}, {0, 7}}) {
      Step step = discover(client++, 0);
      set_architectures(step.message, list);
      prompts.steps.push_back(step);
    }
    all.push_back(prompts);
  }
}

const std::vector<std::string> kRanges{kPool, kPool + ",255.255.255.0,192.168.77.255,3h",
                                       "dhcp-range=set:low,192.168.77.100,192.168.77.150,infinite",
                                       "dhcp-range=tag:!red,192.168.77.100,192.168.77.150,2m",
                                       "dhcp-range=192.168.77.0,static"};

const std::vector<std::string> kLines{"dhcp-range=10.9.0.100,10.9.0.150,255.255.0.0",
                                      "dhcp-range=set:far,10.8.0.100,10.8.0.150,255.255.255.0",
                                      "dhcp-range=tag:red,192.168.77.160,192.168.77.170,10m",
                                      "dhcp-mac=set:red,*:*:*:*:*:0b",
                                      "dhcp-userclass=set:red,iPXE",
                                      "dhcp-vendorclass=set:blue,Linux",
                                      "dhcp-match=set:blue,93,7",
                                      "dhcp-match=set:ipxe,175",
                                      "dhcp-circuitid=set:red,\"port\"",
                                      "dhcp-name-match=set:blue,web*",
                                      "tag-if=set:both,tag:red,tag:blue",
                                      "tag-if=set:neither,tag:!red,tag:!blue",
                                      "dhcp-host=52:54:00:12:34:0a,set:red,192.168.77.60,first,10m",
                                      "dhcp-host=52:54:00:12:34:0b,192.168.77.61",
                                      "dhcp-host=52:54:00:12:34:0c,ignore",
                                      "dhcp-host=52:54:00:12:34:0d,id:*,set:blue",
                                      "dhcp-host=52:54:00:12:*:*,set:wild",
                                      "dhcp-host=web1,192.168.77.62",
                                      "dhcp-host=id:01:02:0b,192.168.77.63,byid",
                                      "dhcp-host=52:54:00:12:34:0e,tag:blue,192.168.77.64",
                                      "dhcp-ignore=tag:!known",
                                      "dhcp-ignore=tag:both",
                                      "dhcp-broadcast=tag:blue",
                                      "dhcp-authoritative",
                                      "dhcp-no-override",
                                      "dhcp-rapid-commit",
                                      "dhcp-ignore-clid",
                                      "dhcp-ignore-names=tag:red",
                                      "dhcp-generate-names=tag:blue",
                                      "dhcp-client-update",
                                      "bootp-dynamic=tag:blue",
                                      "bootp-dynamic",
                                      "dhcp-proxy",
                                      "dhcp-proxy=192.168.77.200",
                                      "domain=lab.example",
                                      "domain=low.example,192.168.77.0/25",
                                      "domain=eth0.example,eth0",
                                      "dhcp-boot=tag:ipxe,http://boot.example/a.ipxe",
                                      "dhcp-boot=tag:!ipxe,tag:red,red.0,redserver,192.168.77.9",
                                      "dhcp-option=tag:red,3,192.168.77.7",
                                      "dhcp-option=3,192.168.77.8",
                                      "dhcp-option=3",
                                      "dhcp-option=option:server-ip-address,192.168.77.4",
                                      "dhcp-option=tag:red,255,192.168.77.5,192.168.77.6",
                                      "dhcp-option=tag:low,42,10.0.0.1",
                                      "dhcp-option=42,0.0.0.0",
                                      "dhcp-option=12,\"forced\"",
                                      "dhcp-option=15,\"option.example\"",
                                      "dhcp-option=60,\"Linux\"",
                                      "dhcp-option=vendor:Linux,1,\"text\"",
                                      "dhcp-option-force=vendor:Linux,2,10.0.0.1",
                                      "dhcp-option=encap:175,176,1b",
                                      "dhcp-option-force=encap:175,190,\"user\"",
                                      "dhcp-option=vi-encap:9,1,\"abc\"",
                                      "dhcp-option-force=tag:!known,224,\"unknown\"",
                                      "dhcp-option-force=tag:bootp,225,\"bootp\"",
                                      "dhcp-option-force=226,\"" + std::string(200, 'x') + "\"",
                                      "dhcp-option=227,\"" + std::string(100, 'y') + "\"",
                                      "dhcp-option=228,\"" + std::string(60, 'z') + "\""};

// What a client says of itself in all its messages.
void add_habits(Random& habits, Step& step, std::uint8_t client) {
  const auto maybe = [&](std::uint8_t code, Bytes value) {
    if (habits.chance(0.15)) step = with(std::move(step), code, std::move(value));
  };
  maybe(12, octets_of("web1"));
  maybe(12, {'w', 'e', 'b', '2', 0});
  maybe(12, octets_of("some.where.example"));
  maybe(60, octets_of("Linux 6"));
  maybe(77, octets_of("iPXE"));
  maybe(61, {1, 2, client});
  maybe(93, {0, 7});
  maybe(175, {1, 1, 1});
  maybe(80, {});
  maybe(81, {0, 0, 0, 'f', 'q', 'd', 'n'});
  maybe(81, {5, 0, 0, 4, 'w', 'i', 'r', 'e', 2, 'l', 'a', 0});
  maybe(57, {3, 0});
  maybe(57, {5, 220});
  maybe(51, {0, 0, 1, 44});
  maybe(118, {10, 9, 0, 0});
  maybe(55, {1, 3, 43, 60, 66, 67, 97, 125, 175});
  maybe(55, {3, 42, 226, 227, 228});
  if (habits.chance(0.1)) step.message.remove(OptionCode::ParameterRequestList);
  if (habits.chance(0.3)) step.message.header.flags = 0;
  if (habits.chance(0.05)) step.message.header.hlen = 16;
  // A client is behind a relay or it is not, whatever else it says this time.
  if (client % 4 != 0) return;
  // Each on the subnet of its clients: of a relay elsewhere dnsmasq makes everybody's router.
  const std::vector<std::pair<Ipv4Address, Bytes>> relays{
      {kNearRelay, {}},
      {kNearRelay, {1, 4, 'p', 'o', 'r', 't'}},
      {kRemoteRelay, {}},
      {kRemoteRelay, {1, 4, 'p', 'o', 'r', 't'}},
      {kRemoteRelay, {11, 4, 10, 9, 0, 254}},
      {Ipv4Address::of(10, 8, 0, 1), {5, 4, 10, 8, 0, 0}}};
  const auto& [relay_address, agent] = relays[client / 4 % relays.size()];
  step = through(std::move(step), relay_address, agent);
}

}  // namespace

Scenario draw_directive_scenario(Random random, std::size_t steps) {
  Scenario scenario = pool("directives", {kRanges[random.below(kRanges.size())]});
  for (const std::string& line : kLines) {
    if (random.chance(0.2)) scenario.lines.push_back(line);
  }
  for (std::size_t at = 0; at < steps; ++at) {
    const auto client = static_cast<std::uint8_t>(kFirst + at / 2);
    Random habits = random.fork(client);
    Step step = habits.chance(0.15) ? bootp(client) : plain(kDiscover, client);
    add_habits(habits, step, client);
    if (step.message.find(OptionCode::MessageType) == nullptr) {
      scenario.steps.push_back(step);
      continue;
    }
    add_lease(scenario, step);
    Step again = filled(scenario.steps.back(), Step::Fill::Held);
    const bool is_relayed = !again.message.header.giaddr.is_unspecified();
    if (!is_relayed && habits.chance(0.5)) again = to_server(std::move(again), client);
    if (random.chance(0.5)) {
      again.name += " (renewing)";
      scenario.steps.push_back(again);
    }
    if (random.chance(0.5)) {
      replace(again.message, 53, {kInform});
      again.name += " (INFORM)";
      scenario.steps.push_back(again);
    }
    if (random.chance(0.2)) {
      replace(again.message, 53, {kRelease});
      again.name += " (RELEASE)";
      scenario.steps.push_back(again);
    }
  }
  return scenario;
}

std::vector<Scenario> directive_scenarios() {
  std::vector<Scenario> all;
  relays_to_pools(all);
  relays_to_proxies(all);
  first_relays(all);
  wishes_of_roms(all);
  server_addresses(all);
  user_control(all);
  tag_sources(all);
  option_values(all);
  long_options(all);
  encapsulated(all);
  vendor_options(all);
  hosts(all);
  ranges(all);
  refusals(all);
  giving_back(all);
  bootp_clients(all);
  menus(all);
  return all;
}

}  // namespace pxeproof::equality

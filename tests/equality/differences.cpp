#include "tests/equality/differences.h"

#include <algorithm>
#include <array>

#include "tests/equality/requests.h"
#include "tests/equality/vendor_block.h"

namespace pxeproof::equality {

namespace {

using dhcp::OptionCode;

constexpr std::string_view kTwins = "arch 9";
constexpr std::string_view kArchitectureList = "D18";
constexpr std::string_view kImpossibleSize = "option 57";

enum class Path { Offer, Acknowledge, Item, Lease, Other };

// One exchange under judgement: what the client asked, and the reply as it stands.
struct Exchange {
  const Scenario& scenario;
  const Step& step;
  const dhcp::Message& request;
  std::optional<Reply>& reply;

  Path path = Path::Other;
  std::vector<std::uint16_t> architectures{};
  std::uint16_t architecture = 0;  // that is served
  std::vector<const Service*> services{};
  const Boot* boot = nullptr;
  dhcp::Message answer{};
  bool speaks_pxe = false;  // the client, and the configuration with it

  std::uint8_t type() const {
    const dhcp::Option* option = request.find(OptionCode::MessageType);
    return option == nullptr || option->value.empty() ? std::uint8_t{0} : option->value[0];
  }
  bool is_uefi() const { return architecture >= 6; }
  bool is_boot_path() const { return path == Path::Offer || path == Path::Acknowledge; }
  bool has_menu_path() const { return is_boot_path() || path == Path::Lease; }
  bool has_file() const { return boot != nullptr && !boot->file.empty(); }
  bool says(std::string_view vendor) const { return text_of(request, 60).starts_with(vendor); }
  void silence() { reply.reset(); }

  // The single UEFI service that is handed out without a menu, by either rule.
  const Service* single(bool counts_all) const {
    const Service* found = nullptr;
    std::size_t count = 0;
    for (const Service* service : services) {
      const bool is_file = service->kind == Service::Kind::File;
      if (is_file) found = service;
      if (is_file || counts_all) ++count;
    }
    return is_uefi() && count == 1 ? found : nullptr;
  }
};

std::optional<std::uint16_t> twin(std::uint16_t architecture) {
  if (architecture == 7) return 9;
  if (architecture == 9) return 7;
  return std::nullopt;
}

// The architecture whose services a client gets, and the number those services are written with.
struct Served {
  std::uint16_t sent = 0;
  std::uint16_t configured = 0;
};
std::optional<Served> served(const Scenario& scenario, const dhcp::Message& request) {
  for (const std::uint16_t each : architectures(request)) {
    if (!services_for(scenario, request, each).empty()) return Served{each, each};
    const auto other = twin(each);
    if (other && !services_for(scenario, request, *other).empty()) return Served{each, *other};
  }
  return std::nullopt;
}

std::optional<Ipv4Address> address_of(const Server& server) {
  const bool is_known =
      server.kind == Server::Kind::Address || server.kind == Server::Kind::KnownName;
  return is_known ? std::optional(server.address) : std::nullopt;
}

// D22: the file behind a basename.
std::string file_name(const std::string& basename, std::uint16_t architecture,
                      std::uint16_t layer) {
  if (basename.find("://") != std::string::npos) return basename;
  const std::string last = basename.substr(basename.rfind('/') + 1);
  if (last.find('.') != std::string::npos || (architecture >= 6 && layer == 0)) return basename;
  return basename + "." + std::to_string(layer);
}

void set_file(Exchange& exchange, const std::string& file) {
  exchange.answer.remove(OptionCode::BootFileName);
  exchange.answer.header.file.fill(0);
  if (exchange.answer.header.set_file(file)) return;
  // A name beyond the field is in its option, ahead of 43.
  auto& options = exchange.answer.options;
  const auto at = std::ranges::find_if(
      options, [](const dhcp::Option& option) { return option.code == 43 || option.code == 82; });
  options.insert(at, {67, Bytes(as_bytes(file).begin(), as_bytes(file).end())});
}

void set_vendor_block(Exchange& exchange, const std::optional<Bytes>& block) {
  exchange.answer.remove(OptionCode::VendorSpecific);
  if (!block) return;
  auto& options = exchange.answer.options;
  const auto at = std::ranges::find(options, std::uint8_t{82}, &dhcp::Option::code);
  options.insert(at, {43, *block});
}

// Octets that option 43 may have: what the client takes less everything else, in one option.
std::size_t block_limit(const Exchange& exchange) {
  std::size_t limit = 548;
  const dhcp::Option* asked = exchange.request.find(OptionCode::MaximumMessageSize);
  if (asked != nullptr && asked->value.size() >= 2) {
    const std::size_t number = static_cast<std::size_t>(asked->value[0] << 8U | asked->value[1]);
    if (number > 576) limit = std::min<std::size_t>(number - 28, 16384);
  }
  std::size_t used = dhcp::kOptionsOffset;
  for (const dhcp::Option& option : exchange.answer.options) {
    if (option.code != 43 && option.code != 52) used += 2 + option.value.size();
  }
  return std::min<std::size_t>(255, limit - used - 4);
}

// A difference: what it changes in a reply, if it applies.
struct Rule {
  std::string_view id;
  void (*apply)(Exchange&);
};

void ignore_hosts(Exchange& exchange) {
  const dhcp::Header& header = exchange.request.header;
  const bool is_ignored =
      header.hlen == 6 &&
      std::ranges::find(exchange.scenario.ignored, header.mac()) != exchange.scenario.ignored.end();
  if (is_ignored) exchange.silence();
}

void compare_server_identifier(Exchange& exchange) {
  const dhcp::Option* id = exchange.request.find(OptionCode::ServerIdentifier);
  if (id == nullptr || exchange.type() != kRequest || exchange.path == Path::Lease) return;
  if (id->value != Bytes{192, 168, 77, 1}) exchange.silence();
}

// Option 93, or what option 60 says without it.
std::vector<std::uint16_t> item_architectures(const Exchange& exchange) {
  if (!exchange.architectures.empty()) return exchange.architectures;
  constexpr std::string_view kMark = ":Arch:";
  const std::string vendor = text_of(exchange.request, 60);
  const std::size_t at = vendor.find(kMark);
  if (at == std::string::npos) return {};
  return {static_cast<std::uint16_t>(std::stoul(vendor.substr(at + kMark.size(), 5)))};
}

const Service* item_service(const Exchange& exchange) {
  const std::vector<std::uint16_t> architectures = item_architectures(exchange);
  const std::uint16_t type = static_cast<std::uint16_t>(*boot_item(exchange.request) >> 16U);
  for (const Service& service : exchange.scenario.services) {
    if (service.type != type) continue;
    const bool is_served =
        architectures.empty() || std::ranges::any_of(architectures, [&](std::uint16_t each) {
          return each == service.architecture || twin(each) == service.architecture;
        });
    if (is_served && holds(exchange.scenario, service.condition, exchange.request)) return &service;
  }
  return nullptr;
}

void check_item(Exchange& exchange) {
  if (exchange.path == Path::Item && item_service(exchange) == nullptr) exchange.silence();
}

// A lease is given all the same, only without the promise of something to boot.
void refuse_dead_end_lease(Exchange& exchange, const std::vector<const UserOption*>& user) {
  const bool has_file = exchange.has_file() || exchange.scenario.names_boot_file();
  if (!exchange.speaks_pxe || !exchange.services.empty() || has_file || !user.empty()) return;
  if (!exchange.scenario.prompts.empty()) return;
  for (const OptionCode code :
       {OptionCode::VendorClass, OptionCode::ClientMachineIdentifier, OptionCode::VendorSpecific}) {
    exchange.answer.remove(code);
  }
}

void refuse_dead_ends(Exchange& exchange) {
  if (!exchange.has_menu_path() || !exchange.reply) return;
  const auto user = user_options_for(exchange.scenario, exchange.request);
  const bool has_own_menu = std::ranges::any_of(
      user, [](const UserOption* each) { return each->code == 8 || each->code == 9; });
  if (exchange.path == Path::Lease) {
    refuse_dead_end_lease(exchange, user);
    return;
  }
  if (exchange.services.empty() && !exchange.has_file() && !has_own_menu) exchange.silence();
}

// Of a menu: control, servers, entries, prompt. None of the four is in a proxy answer by itself.
constexpr std::array<std::uint8_t, 4> kCutSubOptions{6, 8, 9, 10};

void answer_http(Exchange& exchange) {
  if (!exchange.says("HTTPClient") || !exchange.is_boot_path()) return;
  const Service* single = exchange.single(true);
  std::string file;
  if (single != nullptr) {
    file = file_name(single->basename, exchange.architecture, 0);
  } else if (exchange.boot != nullptr) {
    file = exchange.boot->file;
  }
  if (!file.starts_with("http://") && !file.starts_with("https://")) {
    exchange.silence();
    return;
  }
  set_vendor_block(exchange, std::nullopt);
  // A menu that was cut (D13) stands in the message as if its sub-options were options.
  std::erase_if(exchange.answer.options, [](const dhcp::Option& option) {
    return std::ranges::find(kCutSubOptions, option.code) != kCutSubOptions.end();
  });
  set_file(exchange, file);
}

void know_names(Exchange& exchange) {
  if (exchange.path == Path::Lease) return;
  const auto apply = [&exchange](const Server& server) {
    if (server.kind == Server::Kind::UnknownName) exchange.silence();
    if (server.kind == Server::Kind::KnownName) exchange.answer.header.siaddr = server.address;
  };
  if (exchange.path == Path::Item) {
    apply(item_service(exchange)->server);
    return;
  }
  const Service* single = exchange.single(true);
  if (single != nullptr) {
    if (exchange.path == Path::Offer) {
      // The offer names no file, but who cannot say where it is does not promise it.
      if (single->server.kind == Server::Kind::UnknownName) exchange.silence();
      return;
    }
    apply(single->server);
    return;
  }
  // A menu of which nothing is left is none.
  const bool has_known = std::ranges::any_of(exchange.services, [](const Service* service) {
    return service->server.kind != Server::Kind::UnknownName;
  });
  if (!exchange.services.empty() && !has_known && !exchange.has_file()) {
    exchange.silence();
    return;
  }
  if (exchange.boot != nullptr) apply(exchange.boot->server);
}

void count_all_entries(Exchange& exchange) {
  if (!exchange.is_boot_path()) return;
  if (exchange.single(false) == nullptr || exchange.single(true) != nullptr) return;
  dhcp::Header& header = exchange.answer.header;
  header.sname.fill(0);
  header.siaddr = kServer;
  set_file(exchange, exchange.has_file() ? exchange.boot->file : std::string());
  if (exchange.boot != nullptr) {
    header.siaddr = address_of(exchange.boot->server).value_or(kServer);
  }
  if (exchange.path == Path::Acknowledge) {
    set_vendor_block(exchange,
                     menu_block(exchange.scenario, exchange.request, exchange.services, {}));
  }
}

void name_itself(Exchange& exchange) {
  if (!exchange.is_boot_path() || exchange.is_uefi() || !exchange.has_file()) return;
  if (exchange.boot->server.kind == Server::Kind::None) exchange.answer.header.siaddr = kServer;
}

void take_uefi_names(Exchange& exchange) {
  if (exchange.path == Path::Item) {
    const Service* service = item_service(exchange);
    const auto layer = static_cast<std::uint16_t>(*boot_item(exchange.request));
    const std::string file = file_name(service->basename, service->architecture, layer);
    if (file.size() < 128) set_file(exchange, file);
    return;
  }
  const Service* single = exchange.single(true);
  if (single == nullptr || exchange.path != Path::Acknowledge) return;
  set_file(exchange, file_name(single->basename, exchange.architecture, 0));
}

void copy_flags(Exchange& exchange) {
  if (exchange.path != Path::Lease) exchange.answer.header.flags = exchange.request.header.flags;
}

void echo_identifier(Exchange& exchange) {
  const dhcp::Option* sent = exchange.request.find(OptionCode::ClientMachineIdentifier);
  if (sent == nullptr || sent->value.empty() || sent->value.size() == 17) return;
  if (exchange.answer.find(OptionCode::VendorClass) == nullptr) return;
  exchange.answer.remove(OptionCode::ClientMachineIdentifier);
  auto& options = exchange.answer.options;
  const auto at = std::ranges::find(options, std::uint8_t{60}, &dhcp::Option::code);
  options.insert(at == options.end() ? at : at + 1, {97, sent->value});
}

void hint_at_the_file(Exchange& exchange) {
  if (exchange.path != Path::Offer || !exchange.is_uefi() || exchange.says("HTTPClient")) return;
  const bool has_server = exchange.answer.header.siaddr != Ipv4Address{};
  if (!exchange.services.empty() || !exchange.has_file() || !has_server) return;
  set_vendor_block(exchange, menu_block(exchange.scenario, exchange.request, {}, {}));
}

// Every step towards the right option 43 on its own, so that each is seen to matter.
template <typename Change>
void rebuild_block(Exchange& exchange, const BlockRules& before, Change&& change) {
  const bool has_menu = exchange.path == Path::Acknowledge || !exchange.is_uefi();
  const bool has_hint = exchange.answer.find(OptionCode::VendorSpecific) != nullptr;
  if (exchange.path == Path::Item) {
    BlockRules after = before;
    change(after);
    set_vendor_block(exchange, item_block(exchange.scenario, exchange.request,
                                          *boot_item(exchange.request), after));
    return;
  }
  if (exchange.path == Path::Lease && (!exchange.speaks_pxe || !has_hint)) return;
  if ((!has_menu && !has_hint) || exchange.single(true) != nullptr) return;
  if (exchange.says("HTTPClient")) return;
  BlockRules after = before;
  change(after);
  set_vendor_block(exchange,
                   menu_block(exchange.scenario, exchange.request, exchange.services, after));
}

// dnsmasq's list of servers or menu entries beyond what one sub-option holds: no option 43 at all.
bool has_too_large_a_menu(const Exchange& exchange) {
  std::size_t menu = 0;
  std::size_t servers = 0;
  for (const Service* service : exchange.services) {
    menu += 3 + service->text.size();
    servers += 7;
  }
  return menu >= 253 || servers >= 253;
}

// Only a menu is cut; other options go whole into file and sname, or nowhere.
bool is_cut(const Exchange& exchange) {
  const bool has_menu = exchange.path != Path::Lease || exchange.speaks_pxe;
  return has_menu && exchange.answer.find(OptionCode::Overload) != nullptr;
}

void fit_menu(Exchange& exchange) {
  if (!has_too_large_a_menu(exchange)) return;
  rebuild_block(exchange, {}, [&](BlockRules& rules) { rules.limit = block_limit(exchange); });
}

void fit_packet(Exchange& exchange) {
  if (!is_cut(exchange)) return;
  exchange.answer.remove(OptionCode::Overload);
  exchange.answer.header.sname.fill(0);
  exchange.answer.header.file.fill(0);
  if (exchange.has_file()) set_file(exchange, exchange.boot->file);
  rebuild_block(exchange, {}, [&](BlockRules& rules) { rules.limit = block_limit(exchange); });
}

void fit_option(Exchange& exchange) {
  const std::size_t limit = block_limit(exchange);
  rebuild_block(exchange, {}, [&](BlockRules& rules) { rules.limit = limit; });
}

void let_users_replace(Exchange& exchange) {
  const BlockRules before{.limit = block_limit(exchange)};
  rebuild_block(exchange, before, [](BlockRules& rules) { rules.replaces_own = true; });
}

void list_configured(Exchange& exchange) {
  const BlockRules before{.replaces_own = true, .limit = block_limit(exchange)};
  rebuild_block(exchange, before, [](BlockRules& rules) {
    rules.lists_configured_servers = rules.resolves_names = true;
  });
}

void clamp_prompts(Exchange& exchange) {
  BlockRules before = BlockRules::ours(block_limit(exchange));
  before.allows_multicast = false;
  rebuild_block(exchange, before, [](BlockRules&) {});
}

void allow_multicast(Exchange& exchange) {
  rebuild_block(exchange, BlockRules::ours(block_limit(exchange)), [](BlockRules&) {});
}

void carry_long_names(Exchange& exchange) {
  if (exchange.path == Path::Item) {
    const Service* service = item_service(exchange);
    const auto layer = static_cast<std::uint16_t>(*boot_item(exchange.request));
    const std::string file = file_name(service->basename, service->architecture, layer);
    if (file.size() >= 128) set_file(exchange, file);
    return;
  }
  if (!exchange.is_boot_path()) return;
  const bool is_boot_file = exchange.single(true) == nullptr && exchange.has_file();
  if (is_boot_file && exchange.boot->file.size() >= 128) set_file(exchange, exchange.boot->file);
}

// dnsmasq looks for END before it makes room for the relay's option.
void return_the_relays_option(Exchange& exchange) {
  const dhcp::Option* sent = exchange.request.find(OptionCode::RelayAgentInformation);
  if (sent == nullptr || exchange.request.end) return;
  exchange.answer.remove(OptionCode::RelayAgentInformation);
  exchange.answer.add(OptionCode::RelayAgentInformation, sent->value);
}

void believe_the_source(Exchange& exchange) {
  if (exchange.step.destination.port != 4011 || exchange.scenario.has_pool) return;
  const Endpoint source = exchange.step.source;
  if (source.address.is_unspecified()) return;
  exchange.reply->destination = source;
  const bool is_near = Subnet{kServer, kNetmask}.contains(source.address);
  exchange.reply->destination_mac = neighbour_mac(is_near ? source.address : kGateway);
}

// Who answers ARP for a client: whoever has a lease, under its own hardware address.
MacAddress neighbour_of(const Exchange& exchange, Ipv4Address address) {
  return exchange.scenario.has_pool ? exchange.request.header.mac() : neighbour_mac(address);
}

// dnsmasq sends both dhcp-boot's file and the user's option 67, and so on.
void send_options_once(Exchange& exchange) {
  if (exchange.path != Path::Lease) return;
  std::vector<dhcp::Option> once;
  for (dhcp::Option& option : exchange.answer.options) {
    const bool is_known = std::ranges::find(once, option.code, &dhcp::Option::code) != once.end();
    constexpr std::array<std::uint8_t, 4> kOnce{51, 54, 66, 67};
    const bool is_single = std::ranges::find(kOnce, option.code) != kOnce.end();
    if (!is_known || !is_single) once.push_back(std::move(option));
  }
  exchange.answer.options = std::move(once);
}

// RFC 2131 s.4.3.5: no lease time for an INFORM, unless the client asks for it by name.
void leave_lease_time_out(Exchange& exchange) {
  const bool lists_wishes = exchange.request.find(OptionCode::ParameterRequestList) != nullptr;
  if (exchange.path != Path::Lease || exchange.type() != kInform || lists_wishes) return;
  exchange.answer.remove(OptionCode::LeaseTime);
}

// RFC 2131 s.4.3.2: the server that was selected acknowledges.
void name_the_selected(Exchange& exchange) {
  const dhcp::Option* selected = exchange.request.find(OptionCode::ServerIdentifier);
  const bool is_selecting = exchange.path == Path::Lease && exchange.type() == kRequest &&
                            exchange.request.find(OptionCode::RequestedAddress) != nullptr;
  dhcp::Option* named = exchange.answer.find(OptionCode::ServerIdentifier);
  if (selected == nullptr || !is_selecting || named == nullptr) return;
  if (selected->value == Bytes{192, 168, 77, 1}) named->value = selected->value;
}

// A client on a shared network that the interface has no address on is a neighbour all the same.
void reach_shared_networks(Exchange& exchange) {
  const Ipv4Address address = exchange.reply->destination.address;
  const bool is_offered = !address.is_broadcast() && address == exchange.answer.header.yiaddr;
  const bool has_address = !exchange.request.header.ciaddr.is_unspecified();
  if (exchange.path != Path::Lease || !is_offered || has_address) return;
  if (Subnet{kServer, kNetmask}.contains(address)) return;
  exchange.reply->destination_mac = exchange.request.header.mac();
}

// The ROM that was sent to 4011 by an ordinary range's offer finds somebody there.
void answer_on_4011(Exchange& exchange) {
  const bool is_silent = !exchange.reply && exchange.path == Path::Acknowledge;
  const bool has_something = !exchange.services.empty() || exchange.has_file();
  const Ipv4Address client = exchange.request.header.ciaddr;
  if (!exchange.scenario.has_pool || !is_silent || !has_something) return;
  dhcp::Header header = exchange.request.header;
  header.op = dhcp::kBootReply;
  header.siaddr = {};
  dhcp::Message answer;
  answer.header = header;
  answer.add_u8(OptionCode::MessageType, 5);
  answer.add_address(OptionCode::ServerIdentifier, kServer);
  answer.add_text(OptionCode::VendorClass, "PXEClient");
  answer.add(OptionCode::ClientMachineIdentifier, as_bytes(text_of(exchange.request, 97)));
  exchange.answer = answer;
  const Service* single = exchange.single(true);
  if (single != nullptr) {
    exchange.answer.header.siaddr = address_of(single->server).value_or(kServer);
    exchange.answer.header.set_sname(to_string(exchange.answer.header.siaddr));
    set_file(exchange, file_name(single->basename, exchange.architecture, 0));
  } else {
    if (exchange.is_uefi()) exchange.answer.header.siaddr = kServer;
    if (exchange.has_file()) {
      exchange.answer.header.siaddr = address_of(exchange.boot->server).value_or(kServer);
      set_file(exchange, exchange.boot->file);
    }
    set_vendor_block(exchange, menu_block(exchange.scenario, exchange.request, exchange.services,
                                          BlockRules::ours(block_limit(exchange))));
  }
  exchange.reply = Reply{.destination_mac = neighbour_of(exchange, client),
                         .source_mac = kServerMac,
                         .source = {kServer, 4011},
                         .destination = {client, exchange.step.source.port},
                         .tos = 0xc0,
                         .ttl = 64,
                         .payload = {}};
}

constexpr std::array kRules{
    Rule{"D5", answer_on_4011},
    Rule{"D7", ignore_hosts},
    Rule{"D19", compare_server_identifier},
    Rule{"D6", check_item},
    Rule{"D10", refuse_dead_ends},
    Rule{"D9", know_names},
    Rule{"D16", count_all_entries},
    Rule{"D8", name_itself},
    Rule{"D22", take_uefi_names},
    Rule{"D20", copy_flags},
    Rule{"no END", return_the_relays_option},
    Rule{"D17", echo_identifier},
    Rule{"HTTP", answer_http},
    Rule{"long file", carry_long_names},
    Rule{"D11", hint_at_the_file},
    Rule{"D12", fit_menu},
    Rule{"D13", fit_packet},
    Rule{"over 255", fit_option},
    Rule{"D14", let_users_replace},
    Rule{"D15", list_configured},
    Rule{"D23", clamp_prompts},
    Rule{"43.7", allow_multicast},
    Rule{"option twice", send_options_once},
    Rule{"INFORM", leave_lease_time_out},
    Rule{"shared network", reach_shared_networks},
    Rule{"old relay", name_the_selected},
    Rule{"third address", believe_the_source},
};

bool is_pxe_client(const Scenario& scenario, const dhcp::Message& request) {
  const std::string vendor = text_of(request, 60);
  return scenario.speaks_pxe() &&
         std::ranges::any_of(scenario.pxe_vendors,
                             [&](const std::string& each) { return vendor.starts_with(each); });
}

Path path_of(const Scenario& scenario, const Step& step, const dhcp::Message& request,
             std::uint8_t type) {
  if (!is_pxe_client(scenario, request)) return Path::Other;
  if ((type == kRequest || type == kInform) && boot_item(request)) return Path::Item;
  if (type == kDiscover) return Path::Offer;
  return type == kRequest && step.destination.port == 4011 ? Path::Acknowledge : Path::Other;
}

Bytes payload_of(dhcp::Message answer) {
  answer.after_end.clear();
  Bytes payload;
  dhcp::encode_into(answer, dhcp::kMinimumMessage, payload);
  return payload;
}

}  // namespace

std::vector<std::string_view> difference_ids() {
  std::vector<std::string_view> ids{kTwins, kArchitectureList, kImpossibleSize};
  for (const Rule& rule : kRules) ids.push_back(rule.id);
  return ids;
}

std::optional<Rewriting> rewrite(const Scenario& scenario, const Step& step) {
  const dhcp::Option* size = step.message.find(OptionCode::MaximumMessageSize);
  constexpr std::uint8_t kIpAndUdp = 28;
  if (size != nullptr && size->value.size() == 2 && size->value[0] == 0 &&
      size->value[1] < kIpAndUdp) {
    Rewriting rewriting{kImpossibleSize, step};
    replace(rewriting.step.message, 57, {2, 64});
    return rewriting;
  }
  std::vector<std::uint16_t> numbers = architectures(step.message);
  const auto chosen = served(scenario, step.message);
  if (!chosen || numbers.front() == chosen->configured) return std::nullopt;
  Rewriting rewriting{chosen->sent == chosen->configured ? kArchitectureList : kTwins, step};
  std::erase(numbers, chosen->configured);
  numbers.insert(numbers.begin(), chosen->configured);
  set_architectures(rewriting.step.message, numbers);
  return rewriting;
}

namespace {

// dnsmasq takes a random part of at most an eighth of the renewal time off both times.
bool smooth_renewal(dhcp::Message& answer) {
  const auto number = [&answer](OptionCode code) -> std::uint32_t {
    const dhcp::Option* option = answer.find(code);
    const auto value = option == nullptr ? std::nullopt : Ipv4Address::from(option->value);
    return value ? value->value : 0;
  };
  const std::uint32_t nominal = number(OptionCode::LeaseTime) / 2;
  const std::uint32_t renewal = number(OptionCode::RenewalTime);
  const std::uint32_t rebinding = number(OptionCode::RebindingTime);
  if (nominal == 0 || renewal == 0 || rebinding <= renewal) return false;
  if (renewal > nominal || nominal - renewal > nominal / 8 + 1) return false;
  const std::uint32_t fuzz = nominal - renewal;
  ByteWriter(answer.find(OptionCode::RenewalTime)->value = {}).u32(nominal);
  ByteWriter(answer.find(OptionCode::RebindingTime)->value = {}).u32(rebinding + fuzz);
  return true;
}

// What is left of a lease, to the minute: the servers are asked at different moments.
bool round_lease_time(dhcp::Message& answer) {
  dhcp::Option* left = answer.find(OptionCode::LeaseTime);
  const auto value = left == nullptr ? std::nullopt : Ipv4Address::from(left->value);
  if (!value || value->value == 0xffffffffU) return false;
  left->value.clear();
  ByteWriter(left->value).u32((value->value + 59) / 60 * 60);
  return true;
}

}  // namespace

bool smooth_times(const Step& step, Reply& reply) {
  const auto decoded = dhcp::decode(reply.payload);
  if (!decoded || decoded->header.ciaddr.is_unspecified() || step.destination.port != 67) {
    return false;
  }
  dhcp::Message answer = *decoded;
  const dhcp::Option* type = step.message.find(OptionCode::MessageType);
  const bool is_inform = type != nullptr && type->value == Bytes{kInform};
  const bool is_smoothed = is_inform ? round_lease_time(answer) : smooth_renewal(answer);
  if (is_smoothed) reply.payload = payload_of(answer);
  return is_smoothed;
}

std::vector<std::string_view> apply_differences(const Scenario& scenario, const Step& step,
                                                std::optional<Reply>& reply) {
  if (!step.raw.empty()) return {};
  Exchange exchange{.scenario = scenario, .step = step, .request = step.message, .reply = reply};
  exchange.path = path_of(scenario, step, step.message, exchange.type());
  exchange.architectures = architectures(step.message);
  if (!exchange.architectures.empty()) exchange.architecture = exchange.architectures.front();
  if (const auto chosen = served(scenario, step.message)) {
    exchange.architecture = chosen->sent;
    exchange.services = services_for(scenario, step.message, chosen->configured);
  }
  exchange.boot = boot_for(scenario, step.message);
  exchange.speaks_pxe = is_pxe_client(scenario, step.message) && !exchange.architectures.empty();
  if (scenario.has_pool && exchange.path != Path::Item && exchange.path != Path::Acknowledge) {
    exchange.path = Path::Lease;
  }
  if (exchange.path == Path::Other) return {};

  if (reply) {
    const auto answer = dhcp::decode(reply->payload);
    if (!answer) return {};
    exchange.answer = *answer;
    reply->payload = payload_of(*answer);
  }
  std::vector<std::string_view> applied;
  for (const Rule& rule : kRules) {
    const std::optional<Reply> before = reply;
    if (!reply && rule.apply != answer_on_4011) continue;
    rule.apply(exchange);
    if (!reply) {
      if (before) applied.push_back(rule.id);
      continue;
    }
    reply->payload = payload_of(exchange.answer);
    if (reply != before) applied.push_back(rule.id);
  }
  return applied;
}

}  // namespace pxeproof::equality

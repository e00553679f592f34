#include <fmt/format.h>

#include "protocol/dhcp/client_options.h"
#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/reader_session.h"

namespace pxeproof::server {

namespace {

constexpr std::uint16_t kLastCsaWithName = 11;
constexpr std::size_t kMostServices = 4096;  // a menu holds a few dozen

std::string csa_names() {
  std::string names;
  for (std::uint16_t number = 0; number <= kLastCsaWithName; ++number) {
    const dhcp::Architecture* row = dhcp::find_architecture(number);
    if (row == nullptr || row->csa_name.empty()) continue;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", row->csa_name);
  }
  return names;
}

Result<std::uint16_t, Complaint> parse_csa(const Argument& argument) {
  if (const auto* row = dhcp::find_architecture_by_csa(argument.syntax())) return row->number;
  const auto number = parse_decimal(argument.text(), 0xffff);
  if (number && !argument.empty()) return static_cast<std::uint16_t>(*number);
  return refuse(
      fmt::format("\"{}\" is no client architecture", printable(argument.text())),
      fmt::format("write one of {} without quotes, or a number up to 65535", csa_names()));
}

// The server field of pxe-service and dhcp-boot: an address, or a name to be looked up.
void read_server(const Argument& argument, std::optional<Ipv4Address>& address, std::string& name) {
  address = parse_address(argument.text());
  if (!address) name = argument.text();
}

}  // namespace

// pxe-service=[tag:t,]CSA,text[,basename or type][,server]
Judgement read_pxe_service(ReaderSession& session, Argument argument) {
  auto conditions = take_tag_conditions(argument);
  if (!conditions) return fail(conditions.error());
  std::optional<Argument> rest = argument.cut();
  if (!rest) {
    return refuse("pxe-service needs an architecture and a text for the menu",
                  "write pxe-service=x86PC,\"Network boot\",pxelinux");
  }
  if (session.configuration().services.size() >= kMostServices) {
    return refuse(fmt::format("there are more than {} services", kMostServices),
                  "no menu holds so many");
  }
  const auto architecture = parse_csa(argument);
  if (!architecture) return fail(architecture.error());

  PxeService service{.conditions = *std::move(conditions),
                     .architecture = *architecture,
                     .location = session.location()};
  Argument text = *std::move(rest);
  std::optional<Argument> boot = text.cut();
  service.menu_text = text.text();
  if (boot) {
    std::optional<Argument> server = boot->cut();
    // Digits alone are a type, also in quotes; an empty field is type 0, local boot.
    if (const auto type = parse_decimal(boot->text(), 0xffff)) {
      service.type = static_cast<std::uint16_t>(*type);
    } else if (boot->text().find_first_not_of("0123456789") == std::string::npos) {
      return refuse(fmt::format("{} is no boot service type", boot->text()),
                    "give a number up to 65535 or the name of a file");
    } else {
      service.type = session.next_boot_type();
      service.basename = boot->text();
    }
    if (server) read_server(*server, service.server, service.server_name);
  }
  session.configuration().services.push_back(std::move(service));
  return {};
}

// pxe-prompt=[tag:t,]text[,timeout]
Judgement read_pxe_prompt(ReaderSession& session, Argument argument) {
  auto conditions = take_tag_conditions(argument);
  if (!conditions) return fail(conditions.error());
  PxePrompt prompt{.conditions = *std::move(conditions), .location = session.location()};
  const std::optional<Argument> timeout = argument.cut();
  prompt.text = argument.text();
  if (timeout) {
    prompt.timeout_seconds = parse_decimal(timeout->text());
    if (!prompt.timeout_seconds) {
      // dnsmasq takes anything that is no number for "no timeout".
      session.warn("prompt-timeout-no-number",
                   fmt::format("the timeout \"{}\" is no number, so the prompt waits for ever",
                               printable(timeout->text())),
                   "give seconds, 0 for the first entry at once, or leave the field out");
    }
  }
  session.configuration().prompts.push_back(std::move(prompt));
  return {};
}

// dhcp-boot=[tag:t,]file[,server name[,server address]]
Judgement read_dhcp_boot(ReaderSession& session, Argument argument) {
  auto conditions = take_tag_conditions(argument);
  if (!conditions) return fail(conditions.error());
  DhcpBoot boot{.conditions = *std::move(conditions), .location = session.location()};
  if (std::optional<Argument> name = argument.cut()) {
    if (const std::optional<Argument> server = name->cut(); server && !server->empty()) {
      read_server(*server, boot.server, boot.tftp_server_name);
    }
    boot.server_name = name->text();
  }
  boot.file = argument.text();
  session.configuration().boots.push_back(std::move(boot));
  return {};
}

// dhcp-pxe-vendor=text[,text]
Judgement read_pxe_vendor(ReaderSession& session, Argument argument) {
  std::vector<std::string>& vendors = session.configuration().pxe_vendors;
  for (const Argument& field : argument.fields()) {
    if (field.empty()) {
      return refuse("an empty vendor class would match every client",
                    "write dhcp-pxe-vendor=PXEClient");
    }
    if (session.replaces_default_pxe_vendors()) vendors.clear();
    vendors.push_back(field.text());
  }
  return {};
}

}  // namespace pxeproof::server

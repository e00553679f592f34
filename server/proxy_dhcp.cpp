#include "server/proxy_dhcp.h"

#include <algorithm>

#include "server/reply_header.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

bool brings_own_menu(const UserSubOptions& user) {
  return std::ranges::any_of(user, [](const VendorSubOption* each) {
    return each->tag == static_cast<std::uint8_t>(pxe::VendorTag::BootServers) ||
           each->tag == static_cast<std::uint8_t>(pxe::VendorTag::BootMenu);
  });
}

}  // namespace

Result<void, Reason> ProxyDhcp::choose(const Request& request, const MatchedRange& range,
                                       const TagBits& tags) {
  const MacAddress mac = request.message.mac();
  choose_boot(configuration_, policy_, request.architectures, tags, choice_);
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 1);
  collect_user_sub_options(configuration_, vendor_class.value_or(ByteView{}), tags, user_);
  list_menu(policy_, choice_, range.local, mac, items_);

  const bool has_file = choice_.boot != nullptr && !choice_.boot->line->file.empty();
  if (!items_.empty() || has_file || brings_own_menu(user_)) return {};
  if (!choice_.services.empty()) return fail(Reason::ServerNameUnknown);
  if (policy_.unserved == Policy::Unserved::BareOffer) return {};
  return fail(Reason::NothingToBoot);
}

bool ProxyDhcp::has_vendor_block(const Request& request, const Service* single,
                                 const BootAnswer& answer) const {
  if (is_http_client(request)) return false;
  if (!choice_.is_uefi()) return true;
  if (request.port == ServerPort::BootServer) return single == nullptr;
  // EDK2 takes an offer without option 43 for a referral to 4011, also when it names the file
  // (PxeBcDhcp4.c), so a file that is all there is gets its "use this file" (D11).
  return policy_.uefi_file_hint == Policy::FileHint::UseBootFile && items_.empty() &&
         !answer.file.is_empty() && !answer.siaddr.is_unspecified();
}

Result<BootAnswer, Reason> ProxyDhcp::respond(const Request& request, const MatchedRange& range,
                                              const TagBits& tags, Bytes& out) {
  if (const auto chosen = choose(request, range, tags); !chosen) return fail(chosen.error());
  const MacAddress mac = request.message.mac();
  const bool is_offer = request.is(MessageType::Discover);
  const bool is_complete = request.port == ServerPort::BootServer || is_http_client(request);
  const Service* single = choice_.single_service(policy_);

  BootAnswer answer;
  answer.local = range.local;
  answer.architecture = choice_.architecture;
  if (choice_.is_uefi()) answer.siaddr = range.local;
  std::string_view server_name;
  std::string dotted;
  if (single != nullptr) {
    const auto server = server_of(single->server, mac);
    if (!server) return fail(server.error());
    // On 67 the service only says that there is one: the client comes back on 4011 for the rest.
    if (is_complete) {
      answer.siaddr = server->value_or(range.local);
      server_name = single->line->server_name;
      if (server_name.empty()) server_name = dotted = to_string(answer.siaddr);
      if (!name_boot_file(single->line->basename, choice_.architecture, 0, answer.file)) {
        return fail(Reason::FileNameTooLong);
      }
    }
  } else if (choice_.boot != nullptr) {
    const DhcpBoot& boot = *choice_.boot->line;
    const auto server = server_of(choice_.boot->server, mac);
    if (!server) return fail(server.error());
    if (*server) {
      answer.siaddr = **server;
    } else if (policy_.bios_boot_server == Policy::BootServerAddress::Own && !boot.file.empty()) {
      // dnsmasq's manual promises its own address here (D8).
      answer.siaddr = range.local;
    }
    if (!answer.file.assign(boot.file)) return fail(Reason::FileNameTooLong);
  }
  if (is_http_client(request) && !is_http_url(answer.file.text())) {
    return fail(Reason::NothingToBoot);
  }

  dhcp::Header header = reply_header(request, policy_);
  if (policy_.flags == Policy::Flags::ForceBroadcast && header.ciaddr.is_unspecified()) {
    header.flags |= dhcp::kBroadcastFlag;
  }
  header.siaddr = answer.siaddr;
  LongNames long_names;
  set_names(header, server_name, answer.file.text(), long_names);
  ReplyWriter writer(out, header, maximum_reply_size(request.message),
                     agent_information(request.message));
  writer.u8(OptionCode::MessageType,
            static_cast<std::uint8_t>(is_offer ? MessageType::Offer : MessageType::Ack));
  writer.address(OptionCode::ServerIdentifier, range.local);
  write_pxe_identity(request, writer);
  write_long_names(long_names, writer);
  if (has_vendor_block(request, single, answer)) {
    VendorBlock block(writer.room());
    const AnswerFile file = answer.file.is_empty() ? AnswerFile::None : AnswerFile::Named;
    answer.left_out = write_menu(items_, user_, policy_.discovery_group, file, block).left_out;
    if (!block.octets().empty()) writer.option(OptionCode::VendorSpecific, block.octets());
  }
  writer.finish();
  return answer;
}

}  // namespace pxeproof::server

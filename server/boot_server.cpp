#include "server/boot_server.h"

#include <charconv>

#include "server/boot_file.h"
#include "server/reply_header.h"

namespace pxeproof::server {

namespace {

using dhcp::MessageType;
using dhcp::OptionCode;

constexpr std::uint16_t kCredentialsBit = 0x8000;  // of the layer

// Option 93, or what option 60 says when it is missing: "PXEClient:Arch:00007:UNDI:003016".
Architectures architectures_of(const Request& request) {
  if (request.architectures.count > 0) return request.architectures;
  Architectures read;
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 1);
  if (!vendor_class) return read;
  const std::string_view text(reinterpret_cast<const char*>(vendor_class->data()),
                              vendor_class->size());
  constexpr std::string_view kMark = ":Arch:";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) return read;
  const char* digits = text.data() + mark + kMark.size();
  std::uint16_t number = 0;
  if (std::from_chars(digits, text.data() + text.size(), number).ec != std::errc{}) return read;
  read.numbers[read.count++] = number;
  return read;
}

}  // namespace

pxe::BootItem read_boot_item(ByteView value) {
  return {.type = static_cast<std::uint16_t>(value[0] << 8U | value[1]),
          .layer = static_cast<std::uint16_t>(value[2] << 8U | value[3])};
}

Result<const Service*, Reason> BootServer::find_service(const Request& request,
                                                        const pxe::BootItem& item,
                                                        const TagBits& tags) const {
  const Architectures architectures = architectures_of(request);
  Reason reason = Reason::UnknownBootType;
  for (const Service& service : configuration_.services) {
    if (service.line->type != item.type) continue;
    if (policy_.item_check == Policy::ItemCheck::ArchitectureAndTags) {
      // A client whose architecture nobody knows may have what it asks for.
      if (architectures.count > 0 && !serves(*service.line, architectures, policy_)) {
        reason = Reason::ForeignArchitectureItem;
        continue;
      }
      if (!service.filter.holds(tags)) {
        reason = Reason::ItemWithheld;
        continue;
      }
    }
    if (service.line->basename.empty()) return fail(Reason::LocalBootType);
    return &service;
  }
  return fail(item.type == 0 ? Reason::LocalBootType : reason);
}

Result<BootAnswer, Reason> BootServer::respond(const Request& request, const MatchedRange& range,
                                               const TagBits& tags, Bytes& out) {
  const pxe::BootItem item = read_boot_item(*request.boot_item);
  if ((item.layer & kCredentialsBit) != 0) return fail(Reason::CredentialsRequested);
  const auto service = find_service(request, item, tags);
  if (!service) return fail(service.error());
  const auto server = server_of((*service)->server, request.message.mac());
  if (!server) return fail(server.error());

  BootAnswer answer;
  answer.local = range.local;
  answer.architecture = request.architectures.first();
  answer.siaddr = server->value_or(range.local);
  if (!name_boot_file((*service)->line->basename, (*service)->line->architecture, item.layer,
                      answer.file)) {
    return fail(Reason::FileNameTooLong);
  }
  dhcp::Header header = reply_header(request, policy_);
  // As dnsmasq does: works with every known ROM (D21 is informative).
  header.yiaddr = header.ciaddr;
  header.ciaddr = {};
  header.siaddr = answer.siaddr;
  LongNames long_names;
  set_names(header, {}, answer.file.text(), long_names);
  ReplyWriter writer(out, header, maximum_reply_size(request.message),
                     agent_information(request.message));
  writer.u8(OptionCode::MessageType, static_cast<std::uint8_t>(MessageType::Ack));
  writer.address(OptionCode::ServerIdentifier, range.local);
  write_pxe_identity(request, writer);
  write_long_names(long_names, writer);
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 1);
  collect_user_sub_options(configuration_, vendor_class.value_or(ByteView{}), tags, user_);
  VendorBlock block(writer.room());
  answer.left_out = write_boot_item(item, user_, block);
  writer.option(OptionCode::VendorSpecific, block.octets());
  writer.finish();
  return answer;
}

}  // namespace pxeproof::server

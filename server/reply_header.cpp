#include "server/reply_header.h"

namespace pxeproof::server {

dhcp::Header reply_header(const Request& request, const Policy& policy) {
  const dhcp::MessageView& message = request.message;
  dhcp::Header header;
  header.op = dhcp::kBootReply;
  header.htype = message.htype();
  header.hlen = message.hlen();
  if (policy.hops_and_secs == Policy::HopsAndSecs::Echo) {
    header.hops = message.packet()[3];
    header.secs = message.secs();
  }
  header.xid = message.xid();
  header.flags = message.flags();
  header.ciaddr = request.ciaddr;
  header.giaddr = message.giaddr();
  std::copy_n(message.chaddr().begin(), header.chaddr.size(), header.chaddr.begin());
  return header;
}

void write_pxe_identity(const Request& request, ReplyWriter& writer) {
  writer.text(dhcp::OptionCode::VendorClass, request.vendor);
  if (const auto guid =
          find_option(request.message, dhcp::OptionCode::ClientMachineIdentifier, 1)) {
    writer.option(dhcp::OptionCode::ClientMachineIdentifier, *guid);
  }
}

ByteView agent_information(const dhcp::MessageView& request) {
  if (!find_option(request, dhcp::OptionCode::MessageType, 1)) return {};
  return find_option(request, dhcp::OptionCode::RelayAgentInformation, 1).value_or(ByteView{});
}

void set_names(dhcp::Header& header, std::string_view server_name, std::string_view file,
               LongNames& long_names) {
  if (!header.set_sname(server_name)) long_names.server_name = server_name;
  if (!header.set_file(file)) long_names.file = file;
}

void write_long_names(const LongNames& names, ReplyWriter& writer) {
  if (!names.server_name.empty()) {
    writer.text(dhcp::OptionCode::TftpServerName, names.server_name);
  }
  if (!names.file.empty()) writer.text(dhcp::OptionCode::BootFileName, names.file);
}

}  // namespace pxeproof::server

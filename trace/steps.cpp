#include "trace/steps.h"

#include "protocol/dhcp/client_options.h"
#include "protocol/frames/inspect.h"
#include "trace/dhcp_signs.h"
#include "trace/seen_packet.h"

namespace pxeproof::trace {

namespace {

void read_vendor_options(const dhcp::MessageView& message, DhcpStep& step) {
  const auto value = message.joined(dhcp::OptionCode::VendorSpecific);
  const auto options = value ? pxe::decode(*value) : fail(pxe::DecodeError{});
  if (!options) return;
  if (const auto* control = options->find(pxe::VendorTag::DiscoveryControl);
      control != nullptr && control->value.size() == 1) {
    step.discovery_control = control->value[0];
  }
  if (const auto* menu = options->find(pxe::VendorTag::BootMenu)) {
    step.menu = pxe::decode_menu(menu->value).value_or(std::vector<pxe::MenuEntry>{});
  }
  if (const auto* servers = options->find(pxe::VendorTag::BootServers)) {
    step.boot_servers =
        pxe::decode_servers(servers->value).value_or(std::vector<pxe::BootServerEntry>{});
  }
  if (const auto* prompt = options->find(pxe::VendorTag::MenuPrompt)) {
    if (const auto read = pxe::decode_prompt(prompt->value)) step.prompt = *read;
  }
  if (const auto* item = options->find(pxe::VendorTag::BootItem)) {
    if (const auto read = pxe::decode_item(item->value)) step.item = *read;
  }
}

}  // namespace

bool DhcpStep::is_proxy_offer() const {
  return direction == Direction::ToClient && type == dhcp::MessageType::Offer &&
         yiaddr.is_unspecified() && vendor_class.starts_with("PXEClient");
}

DhcpStep read_dhcp_step(const Endpoint& source, const Endpoint& destination,
                        const dhcp::MessageView& message) {
  DhcpStep step;
  step.type = message.type();
  step.direction = message.op() == dhcp::kBootReply ? DhcpStep::Direction::ToClient
                                                    : DhcpStep::Direction::FromClient;
  step.client = message.mac();
  step.source = source;
  step.destination = destination;
  step.xid = message.xid();
  step.secs = message.secs();
  step.flags = message.flags();
  step.ciaddr = message.ciaddr();
  step.yiaddr = message.yiaddr();
  step.siaddr = message.siaddr();
  step.giaddr = message.giaddr();
  step.server_id = message.address(dhcp::OptionCode::ServerIdentifier);
  step.requested_address = message.address(dhcp::OptionCode::RequestedAddress);
  step.lease_seconds = message.number32(dhcp::OptionCode::LeaseTime);
  step.boot_file = std::string(message.boot_file());
  step.header_file = std::string(message.file_text());
  step.server_name = std::string(message.text(dhcp::OptionCode::TftpServerName));
  if (step.server_name.empty()) step.server_name = std::string(message.sname_text());
  step.vendor_class = std::string(message.text(dhcp::OptionCode::VendorClass));
  step.user_class = std::string(message.text(dhcp::OptionCode::UserClass));
  step.nak_text = std::string(message.text(dhcp::OptionCode::Message));
  if (const auto value = message.first(dhcp::OptionCode::ClientArchitecture)) {
    const auto numbers = dhcp::decode_architectures(*value);
    if (!numbers.empty()) step.architecture = numbers.front();
  }
  if (const auto value = message.first(dhcp::OptionCode::ClientMachineIdentifier)) {
    step.guid = dhcp::decode_guid(*value);
  }
  read_vendor_options(message, step);
  step.octets.assign(message.packet().begin(), message.packet().end());
  step.message_size = step.octets.size();
  return step;
}

bool StepReader::concerns_client(const MacAddress& source, const MacAddress& destination) const {
  return !client_ || source == *client_ || destination == *client_;
}

void StepReader::on_frame(std::uint32_t number, Instant at, ByteView frame) {
  const auto packet = see_packet(frame);
  if (!packet || packet->protocol != frames::kProtocolUdp || !packet->is_first_piece) return;
  if (auto dhcp = read_seen_dhcp(*packet)) {
    if (client_ && dhcp->client != *client_) return;
    steps_.push_back({at, number, number, std::move(*dhcp)});
    return;
  }
  if (!concerns_client(packet->facts.link_source, packet->facts.link_destination)) return;
  transfers_.on_packet(number, at, *packet);
  while (auto ended = transfers_.poll_ended()) {
    const Instant begun = ended->transfer.begun;
    steps_.push_back({begun, ended->first_packet, ended->last_packet, std::move(ended->transfer)});
  }
}

void StepReader::finish() {
  transfers_.finish();
  while (auto ended = transfers_.poll_ended()) {
    const Instant begun = ended->transfer.begun;
    steps_.push_back({begun, ended->first_packet, ended->last_packet, std::move(ended->transfer)});
  }
}

std::optional<Step> StepReader::poll_step() {
  if (steps_.empty()) return std::nullopt;
  Step step = std::move(steps_.front());
  steps_.pop_front();
  return step;
}

}  // namespace pxeproof::trace

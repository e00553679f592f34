#include "cli/mutants/edited_service.h"

namespace pxeproof::cli {

void Mouth::answer(const IncomingDatagram& to, Bytes payload) {
  OutgoingDatagram out;
  out.source = {{}, to.destination.port};
  out.destination = to.source;
  out.interface_index = to.interface_index;
  out.head = std::move(payload);
  waiting_.push_back(std::move(out));
}

bool Mouth::poll(OutgoingDatagram& out) {
  if (waiting_.empty()) return false;
  out = std::move(waiting_.front());
  waiting_.pop_front();
  return true;
}

void EditedService::on_datagram(Instant now, const IncomingDatagram& datagram) {
  if (edits_.interval > Duration{0} && !next_tick_) next_tick_ = now + edits_.interval;
  if (edits_.forge) {
    Bytes forged_payload;
    if (auto forged = edits_.forge(datagram, forged_payload)) {
      forged->payload = forged_payload;
      inner_.on_datagram(now, *forged);
    }
  }
  if (!edits_.hear) return inner_.on_datagram(now, datagram);
  Bytes payload(datagram.payload.begin(), datagram.payload.end());
  IncomingDatagram heard = datagram;
  heard.payload = payload;
  if (edits_.hear(heard, payload, mouth_) == Pass::Drop) return;
  heard.payload = payload;
  inner_.on_datagram(now, heard);
}

void EditedService::on_timeout(Instant now) {
  inner_.on_timeout(now);
  if (!next_tick_ || now < *next_tick_) return;
  next_tick_ = now + edits_.interval;
  edits_.tick(mouth_);
}

bool EditedService::poll_transmit(OutgoingDatagram& out) {
  while (inner_.poll_transmit(out)) {
    if (!edits_.say) return true;
    out.head.insert(out.head.end(), out.body.begin(), out.body.end());
    out.body = {};
    if (edits_.say(out, mouth_) == Pass::On) return true;
  }
  return mouth_.poll(out);
}

std::optional<Instant> EditedService::poll_timeout() const {
  const auto inner = inner_.poll_timeout();
  if (!next_tick_) return inner;
  return inner ? std::min(*inner, *next_tick_) : *next_tick_;
}

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kBootServerPort;
}

ServicePtr edit_replies(DatagramService& inner, EditReply edit) {
  Edits edits;
  edits.say = [edit = std::move(edit)](OutgoingDatagram& out, Mouth&) {
    if (!is_dhcp_port(out.source.port)) return Pass::On;
    auto reply = dhcp::decode(out.head);
    if (!reply) return Pass::On;
    edit(*reply, out);
    // Whoever adds something takes the room of the padding.
    if (reply->end) reply->after_end.clear();
    dhcp::encode_into(*reply, dhcp::kMinimumMessage, out.head);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr edit_vendor_options(DatagramService& inner, EditVendorOptions edit) {
  return edit_replies(inner, [edit = std::move(edit)](dhcp::Message& reply, OutgoingDatagram&) {
    dhcp::Option* option = reply.find(dhcp::OptionCode::VendorSpecific);
    if (option == nullptr) return;
    auto vendor = pxe::decode(option->value);
    if (!vendor) return;
    edit(*vendor);
    option->value = pxe::encode(*vendor);
  });
}

void edit_menu(Bytes& menu, const std::function<void(std::vector<pxe::MenuEntry>&)>& edit) {
  auto entries = pxe::decode_menu(menu);
  if (!entries) return;
  edit(*entries);
  pxe::VendorOptions made;
  if (made.add_menu(*entries)) menu = made.sub_options.front().value;
}

bool is_item_answer(const dhcp::Message& reply) {
  constexpr auto kItem = static_cast<std::uint8_t>(pxe::VendorTag::BootItem);
  const dhcp::Option* vendor = reply.find(dhcp::OptionCode::VendorSpecific);
  return vendor != nullptr && !vendor->value.empty() && vendor->value.front() == kItem;
}

ServicePtr edit_requests(DatagramService& inner, EditRequest edit) {
  Edits edits;
  edits.hear = [edit = std::move(edit)](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    if (!is_dhcp_port(datagram.destination.port)) return Pass::On;
    auto request = dhcp::decode(payload);
    if (!request) return Pass::On;
    const Pass pass = edit(*request, datagram, mouth);
    payload = dhcp::encode(*request);
    return pass;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr edit_tftp(DatagramService& inner, EditTftp edit) {
  Edits edits;
  edits.say = [edit = std::move(edit)](OutgoingDatagram& out, Mouth& mouth) {
    if (is_dhcp_port(out.source.port)) return Pass::On;
    const Bytes whole = out.head;  // a DATA packet points into it
    auto packet = tftp::decode(whole);
    if (!packet) return Pass::On;
    const Pass pass = edit(*packet, out, mouth);
    out.head = tftp::encode(*packet);
    return pass;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr edit_tftp_requests(DatagramService& inner, EditTftpRequest edit) {
  Edits edits;
  edits.hear = [edit = std::move(edit)](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    if (datagram.destination.port != tftp::kPort) return Pass::On;
    auto packet = tftp::decode(payload);
    if (!packet) return Pass::On;
    auto* request = std::get_if<tftp::Request>(&*packet);
    if (request == nullptr) return Pass::On;
    const Pass pass = edit(*request, datagram, mouth);
    payload = tftp::encode(*request);
    return pass;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

std::uint8_t message_type(const dhcp::Message& message) {
  const dhcp::Option* option = message.find(dhcp::OptionCode::MessageType);
  return option == nullptr || option->value.empty() ? std::uint8_t{0} : option->value.front();
}

void set_message_type(dhcp::Message& message, dhcp::MessageType type) {
  set_option(message, static_cast<std::uint8_t>(dhcp::OptionCode::MessageType),
             {static_cast<std::uint8_t>(type)});
}

void set_option(dhcp::Message& message, std::uint8_t code, Bytes value) {
  for (dhcp::Option& option : message.options) {
    if (option.code != code) continue;
    option.value = std::move(value);
    return;
  }
  message.options.push_back({code, std::move(value)});
}

}  // namespace pxeproof::cli

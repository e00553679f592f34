#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "protocol/datagram_service.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::cli {

// What a mutant says beyond what its server says.
class Mouth {
 public:
  // An answer to a datagram, from the port that it came to.
  void answer(const IncomingDatagram& to, Bytes payload);
  void say(OutgoingDatagram datagram) { waiting_.push_back(std::move(datagram)); }
  bool poll(OutgoingDatagram& out);

 private:
  std::deque<OutgoingDatagram> waiting_;
};

enum class Pass { On, Drop };

// How a mutant changes what its server hears and says. What is heard may be changed in datagram and
// payload, what is said in datagram, whose head is then the whole payload.
struct Edits {
  std::function<Pass(IncomingDatagram& datagram, Bytes& payload, Mouth& mouth)> hear{};
  std::function<Pass(OutgoingDatagram& datagram, Mouth& mouth)> say{};
  // Is asked at this interval.
  Duration interval{0};
  std::function<void(Mouth& mouth)> tick{};
  // Hands the server a datagram of its own making, before the one that is heard.
  std::function<std::optional<IncomingDatagram>(const IncomingDatagram& heard, Bytes& payload)>
      forge{};
};

class EditedService : public DatagramService {
 public:
  EditedService(DatagramService& inner, Edits edits) : inner_(inner), edits_(std::move(edits)) {}

  std::vector<std::uint16_t> ports() const override { return inner_.ports(); }
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

 private:
  DatagramService& inner_;
  Edits edits_;
  Mouth mouth_;
  std::optional<Instant> next_tick_;
};

using ServicePtr = std::unique_ptr<DatagramService>;

// The usual kinds.

// Changes each DHCP reply.
using EditReply = std::function<void(dhcp::Message& reply, OutgoingDatagram& datagram)>;
ServicePtr edit_replies(DatagramService& inner, EditReply edit);
// Changes option 43 of each reply that has one.
using EditVendorOptions = std::function<void(pxe::VendorOptions& vendor)>;
ServicePtr edit_vendor_options(DatagramService& inner, EditVendorOptions edit);
// Changes or drops each DHCP request that decodes.
using EditRequest =
    std::function<Pass(dhcp::Message& request, IncomingDatagram& datagram, Mouth& mouth)>;
ServicePtr edit_requests(DatagramService& inner, EditRequest edit);
// Changes or drops each TFTP packet that the server sends.
using EditTftp =
    std::function<Pass(tftp::Packet& packet, OutgoingDatagram& datagram, Mouth& mouth)>;
ServicePtr edit_tftp(DatagramService& inner, EditTftp edit);
// Changes or drops each TFTP request.
using EditTftpRequest =
    std::function<Pass(tftp::Request& request, IncomingDatagram& datagram, Mouth& mouth)>;
ServicePtr edit_tftp_requests(DatagramService& inner, EditTftpRequest edit);

// Changes the entries of a boot menu (43.9).
void edit_menu(Bytes& menu, const std::function<void(std::vector<pxe::MenuEntry>&)>& edit);
// What the reply says begins with a boot item (43.71): it answers for one.
bool is_item_answer(const dhcp::Message& reply);

bool is_dhcp_port(std::uint16_t port);
std::uint8_t message_type(const dhcp::Message& message);
void set_message_type(dhcp::Message& message, dhcp::MessageType type);
void set_option(dhcp::Message& message, std::uint8_t code, Bytes value);

}  // namespace pxeproof::cli

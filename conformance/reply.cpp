#include "conformance/reply.h"

#include <fmt/format.h>

namespace pxeproof::conformance {

std::optional<dhcp::MessageView> Reply::dhcp() const {
  auto view = dhcp::MessageView::parse(payload);
  if (!view) return std::nullopt;
  return *view;
}

std::optional<tftp::Packet> Reply::tftp() const {
  auto packet = tftp::decode(payload);
  if (!packet) return std::nullopt;
  return std::move(*packet);
}

bool Reply::is(dhcp::MessageType type) const {
  const auto view = dhcp();
  return view && view->op() == dhcp::kBootReply && view->type() == type;
}

std::optional<pxe::VendorOptions> Reply::vendor() const {
  const auto view = dhcp();
  if (!view) return std::nullopt;
  const auto value = view->joined(dhcp::OptionCode::VendorSpecific);
  if (!value) return std::nullopt;
  auto decoded = pxe::decode(*value);
  if (!decoded) return std::nullopt;
  return std::move(*decoded);
}

std::string Reply::boot_file() const {
  const auto view = dhcp();
  return view ? std::string(view->boot_file()) : std::string();
}

Ipv4Address Reply::boot_server() const {
  const auto view = dhcp();
  if (!view) return {};
  if (!view->siaddr().is_unspecified()) return view->siaddr();
  return view->address(dhcp::OptionCode::ServerIdentifier).value_or(Ipv4Address{});
}

std::string option_words(const std::vector<tftp::Option>& options) {
  std::string text;
  for (const tftp::Option& option : options) {
    text += fmt::format(" {}={}", printable(option.name), printable(option.value));
  }
  return text;
}

std::optional<std::string> find_option(const std::vector<tftp::Option>& options,
                                       std::string_view name) {
  for (const tftp::Option& option : options) {
    if (tftp::same_word(option.name, name)) return option.value;
  }
  return std::nullopt;
}

std::string tftp_words(ByteView payload) {
  const auto packet = tftp::decode(payload);
  if (!packet) return fmt::format("a packet of {} octets that is no TFTP", payload.size());
  struct Words {
    std::string operator()(const tftp::Request& request) const {
      return fmt::format("{} \"{}\" {}{}", request.opcode == tftp::Opcode::Rrq ? "RRQ" : "WRQ",
                         printable(request.filename), printable(request.mode),
                         option_words(request.options));
    }
    std::string operator()(const tftp::Data& data) const {
      return fmt::format("DATA {} ({} octets)", data.block, data.payload.size());
    }
    std::string operator()(const tftp::Ack& ack) const { return fmt::format("ACK {}", ack.block); }
    std::string operator()(const tftp::Error& error) const {
      return fmt::format("ERROR {}", error.code);
    }
    std::string operator()(const tftp::Oack& oack) const {
      return "OACK" + option_words(oack.options);
    }
  };
  return std::visit(Words{}, *packet);
}

namespace {

bool is_dhcp_port(std::uint16_t port) {
  return port == dhcp::kServerPort || port == dhcp::kClientPort || port == dhcp::kBootServerPort;
}

std::string dhcp_words(const Reply& reply) {
  const auto view = reply.dhcp();
  if (!view) return fmt::format("a packet of {} octets that is no DHCP", reply.payload.size());
  const auto type = view->type();
  std::string text(type ? to_string(*type) : std::string_view("a BOOTP reply"));
  if (!view->boot_file().empty()) {
    text += fmt::format(" with file \"{}\"", printable(view->boot_file()));
  }
  return text;
}

}  // namespace

std::string Reply::words() const {
  if (is_dhcp_port(source.port)) return dhcp_words(*this);
  return tftp_words(payload);
}

}  // namespace pxeproof::conformance

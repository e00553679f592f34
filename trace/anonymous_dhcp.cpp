#include <algorithm>
#include <array>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"
#include "protocol/dhcp/pxe_options.h"
#include "trace/anonymizer.h"

namespace pxeproof::trace {

namespace {

using dhcp::OptionCode;

// What an option's value tells.
enum class Content {
  Harmless,   // of the firmware and the protocol
  Addresses,  // IPv4 addresses in a row
  Host,       // the name of a host or a domain
  Text,       // a text that may hold names
  ClientId,   // hardware type and address
  Guid,       // option 97
  Vendor,     // option 43
};

struct Row {
  std::uint8_t code;
  Content content;
};

// Options that are not here become zeros.
constexpr std::array kContents = {
    Row{1, Content::Harmless},   Row{2, Content::Harmless},   Row{3, Content::Addresses},
    Row{4, Content::Addresses},  Row{5, Content::Addresses},  Row{6, Content::Addresses},
    Row{7, Content::Addresses},  Row{12, Content::Host},      Row{13, Content::Harmless},
    Row{15, Content::Host},      Row{17, Content::Text},      Row{23, Content::Harmless},
    Row{26, Content::Harmless},  Row{28, Content::Addresses}, Row{42, Content::Addresses},
    Row{43, Content::Vendor},    Row{44, Content::Addresses}, Row{46, Content::Harmless},
    Row{50, Content::Addresses}, Row{51, Content::Harmless},  Row{52, Content::Harmless},
    Row{53, Content::Harmless},  Row{54, Content::Addresses}, Row{55, Content::Harmless},
    Row{56, Content::Text},      Row{57, Content::Harmless},  Row{58, Content::Harmless},
    Row{59, Content::Harmless},  Row{60, Content::Harmless},  Row{61, Content::ClientId},
    Row{66, Content::Host},      Row{67, Content::Text},      Row{77, Content::Harmless},
    Row{80, Content::Harmless},  Row{93, Content::Harmless},  Row{94, Content::Harmless},
    Row{97, Content::Guid},      Row{116, Content::Harmless}, Row{150, Content::Addresses},
    Row{175, Content::Harmless}, Row{209, Content::Text},     Row{210, Content::Text},
};

class Rewriter {
 public:
  Rewriter(Pseudonyms& names, Ipv4Address own) : names_(names), own_(own) {}

  Bytes value(std::uint8_t code, const Bytes& octets) const;
  std::string host(std::string_view name) const;

 private:
  Bytes addresses(const Bytes& octets) const;
  Bytes client_id(const Bytes& octets) const;
  Bytes guid(const Bytes& octets) const;
  Bytes vendor(const Bytes& octets) const;
  Bytes text(const Bytes& octets) const {
    const std::string rewritten = names_.text(as_text(octets), own_);
    return {rewritten.begin(), rewritten.end()};
  }

  Pseudonyms& names_;
  Ipv4Address own_;
};

// Names of servers are often addresses.
std::string Rewriter::host(std::string_view name) const {
  const std::size_t end = std::min(name.find('\0'), name.size());
  const std::string_view bare = name.substr(0, end);
  const auto address = Ipv4Address::parse(bare);
  return (address ? to_string(names_.of(*address)) : names_.host(bare)) +
         std::string(name.substr(end));
}

Bytes Rewriter::addresses(const Bytes& octets) const {
  if (octets.size() % 4 != 0) return Bytes(octets.size(), 0);
  Bytes out;
  ByteWriter writer(out);
  for (std::size_t at = 0; at < octets.size(); at += 4) {
    writer.u32(names_.of(*Ipv4Address::from(ByteView(octets).subspan(at, 4))).value);
  }
  return out;
}

Bytes Rewriter::guid(const Bytes& octets) const {
  const auto read = dhcp::decode_guid(octets);
  return read ? dhcp::encode_guid(names_.of(*read)) : Bytes(octets.size(), 0);
}

Bytes Rewriter::client_id(const Bytes& octets) const {
  constexpr std::uint8_t kEthernet = 1;
  if (octets.size() != 7 || octets[0] != kEthernet) return guid(octets);
  Bytes out{kEthernet};
  ByteWriter(out).bytes(names_.of(*MacAddress::from(ByteView(octets).subspan(1))).octets);
  return out;
}

Bytes Rewriter::vendor(const Bytes& octets) const {
  auto options = pxe::decode(octets);
  if (!options) return Bytes(octets.size(), 0);
  for (pxe::SubOption& option : options->sub_options) {
    const auto tag = static_cast<pxe::VendorTag>(option.tag);
    if (tag == pxe::VendorTag::MtftpAddress || tag == pxe::VendorTag::DiscoveryMulticast) {
      option.value = addresses(option.value);
    }
    if (tag != pxe::VendorTag::BootServers) continue;
    auto servers = pxe::decode_servers(option.value);
    if (!servers) {
      option.value.assign(option.value.size(), 0);
      continue;
    }
    option.value.clear();
    ByteWriter writer(option.value);
    for (const pxe::BootServerEntry& entry : *servers) {
      writer.u16(entry.type);
      writer.u8(static_cast<std::uint8_t>(entry.addresses.size()));
      for (const Ipv4Address address : entry.addresses) writer.u32(names_.of(address).value);
    }
  }
  options->after_end.assign(options->after_end.size(), 0);
  return pxe::encode(*options);
}

Bytes Rewriter::value(std::uint8_t code, const Bytes& octets) const {
  const auto* row = std::ranges::find(kContents, code, &Row::code);
  if (row == kContents.end()) return Bytes(octets.size(), 0);
  switch (row->content) {
    case Content::Harmless:
      return octets;
    case Content::Addresses:
      return addresses(octets);
    case Content::Host: {
      const std::string name = host(as_text(octets));
      return {name.begin(), name.end()};
    }
    case Content::Text:
      return text(octets);
    case Content::ClientId:
      return client_id(octets);
    case Content::Guid:
      return guid(octets);
    case Content::Vendor:
      return vendor(octets);
  }
  return {};
}

}  // namespace

std::optional<Bytes> anonymize_dhcp(ByteView octets, Pseudonyms& names) {
  auto message = dhcp::decode(octets);
  const auto view = dhcp::MessageView::parse(octets);
  if (!message || !view) return std::nullopt;
  dhcp::Header& header = message->header;
  const Ipv4Address own = header.yiaddr.is_unspecified() ? header.ciaddr : header.yiaddr;
  const Rewriter rewriter(names, own);
  if (header.htype == 1 && header.hlen == 6) {
    header.set_mac(names.of(header.mac()));
    std::fill(header.chaddr.begin() + 6, header.chaddr.end(), std::uint8_t{0});
  } else {
    header.chaddr.fill(0);
  }
  for (Ipv4Address* address : {&header.ciaddr, &header.yiaddr, &header.siaddr, &header.giaddr}) {
    *address = names.of(*address);
  }
  // Host names first: file names may hold them.
  const bool is_overloaded = view->overload() != 0;
  const std::string sname(header.sname_text());
  if (is_overloaded || !header.set_sname(rewriter.host(sname))) header.sname.fill(0);
  for (dhcp::Option& option : message->options) {
    if (option.code == 0) continue;
    Bytes value = rewriter.value(option.code, option.value);
    // An instance must stay one: its length has one octet.
    value.resize(std::min<std::size_t>(value.size(), 255));
    option.value = std::move(value);
  }
  const std::string file(header.file_text());
  if (is_overloaded || !header.set_file(names.text(file, own))) header.file.fill(0);
  message->after_end.assign(message->after_end.size(), 0);
  return dhcp::encode(*message);
}

}  // namespace pxeproof::trace

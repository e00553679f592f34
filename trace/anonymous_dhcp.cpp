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
  Harmless,      // of the firmware and the protocol
  Addresses,     // IPv4 addresses in a row
  Host,          // the name of a host or a domain
  Text,          // a text that may hold names
  Class,         // of users: iPXE's, or a name that a site made up
  Encapsulated,  // options of iPXE: numbers, and texts such as a password
  ClientId,      // hardware type and address
  Guid,          // option 97
  Routes,        // RFC 3442: prefix, and the router behind it
  Relay,         // RFC 3046: sub-options
  Vendor,        // option 43
};

struct Row {
  std::uint8_t code;
  Content content;
};

// Options that are not here become zeros.
constexpr std::array kContents = {
    Row{1, Content::Harmless},       Row{2, Content::Harmless},   Row{3, Content::Addresses},
    Row{4, Content::Addresses},      Row{5, Content::Addresses},  Row{6, Content::Addresses},
    Row{7, Content::Addresses},      Row{12, Content::Host},      Row{13, Content::Harmless},
    Row{15, Content::Host},          Row{17, Content::Host},      Row{23, Content::Harmless},
    Row{26, Content::Harmless},      Row{28, Content::Addresses}, Row{42, Content::Addresses},
    Row{43, Content::Vendor},        Row{44, Content::Addresses}, Row{46, Content::Harmless},
    Row{50, Content::Addresses},     Row{51, Content::Harmless},  Row{52, Content::Harmless},
    Row{53, Content::Harmless},      Row{54, Content::Addresses}, Row{55, Content::Harmless},
    Row{56, Content::Text},          Row{57, Content::Harmless},  Row{58, Content::Harmless},
    Row{59, Content::Harmless},      Row{60, Content::Text},      Row{61, Content::ClientId},
    Row{66, Content::Host},          Row{67, Content::Text},      Row{77, Content::Class},
    Row{82, Content::Relay},         Row{121, Content::Routes},   Row{249, Content::Routes},
    Row{80, Content::Harmless},      Row{93, Content::Harmless},  Row{94, Content::Harmless},
    Row{97, Content::Guid},          Row{116, Content::Harmless}, Row{150, Content::Addresses},
    Row{175, Content::Encapsulated}, Row{209, Content::Text},     Row{210, Content::Text},
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
  void rewrite_vendor(pxe::SubOption& option) const;
  Bytes routes(const Bytes& octets) const;
  Bytes relay(const Bytes& octets) const;
  static Bytes user_class(const Bytes& octets);
  static Bytes encapsulated(const Bytes& octets);
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
  for (pxe::SubOption& option : options->sub_options) rewrite_vendor(option);
  options->after_end.assign(options->after_end.size(), 0);
  return pxe::encode(*options);
}

void Rewriter::rewrite_vendor(pxe::SubOption& option) const {
  const Bytes original = std::move(option.value);
  option.value.assign(original.size(), 0);
  pxe::VendorOptions made;  // writes what does not fit its length not at all
  switch (static_cast<pxe::VendorTag>(option.tag)) {
    case pxe::VendorTag::MtftpAddress:
    case pxe::VendorTag::DiscoveryMulticast:
      option.value = addresses(original);
      break;
    case pxe::VendorTag::BootServers:
      if (auto servers = pxe::decode_servers(original)) {
        for (pxe::BootServerEntry& entry : *servers) {
          for (Ipv4Address& address : entry.addresses) address = names_.of(address);
        }
        made.add_servers(*servers);
      }
      break;
    case pxe::VendorTag::BootMenu:
      if (auto menu = pxe::decode_menu(original)) {
        for (pxe::MenuEntry& entry : *menu) entry.text = names_.text(entry.text, own_);
        made.add_menu(*menu);
      }
      break;
    case pxe::VendorTag::MenuPrompt:
      if (auto prompt = pxe::decode_prompt(original)) {
        prompt->text = names_.text(prompt->text, own_);
        made.add_prompt(*prompt);
      }
      break;
    case pxe::VendorTag::Pad:
    case pxe::VendorTag::MtftpClientPort:
    case pxe::VendorTag::MtftpServerPort:
    case pxe::VendorTag::MtftpTimeout:
    case pxe::VendorTag::MtftpDelay:
    case pxe::VendorTag::DiscoveryControl:
    case pxe::VendorTag::MulticastAllocation:
    case pxe::VendorTag::CredentialTypes:
    case pxe::VendorTag::BootItem:
    case pxe::VendorTag::End:
      option.value = original;
      break;
  }
  if (!made.sub_options.empty()) option.value = made.sub_options.front().value;
}

// Who is iPXE is seen by it; any other class may be the name of a department.
Bytes Rewriter::user_class(const Bytes& octets) {
  const std::string text = as_text(octets);
  for (const std::string_view known : {"iPXE", "gPXE", "\x04iPXE", "\x04gPXE"}) {
    if (text == known) return octets;
  }
  return Bytes(octets.size(), 0);
}

// Each route: the prefix's length, so many octets of it as it needs, the router.
Bytes Rewriter::routes(const Bytes& octets) const {
  Bytes out = octets;
  for (std::size_t at = 0; at < out.size();) {
    const std::size_t significant = (std::size_t{out[at]} + 7) / 8;
    if (significant > 4 || at + 1 + significant + 4 > out.size()) return Bytes(octets.size(), 0);
    std::array<std::uint8_t, 4> prefix{};
    std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(at + 1), significant, prefix.begin());
    const auto other = names_.of(*Ipv4Address::from(prefix)).octets();
    std::copy_n(other.begin(), significant, out.begin() + static_cast<std::ptrdiff_t>(at + 1));
    at += 1 + significant;
    const auto router = names_.of(*Ipv4Address::from(ByteView(out).subspan(at, 4))).octets();
    std::ranges::copy(router, out.begin() + static_cast<std::ptrdiff_t>(at));
    at += 4;
  }
  return out;
}

// Ports of switches and whatever else a relay tells become zeros; a client's network (RFC 3527) and
// the server's address (RFC 5107) are addresses.
Bytes Rewriter::relay(const Bytes& octets) const {
  constexpr std::uint8_t kLink = 5;
  constexpr std::uint8_t kServer = 11;
  Bytes out = octets;
  for (std::size_t at = 0; at < out.size();) {
    if (at + 2 > out.size() || at + 2 + out[at + 1] > out.size()) return Bytes(octets.size(), 0);
    const std::size_t size = out[at + 1];
    const auto value = out.begin() + static_cast<std::ptrdiff_t>(at + 2);
    const bool is_address = size == 4 && (out[at] == kLink || out[at] == kServer);
    std::array<std::uint8_t, 4> other{};
    if (is_address) {
      other = names_.of(*Ipv4Address::from(ByteView(out).subspan(at + 2, 4))).octets();
      std::ranges::copy(other, value);
    } else {
      std::fill_n(value, size, std::uint8_t{0});
    }
    at += 2 + size;
  }
  return out;
}

// Features are numbers; user names, passwords and addresses of log servers are longer.
Bytes Rewriter::encapsulated(const Bytes& octets) {
  constexpr std::size_t kNumber = 5;  // the identity of a bus device
  Bytes out = octets;
  for (std::size_t at = 0; at + 1 < out.size();) {
    const std::size_t size = out[at + 1];
    const auto value = out.begin() + static_cast<std::ptrdiff_t>(at + 2);
    if (at + 2 + size > out.size()) return Bytes(octets.size(), 0);
    if (size > kNumber)
      std::fill(value, value + static_cast<std::ptrdiff_t>(size), std::uint8_t{0});
    at += 2 + size;
  }
  return out;
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
    case Content::Routes:
      return routes(octets);
    case Content::Relay:
      return relay(octets);
    case Content::Class:
      return user_class(octets);
    case Content::Encapsulated:
      return encapsulated(octets);
  }
  return {};
}

// RFC 4702: flags, two octets that are no longer used, and the name, as text or in DNS's form.
std::string full_name(ByteView value) {
  constexpr std::size_t kName = 3;
  constexpr std::uint8_t kDnsForm = 0x04;
  if (value.size() <= kName) return {};
  const ByteView name = value.subspan(kName);
  if ((value[0] & kDnsForm) == 0) return as_text(name);
  std::string text;
  for (std::size_t at = 0; at < name.size() && name[at] != 0;) {
    const std::size_t size = name[at];
    if (at + 1 + size > name.size()) break;
    text += (text.empty() ? "" : ".") + as_text(name.subspan(at + 1, size));
    at += 1 + size;
  }
  return text;
}

// File names, wherever they stand, may hold the names of hosts: these must be known before.
void learn_hosts(const dhcp::Message& message, const Rewriter& rewriter) {
  for (const dhcp::Option& option : message.options) {
    const auto code = static_cast<OptionCode>(option.code);
    const bool is_host = code == OptionCode::HostName || code == OptionCode::DomainName ||
                         code == OptionCode::TftpServerName;
    constexpr std::uint8_t kFullName = 81;
    const std::string name = is_host                    ? as_text(option.value)
                             : option.code == kFullName ? full_name(option.value)
                                                        : std::string();
    if (name.empty()) continue;
    rewriter.host(name);
    // "web07" of "web07.example.org".
    const std::string_view first = std::string_view(name).substr(0, name.find('.'));
    constexpr std::size_t kShortest = 3;
    const bool is_name = code != OptionCode::DomainName && first.size() >= kShortest &&
                         first.size() < name.size() && !Ipv4Address::parse(name);
    if (is_name) rewriter.host(first);
  }
}

// The same of addresses, whose beginnings may be the names of directories.
void learn_addresses(const dhcp::Message& message, Pseudonyms& names) {
  for (const dhcp::Option& option : message.options) {
    const auto* row = std::ranges::find(kContents, option.code, &Row::code);
    if (row == kContents.end() || row->content != Content::Addresses) continue;
    for (std::size_t at = 0; at + 4 <= option.value.size(); at += 4) {
      names.of(*Ipv4Address::from(ByteView(option.value).subspan(at, 4)));
    }
  }
}

// Some ROMs make the transaction identifier of the hardware address's end.
std::uint32_t anonymous_xid(std::uint32_t xid, const MacAddress& mac, const MacAddress& other) {
  const auto end_of = [](const MacAddress& address) {
    return std::uint32_t{address.octets[3]} << 16U | std::uint32_t{address.octets[4]} << 8U |
           address.octets[5];
  };
  constexpr std::uint32_t kEnd = 0xffffff;
  return (xid & kEnd) == end_of(mac) ? (xid & ~kEnd) | end_of(other) : xid;
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
    const MacAddress other = names.of(header.mac());
    header.xid = anonymous_xid(header.xid, header.mac(), other);
    header.set_mac(other);
    std::fill(header.chaddr.begin() + 6, header.chaddr.end(), std::uint8_t{0});
  } else {
    header.chaddr.fill(0);
  }
  for (Ipv4Address* address : {&header.ciaddr, &header.yiaddr, &header.siaddr, &header.giaddr}) {
    *address = names.of(*address);
  }
  learn_hosts(*message, rewriter);
  learn_addresses(*message, names);
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

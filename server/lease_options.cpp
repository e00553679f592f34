#include "server/lease_options.h"

#include <algorithm>

#include "server/boot_file.h"
#include "server/inner_options.h"
#include "server/reply_header.h"

namespace pxeproof::server {

namespace {

using dhcp::OptionCode;

constexpr std::uint8_t kSubnetSelection = 118;           // RFC 3011
constexpr std::uint8_t kVendorIdentifyingOptions = 125;  // RFC 3925 s.4
constexpr std::uint16_t kDnsPort = 53;
constexpr std::size_t kAddressSize = 4;

// RFC 4702 s.2.1, the flags of option 81.
constexpr std::uint8_t kServerUpdates = 0x01;
constexpr std::uint8_t kServerOverrides = 0x02;
constexpr std::uint8_t kWireFormat = 0x04;
constexpr std::uint8_t kNoUpdates = 0x08;
constexpr std::uint8_t kFlagsInUse = 0x0f;
constexpr std::uint8_t kNoResultCode = 255;  // RFC 4702 s.2.2: no longer in use

// RFC 4702 s.4: what the server makes of the client's wish who updates the DNS.
std::uint8_t answer_flags(std::uint8_t asked, bool clients_update_dns) {
  unsigned flags = asked;
  if (clients_update_dns) {
    if ((flags & kServerUpdates) != 0) {
      flags = (flags & ~unsigned{kServerUpdates}) | kServerOverrides;
    }
    flags |= kNoUpdates;
  } else {
    if ((flags & kServerUpdates) == 0) flags |= kServerUpdates | kServerOverrides;
    flags &= ~unsigned{kNoUpdates};
  }
  return static_cast<std::uint8_t>(flags & kFlagsInUse);
}

// RFC 1035 s.3.1, without the root's empty label.
void write_labels(std::string_view name, ByteWriter& writer) {
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    name.remove_prefix(std::min(label.size() + 1, name.size()));
    if (label.empty()) continue;
    writer.u8(static_cast<std::uint8_t>(label.size()));
    writer.text(label);
  }
}

// Options that the server makes itself or that make no sense from a configuration.
bool is_prohibited(std::uint8_t code) {
  switch (static_cast<OptionCode>(code)) {
    case OptionCode::MaximumMessageSize:
    case OptionCode::Overload:
    case OptionCode::Pad:
    case OptionCode::End:
    case OptionCode::RenewalTime:
    case OptionCode::RebindingTime:
    case OptionCode::LeaseTime:
    case OptionCode::MessageType:
    case OptionCode::ServerIdentifier:
      return true;
    default:
      return code == kClientFqdn;
  }
}

// For these an empty dhcp-option line means: do not send it.
bool is_silenced_when_empty(std::uint8_t code) {
  switch (static_cast<OptionCode>(code)) {
    case OptionCode::SubnetMask:
    case OptionCode::BroadcastAddress:
    case OptionCode::Router:
    case OptionCode::DomainNameServer:
    case OptionCode::DomainName:
    case OptionCode::HostName:
      return true;
    default:
      return false;
  }
}

std::optional<std::uint32_t> seconds(const DhcpOption* line) {
  if (line == nullptr || line->value.size() != 4) return std::nullopt;
  return Ipv4Address::from(line->value)->value;
}

std::string_view as_view(const Bytes& octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// "0.0.0.0" in an address option stands for this server.
Bytes value_of(const DhcpOption& line, Ipv4Address own) {
  Bytes value = line.value;
  if (!line.value_is_addresses) return value;
  for (std::size_t at = 0; at + 4 <= value.size(); at += 4) {
    const auto address = Ipv4Address::from(ByteView(value).subspan(at, 4));
    if (address->is_unspecified()) {
      std::ranges::copy(own.octets(), value.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  return value;
}

}  // namespace

TextEnd text_end_for(const dhcp::MessageView& request) {
  const auto full_name = find_option(request, kClientFqdn, kFqdnHeader);
  if (full_name) {
    const bool is_text = ((*full_name)[0] & kWireFormat) == 0 && full_name->size() > kFqdnHeader;
    return is_text && full_name->back() == 0 ? TextEnd::Nul : TextEnd::Bare;
  }
  const auto name = find_option(request, OptionCode::HostName, 1);
  return name && name->back() == 0 ? TextEnd::Nul : TextEnd::Bare;
}

// dnsmasq's precedence: a line whose tags are set before the range's tags are known; then one that
// needs them; then one without tags. Of equals the last line.
void LeaseOptions::choose_options(const TagBits& own_tags, const TagBits& tags) {
  const auto& lines = configuration_.options;
  marks_.assign(lines.size(), 0);
  const auto has_chosen = [&](std::uint8_t code) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
      if (marks_[at] != 0 && lines[at].line->code == code) return true;
    }
    return false;
  };
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const bool holds_now = holds(lines[at].filter, own_tags, Untagged::Refused) &&
                           holds(lines[at].filter, tags, Untagged::Refused);
    if (holds_now) marks_[at] = 1;
  }
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (marks_[at] != 0 || !holds(lines[at].filter, tags, Untagged::Refused)) continue;
    if (!has_chosen(lines[at].line->code)) marks_[at] = 1;
  }
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (lines[at].filter.is_empty() && !has_chosen(lines[at].line->code)) marks_[at] = 1;
  }
  chosen_.clear();
  for (std::size_t at = 0; at < lines.size(); ++at) {
    if (marks_[at] != 0 && chosen(lines[at].line->code) == nullptr) {
      chosen_.push_back(lines[at].line);
    }
  }
}

const DhcpOption* LeaseOptions::chosen(std::uint8_t code) const {
  const auto found = std::ranges::find(chosen_, code, &DhcpOption::code);
  return found == chosen_.end() ? nullptr : *found;
}

const DhcpOption* LeaseOptions::chosen(OptionCode code) const {
  return chosen(static_cast<std::uint8_t>(code));
}

// A client without option 55 wants everything.
bool LeaseOptions::is_wanted(std::uint8_t code) const {
  return !wanted_ || std::ranges::find(*wanted_, code) != wanted_->end();
}

bool LeaseOptions::is_wanted(OptionCode code) const {
  return is_wanted(static_cast<std::uint8_t>(code));
}

// An HTTPClient never asks port 4011 for the file of its only service.
std::string_view LeaseOptions::http_service_file(const Request& request, const TagBits& tags) {
  if (!is_pxe_ || !is_http_client(request)) return {};
  choose_boot(configuration_, policy_, request.architectures, tags, choice_);
  const Service* single = choice_.single_service(policy_);
  if (single == nullptr || !is_http_url(single->line->basename)) return {};
  return single->line->basename;
}

void LeaseOptions::set_boot_fields(const Request& request, const LeaseTerms& terms,
                                   const TagBits& tags, dhcp::Header& header) {
  // A ROM asks for 66 and 67 and so gets them as options; anyone else has them in the header.
  const bool may_use_options = wanted_.has_value() && !configuration_.lines().no_override;
  const auto goes_to_option = [&](OptionCode code) { return may_use_options && is_wanted(code); };
  option_file_ = {};
  option_server_name_ = {};
  done_file_ = false;
  done_server_name_ = false;
  const auto set_file = [&](std::string_view name) {
    if (goes_to_option(OptionCode::BootFileName) || !header.set_file(name)) option_file_ = name;
  };
  if (terms.range != nullptr) header.siaddr = terms.range->local;
  const DhcpOption* file = chosen(OptionCode::BootFileName);
  const Boot* boot = configuration_.boot_for(tags);
  std::string_view name = boot == nullptr ? std::string_view() : boot->line->file;
  if (name.empty() && file == nullptr) name = http_service_file(request, tags);
  has_file_ = !name.empty() || file != nullptr;
  has_url_ = has_file_ && is_http_url(name.empty() ? as_view(file->value) : name);
  if (boot != nullptr || !name.empty()) set_file(name);
  if (boot != nullptr) {
    const std::string& server_name = boot->line->server_name;
    if (goes_to_option(OptionCode::TftpServerName) || !header.set_sname(server_name)) {
      option_server_name_ = server_name;
    }
    const auto server = server_of(boot->server, request.message.mac());
    if (server && *server) header.siaddr = **server;
    return;
  }
  const DhcpOption* server_name = chosen(OptionCode::TftpServerName);
  const auto goes_to_header = [&](OptionCode code, const DhcpOption* line) {
    return line != nullptr && !line->force && (!wanted_ || !is_wanted(code));
  };
  if (goes_to_header(OptionCode::BootFileName, file)) {
    done_file_ = header.set_file(as_view(file->value));
  }
  if (goes_to_header(OptionCode::TftpServerName, server_name)) {
    done_server_name_ = header.set_sname(as_view(server_name->value));
  }
  // "server-ip-address" is dnsmasq's name for siaddr: 255 ends the options and never is one.
  if (const DhcpOption* next = chosen(OptionCode::End); next != nullptr) {
    const auto address = Ipv4Address::from(
        ByteView(next->value).first(std::min<std::size_t>(next->value.size(), kAddressSize)));
    if (address) header.siaddr = *address;
  }
}

void LeaseOptions::write_times(const LeaseTerms& terms, ReplyWriter& writer) const {
  if (!terms.lease_seconds || *terms.lease_seconds == kInfiniteLease) return;
  // RFC 2131 s.4.3.5: no times for an INFORM.
  if (terms.address.is_unspecified()) return;
  const std::uint32_t lease = *terms.lease_seconds;
  const auto plausible = [lease](std::optional<std::uint32_t> time) {
    return time && *time<lease&& * time> 2;
  };
  // RFC 2131 s.4.4.5: half and seven eighths of the lease.
  std::uint32_t renewal = lease / 2;
  auto rebinding = static_cast<std::uint32_t>(std::uint64_t{lease} * 7 / 8);
  const auto set_renewal = seconds(chosen(OptionCode::RenewalTime));
  const auto set_rebinding = seconds(chosen(OptionCode::RebindingTime));
  if (plausible(set_renewal)) renewal = *set_renewal;
  if (plausible(set_rebinding)) rebinding = *set_rebinding;
  if (rebinding <= renewal) renewal = rebinding - 1;
  std::uint32_t fuzz = terms.fuzz;
  while (fuzz > renewal / 8) fuzz /= 2;
  writer.u32(OptionCode::RenewalTime, renewal - fuzz);
  writer.u32(OptionCode::RebindingTime, rebinding - fuzz);
}

void LeaseOptions::write_network(const LeaseTerms& terms, ReplyWriter& writer) const {
  if (terms.range == nullptr) return;
  const MatchedRange& range = *terms.range;
  if (chosen(OptionCode::SubnetMask) == nullptr) {
    writer.address(OptionCode::SubnetMask, range.netmask);
  }
  if (!range.broadcast.is_unspecified() && chosen(OptionCode::BroadcastAddress) == nullptr) {
    writer.address(OptionCode::BroadcastAddress, range.broadcast);
  }
  if (!range.router.is_unspecified() && is_wanted(OptionCode::Router) &&
      chosen(OptionCode::Router) == nullptr) {
    writer.address(OptionCode::Router, range.router);
  }
  const bool is_name_server =
      policy_.name_server == Policy::NameServer::Own && configuration_.lines().dns_port == kDnsPort;
  if (is_name_server && is_wanted(OptionCode::DomainNameServer) &&
      chosen(OptionCode::DomainNameServer) == nullptr) {
    writer.address(OptionCode::DomainNameServer, range.local);
  }
}

void LeaseOptions::write_text(OptionCode code, std::string_view text, TextEnd end,
                              ReplyWriter& writer) const {
  if (end == TextEnd::Nul) {
    writer.text_with_nul(code, text);
  } else {
    writer.text(code, text);
  }
}

void LeaseOptions::write_names(const LeaseTerms& terms, ReplyWriter& writer) const {
  const std::string_view domain = terms.domain;
  if (!domain.empty() && is_wanted(OptionCode::DomainName) &&
      chosen(OptionCode::DomainName) == nullptr) {
    write_text(OptionCode::DomainName, domain, text_end_, writer);
  }
  if (!terms.host_name.empty() && is_wanted(OptionCode::HostName) &&
      chosen(OptionCode::HostName) == nullptr) {
    write_text(OptionCode::HostName, terms.host_name, text_end_, writer);
  }
  if (asked_name_ && !terms.host_name.empty()) write_full_name(terms, *asked_name_, writer);
}

void LeaseOptions::write_full_name(const LeaseTerms& terms, std::uint8_t flags,
                                   ReplyWriter& writer) const {
  Bytes value{flags, kNoResultCode, kNoResultCode};
  ByteWriter name(value);
  if ((flags & kWireFormat) != 0) {
    write_labels(terms.host_name, name);
    write_labels(terms.domain, name);
    // A partial name has no end (RFC 4702 s.2.3.1).
    if (!terms.domain.empty()) name.u8(0);
  } else {
    name.text(terms.host_name);
    if (!terms.domain.empty()) {
      name.text(".");
      name.text(terms.domain);
    }
    if (text_end_ == TextEnd::Nul) name.u8(0);
  }
  writer.option(kClientFqdn, value);
}

void LeaseOptions::write_chosen(const Request& request, const LeaseTerms& terms,
                                ReplyWriter& writer) {
  for (const DhcpOption* line : chosen_) {
    if (!line->force && !is_wanted(line->code)) continue;
    if (is_prohibited(line->code)) continue;
    const auto code = static_cast<OptionCode>(line->code);
    const bool is_file = code == OptionCode::BootFileName;
    const bool is_server_name = code == OptionCode::TftpServerName;
    if (is_file && (done_file_ || !option_file_.empty())) continue;
    if (is_server_name && (done_server_name_ || !option_server_name_.empty())) continue;
    if (line->value.empty() && is_silenced_when_empty(line->code)) continue;
    // The vendor class of a PXE answer comes from dhcp-pxe-vendor.
    if (is_pxe_ && code == OptionCode::VendorClass) continue;
    const Bytes value =
        value_of(*line, terms.range == nullptr ? request.interface.network.addresses[0].address
                                               : terms.range->local);
    // A line without a value sends none: not even the end of a name.
    const bool is_name = (is_file || is_server_name) && (!value.empty() || line->value_is_text);
    const bool ends_with_nul = is_name || (line->value_is_text && text_end_ == TextEnd::Nul);
    const bool is_written = ends_with_nul ? writer.text_with_nul(code, as_view(value))
                                          : writer.option(line->code, value);
    if (is_written && code == OptionCode::VendorClass) sent_vendor_class_ = line->value;
  }
}

namespace {

void write_vendor_identifying(std::uint32_t enterprise, const InnerOptions& inside,
                              ReplyWriter& writer) {
  // RFC 3925 s.4: enterprise number and length before the options.
  constexpr std::size_t kLargestInside = 250;
  const Bytes value = inside.joined();
  if (value.empty() || value.size() > kLargestInside) return;
  Bytes whole;
  ByteWriter writer_of_whole(whole);
  writer_of_whole.u32(enterprise);
  writer_of_whole.u8(static_cast<std::uint8_t>(value.size()));
  writer_of_whole.bytes(value);
  writer.option(kVendorIdentifyingOptions, whole);
}

}  // namespace

void LeaseOptions::write_encapsulated(const TagBits& tags, ReplyWriter& writer) const {
  const auto& lines = configuration_.encapsulated;
  const auto outer = [](const DhcpOption& line) {
    return line.encapsulated_in.value_or(kVendorIdentifyingOptions);
  };
  const auto is_sent = [&](const PlainOption& option) {
    return option.filter.holds(tags) && (option.line->force || is_wanted(outer(*option.line)));
  };
  for (std::size_t at = 0; at < lines.size(); ++at) {
    const DhcpOption& leader = *lines[at].line;
    const auto belongs = [&](const PlainOption& option) {
      return option.line->encapsulated_in == leader.encapsulated_in &&
             option.line->vendor_identifying == leader.vendor_identifying;
    };
    const auto first = std::ranges::find_if(lines, belongs);
    if (first - lines.begin() != static_cast<std::ptrdiff_t>(at)) continue;
    const TextEnd end = leader.vendor_identifying ? TextEnd::Bare : text_end_;
    InnerOptions inside;
    for (const PlainOption& option : lines) {
      if (belongs(option) && is_sent(option)) {
        inside.add(option.line->code, option.line->value,
                   option.line->value_is_text ? end : TextEnd::Bare);
      }
    }
    if (leader.vendor_identifying) {
      write_vendor_identifying(*leader.vendor_identifying, inside, writer);
    } else {
      inside.write(*leader.encapsulated_in, writer);
    }
  }
}

std::size_t LeaseOptions::write_pxe(const Request& request, const LeaseTerms& terms,
                                    const TagBits& tags, ReplyWriter& writer) {
  const auto vendor_class = find_option(request.message, OptionCode::VendorClass, 1);
  const ByteView seen = sent_vendor_class_.value_or(vendor_class.value_or(ByteView{}));
  collect_user_sub_options(configuration_, seen, tags, user_);
  const bool is_forced =
      std::ranges::any_of(user_, [](const VendorSubOption* each) { return each->force; });
  const bool is_asked = is_forced || is_wanted(OptionCode::VendorSpecific);
  VendorBlock block(255);
  std::size_t left_out = 0;
  if (is_pxe_ && terms.range != nullptr) {
    choose_boot(configuration_, policy_, request.architectures, tags, choice_);
    list_menu(policy_, choice_, terms.range->local, request.message.mac(), items_);
    // An answer that says PXEClient and has nothing to boot only keeps the ROM from saying so
    // (D10).
    const bool is_dead_end = items_.empty() && !has_file_ && user_.empty();
    if (is_dead_end && policy_.unserved == Policy::Unserved::Silent) return 0;
    // Its firmware refuses any file that is no URL, and it may have another server's offer.
    if (is_http_client(request) && !has_url_) return 0;
    write_pxe_identity(request, writer);
    if (!is_asked) return 0;
    block = VendorBlock(writer.room());
    if (choice_.single_service(policy_) == nullptr) {
      const AnswerFile file = has_file_ ? AnswerFile::Named : AnswerFile::None;
      left_out = write_menu(items_, user_, std::nullopt, file, block).left_out;
      if (!block.octets().empty()) writer.option(OptionCode::VendorSpecific, block.octets());
      return left_out;
    }
  }
  if (!is_asked || user_.empty()) return 0;
  if (!is_pxe_) {
    InnerOptions inside;
    for (const VendorSubOption* each : user_) {
      inside.add(each->tag, each->value, each->is_text ? text_end_ : TextEnd::Bare);
    }
    left_out = inside.write(static_cast<std::uint8_t>(OptionCode::VendorSpecific), writer);
    if (!sent_vendor_class_ && vendor_class) {
      writer.option(OptionCode::VendorClass, *vendor_class);
    }
    return left_out;
  }
  block = VendorBlock(writer.room());
  for (const VendorSubOption* each : user_) {
    if (!block.add(each->tag, each->value)) ++left_out;
  }
  block.close();
  writer.option(OptionCode::VendorSpecific, block.octets());
  return left_out;
}

std::size_t LeaseOptions::write(const Request& request, const LeaseTerms& terms,
                                const TagBits& tags, Bytes& out) {
  const dhcp::MessageView& message = request.message;
  const bool is_bootp = !terms.type;
  wanted_.reset();
  asked_name_.reset();
  if (!is_bootp) {
    wanted_ = find_option(message, OptionCode::ParameterRequestList, 0);
    if (const auto asked = find_option(message, kClientFqdn, kFqdnHeader)) {
      asked_name_ = answer_flags((*asked)[0], configuration_.lines().clients_update_dns);
    }
  }
  text_end_ = is_bootp ? TextEnd::Bare : text_end_for(message);
  is_pxe_ = !is_bootp && !request.vendor.empty() && request.architectures.count > 0;
  sent_vendor_class_.reset();
  choose_options(*request.tags, tags);

  dhcp::Header header = reply_header(request, policy_);
  header.yiaddr = terms.address;
  const bool is_broadcast_forced = std::ranges::any_of(
      configuration_.broadcasts, [&](const TagFilter& filter) { return filter.holds(tags); });
  if (is_broadcast_forced) header.flags |= dhcp::kBroadcastFlag;
  set_boot_fields(request, terms, tags, header);

  // RFC 951 s.3: BOOTP has 64 octets for what DHCP calls options.
  const std::size_t limit = is_bootp ? dhcp::kMinimumMessage : maximum_reply_size(message);
  ReplyWriter writer(out, header, limit, agent_information(message));
  if (terms.type) {
    writer.u8(OptionCode::MessageType, static_cast<std::uint8_t>(*terms.type));
    writer.address(OptionCode::ServerIdentifier, terms.server_id);
  }
  if (terms.lease_seconds) writer.u32(OptionCode::LeaseTime, *terms.lease_seconds);
  if (terms.commits) writer.option(kRapidCommit, {});
  if (!option_server_name_.empty()) {
    writer.text_with_nul(OptionCode::TftpServerName, option_server_name_);
  }
  if (!option_file_.empty()) writer.text_with_nul(OptionCode::BootFileName, option_file_);
  if (wanted_ && !configuration_.lines().no_override) {
    writer.set_overload(ReplyWriter::Overload::Allowed);
  }
  if (!request.subnet_selector.is_unspecified()) {
    writer.address(static_cast<OptionCode>(kSubnetSelection), request.subnet_selector);
  }
  write_times(terms, writer);
  write_network(terms, writer);
  write_names(terms, writer);
  write_chosen(request, terms, writer);
  write_encapsulated(tags, writer);
  const std::size_t left_out = write_pxe(request, terms, tags, writer);
  writer.finish();
  return left_out;
}

}  // namespace pxeproof::server

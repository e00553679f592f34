#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "server/boot_choice.h"
#include "server/inner_options.h"
#include "server/policy.h"
#include "server/reply_writer.h"
#include "server/request.h"
#include "server/vendor_block.h"

namespace pxeproof::server {

// What a lease reply's header and options are made from.
struct LeaseTerms {
  std::optional<dhcp::MessageType> type = dhcp::MessageType::Offer;  // nullopt: BOOTP
  const MatchedRange* range = nullptr;  // nullptr: an INFORM from outside every range
  Ipv4Address server_id;
  Ipv4Address address;  // yiaddr
  std::string_view host_name;
  std::string_view domain;
  std::optional<std::uint32_t> lease_seconds;  // nullopt: none is given (INFORM)
  std::uint16_t fuzz = 0;  // taken off the renewal times, so that clients spread
  bool commits = false;    // the ACK of a DISCOVER (RFC 4039)
};

// A client whose own strings end with NUL gets such ones.
TextEnd text_end_for(const dhcp::MessageView& request);

// Writes OFFER and ACK of an address server, in dnsmasq's order: 53 54 51, 66 67, 118, 58 59, 1 28
// 3 6 15 12 81, the dhcp-option lines (last first), those inside others, 60 97 43, and 82.
class LeaseOptions {
 public:
  // Both must outlive the writer.
  LeaseOptions(const CompiledConfiguration& configuration, const Policy& policy)
      : configuration_(configuration), policy_(policy) {}

  // request.tags are those without the range's, tags those with them. Returns how many menu entries
  // and sub-options did not fit.
  std::size_t write(const Request& request, const LeaseTerms& terms, const TagBits& tags,
                    Bytes& out);

 private:
  void choose_options(const TagBits& own_tags, const TagBits& tags);
  const DhcpOption* chosen(std::uint8_t code) const;
  const DhcpOption* chosen(dhcp::OptionCode code) const;
  bool is_wanted(dhcp::OptionCode code) const;
  bool is_wanted(std::uint8_t code) const;
  void set_boot_fields(const Request& request, const LeaseTerms& terms, const TagBits& tags,
                       dhcp::Header& header);
  std::string_view http_service_file(const Request& request, const TagBits& tags);
  void write_times(const LeaseTerms& terms, ReplyWriter& writer) const;
  void write_network(const LeaseTerms& terms, ReplyWriter& writer) const;
  void write_names(const LeaseTerms& terms, ReplyWriter& writer) const;
  void write_full_name(const LeaseTerms& terms, std::uint8_t flags, ReplyWriter& writer) const;
  void write_chosen(const Request& request, const LeaseTerms& terms, ReplyWriter& writer);
  void write_encapsulated(const TagBits& tags, ReplyWriter& writer) const;
  std::size_t write_pxe(const Request& request, const LeaseTerms& terms, const TagBits& tags,
                        ReplyWriter& writer);
  void write_text(dhcp::OptionCode code, std::string_view text, TextEnd end,
                  ReplyWriter& writer) const;

  const CompiledConfiguration& configuration_;
  const Policy& policy_;

  // Of the reply being written.
  std::optional<ByteView> wanted_;          // option 55
  std::optional<std::uint8_t> asked_name_;  // the flags of option 81
  TextEnd text_end_ = TextEnd::Bare;
  bool is_pxe_ = false;
  bool has_file_ = false;   // in the header or as option 67
  bool has_url_ = false;    // the same
  bool done_file_ = false;  // option 67's line went to the header
  bool done_server_name_ = false;
  std::string_view option_file_;  // dhcp-boot's file for option 67
  std::string_view option_server_name_;
  std::optional<ByteView> sent_vendor_class_;
  std::vector<const DhcpOption*> chosen_;  // last line first
  std::vector<std::uint8_t> marks_;
  BootChoice choice_;
  UserSubOptions user_;
  std::vector<MenuItem> items_;
};

}  // namespace pxeproof::server

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "protocol/time.h"
#include "server/configuration.h"
#include "server/tag_bits.h"

namespace pxeproof::server {

inline constexpr std::uint32_t kInfiniteLease = 0xffffffff;  // RFC 2131 s.3.3

// dhcp-range with its tags as numbers.
struct Range {
  DhcpRange::Kind kind = DhcpRange::Kind::Proxy;
  Ipv4Address start;
  Ipv4Address end;
  std::optional<Ipv4Address> netmask;
  std::optional<Ipv4Address> broadcast;
  std::string interface;
  TagFilter filter;
  std::vector<TagId> sets;
  std::uint32_t lease_seconds = 3600;

  bool is_proxy() const { return kind == DhcpRange::Kind::Proxy; }
};

// The server that a pxe-service or dhcp-boot line names for its file.
struct ServerAddress {
  enum class Kind { Own, Given, UnknownName };
  Kind kind = Kind::Own;
  std::vector<Ipv4Address> addresses;  // Given: one, or those of a name
};

// pxe-service, dhcp-boot, dhcp-reply-delay, tag-if and the rules that set a tag: the directive and
// its tags.
struct Service {
  const PxeService* line = nullptr;
  TagFilter filter;
  ServerAddress server;
};
struct Boot {
  const DhcpBoot* line = nullptr;
  TagFilter filter;
  ServerAddress server;
};
struct Delay {
  Duration delay{};
  TagFilter filter;
};
struct TagIfRule {
  std::vector<TagId> sets;
  TagFilter filter;
};
struct MatchRule {
  const TagRule* line = nullptr;
  TagFilter filter;
  TagId sets = 0;
};

// A sub-option for option 43 from dhcp-option=vendor: or pxe-prompt.
struct VendorSubOption {
  std::string vendor_class;
  std::uint8_t tag = 0;
  Bytes value;
  TagFilter filter;
  bool is_prompt = false;  // from pxe-prompt
  bool is_text = false;
  bool force = false;
};

// dhcp-option that stands on its own or inside another option.
struct PlainOption {
  const DhcpOption* line = nullptr;
  TagFilter filter;
};

// dhcp-host.
struct Host {
  const DhcpHost* line = nullptr;
  TagFilter filter;
  std::vector<TagId> sets;
  std::optional<std::uint32_t> lease_seconds;

  // Whether it names clients by hardware address or identifier, not just by their own host name.
  bool is_by_identity() const { return !line->hardware.empty() || line->client_id; }
};

// A configuration ready for packets: tags are numbers, and each list stands in the order in which
// it is searched (dhcp-boot, options, prompts and delays: the last line first).
class CompiledConfiguration {
 public:
  // Interface names are tags too; they must all be known here.
  CompiledConfiguration(Configuration configuration,
                        const std::vector<std::string>& interface_names);
  CompiledConfiguration(const CompiledConfiguration&) = delete;
  CompiledConfiguration& operator=(const CompiledConfiguration&) = delete;

  const Configuration& lines() const { return lines_; }
  const TagNames& tags() const { return tags_; }

  std::vector<Range> ranges;                        // file order
  std::vector<Service> services;                    // file order
  std::vector<Boot> boots;                          // last line first
  std::vector<VendorSubOption> vendor_sub_options;  // last line first
  std::vector<PlainOption> options;                 // last line first, those outside others
  std::vector<PlainOption> encapsulated;            // last line first, encap: and vi-encap:
  std::vector<Delay> delays;                        // last line first
  std::vector<TagIfRule> tag_ifs;                   // file order
  std::vector<MatchRule> match_rules;
  std::vector<TagFilter> ignores;
  std::vector<TagFilter> broadcasts;
  std::vector<TagFilter> bootp_dynamics;
  std::vector<TagFilter> ignored_names;
  std::vector<TagFilter> generated_names;
  std::vector<Host> hosts;  // last line first
  TagId known = 0;
  TagId known_othernet = 0;
  TagId bootp = 0;
  TagId gateway = 0;  // "cpewan-id"

  bool has_prompt() const { return has_prompt_; }

  // The first of a list whose tags are set; else the first without tags.
  const Boot* boot_for(const TagBits& tags) const;
  Duration delay_for(const TagBits& tags) const;

 private:
  void intern_tags(const std::vector<std::string>& interface_names);
  void compile_vendor_sub_options();
  void compile_options();
  void compile_hosts();
  std::vector<TagId> ids(const std::vector<std::string>& names) const;
  TagFilter filter(const std::vector<TagCondition>& conditions) const {
    return TagFilter(conditions, tags_);
  }

  Configuration lines_;
  TagNames tags_;
  bool has_prompt_ = false;
};

}  // namespace pxeproof::server

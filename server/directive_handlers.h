#pragma once

#include <optional>
#include <vector>

#include "server/argument.h"
#include "server/configuration.h"
#include "server/diagnostic.h"

// What each directive does with its argument. The table in directive_table.cpp lists who calls
// what; the sources are divided by noun: directive_boot.cpp, directive_range.cpp and so on.

namespace pxeproof::server {

class ReaderSession;

// directive_boot.cpp
Judgement read_pxe_service(ReaderSession& session, Argument argument);
Judgement read_pxe_prompt(ReaderSession& session, Argument argument);
Judgement read_dhcp_boot(ReaderSession& session, Argument argument);
Judgement read_pxe_vendor(ReaderSession& session, Argument argument);

// directive_range.cpp
Judgement read_dhcp_range(ReaderSession& session, Argument argument);
Judgement read_reply_delay(ReaderSession& session, Argument argument);
Judgement read_alternate_port(ReaderSession& session, const std::optional<Argument>& argument);
Judgement read_shared_network(ReaderSession& session, Argument argument);
Judgement read_bridge_interface(ReaderSession& session, Argument argument);
Judgement read_lease_maximum(ReaderSession& session, Argument argument);

// directive_option.cpp
enum class OptionDirective { Plain, Forced, InPxeReplies };
Judgement read_dhcp_option(ReaderSession& session, Argument argument, OptionDirective directive);
Judgement read_dhcp_match(ReaderSession& session, Argument argument);

// directive_tag.cpp
Judgement read_class_rule(ReaderSession& session, Argument argument, TagRule::Kind kind);
Judgement read_agent_rule(ReaderSession& session, Argument argument, TagRule::Kind kind);
Judgement read_dhcp_mac(ReaderSession& session, Argument argument);
Judgement read_name_match(ReaderSession& session, Argument argument);
Judgement read_tag_if(ReaderSession& session, Argument argument);

// "tag:x", "net:x" or the bare name, as dhcp-ignore and its like take them.
std::vector<TagCondition> read_tag_list(const std::optional<Argument>& argument);

// directive_host.cpp
Judgement read_dhcp_host(ReaderSession& session, Argument argument);

// directive_interface.cpp
Judgement read_port(ReaderSession& session, Argument argument);
Judgement read_interface(ReaderSession& session, Argument argument);
Judgement read_except_interface(ReaderSession& session, Argument argument);
Judgement read_no_dhcp_interface(ReaderSession& session, Argument argument);
Judgement read_listen_address(ReaderSession& session, Argument argument);

// directive_tftp.cpp
Judgement read_enable_tftp(ReaderSession& session, const std::optional<Argument>& argument);
Judgement read_tftp_root(ReaderSession& session, Argument argument);
Judgement read_tftp_unique_root(ReaderSession& session, const std::optional<Argument>& argument);
Judgement read_tftp_max(ReaderSession& session, Argument argument);
Judgement read_tftp_mtu(ReaderSession& session, Argument argument);
Judgement read_tftp_port_range(ReaderSession& session, Argument argument);

// directive_relay.cpp
Judgement read_dhcp_relay(ReaderSession& session, Argument argument);
Judgement read_dhcp_proxy(ReaderSession& session, const std::optional<Argument>& argument);

// directive_name.cpp
Judgement read_host_record(ReaderSession& session, Argument argument);
Judgement read_address(ReaderSession& session, Argument argument);
Judgement read_domain(ReaderSession& session, Argument argument);

// directive_file.cpp
Judgement read_conf_file(ReaderSession& session, const std::optional<Argument>& argument);
Judgement read_conf_dir(ReaderSession& session, Argument argument);
Judgement read_conf_script(ReaderSession& session, Argument argument);
Judgement read_dhcp_script(ReaderSession& session, Argument argument);
Judgement read_dump_mask(ReaderSession& session, Argument argument);
Judgement read_log_facility(ReaderSession& session, Argument argument);

// Directives that only have to be well formed.
Judgement accept_anything(ReaderSession& session, const std::optional<Argument>& argument);
Judgement accept_number(ReaderSession& session, const std::optional<Argument>& argument);
Judgement accept_port(ReaderSession& session, const std::optional<Argument>& argument);
Judgement accept_address(ReaderSession& session, const std::optional<Argument>& argument);
Judgement accept_split_relay(ReaderSession& session, const std::optional<Argument>& argument);
Judgement accept_fields(ReaderSession& session, const std::optional<Argument>& argument);

}  // namespace pxeproof::server

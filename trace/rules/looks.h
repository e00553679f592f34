#pragma once

#include <optional>

#include "trace/rules/rule.h"

namespace pxeproof::trace::rule {

// The predicates of the table (trace/rules/table.cpp), one for each rule. nullopt: it does not
// apply.
using Look = std::optional<Finding>;

// Offers and other answers (offer_rules.cpp, answer_rules.cpp).
Look no_boot_offer(const RuleInput& in);
Look two_servers(const RuleInput& in);
Look dhcp_boot_alone(const RuleInput& in);
Look proxy_offer_ignored(const RuleInput& in);
Look architecture_not_served(const RuleInput& in);
Look raspberry_pi_menu(const RuleInput& in);
Look http_offer_rejected(const RuleInput& in);
Look header_fields_only(const RuleInput& in);
Look nobody_answers(const RuleInput& in);
Look proxy_offer_late(const RuleInput& in);
Look offer_without_identity(const RuleInput& in);
Look proxy_without_address(const RuleInput& in);
Look option_67_twice(const RuleInput& in);
Look answer_misaddressed(const RuleInput& in);
Look answer_broken(const RuleInput& in);
Look offer_too_late(const RuleInput& in);

// The boot server and option 43 (boot_server_rules.cpp, vendor_rules.cpp).
Look proxy_silent_on_4011(const RuleInput& in);
Look list_of_servers_missing(const RuleInput& in);
Look menu_without_prompt(const RuleInput& in);
Look file_without_server(const RuleInput& in);
Look answer_without_file(const RuleInput& in);
Look address_server_promises_pxe(const RuleInput& in);
Look asks_4011_despite_file(const RuleInput& in);
Look vendor_block_broken(const RuleInput& in);
Look local_boot_chosen(const RuleInput& in);
Look wds_pending(const RuleInput& in);

// Addresses and relays (address_rules.cpp).
Look relay_drops_answers(const RuleInput& in);
Look proxy_ignores_relay(const RuleInput& in);
Look identifier_malformed(const RuleInput& in);
Look server_off_net(const RuleInput& in);
Look netmask_missing(const RuleInput& in);
Look address_refused(const RuleInput& in);
Look address_declined(const RuleInput& in);
Look address_used_twice(const RuleInput& in);
Look no_acknowledgement(const RuleInput& in);
Look acknowledgement_differs(const RuleInput& in);
Look two_machines(const RuleInput& in);

// Transfers (transfer_rules.cpp, reply_rules.cpp).
Look firewall(const RuleInput& in);
Look packets_too_large(const RuleInput& in);
Look lost_block_not_resent(const RuleInput& in);
Look window_on_lossy_path(const RuleInput& in);
Look window_slow(const RuleInput& in);
Look answer_from_stranger(const RuleInput& in);
Look block_number_wrap(const RuleInput& in);
Look block_misnumbered(const RuleInput& in);
Look abort_not_honoured(const RuleInput& in);
Look options_rejected(const RuleInput& in);
Look client_stopped(const RuleInput& in);
Look tftp_not_running(const RuleInput& in);
Look server_is_full(const RuleInput& in);
Look server_was_full(const RuleInput& in);
Look client_went_silent(const RuleInput& in);

// Files (file_rules.cpp).
Look file_not_found(const RuleInput& in);
Look layer_suffix(const RuleInput& in);
Look name_with_garbage(const RuleInput& in);
Look shim_second_stage(const RuleInput& in);
Look loader_part_missing(const RuleInput& in);
Look configuration_missing(const RuleInput& in);
Look wrong_next_server(const RuleInput& in);
Look access_denied(const RuleInput& in);
Look tftp_refused(const RuleInput& in);
Look file_of_wrong_size(const RuleInput& in);

// The web (http_rules.cpp).
Look http_refused(const RuleInput& in);
Look http_content_missing(const RuleInput& in);
Look url_without_dns(const RuleInput& in);
Look web_server_unreachable(const RuleInput& in);

// Programs that run, or do not (program_rules.cpp).
Look wrong_architecture_image(const RuleInput& in);
Look file_is_no_program(const RuleInput& in);
Look ipxe_loop(const RuleInput& in);
Look port_was_blocked(const RuleInput& in);
Look reinstall_loop(const RuleInput& in);
Look secure_boot(const RuleInput& in);
Look loader_loop(const RuleInput& in);
Look program_is_mute(const RuleInput& in);

// What costs time (slow_rules.cpp).
Look small_blocks(const RuleInput& in);
Look packets_lost(const RuleInput& in);
Look late_answers(const RuleInput& in);

// What looks like a fault and is none (benign_rules.cpp).
Look size_probe(const RuleInput& in);
Look configuration_search(const RuleInput& in);
Look offers_repeated(const RuleInput& in);
Look constant_transaction(const RuleInput& in);
Look second_dhcp(const RuleInput& in);
Look early_terminate(const RuleInput& in);
Look bare_user_class(const RuleInput& in);
Look optional_file_missing(const RuleInput& in);
Look menu_waits(const RuleInput& in);

}  // namespace pxeproof::trace::rule

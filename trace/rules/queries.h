#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "trace/boot_files.h"
#include "trace/rules/rule.h"

namespace pxeproof::trace {

// Questions that several rules ask of a boot.

// Names PXEClient in option 60.
bool says_pxe(const DhcpStep& answer);
bool says_http(const DhcpStep& answer);
bool gives_address(const DhcpStep& answer);
// Option 43 is there at all.
bool has_vendor_block(const DhcpStep& answer);
// "Load the named file" (43.6 bit 3) with a file.
bool uses_boot_file(const DhcpStep& answer);
bool is_url(std::string_view file);
// A file with a server to fetch it from.
bool can_be_fetched(const DhcpStep& answer);
bool names_boot(const DhcpStep& answer);       // a file, or a menu
bool leads_to_server(const DhcpStep& answer);  // a menu with more in it than the local disk

// An answer whose end the capture's snap length left out: that an option is missing proves nothing.
bool any_answer_cut(const BootSession& session);
// Says so of a finding that rests on an option that is missing.
void weaken_by_cut_answers(const BootSession& session, Finding& finding);

std::vector<SeenDhcp> address_offers(const BootSession& session);
std::vector<SeenDhcp> proxy_offers(const BootSession& session);
// Offers, acknowledgements of addresses and the boot server's answers: all that may name a file.
std::vector<SeenDhcp> boot_answers(const BootSession& session);

// The first address in an option: of several routers, the one that is used.
std::optional<Ipv4Address> option_address(const DhcpStep& step, dhcp::OptionCode code);

// The server's name of itself, else where the packet came from.
Ipv4Address identity_of(const DhcpStep& answer);

// The transfer that decides: the payload that failed, else the last one, size probes and optional
// files left out; nullptr for none.
const SeenTransfer* last_transfer(const BootSession& session);
// The first file that came whole in any round.
const SeenTransfer* first_file(const std::vector<BootSession>& sessions);
bool was_refused(const TransferStep& transfer, std::uint16_t code);

// Why the server says that it refuses: by its code, or by its words where these say more.
enum class Refusal { NotFound, Denied, Options, Busy, Other };
std::optional<Refusal> refusal_of(const TransferStep& transfer);

// How often the client asked for this file in all and acknowledged nothing; some ROMs take a new
// port for each try.
std::uint32_t vain_tries(const BootSession& session, const TransferStep& transfer);

// The host of a URL, without user and port; empty when the text is no URL.
std::string_view host_of_url(std::string_view url);

// The server repeats its OACK though the client acknowledged it: it does not hear the client.
bool server_is_deaf(const TransferStep& transfer);

// The request by which a client asks the address server for a file under its own address, as U-Boot
// does when that names none, though a proxy names one; nullptr when there is none.
const SeenTransfer* asked_past_proxy(const BootSession& session);

// The client's messages with a relay's address in them, whether the relay's copy or the only one.
std::vector<SeenDhcp> relayed_questions(const BootSession& session);

// Whether the boot server requests stayed without any answer.
bool boot_server_is_silent(const BootSession& session);
// ICMP that says the port is closed, or the host not to be reached; nullptr for none.
const SeenIcmp* port_closed(const BootSession& session, Ipv4Address server, std::uint16_t port);
// An ARP search for this neighbour that nobody answered.
const SeenArp* no_neighbour(const BootSession& session, Ipv4Address address);
// The server was heard of in this session: it answers DHCP.
bool answered_dhcp(const BootSession& session, Ipv4Address server);

// A word of a line of dnsmasq's configuration, in quotes where it needs them.
std::string dnsmasq_word(std::string_view text);

// shim's request for its key manager behind a loader that came whole: shim refused that loader.
// nullptr when there is none.
const SeenTransfer* key_manager_asked(const BootSession& session);

std::string quote(std::string_view text);  // with its quotation marks, made printable

// The packets of several steps.
std::vector<std::uint32_t> packets_of(const std::vector<SeenDhcp>& seen);
void add_packets(std::vector<std::uint32_t>& list, const std::vector<SeenDhcp>& seen);
void add_packets(std::vector<std::uint32_t>& list, const Step& step);

// The words that many findings share.
inline constexpr std::string_view kCaptureAtServer =
    "not decidable from this side: capture at the server too, and see whether the packet arrives "
    "and whether it answers";

std::vector<std::uint32_t> packets_of(const SeenTransfer& transfer);
// The answer whose file this request is for; nullptr when no answer names it.
const SeenDhcp* source_of(const std::vector<SeenDhcp>& answers, std::string_view name);
// It is there: the client itself stopped it, and then looks for it in other places.
bool was_stopped_before(const BootSession& session, std::string_view name);
// What the machine ran when it asked: the last program that came whole before.
const SeenTransfer* program_before(const RuleInput& in, const SeenTransfer& request);
// Under whatever directory.
bool is_same_file(std::string_view left, std::string_view right);
// The answer that the firmware got, in the round in which it loaded the program that asks now;
// nullptr when there is none.
const SeenDhcp* answered_before(const RuleInput& in);

}  // namespace pxeproof::trace

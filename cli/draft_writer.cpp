#include "cli/draft_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "cli/learned_numbers.h"
#include "cli/learned_waits.h"
#include "cli/packet_fields.h"

namespace pxeproof::cli {

namespace {

using firmware::DhcpPhase;
using firmware::Profile;

std::string quoted(std::string_view word) { return fmt::format("\"{}\"", word); }
std::string truth(bool value) { return value ? "true" : "false"; }

std::string tftp_options(const std::vector<tftp::Option>& options) {
  std::vector<std::string> rows;
  rows.reserve(options.size());
  for (const tftp::Option& option : options)
    rows.push_back(toml_texts({option.name, option.value}));
  return fmt::format("[{}]", fmt::join(rows, ", "));
}

std::vector<std::uint32_t> numbers_of(const std::vector<ObservedMessage>& messages) {
  std::vector<std::uint32_t> numbers;
  for (const ObservedMessage& each : messages) numbers.push_back(each.frame->number);
  return numbers;
}

// The machine type in the PE header of images for an architecture (RFC 4578 s.2.1, IANA); empty: it
// is not known, and not checked.
std::string_view efi_machine(std::uint16_t architecture) {
  switch (architecture) {
    case 6:
    case 15:
      return "0x014c";
    case 7:
    case 9:
    case 16:
      return "0x8664";
    case 10:
    case 18:
      return "0x01c2";
    case 11:
    case 19:
      return "0xaa64";
    default:
      return "";
  }
}

// Writes what one machine showed as rows upon a base.
class DraftWriter {
 public:
  DraftWriter(const ObservedMachine& machine, const Profile& base, const LearnOptions& options)
      : machine_(machine), base_(base), options_(options) {}

  ProfileDraft write() {
    write_head();
    write_ip();
    write_arp();
    write_session();
    for (const auto& [table, messages] : machine_.phases) write_phase(table, messages);
    write_tftp();
    write_volatile();
    return std::move(draft_);
  }

 private:
  void set(std::string_view table, std::string_view key, std::string value, std::string note) {
    draft_.set({std::string(table), std::string(key), std::move(value), std::move(note)});
  }

  void write_head() {
    set("", "based_on", quoted(base_.name), "what this file does not say is as there");
    set("", "name", toml_text(options_.name), "");
    set("", "title", toml_text("learned from " + options_.capture), "");
    set("", "source", toml_text("capture " + options_.capture), "");
    set("", "volatile", "[]", "");
    if (machine_.known.architecture) {
      set("", "architecture", std::to_string(*machine_.known.architecture), "option 93");
    }
    if (machine_.known.http_architecture) {
      set("", "http_architecture", std::to_string(*machine_.known.http_architecture),
          "option 93 of its HTTP round");
    }
    // A machine of another kind runs other images; with the wrong ones its twin would go on after
    // the boot file where the real one starts it.
    const std::string_view machine = efi_machine(machine_.known.architecture.value_or(0));
    const bool is_uefi = !base_.efi_machines.empty() || !machine.empty();
    if (is_uefi && machine_.known.architecture != base_.architecture) {
      set("", "efi_machines", fmt::format("[{}]", machine), "by option 93");
    }
  }

  void write_ip();
  void write_arp();
  void write_session();
  void write_phase(const std::string& seen_as, const std::vector<ObservedMessage>& messages);
  bool datagram_between(const RecordedFrame& one, const RecordedFrame& other) const;
  bool took_data(const ObservedRequest& request) const;
  void write_arp_waits();
  void write_tftp();
  void write_tftp_waits();
  void write_volatile();
  const DhcpPhase* base_phase(std::string_view table) const;

  const ObservedMachine& machine_;
  const Profile& base_;
  const LearnOptions& options_;
  ProfileDraft draft_;
  bool dont_fragment_ = false;
  bool drawn_xid_ = false;  // some xid is drawn
  std::string ports_;
  std::string identification_;
};

const DhcpPhase* DraftWriter::base_phase(std::string_view table) const {
  if (table == "dhcp.discover") return &base_.attempts.front().discover;
  if (table == "dhcp.request") return &base_.attempts.front().request;
  if (table == "dhcp.proxy_request") return &base_.proxy_request;
  if (table == "dhcp.boot_server_request") return &base_.boot_server_request;
  if (table == "dhcp.boot_server_broadcast" && base_.boot_server_broadcast) {
    return &*base_.boot_server_broadcast;
  }
  if (base_.attempts.size() < 2) return nullptr;
  if (table == "dhcp.then.discover") return &base_.attempts[1].discover;
  if (table == "dhcp.then.request") return &base_.attempts[1].request;
  return nullptr;
}

void DraftWriter::write_ip() {
  if (machine_.datagrams.empty()) return;
  const frames::Udp& first = machine_.datagrams.front();
  const std::uint32_t number = machine_.datagram_frames.front()->number;
  const std::string note =
      fmt::format("packet {} and {} more", number, machine_.datagrams.size() - 1);
  dont_fragment_ = first.dont_fragment;
  set("ip", "ttl", std::to_string(first.ttl), note);
  set("ip", "dont_fragment", truth(first.dont_fragment), note);
  set("ip", "udp_checksum", truth(first.checksum != 0), note);
  identification_ = identification_rule(machine_.datagrams, base_.ip);
  set("ip", "identification", quoted(identification_),
      note + "; where it starts: of one boot only");
  if (identification_ != "random-counter") {
    set("ip", "first_identification", fmt::format("0x{:04x}", first.identification),
        fmt::format("packet {}", number));
  }
}

void DraftWriter::write_arp() {
  if (machine_.leased) {
    const bool announces = !machine_.announcements.empty();
    set("arp", "announce", quoted(announces ? "when-configured" : "never"),
        announces ? fmt::format("packet {}", machine_.announcements.front()->number)
                  : "a lease, and no announcement");
  }
  write_arp_waits();
}

// Questions for one neighbour with no datagram between them: the first run of more than one.
void DraftWriter::write_arp_waits() {
  std::vector<const RecordedFrame*> run;
  std::optional<Ipv4Address> target;
  for (const RecordedFrame* each : machine_.arp_requests) {
    const auto arp = frames::inspect_arp(each->octets);
    if (!arp) continue;
    const bool goes_on = target == arp->target_address && !datagram_between(*run.back(), *each);
    if (!goes_on && run.size() > 1) break;
    if (!goes_on) run.clear();
    run.push_back(each);
    target = arp->target_address;
  }
  const auto waits = waits_of_run(run, base_.arp.retry, base_);
  if (waits) set("arp", "waits", waits->value, waits->note);
}

// One question for one file, sent again and again without an answer.
void DraftWriter::write_tftp_waits() {
  std::vector<const RecordedFrame*> run;
  const tftp::Request* asked = nullptr;
  for (const ObservedRequest& each : machine_.requests) {
    const bool goes_on =
        asked != nullptr && *asked == each.request && !datagram_between(*run.back(), *each.frame);
    if (!goes_on && run.size() > 1) break;
    if (!goes_on) run.clear();
    run.push_back(each.frame);
    asked = &each.request;
  }
  const auto waits = waits_of_run(run, base_.tftp.retry, base_);
  if (waits) set("tftp", "retry", fmt::format("{{waits = {}}}", waits->value), waits->note);
}

bool DraftWriter::datagram_between(const RecordedFrame& one, const RecordedFrame& other) const {
  return std::ranges::any_of(machine_.datagram_frames, [&](const RecordedFrame* each) {
    return each->number > one.number && each->number < other.number;
  });
}

// True when the machine acknowledged a block of the file: it did not only ask for its size.
bool DraftWriter::took_data(const ObservedRequest& request) const {
  return std::ranges::any_of(machine_.datagrams, [&](const frames::Udp& each) {
    if (each.source.port != request.port) return false;
    const auto packet = tftp::decode(each.payload);
    const auto* const ack = packet ? std::get_if<tftp::Ack>(&*packet) : nullptr;
    return ack != nullptr && ack->block > 0;
  });
}

void DraftWriter::write_session() {
  const auto found = machine_.phases.find("dhcp.discover");
  if (found == machine_.phases.end()) return;
  const std::vector<ObservedMessage>& discovers = found->second;
  const std::uint32_t xid = discovers.front().message.xid();
  const auto [rule, note] = xid_rule(discovers.front(), machine_.known.mac, base_);
  drawn_xid_ = rule == "random";
  set("dhcp", "xid", quoted(rule),
      fmt::format("packet {}: {}", discovers.front().frame->number, note));
  const auto then = machine_.phases.find("dhcp.then.discover");
  constexpr std::uint32_t kLargestStep = 0xffff;
  if (drawn_xid_ && then != machine_.phases.end()) {
    const std::uint32_t step = then->second.front().message.xid() - xid;
    if (step <= kLargestStep) {
      set("dhcp", "xid_step", std::to_string(step),
          fmt::format("packet {}", then->second.front().frame->number));
    }
  }
}

void DraftWriter::write_phase(const std::string& seen_as,
                              const std::vector<ObservedMessage>& messages) {
  // Where a firmware asks boot servers alike at every address there is one table for all.
  const bool one_for_all = seen_as == "dhcp.boot_server_broadcast" &&
                           !base_.boot_server_broadcast &&
                           !machine_.phases.contains("dhcp.boot_server_request");
  const std::string table = one_for_all ? "dhcp.boot_server_request" : seen_as;
  const DhcpPhase* const base = base_phase(table);
  const ObservedMessage& first = messages.front();
  const std::string note = name_packets(numbers_of(messages));
  const OptionPlace place =
      table == "dhcp.proxy_request" ? OptionPlace::ToProxy : OptionPlace::ToAddressServer;
  const bool of_first_attempt = !table.starts_with("dhcp.then");
  const dhcp::MessageView& discover =
      of_first_attempt ? machine_.phases.at("dhcp.discover").front().message : first.message;
  // That an option follows what servers say shows only where they said something else.
  KnownValues known = machine_.known;
  for (const firmware::OptionTemplate& each : base_.attempts.front().discover.options) {
    const auto own = discover.first(each.code);
    const auto now = first.message.first(each.code);
    const bool same = own && now && std::equal(own->begin(), own->end(), now->begin(), now->end());
    if (each.registered_first && same) known.registered.insert(each.code);
  }
  std::vector<std::string> options;
  first.message.each_option([&](const dhcp::OptionView& option) {
    if (option.field != dhcp::OptionField::Options) return;
    // Once a server's value has been taken over, the machine's own stands in its first message.
    const auto own = discover.first(option.code);
    const bool registered = known.registered.contains(option.code) && own;
    options.push_back(option_template(
        {option.code, registered ? *own : option.value, option.field, option.offset}, known,
        place));
  });
  set(table, "options", toml_texts(options), note);
  // Zeros behind END are padding up to a size; without any the size is unknown but not larger.
  const ByteView message = first.message.packet();
  std::size_t padded = 0;
  if (first.message.has_end() && !message.empty() && message.back() == 0) padded = message.size();
  if (padded == 0 && base != nullptr && base->minimum_size <= message.size()) {
    padded = base->minimum_size;
  }
  set(table, "minimum_size", std::to_string(padded), note);
  set(table, "flags", fmt::format("0x{:04x}", first.message.flags()), note);
  if (base == nullptr || base->names_file || !first.message.file_text().empty()) {
    set(table, "names_file", truth(!first.message.file_text().empty()), note);
  }
  set(table, "source_port", std::to_string(first.udp.source.port), note);
  if (first.udp.dont_fragment != dont_fragment_ || (base != nullptr && base->dont_fragment)) {
    set(table, "dont_fragment", truth(first.udp.dont_fragment), note);
  }
  if (!table.ends_with("discover")) {
    const std::string session =
        table.starts_with("dhcp.then") ? "dhcp.then.discover" : "dhcp.discover";
    const auto discovers = machine_.phases.find(session);
    const std::uint32_t xid = first.message.xid();
    std::string rule = xid == 0 ? "zero" : "fresh";
    if (discovers != machine_.phases.end() && discovers->second.back().message.xid() == xid) {
      rule = "of-session";
    }
    if (base_.xid == firmware::SessionXid::MacAndMilliseconds && rule == "fresh")
      rule = "of-session";
    drawn_xid_ = drawn_xid_ || rule == "fresh";
    set(table, "xid", quoted(rule), note);
  }
  // Elapsed seconds that do not begin at zero; or a base's offset that this machine does not have.
  const bool has_offset =
      first.message.secs() != 0 && base != nullptr && base->secs == firmware::Secs::Elapsed;
  const bool base_has_offset = base != nullptr && base->secs_offset != 0;
  if (table.ends_with("discover") && (has_offset || base_has_offset)) {
    set(table, "secs_offset", std::to_string(first.message.secs()), note);
  }
  const LearnedWaits waits = waits_of_phase(messages, base, base_);
  set(table, "waits", waits.value, waits.note);
  if (table == "dhcp.then.discover" && base == nullptr) {
    const auto& before = machine_.phases.at("dhcp.discover").back();
    set("dhcp.then", "name", "\"second\"", "");
    set("dhcp.then", "pause", quoted(milliseconds(first.frame->at - before.frame->at)),
        "between the two attempts' DISCOVERs: too long by the first one's last wait");
    if (!machine_.phases.contains("dhcp.then.request")) {
      std::vector<std::string> request = options;
      std::replace(request.begin(), request.end(), std::string("53 01"), std::string("53 03"));
      request.insert(request.end(), {"54 {server}", "50 {yiaddr}"});
      set("dhcp.then.request", "options", toml_texts(request), "never seen: a guess");
      set("dhcp.then.request", "waits", R"(["4s"])", "never seen: a guess");
    }
  }
}

void DraftWriter::write_tftp() {
  using Ports = firmware::TftpManners::Ports;
  const std::vector<ObservedRequest>& all = machine_.requests;
  if (all.empty()) return;
  write_tftp_waits();
  std::vector<std::uint32_t> numbers;
  for (const ObservedRequest& each : all) numbers.push_back(each.frame->number);
  // A request that the machine ends itself before it asks for the same file again is a probe.
  const ObservedRequest* file = &all.front();
  const ObservedRequest* probe = nullptr;
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i].request.filename == all[i - 1].request.filename &&
        all[i].request.options != all[i - 1].request.options) {
      probe = &all[i - 1];
      file = &all[i];
      break;
    }
  }
  if (probe == nullptr && base_.tftp.probe &&
      (all.front().error_frame != nullptr ||
       all.front().request.options == base_.tftp.probe->options)) {
    probe = &all.front();
    file = nullptr;
  }
  if (file != nullptr) {
    set("tftp", "options", tftp_options(file->request.options),
        fmt::format("packet {}", file->frame->number));
  }
  if (probe != nullptr) {
    set("tftp.probe", "options", tftp_options(probe->request.options),
        fmt::format("packet {}", probe->frame->number));
    if (probe->error_frame != nullptr) {
      const std::string note = fmt::format("packet {}", probe->error_frame->number);
      set("tftp.probe", "abort_code", std::to_string(probe->error.code), note);
      set("tftp.probe", "abort_text", toml_text(probe->error.text), note);
      if (!base_.tftp.probe) {
        set("tftp.probe", "no_size_code", std::to_string(probe->error.code), "never seen: a guess");
        set("tftp.probe", "no_size_text", toml_text(probe->error.text), "never seen: a guess");
      }
    }
  } else if (base_.tftp.probe && file != nullptr && took_data(*file)) {
    set("", "without", R"(["tftp.probe"])",
        fmt::format("packet {}: no request for the size before it", file->frame->number));
  }
  if (probe == nullptr && file != nullptr && file->error_frame != nullptr) {
    const std::string note = fmt::format("packet {}", file->error_frame->number);
    set("tftp", "refusal_code", std::to_string(file->error.code), note);
    set("tftp", "refusal_text", toml_text(file->error.text), note);
  }
  std::set<std::uint16_t> ports;
  bool steps = true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ports.insert(all[i].port);
    if (i > 0 && all[i].port != all[i - 1].port)
      steps = steps && all[i].port == all[i - 1].port + 1;
  }
  if (base_.tftp.ports == Ports::Milliseconds && all.front().port <= base_.tftp.last_port) {
    ports_ = "milliseconds";
  } else if (base_.tftp.ports == Ports::Sequential && all.front().port == base_.tftp.first_port) {
    ports_ = "sequential";
  } else if (ports.size() > 1) {
    ports_ = steps ? "random-then-sequential" : "random";
  } else {
    ports_ = base_.tftp.ports == Ports::RandomThenSequential ? "random-then-sequential" : "random";
  }
  set("tftp", "ports", quoted(ports_),
      name_packets(numbers) + (ports.size() > 1 ? "" : ": only one port, so the rule is a guess"));
  if (all.front().port < base_.tftp.first_port || all.front().port > base_.tftp.last_port) {
    set("tftp", "first_port", "1024", "the range is a guess");
    set("tftp", "last_port", "65535", "the range is a guess");
  }
}

// Drawn numbers are declared volatile by their rule; what else the base declares stays so.
void DraftWriter::write_volatile() {
  const DraftRow* const xid = draft_.find("dhcp", "xid");
  const std::string xid_rule = xid == nullptr ? "" : xid->value;
  const bool time_secs = base_.attempts.front().discover.secs == firmware::Secs::UnixTime;
  std::vector<std::string> rows;
  const auto add = [&rows](std::string_view packets, std::string_view field,
                           std::string_view relation) {
    rows.push_back(toml_texts({std::string(packets), std::string(field), std::string(relation)}));
  };
  bool identification_declared = false;
  bool port_declared = false;
  for (const firmware::VolatileField& each : base_.volatile_fields) {
    if (each.field == "dhcp.xid") continue;
    if (each.field == "dhcp.secs" && !time_secs) continue;
    if (each.field == "ip.id") {
      const bool same = identification_ == "random-counter" || identification_ == "counter";
      if (!same || each.relation != firmware::VolatileField::Relation::SameSteps) continue;
      identification_declared = true;
    }
    if (each.field == "udp.source_port") {
      if (ports_ == "sequential" || ports_ == "random" || ports_ == "random-then-sequential") {
        continue;
      }
      port_declared = true;
    }
    add(each.packets, each.field, to_string(each.relation));
  }
  if (xid_rule == "\"mac-and-milliseconds\"") {
    add("DHCP", "dhcp.xid", "milliseconds");
  } else if (drawn_xid_ || xid_rule == "\"unix-time\"") {
    add("DHCP", "dhcp.xid", "same-where-same");
  }
  if (!identification_declared && identification_ == "random-counter") {
    add("", "ip.id", "same-steps");
  }
  if (identification_ == "count-and-received") add("", "ip.id", "high-octet");
  if (!port_declared && ports_ == "random") add("TFTP", "udp.source_port", "same-where-same");
  if (!port_declared && ports_ == "random-then-sequential") {
    add("TFTP", "udp.source_port", "same-steps");
  }
  set("", "volatile", fmt::format("[{}]", fmt::join(rows, ", ")),
      "numbers that the machine draws: only the relation can be learned");
}

}  // namespace

ProfileDraft draft_of(const ObservedMachine& machine, const firmware::Profile& base,
                      const LearnOptions& options) {
  return DraftWriter(machine, base, options).write();
}

}  // namespace pxeproof::cli

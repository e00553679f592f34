#include "trace/compared_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "protocol/letter_case.h"
#include "trace/boot_files.h"
#include "trace/dhcp_fields.h"
#include "trace/ladder_parties.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

constexpr std::uint16_t kFirstEphemeralPort = 1024;
constexpr std::string_view kToBootServer = " 4011";  // at the end of a kind

class Fields {
 public:
  void add(std::string key, std::string value, std::optional<Volatile> whole = std::nullopt) {
    std::string label = key;
    fields_.push_back({std::move(key), std::move(label), std::move(value), whole});
  }
  // Ports that are known by number are said, others are given.
  void add_port(std::string key, std::uint16_t port) {
    const bool is_said = port < kFirstEphemeralPort || port == dhcp::kBootServerPort;
    add(std::move(key), std::to_string(port),
        is_said ? std::nullopt : std::optional(Volatile::Port));
  }
  void add(ComparedField field) { fields_.push_back(std::move(field)); }
  std::vector<ComparedField> take() { return std::move(fields_); }

 private:
  std::vector<ComparedField> fields_;
};

bool is_option(std::string_view key) {
  return key.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool has(const ComparedStep& step, std::string_view key) {
  return std::ranges::find(step.fields, key, &ComparedField::key) != step.fields.end();
}

// The name as far as the capture has it.
std::string_view known_name(const ComparedStep& step) {
  const auto field = std::ranges::find(step.fields, "name", &ComparedField::key);
  if (field == step.fields.end()) return {};
  std::string_view name = field->value;
  if (step.cut.name) name.remove_suffix(std::min(name.size(), kCutNameMark.size()));
  return name;
}

std::string kind_of(const DhcpStep& step) {
  const std::string label = label_of(step);
  if (step.direction == DhcpStep::Direction::FromClient) {
    if (step.to_boot_server()) return label + std::string(kToBootServer);
    if (step.item) return label + " boot server";
    return label;
  }
  // The class may stand behind the cut; hardly anybody but a proxy offers no address.
  const bool may_be_proxy = step.cut && step.vendor_class.empty() && step.yiaddr.is_unspecified() &&
                            step.type == dhcp::MessageType::Offer;
  if (step.is_proxy_offer() || may_be_proxy) return label + " proxy";
  if (step.from_boot_server() || (step.item && step.yiaddr.is_unspecified())) {
    return label + " boot server";
  }
  return label;
}

// The rest of the message's fields, without what the step's kind says already.
void add_message(const DhcpStep& step, Fields& fields) {
  std::string order;
  for (const DhcpField& field : decode_dhcp_fields(step.octets)) {
    if (field.key == "op" || field.key == "53" || field.key == "chaddr") continue;
    if (is_option(field.key)) order += fmt::format("{}{}", order.empty() ? "" : " ", field.key);
    std::optional<Volatile> whole;
    if (field.key == "xid") whole = Volatile::Xid;
    if (field.key == "12") whole = Volatile::HostName;
    fields.add({field.key, label_of(field), field.value, whole});
  }
  fields.add("order", order);
  fields.add("size", std::to_string(step.message_size));
}

ComparedStep describe_step(const DhcpStep& step, Ipv4Address /*own*/) {
  ComparedStep compared;
  const bool from_client = step.direction == DhcpStep::Direction::FromClient;
  compared.side = from_client ? ComparedStep::Side::Client : ComparedStep::Side::Server;
  compared.kind = kind_of(step);
  compared.title = compared.kind;
  compared.cut.message = step.cut;
  compared.detail = from_client ? printable(step.user_class) : std::string();
  if (!step.giaddr.is_unspecified()) compared.detail += " relayed";
  Fields fields;
  if (from_client) {
    fields.add_port("source port", step.source.port);
  } else {
    fields.add("from", to_string(sender_of(step)));
    fields.add_port("source port", step.source.port);
    if (!step.boot_file.empty()) fields.add("boot file", printable(step.boot_file));
  }
  fields.add("to", step.destination.address.is_broadcast() ? "everybody"
                                                           : to_string(step.destination.address));
  add_message(step, fields);
  compared.fields = fields.take();
  return compared;
}

std::string_view outcome_text(TransferStep::Outcome outcome) {
  switch (outcome) {
    case TransferStep::Outcome::Complete:
      return "whole";
    case TransferStep::Outcome::Aborted:
      return "stopped by the client";
    case TransferStep::Outcome::Refused:
      return "refused";
    case TransferStep::Outcome::Unanswered:
      return "no answer";
    case TransferStep::Outcome::Unfinished:
      return "went silent";
  }
  return {};
}

ComparedStep describe_step(const TransferStep& step, Ipv4Address own) {
  ComparedStep compared;
  compared.side = ComparedStep::Side::File;
  const bool is_probe = step.outcome == TransferStep::Outcome::Aborted && step.blocks == 0;
  const std::string name = printable(step.filename);
  compared.kind = is_probe ? "size probe" : "file";
  compared.detail = VolatileText(name, own).shape();
  compared.title = compared.kind + " " + name;
  compared.is_miss = step.outcome == TransferStep::Outcome::Refused &&
                     step.error_code == static_cast<std::uint16_t>(tftp::ErrorCode::FileNotFound);
  compared.is_benign = is_probe || compared.is_miss;
  compared.cut.name = step.name_cut;
  compared.cut.request = step.request_cut;
  compared.cut.oack = step.oack_cut;
  compared.cut.error = step.error_cut;
  Fields fields;
  fields.add("name", name);
  fields.add("server", to_string(server_of(step)));
  fields.add("outcome", std::string(outcome_text(step.outcome)));
  if (step.error_code) {
    fields.add("error", std::to_string(*step.error_code));
    fields.add("error text", printable(step.error_text));
  }
  if (step.outcome == TransferStep::Outcome::Complete) {
    fields.add("octets", with_thousands(step.octets));
    if (!step.sha256.empty()) fields.add("content", step.sha256);
  }
  if (!step.request_cut || !step.mode.empty()) {
    fields.add("mode", lower_case(printable(step.mode)));
  }
  for (const tftp::Option& option : step.requested) {
    fields.add("asks " + lower_case(printable(option.name)), printable(option.value));
  }
  for (const tftp::Option& option : step.acknowledged) {
    fields.add("grants " + lower_case(printable(option.name)), printable(option.value));
  }
  if (step.resent > 0) fields.add("resent", std::to_string(step.resent));
  fields.add_port("client port", step.client.port);
  fields.add_port("server port", step.server.port);
  compared.fields = fields.take();
  if (step.outcome == TransferStep::Outcome::Complete) compared.took = step.ended - step.begun;
  return compared;
}

ComparedStep describe_step(const HttpStep& step, Ipv4Address own) {
  ComparedStep compared;
  compared.side = ComparedStep::Side::File;
  compared.kind = "HTTP";
  const std::string target = printable(step.target);
  compared.detail = VolatileText(target, own).shape();
  compared.title = fmt::format("{} {}", printable(step.method), target);
  Fields fields;
  if (step.connection != HttpStep::Connection::Open) {
    compared.title = fmt::format("connection to port {}", step.server.port);
    fields.add("connection", std::string(to_string(step.connection)));
  }
  fields.add("method", printable(step.method));
  fields.add("target", target);
  fields.add("server", to_string(step.server.address));
  fields.add("status", step.status ? std::to_string(*step.status) : "no answer");
  if (step.length && step.octets) {
    fields.add("outcome", step.is_cut_short() ? "cut short" : "whole");
    fields.add("octets", with_thousands(*step.octets));
  }
  compared.cut.content = !step.length || !step.octets;
  compared.fields = fields.take();
  return compared;
}

ComparedStep describe_step(const IcmpStep& step, Ipv4Address /*own*/) {
  ComparedStep compared;
  compared.side = ComparedStep::Side::Network;
  compared.kind = "ICMP";
  compared.detail = fmt::format("{}/{} {}", step.type, step.code, step.about_destination.port);
  compared.title = fmt::format("ICMP {} about port {}",
                               step.is_port_unreachable() ? "port unreachable" : "unreachable",
                               step.about_destination.port);
  return compared;
}

ComparedStep describe_step(const ArpStep& step, Ipv4Address /*own*/) {
  ComparedStep compared;
  compared.side = ComparedStep::Side::Network;
  compared.kind = step.answered ? "ARP" : "ARP without answer";
  compared.title = compared.kind;
  compared.is_benign = step.answered;
  return compared;
}

// Lays a boot out, remembering who asked what when.
class Layout {
 public:
  explicit Layout(const Boot& boot) : boot_(boot) {}

  std::vector<ComparedStep> make() {
    for (std::size_t index = 0; index < boot_.steps.size(); ++index) {
      if (steps_.size() >= kMaximumComparedSteps) break;
      add(index);
    }
    return std::move(steps_);
  }

 private:
  // Repetitions since the client last asked for something else.
  ComparedStep* repeated(const ComparedStep& step, const Step& source) {
    const auto* message = std::get_if<DhcpStep>(&source.what);
    const auto* transfer = std::get_if<TransferStep>(&source.what);
    const auto* http = std::get_if<HttpStep>(&source.what);
    const bool repeats =
        message != nullptr || std::holds_alternative<IcmpStep>(source.what) ||
        (http != nullptr && http->connection != HttpStep::Connection::Open) ||
        (transfer != nullptr && transfer->outcome == TransferStep::Outcome::Unanswered);
    if (!repeats) return nullptr;
    for (std::size_t index = steps_.size(); index-- > round_begin_;) {
      ComparedStep& earlier = steps_[index];
      if (earlier.kind == step.kind && earlier.detail == step.detail &&
          who_.at(index) == who_of(source)) {
        return &earlier;
      }
    }
    return nullptr;
  }

  static std::string who_of(const Step& source) {
    if (const auto* message = std::get_if<DhcpStep>(&source.what)) {
      return message->direction == DhcpStep::Direction::ToClient ? to_string(sender_of(*message))
                                                                 : std::string("client");
    }
    return {};
  }

  void add(std::size_t index) {
    const Step& source = boot_.steps[index];
    ComparedStep step = lay_out(source, boot_.address);
    step.step = index;
    const auto* message = std::get_if<DhcpStep>(&source.what);
    if (message != nullptr && !message->boot_file.empty()) named_ = message->boot_file;
    if (const auto* transfer = std::get_if<TransferStep>(&source.what)) {
      step.is_boot_file = !named_.empty() && transfer->filename == named_;
    }
    if (ComparedStep* earlier = repeated(step, source)) {
      ++earlier->times;
      if (message != nullptr && step.side == ComparedStep::Side::Client) {
        asked_[message->xid] = source.at;
      }
      busy_until_ = std::max(busy_until_, source.at);
      return;
    }
    if (message != nullptr && step.side == ComparedStep::Side::Client) {
      asked_[message->xid] = source.at;
      round_begin_ = steps_.size();
    } else if (message != nullptr) {
      const auto asked = asked_.find(message->xid);
      if (asked != asked_.end()) step.took = source.at - asked->second;
    }
    const bool client_acts =
        step.side == ComparedStep::Side::Client || step.side == ComparedStep::Side::File;
    if (client_acts && !steps_.empty() && source.at > busy_until_) {
      step.pause = source.at - busy_until_;
    }
    const auto* transfer = std::get_if<TransferStep>(&source.what);
    busy_until_ = std::max(busy_until_, transfer != nullptr ? transfer->ended : source.at);
    who_.push_back(who_of(source));
    steps_.push_back(std::move(step));
  }

  const Boot& boot_;
  std::vector<ComparedStep> steps_;
  std::vector<std::string> who_;
  std::size_t round_begin_ = 0;
  std::string named_;  // the boot file, by the last answer that named one
  std::map<std::uint32_t, Instant> asked_;
  Instant busy_until_;
};

}  // namespace

ComparedStep lay_out(const Step& step, Ipv4Address own_address) {
  ComparedStep compared =
      std::visit([&](const auto& what) { return describe_step(what, own_address); }, step.what);
  compared.packet = step.first_packet;
  return compared;
}

bool hides(const ComparedStep& step, const ComparedStep& other, std::string_view key) {
  if (step.cut.message) {
    if (key == "order") return true;
    // RFC 2132 s.9.5: option 67 goes before the file field.
    if (key == "boot file") return has(other, "67") && !has(step, "67");
    // RFC 2132 s.9.3: with option 52 options stand in these fields.
    if (key == "file" || key == "sname") return has(other, "52") && !has(step, "52");
    if (is_option(key)) return !has(step, key);
  }
  if (step.cut.request && (key == "mode" || key.starts_with("asks "))) return !has(step, key);
  if (step.cut.oack && (key == "octets" || key == "outcome" || key == "content")) return true;
  if (step.cut.oack && key.starts_with("grants ")) return !has(step, key);
  if (step.cut.content && (key == "octets" || key == "outcome")) return true;
  return step.cut.error && key == "error text";
}

bool may_be_of_one_kind(const ComparedStep& one, const ComparedStep& other) {
  if (one.kind == other.kind) return true;
  if ((!one.cut.message && !other.cut.message) || one.side != other.side) return false;
  if (one.kind.ends_with(kToBootServer) != other.kind.ends_with(kToBootServer)) return false;
  const auto type = [](const ComparedStep& step) {
    return std::string_view(step.kind).substr(0, step.kind.find(' '));
  };
  // Option 53 stands first nearly everywhere, but need not.
  const auto has_no_type = [&](const ComparedStep& step) {
    return step.cut.message && type(step) == "BOOTP";
  };
  return type(one) == type(other) || has_no_type(one) || has_no_type(other);
}

bool may_be_one_name(const ComparedStep& one, const ComparedStep& other) {
  const std::string_view name = known_name(one);
  const std::string_view other_name = known_name(other);
  return (one.cut.name && other_name.starts_with(name)) ||
         (other.cut.name && name.starts_with(other_name));
}

std::vector<ComparedStep> compared_steps(const Boot& boot) { return Layout(boot).make(); }

}  // namespace pxeproof::trace

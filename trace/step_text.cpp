#include "trace/step_text.h"

#include <fmt/format.h>

#include "protocol/dhcp/client_options.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kShownHashDigits = 12;

std::string describe_menu(const DhcpStep& step) {
  std::string text;
  for (const pxe::MenuEntry& entry : step.menu) {
    text += fmt::format("{}\"{}\" ({:04x})", text.empty() ? "menu " : ", ", printable(entry.text),
                        entry.type);
  }
  return text;
}

// The parts of an answer that decide what the client does next, joined with commas.
std::string describe_boot_information(const DhcpStep& step) {
  std::vector<std::string> parts;
  if (!step.boot_file.empty())
    parts.push_back(fmt::format("file \"{}\"", printable(step.boot_file)));
  if (!step.siaddr.is_unspecified()) {
    parts.push_back(fmt::format("next server {}", to_string(step.siaddr)));
  }
  if (!step.menu.empty()) parts.push_back(describe_menu(step));
  if (step.prompt && step.prompt->timeout_seconds == 255) {
    parts.push_back("prompt that waits");
  } else if (step.prompt && step.prompt->timeout_seconds > 0) {
    parts.push_back(fmt::format("prompt {} s", step.prompt->timeout_seconds));
  }
  if (step.item) {
    parts.push_back(fmt::format("item {:04x} layer {}", step.item->type, step.item->layer));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string describe_client(const DhcpStep& step) {
  std::vector<std::string> parts;
  if (step.architecture) parts.push_back(dhcp::describe_architecture(*step.architecture));
  if (!step.vendor_class.empty()) {
    parts.push_back(printable(step.vendor_class.substr(0, step.vendor_class.find(':'))));
  }
  if (!step.user_class.empty()) {
    parts.push_back(fmt::format("user class {}", printable(step.user_class)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string describe_request(const DhcpStep& step) {
  if (step.item) {
    return fmt::format("item {:04x} layer {} from {}", step.item->type, step.item->layer,
                       to_string(step.destination));
  }
  if (step.to_boot_server()) return fmt::format("boot file from {}", to_string(step.destination));
  std::string text =
      step.requested_address ? to_string(*step.requested_address) : to_string(step.ciaddr);
  if (step.server_id) text += fmt::format(" from {}", to_string(*step.server_id));
  return text;
}

std::string describe_lease(std::optional<std::uint32_t> seconds) {
  if (!seconds) return {};
  if (*seconds == 0xffffffffU) return ", for ever";
  if (*seconds % 3600 == 0) return fmt::format(", for {} h", *seconds / 3600);
  return fmt::format(", for {} s", *seconds);
}

std::string describe_answer(const DhcpStep& step) {
  const std::string server = to_string(step.server_id.value_or(step.source.address));
  const std::string boot = describe_boot_information(step);
  if (step.is_proxy_offer()) {
    return fmt::format("proxy {}: {}", server, boot.empty() ? "asks for a request to 4011" : boot);
  }
  if (step.from_boot_server() || step.item) return fmt::format("boot server {}: {}", server, boot);
  return fmt::format("{} from {}{}{}{}", to_string(step.yiaddr), server,
                     step.type == dhcp::MessageType::Ack ? describe_lease(step.lease_seconds) : "",
                     boot.empty() ? "" : ", ", boot);
}

std::string describe_outcome(const TransferStep& transfer) {
  const std::string resent =
      transfer.resent == 0 ? "" : fmt::format(", {} resent", transfer.resent);
  switch (transfer.outcome) {
    case TransferStep::Outcome::Complete:
      return fmt::format("{} octets, {} of {}{}", with_thousands(transfer.octets),
                         counted(transfer.blocks, "block"), transfer.block_size, resent);
    case TransferStep::Outcome::Aborted:
      return transfer.blocks == 0
                 ? fmt::format("asked for the size, then stopped (ERROR {})",
                               transfer.error_code.value_or(0))
                 : fmt::format("the client stopped after {} blocks: ERROR {} \"{}\"",
                               transfer.blocks, transfer.error_code.value_or(0),
                               printable(transfer.error_text));
    case TransferStep::Outcome::Refused:
      return fmt::format("ERROR {} \"{}\"", transfer.error_code.value_or(0),
                         printable(transfer.error_text));
    case TransferStep::Outcome::Unanswered:
      return fmt::format("no answer, asked {} times", transfer.resent + 1);
    case TransferStep::Outcome::Unfinished:
      return fmt::format("stopped after {} octets, {} blocks{}", with_thousands(transfer.octets),
                         transfer.blocks, resent);
  }
  return {};
}

bool is_miss(const Step& step) {
  const auto* transfer = std::get_if<TransferStep>(&step.what);
  return transfer != nullptr && transfer->outcome == TransferStep::Outcome::Refused &&
         transfer->error_code == static_cast<std::uint16_t>(tftp::ErrorCode::FileNotFound);
}

}  // namespace

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string describe_duration(Duration duration) {
  const double seconds = to_seconds(duration);
  if (seconds < 0.01) return fmt::format("{:.1f} ms", seconds * 1e3);
  if (seconds < 1) return fmt::format("{:.0f} ms", seconds * 1e3);
  return fmt::format("{:.2f} s", seconds);
}

std::string label_of(const DhcpStep& step) {
  return step.type ? std::string(to_string(*step.type)) : "BOOTP";
}

std::string describe(const DhcpStep& step) {
  if (step.direction == DhcpStep::Direction::ToClient) {
    if (step.type == dhcp::MessageType::Nak) {
      return fmt::format("{} refuses: {}", to_string(step.server_id.value_or(step.source.address)),
                         printable(step.nak_text));
    }
    return describe_answer(step);
  }
  if (step.type == dhcp::MessageType::Request) return describe_request(step);
  return describe_client(step);
}

std::string describe(const TransferStep& step) { return describe_outcome(step); }

std::string_view to_string(HttpStep::Connection connection) {
  switch (connection) {
    case HttpStep::Connection::Open:
      return "open";
    case HttpStep::Connection::Refused:
      return "refused";
    case HttpStep::Connection::Silent:
      return "no answer";
    case HttpStep::Connection::Encrypted:
      return "encrypted";
  }
  return {};
}

std::string describe(const HttpStep& step) {
  if (step.connection != HttpStep::Connection::Open) {
    return fmt::format("connects to {}{}: {}", to_string(step.server),
                       step.attempts > 1 ? fmt::format(" ({} times)", step.attempts) : "",
                       to_string(step.connection));
  }
  std::string text =
      fmt::format("{} {} from {}{}", step.method, printable(step.target), to_string(step.server),
                  step.status ? fmt::format(": {}", *step.status) : std::string());
  if (step.is_cut_short()) text += fmt::format(", {} of {} octets", *step.octets, *step.length);
  return text;
}

std::string describe(const IcmpStep& step) {
  const std::string_view what = step.is_port_unreachable()       ? "port unreachable"
                                : step.is_fragmentation_needed() ? "fragmentation needed"
                                : step.is_host_unreachable()     ? "host unreachable"
                                                                 : "unreachable";
  return fmt::format("{} says {} about {} to {}", to_string(step.sender), what,
                     to_string(step.about_source), to_string(step.about_destination));
}

std::string describe(const ArpStep& step) {
  if (step.holder) {
    return fmt::format("who has {}? {} has it", to_string(step.target), to_string(*step.holder));
  }
  return fmt::format("who has {}? asked {} times{}", to_string(step.target), step.requests,
                     step.answered ? "" : ", no answer");
}

std::string StoryText::line(Instant at, std::string_view label, std::string_view text) const {
  return fmt::format("{:8.3f}  {:<9} {}", to_seconds(at - start_), label, text);
}

std::string StoryText::tell_transfer(const Step& step, const TransferStep& transfer,
                                     std::string_view remark) const {
  std::string text =
      fmt::format("{} -> {}", printable(transfer.filename), describe_outcome(transfer));
  if (transfer.outcome == TransferStep::Outcome::Complete) {
    text += fmt::format(", {}", describe_duration(transfer.ended - transfer.begun));
    if (!transfer.sha256.empty()) {
      text += fmt::format(", sha256 {}", transfer.sha256.substr(0, kShownHashDigits));
    }
  }
  if (!remark.empty()) text += fmt::format(", {}", remark);
  return line(step.at, "RRQ", text);
}

std::vector<std::string> StoryText::flush_misses() {
  std::vector<std::string> lines;
  if (misses_.size() == 1) {
    lines.push_back(tell_transfer(misses_[0], std::get<TransferStep>(misses_[0].what), {}));
  } else if (!misses_.empty()) {
    const auto& first = std::get<TransferStep>(misses_.front().what);
    const auto& last = std::get<TransferStep>(misses_.back().what);
    lines.push_back(line(misses_.front().at, "RRQ",
                         fmt::format("{} ... {}: {} names not found, {}", printable(first.filename),
                                     printable(last.filename), misses_.size(),
                                     describe_duration(last.ended - first.begun))));
  }
  misses_.clear();
  return lines;
}

std::vector<std::string> StoryText::on_step(const Step& step, std::string_view remark) {
  if (is_miss(step)) {
    misses_.push_back(step);
    return {};
  }
  std::vector<std::string> lines = flush_misses();
  if (const auto* message = std::get_if<DhcpStep>(&step.what)) {
    lines.push_back(line(step.at, label_of(*message), describe(*message)));
  } else if (const auto* transfer = std::get_if<TransferStep>(&step.what)) {
    lines.push_back(tell_transfer(step, *transfer, remark));
  } else if (const auto* http = std::get_if<HttpStep>(&step.what)) {
    lines.push_back(line(step.at, "HTTP", describe(*http)));
  } else if (const auto* icmp = std::get_if<IcmpStep>(&step.what)) {
    lines.push_back(line(step.at, "ICMP", describe(*icmp)));
  } else {
    lines.push_back(line(step.at, "ARP", describe(std::get<ArpStep>(step.what))));
  }
  return lines;
}

std::vector<std::string> StoryText::finish() { return flush_misses(); }

std::string in_times(std::uint64_t count) {
  return count == 1 ? "once" : fmt::format("{} times", count);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace pxeproof::trace

#include "trace/ladder.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "protocol/dhcp/client_options.h"
#include "trace/ladder_parties.h"
#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

// What a rung is, for seeing that the next one says the same.
enum class Said { Message, Miss, Other };

std::string boot_words(const DhcpStep& step) {
  std::string text;
  if (step.discovery_control) text += fmt::format(", 43.6={:02x}", *step.discovery_control);
  if (!step.menu.empty()) text += fmt::format(", menu of {}", step.menu.size());
  if (step.item) text += fmt::format(", item {:04x}", step.item->type);
  if (!step.boot_file.empty()) text += ", " + printable(step.boot_file);
  return text;
}

std::string answer_words(const DhcpStep& step) {
  const std::string label = label_of(step);
  const std::string boot = boot_words(step);
  if (step.type == dhcp::MessageType::Nak) return label + " " + printable(step.nak_text);
  if (step.is_proxy_offer()) return label + " proxy" + (boot.empty() ? ", no boot file" : boot);
  if (!step.yiaddr.is_unspecified()) return label + " " + to_string(step.yiaddr) + boot;
  return label + (boot.empty() ? ", no boot file" : boot);
}

std::string question_words(const DhcpStep& step) {
  std::string text = label_of(step);
  if (step.to_boot_server()) text += " 4011";
  if (step.item) text += fmt::format(" item {:04x}", step.item->type);
  if (step.type == dhcp::MessageType::Discover && step.architecture) {
    text += fmt::format(" arch {}", *step.architecture);
  }
  if (step.type == dhcp::MessageType::Request && step.requested_address) {
    text += " " + to_string(*step.requested_address);
  }
  if (!step.user_class.empty()) text += ", " + printable(step.user_class);
  return text;
}

std::string transfer_words(const TransferStep& step) {
  const std::string name = printable(step.filename);
  switch (step.outcome) {
    case TransferStep::Outcome::Complete:
      return fmt::format("{}, {} octets, {}", name, with_thousands(step.octets),
                         describe_duration(step.ended - step.begun));
    case TransferStep::Outcome::Aborted:
      return step.blocks == 0 ? fmt::format("RRQ {}: asks for its size", name)
                              : fmt::format("{}: stopped by the client after {} octets", name,
                                            with_thousands(step.octets));
    case TransferStep::Outcome::Refused:
      return fmt::format("RRQ {}: ERROR {} {}", name, step.error_code.value_or(0),
                         printable(step.error_text));
    case TransferStep::Outcome::Unanswered:
      return fmt::format("RRQ {}: no answer{}", name,
                         step.requests > 1 ? fmt::format(", asked {} times", step.requests) : "");
    case TransferStep::Outcome::Unfinished:
      return fmt::format("{}: silent after {} octets", name, with_thousands(step.octets));
  }
  return {};
}

bool is_miss(const Step& step) {
  const auto* transfer = std::get_if<TransferStep>(&step.what);
  return transfer != nullptr && transfer->outcome == TransferStep::Outcome::Refused &&
         transfer->error_code == static_cast<std::uint16_t>(tftp::ErrorCode::FileNotFound);
}

// Builds the rungs of one boot.
class Rungs {
 public:
  Rungs(const Boot& boot, const LadderParties& parties) : boot_(boot), parties_(parties) {}

  std::vector<LadderRung> make();

 private:
  LadderRung describe_step(const Step& step) const;
  void direct(LadderRung& rung, const DhcpStep& step) const;
  void direct(LadderRung& rung, const TransferStep& step) const;
  void direct(LadderRung& rung, const HttpStep& step) const;
  void direct(LadderRung& rung, const IcmpStep& step) const;
  void direct(LadderRung& rung, const ArpStep& step) const;
  bool joins_last(const LadderRung& rung, Said said) const;

  const Boot& boot_;
  const LadderParties& parties_;
  std::vector<LadderRung> rungs_;
  Said last_said_ = Said::Other;
  std::string last_text_;  // as it was before others joined it
  std::size_t joined_ = 1;
};

void Rungs::direct(LadderRung& rung, const DhcpStep& step) const {
  if (step.direction == DhcpStep::Direction::ToClient) {
    rung.from = parties_.find(sender_of(step));
    rung.text = answer_words(step);
    return;
  }
  // A relay sends on what it heard, in its own name.
  if (!step.giaddr.is_unspecified() && step.source.address == step.giaddr) {
    rung.from = parties_.find(step.giaddr);
  }
  rung.to_everybody = step.destination.address.is_broadcast();
  rung.to = rung.to_everybody ? parties_.last() : parties_.find(step.destination.address);
  rung.text = question_words(step);
}

void Rungs::direct(LadderRung& rung, const TransferStep& step) const {
  const std::size_t server = parties_.find(server_of(step));
  rung.text = transfer_words(step);
  if (step.octets > 0) {
    rung.from = server;
    rung.line = LadderRung::Line::File;
  } else {
    rung.to = server;
    if (step.outcome == TransferStep::Outcome::Unanswered) rung.line = LadderRung::Line::Lost;
  }
}

void Rungs::direct(LadderRung& rung, const HttpStep& step) const {
  rung.to = parties_.find(step.server.address);
  if (step.connection != HttpStep::Connection::Open) {
    rung.text = fmt::format("TCP port {}: {}", step.server.port, to_string(step.connection));
    if (step.connection != HttpStep::Connection::Encrypted) rung.line = LadderRung::Line::Lost;
    return;
  }
  rung.text = fmt::format("{} {}{}", step.method, printable(step.target),
                          step.status ? fmt::format(": {}", *step.status) : ": no answer");
  if (!step.status) rung.line = LadderRung::Line::Lost;
}

void Rungs::direct(LadderRung& rung, const IcmpStep& step) const {
  rung.from = parties_.find(step.sender);
  if (rung.from == 0) rung.to = parties_.find(step.about_source.address);
  rung.text = fmt::format("ICMP {} about port {}",
                          step.is_fragmentation_needed() ? "fragmentation needed" : "unreachable",
                          step.about_destination.port);
}

void Rungs::direct(LadderRung& rung, const ArpStep& step) const {
  rung.to_everybody = true;
  rung.to = parties_.last();
  rung.text = fmt::format("ARP who has {}?{}", to_string(step.target),
                          step.holder     ? " " + to_string(*step.holder)
                          : step.answered ? ""
                                          : " no answer");
  if (!step.answered) rung.line = LadderRung::Line::Lost;
}

LadderRung Rungs::describe_step(const Step& step) const {
  LadderRung rung;
  rung.at = step.at - boot_.begun;
  rung.first_packet = step.first_packet;
  rung.last_packet = step.last_packet;
  std::visit([&](const auto& what) { direct(rung, what); }, step.what);
  return rung;
}

bool Rungs::joins_last(const LadderRung& rung, Said said) const {
  if (rungs_.empty() || said != last_said_ || said == Said::Other) return false;
  const LadderRung& last = rungs_.back();
  if (rung.from != last.from || rung.to != last.to) return false;
  return said == Said::Miss || rung.text == last_text_;
}

std::vector<LadderRung> Rungs::make() {
  for (std::size_t index = 0; index < boot_.steps.size(); ++index) {
    const Step& step = boot_.steps[index];
    LadderRung rung = describe_step(step);
    rung.first_step = index;
    rung.last_step = index;
    const bool is_message = std::holds_alternative<DhcpStep>(step.what);
    const Said said = is_message ? Said::Message : is_miss(step) ? Said::Miss : Said::Other;
    if (joins_last(rung, said)) {
      LadderRung& last = rungs_.back();
      last.last_packet = rung.last_packet;
      last.last_step = index;
      ++joined_;
      last.text = said == Said::Miss
                      ? fmt::format("RRQ: {} names not found, the last {}", joined_,
                                    printable(std::get<TransferStep>(step.what).filename))
                      : fmt::format("{} ({} times)", last_text_, joined_);
      continue;
    }
    joined_ = 1;
    last_said_ = said;
    last_text_ = rung.text;
    rungs_.push_back(std::move(rung));
  }
  return std::move(rungs_);
}

void attach(std::vector<LadderRung>& rungs, const LadderNotes& notes) {
  for (LadderRung& rung : rungs) {
    for (auto note = notes.lower_bound(rung.first_packet);
         note != notes.end() && note->first <= rung.last_packet; ++note) {
      if (std::ranges::find(rung.notes, note->second) == rung.notes.end()) {
        rung.notes.push_back(note->second);
      }
    }
  }
}

}  // namespace

Ladder make_ladder(const Boot& boot, const LadderNotes& notes) {
  Ladder ladder;
  ladder.title = to_string(boot.mac);
  if (boot.architecture) ladder.title += ", " + dhcp::describe_architecture(*boot.architecture);
  const LadderParties parties(boot);
  ladder.parties = parties.all();
  ladder.rungs = Rungs(boot, parties).make();
  attach(ladder.rungs, notes);
  ladder.verdict = fmt::format("{}: {}", to_string(boot.verdict.kind), boot.verdict.text);
  return ladder;
}

}  // namespace pxeproof::trace

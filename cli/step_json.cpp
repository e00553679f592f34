#include "cli/step_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "trace/step_text.h"

namespace pxeproof::cli {

using nlohmann::ordered_json;

namespace {

// JSON is UTF-8; what came from the wire may be anything.
std::string wire_text(std::string_view text) { return printable(text); }

ordered_json to_json(const trace::DhcpStep& step) {
  ordered_json json;
  json["kind"] = "dhcp";
  json["type"] = trace::label_of(step);
  json["from"] = to_string(step.source);
  json["to"] = to_string(step.destination);
  json["xid"] = fmt::format("{:08x}", step.xid);
  json["secs"] = step.secs;
  const auto add_address = [&json](const char* name, Ipv4Address address) {
    if (!address.is_unspecified()) json[name] = to_string(address);
  };
  add_address("ciaddr", step.ciaddr);
  add_address("yiaddr", step.yiaddr);
  add_address("siaddr", step.siaddr);
  add_address("giaddr", step.giaddr);
  if (step.server_id) json["server_id"] = to_string(*step.server_id);
  if (step.architecture) json["architecture"] = *step.architecture;
  if (!step.vendor_class.empty()) json["vendor_class"] = wire_text(step.vendor_class);
  if (!step.boot_file.empty()) json["boot_file"] = wire_text(step.boot_file);
  if (step.discovery_control) json["discovery_control"] = *step.discovery_control;
  for (const pxe::MenuEntry& entry : step.menu) {
    json["menu"].push_back({{"type", entry.type}, {"text", wire_text(entry.text)}});
  }
  if (step.item) json["item"] = {{"type", step.item->type}, {"layer", step.item->layer}};
  json["text"] = trace::describe(step);
  return json;
}

std::string_view outcome_name(trace::TransferStep::Outcome outcome) {
  switch (outcome) {
    case trace::TransferStep::Outcome::Complete:
      return "complete";
    case trace::TransferStep::Outcome::Aborted:
      return "aborted";
    case trace::TransferStep::Outcome::Refused:
      return "refused";
    case trace::TransferStep::Outcome::Unanswered:
      return "unanswered";
    case trace::TransferStep::Outcome::Unfinished:
      return "unfinished";
  }
  return {};
}

ordered_json to_json(const trace::TransferStep& step) {
  ordered_json json;
  json["kind"] = "transfer";
  json["file"] = wire_text(step.filename);
  json["outcome"] = outcome_name(step.outcome);
  json["client"] = to_string(step.client);
  json["server"] = to_string(step.server);
  json["octets"] = step.octets;
  json["blocks"] = step.blocks;
  json["block_size"] = step.block_size;
  json["resent"] = step.resent;
  json["seconds"] = to_seconds(step.ended - step.begun);
  if (!step.sha256.empty()) json["sha256"] = step.sha256;
  if (step.error_code) {
    json["error"] = {{"code", *step.error_code}, {"text", wire_text(step.error_text)}};
  }
  return json;
}

ordered_json to_json(const trace::HttpStep& step) {
  ordered_json json;
  json["kind"] = "http";
  json["client"] = to_string(step.client);
  json["server"] = to_string(step.server);
  json["method"] = step.method;
  json["target"] = wire_text(step.target);
  if (!step.host.empty()) json["host"] = wire_text(step.host);
  if (step.status) json["status"] = *step.status;
  if (step.length) json["length"] = *step.length;
  if (step.octets) json["octets"] = *step.octets;
  if (step.connection != trace::HttpStep::Connection::Open) {
    json["connection"] = to_string(step.connection);
    json["attempts"] = step.attempts;
  }
  return json;
}

ordered_json to_json(const trace::IcmpStep& step) {
  ordered_json json;
  json["kind"] = "icmp";
  json["from"] = to_string(step.sender);
  json["type"] = step.type;
  json["code"] = step.code;
  json["about"] = {{"from", to_string(step.about_source)},
                   {"to", to_string(step.about_destination)}};
  return json;
}

ordered_json to_json(const trace::ArpStep& step) {
  ordered_json json;
  json["kind"] = "arp";
  json["target"] = to_string(step.target);
  json["requests"] = step.requests;
  json["answered"] = step.answered;
  if (step.holder) json["holder"] = to_string(*step.holder);
  return json;
}

}  // namespace

ordered_json steps_json(const std::vector<trace::Step>& steps) {
  ordered_json list = ordered_json::array();
  for (const trace::Step& step : steps) {
    ordered_json json = std::visit([](const auto& what) { return to_json(what); }, step.what);
    json["at"] = to_seconds(step.at - steps.front().at);
    json["packets"] = {step.first_packet, step.last_packet};
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace pxeproof::cli

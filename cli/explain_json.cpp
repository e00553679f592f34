#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/explain_text.h"
#include "cli/step_json.h"
#include "trace/boot_session.h"
#include "trace/rules/oracle.h"

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

ordered_json to_json(const trace::Finding& finding, const trace::Boot& boot) {
  ordered_json json;
  json["rule"] = finding.rule->id;
  json["name"] = finding.rule->name;
  json["confidence"] = to_string(finding.confidence);
  json["packets"] = finding.packets;
  json["cause"] = finding.cause;
  json["fixes"] = ordered_json::array();
  for (const trace::Fix& fix : finding.fixes) {
    json["fixes"].push_back({{"server", fix.server}, {"text", fix.text}});
  }
  if (!finding.elsewhere.empty()) json["elsewhere"] = finding.elsewhere;
  json["verify"] = verify_command(boot, finding.until);
  return json;
}

ordered_json findings_json(const std::vector<trace::Finding>& findings, const trace::Boot& boot) {
  ordered_json list = ordered_json::array();
  for (const trace::Finding& finding : findings) list.push_back(to_json(finding, boot));
  return list;
}

ordered_json firmware_json(const firmware::FirmwareGuess& guess) {
  ordered_json json;
  json["family"] = to_string(guess.family);
  json["name"] = guess.name;
  if (!guess.profile.empty()) json["profile"] = guess.profile;
  json["confidence"] = guess.confidence;
  json["matches"] = guess.matches;
  json["misses"] = guess.misses;
  return json;
}

ordered_json to_json(const trace::Boot& boot, const trace::Explanation& explanation) {
  ordered_json json;
  json["number"] = boot.number;
  if (boot.mac != MacAddress{}) json["mac"] = to_string(boot.mac);
  if (boot.guid) json["guid"] = to_string(*boot.guid);
  if (boot.architecture) json["architecture"] = *boot.architecture;
  if (!boot.address.is_unspecified()) json["address"] = to_string(boot.address);
  json["firmware"] = firmware_json(boot.firmware);
  json["begins_before_capture"] = boot.begins_before_capture;
  json["seconds"] = to_seconds(boot.duration());
  json["packets"] = boot.packets;
  json["cut_packets"] = boot.cut;
  json["cut_names"] = boot.cut_names;
  json["verdict"] = {{"kind", to_string(boot.verdict.kind)},
                     {"state", to_string(boot.verdict.state)},
                     {"text", boot.verdict.text},
                     {"packets", boot.verdict.packets}};
  if (boot.verdict.refused_by) {
    json["verdict"]["refused_by"] = to_string(*boot.verdict.refused_by);
  }
  json["fault"] = explanation.is_fault(boot);
  json["faults"] = findings_json(explanation.faults, boot);
  json["slow"] = findings_json(explanation.slow, boot);
  json["benign"] = findings_json(explanation.benign, boot);
  if (!explanation.undecided.empty()) json["undecided"] = explanation.undecided;
  json["expected"] = trace::expected_next(boot.verdict.state);
  const auto sessions = trace::split_sessions(boot);
  if (const auto* session = trace::deciding_session(sessions)) {
    json["others"] = trace::other_firmware(boot.firmware.family, *session);
  }
  json["steps"] = steps_json(boot.steps);
  return json;
}

std::string dump(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string explain_json(const ExplainedCapture& capture) {
  ordered_json json;
  json["schema"] = "pxeproof/explain/1";
  json["tool"] = PXEPROOF_VERSION;
  json["capture"] = capture.path;
  json["frames"] = capture.totals.frames;
  json["sorted_frames"] = capture.moved_frames;
  if (!capture.damage.empty()) json["damage"] = capture.damage;
  json["fault"] = capture.has_fault();
  json["boots"] = ordered_json::array();
  for (std::size_t at = 0; at < capture.boots.size(); ++at) {
    json["boots"].push_back(to_json(capture.boots[at], capture.explanations[at]));
  }
  json["more_boots"] = capture.more_boots;
  json["more_faults"] = capture.more_faults;
  return dump(json);
}

std::string rules_json() {
  ordered_json json;
  json["schema"] = "pxeproof/explain-rules/1";
  json["rules"] = ordered_json::array();
  for (const trace::Rule& rule : trace::rules()) {
    json["rules"].push_back({{"id", rule.id},
                             {"name", rule.name},
                             {"kind", to_string(rule.kind)},
                             {"title", rule.title}});
  }
  return dump(json);
}

}  // namespace pxeproof::cli

#include <nlohmann/json.hpp>

#include "trace/ladder_text.h"

namespace pxeproof::trace {

namespace {

using nlohmann::ordered_json;

const char* name_of(LadderNote::Mark mark) {
  switch (mark) {
    case LadderNote::Mark::Plain:
      return "note";
    case LadderNote::Mark::Warning:
      return "warning";
    case LadderNote::Mark::Failure:
      return "failure";
  }
  return "";
}

const char* name_of(LadderRung::Line line) {
  switch (line) {
    case LadderRung::Line::Message:
      return "message";
    case LadderRung::Line::File:
      return "file";
    case LadderRung::Line::Lost:
      return "unanswered";
  }
  return "";
}

ordered_json to_json(const LadderRung& rung) {
  ordered_json json;
  json["seconds"] = to_seconds(rung.at);
  json["packets"] = {rung.first_packet, rung.last_packet};
  json["kind"] = name_of(rung.line);
  json["from"] = rung.from;
  json["to"] = rung.to;
  json["broadcast"] = rung.to_everybody;
  json["text"] = rung.text;
  json["notes"] = ordered_json::array();
  for (const LadderNote& note : rung.notes) {
    json["notes"].push_back({{"mark", name_of(note.mark)}, {"text", note.text}});
  }
  return json;
}

ordered_json to_json(const Ladder& ladder) {
  ordered_json json;
  json["schema"] = "pxeproof/ladder/1";
  json["title"] = ladder.title;
  json["verdict"] = ladder.verdict;
  json["parties"] = ordered_json::array();
  for (const LadderParty& party : ladder.parties) {
    json["parties"].push_back({{"role", party.role}, {"address", party.address}});
  }
  json["rungs"] = ordered_json::array();
  for (const LadderRung& rung : ladder.rungs) json["rungs"].push_back(to_json(rung));
  return json;
}

std::string text_of(const ordered_json& json) {
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string ladder_json(const Ladder& ladder) { return text_of(to_json(ladder)); }

std::string ladder_json(std::span<const Ladder> ladders) {
  if (ladders.size() == 1) return ladder_json(ladders.front());
  ordered_json json = ordered_json::array();
  for (const Ladder& ladder : ladders) json.push_back(to_json(ladder));
  return text_of(json);
}

}  // namespace pxeproof::trace

#include <nlohmann/json.hpp>

#include "trace/boot_diff_text.h"

namespace pxeproof::trace {

namespace {

using nlohmann::ordered_json;

const char* name_of(Rank rank) {
  switch (rank) {
    case Rank::Semantic:
      return "semantic";
    case Rank::Timing:
      return "timing";
    case Rank::Cosmetic:
      return "cosmetic";
  }
  return "";
}

const char* name_of(Difference::Kind kind) {
  switch (kind) {
    case Difference::Kind::Field:
      return "field";
    case Difference::Kind::Missing:
      return "missing";
    case Difference::Kind::Extra:
      return "extra";
    case Difference::Kind::Moved:
      return "moved";
    case Difference::Kind::Repeats:
      return "repeats";
    case Difference::Kind::Took:
      return "time";
    case Difference::Kind::Pause:
      return "pause";
    case Difference::Kind::Verdict:
      return "verdict";
  }
  return "";
}

ordered_json to_json(const Difference& difference) {
  ordered_json json;
  json["rank"] = name_of(difference.significance.rank);
  json["kind"] = name_of(difference.kind);
  json["step"] = difference.step;
  json["key"] = difference.key;
  json["label"] = difference.label;
  json["good"] = {{"value", difference.good}, {"packet", difference.good_packet}};
  json["bad"] = {{"value", difference.bad}, {"packet", difference.bad_packet}};
  json["consequence"] = difference.significance.consequence;
  json["follows_fork"] = difference.follows;
  return json;
}

ordered_json to_json(const ComparedBoots& pair) {
  const BootDiff& diff = pair.diff;
  ordered_json json;
  json["boot"] = pair.name;
  json["good_boot"] = pair.good->number;
  json["bad_boot"] = pair.bad->number;
  json["aligned"] = diff.aligned;
  json["places"] = diff.places.size();
  json["normalised"] = {{"macs", diff.normalised.macs},
                        {"addresses", diff.normalised.addresses},
                        {"guids", diff.normalised.guids},
                        {"xids", diff.normalised.xids},
                        {"ports", diff.normalised.ports},
                        {"host_names", diff.normalised.host_names},
                        {"clock_shift_seconds", to_seconds(diff.normalised.clock_shift)}};
  json["cut_packets"] = {{"good", pair.good->cut}, {"bad", pair.bad->cut}};
  json["dhcp_hidden"] = {{"good", diff.good_hidden.dhcp_steps},
                         {"bad", diff.bad_hidden.dhcp_steps}};
  json["counts"] = {{"semantic", diff.count(Rank::Semantic)},
                    {"timing", diff.count(Rank::Timing)},
                    {"cosmetic", diff.count(Rank::Cosmetic)}};
  json["first_fork"] = diff.fork ? ordered_json(*diff.fork) : ordered_json(nullptr);
  json["cause"] = diff.cause ? ordered_json(*diff.cause) : ordered_json(nullptr);
  json["differences"] = ordered_json::array();
  for (const Difference& difference : diff.differences) {
    json["differences"].push_back(to_json(difference));
  }
  return json;
}

}  // namespace

std::string diff_json(const DiffReport& report) {
  ordered_json json;
  json["schema"] = "pxeproof/diff/1";
  json["good"] = report.good_file;
  json["bad"] = report.bad_file;
  json["only_good"] = report.only_good;
  json["only_bad"] = report.only_bad;
  json["boots"] = ordered_json::array();
  for (const ComparedBoots& pair : report.pairs) json["boots"].push_back(to_json(pair));
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace pxeproof::trace

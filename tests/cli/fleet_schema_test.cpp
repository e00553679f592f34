#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/fleet_report.h"
#include "tests/cli/virtual_fleet.h"

namespace pxeproof::cli {
namespace {

using nlohmann::json;

// As much of JSON Schema as ours use: every key is described, none that is required is missing.
class Schema {
 public:
  explicit Schema(const std::string& name) {
    std::ifstream file(std::string(PXEPROOF_SOURCE_DIR) + "/schemas/" + name);
    root_ = json::parse(file, nullptr, false);
  }
  void check(const json& value) const { check(root_, value, "report"); }

 private:
  void check(const json& wanted, const json& value, const std::string& where) const {
    if (wanted.contains("$ref")) return check(root_.at("$defs").at("histogram"), value, where);
    if (wanted.contains("enum")) {
      EXPECT_THAT(wanted.at("enum"), testing::Contains(value)) << where;
    }
    if (wanted.contains("const")) {
      EXPECT_EQ(wanted.at("const"), value) << where;
    }
    check_type(wanted.value("type", ""), value, where);
    if (value.is_array()) {
      for (const json& each : value) check(wanted.at("items"), each, where + "/each");
    }
    if (value.is_object()) check_keys(wanted, value, where);
  }
  void check_keys(const json& wanted, const json& object, const std::string& where) const {
    for (const json& key : wanted.value("required", json::array())) {
      EXPECT_TRUE(object.contains(key.get<std::string>())) << where << " lacks " << key;
    }
    for (const auto& [key, value] : object.items()) {
      const json known = wanted.value("properties", json::object());
      ASSERT_TRUE(known.contains(key) || wanted.contains("additionalProperties"))
          << where << " has a key of its own: " << key;
      check(known.contains(key) ? known.at(key) : wanted.at("additionalProperties"), value,
            where + "/" + key);
    }
  }
  static void check_type(const std::string& type, const json& value, const std::string& where) {
    const bool fits =
        type.empty() || (type == "integer" && value.is_number_integer()) ||
        (type == "number" && value.is_number()) || (type == "string" && value.is_string()) ||
        (type == "boolean" && value.is_boolean()) || (type == "array" && value.is_array()) ||
        (type == "object" && value.is_object());
    EXPECT_TRUE(fits) << where << " is no " << type << ": " << value;
  }

  json root_;
};

TEST(FleetJson, IsAsItsSchemaSays) {
  const Schema schema("fleet-1.json");
  FleetOptions options = options_of({"--clients", "10", "--restart", "1ms", "--link", "loss=5%"});
  FleetResult result = run(options);
  ASSERT_GT(result.tally.failed, 0U);
  schema.check(json::parse(fleet_report_json(options, result)));

  options.time = FleetOptions::Time::Real;
  result.harness.has_wire = true;
  result.server.cpu_seconds = 1.5;
  schema.check(json::parse(fleet_report_json(options, result)));
}

}  // namespace
}  // namespace pxeproof::cli

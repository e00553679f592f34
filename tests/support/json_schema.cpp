#include "tests/support/json_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace pxeproof::testing {

namespace {

class JsonSchema {
 public:
  explicit JsonSchema(const std::string& path) {
    std::ifstream file(path);
    root_ = json::parse(file, nullptr, false);
  }
  void check(const nlohmann::json& value) const {
    ASSERT_FALSE(root_.is_discarded());
    check(root_, value, "report");
  }

 private:
  using json = nlohmann::json;

  void check(const json& wanted, const json& value, const std::string& where) const {
    if (wanted.contains("$ref")) return check(referred(wanted.at("$ref")), value, where);
    if (wanted.contains("enum")) {
      EXPECT_THAT(wanted.at("enum"), ::testing::Contains(value)) << where;
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
  // "#/$defs/histogram"
  const json& referred(const std::string& reference) const {
    return root_.at(json::json_pointer(reference.substr(1)));
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

}  // namespace

void expect_as_in_schema(const std::string& schema_file, const std::string& json) {
  JsonSchema(schema_file).check(nlohmann::json::parse(json));
}

}  // namespace pxeproof::testing

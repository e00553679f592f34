#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::cli {

// One value of a profile in the making, as TOML, and what it rests on.
struct DraftRow {
  std::string table;  // "dhcp.discover"; empty: the top
  std::string key;
  std::string value;
  std::string note{};
};

// A profile in the making: rows upon a built-in profile.
class ProfileDraft {
 public:
  // Sets a value, in place of the one there was.
  void set(DraftRow row);
  const DraftRow* find(std::string_view table, std::string_view key) const;
  const std::vector<DraftRow>& rows() const { return rows_; }
  std::string to_toml() const;

 private:
  std::vector<DraftRow> rows_;
};

// A basic string of TOML.
std::string toml_text(std::string_view text);

// An array of them.
std::string toml_texts(const std::vector<std::string>& values);

// The values of a built-in profile and those below it that a draft does not have: "table.key =
// value". Screen texts, lists and volatile rows are left out.
std::vector<std::string> rows_below(const ProfileDraft& draft, std::string_view base);

}  // namespace pxeproof::cli

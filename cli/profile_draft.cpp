#include "cli/profile_draft.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "firmware/profile.h"

namespace pxeproof::cli {

namespace {

void collect(const toml::table& table, const std::string& path,
             std::map<std::string, std::string>& rows) {
  for (const auto& [key, node] : table) {
    const std::string name = path.empty() ? std::string(key.str()) : path + "." + std::string(key);
    if (const toml::table* const below = node.as_table()) {
      if (name != "words" && name != "lists") collect(*below, name, rows);
      continue;
    }
    std::ostringstream text;
    node.visit([&text](const auto& value) { text << value; });
    rows.emplace(name, text.str());
  }
}

// True when a draft has the value itself, or a whole table that it is in.
bool is_set(const ProfileDraft& draft, const std::string& path) {
  for (std::size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    const std::string key = path.substr(dot + 1, path.find('.', dot + 1) - dot - 1);
    if (draft.find(path.substr(0, dot), key) != nullptr) return true;
  }
  return false;
}

}  // namespace

void ProfileDraft::set(DraftRow row) {
  for (DraftRow& each : rows_) {
    if (each.table == row.table && each.key == row.key) {
      each = std::move(row);
      return;
    }
  }
  rows_.push_back(std::move(row));
}

const DraftRow* ProfileDraft::find(std::string_view table, std::string_view key) const {
  for (const DraftRow& each : rows_) {
    if (each.table == table && each.key == key) return &each;
  }
  return nullptr;
}

std::string ProfileDraft::to_toml() const {
  std::vector<std::string> tables{""};
  for (const DraftRow& row : rows_) {
    if (std::find(tables.begin(), tables.end(), row.table) == tables.end()) {
      tables.push_back(row.table);
    }
  }
  std::string text;
  for (const std::string& table : tables) {
    if (!table.empty()) text += fmt::format("\n[{}]\n", table);
    for (const DraftRow& row : rows_) {
      if (row.table != table) continue;
      text += fmt::format("{} = {}", row.key, row.value);
      if (!row.note.empty()) text += "  # " + row.note;
      text += '\n';
    }
  }
  return text;
}

std::string toml_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    const auto octet = static_cast<unsigned char>(each);
    if (octet < 0x20 || octet == 0x7f) {
      quoted += fmt::format("\\u{:04x}", octet);
      continue;
    }
    if (each == '"' || each == '\\') quoted += '\\';
    quoted += each;
  }
  return quoted + '"';
}

std::string toml_texts(const std::vector<std::string>& values) {
  std::vector<std::string> each;
  each.reserve(values.size());
  for (const std::string& value : values) each.push_back(toml_text(value));
  return fmt::format("[{}]", fmt::join(each, ", "));
}

std::vector<std::string> rows_below(const ProfileDraft& draft, std::string_view base) {
  std::map<std::string, std::string> rows;
  std::string name(base);
  constexpr int kDepth = 5;  // as deep as profiles may rest on each other
  for (int depth = 0; depth < kDepth && !name.empty(); ++depth) {
    const auto text = firmware::builtin_profile_text(name);
    if (!text) break;
    const toml::table document = toml::parse(*text);
    collect(document, "", rows);
    name = document["based_on"].value_or(std::string());
  }
  std::vector<std::string> result;
  for (const auto& [path, value] : rows) {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string::npos) continue;  // about the profile, not the machine
    if (is_set(draft, path)) continue;
    std::string line = path + " = " + value;
    std::replace(line.begin(), line.end(), '\n', ' ');
    result.push_back(std::move(line));
  }
  return result;
}

}  // namespace pxeproof::cli

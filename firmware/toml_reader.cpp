#include "firmware/toml_reader.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <set>

namespace pxeproof::firmware {

struct TomlReader::Document {
  toml::table root;
  std::string origin;
  std::optional<std::string> error;

  void refuse(const toml::source_region& where, std::string_view what) {
    if (error) return;
    const std::string_view file = where.path ? std::string_view(*where.path) : origin;
    error = where.begin.line > 0 ? fmt::format("{}:{}: {}", file, where.begin.line, what)
                                 : fmt::format("{}: {}", file, what);
  }
};

namespace {

// Moves what is not there yet; moving keeps where a value stood, for messages.
void complete(toml::table& above, toml::table&& below) {
  for (auto&& [key, node] : below) {
    toml::node* const there = above.get(key.str());
    if (there == nullptr) {
      above.insert(key, std::move(node));
    } else if (there->is_table() && node.is_table()) {
      complete(*there->as_table(), std::move(*node.as_table()));
    }
  }
}

}  // namespace

struct TomlReader::Position {
  const toml::table* table = nullptr;  // nullptr behind an error: every read gives a default
  std::string path;
  std::set<std::string, std::less<>> read;

  std::string path_of(std::string_view key) const {
    return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
  }

  // The node behind a key, noted as read; nullptr when it is missing, which is an error.
  const toml::node* required(Document& document, std::string_view key) {
    read.emplace(key);
    if (table == nullptr) return nullptr;
    const toml::node* const node = table->get(key);
    if (node == nullptr) {
      document.refuse(table->source(),
                      fmt::format("{} is missing; add it, or a line based_on = \"PROFILE\" with a "
                                  "profile that has it",
                                  path_of(key)));
    }
    return node;
  }
};

TomlReader::TomlReader(std::string_view text, std::string_view origin)
    : document_(std::make_shared<Document>()), position_(std::make_unique<Position>()) {
  document_->origin = origin;
  try {
    document_->root = toml::parse(text, origin);
    position_->table = &document_->root;
  } catch (const toml::parse_error& error) {
    document_->refuse(error.source(), error.description());
  }
}

std::vector<std::string> TomlReader::lay_under(std::string_view text, std::string_view origin,
                                               const std::vector<std::string>& without) {
  std::vector<std::string> unknown;
  try {
    toml::table below = toml::parse(text, origin);
    for (const std::string& path : without) {
      const std::size_t dot = path.rfind('.');
      toml::table* const parent =
          dot == std::string::npos ? &below : below.at_path(path.substr(0, dot)).as_table();
      const std::string name = path.substr(dot + 1);  // the whole of it when there is no dot
      const bool is_there =
          parent != nullptr && parent->get(name) != nullptr && parent->get(name)->is_table();
      if (is_there) {
        parent->erase(name);
      } else {
        unknown.push_back(path);
      }
    }
    complete(document_->root, std::move(below));
  } catch (const toml::parse_error& error) {
    document_->refuse(error.source(), error.description());
  }
  return unknown;
}

TomlReader::TomlReader(std::shared_ptr<Document> document, std::unique_ptr<Position> position)
    : document_(std::move(document)), position_(std::move(position)) {}

TomlReader::~TomlReader() = default;
TomlReader::TomlReader(TomlReader&&) noexcept = default;

bool TomlReader::has(std::string_view key) const {
  return position_->table != nullptr && position_->table->contains(key);
}

std::string TomlReader::text(std::string_view key) {
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return {};
  if (const auto value = node->value_exact<std::string>()) return *value;
  document_->refuse(node->source(), fmt::format("{} must be a text", position_->path_of(key)));
  return {};
}

std::uint64_t TomlReader::number(std::string_view key, std::uint64_t maximum) {
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return 0;
  const auto value = node->value_exact<std::int64_t>();
  if (value && *value >= 0 && static_cast<std::uint64_t>(*value) <= maximum) {
    return static_cast<std::uint64_t>(*value);
  }
  document_->refuse(node->source(), fmt::format("{} must be a whole number from 0 to {}",
                                                position_->path_of(key), maximum));
  return 0;
}

bool TomlReader::flag(std::string_view key) {
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return false;
  if (const auto value = node->value_exact<bool>()) return *value;
  document_->refuse(node->source(),
                    fmt::format("{} must be true or false", position_->path_of(key)));
  return false;
}

std::vector<std::string> TomlReader::texts(std::string_view key) {
  std::vector<std::string> result;
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return result;
  if (const toml::array* const array = node->as_array()) {
    for (const toml::node& element : *array) {
      const auto value = element.value_exact<std::string>();
      if (!value) {
        document_->refuse(element.source(),
                          fmt::format("{} must hold texts only", position_->path_of(key)));
        return {};
      }
      result.push_back(*value);
    }
    return result;
  }
  document_->refuse(node->source(),
                    fmt::format("{} must be an array of texts", position_->path_of(key)));
  return result;
}

std::vector<std::uint64_t> TomlReader::numbers(std::string_view key, std::uint64_t maximum) {
  std::vector<std::uint64_t> result;
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return result;
  const toml::array* const array = node->as_array();
  if (array == nullptr) {
    document_->refuse(node->source(),
                      fmt::format("{} must be an array of numbers", position_->path_of(key)));
    return result;
  }
  for (const toml::node& element : *array) {
    const auto value = element.value_exact<std::int64_t>();
    if (!value || *value < 0 || static_cast<std::uint64_t>(*value) > maximum) {
      document_->refuse(element.source(), fmt::format("{} must hold whole numbers from 0 to {}",
                                                      position_->path_of(key), maximum));
      return {};
    }
    result.push_back(static_cast<std::uint64_t>(*value));
  }
  return result;
}

std::vector<std::vector<std::string>> TomlReader::text_rows(std::string_view key) {
  std::vector<std::vector<std::string>> result;
  const toml::node* const node = position_->required(*document_, key);
  if (node == nullptr) return result;
  const auto refuse = [&](const toml::node& where) {
    document_->refuse(where.source(), fmt::format("{} must be an array of arrays of texts",
                                                  position_->path_of(key)));
    return std::vector<std::vector<std::string>>{};
  };
  const toml::array* const rows = node->as_array();
  if (rows == nullptr) return refuse(*node);
  for (const toml::node& row : *rows) {
    if (row.as_array() == nullptr) return refuse(row);
    std::vector<std::string>& texts = result.emplace_back();
    for (const toml::node& element : *row.as_array()) {
      const auto value = element.value_exact<std::string>();
      if (!value) return refuse(element);
      texts.push_back(*value);
    }
  }
  return result;
}

TomlReader TomlReader::table(std::string_view key) {
  auto position = std::make_unique<Position>();
  position->path = position_->path_of(key);
  if (const toml::node* const node = position_->required(*document_, key)) {
    position->table = node->as_table();
    if (position->table == nullptr) {
      document_->refuse(node->source(), fmt::format("{} must be a table", position->path));
    }
  }
  return {document_, std::move(position)};
}

std::vector<std::string> TomlReader::keys() const {
  std::vector<std::string> result;
  if (position_->table == nullptr) return result;
  for (const auto& [key, node] : *position_->table) result.emplace_back(key.str());
  return result;
}

void TomlReader::refuse(std::string_view key, std::string_view what) {
  const toml::node* const node = position_->table != nullptr ? position_->table->get(key) : nullptr;
  document_->refuse(node != nullptr ? node->source() : toml::source_region{},
                    fmt::format("{}: {}", position_->path_of(key), what));
}

void TomlReader::finish() {
  if (position_->table == nullptr) return;
  for (const auto& [key, node] : *position_->table) {
    if (position_->read.contains(key.str())) continue;
    document_->refuse(node.source(), fmt::format("{} is no key of a profile; remove it",
                                                 position_->path_of(key.str())));
  }
}

const std::optional<std::string>& TomlReader::error() const { return document_->error; }

}  // namespace pxeproof::firmware

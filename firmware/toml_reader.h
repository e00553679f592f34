#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::firmware {

// One table of a TOML document, read strictly: a missing key, a wrong type and a key nobody asked
// for are errors. The first error is kept; after it every read gives a default, so that callers
// check once. toml++ stays in the source file.
class TomlReader {
 public:
  // The root table of a document; an error when the text is no TOML.
  TomlReader(std::string_view text, std::string_view origin);

  // Lays another document under this one: what this one does not say, that one does, table by
  // table. Arrays are taken whole. Tables of it that are named ("tftp.probe") are left out; returns
  // those that it has not. Only for the root.
  std::vector<std::string> lay_under(std::string_view text, std::string_view origin,
                                     const std::vector<std::string>& without);

  ~TomlReader();
  TomlReader(TomlReader&&) noexcept;

  bool has(std::string_view key) const;

  // The value of a key that must be there.
  std::string text(std::string_view key);
  std::uint64_t number(std::string_view key, std::uint64_t maximum);
  bool flag(std::string_view key);
  std::vector<std::string> texts(std::string_view key);
  std::vector<std::uint64_t> numbers(std::string_view key, std::uint64_t maximum);
  std::vector<std::vector<std::string>> text_rows(std::string_view key);
  TomlReader table(std::string_view key);

  // The keys of this table, in alphabetical order.
  std::vector<std::string> keys() const;

  // Reports a value that has the right type but no meaning.
  void refuse(std::string_view key, std::string_view what);

  // Reports a key nobody read. Call when all are read.
  void finish();

  // The first error of the whole document: "origin:line: what".
  const std::optional<std::string>& error() const;

 private:
  struct Document;
  struct Position;
  TomlReader(std::shared_ptr<Document> document, std::unique_ptr<Position> position);

  std::shared_ptr<Document> document_;
  std::unique_ptr<Position> position_;
};

}  // namespace pxeproof::firmware

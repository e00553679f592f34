#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pxeproof::tidy {

// A file of the repository.
struct Source {
  std::string path;  // from the root, such as "server/proxy_dhcp.cpp"
  std::string text;

  std::string_view folder() const;  // its first part; empty for a file in the root
  bool is_header() const { return path.ends_with(".h"); }
  bool is_code() const { return is_header() || path.ends_with(".cpp"); }
};

// A line that breaks a rule. Prints as "server/proxy_dhcp.cpp:12: what, and what to do".
struct Violation {
  std::string path;
  std::size_t line = 0;
  std::string rule;

  friend bool operator==(const Violation&, const Violation&) = default;
};
std::string to_string(const Violation& violation);

// Each rule judges one file.
std::vector<Violation> check_includes(const Source& source);  // the table of docs/architecture.md
std::vector<Violation> check_heavy_headers(const Source& source);  // slow ones in .cpp files only
std::vector<Violation> check_outside_world(
    const Source& source);                                 // clocks, entropy, sockets, files
std::vector<Violation> check_paths(const Source& source);  // of the machine it was written on
std::vector<Violation> check_form(const Source& source);   // guards, line length, promises

// Sources that no CMakeLists.txt of their folder or of one above names: nobody builds them.
std::vector<Violation> find_unbuilt(const std::vector<Source>& sources);

}  // namespace pxeproof::tidy

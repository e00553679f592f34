#pragma once

#include <string>
#include <string_view>

#include "protocol/file_service.h"
#include "protocol/result.h"

namespace pxeproof::server {

// How names of requests become paths below the root.
struct FileNameRules {
  std::string root{};              // tftp-root; empty: the whole file system
  std::string unique_directory{};  // the client's own directory below root; empty: none
  bool lowercase = false;          // tftp-lowercase
};

// Where a requested name leads. The path is relative, with '/' between its parts and no "." or
// "..".
struct ResolvedName {
  std::string root;
  std::string unique_directory;
  std::string path;

  friend bool operator==(const ResolvedName&, const ResolvedName&) = default;
};

// dnsmasq's rules, with ".." resolved inside the root instead of refused (facts T8):
//  - '\' is '/'; letters are lowered first when the rules say so;
//  - a name that starts with the root (and the client's directory) is taken as it is;
//  - any number of leading '/' means the root; "//" and "." parts vanish;
//  - "sub/../f" is "f"; a ".." that would leave the root is OutsideRoot, but above the top of the
//    whole file system is the top;
//  - a name that ends with "/", "." or ".." means a directory: NotFound; the root itself: NotAFile.
Result<ResolvedName, FileFault> resolve_name(std::string_view requested,
                                             const FileNameRules& rules);

}  // namespace pxeproof::server

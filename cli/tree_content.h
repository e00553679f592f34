#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "simclient/received_file.h"

namespace pxeproof::cli {

// The files of a server's tree, to compare with what a client was sent. Each is read once.
class TreeContent : public rom::ExpectedContent {
 public:
  // An empty root knows no file.
  explicit TreeContent(std::string root) : root_(std::move(root)) {}

  std::optional<ByteView> find(std::string_view name) const override;

  // The SHA-256 of a file of the tree, in hexadecimal; nullopt when it is not there.
  std::optional<std::string> sha256(std::string_view name) const;

 private:
  std::string root_;
  mutable std::map<std::string, std::optional<Bytes>, std::less<>> files_;
};

}  // namespace pxeproof::cli

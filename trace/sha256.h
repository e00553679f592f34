#pragma once

#include <array>
#include <memory>
#include <string>

#include "protocol/bytes.h"

namespace pxeproof::trace {

// SHA-256 of octets that come piece by piece (OpenSSL's libcrypto).
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView octets);

  // The digest of everything so far, in hexadecimal. More octets may follow.
  std::string hex() const;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(ByteView octets);

}  // namespace pxeproof::trace

#include "trace/sha256.h"

#include <openssl/evp.h>

#include <cassert>

namespace pxeproof::trace {

struct Sha256::Context {
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  Context() = default;
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(handle); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  [[maybe_unused]] const int started = EVP_DigestInit_ex(context_->handle, EVP_sha256(), nullptr);
  assert(started == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView octets) {
  EVP_DigestUpdate(context_->handle, octets.data(), octets.size());
}

std::string Sha256::hex() const {
  const Context copy;
  EVP_MD_CTX_copy_ex(copy.handle, context_->handle);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(copy.handle, digest.data(), &length);
  return to_hex(ByteView(digest).first(length));
}

std::string sha256_hex(ByteView octets) {
  Sha256 hash;
  hash.update(octets);
  return hash.hex();
}

}  // namespace pxeproof::trace

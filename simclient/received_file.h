#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "firmware/boot_image.h"
#include "protocol/bytes.h"

namespace pxeproof::rom {

// What the files of the boot ought to hold, where that is known.
class ExpectedContent {
 public:
  virtual ~ExpectedContent() = default;

  // The octets behind a name as it stands in an RRQ; nullopt when nothing is known of it. The view
  // lives as long as this object.
  virtual std::optional<ByteView> find(std::string_view name) const = 0;
};

// Judges a file while its octets pass by; keeps them only on request.
class ReceivedFile {
 public:
  enum class Keep { Nothing, Octets, OctetsIfUnknown };  // IfUnknown: not when they are expected
  struct Options {
    Keep keep = Keep::Nothing;
    std::size_t keep_limit = 0;  // octets; what lies beyond is not kept
  };
  explicit ReceivedFile(Options options) : options_(options) {}

  // What it ought to hold, where that is known; before the first octet.
  void expect(std::optional<ByteView> expected) { expected_ = expected; }

  // Octets at an offset; each is handed in once.
  void on_octets(std::uint64_t offset, ByteView octets);

  std::uint64_t size() const { return size_; }
  ByteView kept() const { return kept_; }
  // All octets of a complete file: kept ones, or those expected, to which they are equal; empty
  // when neither is at hand.
  ByteView whole() const;
  bool kept_all() const { return kept_.size() == size_; }
  firmware::BootImage image() const { return recogniser_.image(); }
  std::optional<std::uint16_t> efi_machine() const { return recogniser_.efi_machine(); }

  // Where the octets first differ from what was expected. Once the file is complete, too many and
  // too few of them are a difference too.
  enum class Judge { SoFar, Complete };
  std::optional<std::uint64_t> first_difference(Judge judge) const;
  bool is_checked() const { return expected_.has_value(); }

 private:
  bool keeps() const {
    return options_.keep == Keep::Octets || (options_.keep == Keep::OctetsIfUnknown && !expected_);
  }

  Options options_;
  std::optional<ByteView> expected_;
  std::uint64_t size_ = 0;
  std::optional<std::uint64_t> difference_;
  firmware::BootImageRecogniser recogniser_;
  Bytes kept_;
};

}  // namespace pxeproof::rom

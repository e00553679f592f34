#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "trace/captured_frame.h"

namespace pxeproof::trace {

// Reads the capture of any tool, one frame at a time: classic pcap and pcapng.
// Memory does not grow with the file.
class CaptureReader {
 public:
  // "-" is standard input.
  static Result<CaptureReader, CaptureError> open(const std::string& path);
  CaptureReader(CaptureReader&&) noexcept;
  CaptureReader& operator=(CaptureReader&&) noexcept;
  ~CaptureReader();

  // Which frames come with their octets.
  enum class Frames {
    All,
    OfBoots,  // those that no boot turns on may come empty: taking their tags off costs a copy
    OfBootsAndTcp,  // the same, with the content of HTTP answers
  };
  void choose(Frames frames) { frames_ = frames; }

  // The next frame, valid until the next call; nullopt at the end, after which error() tells
  // whether the file was whole. Frames of foreign link layers come too, with empty octets.
  std::optional<CapturedFrame> next();
  const std::optional<CaptureError>& error() const { return error_; }

  // Those seen so far; pcapng may name more later.
  const std::vector<CaptureInterface>& interfaces() const;
  // The comment of the file; empty when it has none.
  const std::string& comment() const;

  // What went by so far.
  struct Counts {
    std::uint64_t frames = 0;
    std::uint64_t foreign = 0;  // of link layers that are not known here
    std::uint64_t cut = 0;      // shorter than on the wire
  };
  const Counts& counts() const { return counts_; }

  // "boot.pcapng holds 12 frames of link type 105 ..." when nothing in the file could be read, with
  // what to do; nullopt otherwise. Ask at the end.
  std::optional<CaptureError> nothing_readable() const;

 private:
  class Format;
  class Pcap;
  class OtherPcap;
  class Pcapng;
  CaptureReader(std::unique_ptr<Format> format, std::string name);

  std::unique_ptr<Format> format_;
  std::string name_;
  LinkLayer link_layer_;
  RawFrame raw_;
  Frames frames_ = Frames::All;
  Counts counts_;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace

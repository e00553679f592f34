#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "protocol/result.h"
#include "trace/captured_frame.h"
#include "trace/file_window.h"

namespace pxeproof::trace {

// Reads the common form of classic pcap, little-endian with micro- or nanoseconds. libpcap reads
// the other forms (trace/capture_reader.cpp), and a test holds the two together.
//
//  file: magic 32, version 16 and 16, 0 32, 0 32, snap length 32, link type 32
//  each frame: seconds 32, fraction 32, captured 32, original 32, octets
class PcapReader {
 public:
  // What libpcap allows at most, too.
  static constexpr std::uint32_t kMaximumFrame = 262'144;

  // The file stands at its first octet, belongs to the caller and outlives this. The name is for
  // messages.
  static Result<PcapReader, CaptureError> open(std::FILE* file, const std::string& name);

  // The next frame, valid until the next call; false at the end, after which error() tells whether
  // the file was whole.
  bool next(RawFrame& frame);
  const std::optional<CaptureError>& error() const { return error_; }

  LinkType link() const { return link_; }
  std::uint32_t snap_length() const { return snap_length_; }

 private:
  PcapReader(std::FILE* file, std::string name);
  void damaged(const std::string& problem);

  FileWindow window_;
  std::string name_;
  std::uint64_t read_ = 0;  // frames
  std::uint32_t nanoseconds_per_unit_ = 1000;
  unsigned minor_version_ = 4;
  LinkType link_ = LinkType::Ethernet;
  std::uint32_t snap_length_ = 0;
  std::optional<CaptureError> error_;
};

}  // namespace pxeproof::trace

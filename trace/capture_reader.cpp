#include "trace/capture_reader.h"

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <stdio_ext.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "trace/frame_filter.h"
#include "trace/pcap_reader.h"
#include "trace/pcapng_reader.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kReadBuffer = 256 * 1024;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using FileHandle = std::unique_ptr<std::FILE, CloseFile>;

// libpcap's number for a link type is that of the file but for raw IP.
LinkType link_type_of(int dlt) {
  return dlt == DLT_RAW ? LinkType::Raw : static_cast<LinkType>(dlt);
}

enum class Magic { Pcap, OtherPcap, Pcapng, Gzip, Empty, Unreadable, Foreign };

// One octet tells, and one is what can be put back into a pipe.
Magic look_at(std::FILE* file) {
  const int first = std::getc(file);
  if (first == EOF) return std::ferror(file) != 0 ? Magic::Unreadable : Magic::Empty;
  std::ungetc(first, file);
  switch (first) {
    case 0xd4:  // a1b2c3d4, little-endian
    case 0x4d:  // a1b23c4d, little-endian
      return Magic::Pcap;
    case 0x34:  // a1b2cd34, little-endian: Kuznetzov's
    case 0xa1:  // all of them, big-endian
      return Magic::OtherPcap;
    case 0x0a:
      return Magic::Pcapng;
    case 0x1f:
      return Magic::Gzip;
    default:
      return Magic::Foreign;
  }
}

}  // namespace

// What the two formats have in common.
class CaptureReader::Format {
 public:
  Format() = default;
  Format(const Format&) = delete;
  Format& operator=(const Format&) = delete;
  virtual ~Format() = default;

  // False at the end. The frame is the caller's, to be used again for the next one.
  virtual bool next(RawFrame& frame) = 0;
  virtual const std::optional<CaptureError>& error() const = 0;
  virtual const std::vector<CaptureInterface>& interfaces() const = 0;
  virtual const std::string& comment() const = 0;
};

class CaptureReader::Pcap : public Format {
 public:
  static Result<std::unique_ptr<Format>, CaptureError> open(FileHandle file,
                                                            const std::string& name) {
    auto reader = PcapReader::open(file.get(), name);
    if (!reader) return fail(reader.error());
    return std::unique_ptr<Format>(new Pcap(std::move(file), std::move(*reader)));
  }

  bool next(RawFrame& frame) override { return reader_.next(frame); }
  const std::optional<CaptureError>& error() const override { return reader_.error(); }
  const std::vector<CaptureInterface>& interfaces() const override { return interfaces_; }
  const std::string& comment() const override { return no_comment_; }

 private:
  Pcap(FileHandle file, PcapReader reader) : file_(std::move(file)), reader_(std::move(reader)) {
    interfaces_.push_back(
        {.name = {}, .link = reader_.link(), .snap_length = reader_.snap_length()});
  }

  FileHandle file_;
  PcapReader reader_;
  std::vector<CaptureInterface> interfaces_;
  std::string no_comment_;
};

// The forms that are rare, through libpcap.
class CaptureReader::OtherPcap : public Format {
 public:
  static Result<std::unique_ptr<Format>, CaptureError> open(FileHandle file,
                                                            const std::string& name) {
    std::array<char, PCAP_ERRBUF_SIZE> words{};
    pcap_t* handle = pcap_fopen_offline_with_tstamp_precision(
        file.get(), PCAP_TSTAMP_PRECISION_NANO, words.data());
    if (handle == nullptr) {
      return fail(CaptureError{
          fmt::format("{}:header: {}; give a capture in pcap or pcapng form", name, words.data())});
    }
    return std::unique_ptr<Format>(new OtherPcap(handle, std::move(file), name));
  }
  ~OtherPcap() override {
    // libpcap closes the file, but never standard input.
    if (file_.get() != stdin) static_cast<void>(file_.release());
    pcap_close(handle_);
  }

  bool next(RawFrame& frame) override {
    pcap_pkthdr* header = nullptr;
    const u_char* octets = nullptr;
    const int outcome = pcap_next_ex(handle_, &header, &octets);
    if (outcome == PCAP_ERROR && !error_) {
      error_ = CaptureError{
          fmt::format("{}:packet {}: {}; the frames before it were read, capture again or copy the "
                      "file once more for the rest",
                      name_, read_ + 1, pcap_geterr(handle_))};
    }
    if (outcome != 1) return false;
    ++read_;
    frame.at = Instant(std::chrono::seconds(header->ts.tv_sec) +
                       std::chrono::nanoseconds(header->ts.tv_usec));
    frame.link = interfaces_.front().link;
    frame.original_size = header->len;
    frame.octets = {octets, header->caplen};
    return true;
  }
  const std::optional<CaptureError>& error() const override { return error_; }
  const std::vector<CaptureInterface>& interfaces() const override { return interfaces_; }
  const std::string& comment() const override { return no_comment_; }

 private:
  OtherPcap(pcap_t* handle, FileHandle file, std::string name)
      : handle_(handle), file_(std::move(file)), name_(std::move(name)) {
    interfaces_.push_back({.name = {},
                           .link = link_type_of(pcap_datalink(handle)),
                           .snap_length = static_cast<std::uint32_t>(pcap_snapshot(handle))});
  }

  pcap_t* handle_;
  FileHandle file_;
  std::string name_;
  std::uint64_t read_ = 0;
  std::vector<CaptureInterface> interfaces_;
  std::string no_comment_;
  std::optional<CaptureError> error_;
};

class CaptureReader::Pcapng : public Format {
 public:
  Pcapng(FileHandle file, std::string name)
      : file_(std::move(file)), reader_(file_.get(), std::move(name)) {}

  bool next(RawFrame& frame) override { return reader_.next(frame); }
  const std::optional<CaptureError>& error() const override { return reader_.error(); }
  const std::vector<CaptureInterface>& interfaces() const override { return reader_.interfaces(); }
  const std::string& comment() const override { return reader_.comment(); }

 private:
  FileHandle file_;
  PcapngReader reader_;
};

CaptureReader::CaptureReader(std::unique_ptr<Format> format, std::string name)
    : format_(std::move(format)), name_(std::move(name)) {}
CaptureReader::CaptureReader(CaptureReader&&) noexcept = default;
CaptureReader& CaptureReader::operator=(CaptureReader&&) noexcept = default;
CaptureReader::~CaptureReader() = default;

Result<CaptureReader, CaptureError> CaptureReader::open(const std::string& path) {
  const std::string name = path == "-" ? "standard input" : path;
  FileHandle file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (!file) {
    return fail(CaptureError{fmt::format("{}: {}; name a capture file, or - for standard input",
                                         name, std::strerror(errno))});
  }
  std::setvbuf(file.get(), nullptr, _IOFBF, kReadBuffer);
  // Nobody else reads it, and a lock for each of two reads per frame costs more than the reads.
  __fsetlocking(file.get(), FSETLOCKING_BYCALLER);
  const auto refuse = [&name](std::string_view problem) {
    return fail(CaptureError{fmt::format("{}: {}", name, problem)});
  };
  const Magic magic = look_at(file.get());
  const int read_error = errno;
  switch (magic) {
    case Magic::Pcap: {
      auto format = Pcap::open(std::move(file), name);
      if (!format) return fail(format.error());
      return CaptureReader(std::move(*format), name);
    }
    case Magic::OtherPcap: {
      auto format = OtherPcap::open(std::move(file), name);
      if (!format) return fail(format.error());
      return CaptureReader(std::move(*format), name);
    }
    case Magic::Pcapng:
      return CaptureReader(std::make_unique<Pcapng>(std::move(file), name), name);
    case Magic::Gzip:
      return refuse(
          "is neither pcap nor pcapng, and begins as a gzip file does; if it is one, gunzip it, or "
          "pipe: gunzip -c FILE | pxeproof ... -");
    case Magic::Empty:
      return refuse("is empty; was the capture stopped before the first packet?");
    case Magic::Unreadable:
      if (read_error == EISDIR) return refuse("is a directory; name a capture file in it");
      return refuse(fmt::format("cannot be read: {}", std::strerror(read_error)));
    case Magic::Foreign:
      break;
  }
  return refuse("is neither pcap nor pcapng; save it in one of these forms (tshark -F pcapng)");
}

std::optional<CapturedFrame> CaptureReader::next() {
  std::optional<CapturedFrame> frame;
  if (!format_->next(raw_)) {
    error_ = format_->error();
    return frame;
  }
  ++counts_.frames;
  frame.emplace();
  frame->number = static_cast<std::uint32_t>(counts_.frames);
  frame->at = raw_.at;
  frame->interface = raw_.interface;
  frame->original_size = raw_.original_size;
  frame->raw = raw_.octets;
  frame->comment = raw_.comment;
  if (raw_.original_size > raw_.octets.size()) ++counts_.cut;
  if (!is_known(raw_.link)) ++counts_.foreign;
  if (frames_ != Frames::All && raw_.link == LinkType::Ethernet && is_tagged(raw_.octets)) {
    const FrameKind kind = look_at(raw_.octets);
    const bool is_left_out = kind == FrameKind::TcpSegment && frames_ == Frames::OfBoots;
    if (kind == FrameKind::Foreign || is_left_out) return frame;
  }
  const EthernetView view = link_layer_.as_ethernet(raw_.link, raw_.octets, raw_.original_size);
  frame->octets = view.octets;
  frame->vlans = view.vlans;
  frame->missing = view.missing;
  return frame;
}

const std::vector<CaptureInterface>& CaptureReader::interfaces() const {
  return format_->interfaces();
}

const std::string& CaptureReader::comment() const { return format_->comment(); }

std::optional<CaptureError> CaptureReader::nothing_readable() const {
  if (counts_.frames == 0) {
    return CaptureError{
        fmt::format("{}: holds no frames; was the right interface captured?", name_)};
  }
  if (counts_.foreign < counts_.frames) return std::nullopt;
  return CaptureError{fmt::format(
      "{}: holds {} frames, all of {}; capture on the wired interface itself, or on \"any\"", name_,
      counts_.frames, to_string(interfaces().front().link))};
}

}  // namespace pxeproof::trace

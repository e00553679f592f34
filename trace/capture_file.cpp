#include "trace/capture_file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <array>

namespace pxeproof::trace {

namespace {

constexpr int kSnapLength = 262144;

}  // namespace

struct PcapWriter::File {
  pcap_t* handle = nullptr;
  pcap_dumper_t* dumper = nullptr;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (dumper != nullptr) pcap_dump_close(dumper);
    if (handle != nullptr) pcap_close(handle);
  }
};

PcapWriter::PcapWriter(std::unique_ptr<File> file) : file_(std::move(file)) {}
PcapWriter::PcapWriter(PcapWriter&&) noexcept = default;
PcapWriter& PcapWriter::operator=(PcapWriter&&) noexcept = default;
PcapWriter::~PcapWriter() = default;

Result<PcapWriter, CaptureError> PcapWriter::create(const std::string& path) {
  auto file = std::make_unique<File>();
  file->handle =
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kSnapLength, PCAP_TSTAMP_PRECISION_NANO);
  file->dumper = file->handle == nullptr ? nullptr : pcap_dump_open(file->handle, path.c_str());
  if (file->dumper == nullptr) {
    return fail(CaptureError{
        fmt::format("{}: cannot be written; name a file in a directory that you may write to",
                    file->handle == nullptr ? path : pcap_geterr(file->handle))});
  }
  return PcapWriter(std::move(file));
}

void PcapWriter::write(std::chrono::nanoseconds since_unix_epoch, ByteView frame) {
  pcap_pkthdr header{};
  header.ts.tv_sec = static_cast<time_t>(since_unix_epoch.count() / 1'000'000'000);
  // libpcap keeps nanoseconds in tv_usec when the file has nanosecond precision.
  header.ts.tv_usec = static_cast<suseconds_t>(since_unix_epoch.count() % 1'000'000'000);
  header.caplen = static_cast<bpf_u_int32>(frame.size());
  header.len = header.caplen;
  pcap_dump(reinterpret_cast<u_char*>(file_->dumper), &header, frame.data());
  pcap_dump_flush(file_->dumper);
}

struct PcapReader::File {
  pcap_t* handle = nullptr;
  std::string path;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (handle != nullptr) pcap_close(handle);
  }
};

PcapReader::PcapReader(std::unique_ptr<File> file) : file_(std::move(file)) {}
PcapReader::PcapReader(PcapReader&&) noexcept = default;
PcapReader& PcapReader::operator=(PcapReader&&) noexcept = default;
PcapReader::~PcapReader() = default;

Result<PcapReader, CaptureError> PcapReader::open(const std::string& path) {
  std::array<char, PCAP_ERRBUF_SIZE> reason{};
  auto file = std::make_unique<File>();
  file->path = path;
  file->handle = pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO,
                                                         reason.data());
  if (file->handle == nullptr) {
    return fail(CaptureError{fmt::format("{}: no readable capture ({})", path, reason.data())});
  }
  if (pcap_datalink(file->handle) != DLT_EN10MB) {
    return fail(
        CaptureError{fmt::format("{}: holds no Ethernet frames; capture on the interface "
                                 "itself, not on \"any\"",
                                 path)});
  }
  return PcapReader(std::move(file));
}

std::optional<CapturedFrame> PcapReader::next() {
  pcap_pkthdr* header = nullptr;
  const u_char* octets = nullptr;
  const int outcome = pcap_next_ex(file_->handle, &header, &octets);
  if (outcome == PCAP_ERROR) {
    error_ = CaptureError{fmt::format("{}: {}", file_->path, pcap_geterr(file_->handle))};
  }
  if (outcome != 1) return std::nullopt;
  CapturedFrame frame;
  frame.at = Instant(std::chrono::seconds(header->ts.tv_sec) +
                     std::chrono::nanoseconds(header->ts.tv_usec));
  frame.original_size = header->len;
  frame.octets.assign(octets, octets + header->caplen);
  return frame;
}

}  // namespace pxeproof::trace

#include "trace/capture_file.h"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <cerrno>
#include <cstring>

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

PcapWriter::PcapWriter(std::unique_ptr<File> file, std::string name)
    : file_(std::move(file)), name_(std::move(name)) {}
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
  return PcapWriter(std::move(file), path);
}

void PcapWriter::write(std::chrono::nanoseconds since_unix_epoch, ByteView frame) {
  pcap_pkthdr header{};
  header.ts.tv_sec = static_cast<time_t>(since_unix_epoch.count() / 1'000'000'000);
  // libpcap keeps nanoseconds in tv_usec when the file has nanosecond precision.
  header.ts.tv_usec = static_cast<suseconds_t>(since_unix_epoch.count() % 1'000'000'000);
  header.caplen = static_cast<bpf_u_int32>(frame.size());
  header.len = header.caplen;
  pcap_dump(reinterpret_cast<u_char*>(file_->dumper), &header, frame.data());
  if (pcap_dump_flush(file_->dumper) == 0 || error_) return;
  error_ = CaptureError{fmt::format("{}: cannot be written: {}", name_, std::strerror(errno))};
}

}  // namespace pxeproof::trace

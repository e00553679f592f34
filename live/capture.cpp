#include "live/capture.h"

#include <pcap/pcap.h>

#include <array>
#include <cerrno>

namespace pxeproof::live {
namespace {

constexpr int kSnapshotBytes = 262144;
constexpr int kMaximumPerWake = 1024;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

SystemError pcap_error(const std::string& what, const char* words, const std::string& advice = {}) {
  return {.code = 0, .message = what + ": " + words + (advice.empty() ? "" : "; " + advice)};
}

}  // namespace

void CaptureFile::Close::operator()(pcap* handle) const { pcap_close(handle); }
void CaptureFile::Close::operator()(pcap_dumper* dumper) const { pcap_dump_close(dumper); }

SystemResult<CaptureFile> CaptureFile::create(const std::string& path) {
  CaptureFile file;
  file.path_ = path;
  file.handle_.reset(
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, kSnapshotBytes, PCAP_TSTAMP_PRECISION_NANO));
  file.dumper_.reset(pcap_dump_open(file.handle_.get(), path.c_str()));
  if (!file.dumper_) {
    return fail(last_error("capture file " + path));
  }
  return file;
}

void CaptureFile::on_frame(Instant when, Direction, ByteView frame) {
  const std::int64_t time = clock_.nanoseconds(when);
  pcap_pkthdr header{};
  header.ts.tv_sec = time / kNanosecondsPerSecond;
  header.ts.tv_usec = time % kNanosecondsPerSecond;  // nanoseconds in a file of that precision
  header.caplen = static_cast<bpf_u_int32>(frame.size());
  header.len = header.caplen;
  pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &header, frame.data());
}

SystemResult<void> CaptureFile::flush() {
  if (pcap_dump_flush(dumper_.get()) != 0 || ferror(pcap_dump_file(dumper_.get())) != 0) {
    return fail(last_error("capture file " + path_));
  }
  return {};
}

void LiveCapture::Close::operator()(pcap* handle) const { pcap_close(handle); }

SystemResult<LiveCapture> LiveCapture::open(const Options& options, FrameObserver& observer) {
  const std::string what = "capture on " + options.interface;
  std::array<char, PCAP_ERRBUF_SIZE> words{};
  LiveCapture capture(observer);
  capture.handle_.reset(pcap_create(options.interface.c_str(), words.data()));
  pcap* handle = capture.handle_.get();
  if (handle == nullptr) {
    return fail(pcap_error(what, words.data()));
  }
  pcap_set_snaplen(handle, options.snapshot_bytes);
  pcap_set_promisc(handle, 1);
  pcap_set_immediate_mode(handle, 1);
  pcap_set_buffer_size(handle, options.buffer_bytes);
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
  const int activated = pcap_activate(handle);
  if (activated == PCAP_ERROR_PERM_DENIED) {
    return fail(error_of(EPERM, what, "run as root, or: setcap cap_net_raw+ep on the program"));
  }
  if (activated < 0) {
    return fail(pcap_error(what, pcap_geterr(handle), "see `ip link` for the interfaces' names"));
  }
  const bool is_ethernet = pcap_datalink(handle) == DLT_EN10MB;
  const std::string& filter =
      is_ethernet && !options.ethernet_filter.empty() ? options.ethernet_filter : options.filter;
  if (!filter.empty()) {
    bpf_program program{};
    if (pcap_compile(handle, &program, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
      return fail(pcap_error(what + ": filter \"" + filter + "\"", pcap_geterr(handle)));
    }
    const int set = pcap_setfilter(handle, &program);
    pcap_freecode(&program);
    if (set != 0) {
      return fail(pcap_error(what, pcap_geterr(handle)));
    }
  }
  if (pcap_setnonblock(handle, 1, words.data()) != 0) {
    return fail(pcap_error(what, words.data()));
  }
  return capture;
}

int LiveCapture::link_type() const { return pcap_datalink(handle_.get()); }

LiveCapture::Statistics LiveCapture::statistics() const {
  pcap_stat counted{};
  if (pcap_stats(handle_.get(), &counted) != 0) {
    return {};
  }
  return {.received = counted.ps_recv, .dropped = counted.ps_drop};
}

std::vector<int> LiveCapture::descriptors() const {
  return {pcap_get_selectable_fd(handle_.get())};
}

Activity LiveCapture::on_wake(Instant) {
  for (int i = 0; i < kMaximumPerWake; ++i) {
    pcap_pkthdr* header = nullptr;
    const u_char* octets = nullptr;
    const int got = pcap_next_ex(handle_.get(), &header, &octets);
    if (got == 0) {
      return i > 0 ? Activity::Busy : Activity::Idle;
    }
    if (got < 0) {
      error_ = pcap_error("capture", pcap_geterr(handle_.get()));
      return Activity::Idle;
    }
    const std::int64_t time =
        std::int64_t{header->ts.tv_sec} * kNanosecondsPerSecond + header->ts.tv_usec;
    // The kernel stamped the frame by the time of day.
    const Instant when = Instant(Duration(time - clock_.nanoseconds(Instant())));
    observer_->on_frame(when, Direction::Received, {octets, header->caplen});
  }
  return Activity::Busy;
}

}  // namespace pxeproof::live

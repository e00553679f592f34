// How dear explain is beside reading the file at all: the CPU time of a bare pcap_next loop, of
// trace/'s grouping, and of tshark -q -z, on one capture of other traffic with one boot inside.
// usage: bench_explain BOOT.pcap BIG.pcap [MEBIBYTES]; BIG.pcap is made when it does not exist.
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "protocol/frames/build.h"
#include "protocol/random.h"
#include "trace/boot_grouper.h"
#include "trace/capture_file.h"
#include "trace/capture_reader.h"

namespace pxeproof::bench {
namespace {

constexpr int kRounds = 5;

// Frames as an office wire carries them: TCP of all sizes, some UDP on ports of its own.
void write_traffic(trace::PcapWriter& writer, const std::string& boot, std::size_t octets) {
  auto reader = trace::CaptureReader::open(boot);
  if (!reader) return;
  Random random(1);
  std::chrono::nanoseconds now(1'700'000'000'000'000'000);
  std::size_t written = 0;
  std::vector<Bytes> frames;
  for (std::uint16_t port = 0; port < 64; ++port) {
    Bytes payload(port % 3 == 0 ? 1400 : port * 20U);
    random.fill(payload);
    Bytes frame = frames::build_udp(
        {.destination_mac = MacAddress{{2, 9, 9, 9, 9, 1}},
         .source_mac = MacAddress{{2, 9, 9, 9, 9, 2}},
         .source = {Ipv4Address::of(10, 99, 0, 1), static_cast<std::uint16_t>(5000 + port)},
         .destination = {Ipv4Address::of(10, 99, 0, 2), 443}},
        payload);
    if (port % 8 != 0) frame[23] = 6;  // TCP, as nine tenths of traffic are
    frames.push_back(std::move(frame));
  }
  bool boot_written = false;
  for (std::size_t i = 0; written < octets; ++i) {
    const Bytes& frame = frames[i % frames.size()];
    writer.write(now, frame);
    now += std::chrono::microseconds(50);
    written += frame.size() + 16;
    if (boot_written || written < octets / 2) continue;
    boot_written = true;
    while (const auto captured = reader->next()) {
      writer.write(now, captured->raw);
      now += std::chrono::microseconds(200);
    }
  }
}

// The CPU seconds of a child that runs the work.
double measure(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) return -1;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int read_bare(const std::string& file) {
  std::array<char, PCAP_ERRBUF_SIZE> words{};
  pcap_t* handle = pcap_open_offline(file.c_str(), words.data());
  if (handle == nullptr) return 1;
  pcap_pkthdr header{};
  std::uint64_t octets = 0;
  while (pcap_next(handle, &header) != nullptr) octets += header.caplen;
  pcap_close(handle);
  return octets > 0 ? 0 : 1;
}

int read_grouped(const std::string& file) {
  auto reader = trace::CaptureReader::open(file);
  if (!reader) return 1;
  trace::BootGrouper grouper;
  std::size_t boots = 0;
  while (const auto frame = reader->next()) {
    grouper.on_frame({.number = frame->number,
                      .at = frame->at,
                      .interface = frame->interface,
                      .octets = frame->octets});
    while (grouper.poll_boot()) ++boots;
  }
  grouper.finish();
  while (grouper.poll_boot()) ++boots;
  return boots == 1 ? 0 : 1;
}

int run_tshark(const std::string& file) {
  execlp("tshark", "tshark", "-q", "-n", "-r", file.c_str(), "-z", "io,phs",
         static_cast<char*>(nullptr));
  return 1;
}

struct Contestant {
  std::string name;
  std::function<int()> work;
  std::vector<double> seconds;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    fmt::print(stderr, "usage: bench_explain BOOT.pcap BIG.pcap [MEBIBYTES]\n");
    return 2;
  }
  const std::size_t mebibytes = words.size() > 2 ? std::stoul(words[2]) : 1024;
  if (!std::filesystem::exists(words[1])) {
    auto writer = trace::PcapWriter::create(words[1]);
    if (!writer) {
      fmt::print(stderr, "{}\n", writer.error().message);
      return 2;
    }
    write_traffic(*writer, words[0], mebibytes << 20U);
  }
  std::vector<Contestant> contestants{
      {"bare pcap_next", [&] { return read_bare(words[1]); }, {}},
      {"pxeproof explain", [&] { return read_grouped(words[1]); }, {}},
      {"tshark -q -z io,phs", [&] { return run_tshark(words[1]); }, {}}};
  for (int round = 0; round < kRounds; ++round) {
    for (Contestant& contestant : contestants) {
      if (round > 0 && contestant.name.starts_with("tshark")) continue;  // once is slow enough
      contestant.seconds.push_back(measure(contestant.work));
    }
  }
  const double bare = median(contestants[0].seconds);
  for (const Contestant& contestant : contestants) {
    const double seconds = median(contestant.seconds);
    fmt::print("{:<20} {:8.3f} s CPU   {:6.2f} x\n", contestant.name, seconds, seconds / bare);
  }
  return 0;
}

}  // namespace
}  // namespace pxeproof::bench

int main(int argc, char** argv) { return pxeproof::bench::run({argv + 1, argv + argc}); }

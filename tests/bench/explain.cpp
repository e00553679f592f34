// How dear `pxeproof explain` is beside reading the file at all: the processor time of a bare
// pcap_next loop, of the program, and of tshark -q -z, on captures of other traffic with one boot
// inside; and its memory, on 10 million frames of noise too. ./dev bench explain
#include <fcntl.h>
#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <regex>
#include <string>
#include <vector>

#include "tests/bench/other_traffic.h"

namespace pxeproof::bench {
namespace {

struct Options {
  std::string program;
  std::string boot;
  std::string directory = "/tmp";
  std::string only = ".";
  std::string form = "pcap";
  std::uint64_t mebibytes = 1024;
  int rounds = 5;
  bool with_tshark = true;
};

// What a child took.
struct Cost {
  double seconds = 0;  // user and system
  std::uint64_t peak_kib = 0;
  int exit_code = -1;
};

Cost measure(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  int status = 0;
  rusage usage{};
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return {};
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime),
          .peak_kib = static_cast<std::uint64_t>(usage.ru_maxrss),
          .exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
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

int run_quietly(std::vector<std::string> words) {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0 || dup2(nowhere, STDERR_FILENO) < 0) return 1;
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  return 127;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// One capture, all contestants in turn.
bool compare(const Options& options, const TrafficKind& kind) {
  const std::string file = options.directory + "/bench_explain." + options.form;
  if (!write_traffic({.kind = kind.name,
                      .boot = options.boot,
                      .path = file,
                      .octets = options.mebibytes << 20U})) {
    fmt::print(stderr, "bench: {}: cannot be made from {}\n", file, options.boot);
    return false;
  }
  std::vector<double> bare;
  std::vector<double> explain;
  std::uint64_t peak_kib = 0;
  int exit_code = 0;
  for (int round = 0; round < options.rounds; ++round) {
    bare.push_back(measure([&] { return read_bare(file); }).seconds);
    const Cost cost = measure([&] { return run_quietly({options.program, "explain", file}); });
    explain.push_back(cost.seconds);
    peak_kib = std::max(peak_kib, cost.peak_kib);
    exit_code = std::max(exit_code, cost.exit_code);
  }
  std::string tshark = "-";
  if (options.with_tshark && !kind.packets) {
    const Cost cost = measure([&] {
      return run_quietly({"tshark", "-q", "-n", "-r", file, "-z", "io,phs"});
    });
    if (cost.exit_code == 0) tshark = fmt::format("{:.2f}", cost.seconds);
  }
  fmt::print("| {} | {:.0f} | {:.3f} | {:.3f} | {:.2f} | {} | {:.1f} | {} |\n", kind.what,
             static_cast<double>(std::filesystem::file_size(file)) / (1U << 20U), median(bare),
             median(explain), median(explain) / median(bare), tshark,
             static_cast<double>(peak_kib) / 1024, exit_code);
  std::fflush(stdout);
  std::filesystem::remove(file);
  // It finds the boot, or says that there are faults among the noise.
  return exit_code == 0 || exit_code == 1;
}

int run(const std::vector<std::string>& words) {
  Options options;
  std::vector<std::string> positionals;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const auto value = [&] { return at + 1 < words.size() ? words[++at] : std::string(); };
    if (words[at] == "--only") {
      options.only = value();
    } else if (words[at] == "--rounds") {
      options.rounds = std::stoi(value());
    } else if (words[at] == "--mebibytes") {
      options.mebibytes = std::stoull(value());
    } else if (words[at] == "--directory") {
      options.directory = value();
    } else if (words[at] == "--pcapng") {
      options.form = "pcapng";
    } else if (words[at] == "--no-tshark") {
      options.with_tshark = false;
    } else {
      positionals.push_back(words[at]);
    }
  }
  if (positionals.size() != 2) {
    fmt::print(stderr,
               "usage: bench_explain PXEPROOF BOOT.pcapng [--only REGEX] [--mebibytes N] "
               "[--rounds N] [--directory DIR] [--pcapng] [--no-tshark]\n");
    return 2;
  }
  options.program = positionals[0];
  options.boot = positionals[1];
  fmt::print(
      "| other traffic | MiB | bare s | explain s | x bare | tshark s | peak MiB | exit |\n"
      "|---|---|---|---|---|---|---|---|\n");
  const std::regex only(options.only);
  bool all_well = true;
  for (const TrafficKind& kind : traffic_kinds()) {
    if (!std::regex_search(std::string(kind.name), only)) continue;
    all_well = compare(options, kind) && all_well;
  }
  return all_well ? 0 : 1;
}

}  // namespace
}  // namespace pxeproof::bench

int main(int argc, char** argv) { return pxeproof::bench::run({argv + 1, argv + argc}); }

// Runs one load against one server and appends what it cost as a JSON line: the processor time of
// the server (its control group when there is one, else its processes), of the load, and of
// everybody else meanwhile; the server's memory; and the JSON object that the load printed last.
//
//   measure --server PID --cgroup DIR --label '{"scenario": ...}' --out FILE -- LOAD ARGUMENT...
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "live/file_descriptor.h"
#include "tests/bench/cpu_time.h"
#include "tests/bench/settings.h"

namespace pxeproof::bench {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream stream(path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// The server and everything it has started, as far as it is still there.
class ServerProcesses {
 public:
  ServerProcesses(std::string pid, std::string cgroup)
      : pid_(std::move(pid)), cgroup_(std::move(cgroup)) {}

  double cpu_seconds() const {
    if (!cgroup_.empty()) return std::stod(read_text(cgroup_ + "/cpuacct.usage")) * 1e-9;
    double ticks = 0;
    for (const std::string& pid : pids()) ticks += ticks_of(pid);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  // Resident octets, pages shared by several of the processes counted once in sum.
  double memory_octets() const {
    double kibibytes = 0;
    for (const std::string& pid : pids()) {
      std::ifstream rollup("/proc/" + pid + "/smaps_rollup");
      for (std::string line; std::getline(rollup, line);) {
        if (line.starts_with("Pss:")) kibibytes += std::stod(line.substr(4));
      }
    }
    return kibibytes * 1024;
  }

 private:
  std::vector<std::string> pids() const {
    std::vector<std::string> found;
    if (!cgroup_.empty()) {
      std::istringstream words(read_text(cgroup_ + "/cgroup.procs"));
      for (std::string pid; words >> pid;) found.push_back(pid);
      return found;
    }
    found.push_back(pid_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      std::istringstream words(read_text("/proc/" + found[i] + "/task/" + found[i] + "/children"));
      for (std::string pid; words >> pid;) found.push_back(pid);
    }
    return found;
  }

  // utime, stime, cutime and cstime: fields 14 to 17 of /proc/PID/stat, the 12th to 15th behind the
  // program's name.
  static double ticks_of(const std::string& pid) {
    const std::string text = read_text("/proc/" + pid + "/stat");
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream words(text.substr(name_end + 1));
    std::string word;
    double ticks = 0;
    for (int field = 3; field <= 17 && words >> word; ++field) {
      if (field >= 14) ticks += std::stod(word);
    }
    return ticks;
  }

  std::string pid_;
  std::string cgroup_;
};

// What all processors together have done since they started.
struct MachineTime {
  double busy = 0;    // seconds
  double stolen = 0;  // by other guests of the host

  static MachineTime now() {
    std::ifstream stream("/proc/stat");
    std::string word;
    stream >> word;
    std::vector<double> fields(8, 0);  // user nice system idle iowait irq softirq steal
    for (double& field : fields) stream >> field;
    const auto hertz = static_cast<double>(sysconf(_SC_CLK_TCK));
    return {(fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / hertz, fields[7] / hertz};
  }
};

struct LoadResult {
  int exit_code = 0;
  double cpu_seconds = 0;
  double most_memory = 0;  // of the server, octets
  std::string last_line;
};

// Runs the load and looks at the server's memory now and then when asked to.
LoadResult run_load(char** command, const ServerProcesses& server, bool watches_memory) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) give_up_with_errno("pipe");
  const pid_t pid = fork();
  if (pid < 0) give_up_with_errno("fork");
  if (pid == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execvp(command[0], command);
    give_up_with_errno(command[0]);
  }
  close(ends[1]);
  const live::FileDescriptor output(ends[0]);
  LoadResult result;
  std::string text;
  for (;;) {
    pollfd readable{output.number(), POLLIN, 0};
    const int ready = poll(&readable, 1, watches_memory ? 100 : -1);
    if (watches_memory) result.most_memory = std::max(result.most_memory, server.memory_octets());
    if (ready <= 0) continue;
    char octets[4096];
    const ssize_t count = read(output.number(), octets, sizeof octets);
    if (count <= 0) break;
    text.append(octets, static_cast<std::size_t>(count));
  }
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  result.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) result.last_line = line;
  }
  return result;
}

int measure(const Settings& settings, char** command) {
  const ServerProcesses server(settings.text("server"), settings.text("cgroup"));
  const bool watches_memory = settings.text("memory") == "on";
  nlohmann::json line = nlohmann::json::parse(settings.text("label"), nullptr, false);
  if (!line.is_object()) give_up("--label is not a JSON object");

  const double memory_before = watches_memory ? server.memory_octets() : 0;
  const MachineTime machine_before = MachineTime::now();
  const double server_before = server.cpu_seconds();
  const auto start = Clock::now();
  const LoadResult load = run_load(command, server, watches_memory);
  const double seconds = seconds_between(start, Clock::now());
  const double server_cpu = server.cpu_seconds() - server_before;
  const MachineTime machine = MachineTime::now();

  line["result"] = nlohmann::json::parse(load.last_line, nullptr, false);
  line["ok"] = load.exit_code == 0 && line["result"].is_object();
  line["seconds"] = seconds;
  line["server_cpu_seconds"] = server_cpu;
  line["load_cpu_seconds"] = load.cpu_seconds;
  // Shares of one processor; the counters behind them tick a hundred times a second.
  line["foreign"] =
      std::max(0.0, machine.busy - machine_before.busy - server_cpu - load.cpu_seconds) / seconds;
  line["stolen"] = (machine.stolen - machine_before.stolen) / seconds;
  if (watches_memory) {
    line["memory_before"] = memory_before;
    line["memory_most"] = load.most_memory;
  }
  if (line["result"].is_discarded()) line["result"] = load.last_line;
  std::ofstream out(settings.text("out"), std::ios::app);
  out << line.dump() << '\n';
  return out.good() ? 0 : 3;
}

}  // namespace
}  // namespace pxeproof::bench

int main(int count, char** words) {
  using namespace pxeproof::bench;
  char** const end = words + count;
  char** const separator =
      std::find_if(words, end, [](const char* word) { return std::string_view(word) == "--"; });
  if (end - separator < 2) give_up("measure: no load behind --");
  const Settings settings(
      static_cast<int>(separator - words), words,
      {{"server", ""}, {"cgroup", ""}, {"label", "{}"}, {"memory", "off"}, {"out", "/dev/stdout"}});
  return measure(settings, separator + 1);
}

#include "cli/conform_capture.h"

#include "trace/capture_file.h"

namespace pxeproof::cli {

std::string save_case(const std::filesystem::path& directory, const conformance::CaseResult& result,
                      const std::vector<conformance::CaseFrame>& frames, Duration to_unix_time) {
  if (frames.empty()) return {};
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  const std::string path = (directory / (result.id + ".pcap")).string();
  auto writer = trace::PcapWriter::create(path);
  if (!writer) return {};
  for (const conformance::CaseFrame& frame : frames) {
    writer->write(frame.at.time_since_epoch() + to_unix_time, frame.octets);
  }
  return path;
}

}  // namespace pxeproof::cli

#include "cli/conform_capture.h"

#include <fmt/format.h>

#include "conformance/catalogue.h"
#include "trace/pcapng_writer.h"

namespace pxeproof::cli {

std::string save_case(const std::filesystem::path& directory, const conformance::CaseResult& result,
                      const std::vector<conformance::CaseFrame>& frames, Duration to_unix_time) {
  if (frames.empty()) return {};
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  const std::string path = (directory / (result.id + ".pcapng")).string();
  const conformance::Case* subject = conformance::find_case(result.id);
  std::string comment = fmt::format("pxeproof conform {}{}: {}", result.id,
                                    subject == nullptr ? "" : fmt::format(" {}", subject->slug),
                                    to_string(result.verdict));
  if (subject != nullptr) {
    comment += fmt::format("\nclause: {}\nrequirement: {}\nexpected: {}", subject->clause,
                           subject->requirement, conformance::describe_answers(*subject));
  }
  const std::string seen = result.seen.empty() ? result.answer : result.seen;
  if (!seen.empty()) comment += fmt::format("\nseen: {}", seen);
  auto writer = trace::PcapngWriter::create(path, {.comment = comment});
  if (!writer) return {};
  const std::uint32_t interface =
      writer->add_interface({.name = "case", .description = "the hosts of case " + result.id});
  for (std::size_t at = 0; at < frames.size(); ++at) {
    // The first and the last packet say it too, for whoever looks at packets only.
    std::string_view said;
    if (at == 0) said = comment;
    const std::string verdict = fmt::format("{}: {}", result.id, to_string(result.verdict));
    if (at > 0 && at + 1 == frames.size()) said = verdict;
    writer->write({.interface = interface,
                   .since_unix_epoch = frames[at].at.time_since_epoch() + to_unix_time,
                   .octets = frames[at].octets,
                   .comment = said});
  }
  return writer->error() ? std::string() : path;
}

}  // namespace pxeproof::cli

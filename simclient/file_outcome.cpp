#include "simclient/file_outcome.h"

#include <fmt/format.h>

#include "protocol/tftp/packet.h"

namespace pxeproof::rom {

std::string reason_of(const TftpDownload& download) {
  const TftpDownload::Ending& ending = *download.ending();
  const std::string file = printable(download.name());
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&ending)) {
    return fmt::format("the server answers {} with ERROR {}: {}", file, error->code,
                       printable(error->text));
  }
  if (const auto* const silent = std::get_if<TftpDownload::Silent>(&ending)) {
    return silent->during == TftpDownload::Silent::During::Opening
               ? fmt::format("the server does not answer the request for {}", file)
               : fmt::format("the server fell silent in the middle of {}", file);
  }
  if (const auto* const unusable = std::get_if<TftpDownload::Unusable>(&ending)) {
    return fmt::format("{}: {}", file, unusable->reason);
  }
  if (const auto* const different = std::get_if<TftpDownload::Different>(&ending)) {
    if (different->offset == download.file().size()) {
      return fmt::format("{} is not what the server's tree holds: it ended after {} octets", file,
                         different->offset);
    }
    return fmt::format("{} is not what the server's tree holds: octet {} differs", file,
                       different->offset);
  }
  return fmt::format("{} is empty", file);
}

Fetched::Outcome outcome_of(const TftpDownload::Ending& ending) {
  if (std::holds_alternative<TftpDownload::Complete>(ending)) return Fetched::Outcome::Complete;
  if (std::holds_alternative<TftpDownload::Missing>(ending)) return Fetched::Outcome::NotFound;
  if (std::holds_alternative<TftpDownload::Silent>(ending)) return Fetched::Outcome::TimedOut;
  if (const auto* const error = std::get_if<TftpDownload::ServerError>(&ending)) {
    return firmware::failure_of_error(error->code) == firmware::Failure::FileNotFound
               ? Fetched::Outcome::NotFound
               : Fetched::Outcome::Refused;
  }
  return Fetched::Outcome::Refused;
}

void report_file(Instant now, RomBoard& board, const TftpDownload& download) {
  const TftpDownload::Ending& ending = *download.ending();
  if (std::holds_alternative<TftpDownload::Complete>(ending)) {
    board.tell(now, FileDone{.name = download.name(),
                             .octets = download.file().size(),
                             .blocks = download.blocks(),
                             .asked_again = download.asked_again(),
                             .duplicates = download.duplicates(),
                             .verdict = download.file().is_checked() ? FileDone::Verdict::Equal
                                                                     : FileDone::Verdict::Unchecked,
                             .duration = download.duration(now)});
  } else if (!std::holds_alternative<TftpDownload::ServerError>(ending)) {
    board.tell(now, FileFailed{download.name(), reason_of(download)});
  }
}

}  // namespace pxeproof::rom

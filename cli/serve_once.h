#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/boot_watch.h"
#include "cli/failure.h"

namespace pxeproof::cli {

// When `serve --once` ends.
struct OnceOptions {
  ServedPhase until = ServedPhase::Payload;
  // --until SECONDS: serve for so long, and judge then whether a client got its NBP.
  std::optional<Duration> duration{};
  Duration patience = std::chrono::minutes(5);  // --timeout: for the first client to come so far
  std::string json;                             // a file, "-" for standard output; empty: none

  // How far a client has to come.
  ServedPhase wanted() const { return duration ? ServedPhase::Nbp : until; }
};

// Judges one run of a server for a lab that wants one machine booted.
class ServeOnce {
 public:
  static Outcome<std::unique_ptr<ServeOnce>> create(OnceOptions options, Instant start);

  // Whether the run is over, with so many transfers under way or waiting, of whomever.
  bool is_over(const BootWatch& watch, std::size_t transfers, Instant now) const;
  Instant deadline() const { return start_ + options_.duration.value_or(options_.patience); }

  // Writes the report and says how the run went. The words repeat the command.
  Outcome<void> finish(const BootWatch& watch, Instant now, const std::string& again);

 private:
  ServeOnce(OnceOptions options, Instant start) : options_(std::move(options)), start_(start) {}

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  OnceOptions options_;
  Instant start_;
  std::unique_ptr<std::FILE, CloseFile> report_;
};

}  // namespace pxeproof::cli

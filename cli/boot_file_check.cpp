#include "cli/boot_file_check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>

#include "cli/program_head.h"
#include "firmware/boot_program.h"
#include "protocol/bytes.h"
#include "server/boot_file.h"
#include "server/file_name.h"
#include "server/lint_findings.h"

namespace pxeproof::cli {

namespace {

using server::Diagnostic;

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

class Checker {
 public:
  explicit Checker(const server::TftpConfiguration& tftp) : tftp_(tftp) {}

  bool check_root() {
    const auto status = status_of(tftp_.root);
    if (status && S_ISDIR(status->st_mode)) return true;
    warn("tftp-root-missing", tftp_.root_location,
         fmt::format("tftp-root {} is no directory, so the server does not start",
                     printable(tftp_.root)),
         "make it, or correct the path");
    return false;
  }

  void check(const std::string& file, const server::SourceLocation& location) {
    if (!seen_.insert(file).second) return;
    const auto found = path_of(file);
    if (!found) return;
    const std::string& path = *found;
    const auto status = status_of(path);
    if (status && !S_ISREG(status->st_mode)) {
      return warn("boot-file-missing", location,
                  fmt::format("{} is no file, so it cannot be sent", printable(path)),
                  "name the file in it, or correct the name");
    }
    if (!status) {
      return warn(
          "boot-file-missing", location,
          fmt::format("there is no {} in tftp-root {}", printable(file), printable(tftp_.root)),
          "put it there, or correct the name");
    }
    if ((status->st_mode & S_IROTH) != 0) return;
    warn("boot-file-unreadable", location,
         fmt::format("{} is not readable for everybody, so a server that root starts refuses it",
                     printable(path)),
         fmt::format("chmod o+r {}", printable(path)));
  }

  // What is in the file, where its name does not tell already (lint's rule foreign-program).
  void check_program(const std::string& file, const server::SourceLocation& location,
                     const server::ArchitectureSet& architectures) {
    const auto path = path_of(file);
    const auto status = path ? status_of(*path) : std::nullopt;
    if (!status || !S_ISREG(status->st_mode)) return;
    const auto is_judged = [](std::uint16_t each) {
      return each == server::kBiosArchitecture || server::is_efi_architecture(each);
    };
    const auto is_told = [&file](std::uint16_t each) {
      return server::has_foreign_ending(file, each);
    };
    const bool is_open = std::ranges::all_of(architectures, is_judged) &&
                         std::ranges::none_of(architectures, is_told);
    if (architectures.empty() || !is_open) return;
    const auto program = firmware::read_boot_program(file, read_program_head(*path));
    if (!program) return;
    const auto starts = [&program](std::uint16_t each) {
      return std::ranges::find(program->architectures, each) != program->architectures.end();
    };
    if (std::ranges::any_of(architectures, starts)) return;
    warn("boot-file-foreign", location,
         fmt::format("{} is {}, which architecture {} cannot start", printable(*path),
                     program->kind, *architectures.begin()),
         "name a program for these machines, or correct the architecture");
  }

  std::vector<Diagnostic> take() { return std::move(findings_); }

 private:
  std::optional<std::string> path_of(const std::string& file) const {
    if (file.empty() || file.find("://") != std::string::npos) return std::nullopt;
    const auto name =
        server::resolve_name(file, {.root = tftp_.root, .lowercase = tftp_.lowercase});
    if (!name) return std::nullopt;
    return tftp_.root + "/" + name->path;
  }

  void warn(std::string rule, const server::SourceLocation& location, std::string what,
            std::string remedy) {
    findings_.push_back({.severity = Diagnostic::Severity::Warning,
                         .rule = std::move(rule),
                         .location = location,
                         .what = std::move(what),
                         .remedy = std::move(remedy)});
  }

  const server::TftpConfiguration& tftp_;
  std::set<std::string> seen_;
  std::vector<Diagnostic> findings_;
};

}  // namespace

std::vector<Diagnostic> check_boot_files(const server::Configuration& configuration) {
  const server::TftpConfiguration& tftp = configuration.tftp;
  // Whose directory it would be is known only when the client asks.
  const bool is_common = tftp.unique_root == server::TftpConfiguration::UniqueRoot::Off;
  if (!tftp.enabled || tftp.root.empty() || !tftp.interface_roots.empty() || !is_common) return {};
  Checker checker(tftp);
  if (tftp.no_fail && !status_of(tftp.root)) return {};
  if (!checker.check_root()) return checker.take();
  const server::LintSurroundings surroundings;
  const server::LintFindings findings(configuration, surroundings);
  for (const server::PxeService& service : findings.configuration().services) {
    if (!service.server && service.server_name.empty()) {
      server::BootFileName file;
      // The file of layer 0: what the client is sent when it has chosen.
      if (!server::name_boot_file(service.basename, service.architecture, 0, file)) continue;
      const std::string name(service.basename.empty() ? "" : file.text());
      checker.check(name, service.location);
      checker.check_program(name, service.location, {service.architecture});
    }
  }
  for (const server::DhcpBoot& boot : findings.configuration().boots) {
    if (boot.server || !boot.tftp_server_name.empty()) continue;
    checker.check(boot.file, boot.location);
    const auto architectures = findings.architectures_of(boot.conditions);
    if (architectures) checker.check_program(boot.file, boot.location, *architectures);
  }
  return checker.take();
}

}  // namespace pxeproof::cli

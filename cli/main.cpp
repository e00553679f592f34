#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/arguments.h"
#include "cli/standard_error.h"
#include "cli/verbs.h"

namespace {

using pxeproof::cli::ExitCode;

struct Verb {
  std::string_view name;
  std::string_view purpose;
  ExitCode (*run)(std::span<const std::string> words);
};

constexpr std::array kVerbs = {
    Verb{"boot", "boot one simulated ROM and tell the story", pxeproof::cli::run_boot},
    Verb{"serve", "proxyDHCP, boot server and TFTP from a dnsmasq configuration",
         pxeproof::cli::run_serve},
    Verb{"conform", "run the conformance suite against a server", pxeproof::cli::run_conform},
    Verb{"fleet", "boot thousands of simulated ROMs at once", pxeproof::cli::run_fleet},
    Verb{"lab", "boot a real ROM in QEMU, in a private network", pxeproof::cli::run_lab},
    Verb{"record", "capture a boot, from power-on to its end", pxeproof::cli::run_record},
    Verb{"diff", "compare two captured boots, and name where they part", pxeproof::cli::run_diff},
    Verb{"explain", "say in words why a captured boot failed", pxeproof::cli::run_explain},
    Verb{"profile", "list and show firmware profiles", pxeproof::cli::run_profile},
};

std::string usage() {
  std::string text = "usage: pxeproof VERB [OPTION...]\nProves network boot.\n\n";
  for (const Verb& verb : kVerbs) text += fmt::format("  {:<10} {}\n", verb.name, verb.purpose);
  text += "\npxeproof VERB --help says more; pxeproof boot needs no configuration.\n";
  return text;
}

int exit_with(ExitCode code) { return static_cast<int>(code); }

int run_verb(const std::vector<std::string>& words) {
  if (words.empty() || words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    fmt::print("{}", usage());
    return exit_with(words.empty() ? ExitCode::WrongUsage : ExitCode::AsExpected);
  }
  if (words[0] == "--version") {
    fmt::print("pxeproof {}\n", PXEPROOF_VERSION);
    return exit_with(ExitCode::AsExpected);
  }
  std::vector<std::string> names;
  for (const Verb& verb : kVerbs) {
    if (verb.name == words[0]) return exit_with(verb.run(std::span(words).subspan(1)));
    names.emplace_back(verb.name);
  }
  const auto suggestion = pxeproof::cli::nearest(words[0], names);
  fmt::print(stderr, "pxeproof: no verb '{}'{}\n", words[0],
             suggestion ? fmt::format("; did you mean {}?", *suggestion)
                        : std::string("; pxeproof --help lists them"));
  return exit_with(ExitCode::WrongUsage);
}

// What could not be written is lost, whatever the verb found out.
std::optional<int> lost_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return std::nullopt;
  const int code = errno;
  const std::string reason = code == 0 ? "" : " (" + std::generic_category().message(code) + ")";
  fmt::print(stderr,
             "pxeproof: standard output cannot be written{}: what it says is not complete; give it "
             "room and run this again\n",
             reason);
  return exit_with(ExitCode::EnvironmentFailed);
}

// Where a standard descriptor is closed, the next file that is opened would take its number, and be
// written to. What stands there now cannot be used that way: the error is the same as before.
void fill_standard_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) < 0) open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int run(const std::vector<std::string>& words) {
  try {
    const int code = run_verb(words);
    return lost_output().value_or(code);
  } catch (const std::system_error&) {
    // fmt throws where a write comes to nothing.
    if (const auto code = lost_output()) return *code;
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_descriptors();
  pxeproof::cli::make_standard_error_harmless();
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    // Only a library's exception that no adapter expected comes here: our bug or an exhausted
    // machine.
    const std::string text = std::string("pxeproof: internal error: ") + error.what() + "\n";
    std::fputs(text.c_str(), stderr);
    return exit_with(ExitCode::EnvironmentFailed);
  }
}

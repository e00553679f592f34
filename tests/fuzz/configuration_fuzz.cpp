#include <string>

#include "server/configuration_reader.h"
#include "server/lint.h"
#include "tests/fuzz/fuzz.h"
#include "tests/server/memory_files.h"

using namespace pxeproof;
using namespace pxeproof::server;

// The text is the configuration, its first line the command line, and the whole of it also the
// files that it may name, so that including is fuzzed, too.
int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  const std::string text(input, input + size);
  MemoryFiles files({{"/f", text}, {"/d/a", text}, {"/etc/hosts", text}});
  const auto loaded = read_configuration(
      {.command_line = {"--" + text.substr(0, text.find('\n'))}, .files = {{"input", text}}}, files,
      {.files = 10, .diagnostics = 20});
  if (!loaded) {
    fuzz::require(!loaded.error().empty() && loaded.error().size() <= 20);
    for (const Diagnostic& error : loaded.error()) fuzz::require(!error.what.empty());
    return 0;
  }
  for (const Diagnostic& finding : lint(loaded->configuration)) {
    fuzz::require(!finding.what.empty() && !finding.remedy.empty());
  }
  return 0;
}

#include "cli/target_program.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>
#include <vector>

#include "conformance/variant.h"

namespace pxeproof::cli {

namespace fs = std::filesystem;

std::string find_peer(const std::string& program, const std::string& package) {
  if (program.find('/') != std::string::npos) return program;
  std::vector<fs::path> places;
  if (const char* named = std::getenv("PXEPROOF_PEERS")) {
    std::string_view list(named);
    while (!list.empty()) {
      const std::size_t colon = list.find(':');
      places.emplace_back(list.substr(0, colon));
      list.remove_prefix(colon == std::string_view::npos ? list.size() : colon + 1);
    }
  }
  std::error_code failed;
  const fs::path self = fs::read_symlink("/proc/self/exe", failed);
  // build/release/cli/pxeproof beside build/peers, where ./dev unpacks packages that must not run
  // as services. Each has a directory: atftpd brings an in.tftpd too.
  if (!failed && !package.empty()) {
    const fs::path peers = self.parent_path().parent_path().parent_path() / "peers";
    places.push_back(peers / package / "usr/sbin");
  }
  // The PATH of an ordinary user has no place for servers.
  if (const char* path = std::getenv("PATH")) {
    std::istringstream list(path);
    for (std::string place; std::getline(list, place, ':');) places.emplace_back(place);
  }
  places.emplace_back("/usr/local/sbin");
  places.emplace_back("/usr/sbin");
  for (const fs::path& place : places) {
    if (!place.empty() && access((place / program).c_str(), X_OK) == 0)
      return (place / program).string();
  }
  return program;
}

live::Command command_of(const conformance::TargetFile& target, const TargetPlaces& places) {
  live::Command command;
  for (const std::string& word : target.command) {
    std::string filled = conformance::fill_placeholders(word, {{"conf", places.configuration},
                                                               {"root", places.root},
                                                               {"fixture", places.fixture},
                                                               {"interface", places.interface}});
    if (command.program.empty()) {
      command.program = find_peer(filled, target.package);
    } else {
      command.arguments.push_back(std::move(filled));
    }
  }
  return command;
}

}  // namespace pxeproof::cli

#include "simclient/pxelinux_module_arguments.h"

#include <cstddef>

#include "simclient/pxelinux_command.h"
#include "simclient/pxelinux_text.h"

namespace pxeproof::rom {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

std::vector<std::string> words_of(std::string_view arguments) {
  std::vector<std::string> words;
  for (auto rest = skip_space(arguments); !rest.empty(); rest = after_first_word(rest)) {
    words.emplace_back(first_word(rest));
  }
  return words;
}

ChainArguments parse_chain_arguments(std::string_view arguments) {
  constexpr std::string_view kWithValue = "cgptof";
  ChainArguments chain;
  const std::vector<std::string> words = words_of(arguments);
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (word.size() < 2 || word[0] != '-') {
      if (chain.program.empty()) chain.program = word;
      continue;
    }
    if (kWithValue.find(word[1]) == std::string_view::npos) continue;
    std::string value = word.substr(2);
    if (value.empty() && at + 1 < words.size()) value = words[++at];
    if (word[1] == 'c') chain.config_file = value;
    if (word[1] == 'p') chain.path_prefix = value;
  }
  return chain;
}

std::vector<std::string> linux_loader_files(std::string_view arguments) {
  constexpr std::string_view kInitrd = "initrd=";
  std::vector<std::string> files;
  std::string initrds;
  for (const std::string& word : words_of(arguments)) {
    if (files.empty()) {
      if (!word.starts_with('-')) files.push_back(word);
    } else if (word.starts_with(kInitrd)) {
      initrds = word;
    }
  }
  if (files.empty()) return files;
  for (std::string& initrd : pxelinux_initrds(initrds)) files.push_back(std::move(initrd));
  return files;
}

std::vector<std::string> multiboot_files(std::string_view arguments) {
  std::vector<std::string> files;
  bool first = true;
  for (const std::string& word : words_of(arguments)) {
    if (word == "---") {
      first = true;
    } else if (first && !(files.empty() && word.starts_with('-'))) {
      files.push_back(word);
      first = false;
    }
  }
  return files;
}

std::optional<std::string> system_choice(std::string_view arguments) {
  std::optional<std::vector<std::string>> command;
  for (const std::string& word : words_of(arguments)) {
    if (word == "-pxe-") {
      command.emplace();
    } else if (word == "-iso-" || word == "-sys-") {
      if (command) break;
    } else if (command) {
      command->push_back(word);
    }
  }
  if (!command || command->empty()) return std::nullopt;
  return joined(*command);
}

std::string processor_choice(std::string_view arguments) {
  std::vector<std::string> command;
  for (const std::string& word : words_of(arguments)) {
    if (word == "--") break;
    command.push_back(word);
  }
  return joined(command);
}

}  // namespace pxeproof::rom

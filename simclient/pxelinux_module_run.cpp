#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "simclient/pxelinux_machine.h"
#include "simclient/pxelinux_module_arguments.h"

// .c32 modules: their libraries and what they do.
namespace pxeproof::rom {

void PxelinuxMachine::load_module(PxelinuxCommand command) {
  const std::string file = command.file;
  if (!modules_.empty() && modules_.back().name == file) {
    modules_.pop_back();  // the running module makes room for itself, and for its libraries
  } else if (is_loaded(file)) {
    screen_ = fmt::format("Failed to load COM32 file {}", file);
    trouble_ = fmt::format("{} is loaded already, below the module that runs", file);
    leave_modules();
    prompt();
    return;
  }
  state_ = LoadingModule{.command = std::move(command)};
  search_.look_for(search_.along_path(file), Fetch::Use::Library);
}

void PxelinuxMachine::go_on(LoadingModule state, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  std::optional<std::vector<std::string>> libraries;
  if (file == nullptr) {
    trouble_ = search_.trouble();
  } else if (file->content.empty()) {
    libraries = known_module_libraries(file->name);
  } else {
    libraries = module_libraries(as_bytes(file->content));
    if (!libraries) trouble_ = fmt::format("{} is no module of syslinux 6", file->path);
  }
  if (!libraries) {
    // The prompt comes back at once: neither ONERROR nor the menu gets a turn.
    screen_ = fmt::format("Failed to load COM32 file {}", state.command.file);
    leave_modules();
    prompt();
    return;
  }
  if (!state.path) {
    state.kind = module_kind(file->name, as_bytes(file->content));
    state.path = file->path;
  }
  state.waiting.emplace_back(std::make_move_iterator(libraries->begin()),
                             std::make_move_iterator(libraries->end()));
  load_next_library(std::move(state));
}

bool PxelinuxMachine::is_loaded(std::string_view name) const {
  const auto holds = [&](const LoadedModule& module) {
    return module.name == name || std::find(module.libraries.begin(), module.libraries.end(),
                                            name) != module.libraries.end();
  };
  return name == options_.core || std::any_of(modules_.begin(), modules_.end(), holds);
}

void PxelinuxMachine::load_next_library(LoadingModule state) {
  while (!state.waiting.empty()) {
    std::deque<std::string>& libraries = state.waiting.back();
    if (libraries.empty()) {
      state.waiting.pop_back();
      continue;
    }
    const std::string library = std::move(libraries.front());
    libraries.pop_front();
    const bool asked_for =
        std::find(state.libraries.begin(), state.libraries.end(), library) != state.libraries.end();
    if (asked_for || is_loaded(library)) continue;
    state.libraries.push_back(library);
    state_ = std::move(state);
    search_.look_for(search_.along_path(library), Fetch::Use::Library);
    return;
  }
  run_module(state);
}

void PxelinuxMachine::run_module(const LoadingModule& module) {
  const std::string& arguments = module.command.arguments;
  modules_.push_back({.name = module.command.file, .libraries = module.libraries});
  LoadingModuleFiles loading{.kind = module.kind, .module = *module.path, .arguments = arguments};
  std::vector<std::string> files;
  switch (module.kind) {
    case ModuleKind::Menu:
    case ModuleKind::GraphicalMenu: {
      const std::string place = fmt::format("menu {} {}", *module.path, arguments);
      if (arguments.empty() || !counts_as_loop(place, "the menus lead to one another")) {
        files = words_of(arguments);
        if (files.empty()) files.emplace_back("~");
        menu_kind_ = module.kind;
        read_on({.reader = make_reader(Dialect::MenuModule),
                 .dialect = Dialect::MenuModule,
                 .files = {files.begin(), files.end()}});
      }
      return;
    }
    case ModuleKind::ConfigLoader:
      execute(".config " + arguments);
      return;
    case ModuleKind::SystemChoice:
    case ModuleKind::ProcessorChoice: {
      const bool by_system = module.kind == ModuleKind::SystemChoice;
      const auto line = by_system ? system_choice(arguments) : processor_choice(arguments);
      autoboots_left_ = 0;
      if (line) {
        run_line(*line);
      } else {
        leave_modules();
        prompt();
      }
      return;
    }
    case ModuleKind::Talker:
      leave_modules();
      prompt();
      return;
    case ModuleKind::NbpChain:
      files = {parse_chain_arguments(arguments).program};
      break;
    case ModuleKind::LinuxLoader:
      files = linux_loader_files(arguments);
      break;
    case ModuleKind::Multiboot:
      files = multiboot_files(arguments);
      break;
    case ModuleKind::Printer:
      files = words_of(arguments);
      break;
    case ModuleKind::Other:
      ending_ = Started{.image = *module.path, .command_line = arguments};
      return;
  }
  loading.files.assign(std::make_move_iterator(files.begin()),
                       std::make_move_iterator(files.end()));
  load_next_file(std::move(loading));
}

void PxelinuxMachine::load_next_file(LoadingModuleFiles state) {
  if (state.files.empty()) {
    if (state.image && state.kind != ModuleKind::Printer) {
      ending_ = Started{.image = *state.image, .command_line = state.arguments};
      return;
    }
    leave_modules();
    prompt();
    return;
  }
  state.loading = std::move(state.files.front());
  state.files.pop_front();
  const std::string file = state.loading;
  const bool program = state.kind == ModuleKind::NbpChain;
  state_ = std::move(state);
  search_.look_for({file}, program ? Fetch::Use::Program : Fetch::Use::Image);
}

void PxelinuxMachine::go_on(LoadingModuleFiles state, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  if (file != nullptr) {
    if (state.kind == ModuleKind::NbpChain) {
      chain(state.arguments, *file);
      return;
    }
    if (!state.image) state.image = file->path;
    load_next_file(std::move(state));
    return;
  }
  trouble_ = search_.trouble();
  switch (state.kind) {
    case ModuleKind::NbpChain:
      screen_ = fmt::format("{}: Attempting to load '{}': 2:No such file or directory",
                            base_name(state.module), state.loading);
      break;
    case ModuleKind::LinuxLoader:
      screen_ = fmt::format("Loading {}... failed: File not found", state.loading);
      break;
    case ModuleKind::Multiboot:
      screen_ = fmt::format("Loading {}... failed!", state.loading);
      break;
    default:
      screen_ = fmt::format("{}: {}: file not found", base_name(state.module), state.loading);
      load_next_file(std::move(state));
      return;
  }
  leave_modules();
  prompt();
}

// Everything on top of ldlinux.c32 goes, and with it what would still have been tried.
void PxelinuxMachine::leave_modules() {
  if (modules_.empty() && !menu_) return;
  modules_.clear();
  menu_.reset();
  autoboots_left_ = 0;
}

}  // namespace pxeproof::rom

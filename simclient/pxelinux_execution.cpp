#include <fmt/format.h>

#include <iterator>

#include "simclient/pxelinux_machine.h"
#include "simclient/pxelinux_module_arguments.h"
#include "simclient/pxelinux_text.h"

// Command lines and the images they start.
namespace pxeproof::rom {
namespace {

// From the load address 7C00h to the end of conventional memory.
constexpr std::uint64_t kLargestBootSector = 0xA0000 - 0x7C00;

// pxelinux itself, under whatever name: its banner is not compressed.
bool is_pxelinux(std::string_view name, std::string_view content) {
  if (content.find("PXELINUX ") != std::string_view::npos) return true;
  const std::string_view file = base_name(name);
  return content.empty() && (file.starts_with("pxelinux") || file.starts_with("lpxelinux"));
}

}  // namespace

// What ldlinux.c32 does once its configuration is read, and each time a command has failed.
void PxelinuxMachine::next_autoboot() {
  if (autoboots_left_ == 0) {
    prompt();
    return;
  }
  --autoboots_left_;
  autoboot();
}

void PxelinuxMachine::autoboot() {
  if (config_.default_level != PxelinuxConfig::DefaultLevel::None) {
    run_line(config_.default_command);
    return;
  }
  ++prompt_rounds_;
  screen_ = "No DEFAULT or UI configuration directive found!";
  trouble_ = config_name_.empty() ? "there is no configuration"
                                  : fmt::format("{} has neither DEFAULT nor UI",
                                                search_.directory().locate(config_name_).path);
  if (config_.no_escape) {
    fail(FailureKind::Halted, screen_, trouble_);
    return;
  }
  next_autoboot();
}

// Starts what would be typed at the prompt: a label or a file, with options behind it.
void PxelinuxMachine::run_line(std::string line) {
  ++prompt_rounds_;
  starter_ = Starter::Prompt;
  if (const PxelinuxConfig::Entry* entry = config_.find_label(line)) {
    const std::string_view options = after_first_word(line);
    execute(options.empty() ? entry->command : fmt::format("{} {}", entry->command, options));
    return;
  }
  if (!config_.implicit) {
    trouble_ = fmt::format("{} is no label, and IMPLICIT 0 forbids file names", first_word(line));
    command_failed();
    return;
  }
  if (!config_.allow_options) line = first_word(line);
  if (pxelinux_image_by_extension(line) != PxelinuxImage::Kernel) {
    execute(line);
    return;
  }
  const std::vector<std::string_view> extensions = pxelinux_implicit_extensions();
  probe_next({.line = std::move(line), .extensions = {extensions.begin(), extensions.end()}});
}

void PxelinuxMachine::probe_next(ProbingExtensions state) {
  const std::string name = fmt::format("{}{}", first_word(state.line), state.extensions.front());
  state_ = std::move(state);
  search_.look_for(search_.along_path(name), Fetch::Use::Probe);
}

void PxelinuxMachine::go_on(ProbingExtensions state, const Result& result) {
  if (std::holds_alternative<Found>(result)) {
    execute(with_extension(state.line, state.extensions.front()));
    return;
  }
  state.extensions.pop_front();
  if (state.extensions.empty()) {
    execute(state.line);
    return;
  }
  probe_next(std::move(state));
}

void PxelinuxMachine::execute(const std::string& line) {
  if (line.size() > kPxelinuxCommandLimit) {
    screen_ = "cmdline too long";
    trouble_ = fmt::format("a command line of {} octets is too long", line.size());
    command_failed();
    return;
  }
  PxelinuxCommand command = parse_pxelinux_command(line);
  const std::string file = command.file;
  switch (command.image) {
    case PxelinuxImage::Kernel: {
      std::string kernel_command_line = pxelinux_kernel_command_line(command);
      std::vector<std::string> initrds = pxelinux_initrds(kernel_command_line);
      state_ = LoadingKernel{.command = std::move(command),
                             .kernel_command_line = std::move(kernel_command_line),
                             .initrds = {std::make_move_iterator(initrds.begin()),
                                         std::make_move_iterator(initrds.end())},
                             .loading = file};
      search_.look_for({file}, Fetch::Use::Image);
      return;
    }
    case PxelinuxImage::BootSector:
      state_ = LoadingProgram{std::move(command)};
      search_.look_for({file}, Fetch::Use::Image);
      return;
    case PxelinuxImage::NetworkBootProgram:
      state_ = LoadingProgram{std::move(command)};
      search_.look_for({file}, Fetch::Use::Program);
      return;
    case PxelinuxImage::Module:
      load_module(std::move(command));
      return;
    case PxelinuxImage::Config: {
      using Step = LoadingLdlinux::Step;
      if (!command.arguments.empty()) next_directory_ = first_word(command.arguments);
      // ldlinux.c32 unloads itself first; under another module it makes sure that it can return.
      load_ldlinux({.step = modules_.empty() ? Step::Load : Step::Probe,
                    .config = search_.directory().absolute(file)});
      return;
    }
    case PxelinuxImage::LocalBoot:
      ending_ = LocalBoot{};
      return;
  }
}

void PxelinuxMachine::command_failed() {
  switch (starter_) {
    case Starter::Prompt: {
      if (!config_.on_error || config_.on_error->empty()) break;
      starter_ = Starter::OnError;
      const PxelinuxConfig::Entry* entry = config_.find_label(*config_.on_error);
      const bool has_default = config_.default_level != PxelinuxConfig::DefaultLevel::None;
      execute(fmt::format("{} {}", entry != nullptr ? entry->command : *config_.on_error,
                          has_default ? config_.default_command : "(null)"));
      return;
    }
    case Starter::OnError:
      break;
    case Starter::Menu:
      if (menu_ && menu_->on_error()) {
        starter_ = Starter::MenuOnError;
        execute(*menu_->on_error());
        return;
      }
      show_menu();
      return;
    case Starter::MenuOnError:
      show_menu();
      return;
  }
  leave_modules();
  next_autoboot();
}

void PxelinuxMachine::go_on(LoadingKernel state, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  if (file == nullptr) {
    const bool quiet = state.kernel_command_line.find("quiet") != std::string::npos;
    const std::string_view dots = quiet ? " " : state.image ? "..." : "... ";
    screen_ = fmt::format("Loading {}{}failed: No such file or directory", state.loading, dots);
    trouble_ = search_.trouble();
    command_failed();
    return;
  }
  if (!state.image) state.image = file->path;
  load_next_file(std::move(state));
}

void PxelinuxMachine::load_next_file(LoadingKernel state) {
  if (state.initrds.empty()) {
    ending_ = Started{.image = *state.image, .command_line = state.kernel_command_line};
    return;
  }
  state.loading = std::move(state.initrds.front());
  state.initrds.pop_front();
  const std::string initrd = state.loading;
  state_ = std::move(state);
  search_.look_for({initrd}, Fetch::Use::Image);
}

void PxelinuxMachine::go_on(LoadingProgram state, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  if (file == nullptr) {
    screen_ = "boot:";  // pxelinux says nothing here: the prompt comes back without a word
    trouble_ = search_.trouble();
    command_failed();
    return;
  }
  if (file->size > kLargestBootSector) {
    screen_ = "Too large for a boostrap (need LINUX instead of KERNEL?)";
    trouble_ = fmt::format("{} has {} octets, too many for a boot sector", file->path, file->size);
    command_failed();
    return;
  }
  if (state.command.image == PxelinuxImage::NetworkBootProgram &&
      is_pxelinux(file->name, file->content)) {
    notes_.push_back(fmt::format("{} is pxelinux and starts anew", file->path));
    leave_modules();
    begin_program(file->path);
    return;
  }
  if (state.command.image == PxelinuxImage::NetworkBootProgram) {
    ending_ = Chained{.image = file->path,
                      .server = search_.server_of(file->name),
                      .arguments = state.command.arguments};
    return;
  }
  ending_ = Started{.image = file->path, .command_line = state.command.arguments};
}

void PxelinuxMachine::chain(const std::string& arguments, const Found& program) {
  const ChainArguments chain = parse_chain_arguments(arguments);
  if (!is_pxelinux(program.name, program.content)) {
    ending_ = Chained{.image = program.path,
                      .server = search_.server_of(chain.program),
                      .boot_file = search_.directory().locate(chain.program).path,
                      .config_file = chain.config_file,
                      .path_prefix = chain.path_prefix};
    return;
  }
  notes_.push_back(fmt::format("{} is pxelinux and starts anew", program.path));
  const PxelinuxLocation location = search_.directory().locate(chain.program);
  program_.boot_file = location.path;
  program_.server = Ipv4Address::parse(location.server).value_or(program_.server);
  if (chain.config_file) program_.config_file = chain.config_file;
  if (chain.path_prefix) program_.path_prefix = chain.path_prefix;
  leave_modules();
  begin_program(program.path);
}

}  // namespace pxeproof::rom

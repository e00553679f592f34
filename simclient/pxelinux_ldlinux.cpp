#include <fmt/format.h>

#include <iterator>

#include "simclient/pxelinux_machine.h"
#include "simclient/pxelinux_names.h"

// The program, ldlinux.c32 and its configuration.
namespace pxeproof::rom {
namespace {

using Needs = PxelinuxConfigReader::Needs;

std::string in_directory(std::string_view directory, std::string_view name) {
  return fmt::format("{}{}{}", directory, directory.ends_with('/') ? "" : "/", name);
}

SysappendTexts sysappend_texts(const PxelinuxOptions& options, Ipv4Address server) {
  SysappendTexts texts;
  texts[0] = fmt::format("ip={}:{}:{}:{}", to_string(options.address), to_string(server),
                         to_string(options.gateway.value_or(Ipv4Address{})),
                         to_string(options.netmask.value_or(Ipv4Address{})));
  texts[1] = "BOOTIF=01";
  for (const std::uint8_t octet : options.mac.octets) texts[1] += fmt::format("-{:02x}", octet);
  if (options.guid && !options.guid->is_zero()) texts[2] = "SYSUUID=" + to_string(*options.guid);
  return texts;
}

}  // namespace

std::string PxelinuxMachine::Program::prefix() const {
  return path_prefix.value_or(pxelinux_prefix(boot_file));
}

void PxelinuxMachine::begin_program(const std::string& name) {
  const std::string place = fmt::format("program {} {}", name, program_.prefix());
  if (counts_as_loop(place, fmt::format("{} starts itself", name))) return;
  search_.begin_program(program_.prefix(), program_.server);
  sysappend_ = 0;
  config_name_.clear();
  next_directory_.clear();
  load_ldlinux({});
}

void PxelinuxMachine::load_ldlinux(LoadingLdlinux state) {
  using Step = LoadingLdlinux::Step;
  switch (state.step) {
    case Step::Probe:
      search_.look_for(search_.along_path(options_.core), Fetch::Use::Probe);
      break;
    case Step::Load:
    case Step::LoadFound:
      search_.look_for(search_.along_path(options_.core), Fetch::Use::Image);
      break;
    case Step::SearchDirectories: {
      std::vector<std::string> names;
      for (const std::string& directory : pxelinux_install_directories()) {
        names.push_back(in_directory(directory, options_.core));
      }
      search_.look_for(std::move(names), Fetch::Use::Probe);
      break;
    }
  }
  state_ = std::move(state);
}

void PxelinuxMachine::go_on(LoadingLdlinux state, const Result& result) {
  using Step = LoadingLdlinux::Step;
  const auto* file = std::get_if<Found>(&result);
  switch (state.step) {
    case Step::Probe:
      if (file == nullptr) {
        leave_modules();
        load_ldlinux({.step = Step::SearchDirectories});
        return;
      }
      leave_modules();
      load_ldlinux({.step = Step::Load, .config = std::move(state.config)});
      return;
    case Step::Load:
      if (file != nullptr) {
        begin_ldlinux(state.config);
      } else {
        load_ldlinux({.step = Step::SearchDirectories});
      }
      return;
    case Step::SearchDirectories:
      if (file == nullptr) break;
      // The directory found becomes the working directory and, as a whole name, part of PATH.
      for (const std::string& directory : pxelinux_install_directories()) {
        if (file->name != in_directory(directory, options_.core)) continue;
        search_.directory().change(directory);
        search_.add_path(search_.directory().text());
      }
      load_ldlinux({.step = Step::LoadFound});
      return;
    case Step::LoadFound:
      if (file == nullptr) break;
      begin_ldlinux(std::nullopt);
      return;
  }
  fail(FailureKind::Halted, fmt::format("Failed to load {}", options_.core),
       fmt::format("{} is neither under the prefix nor in the usual directories", options_.core));
}

void PxelinuxMachine::begin_ldlinux(const std::optional<std::string>& config) {
  config_ = PxelinuxConfig{};
  prompt_rounds_ = 0;
  if (!config) {
    search_.directory() = PxelinuxDirectory(program_.prefix());
    state_ = SearchingConfig{};
    search_.look_for(pxelinux_config_ladder({.mac = options_.mac,
                                             .address = options_.address,
                                             .guid = options_.guid,
                                             .config_file = program_.config_file}),
                     Fetch::Use::Text);
    return;
  }
  const std::string path = search_.directory().locate(*config).path;
  const std::string place = fmt::format("config {} {}", search_.directory().text(), *config);
  if (counts_as_loop(place, fmt::format("CONFIG reads {}", path))) return;
  read_on({.reader = make_reader(Dialect::Ldlinux), .files = {*config}});
}

PxelinuxConfigReader PxelinuxMachine::make_reader(Dialect dialect) const {
  return PxelinuxConfigReader({.dialect = dialect,
                               .sysappend_texts = sysappend_texts(options_, program_.server),
                               .sysappend = dialect == Dialect::Ldlinux ? sysappend_ : 0,
                               .nesting_limit = options_.nesting_limit});
}

void PxelinuxMachine::go_on(SearchingConfig, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  if (file == nullptr) {
    fail(FailureKind::Halted, "Unable to locate configuration file",
         fmt::format("no configuration file is on the server; the last one tried is {}",
                     search_.directory().locate("pxelinux.cfg/default").path));
    return;
  }
  const std::string place = fmt::format("config {} {}", search_.directory().text(), file->name);
  if (counts_as_loop(place, fmt::format("ldlinux.c32 reads {}", file->path))) return;
  config_name_ = file->name;
  notes_.push_back(fmt::format("configuration {}", file->path));
  ReadingConfig reading{.reader = make_reader(Dialect::Ldlinux)};
  if (open_config(reading, *file)) read_on(std::move(reading));
}

bool PxelinuxMachine::open_config(ReadingConfig& state, const Found& file) {
  state.octets += file.content.size();
  if (file.size > options_.config_size_limit) {
    fail(FailureKind::Limit, screen_,
         fmt::format("{} has {} octets; a configuration may have {}", file.path, file.size,
                     options_.config_size_limit));
    return false;
  }
  if (state.octets > options_.config_total_limit) {
    fail(FailureKind::Limit, screen_,
         fmt::format("with {} the configuration has more than {} octets", file.path,
                     options_.config_total_limit));
    return false;
  }
  state.reader.open(file.path, file.content);
  return true;
}

void PxelinuxMachine::read_on(ReadingConfig state) {
  if (!state.images.empty()) {
    std::string image = std::move(state.images.front());
    state.images.pop_front();
    look_for_needed(std::move(state), {.use = Needs::Use::Image, .name = std::move(image)});
    return;
  }
  const PxelinuxConfigReader::Step step = state.reader.read();
  if (state.dialect == Dialect::Ldlinux && state.reader.config().pxe_retry) {
    search_.set_retries(*state.reader.config().pxe_retry);
  }
  if (const auto* nested = std::get_if<PxelinuxConfigReader::NestedTooDeep>(&step)) {
    fail(FailureKind::Loops, screen_,
         fmt::format("{} files that INCLUDE one another are more than pxelinux can hold; the "
                     "last one is {}",
                     nested->files.size(), nested->files.back()));
    return;
  }
  if (const auto* needs = std::get_if<Needs>(&step)) {
    look_for_needed(std::move(state), *needs);
    return;
  }
  if (state.files.empty()) {
    finish_config(std::move(state));
    return;
  }
  std::string file = std::move(state.files.front());
  state.files.pop_front();
  look_for_needed(std::move(state), {.use = Needs::Use::Include, .name = std::move(file)});
  std::get<ReadingConfig>(state_).needs.reset();
}

void PxelinuxMachine::look_for_needed(ReadingConfig state, Needs needs) {
  const bool text = needs.use == Needs::Use::Include || needs.use == Needs::Use::Message;
  const bool whole = state.dialect == Dialect::MenuModule && needs.name == "~";
  std::string name = whole ? config_name_ : needs.name;
  state.needs = std::move(needs);
  state_ = std::move(state);
  search_.look_for({std::move(name)}, text ? Fetch::Use::Text : Fetch::Use::Image);
}

void PxelinuxMachine::go_on(ReadingConfig state, const Result& result) {
  const auto* file = std::get_if<Found>(&result);
  const bool main_file = !state.needs;
  if (main_file && state.dialect == Dialect::Ldlinux && file != nullptr) {
    config_name_ = file->name;
    notes_.push_back(fmt::format("configuration {}", file->path));
    if (!next_directory_.empty()) {
      search_.directory().change(std::exchange(next_directory_, std::string()));
    }
  }
  if (file == nullptr || !(main_file || state.needs->use == Needs::Use::Include)) {
    state.reader.pass_over();
  } else if (!open_config(state, *file)) {
    return;
  }
  if (file != nullptr && !main_file && state.needs->use == Needs::Use::Message) {
    std::vector<std::string> images = pxelinux_message_images(file->content);
    state.images.assign(std::make_move_iterator(images.begin()),
                        std::make_move_iterator(images.end()));
  }
  read_on(std::move(state));
}

void PxelinuxMachine::finish_config(ReadingConfig state) {
  if (state.dialect == Dialect::MenuModule) {
    menu_.emplace(state.reader.finish());
    menu_rounds_ = 0;
    show_menu();
    return;
  }
  config_ = state.reader.finish();
  for (const std::string& directory : config_.path) search_.add_path(directory);
  sysappend_ = config_.sysappend.value_or(sysappend_);
  const bool ui = config_.default_level == PxelinuxConfig::DefaultLevel::Ui;
  autoboots_left_ = (config_.prompt ? 0U : 1U) + (ui ? 1U : 0U);
  next_autoboot();
}

}  // namespace pxeproof::rom

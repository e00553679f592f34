#include "simclient/pxelinux_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "simclient/pxelinux_text.h"

namespace pxeproof::rom {
namespace {

using Action = PxelinuxConfig::Action;
using Needs = PxelinuxConfigReader::Needs;

// pxelinux reads lines into 4096 octets; what is longer goes on as if a new line began.
constexpr std::size_t kLongestLine = 4095;

// TIMEOUT and its like count tenths of a second; the clock of pxelinux counts milliseconds.
Duration tenths(std::string_view text) {
  const std::int64_t milliseconds = (decimal_prefix(text) * 1000 + 9) / 10;
  return std::chrono::milliseconds(static_cast<std::uint32_t>(milliseconds));
}

bool is_set(std::string_view text) { return decimal_prefix(skip_space(text)) != 0; }

// A label at the start of a command line gives way to what it stands for.
void unlabel(const PxelinuxConfig& config, std::optional<std::string>& command) {
  if (!command) return;
  const PxelinuxConfig::Entry* entry = config.find_label(*command);
  if (entry == nullptr) return;
  command = entry->command + command->substr(first_word(*command).size());
}

}  // namespace

const PxelinuxConfig::Entry* PxelinuxConfig::find_label(std::string_view command_line) const {
  const std::string_view word = first_word(command_line);
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.label == word; });
  return found == entries.end() ? nullptr : &*found;
}

PxelinuxConfigReader::PxelinuxConfigReader(Options options)
    : options_(std::move(options)), sysappend_(options_.sysappend) {
  config_.menus.resize(2);
  config_.menus[PxelinuxConfig::kHiddenMenu].label = ".hidden";
  config_.menus[PxelinuxConfig::kRootMenu].label = ".top";
}

void PxelinuxConfigReader::open(std::string name, std::string text) {
  File file{.name = std::move(name), .text = std::move(text)};
  if (pending_tag_) {
    record(files_.empty() ? current_menu_ : files_.back().menu);
    begin_submenu(*std::exchange(pending_tag_, std::nullopt));
    file.submenu = current_menu_;
  }
  file.menu = current_menu_;
  files_.push_back(std::move(file));
}

void PxelinuxConfigReader::pass_over() {
  if (!pending_tag_) return;
  // ldlinux.c32 opens the submenu only for a file that is there; the menu modules open it first.
  if (options_.dialect == Dialect::MenuModule) {
    open({}, {});
    close_file();
  }
  pending_tag_.reset();
}

PxelinuxConfigReader::Step PxelinuxConfigReader::read() {
  while (!files_.empty()) {
    const std::optional<std::string> line = next_line(files_.back());
    if (!line) {
      close_file();
      continue;
    }
    const std::optional<Needs> needs = read_line(skip_space(*line));
    if (!needs) continue;
    if (needs->use == Needs::Use::Include && files_.size() >= options_.nesting_limit) {
      NestedTooDeep nested;
      for (const File& file : files_) nested.files.push_back(file.name);
      nested.files.push_back(needs->name);
      return nested;
    }
    return *needs;
  }
  return Finished{};
}

std::optional<std::string> PxelinuxConfigReader::next_line(File& file) {
  if (file.offset >= file.text.size()) return std::nullopt;
  const std::size_t newline = file.text.find('\n', file.offset);
  const std::size_t end = std::min({newline == std::string::npos ? file.text.size() : newline + 1,
                                    file.offset + kLongestLine, file.text.size()});
  std::string line = file.text.substr(file.offset, end - file.offset);
  file.offset = end;
  // A carriage return or a NUL ends the line for good.
  if (const std::size_t cut = line.find_first_of(std::string_view("\r\n\0", 3));
      cut != std::string::npos) {
    line.resize(cut);
  }
  return line;
}

void PxelinuxConfigReader::close_file() {
  const File file = std::move(files_.back());
  files_.pop_back();
  if (!file.submenu) return;
  record(*file.submenu);
  current_menu_ = parent_of(current_menu_);
  if (options_.dialect == Dialect::MenuModule && !files_.empty()) {
    files_.back().menu = current_menu_;
  }
}

std::optional<Needs> PxelinuxConfigReader::read_line(std::string_view line) {
  File& file = files_.back();
  if (file.in_text) {
    file.in_text = !looking_at(line, "endtext");
    return std::nullopt;
  }
  if (const auto rest = looking_at(line, "menu")) return read_menu_line(skip_space(*rest));
  if (looking_at(line, "text")) {
    file.in_text = true;
    return std::nullopt;
  }
  if (const auto rest = looking_at(line, "include")) return include(*rest);
  return read_label_line(line);
}

std::optional<Needs> PxelinuxConfigReader::read_menu_line(std::string_view line) {
  const bool menu_module = options_.dialect == Dialect::MenuModule;
  if (looking_at(line, "default")) {
    if (label_) {
      label_->menu_default = true;
    } else if (const auto entry = menu().entry_in_parent) {
      config_.menus[parent_of(files_.back().menu)].default_entry = *entry;
    }
  } else if (looking_at(line, "hide")) {
    if (label_) label_->menu_hide = true;
  } else if (looking_at(line, "shiftkey")) {
    config_.menu_shift_key = true;
  } else if (const auto error = looking_at(line, "onerror")) {
    menu().on_error = skip_space(*error);
    if (!menu_module) config_.on_error = menu().on_error;
  } else if (const auto rest = looking_at(line, "include")) {
    pending_tag_.reset();
    if (const auto tag = after_first_word(skip_space(*rest)); !tag.empty()) pending_tag_ = tag;
    return Needs{.use = Needs::Use::Include, .name = std::string(first_word(skip_space(*rest)))};
  } else if (const auto background = looking_at(line, "background")) {
    menu().background = first_word(skip_space(*background));
  } else if (looking_at(line, "hidden")) {
    config_.menu_hidden = true;
  } else if (looking_at(line, "separator")) {
    record(files_.back().menu);
    label_ = OpenLabel{.menu_separator = true};
    record(files_.back().menu);
  } else if (looking_at(line, "disable") || looking_at(line, "disabled")) {
    if (label_) label_->menu_disabled = true;
  } else if (const auto tag = looking_at(line, "begin")) {
    record(files_.back().menu);
    begin_submenu(skip_space(*tag));
    files_.back().menu = current_menu_;
  } else if (looking_at(line, "end")) {
    record(files_.back().menu);
    current_menu_ = parent_of(current_menu_);
    files_.back().menu = current_menu_;
  } else if (looking_at(line, "quit")) {
    if (label_) label_->action = Action::Quit;
  } else if (const auto target = looking_at(line, "goto")) {
    if (label_) {
      label_->action = Action::Goto;
      label_->goto_menu = skip_space(*target);
    }
  } else if (const auto outer = looking_at(line, "exit")) {
    if (label_ && menu().parent) {
      label_->action = Action::Exit;
      label_->goto_menu.reset();
      if (const auto name = skip_space(*outer); !name.empty()) label_->goto_menu = name;
    }
  } else if (looking_at(line, "start")) {
    config_.start_menu = files_.back().menu;
  } else if (looking_at(line, "help") && menu_module) {
    if (label_) label_->action = Action::Help;
  }
  return std::nullopt;
}

std::optional<Needs> PxelinuxConfigReader::read_label_line(std::string_view line) {
  if (const auto rest = looking_at(line, "append")) {
    (label_ ? label_->append : append_) = skip_space(*rest);
    return std::nullopt;
  }
  if (const auto rest = looking_at(line, "initrd")) {
    if (label_) label_->initrd = skip_space(*rest);
    return std::nullopt;
  }
  if (const auto rest = looking_at(line, "label")) {
    record(files_.back().menu);
    std::string_view name = skip_space(*rest);
    if (options_.dialect == Dialect::Ldlinux) name = first_word(name);
    label_ =
        OpenLabel{.label = std::string(name), .kernel = std::string(name), .sysappend = sysappend_};
    return std::nullopt;
  }
  for (std::size_t keyword = 0; keyword < kKeywords.size(); ++keyword) {
    const auto rest = looking_at(line, kKeywords[keyword]);
    if (!rest) continue;
    if (label_) {
      label_->kernel = skip_space(*rest);
      label_->keyword = static_cast<Keyword>(keyword);
    }
    return std::nullopt;
  }
  if (options_.dialect == Dialect::Ldlinux) {
    if (auto shown = read_shown_file(line)) return shown;
  }
  read_setting(line);
  return std::nullopt;
}

void PxelinuxConfigReader::read_setting(std::string_view line) {
  const bool menu_module = options_.dialect == Dialect::MenuModule;
  if (const auto timeout = looking_at(line, "timeout")) {
    (menu_module ? menu().timeout : config_.timeout) = tenths(skip_space(*timeout));
  } else if (const auto total = looking_at(line, "totaltimeout")) {
    config_.total_timeout = tenths(skip_space(*total));
  } else if (const auto command = looking_at(line, "ontimeout")) {
    (menu_module ? menu().on_timeout : config_.on_timeout) = skip_space(*command);
  } else if (const auto allowed = looking_at(line, "allowoptions")) {
    config_.allow_options = is_set(*allowed);
  } else if (const auto bits = looking_at(line, "ipappend");
             bits || looking_at(line, "sysappend")) {
    const std::uint32_t value = number_prefix(after_first_word(line));
    (label_ ? label_->sysappend : sysappend_) = value;
    if (!label_) config_.sysappend = value;
  } else if (const auto word = looking_at(line, "default")) {
    config_.global_default = skip_space(*word);
    if (config_.default_level != PxelinuxConfig::DefaultLevel::Ui) {
      config_.default_level = PxelinuxConfig::DefaultLevel::Default;
      config_.default_command = *config_.global_default;
    }
  } else if (const auto module = looking_at(line, "ui")) {
    config_.ui_seen = true;
    config_.default_level = PxelinuxConfig::DefaultLevel::Ui;
    config_.default_command = skip_space(*module);
  } else if (menu_module) {
    return;
  } else if (const auto implicit = looking_at(line, "implicit")) {
    config_.implicit = is_set(*implicit);
  } else if (const auto prompt = looking_at(line, "prompt")) {
    config_.prompt = is_set(*prompt);
  } else if (const auto locked = looking_at(line, "noescape")) {
    config_.no_escape = is_set(*locked);
  } else if (const auto error = looking_at(line, "onerror")) {
    config_.on_error = skip_space(*error);
  } else if (const auto retries = looking_at(line, "pxeretry")) {
    config_.pxe_retry = static_cast<std::uint16_t>(decimal_prefix(skip_space(*retries)));
  } else if (const auto directories = looking_at(line, "path")) {
    std::string_view left = skip_space(*directories);
    while (!left.empty() && left.front() != ':') {
      const std::size_t colon = left.find(':');
      config_.path.emplace_back(left.substr(0, colon));
      left = colon == std::string_view::npos ? std::string_view{} : left.substr(colon + 1);
    }
  }
}

std::optional<Needs> PxelinuxConfigReader::read_shown_file(std::string_view line) {
  if (const auto name = looking_at(line, "display")) {
    return Needs{.use = Needs::Use::Message, .name = std::string(first_word(skip_space(*name)))};
  }
  if (const auto name = looking_at(line, "font")) {
    return Needs{.use = Needs::Use::Font, .name = std::string(first_word(skip_space(*name)))};
  }
  if (const auto name = looking_at(line, "kbdmap")) {
    return Needs{.use = Needs::Use::Keymap, .name = std::string(first_word(skip_space(*name)))};
  }
  return std::nullopt;
}

std::optional<Needs> PxelinuxConfigReader::include(std::string_view rest) {
  const std::string_view name = skip_space(rest);
  pending_tag_.reset();
  // Only the menu modules read a tag here; ldlinux.c32 reads one behind MENU INCLUDE alone.
  if (options_.dialect == Dialect::MenuModule) {
    if (const auto tag = after_first_word(name); !tag.empty()) pending_tag_ = tag;
  }
  return Needs{.use = Needs::Use::Include, .name = std::string(first_word(name))};
}

std::string PxelinuxConfigReader::command_of(const OpenLabel& label) const {
  std::string command;
  if (label.keyword != Keyword::Kernel) {
    command = fmt::format(".{} ", kKeywords[static_cast<std::size_t>(label.keyword)]);
  }
  command += label.kernel;
  const std::optional<std::string>& append = label.append ? label.append : append_;
  if (append && !append->empty() && *append != "-") command += " " + *append;
  if (label.initrd) command += " initrd=" + *label.initrd;
  for (std::size_t bit = 0; bit < options_.sysappend_texts.size(); ++bit) {
    if ((label.sysappend >> bit & 1U) == 0 || options_.sysappend_texts[bit].empty()) continue;
    command += " " + options_.sysappend_texts[bit];
  }
  return command;
}

void PxelinuxConfigReader::record(std::size_t menu_index) {
  if (!label_) return;
  const OpenLabel label = *std::exchange(label_, std::nullopt);
  if (label.menu_hide) menu_index = PxelinuxConfig::kHiddenMenu;

  PxelinuxConfig::Entry entry{.label = label.label, .action = label.action};
  if (label.menu_separator || label.menu_disabled) {
    entry.label.reset();
    entry.action = Action::Disabled;
  }
  if (entry.action == Action::Command) entry.command = command_of(label);
  const bool goes_on = entry.action == Action::Goto || entry.action == Action::Exit;
  if (goes_on && label.goto_menu) {
    gotos_.push_back({.entry = config_.entries.size(), .menu = *label.goto_menu});
  }
  PxelinuxConfig::Menu& menu = config_.menus[menu_index];
  const bool may_be_default =
      entry.action == Action::Command ||
      (entry.action == Action::Goto && options_.dialect == Dialect::MenuModule);
  if (label.menu_default && may_be_default) menu.default_entry = menu.entries.size();
  menu.entries.push_back(config_.entries.size());
  config_.entries.push_back(std::move(entry));
}

void PxelinuxConfigReader::begin_submenu(std::string_view tag) {
  PxelinuxConfig::Menu submenu = config_.menus[current_menu_];  // inherits its settings
  submenu.label = tag;
  submenu.parent = current_menu_;
  submenu.entry_in_parent = submenu.entries.size();
  submenu.entries.clear();
  submenu.default_entry = 0;
  config_.menus[current_menu_].entries.push_back(config_.entries.size());
  config_.entries.push_back({.action = Action::Submenu});
  current_menu_ = config_.menus.size();
  config_.menus.push_back(std::move(submenu));
}

std::size_t PxelinuxConfigReader::parent_of(std::size_t menu_index) const {
  return config_.menus[menu_index].parent.value_or(menu_index);
}

PxelinuxConfig PxelinuxConfigReader::finish() {
  record(current_menu_);
  for (const Goto& jump : gotos_) {
    const bool known = std::any_of(
        config_.menus.begin(), config_.menus.end(),
        [&](const PxelinuxConfig::Menu& candidate) { return candidate.label == jump.menu; });
    if (!known) config_.entries[jump.entry].action = Action::Disabled;
  }

  // The menu modules take the last DEFAULT for a label only when there is a UI line.
  const bool default_names_label =
      config_.global_default && (options_.dialect == Dialect::Ldlinux || config_.ui_seen);
  if (default_names_label) {
    const auto* found = config_.find_label(*config_.global_default);
    for (std::size_t index = PxelinuxConfig::kRootMenu; index < config_.menus.size(); ++index) {
      PxelinuxConfig::Menu& menu = config_.menus[index];
      for (std::size_t at = 0; at < menu.entries.size(); ++at) {
        if (found != &config_.entries[menu.entries[at]]) continue;
        menu.default_entry = at;
        config_.start_menu = index;
      }
    }
  }
  for (PxelinuxConfig::Menu& menu : config_.menus) {
    unlabel(config_, menu.on_timeout);
    unlabel(config_, menu.on_error);
  }
  return config_;
}

std::vector<std::string> pxelinux_message_images(std::string_view message) {
  constexpr char kEndOfText = 0x1a;
  constexpr char kImage = 0x18;
  std::vector<std::string> images;
  std::optional<std::string> name;
  for (const char c : message) {
    if (c == kEndOfText) break;
    if (!name) {
      if (c == kImage) name.emplace();
      continue;
    }
    if (c == '\n') {
      images.push_back(*std::exchange(name, std::nullopt));
    } else if (!is_pxelinux_space(c) && name->empty()) {
      // pxelinux 6 stores the name in units of two octets, so it ends after the first character.
      name->push_back(c);
    }
  }
  return images;
}

}  // namespace pxeproof::rom

#include "simclient/grub_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "firmware/elf_sections.h"
#include "simclient/grub_machine.h"

namespace pxeproof::rom {
namespace {

// normal/main.c, read_lists: in this order.
constexpr std::string_view kLists[] = {"command.lst", "fs.lst", "crypto.lst", "terminal.lst"};

std::string directory_of(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return std::string(name.substr(0, slash == std::string_view::npos ? 0 : slash));
}

// The names in a module's .moddeps section: each ends with a zero.
std::vector<std::string> needed_modules(std::string_view module) {
  std::vector<std::string> names;
  const auto section = firmware::elf_section(as_bytes(module), ".moddeps");
  if (!section) return names;
  const std::string text = as_text(*section);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    if (end > at) names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace

std::unique_ptr<BootStage> make_grub_stage(GrubOptions options) {
  return std::make_unique<GrubMachine>(std::move(options));
}

GrubMachine::GrubMachine(GrubOptions options)
    : options_(std::move(options)),
      contexts_(1),
      modules_(options_.image.modules.begin(), options_.image.modules.end()) {}

// kern/main.c, grub_set_prefix_and_root: what the image lacks comes from the boot file's name.
void GrubMachine::start(Instant now) {
  now_ = now;
  const bool bios = options_.image.platform == "i386-pc";
  const std::string device = fmt::format("tftp,{}", to_string(options_.server));
  const std::string boot_directory = directory_of(options_.boot_file);
  std::string prefix_device = device;
  std::string path = options_.image.prefix;
  if (path.starts_with('(') && path.find(')') != std::string::npos) {
    const std::size_t end = path.find(')');
    const std::string named = path.substr(1, end - 1);
    if (!named.empty() && !named.starts_with(',')) prefix_device = named;
    path = path.substr(end + 1);
  }
  if (path.empty()) {
    path = boot_directory;
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    if (path.ends_with(options_.image.platform)) {
      path.resize(path.size() - options_.image.platform.size());
    }
  }
  const auto define = [&](const std::string& name, const std::string& value) {
    context().variables[name] = {value, true};
  };
  define("root", prefix_device);
  define("prefix", fmt::format("({}){}", prefix_device, path));
  define("cmdpath", fmt::format("({}){}", device, boot_directory));
  const std::size_t dash = options_.image.platform.find('-');
  define("grub_cpu", options_.image.platform.substr(0, dash));
  define("grub_platform", options_.image.platform.substr(dash + 1));
  const std::string card = bios ? "pxe" : "efinet0";
  std::string mac;
  for (const std::uint8_t octet : options_.mac.octets) mac += fmt::format(":{:02x}", octet);
  std::map<std::string, std::string> properties = options_.properties;
  properties["ip"] = to_string(options_.address);
  properties["mac"] = mac.substr(1);
  properties["next_server"] = to_string(options_.server);
  properties["boot_file"] = options_.boot_file;
  for (const auto& [name, value] : properties) {
    define(fmt::format("net_{}_{}", card, name), value);
    if (name == "ip" || name == "mac") define("net_default_" + name, value);
  }
  define("net_default_server", to_string(options_.server));
  define("net_default_interface", card);
  define("pxe_default_server", to_string(options_.server));
  for (const std::string_view feature :
       {"feature_chainloader_bpb", "feature_ntldr", "feature_platform_search_hint",
        "feature_default_font_path", "feature_all_video_module", "feature_menuentry_id",
        "feature_menuentry_options", "feature_200_final", "feature_nativedisk_cmd",
        "feature_timeout_style"}) {
    define(std::string(feature), "y");
  }
  if (options_.server.is_unspecified()) {
    fail(Failed::Kind::WaitsForever,
         "the DHCP acknowledgement names no server (siaddr), and GRUB has none to ask: its rescue "
         "prompt waits for ever");
    return;
  }
  push(Normal{});
  if (options_.image.config) {
    push(Script{
        .code = parse_grub_script(*options_.image.config, {.nesting = options_.nesting_limit})});
  }
  run();
}

void GrubMachine::push(Task task) {
  if (tasks_.size() >= options_.nesting_limit) {
    fail(Failed::Kind::Loops,
         fmt::format("{} scripts and menus lie inside one another; the real one runs out of memory",
                     options_.nesting_limit));
    return;
  }
  tasks_.push_back(std::move(task));
}

// Goes from task to task until a file, a wait or the end is reached.
void GrubMachine::run() {
  while (!ending_ && !fetching_ && !wait_) {
    if (tasks_.empty()) {
      fail(Failed::Kind::WaitsForever,
           fmt::format("{}; the grub> prompt waits for ever, as the real one does",
                       screen_.empty() ? "nothing is left to do" : screen_));
      return;
    }
    Task task = std::move(tasks_.back());
    tasks_.pop_back();
    std::visit([&](auto& current) { step(std::move(current)); }, task);
  }
}

void GrubMachine::on_fetched(Instant now, const Fetched& fetched) {
  now_ = now;
  if (!fetching_ || ending_) return;
  fetching_ = false;
  Received received = std::move(under_way_);
  received.found = fetched.outcome == Fetched::Outcome::Complete;
  received.size = fetched.size;
  if (received.found) received.content = as_text(fetched.content);
  if (use_ == Fetch::Use::Text && fetched.size > options_.text_limit) {
    fail(Failed::Kind::Limit, fmt::format("{} has {} octets; a configuration may have {}",
                                          received.path, fetched.size, options_.text_limit));
    return;
  }
  switch (fetched.outcome) {
    case Fetched::Outcome::Complete:
      break;
    case Fetched::Outcome::NotFound:
      screen_ = "error: File not found.";
      break;
    case Fetched::Outcome::Refused:
      screen_ = fmt::format("error: {}.", fetched.error_text);
      break;
    case Fetched::Outcome::TimedOut:
      if (fetched.size > 0) {  // it never asks for lost DATA again (net/tftp.c)
        screen_ = fmt::format("error: timeout reading `{}'.", received.path);
      } else {
        screen_ = fmt::format("error: time out opening `{}'.", received.path);
      }
      break;
  }
  received_ = std::move(received);
  run();
}

void GrubMachine::on_timeout(Instant now) {
  now_ = now;
  if (ending_ || !wait_ || now < *wait_) return;
  wait_.reset();
  run();
}

std::optional<Fetch> GrubMachine::poll_fetch() {
  return ending_ ? std::nullopt : std::exchange(next_fetch_, std::nullopt);
}

std::optional<std::string> GrubMachine::poll_note() {
  if (notes_.empty()) return std::nullopt;
  std::string note = std::move(notes_.front());
  notes_.pop_front();
  return note;
}

// Begins to fetch a file; its outcome is received_ when the task on top runs next. False when
// there is nothing to ask for, and received_ says so at once.
bool GrubMachine::look_for(const File& file) {
  const GrubLocation location = locate_grub_file(file.name, variable("root"), options_.server);
  using Device = GrubLocation::Device;
  switch (location.device) {
    case Device::Tftp:
      break;
    case Device::Memdisk:
      received_ = Received{.found = location.path == "/grub.cfg" && options_.image.memdisk_config,
                           .content = options_.image.memdisk_config.value_or("")};
      if (!received_->found) screen_ = fmt::format("error: file `{}' not found.", location.path);
      return false;
    case Device::Foreign:
      fail(Failed::Kind::Halted,
           fmt::format("GRUB asks for {}, and only TFTP is simulated", printable(file.name)));
      return false;
    case Device::Unknown:
      received_ = Received{};
      screen_ = fmt::format("error: disk `{}' not found.", printable(location.device_name));
      return false;
  }
  if (++fetches_ > options_.fetch_limit) {
    fail(Failed::Kind::Limit, fmt::format("{} files asked for, which is the limit; the last one "
                                          "was {}",
                                          options_.fetch_limit, printable(location.path)));
    return false;
  }
  use_ = file.use;
  under_way_ = Received{.path = location.path, .server = location.server};
  next_fetch_ = Fetch{.name = location.path,
                      .server = location.server,
                      .use = file.use,
                      .ports = fetches_ == 1 ? Fetch::Ports::First : Fetch::Ports::Next};
  fetching_ = true;
  return true;
}

void GrubMachine::step(Modules task) {
  if (received_) {
    const Received file = *std::exchange(received_, std::nullopt);
    const std::string name = task.waiting.front();
    task.waiting.pop_front();
    if (!file.found) {
      if (task.optional) {
        if (!task.waiting.empty()) push(std::move(task));
        return;
      }
      error(screen_);
      command_ended(Status::Error);
      return;
    }
    modules_.insert(name);
    const std::vector<std::string> needed = needed_modules(file.content);
    task.waiting.insert(task.waiting.begin(), needed.begin(), needed.end());
  }
  while (!task.waiting.empty() && modules_.count(task.waiting.front()) != 0) {
    task.waiting.pop_front();
  }
  if (task.waiting.empty()) {
    status_ = Status::True;
    return;
  }
  const std::string& name = task.waiting.front();
  const bool is_path = name.starts_with('(') || name.starts_with('/');
  const std::string file = is_path ? name : fmt::format("{}/{}.mod", module_directory(), name);
  push(std::move(task));
  look_for({file, Fetch::Use::Library});
}

void GrubMachine::step(Ladder task) {
  if (received_) {
    const bool found = std::exchange(received_, std::nullopt)->found;
    if (found) {
      for (auto below = tasks_.rbegin(); below != tasks_.rend(); ++below) {
        if (auto* const normal = std::get_if<Normal>(&*below)) normal->config = task.names.front();
      }
      return;
    }
    task.names.pop_front();
  }
  if (task.names.empty()) return;
  const std::string name = task.names.front();
  push(std::move(task));
  look_for({name, Fetch::Use::Probe});
}

void GrubMachine::step(Lists task) {
  if (received_) {
    const Received file = *std::exchange(received_, std::nullopt);
    const std::string_view name = task.names.front();
    task.names.pop_front();
    for (auto& [command, module] : parse_grub_list(file.content)) {
      // terminal.lst marks what is for input and what for output.
      if (name == "terminal.lst") {
        if (command.size() > 1) terminals_.emplace(command.substr(1), module);
      } else if (name == "command.lst") {
        commands_.emplace(command, module);
      }
    }
  }
  if (task.names.empty()) return;
  const std::string name = fmt::format("{}/{}", module_directory(), task.names.front());
  push(std::move(task));
  look_for({name, Fetch::Use::Text});
}

void GrubMachine::step(Config task) {
  using Step = Config::Step;
  using Kind = Config::Kind;
  switch (task.step) {
    case Step::Open: {
      if (!received_) {
        push(task);
        if (counts_as_loop("file " + task.name)) return;
        look_for({task.name, Fetch::Use::Text});
        return;
      }
      const Received file = *std::exchange(received_, std::nullopt);
      task.step = Step::Ran;
      if (!file.found) {  // passed over without a word
        task.step = Step::Over;
        push(std::move(task));
        return;
      }
      if (!file.path.empty()) notes_.push_back(fmt::format("configuration {}", file.path));
      const std::string whole = task.name.starts_with('(')
                                    ? task.name
                                    : fmt::format("({}){}", variable("root"), task.name);
      task.file_before = find_variable("config_file");
      task.directory_before = find_variable("config_directory");
      context().variables["config_file"] = {whole, true};
      context().variables["config_directory"] = {directory_of(whole), true};
      auto code = parse_grub_script(file.content, {.nesting = options_.nesting_limit});
      push(std::move(task));
      push(Script{.code = std::move(code)});
      return;
    }
    case Step::Ran:
      restore("config_file", task.file_before);
      restore("config_directory", task.directory_before);
      task.step = Step::Over;
      if (task.kind != Kind::Source && !context().menu.empty()) {
        const bool nested = task.kind == Kind::Nested;
        push(std::move(task));
        push(Menu{.nested = nested});
        return;
      }
      push(std::move(task));
      return;
    case Step::Over:
      if (task.kind == Kind::Nested) contexts_.pop_back();
      status_ = Status::True;
      return;
  }
}

void GrubMachine::step(Files task) {
  if (received_) {
    const Received file = *std::exchange(received_, std::nullopt);
    const std::string name = task.waiting.front().name;
    task.waiting.pop_front();
    if (task.first_path.empty()) {
      task.first_path = file.path;
      task.server = file.server;
    }
    switch (task.then) {
      case Files::Then::Sizes:
        if (file.found) sizes_[name] = file.size;
        break;
      case Files::Then::Locale:  // the first one that is there
        if (file.found) task.waiting.clear();
        break;
      case Files::Then::Theme:
        break;
      default:
        if (file.found) break;
        error(screen_);
        command_ended(Status::Error);
        return;
    }
  }
  if (task.waiting.empty()) return finish_files(std::move(task));
  const File file = task.waiting.front();
  push(std::move(task));
  look_for(file);
}

void GrubMachine::finish_files(Files task) {
  using Then = Files::Then;
  switch (task.then) {
    case Then::Kernel:
      loaded_ = Loaded{.kind = Loaded::Kind::Kernel,
                       .command = task.command,
                       .path = task.first_path,
                       .command_line = task.arguments,
                       .server = task.server};
      break;
    case Then::Program:
      loaded_ = Loaded{.kind = Loaded::Kind::Program,
                       .command = task.command,
                       .path = task.first_path,
                       .command_line = task.arguments,
                       .server = task.server};
      break;
    case Then::Sizes:  // the command runs now that it knows them
      return;
    case Then::Nothing:
    case Then::Initrd:
    case Then::Font:
    case Then::Locale:
    case Then::Theme:
      break;
  }
  command_ended(Status::True);
}

void GrubMachine::step(Normal task) {
  using Step = Normal::Step;
  switch (task.step) {
    case Step::Load:
      task.step = Step::Config;
      push(std::move(task));
      push(Modules{.waiting = {"gzio"}, .optional = true});  // normal/main.c, GRUB_MOD_INIT
      push(Modules{.waiting = {"normal"}});
      return;
    case Step::Config:
      if (modules_.count("normal") == 0) {
        fail(Failed::Kind::WaitsForever,
             fmt::format("{} normal.mod is not under {}; the grub rescue> prompt waits for ever",
                         screen_, module_directory()));
        return;
      }
      if (!task.config) {
        task.config = variable("prefix") + "/grub.cfg";
        const std::string prefix = variable("prefix");
        const bool searches =
            prefix.starts_with("(tftp") && variable("feature_net_search_cfg") != "n";
        push(task);
        if (searches) {
          const auto names =
              grub_config_ladder(prefix, options_.mac, options_.address, options_.client_uuid);
          push(Ladder{{names.begin(), names.end()}});
        }
        return;
      }
      task.step = Step::Shell;
      push(task);
      push(Config{.name = *task.config, .kind = Config::Kind::Normal});
      push(Lists{{std::begin(kLists), std::end(kLists)}});
      return;
    case Step::Shell:
      fail(Failed::Kind::WaitsForever,
           fmt::format("{}: the grub> prompt waits for ever, as the real one does",
                       screen_.empty() ? fmt::format("{} brings no menu and starts nothing, or is "
                                                     "not there",
                                                     *task.config)
                                       : screen_));
      return;
  }
}

void GrubMachine::wait(Duration duration, std::string_view what) {
  const bool skip = options_.waits == GrubOptions::Waits::SkipIdle;
  notes_.push_back(
      fmt::format("{} {:g} s {}", skip ? "skips" : "waits", to_seconds(duration), what));
  if (!skip) wait_ = now_ + duration;
}

void GrubMachine::fail(Failed::Kind kind, std::string reason) {
  if (ending_) return;
  ending_ = Failed{.firmware_words = screen_, .reason = std::move(reason), .kind = kind};
}

void GrubMachine::error(std::string words) {
  ++errors_;
  screen_ = std::move(words);
}

// A file that is read again and again in the same way will be read for ever.
bool GrubMachine::counts_as_loop(const std::string& place) {
  if (++visits_[place] <= options_.loop_rounds) return false;
  fail(Failed::Kind::Loops,
       fmt::format("GRUB reads the same {} again and again, for ever, as the real one does",
                   printable(place)));
  return true;
}

}  // namespace pxeproof::rom

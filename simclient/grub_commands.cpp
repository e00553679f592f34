#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <utility>

#include "simclient/grub_machine.h"
#include "simclient/grub_test.h"

// What each command does, as far as it decides what is fetched.
namespace pxeproof::rom {
namespace {

using Strings = std::vector<std::string>;

std::string join(const Strings& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// The arguments that are no options.
Strings operands(const Strings& arguments) {
  Strings result;
  std::copy_if(arguments.begin(), arguments.end(), std::back_inserter(result),
               [](const std::string& word) { return !is_option(word); });
  return result;
}

// The value of "--name=value" or "--name value".
std::optional<std::string> option_value(const Strings& arguments, std::string_view name) {
  for (std::size_t at = 0; at < arguments.size(); ++at) {
    const std::string_view word = arguments[at];
    if (!word.starts_with(name)) continue;
    if (word.size() > name.size() && word[name.size()] == '=') {
      return std::string(word.substr(name.size() + 1));
    }
    if (word.size() == name.size() && at + 1 < arguments.size()) return arguments[at + 1];
  }
  return std::nullopt;
}

}  // namespace

GrubMachine::Handler GrubMachine::handler_of(std::string_view command) {
  struct Row {
    std::string_view command;
    Handler handler;
  };
  constexpr Row kRows[] = {
      {"set", &GrubMachine::call_set},
      {"unset", &GrubMachine::call_unset},
      {"export", &GrubMachine::call_export},
      {"insmod", &GrubMachine::call_insmod},
      {"test", &GrubMachine::call_test},
      {"[", &GrubMachine::call_test},
      {"false", &GrubMachine::call_false},
      {"break", &GrubMachine::call_break},
      {"continue", &GrubMachine::call_break},
      {"return", &GrubMachine::call_return},
      {"shift", &GrubMachine::call_shift},
      {"setparams", &GrubMachine::call_setparams},
      {"menuentry", &GrubMachine::call_entry},
      {"submenu", &GrubMachine::call_entry},
      {"configfile", &GrubMachine::call_config},
      {"source", &GrubMachine::call_config},
      {".", &GrubMachine::call_config},
      {"extract_entries_configfile", &GrubMachine::call_config},
      {"extract_entries_source", &GrubMachine::call_config},
      {"normal", &GrubMachine::call_normal},
      {"eval", &GrubMachine::call_eval},
      {"regexp", &GrubMachine::call_regexp},
      {"search", &GrubMachine::call_search},
      {"search.file", &GrubMachine::call_search},
      {"search.fs_uuid", &GrubMachine::call_search},
      {"search.fs_label", &GrubMachine::call_search},
      {"linux", &GrubMachine::call_kernel},
      {"linux16", &GrubMachine::call_kernel},
      {"linuxefi", &GrubMachine::call_kernel},
      {"multiboot", &GrubMachine::call_kernel},
      {"multiboot2", &GrubMachine::call_kernel},
      {"initrd", &GrubMachine::call_initrd},
      {"initrd16", &GrubMachine::call_initrd},
      {"initrdefi", &GrubMachine::call_initrd},
      {"module", &GrubMachine::call_initrd},
      {"module2", &GrubMachine::call_initrd},
      {"chainloader", &GrubMachine::call_program},
      {"pxechainloader", &GrubMachine::call_program},
      {"devicetree", &GrubMachine::call_one_file},
      {"cat", &GrubMachine::call_one_file},
      {"play", &GrubMachine::call_one_file},
      {"hashsum", &GrubMachine::call_every_file},
      {"md5sum", &GrubMachine::call_every_file},
      {"sha1sum", &GrubMachine::call_every_file},
      {"sha256sum", &GrubMachine::call_every_file},
      {"sha512sum", &GrubMachine::call_every_file},
      {"cmp", &GrubMachine::call_every_file},
      {"acpi", &GrubMachine::call_every_file},
      {"loadfont", &GrubMachine::call_font},
      {"background_image", &GrubMachine::call_background},
      {"terminal_output", &GrubMachine::call_terminal},
      {"boot", &GrubMachine::call_boot},
      {"halt", &GrubMachine::call_end},
      {"reboot", &GrubMachine::call_end},
      {"exit", &GrubMachine::call_end},
      {"fwsetup", &GrubMachine::call_end},
  };
  const auto* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                       [&](const Row& known) { return known.command == command; });
  return row == std::end(kRows) ? &GrubMachine::call_nothing : row->handler;
}

GrubMachine::Called GrubMachine::fails(std::string words) {
  error(std::move(words));
  return Status::Error;
}

GrubMachine::Called GrubMachine::reads(Files files) {
  push(std::move(files));
  return Above{};
}

GrubMachine::Called GrubMachine::call_set(const Call& call) {
  if (call.arguments.empty()) return Status::True;
  const std::string& assignment = call.arguments.front();
  const std::size_t equals = assignment.find('=');
  if (equals == std::string::npos) return fails("error: not an assignment.");
  const std::string name = assignment.substr(0, equals);
  const std::string value = assignment.substr(equals + 1);
  set(name, value);
  // gettext/gettext.c: the language's catalogue is looked for when the variable is set.
  const bool translates = name == "lang" && modules_.count("gettext") != 0 && !value.empty() &&
                          value != "en" && !value.starts_with("en_");
  if (!translates) return Status::True;
  Files files{.then = Files::Then::Locale, .command = call.name};
  const auto add = [&](const std::string& language) {
    for (const std::string_view suffix : {".mo", ".mo.gz", ".gmo"}) {
      files.waiting.push_back(
          {fmt::format("{}/locale/{}{}", variable("prefix"), language, suffix)});
    }
  };
  add(value);
  if (const std::size_t end = value.find('_'); end != std::string::npos) add(value.substr(0, end));
  return reads(std::move(files));
}

GrubMachine::Called GrubMachine::call_unset(const Call& call) {
  if (call.arguments.empty()) return fails("error: one argument expected.");
  context().variables.erase(call.arguments.front());
  return Status::True;
}

GrubMachine::Called GrubMachine::call_export(const Call& call) {
  for (const std::string& name : call.arguments) context().variables[name].exported = true;
  return Status::True;
}

GrubMachine::Called GrubMachine::call_insmod(const Call& call) {
  if (call.arguments.empty()) return fails("error: one argument expected.");
  if (modules_.count(call.arguments.front()) != 0) return Status::True;
  push(Modules{.waiting = {call.arguments.front()}});
  return Above{};
}

GrubMachine::Called GrubMachine::call_test(const Call& call) {
  Strings arguments = call.arguments;
  if (call.name == "[") {
    if (arguments.empty() || arguments.back() != "]") return fails("error: expected ].");
    arguments.pop_back();
  }
  Files files{.then = Files::Then::Sizes, .command = call.name};
  for (const std::string& name : GrubTest::sized_files(arguments)) {
    if (sizes_.count(name) == 0) files.waiting.push_back({name, Fetch::Use::Probe});
  }
  if (!files.waiting.empty()) {
    // A file that cannot be opened has the size 0, and the call comes again when all are known.
    for (const File& file : files.waiting) sizes_[file.name] = 0;
    script().command = Script::Command::ToCall;
    return reads(std::move(files));
  }
  const GrubTest test(
      [&](std::string_view name) -> std::optional<std::uint64_t> {
        const auto found = sizes_.find(std::string(name));
        if (found == sizes_.end()) return std::nullopt;
        return found->second;
      },
      [&](std::string_view name) {
        const auto location = locate_grub_file(name, variable("root"), options_.server);
        return location.device != GrubLocation::Device::Unknown &&
               location.path.find_first_not_of('/') == std::string::npos;
      });
  const bool result = test.evaluate(arguments);
  sizes_.clear();  // the next test opens its files anew
  return result ? Status::True : Status::False;
}

GrubMachine::Called GrubMachine::call_false(const Call&) { return Status::False; }

// Speaks, waits or sets up what puts nothing on the wire.
GrubMachine::Called GrubMachine::call_nothing(const Call&) { return Status::True; }

GrubMachine::Called GrubMachine::call_break(const Call& call) {
  std::size_t count = 1;
  if (!call.arguments.empty()) {
    count = 0;
    for (const char c : call.arguments.front()) {
      if (c < '0' || c > '9' || count > 1000) return fails("error: bad break.");
      count = count * 10 + static_cast<std::size_t>(c - '0');
    }
  }
  leave_loops(count, call.name == "break" ? Leave::Ends : Leave::GoesOn);
  return Status::True;
}

GrubMachine::Called GrubMachine::call_return(const Call& call) {
  if (!script().is_function) return fails("error: not in function scope.");
  script().next = script().code->instructions.size();
  const bool fine =
      call.arguments.empty() ? status_ == Status::True : call.arguments.front() == "0";
  return fine ? Status::True : Status::False;
}

GrubMachine::Called GrubMachine::call_shift(const Call&) {
  if (!script().arguments.empty()) script().arguments.erase(script().arguments.begin());
  return Status::True;
}

GrubMachine::Called GrubMachine::call_setparams(const Call& call) {
  script().arguments = call.arguments;
  return Status::True;
}

// commands/menuentry.c: the title is the first argument; the block gets all that are no options.
GrubMachine::Called GrubMachine::call_entry(const Call& call) {
  MenuEntry entry{.code = call.block, .submenu = call.name == "submenu"};
  for (std::size_t at = 0; at < call.arguments.size(); ++at) {
    const std::string& word = call.arguments[at];
    if (!is_option(word)) {
      entry.arguments.push_back(word);
    } else if (word == "--id" || word == "--class" || word == "--users" || word == "--hotkey") {
      if (++at < call.arguments.size() && word == "--id") entry.id = call.arguments[at];
    } else if (word.starts_with("--id=")) {
      entry.id = word.substr(5);
    }
  }
  if (entry.arguments.empty()) return fails("error: missing arguments.");
  entry.title = entry.arguments.front();
  if (entry.id.empty()) entry.id = entry.title;
  if (!entry.code) return fails("error: no block.");
  context().menu.push_back(std::move(entry));
  return Status::True;
}

GrubMachine::Called GrubMachine::call_config(const Call& call) {
  if (call.arguments.size() != 1) return fails("error: filename expected.");
  const bool nested = call.name.find("configfile") != std::string::npos;
  if (nested) open_context();
  push(Config{.name = call.arguments.front(),
              .kind = nested ? Config::Kind::Nested : Config::Kind::Source});
  return Above{};
}

GrubMachine::Called GrubMachine::call_normal(const Call& call) {
  Normal normal{.step = Normal::Step::Config};
  if (!call.arguments.empty()) normal.config = call.arguments.front();
  push(std::move(normal));
  return Above{};
}

GrubMachine::Called GrubMachine::call_eval(const Call& call) {
  push(Script{
      .code = parse_grub_script(join(call.arguments) + "\n", {.nesting = options_.nesting_limit}),
      .arguments = script().arguments});
  return Above{};
}

// regexp [--set [N:]VAR] REGEXP STRING
GrubMachine::Called GrubMachine::call_regexp(const Call& call) {
  Strings plain;
  std::vector<std::pair<std::size_t, std::string>> targets;
  for (std::size_t at = 0; at < call.arguments.size(); ++at) {
    std::string word = call.arguments[at];
    if (word == "--set" || word == "-s") {
      if (++at == call.arguments.size()) break;
      word = "--set=" + call.arguments[at];
    }
    if (!word.starts_with("--set=")) {
      plain.push_back(std::move(word));
      continue;
    }
    std::string target = word.substr(6);
    std::size_t group = 1;
    if (target.size() > 2 && target[1] == ':' && target[0] >= '0' && target[0] <= '9') {
      group = static_cast<std::size_t>(target[0] - '0');
      target = target.substr(2);
    }
    targets.emplace_back(group, std::move(target));
  }
  constexpr std::size_t kLongest = 1024;  // std::regex recurses over what it matches
  if (plain.size() != 2 || plain[0].size() > kLongest || plain[1].size() > kLongest) {
    return fails("error: two arguments expected.");
  }
  try {
    std::smatch match;
    if (!std::regex_search(plain[1], match, std::regex(plain[0], std::regex::extended))) {
      return Status::False;
    }
    for (const auto& [group, name] : targets) {
      if (group < match.size()) set(name, match[group].str());
    }
    return Status::True;
  } catch (const std::regex_error&) {
    return fails("error: Invalid regular expression.");
  }
}

// No disk holds it, and servers are not searched.
GrubMachine::Called GrubMachine::call_search(const Call& call) {
  const Strings names = operands(call.arguments);
  return fails(fmt::format("error: no such device: {}.", names.empty() ? "" : names.back()));
}

GrubMachine::Called GrubMachine::call_kernel(const Call& call) {
  if (call.arguments.empty()) return fails("error: filename expected.");
  std::size_t first = 0;
  if (call.name.starts_with("multiboot")) {  // --quirk-bad-kludge and the like
    while (first + 1 < call.arguments.size() && call.arguments[first].starts_with("--")) ++first;
  }
  loaded_.reset();
  return reads(Files{.waiting = {{call.arguments[first]}},
                     .then = Files::Then::Kernel,
                     .command = call.name,
                     .arguments = "BOOT_IMAGE=" + join(call.arguments)});
}

GrubMachine::Called GrubMachine::call_initrd(const Call& call) {
  if (call.arguments.empty()) return fails("error: filename expected.");
  const std::string kernel = call.name.starts_with("initrd") ? "linux" + call.name.substr(6)
                                                             : "multiboot" + call.name.substr(6);
  if (!loaded_ || loaded_->command != kernel) {
    return fails("error: you need to load the kernel first.");
  }
  Files files{.then = Files::Then::Initrd, .command = call.name};
  if (call.name.starts_with("module")) {
    std::size_t first = 0;
    while (first + 1 < call.arguments.size() && call.arguments[first].starts_with("--")) ++first;
    files.waiting.push_back({call.arguments[first]});
    return reads(std::move(files));
  }
  for (const std::string& argument : call.arguments) {
    std::string name = argument;
    if (name.starts_with("newc:")) {  // newc:/name/inside:file
      const std::size_t colon = name.find(':', 5);
      if (colon != std::string::npos) name = name.substr(colon + 1);
    }
    files.waiting.push_back({name});
  }
  return reads(std::move(files));
}

GrubMachine::Called GrubMachine::call_program(const Call& call) {
  const Strings names = operands(call.arguments);
  if (names.empty()) return fails("error: filename expected.");
  if (names.front().starts_with('+')) return fails("error: not a regular disk.");
  loaded_.reset();
  return reads(Files{.waiting = {{names.front(), Fetch::Use::Program}},
                     .then = Files::Then::Program,
                     .command = call.name,
                     .arguments = join({names.begin() + 1, names.end()})});
}

GrubMachine::Called GrubMachine::call_one_file(const Call& call) {
  const Strings names = operands(call.arguments);
  if (names.empty()) return fails("error: filename expected.");
  const bool tones =
      call.name == "play" && names.front().find_first_not_of("0123456789") == std::string::npos;
  if (tones) return Status::True;
  return reads(Files{.waiting = {{names.front()}}, .command = call.name});
}

GrubMachine::Called GrubMachine::call_every_file(const Call& call) {
  Strings names = operands(call.arguments);
  if (option_value(call.arguments, "--hash") && !names.empty() &&
      std::find(call.arguments.begin(), call.arguments.end(), "--hash") != call.arguments.end()) {
    names.erase(names.begin());  // the value of --hash
  }
  Files files{.command = call.name};
  for (const std::string& name : names) files.waiting.push_back({name});
  return reads(std::move(files));
}

// font/font.c: a bare name stands for a file under the prefix.
GrubMachine::Called GrubMachine::call_font(const Call& call) {
  if (call.arguments.empty()) return fails("error: filename expected.");
  Files files{.then = Files::Then::Font, .command = call.name};
  for (const std::string& name : call.arguments) {
    const bool whole = name.starts_with('(') || name.starts_with('/') || name.starts_with('+');
    files.waiting.push_back(
        {whole ? name : fmt::format("{}/fonts/{}.pf2", variable("prefix"), name)});
  }
  return reads(std::move(files));
}

// The picture is opened once somebody can read its format.
GrubMachine::Called GrubMachine::call_background(const Call& call) {
  Strings names;
  for (std::size_t at = 0; at < call.arguments.size(); ++at) {
    if (call.arguments[at] == "-m" || call.arguments[at] == "--mode") {
      ++at;
    } else if (!is_option(call.arguments[at])) {
      names.push_back(call.arguments[at]);
    }
  }
  if (names.empty()) return Status::True;
  if (!graphical_) return fails("error: no video mode activated.");
  const std::string& name = names.front();
  const std::size_t dot = name.rfind('.');
  std::string format = dot == std::string::npos ? std::string() : name.substr(dot + 1);
  if (format == "jpg") format = "jpeg";
  const bool readable =
      (format == "png" || format == "jpeg" || format == "tga") && modules_.count(format) != 0;
  if (!readable)
    return fails(fmt::format("error: bitmap file `{}' is of unsupported format.", name));
  return reads(Files{.waiting = {{name}}, .command = call.name});
}

GrubMachine::Called GrubMachine::call_terminal(const Call& call) {
  for (const std::string& name : operands(call.arguments)) {
    const auto listed = terminals_.find(name);
    if (listed != terminals_.end() && modules_.count(listed->second) == 0) {
      script().command = Script::Command::ToCall;
      push(Modules{.waiting = {listed->second}});
      return Above{};
    }
    graphical_ = name == "gfxterm" && modules_.count("gfxterm") != 0;
  }
  return Status::True;
}

GrubMachine::Called GrubMachine::call_boot(const Call&) {
  if (!loaded_) return fails("error: you need to load the kernel first.");
  if (loaded_->kind == Loaded::Kind::Kernel) {
    ending_ = Started{.image = loaded_->path, .command_line = loaded_->command_line};
  } else {
    ending_ = Chained{
        .image = loaded_->path, .server = loaded_->server, .arguments = loaded_->command_line};
  }
  return Status::True;
}

// Hands back to the firmware, which goes on with its next boot option.
GrubMachine::Called GrubMachine::call_end(const Call& call) {
  if (call.name == "exit") {
    ending_ = LocalBoot{};
  } else {
    fail(Failed::Kind::Halted, fmt::format("the configuration says `{}'", call.name));
  }
  return Status::True;
}

}  // namespace pxeproof::rom

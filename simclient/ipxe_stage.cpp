#include "simclient/ipxe_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "firmware/boot_image.h"
#include "simclient/ipxe_command_line.h"
#include "simclient/ipxe_machine.h"

namespace pxeproof::rom {
namespace {

Duration milliseconds(std::string_view text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr std::int64_t kLongest = 24LL * 3600 * 1000;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(value, 0, kLongest));
}

}  // namespace

std::unique_ptr<BootStage> make_ipxe_stage(IpxeOptions options) {
  return std::make_unique<IpxeMachine>(std::move(options));
}

IpxeMachine::IpxeMachine(IpxeOptions options) : options_(std::move(options)), settings_(options_) {
  working_ = {
      .scheme = "tftp",
      .host = to_string(options_.server),
      .path = options_.boot_file.starts_with('/') ? options_.boot_file : "/" + options_.boot_file};
}

void IpxeMachine::start(Instant now) {
  now_ = now;
  if (options_.script) {
    begin_script({.name = options_.boot_file,
                  .path = options_.boot_file,
                  .server = options_.server,
                  .uri = working_,
                  .kind = firmware::BootImage::IpxeScript,
                  .script = *options_.script,
                  .command_line = {}},
                 Then::Boot);
  } else if (options_.looks_for_autoexec) {
    fetch({"autoexec.ipxe"}, "autoexec.ipxe", Then::Autoexec);
  } else {
    boots_after_dhcp_ = true;
    next_dhcp_ = Dhcp{.profile = options_.dhcp_profile};
    configuring_ = true;
  }
  run();
}

// Runs command after command until a file, a DHCP session, a wait or the end is reached.
void IpxeMachine::run() {
  while (!ending_ && !fetching_ && !configuring_ && !wait_) {
    if (scripts_.empty()) {
      fail(Failed::Kind::Halted, screen_,
           trouble_.empty() ? "the script has ended, and nothing is left to boot" : trouble_);
      return;
    }
    if (!next_command()) script_ended(last_success_);
  }
}

// One command of the innermost script; false at its end.
bool IpxeMachine::next_command() {
  Script& script = scripts_.back();
  if (script.next_word >= script.words.size()) {
    // A line that failed ends the script.
    if (!script.words.empty() && !last_success_) return false;
    if (script.next_line >= script.text.size()) return false;
    std::string line;
    bool continues = true;
    while (continues && script.next_line < script.text.size()) {
      const std::size_t end =
          std::min(script.text.find('\n', script.next_line), script.text.size());
      line += script.text.substr(script.next_line, end - script.next_line);
      script.next_line = end + 1;
      if (line.ends_with('\r')) line.pop_back();
      continues = line.ends_with('\\');
      if (continues) line.pop_back();
    }
    script.words = split_ipxe_line(line);
    if (!script.words.empty() && script.words.front().starts_with(':')) {
      script.words.erase(script.words.begin());
    }
    script.next_word = 0;
    script.skips = false;
    last_success_ = true;
    return true;
  }
  Words command;
  std::size_t end = script.next_word;
  while (end < script.words.size() && !is_ipxe_terminator(script.words[end])) {
    command.push_back(script.words[end++]);
  }
  const std::string terminator = end < script.words.size() ? script.words[end] : "";
  const bool skipped = script.skips;
  script.next_word = terminator.starts_with('#') ? script.words.size() : end + 1;
  if (!skipped && !command.empty()) {
    if (++commands_ > options_.command_limit) {
      fail(Failed::Kind::Loops, screen_,
           fmt::format("a script runs on and on: {} commands, which is the limit",
                       options_.command_limit));
      return true;
    }
    for (std::string& word : command) {
      auto expanded = settings_.expand(word, options_.line_limit);
      if (!expanded) {
        fail(Failed::Kind::Limit, screen_,
             fmt::format("a word becomes longer than {} octets", options_.line_limit));
        return true;
      }
      word = std::move(*expanded);
    }
    run_command(command);
  } else if (!skipped) {
    last_success_ = true;  // nothing at all goes well
    command_ended(true);
  } else {
    command_ended(last_success_);
  }
  return true;
}

// What the terminator behind a command makes of its outcome.
void IpxeMachine::command_ended(bool success) {
  last_success_ = success;
  if (scripts_.empty()) return;
  Script& script = scripts_.back();
  if (script.next_word == 0 || script.next_word > script.words.size()) return;
  const std::string& terminator = script.words[script.next_word - 1];
  if (terminator == "||") script.skips = success;
  if (terminator == "&&") script.skips = !success;
  // "|| " with nothing behind it: the failure is passed over.
  if (script.next_word == script.words.size() && terminator == "||") last_success_ = true;
}

void IpxeMachine::script_ended(bool success) {
  const Script ended = std::move(scripts_.back());
  scripts_.pop_back();
  if (scripts_.empty()) {
    if (!success && trouble_.empty()) trouble_ = fmt::format("{} failed", printable(ended.name));
    return;
  }
  if (ended.replaces) return script_ended(success);
  if (!success) screen_ = fmt::format("Could not boot: {}", screen_);
  command_ended(success);
}

void IpxeMachine::run_command(const Words& words) {
  const std::string& name = words.front();
  const IpxeCommandLine parsed = IpxeCommandLine::parse(words);
  const Words& operands = parsed.operands;
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (name == "isset") return command_ended(!operands.empty() && !operands[0].empty());
  if (name == "iseq") return command_ended(operands.size() == 2 && operands[0] == operands[1]);
  if (name == "set" && !operands.empty()) {
    return command_ended(settings_.set(operands[0], join_words(operands, 1)));
  }
  if (name == "clear" && !operands.empty()) {
    settings_.clear(operands[0]);
    return command_ended(true);
  }
  if (name == "inc" && !operands.empty()) {
    std::int64_t value = 0;
    std::int64_t step = 1;
    const std::string text = settings_.get(operands[0]).value_or("0");
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (operands.size() > 1) {
      std::from_chars(operands[1].data(), operands[1].data() + operands[1].size(), step);
    }
    const bool typed = operands[0].find(':') != std::string::npos;
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint64_t>(value) +
                                               static_cast<std::uint64_t>(step));
    return command_ended(settings_.set(operands[0] + (typed ? "" : ":int32"), std::to_string(sum)));
  }
  if (name == "goto" && !operands.empty()) {
    if (!go_to(operands[0])) return command_ended(false);
    return;
  }
  if (name == "exit") {
    std::int64_t code = 0;
    if (!operands.empty()) {
      std::from_chars(operands[0].data(), operands[0].data() + operands[0].size(), code);
    }
    screen_ = fmt::format("Error 0x{:08x}", static_cast<std::uint32_t>(code));
    return script_ended(code == 0);
  }
  if (name == "chain") {
    const bool replaces = parsed.options.count("--replace") + parsed.options.count("-r") > 0;
    return fetch(operands, parsed.option("--name", "-n").value_or(""),
                 replaces ? Then::Replace : Then::Boot);
  }
  if (name == "kernel") {
    return fetch(operands, parsed.option("--name", "-n").value_or(""), Then::Select);
  }
  if (is({"initrd", "module", "imgfetch", "shim", "imgload", "fdt"})) {
    const bool known = name == "imgload" && !operands.empty() &&
                       std::any_of(images_.begin(), images_.end(),
                                   [&](const Image& image) { return image.name == operands[0]; });
    if (known) return command_ended(true);
    const bool may_start = name == "imgfetch" || name == "imgload";
    return fetch(operands, parsed.option("--name", "-n").value_or(""),
                 may_start ? Then::Fetch : Then::Keep);
  }
  if (is({"boot", "imgexec"})) {
    if (!operands.empty()) {
      for (std::size_t at = images_.size(); at > 0; --at) {
        if (images_[at - 1].name != operands[0]) continue;
        return boot(Image(images_[at - 1]), Then::Boot);
      }
      return fetch(operands, "", Then::Boot);
    }
    if (!selected_ && images_.size() != 1) {
      screen_ = "Could not select: Exec format error";
      return command_ended(false);
    }
    return boot(Image(images_[selected_.value_or(0)]), Then::Boot);
  }
  if (name == "imgselect" || name == "imgargs") {
    for (std::size_t at = 0; at < images_.size() && !operands.empty(); ++at) {
      if (images_[at].name != operands[0]) continue;
      selected_ = at;
      if (name == "imgargs") images_[at].command_line = join_words(operands, 1);
      return command_ended(true);
    }
    return command_ended(false);
  }
  if (name == "imgfree") {
    images_.clear();
    selected_.reset();
    return command_ended(true);
  }
  if (is({"dhcp", "autoboot", "ifconf"})) {
    boots_after_dhcp_ = name == "autoboot";
    next_dhcp_ = Dhcp{.profile = options_.dhcp_profile};
    configuring_ = true;
    return;
  }
  if (name == "sanboot" || name == "sanhook") {
    screen_ = "Could not open SAN device";
    trouble_ = fmt::format("{} {}: block devices over the network are not simulated", name,
                           printable(join_words(operands, 0)));
    return command_ended(false);
  }
  if (name == "menu") {
    menu_.clear();
    menu_default_.reset();
    return command_ended(true);
  }
  if (name == "item") {
    const bool gap = parsed.options.count("--gap") + parsed.options.count("-g") > 0;
    const bool is_default = parsed.options.count("--default") + parsed.options.count("-d") > 0;
    // For an item --default is a flag, and the word behind it the label.
    Words all = operands;
    if (is_default) {
      const std::string value = parsed.option("--default", "-d").value_or("");
      if (!value.empty()) all.insert(all.begin(), value);
    }
    if (!gap && !all.empty()) {
      menu_.push_back({all[0], join_words(all, 1)});
      if (is_default) menu_default_ = all[0];
    }
    return command_ended(true);
  }
  if (name == "choose") return choose(words);
  if (name == "prompt") {
    const auto timeout = parsed.option("--timeout", "-t");
    if (!timeout || milliseconds(*timeout) == Duration::zero()) {
      return fail(Failed::Kind::WaitsForever, screen_,
                  "a prompt of the script waits for a key, for ever, as the real one does");
    }
    command_ended(false);
    return wait(milliseconds(*timeout), "at a prompt of the script");
  }
  if (name == "sleep" && !operands.empty()) {
    command_ended(true);
    return wait(milliseconds(operands[0]) * 1000, "in the script");
  }
  if (is({"shell", "config", "login"})) {
    return fail(Failed::Kind::WaitsForever, screen_,
                fmt::format("{}`{}' waits for a person, for ever, as the real one does",
                            trouble_.empty() ? "" : trouble_ + "; ", name));
  }
  if (is({"reboot", "poweroff"})) {
    return fail(Failed::Kind::Halted, screen_, fmt::format("the script says `{}'", name));
  }
  if (name == "pxebs" || name == "nslookup" || name == "ntp") {
    trouble_ = fmt::format("`{}' is not simulated", name);
    return command_ended(false);
  }
  constexpr std::string_view kSilent[] = {
      "echo",      "imgstat",    "ifopen",  "ifclose",  "ifstat", "route",
      "console",   "colour",     "cpair",   "show",     "sync",   "cpuid",
      "imgtrust",  "imgverify",  "params",  "param",    "time",   "ping",
      "neighbour", "iflinkwait", "vcreate", "vdestroy", "colour", "ifunwait"};
  const bool silent = std::find(std::begin(kSilent), std::end(kSilent), name) != std::end(kSilent);
  if (!silent) {
    screen_ = fmt::format("{}: command not found", printable(name));
    trouble_ = screen_;
  }
  command_ended(silent && name != "cpuid");
}

void IpxeMachine::choose(const Words& words) {
  const IpxeCommandLine parsed = IpxeCommandLine::parse(words);
  const auto wanted = parsed.option("--default", "-d");
  std::optional<std::string> label = wanted ? wanted : menu_default_;
  const bool known = label && std::any_of(menu_.begin(), menu_.end(),
                                          [&](const Item& item) { return item.label == *label; });
  if (!known) label = menu_.empty() ? std::nullopt : std::optional(menu_.front().label);
  if (!label) return command_ended(false);
  const auto timeout = parsed.option("--timeout", "-t");
  if (!timeout || milliseconds(*timeout) == Duration::zero()) {
    return fail(Failed::Kind::WaitsForever, screen_,
                "a menu of the script without a time-out waits for ever, as the real one does");
  }
  if (!parsed.operands.empty()) settings_.set(parsed.operands[0], *label);
  notes_.push_back(fmt::format("menu item {}", printable(*label)));
  command_ended(true);
  wait(milliseconds(*timeout), "in a menu of the script");
}

bool IpxeMachine::go_to(std::string_view label) {
  Script& script = scripts_.back();
  for (std::size_t at = 0; at < script.text.size();) {
    const std::size_t end = std::min(script.text.find('\n', at), script.text.size());
    const Words words = split_ipxe_line(std::string_view(script.text).substr(at, end - at));
    if (!words.empty() && words.front().size() > 1 && words.front()[0] == ':' &&
        words.front().substr(1) == label) {
      script.next_line = at;
      script.words.clear();
      script.next_word = 0;
      last_success_ = true;
      return true;
    }
    at = end + 1;
  }
  screen_ = fmt::format("no label :{}", printable(label));
  return false;
}

// Asks for a file named in a command; relative names begin where the script lies.
void IpxeMachine::fetch(const Words& operands, std::string_view name, Then then) {
  if (operands.empty()) return command_ended(false);
  const IpxeUri base = scripts_.empty() ? working_ : scripts_.back().uri;
  const IpxeUri uri = resolve_ipxe_uri(base, parse_ipxe_uri(operands[0]));
  const auto server = Ipv4Address::parse(uri.host);
  if (uri.scheme != "tftp" || !server) {
    screen_ = "Operation not supported";
    trouble_ = uri.scheme == "tftp" ? fmt::format("{} names its server, and DNS is not simulated",
                                                  printable(operands[0]))
                                    : fmt::format("{} is for {}, and only TFTP is simulated",
                                                  printable(operands[0]), printable(uri.scheme));
    notes_.push_back(trouble_);
    return command_ended(false);
  }
  if (++fetches_ > options_.fetch_limit) {
    return fail(Failed::Kind::Limit, screen_,
                fmt::format("{} files asked for, which is the limit; the last one was {}",
                            options_.fetch_limit, printable(uri.path)));
  }
  const std::string path = ipxe_tftp_name(uri);
  const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
  // What may be started is looked at; an initrd may be large and is not.
  const bool starts = then != Then::Keep;
  ask_for({.name = std::string(name.empty() ? last : name),
           .path = path,
           .server = *server,
           .uri = uri,
           .script = {},
           .command_line = join_words(operands, 1)},
          then, starts ? Fetch::Use::Program : Fetch::Use::Image);
}

void IpxeMachine::ask_for(Image image, Then then, Fetch::Use use) {
  next_fetch_ =
      Fetch{.name = image.path,
            .server = image.server,
            .fetcher = options_.script ? Fetcher::Rom : Fetcher::Program,
            .use = use,
            .ports = std::exchange(first_fetch_, false) ? Fetch::Ports::First : Fetch::Ports::Next};
  under_way_ = UnderWay{.image = std::move(image), .then = then};
  fetching_ = true;
}

std::optional<Fetch> IpxeMachine::poll_fetch() {
  return ending_ ? std::nullopt : std::exchange(next_fetch_, std::nullopt);
}

std::optional<BootStage::Dhcp> IpxeMachine::poll_dhcp() {
  return ending_ ? std::nullopt : std::exchange(next_dhcp_, std::nullopt);
}

void IpxeMachine::on_fetched(Instant now, const Fetched& fetched) {
  now_ = now;
  if (!fetching_ || ending_) return;
  fetching_ = false;
  Image& image = under_way_->image;
  image.kind = firmware::recognise_image(fetched.content);
  if (image.kind == firmware::BootImage::IpxeScript) image.script = as_text(fetched.content);
  const std::string path = printable(under_way_->image.path);
  switch (fetched.outcome) {
    case Fetched::Outcome::Complete:
      break;
    case Fetched::Outcome::NotFound:
      screen_ = fmt::format("{}... No such file or directory", path);
      trouble_ = fmt::format("{} is not on the server", path);
      break;
    case Fetched::Outcome::Refused:
      screen_ = fmt::format("{}... Operation not supported", path);
      trouble_ = fmt::format("the server refused {}: {}", path, printable(fetched.error_text));
      break;
    case Fetched::Outcome::TimedOut:
      screen_ = fmt::format("{}... Connection timed out", path);
      trouble_ = fmt::format("the server did not answer for {}", path);
      break;
  }
  finish_fetch(fetched.outcome == Fetched::Outcome::Complete);
  run();
}

void IpxeMachine::finish_fetch(bool found) {
  UnderWay done = std::move(*under_way_);
  under_way_.reset();
  if (!found) {
    if (done.then == Then::Autoexec) {
      // Once more from the root, then as every iPXE boots.
      if (done.image.uri.path != "/autoexec.ipxe") {
        return fetch({"/autoexec.ipxe"}, "autoexec.ipxe", Then::Autoexec);
      }
      boots_after_dhcp_ = true;
      next_dhcp_ = Dhcp{.profile = options_.dhcp_profile};
      configuring_ = true;
      return;
    }
    if (++failures_[done.image.path] > options_.loop_rounds) {
      return fail(Failed::Kind::Loops, screen_,
                  fmt::format("{}; the script asks for it again and again, for ever, as the real "
                              "one does",
                              trouble_));
    }
    if (done.then == Then::BootFile && scripts_.empty()) return;
    return command_ended(false);
  }
  failures_.erase(done.image.path);
  switch (done.then) {
    case Then::Keep:
    case Then::Fetch:
    case Then::Select:
      images_.push_back(std::move(done.image));
      if (done.then == Then::Select) selected_ = images_.size() - 1;
      return command_ended(true);
    case Then::Boot:
    case Then::Replace:
    case Then::Autoexec:
    case Then::BootFile:
      return boot(done.image, done.then);
  }
}

// Starts an image: a script runs here, anything else takes over.
void IpxeMachine::boot(const Image& image, Then then) {
  using firmware::BootImage;
  const BootImage kind = image.kind;
  if (kind == BootImage::IpxeScript) return begin_script(image, then);
  if (kind == BootImage::Linux || kind == BootImage::Elf) {
    ending_ = Started{.image = image.path, .command_line = image.command_line};
    return;
  }
  ending_ = Chained{.image = image.path,
                    .server = image.server,
                    .arguments = image.command_line,
                    .boot_file = image.path,
                    .config_file = settings_.get("209:string"),
                    .path_prefix = settings_.get("210:string")};
}

void IpxeMachine::begin_script(const Image& image, Then then) {
  if (image.script.size() > options_.script_limit) {
    return fail(Failed::Kind::Limit, screen_,
                fmt::format("{} has {} octets; a script may have {}", printable(image.path),
                            image.script.size(), options_.script_limit));
  }
  if (scripts_.size() >= options_.nesting_limit) {
    return fail(Failed::Kind::Loops, screen_,
                fmt::format("{} scripts lie inside one another; the last one is {}",
                            scripts_.size(), printable(image.path)));
  }
  notes_.push_back(fmt::format("script {}", printable(image.path)));
  scripts_.push_back({.name = image.name,
                      .uri = image.uri,
                      .text = image.script,
                      .replaces = then == Then::Replace});
  last_success_ = true;
}

void IpxeMachine::on_address(Instant now, const StageAddress& address) {
  now_ = now;
  configuring_ = false;
  if (!address.configured) {
    screen_ = "No configuration methods succeeded";
    trouble_ = "no server gave an address to iPXE's own DHCP";
    if (!scripts_.empty()) command_ended(false);
    return run();
  }
  settings_.configure(address.subnet, address.router, *address.settings);
  if (boots_after_dhcp_) {
    boot_from_servers();
  } else {
    command_ended(true);
  }
  run();
}

// usr/autoboot.c: the file that DHCP, or a setting of the script, now names.
void IpxeMachine::boot_from_servers() {
  boots_after_dhcp_ = false;
  const std::string file = settings_.get("filename").value_or("");
  const std::string server = settings_.server_of_boot_file();
  if (file.empty() || server.empty()) {
    screen_ = "Nothing to boot: No such file or directory (http://ipxe.org/2d03e13b)";
    trouble_ = "no server named a file to boot to iPXE";
    if (!scripts_.empty()) command_ended(false);
    return;
  }
  const bool whole =
      parse_ipxe_uri(file).scheme.size() > 1 && file.find("://") != std::string::npos;
  const std::string uri =
      whole ? file : fmt::format("tftp://{}{}{}", server, file.starts_with('/') ? "//" : "/", file);
  working_ = parse_ipxe_uri(uri);
  // A name that comes from DHCP is taken as it is, without a look at % and ?.
  if (!whole) working_.path = "/" + file;
  const auto address = Ipv4Address::parse(working_.host);
  if (working_.scheme != "tftp" || !address) {
    return fail(
        Failed::Kind::Halted, "Operation not supported",
        fmt::format("iPXE is told to boot {}, and only TFTP is simulated", printable(file)));
  }
  const std::string path = ipxe_tftp_name(working_);
  ++fetches_;
  ask_for({.name = path.substr(path.rfind('/') + 1),
           .path = path,
           .server = *address,
           .uri = working_,
           .script = {},
           .command_line = {}},
          Then::BootFile, Fetch::Use::Program);
}

void IpxeMachine::on_timeout(Instant now) {
  now_ = now;
  if (ending_ || !wait_ || now < *wait_) return;
  wait_.reset();
  run();
}

void IpxeMachine::wait(Duration duration, std::string_view what) {
  const bool skip = options_.waits == IpxeOptions::Waits::SkipIdle;
  notes_.push_back(
      fmt::format("{} {:g} s {}", skip ? "skips" : "waits", to_seconds(duration), what));
  if (!skip) wait_ = now_ + duration;
}

void IpxeMachine::fail(Failed::Kind kind, std::string words, std::string reason) {
  if (ending_) return;
  ending_ = Failed{.firmware_words = std::move(words), .reason = std::move(reason), .kind = kind};
}

std::optional<std::string> IpxeMachine::poll_note() {
  if (notes_.empty()) return std::nullopt;
  std::string note = std::move(notes_.front());
  notes_.pop_front();
  return note;
}

}  // namespace pxeproof::rom

#include "server/reader_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "server/command_line_form.h"
#include "server/directive_handlers.h"
#include "server/directive_values.h"
#include "server/host_names.h"

namespace pxeproof::server {

namespace {

constexpr std::string_view kCommandLine = "command line";
constexpr std::string_view kEtcHosts = "/etc/hosts";
constexpr std::string_view kEtcEthers = "/etc/ethers";

// A line of ethers(5), "52:54:00:12:34:56 name", as dhcp-host has it; nullopt: a comment, or blank.
std::optional<std::string> host_of_ethers(std::string_view line) {
  line = line.substr(0, line.find('#'));
  std::string fields;
  bool is_between = true;
  for (const char letter : line) {
    const bool is_blank = letter == ' ' || letter == '\t' || letter == '\r';
    if (!is_blank && is_between && !fields.empty()) fields += ',';
    if (!is_blank) fields += letter;
    is_between = is_blank;
  }
  return fields.empty() ? std::nullopt : std::optional(fields);
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() && name.ends_with(suffix);
}

// conf-dir's rule: "*.conf" asks for a suffix, ".bak" leaves one out, "*" alone says nothing.
bool is_wanted(std::string_view name, const std::vector<std::string>& suffixes) {
  bool asked = false;
  bool found = false;
  for (const std::string_view suffix : suffixes) {
    if (suffix.empty() || suffix == "*") continue;
    if (suffix.starts_with('*')) {
      asked = true;
      found = found || has_suffix(name, suffix.substr(1));
    } else if (has_suffix(name, suffix)) {
      return false;
    }
  }
  return found || !asked;
}

std::vector<std::string> wanted_paths(const std::string& directory, std::vector<std::string> names,
                                      const std::vector<std::string>& suffixes) {
  std::erase_if(names, [&](const std::string& name) {
    return is_left_behind(name) || !is_wanted(name, suffixes);
  });
  std::ranges::sort(names);
  for (std::string& name : names) name = directory + "/" + name;
  return names;
}

// Of ethers(5), with a comma between: there are two fields, and the first has colons.
bool is_address_and_name(std::string_view fields) {
  const std::size_t comma = fields.find(',');
  return comma != std::string_view::npos && comma == fields.rfind(',') && fields.find(':') < comma;
}

std::string times(std::size_t count) { return count == 1 ? "" : fmt::format(" {} times", count); }

}  // namespace

// dnsmasq leaves out what editors leave behind.
bool is_left_behind(std::string_view name) {
  return name.empty() || name.ends_with('~') || name.starts_with('.') ||
         (name.starts_with('#') && name.ends_with('#'));
}

void ReaderSession::warn(std::string rule, std::string what, std::string remedy) {
  if (warnings_.size() >= limits_.diagnostics) return;
  warnings_.push_back({.severity = Diagnostic::Severity::Warning,
                       .rule = std::move(rule),
                       .location = location_,
                       .what = std::move(what),
                       .remedy = std::move(remedy)});
}

void ReaderSession::ignore(std::string_view subject) {
  if (!first_ignored_) first_ignored_ = location_;
  ++ignored_names_[std::string(subject)][current_directive_];
  if (ignored_.size() >= limits_.diagnostics) return;
  ignored_.push_back(
      {.severity = Diagnostic::Severity::Note,
       .rule = "not-network-boot",
       .location = location_,
       .what = fmt::format("{} concerns {}, not network boot", current_directive_, subject),
       .remedy = "ignored"});
}

void ReaderSession::complain(std::string rule, const Complaint& complaint) {
  if (is_full()) return;
  errors_.push_back({.severity = Diagnostic::Severity::Error,
                     .rule = std::move(rule),
                     .location = location_,
                     .what = complaint.what,
                     .remedy = complaint.remedy});
}

void ReaderSession::read_command_line(const std::vector<std::string>& arguments) {
  on_command_line_ = true;
  const CommandLineForm form = divide_command_line(arguments);
  std::optional<std::string> main_file;
  for (const CommandLineDirective& item : form.directives) {
    location_ = {.file = std::string(kCommandLine), .line = 0};
    if (!item.judgement) {
      complain("command-line", item.judgement.error());
      continue;
    }
    // As dnsmasq does: the first file is read last, further ones where they stand.
    if (item.line.name == "conf-file" && item.line.argument && !main_file) {
      main_file = item.line.argument->text();
      continue;
    }
    dispatch(item.line);
  }
  location_ = {.file = std::string(kCommandLine), .line = 0};
  if (main_file && !main_file->empty()) {
    if (const Judgement read = include_file(*main_file); !read) complain("file", read.error());
  }
  on_command_line_ = false;
}

void ReaderSession::read_text(const TextSource& source) {
  files_read_.insert(files_.identity(source.name));
  ++file_count_;
  read_lines(source, std::nullopt);
}

void ReaderSession::read_lines(const TextSource& source, std::optional<DeferredFile> form) {
  const SourceLocation outside = std::exchange(location_, {.file = source.name, .line = 0});
  const bool was_on_command_line = std::exchange(on_command_line_, false);
  std::string_view text = without_byte_order_mark(source.text, form);
  while (!text.empty() && !is_full()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++location_.line;
    read_line(text.substr(0, end), form);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  on_command_line_ = was_on_command_line;
  location_ = outside;
}

// dnsmasq takes the mark for letters of the first line, even where that is empty or a comment.
std::string_view ReaderSession::without_byte_order_mark(std::string_view text,
                                                        std::optional<DeferredFile> form) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (!text.starts_with(kMark)) return text;
  const Complaint complaint{"the file begins with a byte order mark, which dnsmasq refuses too",
                            "save it as UTF-8 without byte order mark"};
  location_.line = 1;
  if (form) {
    leave_out_line(complaint);
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    return text;
  }
  complain("byte-order-mark", complaint);
  location_.line = 0;
  return text.substr(kMark.size());
}

void ReaderSession::read_line(std::string_view line, std::optional<DeferredFile> form) {
  if (line.size() > limits_.line_octets) {
    const Complaint complaint{fmt::format("the line has {} octets, and dnsmasq cuts lines after {}",
                                          line.size(), limits_.line_octets),
                              "divide it, or shorten the comment"};
    return form ? leave_out_line(complaint) : complain("line-too-long", complaint);
  }
  const bool is_ethers = form == DeferredFile::Ethers;
  const auto host = is_ethers ? host_of_ethers(line) : std::nullopt;
  if (is_ethers && !host) return;
  if (is_ethers && !is_address_and_name(*host)) {
    return leave_out_line(
        {"a hardware address and a name or an address are needed", "write 52:54:00:12:34:56 name"});
  }
  auto content = parse_line(host ? *host : line);
  if (!content) {
    if (!form) return complain("syntax", content.error());
    return leave_out_line(content.error());
  }
  if (!*content) return;
  if (!form) {
    dispatch(divide_directive(**content));
    return;
  }
  const bool is_host = *form != DeferredFile::DhcpOptions;
  current_directive_ = is_host ? "dhcp-host" : "dhcp-option";
  location_.order = ++directives_read_;
  const Judgement judgement = is_host ? read_dhcp_host(*this, **content)
                                      : read_dhcp_option(*this, **content, OptionDirective::Plain);
  if (!judgement) leave_out_line(judgement.error());
}

// In hosts files and the like dnsmasq reports such a line and goes on.
void ReaderSession::leave_out_line(const Complaint& complaint) {
  warn("bad-line", fmt::format("the line is left out: {}", complaint.what), complaint.remedy);
}

void ReaderSession::dispatch(const DirectiveLine& line) {
  const Directive* directive = find_directive(line.name);
  if (directive == nullptr) {
    const std::string_view near = nearest_directive(line.name);
    std::string remedy = near.empty() ? "remove it; dnsmasq --help lists all directives"
                                      : fmt::format("did you mean {}?", near);
    if (line.name.starts_with("--")) remedy = "in a file, write it without the dashes";
    complain("unknown-directive",
             {fmt::format("\"{}\" is no directive of dnsmasq", printable(line.name)),
              std::move(remedy)});
    return;
  }
  current_directive_ = directive->name;
  location_.order = ++directives_read_;
  if (configuration_.directives.size() >= limits_.directives) {
    complain("too-many-lines", {"the configuration has too many lines", "divide it"});
    return;
  }
  configuration_.directives.push_back({std::string(directive->name), location_});
  Judgement judgement = handle(*directive, line.argument);
  if (!judgement) {
    Complaint complaint = std::move(judgement).error();
    complaint.what = fmt::format("{}: {}", directive->name, complaint.what);
    complain("bad-value", complaint);
  }
}

Judgement ReaderSession::handle(const Directive& directive,
                                const std::optional<Argument>& argument) {
  if (directive.value == Directive::Value::None && argument) {
    return refuse("no value is allowed", fmt::format("write {} alone", directive.name));
  }
  if (directive.value == Directive::Value::Required && !argument) {
    return refuse("the value is missing", fmt::format("write {}=<value>", directive.name));
  }
  if (Judgement once = check_repetition(directive); !once) return once;
  if (Judgement read = directive.handler(*this, argument); !read) return read;
  switch (directive.concern) {
    case Directive::Concern::Foreign:
      ignore(directive.subject);
      break;
    case Directive::Concern::Unsupported:
      warn("unsupported", fmt::format("pxeproof does not do what {} asks for", directive.name),
           std::string(directive.subject));
      break;
    case Directive::Concern::Boot:
    case Directive::Concern::Leases:
    case Directive::Concern::Process:
      break;
  }
  return {};
}

// The file may override the command line; otherwise such a directive stands once.
Judgement ReaderSession::check_repetition(const Directive& directive) {
  if (directive.repetition == Directive::Repetition::Allowed) return {};
  std::set<std::string_view>& seen = on_command_line_ ? seen_on_command_line_ : seen_in_files_;
  if (seen.insert(directive.name).second) return {};
  return refuse("it may be given only once", "remove one of the two lines");
}

std::optional<std::string> ReaderSession::read_once(const std::string& path) {
  if (!files_read_.insert(files_.identity(path)).second) return std::nullopt;
  return path;
}

Judgement ReaderSession::include_file(const std::string& path) {
  if (!read_once(path)) return {};  // as in dnsmasq: a file is read once
  if (nesting_ >= limits_.nesting || file_count_ >= limits_.files) {
    return refuse(fmt::format("too many files when reading {}", printable(path)),
                  "include fewer files");
  }
  ++file_count_;
  Result<std::string, std::string> text = files_.read(path);
  if (!text && files_.list(path)) {
    warn("conf-file-directory",
         fmt::format("{} is a directory, of which conf-file reads nothing", printable(path)),
         fmt::format("write conf-dir={}", printable(path)));
    return {};
  }
  if (!text) {
    return refuse(fmt::format("cannot read {}: {}", printable(path), text.error()),
                  "correct the path or the permissions");
  }
  ++nesting_;
  read_lines({.name = path, .text = *std::move(text)}, std::nullopt);
  --nesting_;
  return {};
}

Judgement ReaderSession::include_directory(const std::string& path,
                                           const std::vector<std::string>& suffixes) {
  Result<std::vector<std::string>, std::string> names = files_.list(path);
  if (!names) {
    return refuse(fmt::format("cannot list {}: {}", printable(path), names.error()),
                  "correct the path or the permissions");
  }
  for (const std::string& file : wanted_paths(path, *std::move(names), suffixes)) {
    if (Judgement read = include_file(file); !read) return read;
  }
  return {};
}

Judgement ReaderSession::include_output(const std::string& command) {
  if (nesting_ >= limits_.nesting || ++file_count_ > limits_.files) {
    return refuse("too many files and programs", "include fewer");
  }
  Result<std::string, std::string> text = files_.run(command);
  if (!text) {
    return refuse(fmt::format("{} failed: {}", printable(command), text.error()),
                  "run it by hand, and correct it");
  }
  ++nesting_;
  read_lines({.name = command, .text = *std::move(text)}, std::nullopt);
  --nesting_;
  return {};
}

void ReaderSession::read_etc_ethers() {
  if (std::exchange(reads_etc_ethers_, true)) return;
  defer_file(DeferredFile::Ethers, std::string(kEtcEthers));
}

void ReaderSession::defer_file(DeferredFile kind, std::string path) {
  deferred_.push_back({kind, std::move(path), location_});
}

void ReaderSession::read_deferred_files() {
  if (reads_etc_hosts_) {
    // Its absence is nobody's mistake.
    if (const auto hosts = files_.read(std::string(kEtcHosts))) {
      add_hosts_file(configuration_, *hosts);
    }
  }
  for (const Deferred& deferred : deferred_) read_deferred(deferred);
  if (expands_host_names_) add_names_in_domain(configuration_);
  give_hosts_their_addresses(configuration_, expands_host_names_);
}

void ReaderSession::read_deferred(const Deferred& deferred) {
  location_ = deferred.location;
  std::vector<std::string> paths{deferred.path};
  if (auto names = files_.list(deferred.path)) {
    paths = wanted_paths(deferred.path, *std::move(names), {});
  }
  for (const std::string& path : paths) {
    if (++file_count_ > limits_.files) return;
    auto text = files_.read(path);
    if (!text) {
      location_ = deferred.location;
      warn("unreadable-file", fmt::format("cannot read {}: {}", printable(path), text.error()),
           "correct the path or the permissions");
      continue;
    }
    read_deferred_text(deferred, {.name = path, .text = *std::move(text)});
  }
}

void ReaderSession::read_deferred_text(const Deferred& deferred, const TextSource& source) {
  if (deferred.kind == DeferredFile::Hosts) {
    add_hosts_file(configuration_, source.text);
    return;
  }
  read_lines(source, deferred.kind);
}

void ReaderSession::add_ignored_warning() {
  if (!first_ignored_) return;
  std::size_t lines = 0;
  std::string subjects;
  for (const auto& [subject, names] : ignored_names_) {
    subjects += fmt::format("{}{} (", subjects.empty() ? "" : ", ", subject);
    bool first = true;
    for (const auto& [name, count] : names) {
      subjects +=
          fmt::format("{}{}{}", std::exchange(first, false) ? "" : ", ", name, times(count));
      lines += count;
    }
    subjects += ")";
  }
  location_ = *first_ignored_;
  warnings_.insert(
      warnings_.begin(),
      {.severity = Diagnostic::Severity::Warning,
       .rule = "not-network-boot",
       .location = location_,
       .what = fmt::format("{} line{} of the configuration {} not concern network boot: {}", lines,
                           lines == 1 ? "" : "s", lines == 1 ? "does" : "do", subjects),
       .remedy = "they are accepted and have no effect here"});
}

Result<LoadedConfiguration, std::vector<Diagnostic>> ReaderSession::finish() {
  if (!errors_.empty()) return fail(std::move(errors_));
  add_ignored_warning();
  return LoadedConfiguration{.configuration = std::move(configuration_),
                             .warnings = std::move(warnings_),
                             .ignored = std::move(ignored_)};
}

}  // namespace pxeproof::server

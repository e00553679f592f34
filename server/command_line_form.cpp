#include "server/command_line_form.h"

#include <fmt/format.h>

#include "protocol/bytes.h"
#include "server/directive_table.h"

namespace pxeproof::server {

namespace {

// These take no value behind their letter, only behind "--name=".
bool letter_takes_value(const Directive& directive) {
  if (directive.letter == 'q' || directive.letter == '1') return false;
  return directive.value != Directive::Value::None;
}

class CommandLineReader {
 public:
  explicit CommandLineReader(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  CommandLineForm read() {
    while (next_ < arguments_.size()) {
      const std::string& word = arguments_[next_++];
      if (word.starts_with("--") && word.size() > 2) {
        read_name(std::string_view(word).substr(2));
      } else if (word.starts_with('-') && word.size() > 1 && word != "--") {
        read_letters(std::string_view(word).substr(1));
      } else if (word.find_first_not_of(" \t\n") != std::string::npos && word != "--") {
        complain(fmt::format("\"{}\" is no option", printable(word)), "write --name=value");
      }
    }
    return std::move(form_);
  }

 private:
  void complain(std::string what, std::string remedy) {
    form_.directives.push_back({{}, refuse(std::move(what), std::move(remedy))});
  }

  void add(const Directive& directive, std::optional<std::string_view> value) {
    DirectiveLine line{.name = std::string(directive.name), .argument = std::nullopt};
    if (value) line.argument = Argument::plain(*value);
    form_.directives.push_back({std::move(line), {}});
  }

  // The next word, for an option that needs a value.
  std::optional<std::string_view> take_value() {
    if (next_ == arguments_.size()) return std::nullopt;
    return arguments_[next_++];
  }

  void read_name(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const Directive* directive = find_directive_by_beginning(name);
    if (directive == nullptr) {
      const std::string_view near = nearest_directive(name);
      complain(fmt::format("--{} is no option of dnsmasq", printable(name)),
               near.empty() ? std::string("remove it; dnsmasq --help lists all options")
                            : fmt::format("did you mean --{}?", near));
      return;
    }
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = word.substr(equals + 1);
    if (!value && directive->value == Directive::Value::Required) value = take_value();
    add(*directive, value);
  }

  void read_letters(std::string_view letters) {
    while (!letters.empty()) {
      const char letter = letters.front();
      letters.remove_prefix(1);
      const Directive* directive = find_directive_by_letter(letter);
      if (directive == nullptr) {
        complain(fmt::format("-{} is no option of dnsmasq", printable(std::string(1, letter))),
                 "remove it; dnsmasq --help lists all options");
        return;
      }
      if (!letter_takes_value(*directive)) {
        add(*directive, std::nullopt);
        continue;
      }
      add(*directive, letters.empty() ? take_value() : std::optional(letters));
      return;
    }
  }

  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
  CommandLineForm form_;
};

}  // namespace

bool takes_next_word(std::string_view option) {
  if (option.starts_with("--")) {
    const Directive* directive = find_directive_by_beginning(option.substr(2));
    return directive != nullptr && directive->value == Directive::Value::Required;
  }
  for (std::size_t i = 1; i < option.size(); ++i) {
    const Directive* directive = find_directive_by_letter(option[i]);
    if (directive == nullptr) return false;
    if (letter_takes_value(*directive)) return i + 1 == option.size();
  }
  return false;
}

CommandLineForm divide_command_line(const std::vector<std::string>& arguments) {
  return CommandLineReader(arguments).read();
}

}  // namespace pxeproof::server

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "simclient/grub_machine.h"

// Scripts: instructions, words and the start of commands.
namespace pxeproof::rom {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// script/argv.c: an argument under construction. Only quotes make an empty one.
class Arguments {
 public:
  void next() {
    if (open_) {
      done_.push_back(std::exchange(current_, {}));
      open_ = false;
    }
  }
  void append(std::string_view text) {
    current_ += text;
    open_ = true;
  }
  void append_split(std::string_view text) {
    bool first = true;
    for (std::size_t at = 0; at < text.size();) {
      if (is_blank(text[at])) {
        ++at;
        continue;
      }
      const auto* const end = std::find_if(text.begin() + at, text.end(), is_blank);
      const auto size = static_cast<std::size_t>(end - text.begin()) - at;
      if (!first) next();
      append(text.substr(at, size));
      first = false;
      at += size;
    }
  }
  std::vector<std::string> take() {
    next();
    return std::move(done_);
  }
  std::size_t octets() const { return octets_ + current_.size(); }

 private:
  std::vector<std::string> done_;
  std::string current_;
  bool open_ = false;
  std::size_t octets_ = 0;
};

}  // namespace

void GrubMachine::step(Script task) {
  using Command = Script::Command;
  tasks_.emplace_back(std::move(task));
  switch (script().command) {
    case Command::ToCall:
      run_command();
      return;
    case Command::Running:
      command_ended(status_);
      return;
    case Command::None:
      break;
  }
  if (script().next >= script().code->instructions.size()) {
    tasks_.pop_back();
    return;
  }
  if (++instructions_ > options_.instruction_limit) {
    fail(Failed::Kind::Loops,
         fmt::format("a script runs on and on: {} commands, which is the limit",
                     options_.instruction_limit));
    return;
  }
  const std::shared_ptr<const GrubCode> code = script().code;
  run_instruction(code->instructions[script().next++]);
}

void GrubMachine::run_instruction(const GrubInstruction& instruction) {
  using Kind = GrubInstruction::Kind;
  switch (instruction.kind) {
    case Kind::Command: {
      auto words = expand(instruction.words);
      if (!words || words->empty()) return;
      Script& current = script();
      current.inverted = words->front() == "!" && words->size() > 1;
      if (current.inverted) words->erase(words->begin());
      current.words = std::move(*words);
      current.block = instruction.block;
      current.command = Script::Command::ToCall;
      run_command();
      return;
    }
    case Kind::Jump:
      script().next = instruction.target;
      return;
    case Kind::JumpUnlessTrue:
      if (status_ != Status::True) script().next = instruction.target;
      return;
    case Kind::JumpIfTrue:
      if (status_ == Status::True) script().next = instruction.target;
      return;
    case Kind::BeginLoop: {
      auto values = expand(instruction.words);
      if (!values) return;
      Script& current = script();
      current.loops.push_back({.begin = current.next, .behind = instruction.target});
      current.loops.back().values.assign(values->begin(), values->end());
      return;
    }
    case Kind::NextValue: {
      Loop& loop = script().loops.back();
      if (loop.values.empty()) {
        script().next = instruction.target;
        return;
      }
      set(instruction.name, loop.values.front());
      loop.values.pop_front();
      return;
    }
    case Kind::EndLoop:
      script().loops.pop_back();
      return;
    case Kind::Define:
      functions_[instruction.name] = instruction.block;
      return;
    case Kind::SyntaxError:
      error("error: syntax error.");
      return;
  }
}

std::optional<std::vector<std::string>> GrubMachine::expand(const std::vector<GrubWord>& words) {
  const std::vector<std::string> parameters = script().arguments;
  Arguments result;
  std::size_t octets = 0;
  for (const GrubWord& word : words) {
    result.next();
    for (const GrubPiece& piece : word) {
      const bool quoted = piece.quotes == GrubPiece::Quotes::Quoted;
      if (piece.kind == GrubPiece::Kind::Text) {
        octets += piece.text.size();
        result.append(piece.text);
        continue;
      }
      std::vector<std::string> values;
      std::size_t number = 0;
      const char* const end = piece.text.data() + piece.text.size();
      if (piece.text == "#") {
        values = {std::to_string(parameters.size())};
      } else if (piece.text == "*" || piece.text == "@") {
        values = parameters;
      } else if (std::from_chars(piece.text.data(), end, number).ptr == end) {
        if (number > 0 && number <= parameters.size()) values = {parameters[number - 1]};
      } else {
        values = {variable(piece.text)};
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        octets += values[i].size();
        if (octets > options_.variable_limit) {
          fail(Failed::Kind::Limit,
               fmt::format("a command becomes longer than {} octets", options_.variable_limit));
          return std::nullopt;
        }
        if (!quoted) {
          if (i > 0) result.next();
          result.append_split(values[i]);
          continue;
        }
        if (i > 0 && piece.text == "*") result.append(" ");
        if (i > 0 && piece.text == "@") result.next();
        result.append(values[i]);
      }
    }
  }
  return result.take();
}

// True when a command is there without loading anything.
bool GrubMachine::provides(std::string_view command) const {
  constexpr std::string_view kCore[] = {"set", "unset", "ls", "insmod"};  // kern/corecmd.c
  if (std::find(std::begin(kCore), std::end(kCore), command) != std::end(kCore)) return true;
  const auto listed = commands_.find(command);
  if (listed != commands_.end() && modules_.count(listed->second) != 0) return true;
  const auto module = grub_module_of(command, options_.image.platform);
  return module && modules_.count(*module) != 0;
}

// Calls the command that the script on top holds; its module is loaded first.
void GrubMachine::run_command() {
  const std::string name = script().words.front();
  if (!provides(name)) {
    const auto listed = commands_.find(name);
    if (listed != commands_.end()) {
      push(Modules{.waiting = {listed->second}});
      return;
    }
    const auto function = functions_.find(name);
    if (function != functions_.end()) {
      script().command = Script::Command::Running;
      const std::vector<std::string> arguments(script().words.begin() + 1, script().words.end());
      push(Script{.code = function->second, .arguments = arguments, .is_function = true});
      return;
    }
    const std::size_t equals = name.find('=');
    if (equals != std::string::npos) {
      set(name.substr(0, equals), name.substr(equals + 1));
    } else {
      error(fmt::format("error: can't find command `{}'.", printable(name)));
    }
    // execute.c: a command that is not there counts as one that went well.
    script().inverted = false;
    command_ended(Status::True);
    return;
  }
  const Handler handler = handler_of(name);
  const Call call{name, {script().words.begin() + 1, script().words.end()}, script().block};
  script().command = Script::Command::Running;
  const Called called = (this->*handler)(call);
  if (const auto* const status = std::get_if<Status>(&called); status != nullptr && !ending_) {
    command_ended(*status);
  }
}

// The command of the script on top has ended.
void GrubMachine::command_ended(Status status) {
  status_ = status;
  if (tasks_.empty()) return;
  auto* const current = std::get_if<Script>(&tasks_.back());
  if (current == nullptr || current->command == Script::Command::None) return;
  current->command = Script::Command::None;
  if (current->inverted) {
    status_ = status == Status::True ? Status::False : Status::True;
    current->inverted = false;
  }
  set("?", status_ == Status::True ? "0" : "1");
}

// `break 2` and `continue 2`; outside of loops they do nothing.
void GrubMachine::leave_loops(std::size_t count, Leave leave) {
  Script& current = script();
  if (current.loops.empty()) return;
  for (; count > 1 && current.loops.size() > 1; --count) current.loops.pop_back();
  if (leave == Leave::GoesOn) {
    current.next = current.loops.back().begin;
    return;
  }
  current.next = current.loops.back().behind;
  current.loops.pop_back();
}

}  // namespace pxeproof::rom

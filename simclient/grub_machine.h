#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simclient/boot_stage.h"
#include "simclient/grub_names.h"
#include "simclient/grub_script.h"
#include "simclient/grub_stage.h"

namespace pxeproof::rom {

// The machine behind make_grub_stage: a stack of tasks, each of which runs, waits for a file, or
// puts another on top.
//
//   Embedded script, then normal mode:
//   Modules (normal.mod) -> Ladder -> Lists -> Config -> Script -> Menu -> Entry -> boot
//                                                ^                           |
//                                                +------ configfile ---------+
class GrubMachine final : public BootStage {
 public:
  explicit GrubMachine(GrubOptions options);

  std::string_view program() const override { return "grub"; }
  void start(Instant now) override;
  void on_fetched(Instant now, const Fetched& fetched) override;
  void on_timeout(Instant now) override;
  std::optional<Fetch> poll_fetch() override;
  std::optional<Instant> poll_timeout() const override { return ending_ ? std::nullopt : wait_; }
  const std::optional<Ending>& ending() const override { return ending_; }
  std::optional<std::string> poll_note() override;

 private:
  // How a command ended; False is the answer of `test` and prints nothing.
  enum class Status { True, False, Error };

  struct Variable {
    std::string value{};
    bool exported = false;
  };
  struct MenuEntry {
    std::string title{};
    std::string id{};
    std::vector<std::string> arguments{};
    std::shared_ptr<const GrubCode> code{};
    bool submenu = false;
  };
  struct Context {  // configfile and submenus open one; exported variables are copied
    std::map<std::string, Variable> variables{};
    std::vector<MenuEntry> menu{};
  };
  struct File {
    std::string name{};  // as the configuration has it
    Fetch::Use use = Fetch::Use::Image;
  };
  struct Received {
    bool found = false;
    std::string content{};  // of Text, Library and Program
    std::uint64_t size = 0;
    std::string path{};
    Ipv4Address server{};
  };

  // Tasks.
  struct Modules {  // loads modules with what they need
    std::deque<std::string> waiting{};
    bool optional = false;  // a missing one is no error
  };
  struct Ladder {
    std::deque<std::string> names{};
  };
  struct Lists {
    std::deque<std::string_view> names{};
  };
  struct Config {
    std::string name{};
    enum class Kind { Normal, Nested, Source } kind = Kind::Normal;
    enum class Step { Open, Ran, Over } step = Step::Open;
    std::optional<Variable> file_before{};
    std::optional<Variable> directory_before{};
  };
  struct Loop {
    std::size_t begin = 0;
    std::size_t behind = 0;
    std::deque<std::string> values{};
  };
  struct Script {
    std::shared_ptr<const GrubCode> code{};
    std::size_t next = 0;
    std::vector<std::string> arguments{};
    bool is_function = false;
    std::vector<Loop> loops{};
    // The command under way: to be called (again), once its module or the files it looks at are
    // there, or ended by the task above.
    enum class Command { None, ToCall, Running } command = Command::None;
    std::vector<std::string> words{};
    std::shared_ptr<const GrubCode> block{};
    bool inverted = false;
  };
  struct Files {  // a command's files, in order; the first one missing ends it
    std::deque<File> waiting{};
    enum class Then {
      Nothing,
      Kernel,
      Initrd,
      Program,
      Sizes,
      Font,
      Locale,
      Theme
    } then = Then::Nothing;
    std::string command{};
    std::string arguments{};
    std::string first_path{};
    Ipv4Address server{};
  };
  struct Menu {
    bool nested = false;
    bool auto_booted = false;
    enum class Step { Show, Theme, Wait, Run } step = Step::Show;
    std::size_t rounds = 0;
  };
  struct Entry {
    std::size_t index = 0;
    bool automatic = false;
    bool of_fallback = false;
    enum class Step { Begin, Ran, Submenu } step = Step::Begin;
    MenuEntry entry{};
    std::optional<Variable> chosen{};
    std::optional<Variable> default_entry{};
    std::size_t errors = 0;
    bool auto_booted = false;  // of the menu it belongs to
  };
  struct Normal {  // what follows the embedded script
    enum class Step { Load, Config, Shell } step = Step::Load;
    std::optional<std::string> config{};
  };
  using Task = std::variant<Modules, Ladder, Lists, Config, Script, Files, Menu, Entry, Normal>;

  // grub_stage.cpp: the run of the machine and its tasks.
  void run();
  void step(Modules task);
  void step(Ladder task);
  void step(Lists task);
  void step(Config task);
  void step(Files task);
  void step(Normal task);
  void push(Task task);
  bool look_for(const File& file);
  void finish_files(Files task);
  void wait(Duration duration, std::string_view what);
  void fail(Failed::Kind kind, std::string reason);
  void error(std::string words);
  bool counts_as_loop(const std::string& place);

  // grub_execution.cpp: scripts and commands.
  void step(Script task);
  void run_instruction(const GrubInstruction& instruction);
  void run_command();
  void command_ended(Status status);
  std::optional<std::vector<std::string>> expand(const std::vector<GrubWord>& words);
  enum class Leave { Ends, GoesOn };
  void leave_loops(std::size_t count, Leave leave);
  bool provides(std::string_view command) const;
  Script& script() { return std::get<Script>(tasks_.back()); }

  // grub_commands.cpp
  struct Call {
    std::string name{};
    std::vector<std::string> arguments{};
    std::shared_ptr<const GrubCode> block{};
  };
  // What became of a call: a status, or Above: a task was put on top, whose end is the command's.
  struct Above {};
  using Called = std::variant<Status, Above>;
  using Handler = Called (GrubMachine::*)(const Call& call);
  static Handler handler_of(std::string_view command);
  Called call_set(const Call& call);
  Called call_unset(const Call& call);
  Called call_export(const Call& call);
  Called call_insmod(const Call& call);
  Called call_test(const Call& call);
  Called call_false(const Call& call);
  Called call_nothing(const Call& call);
  Called call_break(const Call& call);
  Called call_return(const Call& call);
  Called call_shift(const Call& call);
  Called call_setparams(const Call& call);
  Called call_entry(const Call& call);
  Called call_config(const Call& call);
  Called call_normal(const Call& call);
  Called call_eval(const Call& call);
  Called call_regexp(const Call& call);
  Called call_search(const Call& call);
  Called call_kernel(const Call& call);
  Called call_initrd(const Call& call);
  Called call_program(const Call& call);
  Called call_one_file(const Call& call);
  Called call_every_file(const Call& call);
  Called call_font(const Call& call);
  Called call_background(const Call& call);
  Called call_terminal(const Call& call);
  Called call_boot(const Call& call);
  Called call_end(const Call& call);
  Called fails(std::string words);
  Called reads(Files files);

  // grub_menu.cpp
  void step(Menu task);
  void step(Entry task);
  void finish_entry(Entry task);
  std::size_t default_entry() const;

  std::string variable(std::string_view name) const;
  std::optional<Variable> find_variable(std::string_view name) const;
  void set(const std::string& name, std::string value);
  void restore(const std::string& name, const std::optional<Variable>& before);
  Context& context() { return contexts_.back(); }
  void open_context();
  std::string module_directory() const;

  GrubOptions options_;
  std::optional<Ending> ending_;
  std::deque<std::string> notes_;
  Instant now_{};
  std::optional<Instant> wait_;
  std::vector<Task> tasks_;

  std::optional<Fetch> next_fetch_;
  Fetch::Use use_ = Fetch::Use::Image;
  Received under_way_;
  bool fetching_ = false;
  std::optional<Received> received_;
  std::size_t fetches_ = 0;

  std::vector<Context> contexts_;
  std::map<std::string, std::shared_ptr<const GrubCode>> functions_;
  std::set<std::string, std::less<>> modules_;
  std::map<std::string, std::string, std::less<>> commands_;   // command.lst
  std::map<std::string, std::string, std::less<>> terminals_;  // terminal.lst
  std::map<std::string, std::uint64_t> sizes_;                 // of files that `test -s` opened
  bool graphical_ = false;                                     // gfxterm is the terminal

  Status status_ = Status::True;  // of the last command
  std::size_t errors_ = 0;        // printed so far
  std::string screen_;            // the last of them
  std::size_t instructions_ = 0;
  std::map<std::string, std::size_t> visits_;

  // What `boot` would start.
  struct Loaded {
    enum class Kind { Kernel, Program } kind = Kind::Kernel;
    std::string command{};  // that loaded it
    std::string path{};
    std::string command_line{};
    Ipv4Address server{};
  };
  std::optional<Loaded> loaded_;
};

}  // namespace pxeproof::rom

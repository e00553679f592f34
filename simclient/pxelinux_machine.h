#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "simclient/boot_stage.h"
#include "simclient/pxelinux_command.h"
#include "simclient/pxelinux_config.h"
#include "simclient/pxelinux_menu.h"
#include "simclient/pxelinux_modules.h"
#include "simclient/pxelinux_search.h"
#include "simclient/pxelinux_stage.h"

namespace pxeproof::rom {

// The machine behind make_pxelinux_stage.
//
//   start -> LoadingLdlinux -> SearchingConfig -> ReadingConfig -+-> Waiting (prompt) -+
//                 ^                                              |                     |
//                 |                                              v                     v
//                 +-- CONFIG, another pxelinux.0 <---- a command: ProbingExtensions, LoadingKernel,
//                                                      LoadingProgram, LoadingModule
//   LoadingModule -+-> ReadingConfig (menu) -> LoadingBackground -> Waiting (menu) -> a command
//                  +-> LoadingModuleFiles
//   A command that fails goes to ONERROR, then back to the prompt or the menu it came from.
class PxelinuxMachine final : public BootStage {
 public:
  explicit PxelinuxMachine(PxelinuxOptions options);

  std::string_view program() const override {
    return options_.variant == PxelinuxOptions::Variant::Pxelinux ? "pxelinux" : "syslinux-efi";
  }
  void start(Instant now) override;
  void on_fetched(Instant now, const Fetched& fetched) override;
  void on_timeout(Instant now) override;
  std::optional<Fetch> poll_fetch() override;
  std::optional<Dhcp> poll_dhcp() override;
  void on_address(Instant now, const StageAddress& address) override;
  std::optional<Instant> poll_timeout() const override;
  const std::optional<Ending>& ending() const override { return ending_; }
  std::optional<std::string> poll_note() override;

 private:
  using Found = PxelinuxSearch::Found;
  using Result = PxelinuxSearch::Result;
  using Dialect = PxelinuxConfigReader::Dialect;
  using FailureKind = Failed::Kind;

  struct Idle {};
  struct LoadingLdlinux {
    enum class Step {
      Probe,              // a module makes sure that the file is there
      Load,               // where it ought to be
      SearchDirectories,  // where it is on disks
      LoadFound,          // where the search has found it
    } step = Step::Load;
    std::optional<std::string> config{};  // of CONFIG, as a whole name
  };
  struct SearchingConfig {};
  struct ReadingConfig {
    PxelinuxConfigReader reader;
    Dialect dialect = Dialect::Ldlinux;
    std::deque<std::string> files{};   // main files still to be read
    std::deque<std::string> images{};  // shown by the message just read
    std::optional<PxelinuxConfigReader::Needs> needs{};
    std::size_t octets = 0;
  };
  struct ProbingExtensions {
    std::string line;
    std::deque<std::string_view> extensions;
  };
  struct LoadingKernel {
    PxelinuxCommand command;
    std::string kernel_command_line;
    std::deque<std::string> initrds{};
    std::string loading{};               // the file under way
    std::optional<std::string> image{};  // the kernel's path once it is there
  };
  struct LoadingProgram {  // a boot sector or another network boot program
    PxelinuxCommand command;
  };
  struct LoadingModule {
    PxelinuxCommand command;
    ModuleKind kind = ModuleKind::Other;
    std::optional<std::string> path{};               // of the module once it is there
    std::vector<std::deque<std::string>> waiting{};  // libraries still to come, by module
    std::vector<std::string> libraries{};            // asked for so far
  };
  struct LoadingModuleFiles {  // what a module that runs asks for itself
    ModuleKind kind = ModuleKind::Other;
    std::string module;
    std::string arguments;
    std::deque<std::string> files{};
    std::string loading{};
    std::optional<std::string> image{};  // the path of the first file once it is there
  };
  struct LoadingBackground {};
  struct Waiting {
    enum class Place { Prompt, Menu } place = Place::Prompt;
    Duration duration{};
    std::optional<std::string> menu_command{};  // nullopt: the menu ends
    std::optional<Instant> until{};             // nullopt: not waited for
  };
  using State = std::variant<Idle, LoadingLdlinux, SearchingConfig, ReadingConfig,
                             ProbingExtensions, LoadingKernel, LoadingProgram, LoadingModule,
                             LoadingModuleFiles, LoadingBackground, Waiting>;

  // Who started the command under way, and so where its failure leads.
  enum class Starter { Prompt, OnError, Menu, MenuOnError };

  // What pxelinux.0 reads in the cached DHCP packets; pxechn.c32 rewrites them.
  struct Program {
    std::string boot_file;
    Ipv4Address server;
    std::optional<std::string> config_file;
    std::optional<std::string> path_prefix;

    std::string prefix() const;
  };

  // What follows a search, by state.
  void go_on(Idle state, const Result& result);
  void go_on(LoadingLdlinux state, const Result& result);
  void go_on(SearchingConfig state, const Result& result);
  void go_on(ReadingConfig state, const Result& result);
  void go_on(ProbingExtensions state, const Result& result);
  void go_on(LoadingKernel state, const Result& result);
  void go_on(LoadingProgram state, const Result& result);
  void go_on(LoadingModule state, const Result& result);
  void go_on(LoadingModuleFiles state, const Result& result);
  void go_on(LoadingBackground state, const Result& result);
  void go_on(Waiting state, const Result& result);

  // pxelinux_stage.cpp: the run of the machine.
  void run();
  void fail(FailureKind kind, std::string words, std::string reason);
  bool counts_as_loop(const std::string& place, std::string_view what);

  // pxelinux_ldlinux.cpp: the program, ldlinux.c32 and its configuration.
  void begin_program(const std::string& name);
  void load_ldlinux(LoadingLdlinux state);
  void begin_ldlinux(const std::optional<std::string>& config);
  PxelinuxConfigReader make_reader(Dialect dialect) const;
  bool open_config(ReadingConfig& state, const Found& file);
  void read_on(ReadingConfig state);
  void look_for_needed(ReadingConfig state, PxelinuxConfigReader::Needs needs);
  void finish_config(ReadingConfig state);

  // pxelinux_execution.cpp: command lines and the images they start.
  void next_autoboot();
  void autoboot();
  void run_line(std::string line);
  void probe_next(ProbingExtensions state);
  void execute(const std::string& line);
  void command_failed();
  void load_next_file(LoadingKernel state);

  // pxelinux_module_run.cpp: .c32 modules and what they do.
  void load_module(PxelinuxCommand command);
  bool is_loaded(std::string_view name) const;
  void load_next_library(LoadingModule state);
  void run_module(const LoadingModule& module);
  void load_next_file(LoadingModuleFiles state);
  void chain(const std::string& arguments, const Found& program);
  void leave_modules();

  // pxelinux_waits.cpp: the prompt and the menus.
  void prompt();
  void show_menu();
  void wait_at_menu();
  void wait(Waiting waiting);
  void wait_is_over(const Waiting& waiting);

  PxelinuxOptions options_;
  std::optional<Ending> ending_;
  std::deque<std::string> notes_;
  Instant now_{};
  State state_;
  PxelinuxSearch search_;
  std::string screen_;   // the last words of a failure
  std::string trouble_;  // the same in ours
  std::map<std::string, std::size_t> visits_;

  bool asks_for_address_ = false;

  // The program: lost when another one starts.
  Program program_;
  std::uint32_t sysappend_ = 0;
  std::string config_name_;
  std::string next_directory_;  // of CONFIG, until its file has been opened

  // ldlinux.c32: lost at each CONFIG.
  PxelinuxConfig config_;
  unsigned autoboots_left_ = 0;
  std::size_t prompt_rounds_ = 0;
  Starter starter_ = Starter::Prompt;

  // The modules on top of ldlinux.c32: lost when the prompt comes back.
  struct LoadedModule {
    std::string name;
    std::vector<std::string> libraries;  // that it was the first to need
  };
  std::vector<LoadedModule> modules_;
  std::optional<PxelinuxMenu> menu_;
  ModuleKind menu_kind_ = ModuleKind::Menu;
  std::size_t menu_rounds_ = 0;
};

}  // namespace pxeproof::rom

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/time.h"

namespace pxeproof::rom {

// A pxelinux configuration, as far as it decides what is fetched and what boots. The files it
// INCLUDEs are part of it.
struct PxelinuxConfig {
  enum class Action { Command, Submenu, Goto, Exit, Quit, Help, Disabled };

  // A LABEL, or the line of a menu that opens a submenu.
  struct Entry {
    std::optional<std::string> label{};
    Action action = Action::Command;
    std::string command{};  // "vmlinuz root=/dev/sda initrd=i", ".com32 menu.c32 more.cfg"
  };

  struct Menu {
    std::string label{};
    std::optional<std::size_t> parent{};           // index into menus
    std::optional<std::size_t> entry_in_parent{};  // index into the parent's entries
    std::vector<std::size_t> entries{};            // indices into PxelinuxConfig::entries
    std::size_t default_entry = 0;                 // index into the menu's own entries
    Duration timeout{};                            // zero: none
    std::optional<std::string> on_timeout{};
    std::optional<std::string> on_error{};
    std::string background{};
  };

  enum class DefaultLevel { None, Default, Ui };  // Ui outranks Default

  static constexpr std::size_t kHiddenMenu = 0;
  static constexpr std::size_t kRootMenu = 1;

  std::vector<Entry> entries{};  // in the order of the files
  std::vector<Menu> menus{};     // the hidden menu, the root menu, then the submenus
  std::size_t start_menu = kRootMenu;

  DefaultLevel default_level = DefaultLevel::None;
  std::string default_command{};                // of UI, else of the last DEFAULT
  std::optional<std::string> global_default{};  // of the last DEFAULT
  std::optional<std::string> on_error{};
  std::optional<std::string> on_timeout{};
  Duration timeout{};        // zero: none
  Duration total_timeout{};  // zero: none

  bool ui_seen = false;
  bool prompt = false;
  bool no_escape = false;
  bool implicit = true;
  bool allow_options = true;
  bool menu_hidden = false;
  bool menu_shift_key = false;

  std::vector<std::string> path{};  // PATH entries in the order of the file
  std::optional<std::uint16_t> pxe_retry{};
  std::optional<std::uint32_t> sysappend{};  // outside any LABEL

  // The first entry whose label is the first word of a command line.
  const Entry* find_label(std::string_view command_line) const;
};

// What SYSAPPEND and IPAPPEND can add to a command line, by bit: ip=, BOOTIF=, SYSUUID= and on. An
// empty text adds nothing.
using SysappendTexts = std::array<std::string, 32>;

// Reads the configuration language. A machine: INCLUDE and its like need a file in the middle of a
// line, so the reader stops there and goes on when it is handed the file.
class PxelinuxConfigReader {
 public:
  // Two programs read the same files with small differences: ldlinux.c32 itself, and the menu
  // modules menu.c32 and vesamenu.c32.
  enum class Dialect { Ldlinux, MenuModule };

  struct Options {
    Dialect dialect = Dialect::Ldlinux;
    SysappendTexts sysappend_texts{};  // by bit
    std::uint32_t sysappend = 0;       // bits in force before the first line
    std::size_t nesting_limit = 16;    // files inside files; the real one ends when memory does
  };

  // The file that the current line needs.
  struct Needs {
    enum class Use { Include, Message, Image, Font, Keymap } use = Use::Include;
    std::string name{};
  };
  struct Finished {};
  struct NestedTooDeep {
    std::vector<std::string> files{};  // from the outermost to the one not opened
  };
  using Step = std::variant<Finished, Needs, NestedTooDeep>;

  explicit PxelinuxConfigReader(Options options);

  // Begins a file: a main file, or the one that the last step needed.
  void open(std::string name, std::string text);

  // The needed file is missing, or was shown and holds nothing for the configuration.
  void pass_over();

  // Reads on to the next file needed or to the end of all files opened.
  Step read();

  // What has been read so far; directives such as PXERETRY act at once.
  const PxelinuxConfig& config() const { return config_; }

  // Closes the last label and settles what refers to later lines. Call once, after Finished.
  PxelinuxConfig finish();

 private:
  enum class Keyword {
    None,
    Localboot,
    Kernel,
    Linux,
    Boot,
    Bss,
    Pxe,
    Fdimage,
    Comboot,
    Com32,
    Config
  };
  static constexpr std::array<std::string_view, 11> kKeywords = {
      "none", "localboot", "kernel",  "linux", "boot",  "bss",
      "pxe",  "fdimage",   "comboot", "com32", "config"};

  // The label whose lines are being read.
  struct OpenLabel {
    std::string label{};
    std::string kernel{};
    Keyword keyword = Keyword::Kernel;
    std::optional<std::string> append{};
    std::optional<std::string> initrd{};
    std::uint32_t sysappend = 0;
    PxelinuxConfig::Action action = PxelinuxConfig::Action::Command;
    std::optional<std::string> goto_menu{};
    bool menu_default = false;
    bool menu_hide = false;
    bool menu_separator = false;
    bool menu_disabled = false;
  };

  struct File {
    std::string name{};
    std::string text{};
    std::size_t offset = 0;
    std::size_t menu = PxelinuxConfig::kRootMenu;  // where its labels go
    std::optional<std::size_t> submenu{};          // opened for this file alone
    bool in_text = false;                          // between TEXT and ENDTEXT
  };

  struct Goto {
    std::size_t entry;
    std::string menu{};
  };

  std::optional<std::string> next_line(File& file);
  std::optional<Needs> read_line(std::string_view line);
  std::optional<Needs> read_menu_line(std::string_view line);
  std::optional<Needs> read_label_line(std::string_view line);
  void read_setting(std::string_view line);
  std::optional<Needs> read_shown_file(std::string_view line);
  std::optional<Needs> include(std::string_view rest);
  void record(std::size_t menu);
  std::string command_of(const OpenLabel& label) const;
  void begin_submenu(std::string_view tag);
  std::size_t parent_of(std::size_t menu) const;
  void close_file();
  PxelinuxConfig::Menu& menu() { return config_.menus[files_.back().menu]; }

  Options options_;
  PxelinuxConfig config_;
  std::vector<File> files_;
  std::optional<OpenLabel> label_;
  std::optional<std::string> append_;
  std::uint32_t sysappend_ = 0;
  std::size_t current_menu_ = PxelinuxConfig::kRootMenu;
  std::optional<std::string> pending_tag_;  // the submenu for the file asked for
  std::vector<Goto> gotos_;
};

// The files that a message file (DISPLAY) shows: each ^X up to the end of the line names one, of
// which pxelinux 6.04 keeps the first character alone (measured).
std::vector<std::string> pxelinux_message_images(std::string_view message);

}  // namespace pxeproof::rom

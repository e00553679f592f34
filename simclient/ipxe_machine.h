#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "firmware/boot_image.h"
#include "simclient/boot_stage.h"
#include "simclient/ipxe_settings.h"
#include "simclient/ipxe_stage.h"
#include "simclient/ipxe_uri.h"

namespace pxeproof::rom {

// The machine behind make_ipxe_stage: scripts inside scripts, each at one line and one command of
// it, and one file or DHCP session under way.
//
//   image:  DHCP -> (autoexec.ipxe) -> the boot file --script--> Running --chain--> Running ...
//                                          |                        |
//                                          +--any other program-----+--> Chained, Started
class IpxeMachine final : public BootStage {
 public:
  explicit IpxeMachine(IpxeOptions options);

  std::string_view program() const override { return options_.script ? "ipxe-rom" : "ipxe"; }
  void start(Instant now) override;
  void on_fetched(Instant now, const Fetched& fetched) override;
  void on_timeout(Instant now) override;
  std::optional<Fetch> poll_fetch() override;
  std::optional<Dhcp> poll_dhcp() override;
  void on_address(Instant now, const StageAddress& address) override;
  std::optional<Instant> poll_timeout() const override { return ending_ ? std::nullopt : wait_; }
  const std::optional<Ending>& ending() const override { return ending_; }
  std::optional<std::string> poll_note() override;

 private:
  using Words = std::vector<std::string>;

  // A script at work.
  struct Script {
    std::string name;
    IpxeUri uri;
    std::string text;
    std::size_t next_line = 0;  // offset
    Words words{};              // of the line under way, not yet expanded
    std::size_t next_word = 0;
    bool skips = false;  // the next command is not run
    bool replaces = false;
  };
  // A file that came whole.
  struct Image {
    std::string name;  // as given with --name, or the last part of the path
    std::string path;
    Ipv4Address server;
    IpxeUri uri;
    firmware::BootImage kind = firmware::BootImage::Unknown;
    std::string script;  // its text, if it is one
    std::string command_line;
  };
  // What becomes of the file under way.
  // Keep: never started by itself. Fetch: kept, and may be started later.
  enum class Then { Keep, Fetch, Select, Boot, Replace, Autoexec, BootFile };

  void run();
  bool next_command();
  void run_command(const Words& words);
  void command_ended(bool success);
  void script_ended(bool success);

  void fetch(const Words& operands, std::string_view name, Then then);
  void ask_for(Image image, Then then, Fetch::Use use);
  void finish_fetch(bool found);
  void boot(const Image& image, Then then);
  void begin_script(const Image& image, Then then);
  void boot_from_servers();
  bool go_to(std::string_view label);
  void choose(const Words& words);
  void wait(Duration duration, std::string_view what);
  void fail(Failed::Kind kind, std::string words, std::string reason);

  IpxeOptions options_;
  IpxeSettings settings_;
  std::optional<Ending> ending_;
  std::deque<std::string> notes_;
  Instant now_{};
  std::optional<Instant> wait_;

  std::vector<Script> scripts_;
  std::vector<Image> images_;
  std::optional<std::size_t> selected_;
  IpxeUri working_;  // what relative names begin with where no script runs

  struct UnderWay {
    Image image;
    Then then = Then::Keep;
  };
  std::optional<Fetch> next_fetch_;
  std::optional<UnderWay> under_way_;
  bool fetching_ = false;
  std::optional<Dhcp> next_dhcp_;
  bool configuring_ = false;
  bool boots_after_dhcp_ = false;
  bool first_fetch_ = true;

  struct Item {
    std::string label;
    std::string text;
  };
  std::vector<Item> menu_;
  std::optional<std::string> menu_default_;

  std::size_t fetches_ = 0;
  std::size_t commands_ = 0;
  bool last_success_ = true;
  std::string screen_;
  std::string trouble_;
  std::map<std::string, std::size_t> failures_;
};

}  // namespace pxeproof::rom

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/running_server.h"
#include "live/network_interfaces.h"

// What changes while a server runs: its configuration, watched directories and interfaces.

namespace pxeproof::cli {

namespace {

constexpr std::size_t kMaximumNamesTold = 5;  // of files, in one line

}  // namespace

void RunningServer::reload(Reloaded on_reloaded, Warnings warnings) {
  if (options_.opener == nullptr) {
    return on_reloaded(environment_failed("this server's configuration cannot be read again"));
  }
  reloading_.push_back(std::move(on_reloaded));
  if (warnings == Warnings::All) warnings_ = Warnings::All;
  request_from_opener();
}

// One thing at a time, so that each answer is to what was asked last.
void RunningServer::request_from_opener() {
  const bool wants_any = !reloading_.empty() || wants_directories_ || wants_sockets_;
  if (asked_ != Asked::Nothing || !wants_any) return;
  udp_->set_sharing(live::UdpSocket::Sharing::On);
  wants_sockets_ = false;  // each of the three brings them
  const bool wants_directories = std::exchange(wants_directories_, false);
  if (!reloading_.empty()) {
    asked_ = Asked::Configuration;
    options_.opener->request_load();
  } else if (wants_directories) {
    asked_ = Asked::Directories;
    options_.opener->request_load_of_directories();
  } else {
    asked_ = Asked::Sockets;
    options_.opener->request_open_again();
  }
}

void RunningServer::read_directories(const std::set<std::string>& changed) {
  std::string names;
  std::size_t count = 0;
  for (const std::string& name : changed) {
    if (server::is_left_behind(name)) continue;
    if (++count <= kMaximumNamesTold) names += (names.empty() ? "" : ", ") + name;
  }
  if (count == 0 || options_.opener == nullptr) return;
  if (count > kMaximumNamesTold) names += fmt::format(" and {} more", count - kMaximumNamesTold);
  log_.message(ServerLog::Level::Info, names + ": new, changed or gone");
  wants_directories_ = true;
  request_from_opener();
}

bool RunningServer::read_interfaces() {
  auto interfaces = live::list_network_interfaces();
  if (!interfaces) {
    log_.message(ServerLog::Level::Error, interfaces.error().message);
    return false;
  }
  if (*interfaces == interfaces_) return false;
  const std::vector<std::string> before = describe();
  interfaces_ = std::move(*interfaces);
  apply_tftp();
  apply_dhcp();
  service_->set_parts(dhcp_serves_ ? dhcp_.get() : nullptr, tftp_.get());
  if (dump_) dump_->configure(configuration_, interfaces_, {});
  udp_->set_interfaces(interfaces_);
  if (const auto joined = join_groups(); !joined) {
    log_.message(ServerLog::Level::Error, joined.error().message);
  }
  tell_network(before);
  if (options_.opener != nullptr && follows_interfaces(configuration_)) {
    wants_sockets_ = true;
    request_from_opener();
  }
  return true;
}

void RunningServer::tell_network(const std::vector<std::string>& before) {
  const std::vector<std::string> after = describe();
  for (const std::string& line : before) {
    if (std::ranges::find(after, line) != after.end()) continue;
    log_.message(ServerLog::Level::Info, "no longer " + line);
  }
  for (const std::string& line : after) {
    if (std::ranges::find(before, line) != before.end()) continue;
    log_.message(ServerLog::Level::Info, line);
  }
}

void RunningServer::hear_sockets(Outcome<ReadyServer> opened) {
  Outcome<void> applied;
  if (opened) {
    transfer_ports_ = opened->resources.transfer_ports;
    apply_tftp();
    applied = apply_sockets(opened->resources);
  } else {
    applied = fail(opened.error());
  }
  if (applied) return;
  log_.message(ServerLog::Level::Warning,
               "the interfaces have changed, but no socket: " + applied.error().message);
}

// Leases, programs and files are the old ones; whom a line is for, and what it says, may not be.
void RunningServer::hear_directories(Outcome<ReadyServer> loaded) {
  if (!loaded) {
    log_.message(ServerLog::Level::Error, loaded.error().message);
    return log_.message(ServerLog::Level::Error, "the old configuration stays in force");
  }
  configuration_ = std::move(loaded->loaded.configuration);
  for (const server::Diagnostic& warning : loaded->loaded.warnings) {
    const std::string& file = warning.location.file;
    const std::string directory = file.substr(0, file.rfind('/'));
    if (!configuration_.watched_directories.contains(directory)) continue;
    log_.message(ServerLog::Level::Warning, server::to_string(warning));
  }
  apply_dhcp();
  service_->set_parts(dhcp_serves_ ? dhcp_.get() : nullptr, tftp_.get());
  hear_sockets(std::move(loaded));
  log_.message(ServerLog::Level::Info, "watched directories read again");
}

void RunningServer::tell_warnings(const std::vector<server::Diagnostic>& warnings) {
  const Warnings wanted = std::exchange(warnings_, Warnings::New);
  std::set<std::string> texts;
  for (const server::Diagnostic& warning : warnings) {
    const std::string text = server::to_string(warning);
    texts.insert(text);
    if (wanted == Warnings::New && known_warnings_.contains(text)) continue;
    log_.message(ServerLog::Level::Warning, text);
  }
  known_warnings_ = std::move(texts);
}

void RunningServer::hear_configuration(Outcome<ReadyServer> loaded) {
  if (loaded) {
    tell_warnings(loaded->loaded.warnings);
  } else {
    warnings_ = Warnings::New;
  }
  const Outcome<void> applied =
      loaded ? apply(std::move(*loaded)) : Outcome<void>(fail(loaded.error()));
  for (const Reloaded& each : std::exchange(reloading_, {})) each(applied);
}

void RunningServer::hear_opener(Instant now) {
  OpenerLink& opener = *options_.opener;
  opener.receive();
  if (auto loaded = opener.take_loaded()) {
    udp_->set_sharing(live::UdpSocket::Sharing::Off);
    switch (std::exchange(asked_, Asked::Nothing)) {
      case Asked::Sockets:
        hear_sockets(std::move(*loaded));
        break;
      case Asked::Directories:
        hear_directories(std::move(*loaded));
        break;
      case Asked::Configuration:
      case Asked::Nothing:
        hear_configuration(std::move(*loaded));
        break;
    }
    request_from_opener();
  }
  while (auto answer = opener.take_journal_answer()) {
    if (!journal_ || !dhcp_) continue;
    if (answer->kind == OpenerMessage::Journal) {
      journal_->on_new_journal(now, std::move(answer->journal), answer->error, *dhcp_);
    } else {
      journal_->on_committed(answer->error);
    }
  }
  if (opener.has_answers()) {
    service_->on_files(now);
    udp_->send_waiting();
  }
  tell_events();
}

}  // namespace pxeproof::cli

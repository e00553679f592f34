#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cli/configuration_record.h"
#include "cli/opener_messages.h"
#include "cli/server_resources.h"
#include "live/directory_changes.h"
#include "live/helper_process.h"
#include "live/message_channel.h"
#include "live/socket_file.h"

namespace pxeproof::cli {

// The process that keeps the rights which a confined server gives up: it reads the configuration,
// opens sockets and files, and renames the lease journal. What it may be asked for follows from the
// configuration that it read itself, so a server that was taken over gets no file outside the TFTP
// roots. It ends when its channel does.
class OpenerProcess {
 public:
  struct Options {
    ConfigurationOrigin origin;
    std::string control_path;  // of the control socket; empty: none
    // Where the server hears of the directories that are chosen here; closed: nowhere.
    live::FileDescriptor directory_queue;
  };
  OpenerProcess(live::MessageChannel channel, Options options)
      : channel_(std::move(channel)),
        options_(std::move(options)),
        watch_(std::move(options_.directory_queue)) {}

  // Serves until the channel ends; the exit code.
  int run();

 private:
  using Message = live::MessageChannel::Message;

  void handle(const Message& message);
  struct Read {
    ConfigurationRecord record;
    server::Configuration configuration;
  };
  Outcome<Read> read_configuration();
  void load();
  void load_directories();
  // The directories of a configuration, and the tree that is served without one.
  live::DirectoryWatch::Watched choose_watched(const server::Configuration& configuration);
  Outcome<void> watch_directories(Read& read);
  void open_again();
  // Sends Loaded and what goes with it.
  Outcome<void> open_and_send(const ConfigurationRecord& record,
                              const server::Configuration& configuration);
  void open(const FileRequest& request);
  bool is_allowed(const FileRequest& request) const;
  void new_journal();
  void commit_journal();
  // The server's end is this process's, also while it reads, and then the control socket's.
  live::EndsWithPeer end_with_server() const {
    return live::EndsWithPeer(channel_.descriptor(), control_ ? &*control_ : nullptr);
  }
  void send(const Bytes& octets, std::span<const int> descriptors = {});

  live::MessageChannel channel_;
  Options options_;
  live::DirectoryWatch watch_;
  ResourceOpener resources_;
  bool has_loaded_ = false;
  // What was read last.
  ConfigurationRecord record_;
  server::Configuration configuration_;
  // Of the configuration in force and the one before, for requests that were on their way.
  std::set<std::string> roots_;
  std::set<std::string> earlier_roots_;
  bool reads_as_root_ = false;
  std::string journal_path_;
  live::FileDescriptor journal_;
  live::FileDescriptor next_journal_;
  std::optional<live::SocketFile> control_;  // that this run made
};

}  // namespace pxeproof::cli

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "cli/configuration_record.h"
#include "cli/opener_messages.h"
#include "cli/server_resources.h"
#include "live/directory_changes.h"
#include "live/file_cache.h"
#include "live/message_channel.h"
#include "server/boot_service.h"

namespace pxeproof::cli {

// What one reading of the configuration brings to a server.
struct ReadyServer {
  server::LoadedConfiguration loaded;
  ServerResources resources;
};

// A server's end of the channel to its opener. Nothing here blocks but wait_for_load.
class OpenerLink : public server::FileOpener {
 public:
  // Forks the opener. To be called before anything is open that it must not have. The control
  // socket (empty: none) goes with the opener, once it is announced to be this run's.
  static Outcome<std::unique_ptr<OpenerLink>> start(ConfigurationOrigin origin,
                                                    std::string control_path);

  // Asks for the configuration; the answer comes through take_loaded.
  void request_load();
  // Asks for the configuration with what is in its watched directories now, likewise.
  void request_load_of_directories();
  // Asks for what the interfaces of now take, without a look at files; the answer comes likewise.
  void request_open_again();
  bool is_loading() const { return is_loading_; }
  std::optional<Outcome<ReadyServer>> take_loaded();
  Outcome<ReadyServer> wait_for_load();

  void request_new_journal() { post(encode_plain(OpenerMessage::NewJournal)); }
  void commit_journal() { post(encode_plain(OpenerMessage::CommitJournal)); }
  void announce_control() { post(encode_plain(OpenerMessage::ControlBound)); }
  void sync_journal() { post(encode_plain(OpenerMessage::SyncJournal)); }
  void notify(const std::string& text) { post(encode_text(OpenerMessage::Notify, text)); }

  // A journal was made (an error text or a descriptor), or took its name (an error text or none).
  struct JournalAnswer {
    OpenerMessage kind = OpenerMessage::Journal;
    std::string error;
    live::FileDescriptor journal;
  };
  std::optional<JournalAnswer> take_journal_answer();

  // Says when files of watched directories have changed. To be driven beside the server; nullptr
  // where the kernel does not tell.
  live::DirectoryChanges* directory_changes() {
    return directory_changes_ ? &*directory_changes_ : nullptr;
  }

  // Reads what has arrived.
  void receive();
  bool is_lost() const { return is_lost_; }
  int descriptor() const { return channel_.descriptor(); }
  bool has_answers() const { return !answers_.empty(); }

  // FileOpener.
  void ask(const FileRequest& request) override;
  bool poll_answer(FileAnswer& out) override;
  void begin_round() override { cache_.begin_round(); }

 private:
  using Message = live::MessageChannel::Message;

  // Not answered yet; asked once more when this process had no room for the descriptor.
  struct Asked {
    FileRequest request;
    int attempts = 1;
  };

  explicit OpenerLink(live::MessageChannel channel)
      : channel_(std::move(channel)), cache_(live::FileCache::Options{}) {}
  void request(OpenerMessage what);
  void post(Bytes octets);
  void send_waiting();
  void handle(Message& message);
  void on_opened(Message& message);
  void on_loaded(Message& message);

  live::MessageChannel channel_;
  std::optional<live::DirectoryChanges> directory_changes_;
  live::FileCache cache_;
  std::deque<Bytes> waiting_;  // messages that the channel had no room for
  std::unordered_map<std::uint64_t, Asked> asked_;
  std::deque<FileAnswer> answers_;
  std::vector<live::UdpSocket> sockets_;  // of the load that is under way
  std::optional<Outcome<ReadyServer>> loaded_;
  std::deque<JournalAnswer> journal_answers_;
  bool is_loading_ = false;
  bool is_lost_ = false;
};

}  // namespace pxeproof::cli

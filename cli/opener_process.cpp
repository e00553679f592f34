#include "cli/opener_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "cli/file_rules.h"
#include "cli/served_programs.h"
#include "live/confinement.h"
#include "live/disk.h"
#include "live/memory_file.h"
#include "live/service_manager.h"

namespace pxeproof::cli {

namespace {

constexpr std::size_t kMaximumErrorsTold = 5;

std::set<std::string> roots_of(const server::TftpConfiguration& tftp) {
  std::set<std::string> roots;
  if (!tftp.enabled) return roots;
  roots.insert(tftp.root);
  for (const auto& [interface, root] : tftp.interface_roots) roots.insert(root);
  return roots;
}

}  // namespace

int OpenerProcess::run() {
  // Nobody but this process may look into it, and it gains nothing by what it opens.
  static_cast<void>(live::keep_serving_rights_only());
  Message message;
  while (channel_.receive(message, live::MessageChannel::Waiting::Allowed) ==
         live::MessageChannel::Outcome::Done) {
    handle(message);
  }
  if (control_) control_->remove();
  return 0;
}

void OpenerProcess::send(const Bytes& octets, std::span<const int> descriptors) {
  channel_.send(octets, descriptors, live::MessageChannel::Waiting::Allowed);
}

void OpenerProcess::handle(const Message& message) {
  const auto kind = kind_of(message.octets);
  if (!kind) return;
  switch (*kind) {
    case OpenerMessage::Open:
      if (const auto request = decode_open(message.octets)) open(*request);
      return;
    case OpenerMessage::Load:
      return load();
    case OpenerMessage::LoadDirectories:
      return load_directories();
    case OpenerMessage::OpenAgain:
      return open_again();
    case OpenerMessage::NewJournal:
      return new_journal();
    case OpenerMessage::CommitJournal:
      return commit_journal();
    case OpenerMessage::SyncJournal:
      if (journal_.is_open()) fdatasync(journal_.number());
      return;
    case OpenerMessage::ControlBound:
      control_ = live::SocketFile::at(options_.control_path);
      return;
    case OpenerMessage::Notify:
      return live::notify_service_manager(decode_text(message.octets));
    case OpenerMessage::Opened:
    case OpenerMessage::Sockets:
    case OpenerMessage::Loaded:
    case OpenerMessage::LoadFailed:
    case OpenerMessage::Journal:
    case OpenerMessage::Committed:
      return;  // only this side says these
  }
}

Outcome<OpenerProcess::Read> OpenerProcess::read_configuration() {
  // A file system that hangs or a conf-script that does not end must not outlive the server. What
  // comes afterwards waits for nobody, and tidies up at the server's end.
  const live::EndsWithPeer end = end_with_server();
  // First, so that what comes into the tree while it is read is heard of.
  if (!options_.origin.directory.empty()) static_cast<void>(choose_watched(configuration_));
  // From the second time on somebody is served, and transfers wait for files to be opened.
  auto record = record_sources(options_.origin, has_loaded_ ? Pipes::Refused : Pipes::Awaited);
  if (!record) return fail(record.error());
  auto loaded = load_and_record(*record);
  if (!loaded) return fail(loaded.error());
  Read read{std::move(*record), std::move(loaded->configuration)};
  if (auto watched = watch_directories(read); !watched) return fail(watched.error());
  return read;
}

live::DirectoryWatch::Watched OpenerProcess::choose_watched(
    const server::Configuration& configuration) {
  live::DirectoryWatch::Directories wanted{.for_files = configuration.watched_directories};
  const std::string& tree = options_.origin.directory;
  if (!tree.empty()) wanted.for_entries = directories_of_programs(tree);
  return watch_.watch(wanted);
}

// What came into a directory between its reading and its watching would be missed.
Outcome<void> OpenerProcess::watch_directories(Read& read) {
  const std::set<std::string>& wanted = read.configuration.watched_directories;
  const auto watched = choose_watched(read.configuration);
  std::size_t told = 0;
  for (const live::SystemError& error : watched.errors) {
    if (++told > kMaximumErrorsTold) break;
    fmt::print(stderr, "{}; what changes there counts at the next reload\n", error.message);
  }
  if (!watched.has_new) return {};
  auto loaded = load_with_directories(read.record, wanted);
  if (!loaded) return fail(loaded.error());
  read.configuration = std::move(loaded->configuration);
  return {};
}

void OpenerProcess::load() {
  auto read = read_configuration();
  const Outcome<void> sent =
      read ? open_and_send(read->record, read->configuration) : Outcome<void>(fail(read.error()));
  if (!sent) {
    // The old configuration stays in force, and so do its directories.
    choose_watched(configuration_);
    return send(encode_failure(sent.error()));
  }
  has_loaded_ = true;
  record_ = std::move(read->record);
  configuration_ = std::move(read->configuration);
  earlier_roots_ = std::exchange(roots_, roots_of(configuration_.tftp));
}

// The rest of the configuration is what it was: an unfinished line of its file is not taken over.
void OpenerProcess::load_directories() {
  ConfigurationRecord record = record_;
  Outcome<server::LoadedConfiguration> loaded = [&] {
    const live::EndsWithPeer end = end_with_server();
    return load_with_directories(record, configuration_.watched_directories);
  }();
  if (!loaded) return send(encode_failure(loaded.error()));
  auto sent = open_and_send(record, loaded->configuration);
  if (!sent) return send(encode_failure(sent.error()));
  record_ = std::move(record);
  configuration_ = std::move(loaded->configuration);
}

void OpenerProcess::open_again() {
  if (auto sent = open_and_send(record_, configuration_); !sent) send(encode_failure(sent.error()));
}

Outcome<void> OpenerProcess::open_and_send(const ConfigurationRecord& record,
                                           const server::Configuration& configuration) {
  if (auto checked = check_serves(configuration, source_of(record)); !checked)
    return fail(checked.error());
  auto opened = resources_.open(configuration);
  if (!opened) return fail(opened.error());
  auto memory = live::make_memory_file(encode_loaded(record, *opened));
  if (!memory) return environment_failed(memory.error().message);

  if (wanted_lease_file(configuration).empty()) journal_.close();
  reads_as_root_ = opened->reads_as_root;
  std::vector<int> part;
  for (const live::UdpSocket& socket : opened->sockets) {
    part.push_back(socket.descriptor());
    if (part.size() == live::MessageChannel::kMaximumDescriptors) {
      send(encode_plain(OpenerMessage::Sockets), part);
      part.clear();
    }
  }
  if (!part.empty()) send(encode_plain(OpenerMessage::Sockets), part);
  part = {memory->number()};
  if (opened->lease_file) {
    part.push_back(opened->lease_file->journal.number());
    journal_path_ = opened->lease_file->path;
    journal_ = live::FileDescriptor(fcntl(part.back(), F_DUPFD_CLOEXEC, 0));
  }
  if (opened->dump_file.is_open()) part.push_back(opened->dump_file.number());
  send(encode_plain(OpenerMessage::Loaded), part);
  return {};
}

bool OpenerProcess::is_allowed(const FileRequest& request) const {
  return roots_.contains(request.root) || earlier_roots_.contains(request.root);
}

void OpenerProcess::open(const FileRequest& request) {
  if (!is_allowed(request)) {
    return send(encode_opened(request.id, FileFault::OutsideRoot));
  }
  FileRequest judged = request;
  // Not for the server to decide.
  judged.require_world_readable = reads_as_root_;
  judged.require_own_file = configuration_.tftp.secure;
  const auto& reader = resources_.reader();
  const uid_t owner = judged.require_own_file ? owner_of_served_files(reader) : geteuid();
  Result<live::WalkedPath, FileFault> opened = fail(FileFault::NotFound);
  {
    const live::ActingAs user(reader);
    opened = live::Disk::open_file(judged, owner);
  }
  if (!opened) return send(encode_opened(request.id, opened.error()));
  const std::array descriptors{opened->file.number()};
  send(encode_opened(request.id, std::nullopt), descriptors);
}

void OpenerProcess::new_journal() {
  const std::string path = journal_path_ + ".new";
  unlink(path.c_str());
  next_journal_ = live::FileDescriptor(
      ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (journal_path_.empty() || !next_journal_.is_open()) {
    return send(encode_text(
        OpenerMessage::Journal,
        live::last_error("lease journal " + path, "its directory must be writable").message));
  }
  live::lock_file(next_journal_);
  const std::array descriptors{next_journal_.number()};
  send(encode_text(OpenerMessage::Journal, ""), descriptors);
}

// The new journal is whole on disk before it takes the old one's name.
void OpenerProcess::commit_journal() {
  const std::string path = journal_path_ + ".new";
  if (!next_journal_.is_open() || fsync(next_journal_.number()) != 0 ||
      std::rename(path.c_str(), journal_path_.c_str()) != 0) {
    return send(encode_text(OpenerMessage::Committed,
                            live::last_error("lease journal " + journal_path_).message));
  }
  journal_ = std::move(next_journal_);
  send(encode_text(OpenerMessage::Committed, ""));
}

}  // namespace pxeproof::cli

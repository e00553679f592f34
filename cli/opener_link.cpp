#include "cli/opener_link.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/opener_process.h"
#include "live/helper_process.h"
#include "live/memory_file.h"

namespace pxeproof::cli {

namespace {

using Waiting = live::MessageChannel::Waiting;
using Sent = live::MessageChannel::Outcome;

constexpr int kMessagesPerWake = 256;
constexpr int kAttempts = 2;
constexpr live::DirectoryChanges::Burst kTreeBurst{.quiet = std::chrono::milliseconds(500),
                                                   .longest = std::chrono::seconds(10)};

Failure protocol_broken() {
  return {ExitCode::EnvironmentFailed, "the opener process sent something unreadable"};
}

Failure opener_gone() {
  return {ExitCode::EnvironmentFailed,
          "the opener process is gone; files can no longer be opened: start the server again"};
}

}  // namespace

Outcome<std::unique_ptr<OpenerLink>> OpenerLink::start(ConfigurationOrigin origin,
                                                       std::string control_path) {
  auto pair = live::MessageChannel::create_pair();
  if (!pair) return environment_failed(pair.error().message);
  std::optional<live::MessageChannel> ours(std::move(pair->first));
  std::optional<live::MessageChannel> theirs(std::move(pair->second));
  // Without one (too many are in use) a change takes effect at the next reload.
  auto queue = live::create_directory_queue().value_or(live::FileDescriptor());
  // Somebody may copy whole images into a directory of boot files.
  const bool is_tree = !origin.directory.empty();
  std::set<int> kept{theirs->descriptor()};
  if (queue.is_open()) kept.insert(queue.number());
  const auto started = live::start_helper(
      [&] {
        return OpenerProcess(std::move(*theirs), {.origin = std::move(origin),
                                                  .control_path = std::move(control_path),
                                                  .directory_queue = std::move(queue)})
            .run();
      },
      kept);
  if (!started) return environment_failed(started.error().message);
  std::unique_ptr<OpenerLink> link(new OpenerLink(std::move(*ours)));
  if (queue.is_open())
    link->directory_changes_.emplace(std::move(queue),
                                     is_tree ? kTreeBurst : live::DirectoryChanges::Burst{});
  return link;
}

void OpenerLink::post(Bytes octets) {
  waiting_.push_back(std::move(octets));
  send_waiting();
}

void OpenerLink::send_waiting() {
  while (!waiting_.empty()) {
    const Sent sent = channel_.send(waiting_.front(), {}, Waiting::Forbidden);
    if (sent == Sent::WouldBlock) return;
    if (sent == Sent::Closed) {
      is_lost_ = true;
      waiting_.clear();
      return;
    }
    waiting_.pop_front();
  }
}

void OpenerLink::request_load() { request(OpenerMessage::Load); }

void OpenerLink::request_load_of_directories() { request(OpenerMessage::LoadDirectories); }

void OpenerLink::request_open_again() { request(OpenerMessage::OpenAgain); }

void OpenerLink::request(OpenerMessage what) {
  is_loading_ = true;
  sockets_.clear();
  post(encode_plain(what));
}

std::optional<Outcome<ReadyServer>> OpenerLink::take_loaded() {
  return std::exchange(loaded_, std::nullopt);
}

Outcome<ReadyServer> OpenerLink::wait_for_load() {
  Message message;
  while (!loaded_) {
    if (channel_.receive(message, Waiting::Allowed) != Sent::Done) return fail(opener_gone());
    handle(message);
  }
  return *take_loaded();
}

std::optional<OpenerLink::JournalAnswer> OpenerLink::take_journal_answer() {
  if (journal_answers_.empty()) return std::nullopt;
  JournalAnswer answer = std::move(journal_answers_.front());
  journal_answers_.pop_front();
  return answer;
}

void OpenerLink::receive() {
  Message message;
  for (int i = 0; i < kMessagesPerWake; ++i) {
    const Sent received = channel_.receive(message, Waiting::Forbidden);
    if (received == Sent::WouldBlock) break;
    if (received == Sent::Closed) {
      is_lost_ = true;
      break;
    }
    handle(message);
  }
  send_waiting();
}

void OpenerLink::handle(Message& message) {
  const auto kind = kind_of(message.octets);
  if (!kind) return;
  switch (*kind) {
    case OpenerMessage::Opened:
      return on_opened(message);
    case OpenerMessage::Sockets:
      for (live::FileDescriptor& each : message.descriptors) {
        if (auto socket = live::UdpSocket::adopt(std::move(each)))
          sockets_.push_back(std::move(*socket));
      }
      return;
    case OpenerMessage::Loaded:
      is_loading_ = false;
      return on_loaded(message);
    case OpenerMessage::LoadFailed:
      is_loading_ = false;
      loaded_ = fail(decode_failure(message.octets).value_or(protocol_broken()));
      return;
    case OpenerMessage::Journal:
    case OpenerMessage::Committed: {
      JournalAnswer answer{.kind = *kind, .error = decode_text(message.octets), .journal = {}};
      if (!message.descriptors.empty()) answer.journal = std::move(message.descriptors.front());
      journal_answers_.push_back(std::move(answer));
      return;
    }
    case OpenerMessage::Open:
    case OpenerMessage::Load:
    case OpenerMessage::LoadDirectories:
    case OpenerMessage::OpenAgain:
    case OpenerMessage::NewJournal:
    case OpenerMessage::CommitJournal:
    case OpenerMessage::SyncJournal:
    case OpenerMessage::Notify:
    case OpenerMessage::ControlBound:
      return;  // only this side says these
  }
}

void OpenerLink::on_loaded(Message& message) {
  loaded_ = fail(protocol_broken());
  if (message.descriptors.empty()) return;
  const auto octets = live::read_whole_file(message.descriptors.front());
  if (!octets) return;
  auto decoded = decode_loaded(*octets);
  if (!decoded) return;
  auto loaded = load_recorded(decoded->record);
  if (!loaded) {
    loaded_ = fail(loaded.error());
    return;
  }
  ReadyServer ready{.loaded = std::move(*loaded), .resources = std::move(decoded->resources)};
  ready.resources.sockets = std::exchange(sockets_, {});
  if (ready.resources.lease_file && message.descriptors.size() > 1) {
    ready.resources.lease_file->journal = std::move(message.descriptors[1]);
  }
  if (decoded->has_dump_file && message.descriptors.size() > 1) {
    ready.resources.dump_file = std::move(message.descriptors.back());
  }
  loaded_ = std::move(ready);
}

void OpenerLink::ask(const FileRequest& request) {
  asked_.insert_or_assign(request.id, Asked{.request = request});
  post(encode_open(request));
}

bool OpenerLink::poll_answer(FileAnswer& out) {
  if (answers_.empty()) return false;
  out = std::move(answers_.front());
  answers_.pop_front();
  return true;
}

void OpenerLink::on_opened(Message& message) {
  const auto opened = decode_opened(message.octets);
  if (!opened) return;
  const auto asked = asked_.find(opened->first);
  if (asked == asked_.end()) return;
  if (message.descriptors_lost) {
    // Too many files are open here: those that nobody reads make room, and the opener is asked
    // again, once.
    cache_.forget_all_idle();
    if (asked->second.attempts < kAttempts) {
      ++asked->second.attempts;
      return post(encode_open(asked->second.request));
    }
    asked_.erase(asked);
    answers_.push_back({.id = opened->first, .content = fail(FileFault::TooManyOpen)});
    return;
  }
  asked_.erase(asked);
  FileAnswer answer{.id = opened->first, .content = fail(FileFault::ReadFailed)};
  if (opened->second) {
    answer.content = fail(*opened->second);
  } else if (!message.descriptors.empty()) {
    live::WalkedPath file{.file = std::move(message.descriptors.front()), .status = {}};
    if (fstat(file.file.number(), &file.status) == 0) {
      answer.content = cache_.content_of(std::move(file));
    }
  }
  answers_.push_back(std::move(answer));
}

}  // namespace pxeproof::cli

#pragma once

#include <deque>
#include <utility>

#include "live/disk.h"
#include "server/boot_service.h"

namespace pxeproof::cli {

// Opens files in the server's own process.
class DiskFiles : public server::FileOpener {
 public:
  void ask(const FileRequest& request) override { answers_.push_back(disk_.open(request)); }
  bool poll_answer(FileAnswer& out) override {
    if (answers_.empty()) return false;
    out = std::move(answers_.front());
    answers_.pop_front();
    return true;
  }
  void begin_round() override { disk_.begin_round(); }

 private:
  live::Disk disk_;
  std::deque<FileAnswer> answers_;
};

}  // namespace pxeproof::cli

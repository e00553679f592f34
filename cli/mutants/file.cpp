// Mutants of the file service.

#include <filesystem>

#include "cli/mutant.h"

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

// An opener that changes questions and answers of another.
class EditedFiles : public server::FileOpener {
 public:
  explicit EditedFiles(server::FileOpener& inner) : inner_(inner) {}
  void ask(const FileRequest& request) override { inner_.ask(edited(request)); }
  bool poll_answer(FileAnswer& out) override {
    if (!inner_.poll_answer(out)) return false;
    if (out.content) out.content = wrapped(*out.content);
    return true;
  }
  void begin_round() override { inner_.begin_round(); }

 protected:
  virtual FileRequest edited(const FileRequest& request) { return request; }
  virtual std::shared_ptr<FileContent> wrapped(std::shared_ptr<FileContent> content) {
    return content;
  }

 private:
  server::FileOpener& inner_;
};

// Outside a root the rules about links do not apply.
class FollowsLinks : public EditedFiles {
 public:
  using EditedFiles::EditedFiles;

 protected:
  FileRequest edited(const FileRequest& request) override {
    FileRequest other = request;
    other.path = fs::path(request.root + "/" + request.path).relative_path().string();
    other.root.clear();
    return other;
  }
};

class RefusesLinks : public EditedFiles {
 public:
  using EditedFiles::EditedFiles;

 protected:
  FileRequest edited(const FileRequest& request) override {
    FileRequest other = request;
    std::error_code failed;
    if (fs::is_symlink(fs::path(request.root) / request.path, failed)) other.path = "missing.bin";
    return other;
  }
};

// A file that has changed is read on as zeros.
class StaleContent : public FileContent {
 public:
  explicit StaleContent(std::shared_ptr<FileContent> inner) : inner_(std::move(inner)) {}
  std::uint64_t size() const override { return inner_->size(); }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    auto octets = inner_->read(offset, length);
    if (octets || offset >= size()) return octets;
    zeros_.assign(std::min<std::size_t>(length, static_cast<std::size_t>(size() - offset)), 0);
    return ByteView(zeros_);
  }

 private:
  std::shared_ptr<FileContent> inner_;
  Bytes zeros_;
};

class ReadsZeros : public EditedFiles {
 public:
  using EditedFiles::EditedFiles;

 protected:
  std::shared_ptr<FileContent> wrapped(std::shared_ptr<FileContent> content) override {
    return std::make_shared<StaleContent>(std::move(content));
  }
};

// What is above 4 GiB wraps to nothing.
class ShortContent : public FileContent {
 public:
  explicit ShortContent(std::shared_ptr<FileContent> inner) : inner_(std::move(inner)) {}
  std::uint64_t size() const override { return inner_->size() > 0xffffffffU ? 0 : inner_->size(); }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (offset >= size()) return ByteView{};
    return inner_->read(offset, length);
  }

 private:
  std::shared_ptr<FileContent> inner_;
};

class LargeIsEmpty : public EditedFiles {
 public:
  using EditedFiles::EditedFiles;

 protected:
  std::shared_ptr<FileContent> wrapped(std::shared_ptr<FileContent> content) override {
    return std::make_shared<ShortContent>(std::move(content));
  }
};

template <typename Files>
std::unique_ptr<server::FileOpener> wrap(server::FileOpener& inner) {
  return std::make_unique<Files>(inner);
}

}  // namespace

std::vector<Mutant> file_mutants() {
  return {
      {.name = "symlink-open",
       .what = "every link is followed, as in dnsmasq",
       .killed_by = {"TSEC-03"},
       .wrap_files = wrap<FollowsLinks>},
      {.name = "link-refused",
       .what = "no link is followed",
       .killed_by = {"TSEC-08"},
       .wrap_files = wrap<RefusesLinks>},
      {.name = "stale-memory",
       .what = "a file that was cut is read on as zeros",
       .killed_by = {"TERR-10"},
       .wrap_files = wrap<ReadsZeros>},
      {.name = "large-is-empty",
       .what = "files above 4 GiB are empty",
       .killed_by = {"TOPT-11", "TBIG-04"},
       .wrap_files = wrap<LargeIsEmpty>},
  };
}

}  // namespace pxeproof::cli

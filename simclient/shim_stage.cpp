#include "simclient/shim_stage.h"

#include <fmt/format.h>

#include <deque>
#include <utility>

namespace pxeproof::rom {
namespace {

std::string_view loader_of(std::uint16_t architecture) {
  switch (architecture) {
    case 6:
      return "grubia32.efi";
    case 11:
      return "grubaa64.efi";
    default:
      return "grubx64.efi";
  }
}

class ShimStage final : public BootStage {
 public:
  explicit ShimStage(ShimOptions options) : options_(std::move(options)) {
    // netboot.c: the directory ends with the last slash; a doubled one is one.
    const std::size_t slash = options_.name.rfind('/');
    const std::string directory =
        slash == std::string::npos ? std::string() : options_.name.substr(0, slash + 1);
    if (options_.asks_for_revocations) {
      // Seen of shim 16.1 in this order; a certificate that is there is followed by the next.
      for (const std::string_view name :
           {"revocations_sku.efi", "revocations_sbat.efi", "shim_certificate_0.efi"}) {
        names_.push_back(fmt::format("{}{}", directory, name));
      }
    }
    loader_ = fmt::format("{}{}", directory, loader_of(options_.architecture));
  }

  std::string_view program() const override { return "shim"; }
  void start(Instant) override { next(); }

  void on_fetched(Instant, const Fetched& fetched) override {
    const bool found = fetched.outcome == Fetched::Outcome::Complete;
    if (!names_.empty()) {
      const std::string name = names_.front();
      names_.pop_front();
      const std::size_t at = name.find("shim_certificate_");
      if (found && at != std::string::npos && certificates_ < kMostCertificates) {
        names_.push_front(
            fmt::format("{}shim_certificate_{}.efi", name.substr(0, at), ++certificates_));
      }
      return next();
    }
    if (!found) {
      ending_ = Failed{.firmware_words = fmt::format("Failed to open \\{} - Not Found\n"
                                                     "start_image() returned Not Found",
                                                     loader_),
                       .reason = fmt::format("shim starts {}, and the server does not have it",
                                             printable(loader_))};
      return;
    }
    ending_ = Chained{.image = loader_, .server = options_.server};
  }

  void on_timeout(Instant) override {}
  std::optional<Fetch> poll_fetch() override {
    return ending_ ? std::nullopt : std::exchange(next_fetch_, std::nullopt);
  }
  std::optional<Instant> poll_timeout() const override { return std::nullopt; }
  const std::optional<Ending>& ending() const override { return ending_; }
  std::optional<std::string> poll_note() override { return std::nullopt; }

 private:
  static constexpr std::size_t kMostCertificates = 10;  // shim.c, load_certs

  void next() {
    const bool last = names_.empty();
    next_fetch_ = Fetch{.name = last ? loader_ : names_.front(),
                        .server = options_.server,
                        .use = last ? Fetch::Use::Program : Fetch::Use::Image};
  }

  ShimOptions options_;
  std::deque<std::string> names_;
  std::string loader_;
  std::size_t certificates_ = 0;
  std::optional<Fetch> next_fetch_;
  std::optional<Ending> ending_;
};

}  // namespace

std::unique_ptr<BootStage> make_shim_stage(ShimOptions options) {
  return std::make_unique<ShimStage>(std::move(options));
}

}  // namespace pxeproof::rom

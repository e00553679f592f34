#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "simclient/grub_stage.h"

// The first part of the input, up to an empty line, is grub.cfg; the rest answers every further
// file, so that configfile, source and modules are all reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using namespace pxeproof;
  using namespace pxeproof::rom;
  const std::string all = as_text({octets, size});
  const std::size_t cut = all.find("\n\n");
  const std::string config = all.substr(0, cut);
  const std::string other = cut == std::string::npos ? std::string() : all.substr(cut + 2);

  GrubOptions options{.image = {.platform = "x86_64-efi",
                                .prefix = "/grub",
                                .modules = {"normal", "test", "configfile", "linux", "chain",
                                            "regexp", "eval", "gzio"}},
                      .boot_file = "x/core.efi",
                      .server = Ipv4Address::of(10, 0, 0, 1)};
  options.instruction_limit = 2000;
  options.fetch_limit = 100;
  const auto stage = make_grub_stage(std::move(options));
  constexpr Instant kStart{};
  stage->start(kStart);
  while (!stage->ending()) {
    const auto fetch = stage->poll_fetch();
    if (!fetch) __builtin_trap();  // it neither asks, nor waits, nor ends
    const bool main = fetch->name.ends_with("/grub.cfg");
    const std::string& content = main ? config : other;
    Fetched fetched{.content = as_bytes(content), .size = content.size()};
    if (!main && other.empty()) fetched = {.outcome = Fetched::Outcome::NotFound};
    stage->on_fetched(kStart, fetched);
  }
  return 0;
}

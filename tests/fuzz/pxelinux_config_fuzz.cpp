#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "simclient/pxelinux_stage.h"

// The first line is the configuration's size in lines of the input; the rest of the input answers
// every further file, so that INCLUDE, CONFIG, modules and menus are all reached.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using namespace pxeproof;
  using namespace pxeproof::rom;
  const std::string all = as_text({octets, size});
  const std::size_t cut = all.find("\n\n");
  const std::string config = all.substr(0, cut);
  const std::string other = cut == std::string::npos ? std::string() : all.substr(cut + 2);

  const auto stage = make_pxelinux_stage({.boot_file = "x/pxelinux.0", .fetch_limit = 100});
  constexpr Instant kStart{};
  stage->start(kStart);
  while (!stage->ending()) {
    const auto fetch = stage->poll_fetch();
    if (!fetch) __builtin_trap();  // it neither asks, nor waits, nor ends
    const bool missing = other.empty() && fetch->name.find("pxelinux.cfg") == std::string::npos &&
                         fetch->name.find("ldlinux") == std::string::npos;
    const std::string& content = fetch->use == Fetch::Use::Text ? config : other;
    Fetched fetched{.content = as_bytes(content), .size = content.size() + 1};
    if (missing) fetched = {.outcome = Fetched::Outcome::NotFound};
    stage->on_fetched(kStart, fetched);
  }
  return 0;
}

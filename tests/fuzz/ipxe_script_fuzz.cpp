#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "simclient/ipxe_stage.h"

// The first part of the input, up to an empty line, is the script; the rest answers every file, as
// a script of its own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  using namespace pxeproof;
  using namespace pxeproof::rom;
  const std::string all = as_text({octets, size});
  const std::size_t cut = all.find("\n\n");
  const std::string other =
      cut == std::string::npos ? std::string() : "#!ipxe\n" + all.substr(cut + 2);

  IpxeOptions options{.script = "#!ipxe\n" + all.substr(0, cut),
                      .boot_file = "d/boot.ipxe",
                      .server = Ipv4Address::of(10, 0, 0, 1)};
  options.command_limit = 2000;
  options.fetch_limit = 100;
  const auto stage = make_ipxe_stage(std::move(options));
  constexpr Instant kStart{};
  stage->start(kStart);
  while (!stage->ending()) {
    if (stage->poll_dhcp()) {
      const ServerSettings settings;
      stage->on_address(kStart, {.configured = true, .settings = &settings});
      continue;
    }
    if (!stage->poll_fetch()) __builtin_trap();  // it neither asks, nor waits, nor ends
    Fetched fetched{.content = as_bytes(other), .size = other.size()};
    if (other.empty()) fetched = {.outcome = Fetched::Outcome::NotFound};
    stage->on_fetched(kStart, fetched);
  }
  return 0;
}

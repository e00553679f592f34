#include "simclient/rom_board.h"

namespace pxeproof::rom {

namespace {

constexpr std::uint64_t kPorts = 3;  // label of the random stream, one of those in rom.cpp

std::uint16_t draw_port(const firmware::TftpManners& manners, Random random) {
  return static_cast<std::uint16_t>(random.between(manners.first_port, manners.last_port));
}

}  // namespace

std::uint16_t RomBoard::take_tftp_port(Instant now) {
  const firmware::TftpManners& manners = profile->tftp;
  using Ports = firmware::TftpManners::Ports;
  std::uint16_t port = manners.first_port;
  switch (manners.ports) {
    case Ports::Random:
      // The first one is the machine's; those that follow are drawn as they come.
      if (!next_tftp_port) {
        next_tftp_port = 0;
        return draw_port(manners, random.fork(kPorts));
      }
      return static_cast<std::uint16_t>(random.between(manners.first_port, manners.last_port));
    case Ports::Milliseconds: {
      const std::uint64_t span = manners.last_port - manners.first_port + 1ULL;
      return static_cast<std::uint16_t>(manners.first_port + milliseconds(now) % span);
    }
    case Ports::RandomThenSequential:
      port = next_tftp_port.value_or(draw_port(manners, random.fork(kPorts)));
      break;
    case Ports::Sequential:
      port = next_tftp_port.value_or(manners.first_port);
      break;
  }
  next_tftp_port =
      port == manners.last_port ? manners.first_port : static_cast<std::uint16_t>(port + 1);
  return port;
}

}  // namespace pxeproof::rom

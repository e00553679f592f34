#include "server/tftp_event.h"

#include <fmt/format.h>

namespace pxeproof::server {

namespace {

struct Teller {
  const TftpEvent& event;

  std::string client() const { return to_string(event.client.address); }

  std::string operator()(const TftpRequested& requested) const {
    return fmt::format("{} asks for {}{}", client(), requested.name,
                       requested.mode == TransferMode::Netascii ? " (netascii)" : "");
  }
  std::string operator()(const TftpQueued& queued) const {
    return fmt::format("{} for {} waits for a free transfer", queued.name, client());
  }
  std::string operator()(const TftpStarted& started) const {
    return fmt::format("sending {} to {}: {} octets, blksize {}, windowsize {}, port {}{}",
                       started.name, client(), started.size, started.block_size,
                       started.window_size, event.local.port,
                       started.negotiated ? "" : ", no options");
  }
  std::string operator()(const TftpFinished& finished) const {
    return fmt::format("sent {} to {}: {} octets in {:.3f} s, {} resent", finished.name, client(),
                       finished.octets, to_seconds(finished.duration), finished.resent);
  }
  std::string operator()(const TftpFailed& failed) const {
    if (failed.client_code) {
      return fmt::format("{} ended {} after {} octets: {}: ERROR {} {}", client(), failed.name,
                         failed.octets, to_string(failed.reason), *failed.client_code,
                         failed.client_text);
    }
    return fmt::format("failed sending {} to {} after {} octets, {} resent: {}", failed.name,
                       client(), failed.octets, failed.resent, to_string(failed.reason));
  }
  std::string operator()(const TftpRefused& refused) const {
    return fmt::format("refused {} to {}: {} (ERROR {})", refused.name, client(),
                       to_string(refused.reason), static_cast<unsigned>(refused.code));
  }
  std::string operator()(const TftpDropped& dropped) const {
    return fmt::format("ignored a packet from {} to port {}: {}", to_string(event.client),
                       event.local.port, to_string(dropped.reason));
  }
};

}  // namespace

std::string to_string(const TftpEvent& event) { return std::visit(Teller{event}, event.what); }

}  // namespace pxeproof::server

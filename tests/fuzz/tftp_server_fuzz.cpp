// The input is a script. Its first octet chooses the server's options; then each step is an octet
//
//   00dddddd                 d x 150 ms pass
//   1Tppcaa0 length packet   a datagram from client aa, port c, to the request port (pp is 0), a
//                            port of the pool (1, 2) or the port that sent last (3); with T the
//                            file shrinks first
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "server/tftp_server.h"

namespace {

using namespace pxeproof;
using namespace pxeproof::server;
using fuzz::require;

constexpr Ipv4Address kServer = Ipv4Address::of(192, 168, 77, 1);
constexpr TftpLimits kLimits{.transfers = 6,
                             .transfers_per_client = 3,
                             .half_open = 4,
                             .waiting = 3,
                             .waiting_per_client = 2};

class PatternFile : public FileContent {
 public:
  std::uint64_t size() const override { return 5000; }
  Result<ByteView, FileFault> read(std::uint64_t offset, std::size_t length) override {
    if (shrunk) return fail(FileFault::Changed);
    return ByteView(octets_).first(std::min<std::uint64_t>(length, size() - offset));
  }

  bool shrunk = false;

 private:
  Bytes octets_ = Bytes(5000, '\n');
};

TftpOptions options(std::uint8_t choice) {
  TftpOptions chosen;
  if ((choice & 1U) == 0) chosen.transfer_ports = {40001, 40002, 40003};
  chosen.interfaces.push_back({{.index = 1,
                                .name = "eth0",
                                .mac = {},
                                .addresses = {{kServer, Ipv4Address::of(255, 255, 255, 0)}},
                                .mtu = 1500},
                               "/srv"});
  chosen.lowercase = (choice & 2U) != 0;
  if ((choice & 4U) != 0) chosen.unique_root = TftpConfiguration::UniqueRoot::ByAddress;
  chosen.acknowledge_block_size = (choice & 8U) == 0;
  chosen.limits = kLimits;
  return chosen;
}

class Run {
 public:
  explicit Run(std::uint8_t choice) : server_(options(choice), Random(choice)) {}

  void wait(unsigned steps) {
    now_ += std::chrono::milliseconds(steps * 150);
    server_.on_timeout(now_);
    drain();
  }

  void packet(std::uint8_t step, ByteView payload) {
    if ((step & 0x40U) != 0) file_->shrunk = true;
    const std::vector<std::uint16_t> ports = server_.ports();
    const unsigned to = step >> 4U & 3U;
    server_.on_datagram(
        now_,
        {.source = {Ipv4Address::of(192, 168, 77, static_cast<std::uint8_t>(2 + (step >> 1U & 3U))),
                    static_cast<std::uint16_t>(2000 + (step >> 3U & 1U))},
         .destination = {kServer, to == 3 ? last_port_ : ports[to % ports.size()]},
         .interface_index = 1,
         .payload = payload});
    drain();
  }

  // Every transfer ends by itself when nobody answers.
  void finish() {
    for (int i = 0; i < 1000 && server_.poll_timeout(); ++i) {
      now_ = std::max(now_, *server_.poll_timeout());
      server_.on_timeout(now_);
      drain();
    }
    require(server_.transfers() == 0 && server_.waiting() == 0 && !server_.poll_timeout());
  }

 private:
  void drain() {
    FileRequest request;
    while (server_.poll_file_request(request)) {
      const std::string whole = "/" + request.path + "/";
      require(!request.path.empty() && whole.find("/../") == std::string::npos &&
              whole.find("/./") == std::string::npos && whole.find("//") == std::string::npos);
      if (request.path.size() % 5 == 4) {
        server_.on_file(now_, {request.id, fail(FileFault::NotFound)});
      } else {
        server_.on_file(now_, {request.id, file_});
      }
    }
    OutgoingDatagram out;
    for (std::size_t count = 0; server_.poll_transmit(out); ++count) {
      require(count < 1000 && out.size_bytes() >= 4 && out.size_bytes() <= 1472);
      last_port_ = out.source.port;
    }
    TftpEvent event;
    while (server_.poll_event(event)) require(!to_string(event).empty());
    require(server_.transfers() <= kLimits.transfers && server_.half_open() <= kLimits.half_open &&
            server_.waiting() <= kLimits.waiting);
  }

  TftpServer server_;
  std::shared_ptr<PatternFile> file_ = std::make_shared<PatternFile>();
  Instant now_{std::chrono::seconds(1000)};
  std::uint16_t last_port_ = 69;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* input, std::size_t size) {
  ByteReader script(ByteView(input, size));
  const auto choice = script.u8();
  if (!choice) return 0;
  Run run(*choice);
  while (const auto step = script.u8()) {
    if ((*step & 0x80U) == 0) {
      run.wait(*step & 0x3fU);
      continue;
    }
    const std::size_t length = std::min<std::size_t>(script.u8().value_or(0), script.left());
    run.packet(*step, script.take(length).value_or(ByteView{}));
  }
  run.finish();
  return 0;
}

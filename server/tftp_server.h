#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/datagram_service.h"
#include "protocol/file_service.h"
#include "protocol/random.h"
#include "server/file_name.h"
#include "server/recent_transfers.h"
#include "server/tftp_admission.h"
#include "server/tftp_event.h"
#include "server/tftp_options.h"
#include "server/transfer_table.h"

namespace pxeproof::server {

// A transfer as an operator sees it.
struct TftpTransferStatus {
  enum class Phase { Waiting, Opening, HalfOpen, Sending };
  Endpoint client;
  Endpoint local;    // the port is 0 while it waits
  std::string name;  // printable
  Phase phase = Phase::Waiting;
  Duration age{};                         // since the request
  std::optional<std::uint64_t> size{};    // octets of the file, once it is open
  std::uint64_t acknowledged_octets = 0;  // by the client
  std::uint64_t resent = 0;               // datagrams
};
std::string_view to_string(TftpTransferStatus::Phase phase);

// A TFTP server that only sends files: RFC 1350, 2347, 2348, 2349, 7440. Any number of transfers
// share the request port and a small pool of transfer ports; one client endpoint has one transfer.
//
//              limits                  the file is open
//   request -> Waiting -> Opening -------------------------> TftpSession -> gone
//                            '- fault, answered by ERROR ------------------^
//
// Whoever runs it drains poll_file_request, then poll_transmit, then poll_event after each on_*
// call or a batch of them.
class TftpServer : public DatagramService {
 public:
  // The options must be valid.
  TftpServer(TftpOptions options, Random random);

  std::vector<std::uint16_t> ports() const override;
  void on_datagram(Instant now, const IncomingDatagram& datagram) override;
  void on_timeout(Instant now) override;
  bool poll_transmit(OutgoingDatagram& out) override;
  std::optional<Instant> poll_timeout() const override;

  // A file that somebody with a disk must open and answer with on_file; false when there is none.
  bool poll_file_request(FileRequest& out);
  // An answer that nobody waits for any more is let go.
  void on_file(Instant now, FileAnswer answer);

  bool poll_event(TftpEvent& out);
  const TftpCounters& counters() const { return counters_; }

  // Applies to requests from now on and disturbs no transfer: one that has begun keeps its port, so
  // whoever runs the server keeps the ports of ports_in_use open. The request port is the same.
  void set_options(TftpOptions options);
  std::set<std::uint16_t> ports_in_use() const;

  // Every transfer and every waiting request; at most limit of them.
  std::vector<TftpTransferStatus> list_transfers(Instant now, std::size_t limit) const;

  std::uint32_t transfers() const { return admission_.transfers(); }  // the half-open ones too
  std::uint32_t half_open() const { return admission_.half_open(); }
  std::uint32_t waiting() const { return admission_.waiting(); }
  const TftpLimits& limits() const { return options_.limits; }

 private:
  struct Reply {
    Endpoint source;
    Endpoint destination;
    Bytes packet;
  };
  struct SoundRequest {
    std::string_view filename;
    TransferWishes wishes;
    std::uint64_t digest = 0;
  };

  void begin(Instant now);
  bool single_port() const { return options_.transfer_ports.empty(); }
  const TftpInterface* find_interface(std::uint32_t index) const;

  // Packets to the request port.
  void on_request_port(const IncomingDatagram& datagram);
  std::optional<TftpReason> judge_addresses(const IncomingDatagram& datagram) const;
  void on_request(const IncomingDatagram& datagram);
  void refuse(const IncomingDatagram& datagram, TftpReason reason, std::string_view name);
  // The request is one that this server is at work on; otherwise the old transfer is gone.
  bool repeats(const IncomingDatagram& datagram, const SoundRequest& request);
  void admit(const IncomingDatagram& datagram, const SoundRequest& request);
  Result<ResolvedName, FileFault> resolve(std::string_view filename, Ipv4Address client,
                                          const std::optional<MacAddress>& mac,
                                          std::uint32_t interface_index) const;

  // A transfer of single-port mode, which a new configuration may have switched off meanwhile.
  bool has_transfer_on_request_port(const Endpoint& client) const;

  // Packets to a transfer.
  void on_transfer_packet(const IncomingDatagram& datagram);
  void on_stray(const IncomingDatagram& datagram, tftp::Opcode opcode);
  void on_ack(const IncomingDatagram& datagram, TransferSlot slot);
  void on_client_error(const IncomingDatagram& datagram, TransferSlot slot);

  // The life of a transfer.
  void start(TransferSlot slot);
  void promote_waiting();
  void on_deadline(TransferSlot slot);
  void follow(TransferSlot slot);
  void finish(TransferSlot slot);
  enum class Answer { Error, Silence };
  void tell_paths(const Transfer& transfer, TftpFinished& finished) const;
  void fail_transfer(TransferSlot slot, TftpReason reason, Answer answer);
  void tell_failure(TransferSlot slot, TftpReason reason, const tftp::Error* from_client);
  void release(TransferSlot slot);

  void drop(const IncomingDatagram& datagram, TftpReason reason);
  void reply_error(const Endpoint& source, const Endpoint& destination, TftpReason reason,
                   std::string_view name);
  void tell(const Endpoint& client, const Endpoint& local, decltype(TftpEvent::what) what);

  TftpOptions options_;
  Random random_;
  EndpointHash hash_;
  TftpAdmission admission_;
  TransferTable table_;
  RecentTransfers recent_;
  Instant now_{};

  std::deque<Reply> replies_;
  std::deque<std::uint64_t> to_open_;  // ids of transfers
  // Contents whose octets may still wait to be sent.
  std::vector<std::shared_ptr<FileContent>> released_;
  std::deque<TftpEvent> events_;
  TftpCounters counters_;
};

}  // namespace pxeproof::server

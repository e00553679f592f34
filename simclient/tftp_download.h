#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "firmware/tftp_manners.h"
#include "protocol/addresses.h"
#include "simclient/received_file.h"
#include "simclient/retry_timer.h"
#include "simclient/rom_board.h"

namespace pxeproof::rom {

// One file fetched with the manners of one program.
//
//   Opening --OACK or DATA--> Transferring --last block--> Complete
//      |                           |
//      +--ERROR--> ServerError <---+   (where the program heeds it)
//      +--last wait over--> Silent <---+
//      +--a reply it cannot use--> Unusable
class TftpDownload {
 public:
  struct Options {
    std::string name;        // as it stands in the RRQ
    Endpoint server;         // the port is 69 unless a URI says otherwise
    std::uint16_t port = 0;  // ours
    enum class Read { ToEnd, ToKnownSize, SizeOnly };
    Read read = Read::ToEnd;  // ToKnownSize: no further than the size the server names; SizeOnly:
                              // the manners' probe
    ReceivedFile::Options file;
    // Is asked what the file holds once a server sends it; most names that are asked for lead
    // nowhere. nullptr: nothing is known.
    const ExpectedContent* content = nullptr;
  };

  // The manners outlive the download.
  TftpDownload(const firmware::TftpManners& manners, const TickClock& clock, Options options);

  void start(Instant now, RomBoard& board);
  void on_datagram(Instant now, RomBoard& board, const ReceivedDatagram& datagram);
  void on_timeout(Instant now, RomBoard& board);
  std::optional<Instant> poll_timeout() const { return timer_.deadline(); }

  struct Complete {};
  struct ServerError {
    std::uint16_t code = 0;
    std::string text;
  };
  struct Silent {
    enum class During { Opening, Transfer };
    During during = During::Opening;
  };
  struct SizeKnown {};    // the end of a probe
  struct SizeUnknown {};  // a probe was answered without a size
  struct Missing {};      // the server says the file is empty, and for this program that is no file
  struct Unusable {
    enum class What { Options, Data };
    What what = What::Data;
    std::string reason;
  };
  struct Different {  // not what the server's tree holds
    std::uint64_t offset = 0;
  };
  using Ending = std::variant<Complete, ServerError, Silent, SizeKnown, SizeUnknown, Missing,
                              Unusable, Different>;
  const std::optional<Ending>& ending() const { return ending_; }

  const ReceivedFile& file() const { return file_; }
  const std::string& name() const { return options_.name; }
  std::uint16_t port() const { return options_.port; }
  bool asks_for_size_only() const { return options_.read == Options::Read::SizeOnly; }
  Duration duration(Instant now) const { return now - began_; }
  std::uint64_t blocks() const { return first_gap_; }
  std::uint64_t asked_again() const { return asked_again_; }
  std::uint64_t duplicates() const { return duplicates_; }

 private:
  static constexpr std::size_t kBlocksAhead = 4096;  // kept out of order; more are not acknowledged

  const std::vector<tftp::Option>& options() const;
  std::optional<std::uint64_t> asked(std::string_view name) const;
  std::optional<std::string> fault_of(const tftp::Option& option) const;
  void end_probe(Instant now, RomBoard& board);
  void send_request(Instant now, RomBoard& board);
  void begin_transfer();
  void send_ack(Instant now, RomBoard& board);
  void on_oack(Instant now, RomBoard& board, const tftp::Oack& oack);
  void on_data(Instant now, RomBoard& board, const tftp::Data& data);
  void on_error(Instant now, RomBoard& board, const tftp::Error& error);
  void refuse(Instant now, RomBoard& board, Unusable unusable);
  std::optional<std::uint64_t> index_of(std::uint16_t wire_block) const;
  bool take(std::uint64_t index, ByteView payload);
  bool is_complete(std::size_t last_length) const;
  bool closes_early() const;
  void send_error(Instant now, RomBoard& board, std::uint16_t code, std::string_view text);
  void finish(Ending ending);

  const firmware::TftpManners* manners_;
  Options options_;
  RetryTimer timer_;
  ReceivedFile file_;
  Instant began_;
  std::optional<Endpoint> peer_;  // who answered the RRQ
  bool transferring_ = false;
  std::uint16_t block_size_ = 512;
  std::uint64_t window_ = 1;                 // blocks the server sends at once
  std::uint64_t unacknowledged_ = 0;         // blocks in order since the last ACK
  std::uint64_t known_size_ = 0;             // the file has at least so many octets
  std::uint64_t first_gap_ = 0;              // blocks received in order
  std::optional<std::uint64_t> named_size_;  // octets, as the server's OACK names them
  std::set<std::uint64_t> ahead_;            // indices of blocks received beyond the gap
  std::uint64_t asked_again_ = 0;
  std::uint64_t duplicates_ = 0;
  std::optional<Ending> ending_;
};

}  // namespace pxeproof::rom

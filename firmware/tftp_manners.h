#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firmware/retry_rule.h"
#include "protocol/result.h"
#include "protocol/tftp/packet.h"

namespace pxeproof::firmware {

// A request for nothing but the size of a file, before the file itself.
struct SizeProbe {
  std::vector<tftp::Option> options;  // of its RRQ, in wire order
  std::uint16_t abort_code = 8;       // the ERROR that ends it once the size is known
  std::string abort_text;
  std::uint16_t no_size_code = 4;  // the ERROR for an answer without a size
  std::string no_size_text;
  bool needs_size = true;  // without one there is no second request
  bool error_ends = true;  // an ERROR of the server is the end; else the file is asked for anyway
  unsigned tries = 0;      // sends before the file is asked for all the same; 0: by the retry rule

  friend bool operator==(const SizeProbe&, const SizeProbe&) = default;
};

// How a program's TFTP client behaves: the ROM's own, and that of each second stage. Every quirk is
// a value here; the machine (simclient/tftp_download) knows no program by name.
struct TftpManners {
  std::vector<tftp::Option> options;  // of the RRQ, in wire order
  std::optional<SizeProbe> probe;     // nullopt: the file is asked for at once

  // Sequential: first_port, and one more for every file. RandomThenSequential: the same from a
  // port that is drawn once per machine. Milliseconds: the machine's timer, modulo the range.
  enum class Ports { Random, Sequential, RandomThenSequential, Milliseconds };
  Ports ports = Ports::Random;
  std::uint16_t first_port = 1024;  // of the range of source ports
  std::uint16_t last_port = 65535;

  bool port_per_try = false;  // each repetition of the RRQ comes from the next port

  RetryRule retry;  // of the RRQ, and of the last ACK while DATA is missing

  // Whom the first reply may come from, and all later ones.
  enum class FirstReply { AnySource, ServerAddress };
  enum class LaterReplies { SameEndpoint, AnySource };
  FirstReply first_reply = FirstReply::ServerAddress;
  LaterReplies later_replies = LaterReplies::SameEndpoint;

  // An OACK with an option that was not asked for, a value that is no number, or a block size out
  // of range: refused with refusal_code and refusal_text, or the odd option is passed over.
  // RefuseKnown: an option of the RFCs that was not asked for, or a value raised above what was
  // asked, is refused; a name nobody knows is passed over. RefuseRaised: only the raised value is.
  enum class OddOack { Refuse, PassOver, RefuseKnown, RefuseRaised };
  OddOack odd_oack = OddOack::Refuse;
  std::uint16_t minimum_block_size = 8;
  std::uint16_t maximum_block_size = 65464;
  bool unasked_timeout_counts = false;  // an OACK's timeout that was not asked for sets the waits
  std::uint16_t refusal_code = 8;
  std::string refusal_text;

  // An OACK that comes again when the transfer runs: answered with the last ACK, or passed over.
  enum class LateOack { Acknowledge, PassOver };
  LateOack late_oack = LateOack::Acknowledge;

  // A first reply that is neither OACK, DATA nor ERROR.
  enum class OddReply { Refuse, PassOver };
  OddReply odd_reply = OddReply::PassOver;

  // DATA that is not the next block: kept for later, or dropped. Either way the last block in
  // order is acknowledged again.
  enum class OutOfOrder { Keep, Drop };
  OutOfOrder out_of_order = OutOfOrder::Drop;
  enum class WrongBlock { RestartsTimer, LeavesTimer };
  WrongBlock wrong_block = WrongBlock::LeavesTimer;

  // DATA longer than the block size: the end of the transfer, or cut.
  enum class OverlongData { Fail, Cut };
  OverlongData overlong_data = OverlongData::Fail;

  // When the file is complete: with its first short block, or when every block of the size the
  // server named has come (a short block in the middle ends nothing).
  enum class End { ShortBlock, AllBlocks };
  End end = End::ShortBlock;

  // A file whose size is known and that is read no further than that, as a loader reads a kernel:
  // fetched to its end all the same, or closed with ERROR 0 and close_text in place of the last
  // ACK. It makes a difference where the last block is full.
  enum class ReadToSize { FetchesToEnd, ClosesEarly };
  ReadToSize read_to_size = ReadToSize::FetchesToEnd;
  std::string close_text;

  enum class ErrorInTransfer { Abort, PassOver };
  ErrorInTransfer error_in_transfer = ErrorInTransfer::Abort;

  // A file whose size the OACK gives as 0.
  enum class EmptyFile { Fetch, CountsAsMissing };
  EmptyFile empty_file = EmptyFile::Fetch;

  // What stays on the screen when the server falls silent in the middle of a file and the program
  // cannot go on; empty: the fetch fails like any other.
  std::string stall_words;

  friend bool operator==(const TftpManners&, const TftpManners&) = default;
};

}  // namespace pxeproof::firmware

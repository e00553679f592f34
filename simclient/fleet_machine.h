#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/cable.h"
#include "protocol/time.h"
#include "simclient/fleet_tally.h"
#include "simclient/rom.h"

namespace pxeproof::rom {

// File names of a fleet, each kept once.
class FleetNames {
 public:
  std::uint32_t number(const std::string& name);
  const std::string& text(std::uint32_t number) const { return names_[number]; }

 private:
  static constexpr std::size_t kLimit = 65536;  // further names share the last number
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

// One step of a boot, as small as it can be kept.
struct FleetNote {
  enum class Kind : std::uint8_t {
    Discover,
    Offer,
    ProxyOffer,
    Request,
    Address,
    ProxyRequest,
    ProxyAnswer,
    ProxySilent,
    Menu,
    ItemRequest,
    ItemAnswer,
    FileBegun,
    FileAnswered,
    FileDone,
    FileMissing,
    FileFailed,
    Booted,
    Failed,
  };
  Instant at;
  Kind kind = Kind::Discover;
  std::uint32_t value = 0;  // an address, a file's number, or the number of a send
};
LadderStep ladder_step(const FleetNote& note, Instant planned, const FleetNames& names);

// A frame of a boot that may turn out to fail.
struct RecordedFrame {
  Instant at;
  std::uint32_t original_size = 0;  // octets on the wire
  Bytes octets;                     // less of a TFTP DATA
};

// One machine of a fleet while it is on: its ROM, and what is timed and counted of its boot.
class FleetMachine {
 public:
  FleetMachine(RomOptions options, Instant planned, std::size_t kind);

  Rom& rom() { return rom_; }
  const Rom& rom() const { return rom_; }
  Instant planned() const { return planned_; }

  // Takes the ROM's events into the tally.
  void observe(FleetTally& tally, FleetNames& names);
  // A question as the ROM sent it.
  void on_asked(FleetTally& tally, Exchange exchange, ByteView frame);
  // A read request is not answered yet.
  bool awaits_file() const { return transfer_ == Transfer::Unanswered; }
  // It is now, by an OACK or, where the server knows no options, by the first block, of which the
  // ROM tells nothing.
  void on_file_answered(Instant now, FleetTally& tally);
  // Something that came to this port of the machine came for a transfer under way.
  bool fetches_at(std::uint16_t port) const {
    return transfer_ != Transfer::None && port == last_file_port_;
  }
  // A question left the machine and its cable; an answer came that it could go on with.
  void on_sent(Instant now, Exchange exchange);
  void on_answered(Instant now);
  // The wait that the machine is in, or the longest that it was in. Times count from the start.
  std::optional<FleetWait> wait_now(Instant now, Instant start) const;
  std::optional<FleetWait> longest_wait(Instant start) const;
  // It takes OFFERs: it has not chosen one since its last DISCOVER.
  bool collects_offers() const { return collects_offers_; }
  // Counts the machine out of those under way.
  void leave(Instant now, FleetTally& tally);
  // The run ends before the machine does: what it still waits for counts.
  void cut_short(Instant now, FleetTally& tally) const;

  std::size_t kind() const { return kind_; }
  Phase busy_with() const { return busy_with_; }
  const std::optional<Ipv4Address>& address() const { return address_; }
  // Whether the address is new since the last call.
  bool take_new_address() { return std::exchange(address_is_new_, false); }
  // Answers that the ROM ignored since the last call.
  std::uint32_t take_ignored() { return std::exchange(ignored_, 0); }
  const std::vector<FleetNote>& notes() const { return notes_; }

  // The machine's cable, where it is not perfect.
  struct Cables {
    std::optional<Cable> sent{};
    std::optional<Cable> received{};
  };
  std::unique_ptr<Cables> cables{};
  Instant unblocked;  // before that the switch port forwards nothing

  struct Recording {
    std::vector<RecordedFrame> frames;
    std::size_t octets = 0;
    bool is_cut = false;  // there was no room for all of it
  };
  Recording& recording() { return recording_; }

 private:
  struct Observer;
  struct Wait {
    Instant from;
    Instant to;
    Instant last_asked;
    Exchange exchange = Exchange::Discover;
  };
  static constexpr std::size_t kNotes = 160;

  void mark(FleetTally& tally, Span span, Instant from, Instant at);
  void enter(FleetTally& tally, Phase phase);
  void note(Instant at, FleetNote::Kind kind, std::uint32_t value);
  void on_answer(Instant now, FleetTally& tally);
  void close_transfer(Instant now, FleetTally& tally);
  static FleetWait since(Instant start, const Wait& wait);

  // What every frame needs comes first, and so lies together in memory.
  Instant planned_;
  std::uint32_t ignored_ = 0;
  std::uint32_t last_ack_ = 0;        // port and block of the last ACK, to tell repetitions
  std::uint32_t last_file_port_ = 0;  // of the last RRQ
  Phase busy_with_ = Phase::Offer;
  bool address_is_new_ = false;
  bool collects_offers_ = true;
  bool waits_ = false;
  Wait wait_;  // while it waits
  Rom rom_;

  Wait longest_;
  std::size_t kind_;
  std::array<bool, kSpans> marked_{};
  std::optional<Ipv4Address> address_;
  std::optional<Instant> item_asked_;
  std::optional<Instant> first_request_;
  std::optional<Instant> nbp_whole_;
  std::optional<Instant> config_whole_;
  std::optional<std::uint64_t> named_size_;  // of the file that is loaded, as its server names it
  enum class Transfer : std::uint8_t { None, Unanswered, Open };
  Transfer transfer_ = Transfer::None;
  Instant transfer_begun_;
  std::vector<FleetNote> notes_;
  Recording recording_;
};

}  // namespace pxeproof::rom

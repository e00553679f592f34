#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/dialogue.h"
#include "protocol/addresses.h"
#include "protocol/bytes.h"
#include "protocol/time.h"

namespace pxeproof::conformance {

// How much a difference matters to a client.
enum class Rank {
  Semantic,  // it may boot something else, or not at all
  Timing,    // the same, much later
  Cosmetic,  // no known client cares
};
std::string_view to_string(Rank rank);

// One field in which a live answer is not the recorded one.
struct Difference {
  std::string field{};  // "siaddr", "option 43.6", "blksize"
  std::string recorded{};
  std::string live{};
  Rank rank = Rank::Semantic;
  std::string documented{};  // the id of docs/differences-from-dnsmasq.md; empty: of none
};

// Which recorded addresses are which live ones. What is not in it stays as it is.
struct AddressMap {
  struct Pair {
    Ipv4Address recorded{};
    Ipv4Address live{};
  };
  std::vector<Pair> pairs{};
  Ipv4Address to_live(Ipv4Address recorded) const;
};

// Whose answers are compared: the listed differences hold between stock dnsmasq's recording and our
// server only.
enum class Comparison { SameServer, DnsmasqWithOurs, Foreign };

// A live answer to a DHCP message.
struct LiveAnswer {
  Duration after{};
  Endpoint source{};
  Endpoint destination{};
  bool link_broadcast = false;
  Bytes payload{};
};

// A live read, by a client that behaves as the recorded one.
struct LiveRead {
  RecordedRead::Ending ending = RecordedRead::Ending::Unanswered;
  std::optional<tftp::Oack> oack{};
  std::optional<tftp::Error> refusal{};
  std::uint64_t octets = 0;
  Duration first_answer_after{};
};

// What the answers to one question differ in. The question is the recorded one.
std::vector<Difference> compare_answers(const RecordedQuestion& question,
                                        const std::vector<RecordedAnswer>& recorded,
                                        const std::vector<LiveAnswer>& live,
                                        const AddressMap& addresses, Comparison comparison);
std::vector<Difference> compare_reads(const RecordedRead& recorded, const LiveRead& live,
                                      Comparison comparison);

// "OFFER: file "pxelinux.0", next server ...": a few words for a report.
std::string answer_words(ByteView dhcp_message);
std::string ending_words(RecordedRead::Ending ending, std::uint64_t octets,
                         const std::optional<tftp::Error>& refusal);

}  // namespace pxeproof::conformance

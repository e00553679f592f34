#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/time.h"
#include "trace/steps.h"

namespace pxeproof::trace {

// Tells steps as lines for people: time, packet, what it means. Runs of files that were looked for
// and not found, such as a configuration search, become one line. At most 100 columns, unless a
// name is longer.
class StoryText {
 public:
  // Times are printed as seconds since start.
  explicit StoryText(Instant start) : start_(start) {}

  // The lines that a step completes. The remark, such as "same as in the tree", goes behind a
  // file's line.
  std::vector<std::string> on_step(const Step& step, std::string_view remark = {});

  // Lines that were held back.
  std::vector<std::string> finish();

 private:
  std::string line(Instant at, std::string_view label, std::string_view text) const;
  std::string tell_transfer(const Step& step, const TransferStep& transfer,
                            std::string_view remark) const;
  std::vector<std::string> flush_misses();

  Instant start_;
  std::vector<Step> misses_;
};

// What a DHCP message means, in one line without time and label.
std::string describe(const DhcpStep& step);

// The same for what else happens in a boot.
std::string describe(const TransferStep& step);  // without the file's name
std::string_view to_string(HttpStep::Connection connection);
std::string describe(const HttpStep& step);
std::string describe(const IcmpStep& step);
std::string describe(const ArpStep& step);

// The label of a DHCP message: "DISCOVER", "OFFER", ... or "BOOTP".
std::string label_of(const DhcpStep& step);

// 144312 -> "144,312".
std::string with_thousands(std::uint64_t number);

// A duration in the unit that suits it: "0.4 ms", "12 ms", "3.05 s".
std::string describe_duration(Duration duration);

// "once", "3 times"; "1 block", "3 blocks".
std::string in_times(std::uint64_t count);
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace pxeproof::trace

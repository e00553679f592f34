#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/boot.h"
#include "trace/volatile_text.h"

namespace pxeproof::trace {

// One value of a step, as two boots are compared by it.
struct ComparedField {
  std::string key;                // what rules and --ignore name it by
  std::string label;              // for people: "43.10 menu-prompt"
  std::string value;              // printable
  std::optional<Volatile> whole;  // the value is nothing but a name of this kind
};

// A step of a boot laid out for comparison; what was only repeated counts as one.
struct ComparedStep {
  enum class Side { Client, Server, File, Network };
  Side side = Side::Client;
  std::string kind;      // "OFFER proxy", "file"; steps of different kinds never belong together
  std::string detail;    // tells steps of one kind apart: the stage, the file's shape
  std::string title;     // for people: "OFFER proxy", "file grubx64.efi"
  bool is_miss = false;  // a file that was not there
  bool is_boot_file = false;  // the file that an answer named
  bool is_benign = false;     // comes and goes without changing what is booted
  std::size_t step = 0;       // index into Boot::steps
  std::uint32_t packet = 0;
  unsigned times = 1;
  std::optional<Duration> pause;  // before the client spoke
  std::optional<Duration> took;   // until the answer came, or the file was there
  std::vector<ComparedField> fields;

  bool is_dhcp() const { return side == Side::Client || side == Side::Server; }

  // What the capture's snap length may have left out: that a field is not there says nothing then.
  struct Cut {
    bool message = false;  // the end of a DHCP message
    bool name = false;     // the end of a file's name, which goes on where "..." stands
    bool request = false;  // the end of a read request
    bool oack = false;
    bool error = false;
    bool content = false;  // of an HTTP answer: how much of it came
  } cut;
};

// Whether a cut of one step leaves open what stood there under a key that the other step has.
bool hides(const ComparedStep& step, const ComparedStep& other, std::string_view key);

// Whether two steps of different kinds may be of one, but for what was cut off.
bool may_be_of_one_kind(const ComparedStep& one, const ComparedStep& other);

// Whether two file names may be one, but for what was cut off.
bool may_be_one_name(const ComparedStep& one, const ComparedStep& other);

// One step of a boot laid out, without what comes from those around it. The own address is the
// client's.
ComparedStep lay_out(const Step& step, Ipv4Address own_address);

// Beyond kMaximumComparedSteps the rest of a boot is left out.
inline constexpr std::size_t kMaximumComparedSteps = 2000;
std::vector<ComparedStep> compared_steps(const Boot& boot);

}  // namespace pxeproof::trace

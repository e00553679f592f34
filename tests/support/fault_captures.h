#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/capture_script.h"

namespace pxeproof::testing {

// A capture that shows one fault, or none, and the rule that must name it.
struct FaultCapture {
  std::string name{};       // "r07-answer-without-file"
  std::string_view rule{};  // "R07"; empty: a healthy boot
  CaptureScript script{};
  Duration silence = std::chrono::seconds(60);  // captured behind the last packet
  std::vector<std::string_view> also{};         // other fault rules that are true of it
};

inline void PrintTo(const FaultCapture& capture, std::ostream* out) { *out << capture.name; }

// One for each rule that finds a fault or slowness; some have several.
std::vector<FaultCapture> fault_captures();

// Boots that work, of all makes and by all ways.
std::vector<FaultCapture> healthy_captures();

}  // namespace pxeproof::testing

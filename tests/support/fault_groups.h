#pragma once

#include <vector>

#include "tests/support/fault_captures.h"

namespace pxeproof::testing {

// The groups of fault_captures().
void add_offer_captures(std::vector<FaultCapture>& list);
void add_boot_server_captures(std::vector<FaultCapture>& list);
void add_address_captures(std::vector<FaultCapture>& list);
void add_transfer_captures(std::vector<FaultCapture>& list);
void add_file_captures(std::vector<FaultCapture>& list);
void add_program_captures(std::vector<FaultCapture>& list);
void add_slow_captures(std::vector<FaultCapture>& list);
void add_field_captures(std::vector<FaultCapture>& list);
void add_rival_captures(std::vector<FaultCapture>& list);

}  // namespace pxeproof::testing

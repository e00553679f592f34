#pragma once

#include <string>
#include <vector>

#include "conformance/case.h"
#include "conformance/setting.h"

namespace pxeproof::conformance {

// The cases that share one instance of a target: one configuration, one group.
struct Instance {
  std::string name{};  // "TFTP", "OFFER+ipxe", "CONC-05"
  std::string variant{};
  std::vector<const Case*> cases{};
  std::vector<const Case*> after{};  // when the others are over
};

// Cases of one configuration and group together; those that restart, flood or load on their own.
std::vector<Instance> plan_instances(const std::vector<const Case*>& cases);

// Why a case cannot be tried in this setting; empty: it can.
std::string why_skipped(const Case& subject, const Setting& setting);

}  // namespace pxeproof::conformance

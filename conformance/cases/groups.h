#pragma once

#include <vector>

#include "conformance/case.h"

namespace pxeproof::conformance {

// The cases by section of the specification, one file each; the OFFER has two.
std::vector<Case> offer_cases();
std::vector<Case> offer_choice_cases();
std::vector<Case> boot_cases();
std::vector<Case> echo_cases();
std::vector<Case> ctrl_cases();
std::vector<Case> quiet_cases();
std::vector<Case> relay_cases();
std::vector<Case> mal_cases();
std::vector<Case> tftp_cases();
std::vector<Case> topt_cases();
std::vector<Case> twin_cases();
std::vector<Case> tloss_cases();
std::vector<Case> terr_cases();
std::vector<Case> tsec_cases();
std::vector<Case> tbig_cases();
std::vector<Case> conc_cases();

}  // namespace pxeproof::conformance

#include "cli/mutant.h"

namespace pxeproof::cli {

const std::vector<Mutant>& mutants() {
  static const std::vector<Mutant> all = [] {
    std::vector<Mutant> list;
    for (const auto make : {dhcp_mutants, field_mutants, pxe_mutants, tftp_mutants,
                            transfer_mutants, ending_mutants, file_mutants}) {
      const std::vector<Mutant> more = make();
      list.insert(list.end(), more.begin(), more.end());
    }
    return list;
  }();
  return all;
}

const Mutant* find_mutant(std::string_view name) {
  for (const Mutant& each : mutants()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace pxeproof::cli

#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/datagram_service.h"
#include "server/boot_service.h"
#include "server/configuration.h"
#include "server/policy.h"
#include "server/tftp_options.h"

namespace pxeproof::cli {

// One way in which a server can be wrong: our own server with a changed policy, or behind something
// that changes what it hears and says. The server itself knows nothing of it.
struct Mutant {
  std::string_view name{};
  std::string_view what{};                    // one sentence
  std::vector<std::string_view> killed_by{};  // cases that must notice
  bool ends_process = false;                  // crashes, and takes along who runs it in-process
  void (*policy)(server::Policy&) = nullptr;
  void (*tftp)(server::TftpOptions&) = nullptr;
  // The service inside belongs to the caller and outlives what this makes.
  std::unique_ptr<DatagramService> (*wrap)(DatagramService&,
                                           const server::Configuration&) = nullptr;
  std::unique_ptr<server::FileOpener> (*wrap_files)(server::FileOpener&) = nullptr;
};

// All of them, DHCP first. A case of the suite that kills none proves nothing.
const std::vector<Mutant>& mutants();
const Mutant* find_mutant(std::string_view name);

std::vector<Mutant> dhcp_mutants();
std::vector<Mutant> field_mutants();
std::vector<Mutant> pxe_mutants();
std::vector<Mutant> tftp_mutants();
std::vector<Mutant> transfer_mutants();
std::vector<Mutant> ending_mutants();
std::vector<Mutant> file_mutants();

}  // namespace pxeproof::cli

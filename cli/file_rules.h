#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "cli/failure.h"
#include "live/confinement.h"
#include "protocol/file_service.h"
#include "server/configuration.h"

namespace pxeproof::cli {

// By what a server judges the files below its root before it sends them.
struct FileRules {
  std::optional<live::UserIdentity> reader{};  // whose rights it reads with; nullopt: its own
  bool require_world_readable = false;         // dnsmasq's rule for root
  bool require_own_file = false;               // tftp-secure
  bool lowercase = false;                      // tftp-lowercase
};
Outcome<FileRules> file_rules(const server::Configuration& configuration);

// tftp-secure: files belong to whom dnsmasq would serve them as, which is nobody when root starts
// it and no user is named.
uid_t owner_of_served_files(const std::optional<live::UserIdentity>& reader);

// Why a file is not sent, and what to do that it is.
struct Refusal {
  std::string what;
  std::string remedy;
};

// What the server says when a client asks for the name of a file below the root; nullopt: it sends
// it.
std::optional<Refusal> refusal_of(const std::string& root, const std::string& name,
                                  const FileRules& rules);

}  // namespace pxeproof::cli

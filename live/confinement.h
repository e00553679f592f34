#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "live/system_error.h"

namespace pxeproof::live {

// Whom a process becomes.
struct UserIdentity {
  std::string name;
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;  // supplementary ones
};

// Looks a user up, and the group that shall be its own where one is named.
SystemResult<UserIdentity> find_user(const std::string& user, const std::string& group);

// Takes that user's place, groups first; there is no way back.
SystemResult<void> become(const UserIdentity& user);

// What became of each layer: of those that this kernel or this namespace does not have, the reason.
struct ConfinementReport {
  std::vector<std::string> applied;
  std::vector<std::string> missing;
};
std::string to_string(const ConfinementReport& report);

// Gives up everything that a process with open sockets and files needs no more: its user (where
// another is named), all capabilities, the right to gain any, the file system (Landlock), new TCP
// connections, and every system call that handling packets does not take (seccomp; a forbidden
// one fails with EPERM). There is no way back.
//
// A layer that cannot be had is reported and left out; dropping what is there never fails silently.
struct ConfinementOptions {
  std::optional<UserIdentity> user{};  // nullopt: stays who it is
};
ConfinementReport confine(const ConfinementOptions& options);

// The same for a process that is to listen for HTTP on this TCP port, before its threads start:
// they inherit it. For a low port it keeps the capability to bind one.
ConfinementReport confine_listener(std::uint16_t port);

// What the process that keeps the rights still gives up: capabilities other than binding ports, raw
// sockets, reading files and acting as another user; and the right to gain any.
ConfinementReport keep_serving_rights_only();

// Opens files as another user while it lives: the kernel's permissions are then that user's. Does
// nothing without a user.
class ActingAs {
 public:
  explicit ActingAs(const std::optional<UserIdentity>& user);
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;
  ~ActingAs();

 private:
  bool is_changed_ = false;
};

}  // namespace pxeproof::live

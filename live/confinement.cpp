#include "live/confinement.h"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "live/landlock.h"
#include "live/system_call_filter.h"

namespace pxeproof::live {
namespace {

constexpr int kMaximumGroups = 256;
constexpr std::uint16_t kFirstFreePort = 1024;

using Capabilities = std::unique_ptr<_cap_struct, int (*)(void*)>;

void note(ConfinementReport& report, const std::string& layer, const SystemResult<void>& result) {
  if (result) {
    report.applied.push_back(layer);
  } else {
    report.missing.push_back(result.error().message);
  }
}

// What the process could ever gain again. It takes a capability to change it, and without that one
// no_new_privs has to do.
void limit_capabilities(const std::vector<cap_value_t>& kept) {
  for (cap_value_t each = 0; cap_get_bound(each) >= 0; ++each) {
    const bool is_kept = std::find(kept.begin(), kept.end(), each) != kept.end();
    if (!is_kept) cap_drop_bound(each);
  }
}

SystemResult<void> set_capabilities(const std::vector<cap_value_t>& kept) {
  const Capabilities held(cap_get_proc(), cap_free);
  const Capabilities wanted(cap_init(), cap_free);
  if (!held || !wanted) return fail(last_error("capabilities stay"));
  for (const cap_value_t each : kept) {
    cap_flag_value_t is_held = CAP_CLEAR;
    if (cap_get_flag(held.get(), each, CAP_PERMITTED, &is_held) != 0 || is_held == CAP_CLEAR) {
      continue;
    }
    cap_set_flag(wanted.get(), CAP_PERMITTED, 1, &each, CAP_SET);
    cap_set_flag(wanted.get(), CAP_EFFECTIVE, 1, &each, CAP_SET);
  }
  if (cap_set_proc(wanted.get()) != 0) return fail(last_error("capabilities stay"));
  return {};
}

SystemResult<void> forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail(last_error("no_new_privs"));
  return {};
}

}  // namespace

// Inside a user namespace other users often are not mapped, or setgroups is denied.
SystemResult<void> become(const UserIdentity& user) {
  if (setgroups(user.groups.size(), user.groups.data()) != 0 && getgroups(0, nullptr) > 0) {
    return fail(last_error("groups stay"));
  }
  if (setresgid(user.group, user.group, user.group) != 0) {
    return fail(last_error("group stays " + std::to_string(getegid())));
  }
  if (setresuid(user.user, user.user, user.user) != 0) {
    return fail(last_error("user stays " + std::to_string(geteuid())));
  }
  return {};
}

SystemResult<UserIdentity> find_user(const std::string& user, const std::string& group) {
  UserIdentity identity{.name = user, .user = 0, .group = 0, .groups = {}};
  errno = 0;
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    return fail(error_of(errno == 0 ? ENOENT : errno, "user " + user,
                         "name a user that exists here, or make it"));
  }
  identity.user = entry->pw_uid;
  identity.group = entry->pw_gid;
  if (!group.empty()) {
    const struct group* found = getgrnam(group.c_str());
    if (found == nullptr) {
      return fail(error_of(errno == 0 ? ENOENT : errno, "group " + group,
                           "name a group that exists here, or make it"));
    }
    identity.group = found->gr_gid;
  }
  std::array<gid_t, kMaximumGroups> groups{};
  int count = kMaximumGroups;
  if (getgrouplist(user.c_str(), identity.group, groups.data(), &count) >= 0) {
    identity.groups.assign(groups.begin(), groups.begin() + count);
  }
  return identity;
}

std::string to_string(const ConfinementReport& report) {
  std::string text;
  for (const std::string& each : report.applied) text += (text.empty() ? "" : ", ") + each;
  if (text.empty()) text = "nothing";
  for (const std::string& each : report.missing) text += "; not: " + each;
  return text;
}

ConfinementReport confine(const ConfinementOptions& options) {
  ConfinementReport report;
  limit_capabilities({});
  if (options.user && geteuid() == 0) {
    note(report, "user " + options.user->name, become(*options.user));
  }
  note(report, "no capabilities", set_capabilities({}));
  note(report, "no_new_privs", forbid_new_privileges());
  note(report, "Landlock: no files", forbid_all_files());
  note(report, "seccomp", forbid_other_system_calls(Needs::Datagrams));
  return report;
}

ConfinementReport confine_listener(std::uint16_t port) {
  ConfinementReport report;
  std::vector<cap_value_t> kept;
  if (port < kFirstFreePort) kept.push_back(CAP_NET_BIND_SERVICE);
  limit_capabilities(kept);
  if (geteuid() == 0) {
    prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);  // else they go with the user
    if (const auto nobody = find_user("nobody", "")) note(report, "user nobody", become(*nobody));
  }
  note(report, "few capabilities", set_capabilities(kept));
  note(report, "no_new_privs", forbid_new_privileges());
  note(report, "Landlock: no files", forbid_all_files(port));
  note(report, "seccomp", forbid_other_system_calls(Needs::TcpServer));
  return report;
}

ConfinementReport keep_serving_rights_only() {
  ConfinementReport report;
  const std::vector<cap_value_t> kept = {CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_DAC_READ_SEARCH,
                                         CAP_SETUID, CAP_SETGID};
  limit_capabilities(kept);
  note(report, "few capabilities", set_capabilities(kept));
  note(report, "no_new_privs", forbid_new_privileges());
  return report;
}

ActingAs::ActingAs(const std::optional<UserIdentity>& user) {
  if (!user || geteuid() != 0) return;
  is_changed_ = true;
  setfsgid(user->group);
  setfsuid(user->user);
}

ActingAs::~ActingAs() {
  if (!is_changed_) return;
  setfsuid(geteuid());
  setfsgid(getegid());
}

}  // namespace pxeproof::live

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "trace/boot_session.h"

namespace pxeproof::trace {

// A boot and its rounds as those who judge it look at them. Both must outlive it.
class BootView {
 public:
  BootView(const Boot& boot, const std::vector<BootSession>& sessions)
      : boot_(boot), sessions_(sessions) {}

  const Boot& boot() const { return boot_; }
  const std::vector<BootSession>& sessions() const { return sessions_; }

  // Stalled when the client waited long or asked often; else the capture may end too early to say.
  BootVerdict::Kind stuck(Instant since, std::size_t tries) const;
  // The machine did something else after the round that decides.
  bool went_on() const;
  // It did not go on: it was silent for long, or began anew.
  bool is_quiet() const;
  // What a silence after an answer means.
  BootVerdict::Kind when_silent() const;
  // A system asks for an address of its own, after files came.
  bool system_spoke() const;
  bool system_follows() const;

 private:
  const Boot& boot_;
  const std::vector<BootSession>& sessions_;
};

// A client that asked so often, or waited so long, is stuck; less, and the capture may just end.
inline constexpr std::size_t kTriesOfTheStuck = 2;
inline constexpr Duration kWaitOfTheStuck = std::chrono::seconds(5);

BootVerdict verdict(BootVerdict::Kind kind, RomState state, std::string text,
                    std::vector<std::uint32_t> packets);
std::string quoted(std::string_view name);
// A file that came whole for a machine that this is not.
std::string for_another_machine(std::string_view name, const FileHead& head);

// What the round shows that decides how a boot ended.
BootVerdict judge_dhcp(const BootView& view, const BootSession& session);
// nullptr: the last thing that it fetched came by TFTP.
const SeenHttp* last_http(const BootSession& session);
BootVerdict judge_http(const BootView& view, const BootSession& session, const SeenHttp& last);
// The round must have transfers.
BootVerdict judge_files(const BootView& view, const BootSession& session);
BootVerdict judge_transfer(const BootView& view, const BootSession& session,
                           const SeenTransfer& last);

}  // namespace pxeproof::trace

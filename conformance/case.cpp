#include "conformance/case.h"

namespace pxeproof::conformance {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Must:
      return "MUST";
    case Level::Safe:
      return "SAFE";
    case Level::Should:
      return "SHOULD";
    case Level::May:
      return "MAY";
    case Level::Quirk:
      return "QUIRK";
    case Level::Info:
      return "INFO";
  }
  return {};
}

std::string_view to_string(Need need) {
  switch (need) {
    case Need::Dhcp:
      return "dhcp";
    case Need::BootServer:
      return "boot-server";
    case Need::Tftp:
      return "tftp";
    case Need::WindowSize:
      return "tftp.windowsize";
    case Need::TimeoutOption:
      return "tftp.timeout";
    case Need::TransferSize:
      return "tftp.tsize";
    case Need::BlockSize:
      return "tftp.blksize";
    case Need::LocalFiles:
      return "local-files";
    case Need::Restart:
      return "restart";
    case Need::SecondAddress:
      return "second-address";
    case Need::Log:
      return "log";
    case Need::Superuser:
      return "superuser";
  }
  return {};
}

std::optional<Need> claim_named(std::string_view name) {
  for (const Need need : {Need::Dhcp, Need::BootServer, Need::Tftp, Need::WindowSize,
                          Need::TimeoutOption, Need::TransferSize, Need::BlockSize}) {
    if (to_string(need) == name) return need;
  }
  return std::nullopt;
}

std::string describe_answers(const Case& subject) {
  std::string right;
  std::string loose;
  for (const std::string_view answer : subject.answers) {
    const bool is_loose = answer.starts_with('~');
    std::string& list = is_loose ? loose : right;
    if (!list.empty()) list += " | ";
    list += answer.substr(is_loose ? 1 : 0);
  }
  if (loose.empty()) return right;
  return right + "   ~ " + loose;
}

}  // namespace pxeproof::conformance

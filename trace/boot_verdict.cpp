#include "trace/boot_session.h"
#include "trace/session_signs.h"
#include "trace/verdict/boot_view.h"

namespace pxeproof::trace {

namespace {

using Kind = BootVerdict::Kind;

const char* half_of_it(const BootView& view) {
  switch (captured_sides(view.sessions())) {
    case CapturedSides::Both:
      return nullptr;
    case CapturedSides::WithoutTransfers:
      return "it went on from file to file, so answers came: the capture lacks the transfers, as "
             "one filtered by port 69 does";
    case CapturedSides::ClientOnly:
      return "only its own packets were captured, none of the answers that it took";
    case CapturedSides::ServersOnly:
      return "only answers to it were captured, none of its own packets";
  }
  return nullptr;
}

BootVerdict judge_session(const BootView& view, const BootSession& session) {
  if (const SeenHttp* refused = refused_payload(session))
    return judge_http(view, session, *refused);
  if (const SeenTransfer* failed = failed_payload(session)) {
    return judge_transfer(view, session, *failed);
  }
  if (const SeenHttp* last = last_http(session)) return judge_http(view, session, *last);
  if (!session.transfers.empty()) return judge_files(view, session);
  return judge_dhcp(view, session);
}

BootVerdict judge(const BootView& view) {
  const BootSession* session = deciding_session(view.sessions());
  if (session == nullptr)
    return verdict(Kind::Unfinished, RomState::WaitsForOffer, "no packets", {});
  BootVerdict judged = judge_session(view, *session);
  // Half a dialogue does not show how it ended; the system that follows it does.
  if (judged.kind == Kind::Booted) return judged;
  if (const char* text = half_of_it(view); text != nullptr) {
    judged.kind = Kind::Unfinished;
    judged.text = text;
    judged.refused_by.reset();
  }
  return judged;
}

}  // namespace

std::string_view to_string(RomState state) {
  switch (state) {
    case RomState::WaitsForOffer:
      return "waits for an offer";
    case RomState::WaitsForAck:
      return "waits for its address";
    case RomState::HasAddress:
      return "has an address and no file";
    case RomState::WaitsForBootServer:
      return "waits for the boot server";
    case RomState::FetchesNbp:
      return "fetches its first file";
    case RomState::RunsNbp:
      return "has its first file";
    case RomState::SearchesConfig:
      return "looks for its configuration";
    case RomState::FetchesPayload:
      return "fetches what its configuration names";
    case RomState::FetchesByHttp:
      return "fetches by HTTP";
    case RomState::RunsPayload:
      return "has all it asked for";
    case RomState::LocalBoot:
      return "boots locally, or shows a menu";
  }
  return {};
}

std::string_view to_string(BootVerdict::Kind kind) {
  switch (kind) {
    case Kind::Booted:
      return "BOOTED";
    case Kind::Stalled:
      return "STALLED";
    case Kind::Refused:
      return "REFUSED";
    case Kind::Unfinished:
      return "UNFINISHED";
  }
  return {};
}

BootVerdict judge_boot(const Boot& boot) {
  const std::vector<BootSession> sessions = split_sessions(boot);
  return judge(BootView(boot, sessions));
}

}  // namespace pxeproof::trace

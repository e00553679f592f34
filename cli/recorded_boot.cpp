#include "cli/recorded_boot.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/message.h"
#include "protocol/frames/inspect.h"
#include "protocol/tftp/packet.h"
#include "trace/capture_reader.h"
#include "trace/frame_filter.h"
#include "trace/pcapng_writer.h"

namespace pxeproof::cli {

namespace {

// The machine that sends a DISCOVER, and its GUID.
struct Client {
  MacAddress mac;
  Guid guid;
};
std::optional<Client> discovering_client(ByteView frame) {
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (!udp || udp->destination.port != dhcp::kServerPort) return std::nullopt;
  const auto message = dhcp::MessageView::parse(udp->payload);
  if (!message || message->type() != dhcp::MessageType::Discover) return std::nullopt;
  Client client{udp->ethernet.source, {}};
  const auto guid = message->first(dhcp::OptionCode::ClientMachineIdentifier);
  if (guid && guid->size() == client.guid.octets.size() + 1) {
    std::copy(guid->begin() + 1, guid->end(), client.guid.octets.begin());
  }
  return client;
}

}  // namespace

bool is_compared(ByteView frame) {
  const auto ethernet = frames::inspect_ethernet(frame);
  return ethernet &&
         (ethernet->type == frames::kEtherTypeIpv4 || ethernet->type == frames::kEtherTypeArp);
}

bool is_arp_reply(ByteView frame) {
  const auto arp = frames::inspect_arp(frame);
  return arp && arp->operation == frames::kArpReply;
}

bool is_router_discovery(ByteView frame) {
  return trace::look_at(frame) == trace::FrameKind::RouterDiscovery;
}

namespace {

// Sees by a machine's packets when it was switched on again: it asks its first question once more,
// octet for octet but for the transaction, and its IP identifications do not go on from where they
// were. Where they never move only a long silence tells.
class PowerOns {
 public:
  // True for the first packet of another boot.
  bool is_new(Instant at, ByteView frame) {
    const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
    if (!udp) return false;
    const auto message = dhcp::MessageView::parse(udp->payload);
    const bool discovers = message && message->type() == dhcp::MessageType::Discover;
    bool is_another = false;
    if (discovers && first_) {
      constexpr Duration kLongSilence = std::chrono::seconds(90);
      const ByteView options = udp->payload.subspan(dhcp::kOptionsOffset);
      const bool asks_alike =
          std::equal(options.begin(), options.end(), first_->begin(), first_->end());
      is_another = asks_alike && (jumps(udp->identification) || at - last_at_ > kLongSilence);
    }
    if (discovers && (!first_ || is_another)) {
      const ByteView options = udp->payload.subspan(dhcp::kOptionsOffset);
      first_ = Bytes(options.begin(), options.end());
      counts_ = true;
      moves_ = false;
    } else {
      const auto step = static_cast<std::uint16_t>(udp->identification - last_identification_);
      counts_ = counts_ && step <= kLostPackets;
      moves_ = moves_ || step != 0;
    }
    last_identification_ = udp->identification;
    last_at_ = at;
    return is_another;
  }

 private:
  // iPXE counts in the upper octet; some packets may be missing in the capture.
  static constexpr std::uint16_t kLostPackets = 16 * 256;

  bool jumps(std::uint16_t identification) const {
    const auto step = static_cast<std::uint16_t>(identification - last_identification_);
    return counts_ && (step > kLostPackets || (moves_ && step == 0));
  }

  std::optional<Bytes> first_;  // options of the boot's first DISCOVER
  std::uint16_t last_identification_ = 0;
  Instant last_at_;
  bool counts_ = true;  // identifications go up
  bool moves_ = false;  // and have not stood still all the time
};

// True for what another machine sent, or was sent alone.
bool is_of_another(ByteView frame, const MacAddress& client,
                   const std::vector<MacAddress>& machines) {
  const auto ethernet = frames::inspect_ethernet(frame);
  if (!ethernet) return true;
  for (const MacAddress& machine : machines) {
    if (machine == client) continue;
    if (ethernet->source == machine || ethernet->destination == machine) return true;
  }
  const auto udp = frames::inspect_udp(frame, frames::ChecksumPolicy::Ignore);
  if (!udp) return false;
  const auto message = dhcp::MessageView::parse(udp->payload);
  return message && message->mac() != client;
}

}  // namespace

Outcome<CaptureSurvey> survey_capture(const std::string& path) {
  auto reader = trace::CaptureReader::open(path);
  if (!reader) return wrong_usage(reader.error().message);
  CaptureSurvey survey;
  while (const auto frame = reader->next()) {
    ++survey.frames;
    if (const auto client = discovering_client(frame->octets)) {
      if (std::find(survey.machines.begin(), survey.machines.end(), client->mac) ==
          survey.machines.end()) {
        survey.machines.push_back(client->mac);
      }
    }
    const auto udp = frames::inspect_udp(frame->octets, frames::ChecksumPolicy::Ignore);
    if (udp) {
      const auto message = dhcp::MessageView::parse(udp->payload);
      if (message && message->op() == dhcp::kBootReply) ++survey.replies;
    } else if (frame->missing > 0 && survey.cut_request == 0 &&
               udp.error().fault == frames::Fault::IpTruncated) {
      survey.cut_request = frame->number;
      survey.cut_request_size = frame->octets.size();
      survey.cut_request_wire_size = frame->octets.size() + frame->missing;
    }
  }
  if (reader->error() && survey.machines.empty()) return wrong_usage(reader->error()->message);
  return survey;
}

Outcome<RecordedBoot> RecordedBoot::read(const std::string& path, std::optional<MacAddress> machine,
                                         std::size_t number) {
  std::vector<MacAddress> machines;
  if (machine) {
    const auto survey = survey_capture(path);
    if (!survey) return fail(survey.error());
    machines = survey->machines;
  }
  auto reader = trace::CaptureReader::open(path);
  if (!reader) return wrong_usage(reader.error().message);
  RecordedBoot boot;
  bool begun = false;
  PowerOns power_ons;
  while (const auto frame = reader->next()) {
    if (!begun) {
      const auto client = discovering_client(frame->octets);
      if (!client || (machine && client->mac != *machine)) continue;
      boot.client = client->mac;
      boot.guid = client->guid;
      begun = true;
    }
    if (!is_compared(frame->octets) && !is_router_discovery(frame->octets)) continue;
    if (machine && is_of_another(frame->octets, boot.client, machines)) continue;
    const auto ethernet = frames::inspect_ethernet(frame->octets);
    const bool is_clients = ethernet->source == boot.client;
    if (is_clients && power_ons.is_new(frame->at, frame->octets)) ++boot.boots_in_file;
    if (boot.boots_in_file != number) continue;
    RecordedFrame recorded{.number = frame->number,
                           .at = frame->at,
                           .octets = Bytes(frame->octets.begin(), frame->octets.end())};
    recorded.cut_octets = frame->missing;
    recorded.octets.resize(recorded.octets.size() + frame->missing);
    if (is_clients) recorded.sender = RecordedFrame::Sender::Client;
    boot.frames.push_back(std::move(recorded));
  }
  if (reader->error()) return wrong_usage(reader->error()->message);
  if (!begun && machine) {
    return wrong_usage(fmt::format("{}: no DHCPDISCOVER of {} in it", path, to_string(*machine)));
  }
  if (!begun) {
    return wrong_usage(fmt::format(
        "{}: no DHCPDISCOVER in it; record from before the machine is switched on", path));
  }
  if (boot.boots_in_file < number) {
    return wrong_usage(fmt::format("{}: {} boots {} times in it, and number {} is asked for", path,
                                   to_string(boot.client), boot.boots_in_file, number));
  }
  return boot;
}

Outcome<void> keep_recording(const std::string& from, const std::string& to,
                             const std::string& comment) {
  auto reader = trace::CaptureReader::open(from);
  if (!reader) return environment_failed(reader.error().message);
  auto writer = trace::PcapngWriter::create(to, {.comment = comment});
  if (!writer) return wrong_usage(writer.error().message);
  const std::uint32_t interface = writer->add_interface({.name = "cable"});
  while (const auto frame = reader->next()) {
    ByteView octets = frame->octets;
    const auto udp = frames::inspect_udp(octets, frames::ChecksumPolicy::Ignore);
    constexpr std::size_t kDataHeader = 4;
    if (udp && tftp::peek_opcode(udp->payload) == tftp::Opcode::Data &&
        !dhcp::MessageView::parse(udp->payload) && udp->payload.size() > kDataHeader) {
      octets = octets.first(octets.size() - udp->payload.size() + kDataHeader);
    }
    writer->write({.interface = interface,
                   .since_unix_epoch = frame->at.time_since_epoch(),
                   .octets = octets,
                   .original_size = static_cast<std::uint32_t>(frame->octets.size())});
  }
  if (writer->error()) return wrong_usage(writer->error()->message);
  return {};
}

}  // namespace pxeproof::cli

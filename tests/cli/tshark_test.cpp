// Our decoding of captures against Wireshark's, packet by packet.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <stdexcept>

#include "live/child_process.h"
#include "tests/cli/run_pxeproof.h"
#include "tests/support/fault_captures.h"
#include "trace/capture_file.h"
#include "trace/capture_reader.h"
#include "trace/dhcp_signs.h"

namespace pxeproof::testing {
namespace {

constexpr std::array kFields = {"frame.number",
                                "dhcp.option.dhcp",
                                "dhcp.id",
                                "dhcp.ip.your",
                                "dhcp.ip.server",
                                "dhcp.ip.relay",
                                "dhcp.option.dhcp_server_id",
                                "dhcp.option.type",
                                "tftp.opcode",
                                "tftp.block",
                                "tftp.source_file",
                                "tftp.error.code",
                                "tftp.option.name",
                                "tftp.option.value",
                                "_ws.malformed"};

std::vector<std::string> split(const std::string& line, char separator) {
  std::vector<std::string> parts(1);
  for (const char letter : line) {
    if (letter == separator) {
      parts.emplace_back();
    } else {
      parts.back() += letter;
    }
  }
  return parts;
}

// What tshark reads in each packet, by frame number; empty fields where it sees none.
std::map<std::uint32_t, std::vector<std::string>> tshark_fields(const std::string& file) {
  std::vector<std::string> arguments{
      "-n", "-r",           file, "-o",          "udp.check_checksum:FALSE", "-T", "fields",
      "-E", "occurrence=a", "-E", "aggregator=|"};
  for (const char* field : kFields) {
    arguments.emplace_back("-e");
    arguments.emplace_back(field);
  }
  auto process = live::ChildProcess::start(
      live::Command{.program = "tshark", .arguments = arguments, .inherited = {}});
  if (!process) throw std::runtime_error(process.error().message);
  process->wait();
  std::map<std::uint32_t, std::vector<std::string>> packets;
  for (const std::string& line : process->take_lines()) {
    std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != kFields.size()) continue;  // a warning of tshark's
    packets[static_cast<std::uint32_t>(std::stoul(fields[0]))] = std::move(fields);
  }
  return packets;
}

// tshark writes an option list with PAD and END; they are no options here.
std::string option_codes(const std::string& text) {
  std::vector<std::string> codes;
  for (std::string& code : split(text, '|')) {
    if (!code.empty() && code != "0" && code != "255") codes.push_back(std::move(code));
  }
  return fmt::format("{}", fmt::join(codes, "|"));
}

std::string dhcp_in_tsharks_words(const std::vector<std::string>& fields) {
  return fmt::format("type {} id {} yiaddr {} siaddr {} giaddr {} server {} options {}", fields[1],
                     fields[2], fields[3], fields[4], fields[5], fields[6],
                     option_codes(fields[7]));
}

std::string dhcp_in_our_words(const trace::DhcpStep& step) {
  std::vector<int> codes;
  const auto message = dhcp::MessageView::parse(step.octets);
  message->each_option([&codes](const dhcp::OptionView& option) { codes.push_back(option.code); });
  return fmt::format("type {} id 0x{:08x} yiaddr {} siaddr {} giaddr {} server {} options {}",
                     step.type ? std::to_string(static_cast<int>(*step.type)) : "", step.xid,
                     to_string(step.yiaddr), to_string(step.siaddr), to_string(step.giaddr),
                     step.server_id ? to_string(*step.server_id) : "", fmt::join(codes, "|"));
}

std::string tftp_in_our_words(const tftp::Packet& packet) {
  std::string file;
  std::string block;
  std::string error;
  std::vector<std::string> names;
  std::vector<std::string> values;
  int opcode = 0;
  const auto take_options = [&](const std::vector<tftp::Option>& options) {
    for (const tftp::Option& option : options) {
      names.push_back(option.name);
      values.push_back(option.value);
    }
  };
  if (const auto* request = std::get_if<tftp::Request>(&packet)) {
    opcode = static_cast<int>(request->opcode);
    file = request->filename;
    take_options(request->options);
  } else if (const auto* data = std::get_if<tftp::Data>(&packet)) {
    opcode = 3;
    block = std::to_string(data->block);
  } else if (const auto* ack = std::get_if<tftp::Ack>(&packet)) {
    opcode = 4;
    block = std::to_string(ack->block);
  } else if (const auto* refused = std::get_if<tftp::Error>(&packet)) {
    opcode = 5;
    error = std::to_string(refused->code);
  } else {
    opcode = 6;
    take_options(std::get<tftp::Oack>(packet).options);
  }
  return fmt::format("opcode {} block {} file {} error {} options {} = {}", opcode, block, file,
                     error, fmt::join(names, "|"), fmt::join(values, "|"));
}

// Compares a whole file; how many DHCP and TFTP packets agreed.
std::pair<std::size_t, std::size_t> compare(const std::string& file) {
  const auto packets = tshark_fields(file);
  auto reader = trace::CaptureReader::open(file);
  EXPECT_TRUE(reader) << file;
  std::size_t dhcp_packets = 0;
  std::size_t tftp_packets = 0;
  while (reader) {
    const auto frame = reader->next();
    if (!frame) break;
    const auto known = packets.find(frame->number);
    EXPECT_NE(known, packets.end()) << file << " packet " << frame->number;
    if (known == packets.end()) continue;
    const auto seen = trace::see_packet(frame->octets);
    const std::vector<std::string>& fields = known->second;
    // A packet quoted by ICMP is not one of its own.
    if (!seen || seen->protocol != 17 || seen->is_fragment || seen->is_cut()) continue;
    // What ends before or within its options is a broken message to tshark, and to us none.
    const bool may_be_none = seen->payload_size < dhcp::kHeaderSize || !fields[14].empty();
    const bool is_dhcp = !fields[2].empty();
    const auto step = trace::read_seen_dhcp(*seen);
    const bool dhcp_port = seen->destination.port == 67 || seen->destination.port == 68 ||
                           seen->destination.port == 4011;
    if (is_dhcp && step) {
      EXPECT_EQ(dhcp_in_our_words(*step), dhcp_in_tsharks_words(fields))
          << file << " packet " << frame->number;
      ++dhcp_packets;
    }
    const bool same = step.has_value() == is_dhcp || (is_dhcp && may_be_none);
    EXPECT_TRUE(!dhcp_port || same) << file << " packet " << frame->number;
    if (fields[8].empty()) continue;
    const auto packet = tftp::decode(seen->payload);
    if (!packet) continue;  // a runt: tshark tells its opcode, which is all there is
    const std::string theirs =
        fmt::format("opcode {} block {} file {} error {} options {} = {}", fields[8], fields[9],
                    fields[10], fields[11], fields[12], fields[13]);
    // A name that is no UTF-8 is replaced by tshark.
    if (theirs.find("\xef\xbf\xbd") == std::string::npos) {
      EXPECT_EQ(tftp_in_our_words(*packet), theirs) << file << " packet " << frame->number;
    }
    ++tftp_packets;
  }
  return {dhcp_packets, tftp_packets};
}

TEST(Tshark, ReadsTheScriptsAsWeDo) {
  const ScratchDirectory scratch;
  const std::string file = scratch.path("all.pcap");
  auto writer = trace::PcapWriter::create(file);
  ASSERT_TRUE(writer);
  // One file, each capture an hour after the other: tshark is slow to start.
  std::chrono::nanoseconds offset{};
  for (const auto& list : {fault_captures(), healthy_captures()}) {
    for (const FaultCapture& capture : list) {
      // tshark takes the packets of a transfer for one file, and this one repeats its numbers.
      if (capture.rule == "R29") continue;
      for (const CaptureScript::Frame& frame : capture.script.frames) {
        writer->write(frame.at.time_since_epoch() + offset, frame.octets);
      }
      offset += std::chrono::hours(1);
    }
  }
  const auto [dhcp_packets, tftp_packets] = compare(file);
  EXPECT_GT(dhcp_packets, 300U);
  EXPECT_GT(tftp_packets, 1000U);
}

TEST(Tshark, ReadsTheRealCapturesAsWeDo) {
  const std::filesystem::path directory = std::filesystem::path(PXEPROOF_SOURCE_DIR) / "pcaps";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (!entry.path().extension().string().starts_with(".pcap")) continue;
    ++files;
    const auto [dhcp_packets, tftp_packets] = compare(entry.path().string());
    EXPECT_GT(dhcp_packets + tftp_packets, 0U) << entry.path();
  }
  EXPECT_GT(files, 0U) << "no captures in pcaps/";
}

}  // namespace
}  // namespace pxeproof::testing

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "live/child_process.h"
#include "live/file_descriptor.h"
#include "live/qmp_client.h"
#include "live/screen.h"
#include "protocol/addresses.h"

namespace pxeproof::live {

// The real ROMs that QEMU can run.
enum class MachineFirmware { IpxeBios, OvmfX64, OvmfIa32, AavmfArm64, UbootArm64 };
std::string_view to_string(MachineFirmware firmware);
std::uint16_t architecture_of(MachineFirmware firmware);  // of RFC 4578 s.2.1
// The address a machine really sends from when its card is given this one.
MacAddress sending_address(MachineFirmware firmware, const MacAddress& card);
std::optional<MachineFirmware> find_machine_firmware(std::string_view name);
std::vector<std::string_view> machine_firmware_names();

struct MachineOptions {
  MachineFirmware firmware = MachineFirmware::IpxeBios;
  MacAddress mac{{0x52, 0x54, 0x00, 0x12, 0x34, 0x56}};
  std::string uuid{};  // the SMBIOS system UUID; empty: none, as QEMU by itself
  std::uint32_t memory_mebibytes = 512;
  // Own: the machine's time goes by the instructions it runs, so that its timers are exact however
  // busy the host is, and its cable is recorded by that time (docs/decisions/0008).
  enum class Time { Host, Own };
  Time time = Time::Host;
};

// A machine that boots from the network, run by QEMU without any privilege. It leaves no file: what
// it writes is in memory and ends with it.
class Machine {
 public:
  static SystemResult<Machine> start(const MachineOptions& options);

  // One frame per datagram, for a FrameRelay; may be taken once.
  FileDescriptor take_network() { return std::move(network_); }

  // For an event loop, and to notice that QEMU ended. Its lines are QEMU's own messages and, of a
  // UEFI machine, what the firmware says on its serial console.
  ChildProcess& process() { return process_; }

  // What a BIOS machine shows in text mode.
  SystemResult<TextScreen> read_text_screen();

  // What the screen looks like.
  SystemResult<Picture> read_picture();

  // The name of the recording made with Time::Own, a classic pcap that grows while the machine
  // runs; empty without one.
  std::string recording() const;

  // Whether memtest86+ runs, judged by the screen, the way this firmware shows it; never on a
  // machine that has no memtest86+.
  SystemResult<bool> memtest_runs();

 private:
  Machine(MachineFirmware firmware, ChildProcess process, QmpClient control, FileDescriptor network,
          FileDescriptor dump, FileDescriptor recording)
      : firmware_(firmware),
        process_(std::move(process)),
        control_(std::move(control)),
        network_(std::move(network)),
        dump_(std::move(dump)),
        recording_(std::move(recording)) {}

  MachineFirmware firmware_;
  ChildProcess process_;
  QmpClient control_;
  FileDescriptor network_;
  FileDescriptor dump_;  // in memory, where QEMU puts what it is asked for
  FileDescriptor recording_;
};

// The text without the escape sequences of a terminal.
std::string without_escapes(std::string_view line);

}  // namespace pxeproof::live

#include "live/qemu.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace pxeproof::live {
namespace {

constexpr const char* kProgram = "qemu-system-x86_64";

struct FirmwareRow {
  MachineFirmware firmware;
  std::string_view name;
};
constexpr std::array<FirmwareRow, 2> kFirmwares{{
    {MachineFirmware::IpxeBios, "ipxe-bios"},
    {MachineFirmware::OvmfX64, "ovmf-x64"},
}};

// Where distributions put the UEFI firmware: its code, and the variables it starts with.
constexpr std::array<std::pair<const char*, const char*>, 4> kOvmfFiles{{
    {"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
    {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
    {"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"},
    {"/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"},
}};

struct SocketPair {
  FileDescriptor ours;
  FileDescriptor theirs;
};

SystemResult<SocketPair> make_socket_pair(int type) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(last_error("QEMU: socketpair"));
  }
  return SocketPair{.ours = FileDescriptor(ends[0]), .theirs = FileDescriptor(ends[1])};
}

// How QEMU names a descriptor that it inherited.
std::string file_name(const FileDescriptor& descriptor) {
  return "/proc/self/fd/" + std::to_string(descriptor.number());
}

SystemResult<Bytes> read_all(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0) {
    return fail(last_error("QEMU: reading a file"));
  }
  Bytes octets(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < octets.size()) {
    const ssize_t got =
        pread(file, octets.data() + done, octets.size() - done, static_cast<off_t>(done));
    if (got <= 0) {
      return fail(last_error("QEMU: reading a file"));
    }
    done += static_cast<std::size_t>(got);
  }
  return octets;
}

struct Ovmf {
  std::string code;
  FileDescriptor variables;  // a copy in memory: the firmware writes its boot order there
};

SystemResult<Ovmf> find_ovmf() {
  for (const auto& [code, variables] : kOvmfFiles) {
    const FileDescriptor original(open(variables, O_RDONLY | O_CLOEXEC));
    if (!original.is_open() || access(code, R_OK) != 0) {
      continue;
    }
    auto octets = read_all(original.number());
    if (!octets) {
      return fail(std::move(octets.error()));
    }
    Ovmf ovmf{.code = code, .variables = FileDescriptor(memfd_create("vars", MFD_CLOEXEC))};
    if (write(ovmf.variables.number(), octets->data(), octets->size()) !=
        static_cast<ssize_t>(octets->size())) {
      return fail(last_error("QEMU: copying the UEFI variables"));
    }
    return ovmf;
  }
  return fail(error_of(ENOENT, "UEFI firmware for QEMU", "install the package ovmf"));
}

std::string advise(const std::string& said) {
  if (said.find("romfile") != std::string::npos || said.find(".rom") != std::string::npos) {
    return "; install the package ipxe-qemu";
  }
  return {};
}

}  // namespace

std::string_view to_string(MachineFirmware firmware) {
  for (const FirmwareRow& row : kFirmwares) {
    if (row.firmware == firmware) {
      return row.name;
    }
  }
  return "?";
}

std::optional<MachineFirmware> find_machine_firmware(std::string_view name) {
  for (const FirmwareRow& row : kFirmwares) {
    if (row.name == name) {
      return row.firmware;
    }
  }
  return std::nullopt;
}

std::vector<std::string_view> machine_firmware_names() {
  std::vector<std::string_view> names;
  names.reserve(kFirmwares.size());
  for (const FirmwareRow& row : kFirmwares) {
    names.push_back(row.name);
  }
  return names;
}

SystemResult<Machine> Machine::start(const MachineOptions& options) {
  auto network = make_socket_pair(SOCK_DGRAM);
  auto control = make_socket_pair(SOCK_STREAM);
  FileDescriptor dump(memfd_create("dump", MFD_CLOEXEC));
  if (!network || !control || !dump.is_open()) {
    return fail(last_error("QEMU: cannot make its sockets"));
  }
  Command command{.program = kProgram};
  std::vector<std::string>& words = command.arguments;
  const auto network_end = std::to_string(network->theirs.number());
  const auto control_end = std::to_string(control->theirs.number());
  // qemu64 is QEMU's own choice; without its third-level cache memtest does not spend 13 s
  // measuring that under emulation. Nothing changes on the wire.
  words = {"-accel",
           "tcg",
           "-m",
           std::to_string(options.memory_mebibytes),
           "-cpu",
           "qemu64,l3-cache=off",
           "-display",
           "none",
           "-parallel",
           "none",
           "-monitor",
           "none",
           "-no-user-config",
           "-chardev",
           "socket,id=qmp,fd=" + control_end,
           "-mon",
           "chardev=qmp,mode=control",
           "-netdev",
           "dgram,id=n0,local.type=fd,local.str=" + network_end,
           "-boot",
           "n"};
  command.inherited = {network->theirs.number(), control->theirs.number(), dump.number()};
  const std::string card = "virtio-net-pci,netdev=n0,mac=" + to_string(options.mac);
  std::optional<Ovmf> ovmf;
  switch (options.firmware) {
    case MachineFirmware::IpxeBios:
      words.insert(words.end(), {"-serial", "none", "-device", card});
      break;
    case MachineFirmware::OvmfX64: {
      auto found = find_ovmf();
      if (!found) {
        return fail(std::move(found.error()));
      }
      ovmf = std::move(*found);
      command.inherited.push_back(ovmf->variables.number());
      const std::string flash = "if=pflash,format=raw,unit=";
      words.insert(words.end(),
                   {"-serial", "stdio", "-drive", flash + "0,readonly=on,file=" + ovmf->code,
                    "-drive", flash + "1,file=" + file_name(ovmf->variables), "-device",
                    card + ",romfile=", "-device", "virtio-rng-pci"});
      break;
    }
  }
  if (!options.uuid.empty()) {
    words.insert(words.end(), {"-smbios", "type=1,uuid=" + options.uuid});
  }
  auto process = ChildProcess::start(command);
  if (!process) {
    if (process.error().code == ENOENT) {
      return fail(error_of(ENOENT, kProgram, "install the package qemu-system-x86"));
    }
    return fail(std::move(process.error()));
  }
  network->theirs.close();
  control->theirs.close();
  QmpClient client(std::move(control->ours));
  if (auto greeted = client.negotiate(); !greeted) {
    std::string said = greeted.error().message;
    process->stop(Duration(0));
    for (const std::string& line : process->take_lines()) {
      said += ": " + line;
    }
    said += advise(said);
    return fail(SystemError{.code = greeted.error().code, .message = std::move(said)});
  }
  return Machine(options.firmware, std::move(*process), std::move(client), std::move(network->ours),
                 std::move(dump));
}

SystemResult<TextScreen> Machine::read_text_screen() {
  // QEMU opens the name itself, and truncates the file first.
  auto saved = control_.save_memory(TextScreen::kAddress, TextScreen::kSize, file_name(dump_));
  if (!saved) {
    return fail(std::move(saved.error()));
  }
  auto octets = read_all(dump_.number());
  if (!octets) {
    return fail(std::move(octets.error()));
  }
  return TextScreen(std::move(*octets));
}

SystemResult<Picture> Machine::read_picture() {
  if (auto saved = control_.save_screen(file_name(dump_)); !saved) {
    return fail(std::move(saved.error()));
  }
  auto octets = read_all(dump_.number());
  if (!octets) {
    return fail(std::move(octets.error()));
  }
  auto picture = Picture::read(*octets);
  if (!picture) {
    return fail(SystemError{.code = 0, .message = "QEMU: its picture of the screen is unreadable"});
  }
  return std::move(*picture);
}

SystemResult<bool> Machine::memtest_runs() {
  switch (firmware_) {
    case MachineFirmware::IpxeBios: {
      auto screen = read_text_screen();
      return screen ? SystemResult<bool>(screen->shows_memtest()) : fail(std::move(screen.error()));
    }
    case MachineFirmware::OvmfX64: {
      auto picture = read_picture();
      return picture ? SystemResult<bool>(picture->shows_memtest())
                     : fail(std::move(picture.error()));
    }
  }
  return false;
}

std::string without_escapes(std::string_view line) {
  std::string text;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      i += 2;
      while (i < line.size() && (line[i] < '@' || line[i] > '~')) {
        ++i;
      }
    } else if (line[i] >= ' ') {
      text += line[i];
    }
  }
  return text;
}

}  // namespace pxeproof::live

#include "live/qemu.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

namespace pxeproof::live {
namespace {

// Where a distribution puts a UEFI firmware: its code, and the variables it starts with.
struct Flash {
  const char* code = nullptr;
  const char* variables = nullptr;
};

// How a machine says what it shows.
enum class Display { TextPage, Picture, SerialOnly };

struct FirmwareRow {
  MachineFirmware firmware;
  std::string_view name;
  std::uint16_t architecture;
  const char* program;
  const char* program_package;
  Display display;
  std::string_view machine;        // arguments, separated by blanks
  std::string_view card_property;  // of the network card: what takes its option ROM away
  std::array<Flash, 3> flashes;    // the first one that is there; none: the firmware is a file
  const char* firmware_package;
  std::optional<MacAddress> own_address{};  // the firmware sends from, whatever the card has
};

// The environment that Debian's U-Boot is built with sets ethaddr to this (pcaps/uboot-arm64-*).
constexpr MacAddress kUbootAddress{{0x52, 0x52, 0x52, 0x52, 0x52, 0x52}};

// qemu64 is QEMU's own choice; without its third-level cache memtest does not spend 13 s measuring
// that under emulation. Nothing changes on the wire.
constexpr std::string_view kPc = "-cpu qemu64,l3-cache=off -boot n";
constexpr std::array<FirmwareRow, 5> kFirmwares{{
    {MachineFirmware::IpxeBios,
     "ipxe-bios",
     0,
     "qemu-system-x86_64",
     "qemu-system-x86",
     Display::TextPage,
     kPc,
     "",
     {},
     "ipxe-qemu"},
    {MachineFirmware::OvmfX64,
     "ovmf-x64",
     7,
     "qemu-system-x86_64",
     "qemu-system-x86",
     Display::Picture,
     kPc,
     ",romfile=",
     {{{"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"},
       {"/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"},
       {"/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"}}},
     "ovmf"},
    {MachineFirmware::OvmfIa32,
     "ovmf-ia32",
     6,
     "qemu-system-i386",
     "qemu-system-x86",
     Display::Picture,
     "-machine q35,smm=on -global ICH9-LPC.disable_s3=1 -boot n",
     ",romfile=",
     {{{"/usr/share/OVMF/OVMF32_CODE_4M.secboot.fd", "/usr/share/OVMF/OVMF32_VARS_4M.fd"}}},
     "ovmf-ia32"},
    {MachineFirmware::AavmfArm64,
     "aavmf-arm64",
     11,
     "qemu-system-aarch64",
     "qemu-system-arm",
     Display::SerialOnly,
     "-machine virt -cpu cortex-a57 -device virtio-gpu-pci",
     ",romfile=",
     {{{"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd"}}},
     "qemu-efi-aarch64"},
    {MachineFirmware::UbootArm64,
     "uboot-arm64",
     11,
     "qemu-system-aarch64",
     "qemu-system-arm",
     Display::SerialOnly,
     "-machine virt -cpu cortex-a57 -bios /usr/lib/u-boot/qemu_arm64/u-boot.bin",
     ",romfile=",
     {},
     "u-boot-qemu",
     kUbootAddress},
}};

const FirmwareRow& row_of(MachineFirmware firmware) {
  for (const FirmwareRow& row : kFirmwares) {
    if (row.firmware == firmware) {
      return row;
    }
  }
  return kFirmwares.front();
}

void append_words(std::vector<std::string>& words, std::string_view text) {
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (blank > 0) {
      words.emplace_back(text.substr(0, blank));
    }
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
}

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

struct UefiFlash {
  std::string code;
  FileDescriptor variables;  // a copy in memory: the firmware writes its boot order there
};

SystemResult<UefiFlash> open_flash(const FirmwareRow& row) {
  for (const auto& [code, variables] : row.flashes) {
    if (code == nullptr || access(code, R_OK) != 0) {
      continue;
    }
    const FileDescriptor original(open(variables, O_RDONLY | O_CLOEXEC));
    if (!original.is_open()) {
      continue;
    }
    auto octets = read_all(original.number());
    if (!octets) {
      return fail(std::move(octets.error()));
    }
    UefiFlash flash{.code = code, .variables = FileDescriptor(memfd_create("vars", MFD_CLOEXEC))};
    if (write(flash.variables.number(), octets->data(), octets->size()) !=
        static_cast<ssize_t>(octets->size())) {
      return fail(last_error("QEMU: copying the UEFI variables"));
    }
    return flash;
  }
  return fail(error_of(ENOENT, "UEFI firmware for QEMU",
                       "install the package " + std::string(row.firmware_package)));
}

std::string advise(const std::string& said, const FirmwareRow& row) {
  const bool names_firmware = said.find("romfile") != std::string::npos ||
                              said.find(".rom") != std::string::npos ||
                              said.find("u-boot") != std::string::npos;
  return names_firmware ? "; install the package " + std::string(row.firmware_package) : "";
}

}  // namespace

std::string_view to_string(MachineFirmware firmware) { return row_of(firmware).name; }

std::uint16_t architecture_of(MachineFirmware firmware) { return row_of(firmware).architecture; }

MacAddress sending_address(MachineFirmware firmware, const MacAddress& card) {
  return row_of(firmware).own_address.value_or(card);
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
  const FirmwareRow& row = row_of(options.firmware);
  Command command{.program = row.program};
  std::vector<std::string>& words = command.arguments;
  const auto network_end = std::to_string(network->theirs.number());
  const auto control_end = std::to_string(control->theirs.number());
  words = {"-accel",
           "tcg",
           "-m",
           std::to_string(options.memory_mebibytes),
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
           "dgram,id=n0,local.type=fd,local.str=" + network_end};
  append_words(words, row.machine);
  command.inherited = {network->theirs.number(), control->theirs.number(), dump.number()};
  words.insert(words.end(), {"-device", "virtio-net-pci,netdev=n0,mac=" + to_string(options.mac) +
                                            std::string(row.card_property)});
  words.insert(words.end(),
               {"-serial", row.display == Display::TextPage ? std::string("none") : "stdio"});
  std::optional<UefiFlash> flash;
  if (row.flashes.front().code != nullptr) {
    auto opened = open_flash(row);
    if (!opened) {
      return fail(std::move(opened.error()));
    }
    flash = std::move(*opened);
    command.inherited.push_back(flash->variables.number());
    const std::string drive = "if=pflash,format=raw,unit=";
    words.insert(words.end(),
                 {"-drive", drive + "0,readonly=on,file=" + flash->code, "-drive",
                  drive + "1,file=" + file_name(flash->variables), "-device", "virtio-rng-pci"});
  }
  FileDescriptor recording;
  if (options.time == MachineOptions::Time::Own) {
    recording = FileDescriptor(memfd_create("recording", MFD_CLOEXEC));
    if (!recording.is_open()) {
      return fail(last_error("QEMU: cannot make its recording"));
    }
    command.inherited.push_back(recording.number());
    words.insert(words.end(), {"-icount", "shift=auto", "-object",
                               "filter-dump,id=d0,netdev=n0,file=" + file_name(recording)});
  }
  if (!options.uuid.empty()) {
    words.insert(words.end(), {"-smbios", "type=1,uuid=" + options.uuid});
  }
  auto process = ChildProcess::start(command);
  if (!process) {
    if (process.error().code == ENOENT) {
      return fail(
          error_of(ENOENT, row.program, "install the package " + std::string(row.program_package)));
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
    said += advise(said, row);
    return fail(SystemError{.code = greeted.error().code, .message = std::move(said)});
  }
  return Machine(options.firmware, std::move(*process), std::move(client), std::move(network->ours),
                 std::move(dump), std::move(recording));
}

std::string Machine::recording() const {
  return recording_.is_open() ? file_name(recording_) : std::string{};
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
  switch (row_of(firmware_).display) {
    case Display::TextPage: {
      auto screen = read_text_screen();
      return screen ? SystemResult<bool>(screen->shows_memtest()) : fail(std::move(screen.error()));
    }
    case Display::Picture: {
      auto picture = read_picture();
      return picture ? SystemResult<bool>(picture->shows_memtest())
                     : fail(std::move(picture.error()));
    }
    case Display::SerialOnly:
      return false;
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

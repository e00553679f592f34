#include "cli/article.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <system_error>

namespace pxeproof::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfiguration = R"(# Disable DNS Server
port=0
# Enable DHCP logging
log-dhcp
# Respond to PXE requests for the specified network;
# run as DHCP proxy
dhcp-range=192.168.178.0,proxy
dhcp-boot=pxelinux.0
# Provide network boot option called "Network Boot".
pxe-service=x86PC,"Network Boot",pxelinux
enable-tftp
tftp-root=/var/lib/tftpboot
)";

constexpr std::string_view kPxelinuxConfiguration = R"(default memtest86
prompt 1
timeout 15
label memtest86
menu label Memtest86+ 5.01
kernel /memtest/memtest86+-5.01
)";

// A file of the distribution, and the name it has in the tree.
struct TreeFile {
  enum class How { Link, Copy };
  How how;
  std::string_view source;
  std::string_view name;
  std::string_view package;
};

constexpr std::array kTreeFiles = {
    TreeFile{TreeFile::How::Link, "/usr/lib/PXELINUX/pxelinux.0", "pxelinux.0", "pxelinux"},
    TreeFile{TreeFile::How::Link, "/usr/lib/syslinux/modules/bios/ldlinux.c32", "ldlinux.c32",
             "syslinux-common"},
    TreeFile{TreeFile::How::Copy, "/boot/memtest86+x64.bin", "memtest/memtest86+-5.01",
             "memtest86+"},
    TreeFile{TreeFile::How::Copy, "/boot/memtest86+x64.efi", "memtest/memtest86+x64.efi",
             "memtest86+"},
    TreeFile{TreeFile::How::Copy, "/boot/memtest86+ia32.efi", "memtest/memtest86+ia32.efi",
             "memtest86+"},
};

}  // namespace

std::string_view article_configuration() { return kConfiguration; }

std::string article_configuration_with_efi() {
  return std::string(kConfiguration) +
         "pxe-service=X86-64_EFI,\"Memtest\",memtest/memtest86+x64.efi\n"
         "pxe-service=IA32_EFI,\"Memtest\",memtest/memtest86+ia32.efi\n"
         // No memtest86+ is made for arm64: this one arrives whole and is refused as an image.
         "pxe-service=ARM64_EFI,\"Memtest\",memtest/memtest86+x64.efi\n";
}

Outcome<void> make_article_tree(const fs::path& directory) {
  std::error_code error;
  for (const std::string_view subdirectory : {"memtest", "pxelinux.cfg"}) {
    fs::create_directories(directory / subdirectory, error);
    if (error) {
      return environment_failed(
          fmt::format("{}: cannot be made ({}); set TMPDIR to a directory that you may write to",
                      (directory / subdirectory).string(), error.message()));
    }
  }
  for (const TreeFile& file : kTreeFiles) {
    if (!fs::exists(file.source, error)) {
      return environment_failed(
          fmt::format("{}: is not there; apt-get install {}", file.source, file.package));
    }
    if (file.how == TreeFile::How::Link) {
      fs::create_symlink(file.source, directory / file.name, error);
    } else {
      fs::copy_file(file.source, directory / file.name, error);
    }
    if (error) {
      return environment_failed(
          fmt::format("{}: cannot be put into the tree ({})", file.source, error.message()));
    }
  }
  std::ofstream configuration(directory / "pxelinux.cfg" / "default");
  configuration << kPxelinuxConfiguration;
  if (!configuration.flush()) {
    return environment_failed(
        fmt::format("{}: cannot be written", (directory / "pxelinux.cfg/default").string()));
  }
  return {};
}

Outcome<live::TemporaryDirectory> make_article_directory() {
  auto directory = live::TemporaryDirectory::create("pxeproof-tree-");
  if (!directory) return environment_failed(directory.error().message);
  if (auto made = make_article_tree(directory->path()); !made) return fail(made.error());
  return std::move(*directory);
}

}  // namespace pxeproof::cli

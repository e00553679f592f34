#include "protocol/dhcp/client_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "protocol/letter_case.h"

namespace pxeproof::dhcp {

namespace {

constexpr std::array kArchitectures = {
    Architecture{0, "BIOS", "x86PC"},
    Architecture{1, "NEC PC-98", "PC98"},
    Architecture{2, "UEFI Itanium", "IA64_EFI"},
    Architecture{3, "DEC Alpha", "Alpha"},
    Architecture{4, "Arc x86", "Arc_x86"},
    Architecture{5, "Intel Lean Client", "Intel_Lean_Client"},
    Architecture{6, "UEFI ia32", "IA32_EFI"},
    Architecture{7, "UEFI x64", "X86-64_EFI"},
    Architecture{8, "UEFI Xscale", "Xscale_EFI"},
    Architecture{9, "UEFI EBC", "BC_EFI"},
    Architecture{10, "UEFI arm32", "ARM32_EFI"},
    Architecture{11, "UEFI arm64", "ARM64_EFI"},
    Architecture{15, "UEFI ia32 HTTP", ""},
    Architecture{16, "UEFI x64 HTTP", ""},
    Architecture{17, "UEFI EBC HTTP", ""},
    Architecture{18, "UEFI arm32 HTTP", ""},
    Architecture{19, "UEFI arm64 HTTP", ""},
    Architecture{20, "BIOS HTTP", ""},
    Architecture{21, "U-Boot arm32", ""},
    Architecture{22, "U-Boot arm64", ""},
    Architecture{23, "U-Boot arm32 HTTP", ""},
    Architecture{24, "U-Boot arm64 HTTP", ""},
    Architecture{25, "UEFI riscv32", ""},
    Architecture{26, "UEFI riscv32 HTTP", ""},
    Architecture{27, "UEFI riscv64", ""},
    Architecture{28, "UEFI riscv64 HTTP", ""},
    Architecture{39, "UEFI loongarch64", ""},
    Architecture{40, "UEFI loongarch64 HTTP", ""},
};

std::optional<std::uint16_t> read_digits(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size() || value > 0xffff) {
    return std::nullopt;
  }
  return static_cast<std::uint16_t>(value);
}

}  // namespace

const Architecture* find_architecture(std::uint16_t number) {
  const auto found = std::ranges::find(kArchitectures, number, &Architecture::number);
  return found == kArchitectures.end() ? nullptr : &*found;
}

const Architecture* find_architecture_by_csa(std::string_view csa_name) {
  if (csa_name.empty()) return nullptr;
  const auto found = std::ranges::find_if(kArchitectures, [csa_name](const Architecture& row) {
    return same_without_case(row.csa_name, csa_name);
  });
  return found == kArchitectures.end() ? nullptr : &*found;
}

std::string describe_architecture(std::uint16_t number) {
  const Architecture* row = find_architecture(number);
  return row == nullptr ? fmt::format("arch {}", number)
                        : fmt::format("arch {} ({})", number, row->name);
}

std::vector<std::uint16_t> decode_architectures(ByteView value) {
  std::vector<std::uint16_t> numbers;
  ByteReader reader(value);
  while (const auto number = reader.u16()) numbers.push_back(*number);
  return numbers;
}

std::optional<ClientInterface> decode_interface(ByteView value) {
  if (value.size() != 3) return std::nullopt;
  return ClientInterface{value[0], value[1], value[2]};
}

std::optional<Guid> decode_guid(ByteView value) {
  if (value.size() != 17) return std::nullopt;
  Guid guid;
  std::ranges::copy(value.subspan(1), guid.octets.begin());
  return guid;
}

Bytes encode_guid(const Guid& guid) {
  Bytes value(1 + guid.octets.size(), 0);
  std::ranges::copy(guid.octets, value.begin() + 1);
  return value;
}

VendorClass parse_vendor_class(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t colon = text.find(':');
    parts.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
  }
  VendorClass vendor_class;
  vendor_class.prefix = std::string(parts[0]);
  for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
    if (parts[i] == "Arch") vendor_class.architecture = read_digits(parts[i + 1]);
    if (parts[i] == "UNDI" && parts[i + 1].size() == 6) {
      vendor_class.undi_major = read_digits(parts[i + 1].substr(0, 3));
      vendor_class.undi_minor = read_digits(parts[i + 1].substr(3));
    }
  }
  return vendor_class;
}

std::vector<std::string> decode_user_classes(ByteView value) {
  std::vector<std::string> classes;
  ByteReader reader(value);
  while (!reader.at_end()) {
    const auto length = reader.u8();
    const auto text = reader.take(*length);
    if (*length == 0 || !text) return {as_text(value)};
    classes.push_back(as_text(*text));
  }
  return classes;
}

std::vector<EncapsulatedOption> decode_encapsulated(ByteView value) {
  std::vector<EncapsulatedOption> options;
  ByteReader reader(value);
  while (const auto code = reader.u8()) {
    const auto length = reader.u8();
    const auto content = length ? reader.take(*length) : std::nullopt;
    if (!content) break;
    options.push_back({*code, *content});
  }
  return options;
}

}  // namespace pxeproof::dhcp

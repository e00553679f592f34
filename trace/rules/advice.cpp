#include "trace/rules/advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/dhcp/client_options.h"
#include "trace/rules/queries.h"

namespace pxeproof::trace {

namespace {

bool is_lessor(const BootSession& session, const DhcpStep& answer) {
  if (gives_address(answer)) return true;
  const auto gave = [&](const SeenDhcp& other) {
    return gives_address(*other.what) && identity_of(*other.what) == identity_of(answer);
  };
  return std::ranges::any_of(session.offers, gave) || std::ranges::any_of(session.acks, gave);
}

}  // namespace

Namer namer_of(const BootSession& session, std::string_view file) {
  const DhcpStep* found = nullptr;
  // The last word counts, and a name that is the file's.
  for (const SeenDhcp& answer : boot_answers(session)) {
    if (!names_boot(*answer.what)) continue;
    const bool is_it = !file.empty() && base_name(answer->boot_file) == base_name(file);
    if (is_it || found == nullptr || base_name(found->boot_file) != base_name(file)) {
      found = answer.what;
    }
  }
  if (found == nullptr && !session.boot_server_answers.empty()) {
    found = session.boot_server_answers.back().what;
  }
  if (found != nullptr) return is_lessor(session, *found) ? Namer::Lessor : Namer::Proxy;
  return proxy_offers(session).empty() ? Namer::Unknown : Namer::Proxy;
}

bool reads_pxe_service(const RuleInput& in) {
  const bool is_pxe = in.session.kind == ClientKind::Rom || in.session.kind == ClientKind::Ipxe;
  const DhcpStep* question = (is_pxe ? in.session : in.sessions.front()).question();
  if (question == nullptr) {
    return in.known_architecture().has_value() && in.family != firmware::Family::Uboot;
  }
  return question->vendor_class.starts_with("PXEClient") && question->architecture.has_value();
}

std::string csa_name(std::uint16_t architecture) {
  const auto* known = dhcp::find_architecture(architecture);
  if (known == nullptr || known->csa_name.empty()) return std::to_string(architecture);
  return std::string(known->csa_name);
}

std::string csa_name(const RuleInput& in) {
  const auto architecture = in.known_architecture();
  return architecture ? csa_name(*architecture) : "ARCHITECTURE";
}

std::string_view example_file(std::optional<std::uint16_t> architecture) {
  constexpr std::uint16_t kNobodys = 0xffff;
  switch (architecture.value_or(kNobodys)) {
    case 0:
    case 20:
      return "pxelinux.0";
    case 2:
      return "bootia64.efi";
    case 6:
    case 15:
      return "grubia32.efi";
    case 7:
    case 9:  // what calls itself byte code is mostly x64
    case 16:
    case 17:
      return "grubx64.efi";
    case 10:
    case 18:
      return "grubarm.efi";
    case 11:
    case 19:
      return "grubaa64.efi";
    case 21:
    case 23:
      return "zImage";
    case 22:
    case 24:
      return "Image";
    case 25:
    case 26:
      return "grubriscv32.efi";
    case 27:
    case 28:
      return "grubriscv64.efi";
    case 39:
    case 40:
      return "grubloongarch64.efi";
    default:
      return "FILE";
  }
}

std::string_view example_file(const RuleInput& in) {
  // Any U-Boot loads a kernel, whatever number it gives itself.
  const auto architecture = in.known_architecture();
  const bool is_named_for_uboot = architecture && *architecture >= 21 && *architecture <= 24;
  if (in.family == firmware::Family::Uboot && !is_named_for_uboot) return "Image";
  return example_file(architecture);
}

std::string_view removable_media_file(std::uint16_t architecture) {
  switch (architecture) {
    case 15:
      return "bootia32.efi";
    case 16:
    case 17:
      return "bootx64.efi";
    case 18:
      return "bootarm.efi";
    case 19:
      return "bootaa64.efi";
    case 26:
      return "bootriscv32.efi";
    case 28:
      return "bootriscv64.efi";
    case 40:
      return "bootloongarch64.efi";
    default:
      return "FILE";
  }
}

std::string service_line(const RuleInput& in, std::string_view file) {
  return fmt::format("pxe-service={},\"Network boot\",{}", csa_name(in), dnsmasq_word(file));
}

std::string tagged_boot_lines(const RuleInput& in, std::string_view file) {
  if (!in.boot.architecture) return fmt::format("dhcp-boot={}", dnsmasq_word(file));
  return fmt::format("dhcp-match=set:a{0},option:client-arch,{0}\ndhcp-boot=tag:a{0},{1}",
                     *in.boot.architecture, dnsmasq_word(file));
}

std::vector<Fix> dnsmasq_fixes(const RuleInput& in, std::string_view file, Namer namer) {
  if (!reads_pxe_service(in)) return {{"dnsmasq", tagged_boot_lines(in, file)}};
  // dnsmasq 2.90 that leases addresses sends UEFI to 4011 for its only pxe-service, and is silent
  // there; BIOS gets a menu, which works.
  if (namer == Namer::Proxy || !in.is_uefi()) return {{"dnsmasq", service_line(in, file)}};
  std::vector<Fix> fixes{{"dnsmasq", tagged_boot_lines(in, file)}};
  if (namer == Namer::Unknown) fixes.push_back({"dnsmasq proxy", service_line(in, file)});
  return fixes;
}

std::vector<Fix> fixes_by_architecture(const RuleInput& in, std::string_view file, Namer namer) {
  std::vector<Fix> fixes = dnsmasq_fixes(in, file, namer);
  const auto architecture = in.known_architecture();
  if (!architecture) {
    fixes.push_back({"ISC dhcpd", fmt::format("filename \"{}\";", printable(file))});
    fixes.push_back({"Kea", fmt::format("\"boot-file-name\": \"{}\"", printable(file))});
    return fixes;
  }
  fixes.push_back(
      {"ISC dhcpd", fmt::format("option arch code 93 = unsigned integer 16;\n"
                                "if option arch = {:02x}:{:02x} {{ filename \"{}\"; }}",
                                *architecture >> 8U, *architecture & 0xffU, printable(file))});
  fixes.push_back({"Kea", fmt::format("client-class test \"option[93].hex == 0x{:04x}\", "
                                      "boot-file-name \"{}\"",
                                      *architecture, printable(file))});
  return fixes;
}

std::string line_that_names(const RuleInput& in, std::string_view name, Namer namer) {
  // Of a program's own request for its script: what it is told stands beside what the ROM is told.
  if (in.session.kind == ClientKind::Ipxe && in.family != firmware::Family::Ipxe) {
    return fmt::format("dhcp-boot=tag:ipxe,{}", name);
  }
  const bool is_service = reads_pxe_service(in) && (namer != Namer::Lessor || !in.is_uefi());
  return is_service ? fmt::format("pxe-service={},\"...\",{}", csa_name(in), name)
                    : fmt::format("dhcp-boot={}", name);
}

std::string ipxe_lines(const RuleInput& in, std::string_view program, std::string_view script,
                       Namer namer) {
  const bool is_service = reads_pxe_service(in) && (namer != Namer::Lessor || !in.is_uefi());
  const std::string word = dnsmasq_word(program);
  return fmt::format("dhcp-match=set:ipxe,175\n{}\ndhcp-boot=tag:ipxe,{}",
                     is_service
                         ? fmt::format("pxe-service=tag:!ipxe,{},\"iPXE\",{}", csa_name(in), word)
                         : fmt::format("dhcp-boot=tag:!ipxe,{}", word),
                     script);
}

std::vector<Fix> ipxe_fixes(const RuleInput& in, std::string_view program, Namer namer) {
  return {{"dnsmasq", ipxe_lines(in, program, "http://SERVER/boot.ipxe", namer)},
          {"ISC dhcpd",
           "if exists user-class and option user-class = \"iPXE\" { filename \"boot.ipxe\"; }"},
          {"Kea", "client class with substring(option[77].hex,0,4) == 'iPXE', before the others"}};
}

}  // namespace pxeproof::trace

#include "conformance/variant.h"

#include <fmt/format.h>

namespace pxeproof::conformance {

namespace {

constexpr std::string_view kCommon = R"(port=0
log-dhcp
dhcp-range={network},proxy,{netmask}
dhcp-range={routed},proxy,{routed-netmask}
enable-tftp
tftp-root={root}
tftp-max=400
)";

constexpr std::string_view kServices = R"(pxe-prompt="Boot?",3
pxe-service=x86PC,"Install",pxelinux
pxe-service=IA32_EFI,"EFI IA32",ia32.efi
pxe-service=X86-64_EFI,"EFI x64",x64.efi
pxe-service=ARM32_EFI,"EFI ARM32",arm32.efi
pxe-service=ARM64_EFI,"EFI ARM64",arm64.efi
)";

constexpr int kManyEntries = 20;

// One, three and twenty entries, and a type that another server serves, by architecture.
std::string menus() {
  std::string text =
      "pxe-prompt=\"Choose\",5\n"
      "pxe-service=x86PC,\"Only one\",pxelinux\n"
      "pxe-service=PC98,\"First\",pxelinux\n"
      "pxe-service=PC98,\"Second\",pxelinux\n"
      "pxe-service=PC98,\"Local disk\",0\n"
      "pxe-service=Arc_x86,\"Other server\",1,{server}\n";
  for (int entry = 1; entry <= kManyEntries; ++entry) {
    text += fmt::format("pxe-service=Alpha,\"Entry {:02}\",pxelinux\n", entry);
  }
  return text;
}

std::string overflow() {
  std::string text = "pxe-prompt=\"Choose\",5\n";
  for (int entry = 1; entry <= 40; ++entry) {
    text += fmt::format("pxe-service=PC98,\"Entry {:02} with a text of thirty\",pxelinux\n", entry);
  }
  // A name that needs option 67, beside a menu that needs option 43.
  text += "dhcp-match=set:arch1,option:client-arch,1\n";
  text += fmt::format("dhcp-boot=tag:arch1,{}.0\n", std::string(126, 'n'));
  return text + "pxe-service=x86PC,\"Install\",pxelinux\n";
}

// Names of 127, 128 and 300 octets.
std::string long_files() {
  std::string text =
      "dhcp-match=set:arch6,option:client-arch,6\n"
      "dhcp-match=set:arch7,option:client-arch,7\n"
      "dhcp-match=set:arch11,option:client-arch,11\n"
      "pxe-service=x86PC,\"Install\",pxelinux\n";
  constexpr std::pair<int, std::size_t> kLengths[] = {{6, 127}, {7, 128}, {11, 300}};
  for (const auto& [arch, length] : kLengths) {
    text += fmt::format("dhcp-boot=tag:arch{},{}.efi\n", arch, std::string(length - 4, 'n'));
  }
  return text;
}

constexpr std::string_view kPrompts = R"(dhcp-match=set:arch1,option:client-arch,1
dhcp-match=set:arch3,option:client-arch,3
pxe-prompt="Wait for ever"
pxe-prompt=tag:arch1,"Three seconds",3
pxe-prompt=tag:arch3,"At once",0
pxe-service=x86PC,"Install",pxelinux
pxe-service=PC98,"Install",pxelinux
pxe-service=Alpha,"Install",pxelinux
)";

constexpr std::string_view kIpxe = R"(dhcp-userclass=set:ipxe,iPXE
pxe-service=tag:!ipxe,x86PC,"Install",pxelinux
pxe-service=tag:ipxe,x86PC,"Script",script.ipxe
)";

// The third host of every case is not wanted.
constexpr std::string_view kPolicy = R"(dhcp-mac=set:unwanted,02:70:*:*:*:02
dhcp-ignore=tag:unwanted
)";

std::vector<Variant> make_variants() {
  const std::string common(kCommon);
  return {
      {.name = "", .text = common + std::string(kServices)},
      {.name = "menus", .text = common + menus()},
      {.name = "overflow", .text = common + overflow(), .start = Variant::Start::MayRefuse},
      {.name = "long-files", .text = common + long_files(), .start = Variant::Start::MayRefuse},
      {.name = "prompts", .text = common + std::string(kPrompts)},
      {.name = "ipxe", .text = common + std::string(kIpxe)},
      {.name = "policy", .text = common + std::string(kServices) + std::string(kPolicy)},
  };
}

}  // namespace

const std::vector<Variant>& variants() {
  static const std::vector<Variant> all = make_variants();
  return all;
}

const Variant* find_variant(std::string_view name) {
  for (const Variant& each : variants()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

const std::vector<ConfiguredBoot>& configured_boots() {
  static const std::vector<ConfiguredBoot> all{
      {0, "pxelinux.0", 0x8000}, {6, "ia32.efi", 0x8001},   {7, "x64.efi", 0x8002},
      {10, "arm32.efi", 0x8003}, {11, "arm64.efi", 0x8004},
  };
  return all;
}

std::vector<std::string> configured_menu(unsigned architecture) {
  switch (architecture) {
    case 0:
      return {"Only one"};
    case 1:
      return {"First", "Second", "Local disk"};
    case 3:
      break;
    default:
      return {};
  }
  std::vector<std::string> texts;
  for (int entry = 1; entry <= kManyEntries; ++entry) {
    texts.push_back(fmt::format("Entry {:02}", entry));
  }
  return texts;
}

std::string configuration_text(const Variant& variant, const Setting& setting) {
  return fill_placeholders(variant.text,
                           {{"network", to_string(setting.network.network())},
                            {"netmask", to_string(setting.network.netmask)},
                            {"routed", to_string(setting.routed_network.network())},
                            {"routed-netmask", to_string(setting.routed_network.netmask)},
                            {"server", to_string(setting.server)},
                            {"root", setting.root}});
}

std::string fill_placeholders(std::string text,
                              const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string place = "{" + name + "}";
    for (std::size_t at = text.find(place); at != std::string::npos;
         at = text.find(place, at + value.size())) {
      text.replace(at, place.size(), value);
    }
  }
  return text;
}

}  // namespace pxeproof::conformance

#include "firmware/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "protocol/dhcp/client_options.h"
#include "protocol/dhcp/message.h"

namespace pxeproof::firmware {

namespace {

using dhcp::OptionCode;

// A message and its sender, with what is asked of them often.
struct Traits {
  const dhcp::MessageView& message;
  const std::optional<SenderTraits>& sender;
  std::vector<std::uint8_t> codes;  // of the options, in order
  std::string vendor_class;
  std::string user_class;
  std::optional<std::uint16_t> architecture;
  std::uint16_t maximum_size = 0;
  bool is_discover = false;

  bool has(OptionCode code) const { return message.has(code); }
  std::size_t requested_options() const {
    return message.first(OptionCode::ParameterRequestList).value_or(ByteView{}).size();
  }
  // The options stand in this order, possibly with others between.
  bool in_order(std::initializer_list<std::uint8_t> wanted) const {
    auto at = codes.begin();
    for (const std::uint8_t code : wanted) {
      at = std::find(at, codes.end(), code);
      if (at == codes.end()) return false;
      ++at;
    }
    return true;
  }
};

Traits read_traits(const dhcp::MessageView& message, const std::optional<SenderTraits>& sender) {
  Traits traits{.message = message,
                .sender = sender,
                .codes = {},
                .vendor_class = std::string(message.text(OptionCode::VendorClass)),
                .user_class = std::string(message.text(OptionCode::UserClass)),
                .architecture = {}};
  message.each_option(
      [&traits](const dhcp::OptionView& option) { traits.codes.push_back(option.code); });
  if (const auto value = message.first(OptionCode::ClientArchitecture)) {
    const auto numbers = dhcp::decode_architectures(*value);
    if (!numbers.empty()) traits.architecture = numbers.front();
  }
  traits.maximum_size = message.number16(OptionCode::MaximumMessageSize).value_or(0);
  traits.is_discover = message.type() == dhcp::MessageType::Discover;
  return traits;
}

// One trait of a family: how much it says, and whether it must hold.
struct Trait {
  Family family;
  unsigned weight;
  enum class Need { Required, Usual } need;
  std::string_view words;
  bool (*holds)(const Traits&);
};

constexpr auto kRequired = Trait::Need::Required;
constexpr auto kUsual = Trait::Need::Usual;

bool is_pxe(const Traits& t) { return t.vendor_class.starts_with("PXEClient"); }
bool says_ipxe(const Traits& t) {
  return t.user_class.find("iPXE") != std::string::npos ||
         t.user_class.find("gPXE") != std::string::npos;
}
bool is_pi_mac(const Traits& t) {
  constexpr std::array<std::array<std::uint8_t, 3>, 6> kVendors = {{{0xb8, 0x27, 0xeb},
                                                                    {0xdc, 0xa6, 0x32},
                                                                    {0xe4, 0x5f, 0x01},
                                                                    {0xd8, 0x3a, 0xdd},
                                                                    {0x2c, 0xcf, 0x67},
                                                                    {0x28, 0xcd, 0xc1}}};
  const MacAddress mac = t.message.mac();
  return std::ranges::any_of(kVendors, [&mac](const auto& vendor) {
    return std::equal(vendor.begin(), vendor.end(), mac.octets.begin());
  });
}
bool sender_is(const Traits& t, bool (*holds)(const SenderTraits&)) {
  return t.sender.has_value() && holds(*t.sender);
}

// The rows of facts about clients as packets show them; weights are guesses of how rarely the trait
// is met elsewhere.
const std::vector<Trait>& traits_table() {
  static const std::vector<Trait> table{
      {Family::Ipxe, 40, kRequired, "option 77 or 175 of iPXE",
       [](const Traits& t) { return says_ipxe(t) || t.has(OptionCode::EtherBoot); }},
      {Family::Ipxe, 20, kUsual, "option 175 with its features",
       [](const Traits& t) { return t.has(OptionCode::EtherBoot); }},
      {Family::Ipxe, 10, kUsual, "option 61 with the hardware address",
       [](const Traits& t) { return t.has(OptionCode::ClientIdentifier); }},
      {Family::Ipxe, 15, kUsual, "order 57 93 94 60 77 55 175",
       [](const Traits& t) {
         return t.in_order({57, 93, 94, 60, 77, 55, 175});
       }},
      {Family::Ipxe, 10, kUsual, "option 57 is 1472",
       [](const Traits& t) { return t.maximum_size == 1472; }},
      {Family::Ipxe, 5, kUsual, "TTL 64, no DF",
       [](const Traits& t) {
         return sender_is(t, [](const SenderTraits& s) { return s.ttl == 64 && !s.dont_fragment; });
       }},

      {Family::Edk2, 20, kRequired, "option 60 is PXEClient or HTTPClient with a UEFI architecture",
       [](const Traits& t) {
         return (is_pxe(t) || t.vendor_class.starts_with("HTTPClient")) && t.architecture &&
                *t.architecture >= 6 && !says_ipxe(t) && !t.has(OptionCode::EtherBoot);
       }},
      {Family::Edk2, 15, kUsual, "UNDI:003000 or later in option 60",
       [](const Traits& t) { return t.vendor_class.find(":UNDI:003") != std::string::npos; }},
      {Family::Edk2, 20, kUsual, "order 57 55 97 94 93 60",
       [](const Traits& t) {
         return t.in_order({57, 55, 97, 94, 93, 60});
       }},
      {Family::Edk2, 15, kUsual, "asks for 35 options, or 27 for HTTP boot",
       [](const Traits& t) { return t.requested_options() == 35 || t.requested_options() == 27; }},
      {Family::Edk2, 10, kUsual, "neither option 61 nor 77",
       [](const Traits& t) {
         return !t.has(OptionCode::ClientIdentifier) && !t.has(OptionCode::UserClass);
       }},
      {Family::Edk2, 10, kUsual, "broadcast flag",
       [](const Traits& t) { return (t.message.flags() & dhcp::kBroadcastFlag) != 0; }},
      {Family::Edk2, 5, kUsual, "unpadded",
       [](const Traits& t) { return t.message.packet().back() == 0xff; }},
      {Family::Edk2, 5, kUsual, "option 57 is 1472 in DISCOVER, 65280 in REQUEST",
       [](const Traits& t) { return t.maximum_size == (t.is_discover ? 1472 : 65280); }},

      {Family::IntelRom, 20, kRequired, "option 60 is PXEClient for BIOS, without iPXE's options",
       [](const Traits& t) {
         return is_pxe(t) && t.architecture.value_or(0) == 0 && !says_ipxe(t) &&
                !t.has(OptionCode::EtherBoot) && !is_pi_mac(t);
       }},
      {Family::IntelRom, 20, kUsual, "548 octets, zero padded",
       [](const Traits& t) { return t.message.packet().size() == 548; }},
      {Family::IntelRom, 15, kUsual, "option 57 is 1260",
       [](const Traits& t) { return t.maximum_size == 1260; }},
      {Family::IntelRom, 15, kUsual, "order 55 57 97 93 94 60",
       [](const Traits& t) {
         return t.in_order({55, 57, 97, 93, 94, 60}) || t.in_order({55, 57, 54, 97, 93, 94, 60});
       }},
      {Family::IntelRom, 15, kUsual, "transaction id from the hardware address",
       [](const Traits& t) {
         const MacAddress mac = t.message.mac();
         const std::uint32_t low =
             static_cast<std::uint32_t>(mac.octets[3] << 16U | mac.octets[4] << 8U | mac.octets[5]);
         return (t.message.xid() & 0xffffffU) == low;
       }},
      {Family::IntelRom, 10, kUsual, "TTL 20",
       [](const Traits& t) {
         return sender_is(t, [](const SenderTraits& s) { return s.ttl == 20; });
       }},
      {Family::IntelRom, 5, kUsual, "broadcast flag",
       [](const Traits& t) { return (t.message.flags() & dhcp::kBroadcastFlag) != 0; }},

      {Family::Uboot, 50, kRequired, "option 60 is U-Boot's, or its manners with PXEClient",
       [](const Traits& t) {
         return t.vendor_class.starts_with("U-Boot") ||
                (is_pxe(t) && t.in_order({57, 93, 94, 60, 55}) && t.maximum_size == 576);
       }},
      {Family::Uboot, 15, kUsual, "option 57 is 576",
       [](const Traits& t) { return t.maximum_size == 576; }},
      {Family::Uboot, 20, kUsual, "TTL 255 with DF and without UDP checksum",
       [](const Traits& t) {
         return sender_is(t, [](const SenderTraits& s) {
           return s.ttl == 255 && s.dont_fragment && !s.has_checksum;
         });
       }},
      {Family::Uboot, 15, kUsual, "option 94 is 1.0.0",
       [](const Traits& t) {
         const auto value = t.message.first(OptionCode::ClientInterface);
         return value && value->size() == 3 && (*value)[1] == 0 && (*value)[2] == 0;
       }},

      {Family::Grub, 30, kRequired, "option 53 with few others, 300 octets",
       [](const Traits& t) {
         return t.vendor_class.empty() && t.codes.size() <= 4 && t.message.packet().size() == 300 &&
                !t.has(OptionCode::MaximumMessageSize) && !t.has(OptionCode::ClientIdentifier) &&
                !t.has(OptionCode::HostName);
       }},
      {Family::Grub, 30, kUsual, "seconds are the low half of the transaction id",
       [](const Traits& t) { return t.message.secs() == (t.message.xid() & 0xffffU); }},
      {Family::Grub, 20, kUsual, "TTL 255 without DF, with checksum",
       [](const Traits& t) {
         return sender_is(t, [](const SenderTraits& s) {
           return s.ttl == 255 && !s.dont_fragment && s.has_checksum;
         });
       }},
      {Family::Grub, 20, kUsual, "DISCOVER with option 53 only",
       [](const Traits& t) { return t.codes.size() == 1 || !t.is_discover; }},

      {Family::RaspberryPi, 40, kRequired, "a Raspberry Pi's hardware address that says PXEClient",
       [](const Traits& t) { return is_pi_mac(t) && is_pxe(t) && !says_ipxe(t); }},
      {Family::RaspberryPi, 20, kUsual, "transaction id 26f30339",
       [](const Traits& t) { return t.message.xid() == 0x26f30339; }},
      {Family::RaspberryPi, 20, kUsual, "TTL 128",
       [](const Traits& t) {
         return sender_is(t, [](const SenderTraits& s) { return s.ttl == 128; });
       }},
      {Family::RaspberryPi, 20, kUsual, "says architecture 0",
       [](const Traits& t) { return t.architecture.value_or(0) == 0; }},

      {Family::UefiIp4, 40, kRequired, "options 53, 57 = 65280 and 55 = 1 3 6 only",
       [](const Traits& t) {
         return t.vendor_class.empty() && t.maximum_size == 65280 && t.requested_options() <= 4 &&
                !t.architecture;
       }},
      {Family::UefiIp4, 30, kUsual, "broadcast flag",
       [](const Traits& t) { return (t.message.flags() & dhcp::kBroadcastFlag) != 0; }},
      {Family::UefiIp4, 30, kUsual, "unpadded",
       [](const Traits& t) { return t.message.packet().back() == 0xff; }},

      {Family::OtherPxe, 40, kRequired, "option 60 is PXEClient", is_pxe},
      {Family::OtherHttp, 40, kRequired, "option 60 is HTTPClient",
       [](const Traits& t) { return t.vendor_class.starts_with("HTTPClient"); }},
      {Family::OperatingSystem, 40, kRequired, "no sign of network boot, but a system's options",
       [](const Traits& t) {
         return !is_pxe(t) && !t.vendor_class.starts_with("HTTPClient") && !t.architecture &&
                (t.has(OptionCode::HostName) || t.has(OptionCode::ClientIdentifier) ||
                 !t.vendor_class.empty());
       }},
  };
  return table;
}

constexpr std::array kFamilies = {Family::Ipxe,           Family::Uboot,    Family::RaspberryPi,
                                  Family::Edk2,           Family::IntelRom, Family::UefiIp4,
                                  Family::Grub,           Family::OtherPxe, Family::OtherHttp,
                                  Family::OperatingSystem};

// The families above these have details to check; these are what is left.
constexpr unsigned kMostForLeftovers = 40;

struct Score {
  unsigned reached = 0;
  unsigned possible = 0;
  bool possible_at_all = true;
  std::vector<std::string> matches;
  std::vector<std::string> misses;
};

Score score(Family family, const Traits& traits) {
  Score result;
  for (const Trait& trait : traits_table()) {
    if (trait.family != family) continue;
    const bool holds = trait.holds(traits);
    // Below a relay or without the headers, what they would tell is not counted either way.
    const bool unknown = !traits.sender && trait.words.find("TTL") != std::string_view::npos;
    if (unknown) continue;
    result.possible += trait.weight;
    if (holds) {
      result.reached += trait.weight;
      result.matches.emplace_back(trait.words);
    } else {
      result.misses.emplace_back(trait.words);
      if (trait.need == kRequired) result.possible_at_all = false;
    }
  }
  return result;
}

std::string name_of(Family family, std::optional<std::uint16_t> architecture) {
  const auto* known = architecture ? dhcp::find_architecture(*architecture) : nullptr;
  if (known == nullptr) return std::string(to_string(family));
  return fmt::format("{} ({})", to_string(family), known->name);
}

}  // namespace

std::string profile_of(Family family, std::optional<std::uint16_t> architecture) {
  if (family == Family::Ipxe) return architecture.value_or(0) == 0 ? "ipxe-bios" : "ipxe-efi-x64";
  if (family == Family::IntelRom) return "intel-2.1";
  if (family == Family::Grub) return "grub";
  if (family == Family::RaspberryPi) return "rpi";
  if (family == Family::Uboot) return "uboot-arm64";
  if (family != Family::Edk2) return {};
  switch (architecture.value_or(0)) {
    case 6:
      return "edk2-ia32";
    case 11:
      return "edk2-arm64";
    default:
      return "edk2-x64";
  }
}

std::string_view to_string(Family family) {
  switch (family) {
    case Family::Unknown:
      return "unknown firmware";
    case Family::Ipxe:
      return "iPXE";
    case Family::Edk2:
      return "EDK2";
    case Family::IntelRom:
      return "Intel PXE 2.1 ROM";
    case Family::Uboot:
      return "U-Boot";
    case Family::Grub:
      return "GRUB";
    case Family::RaspberryPi:
      return "Raspberry Pi ROM";
    case Family::UefiIp4:
      return "a UEFI network driver";
    case Family::OtherPxe:
      return "a PXE ROM of an unknown make";
    case Family::OtherHttp:
      return "HTTP boot of an unknown make";
    case Family::OperatingSystem:
      return "an operating system";
  }
  return {};
}

std::string_view confidence_word(unsigned confidence) {
  if (confidence >= 90) return "certain";
  if (confidence >= 70) return "very likely";
  if (confidence >= 50) return "likely";
  return "a guess";
}

FirmwareGuess guess_firmware(ByteView octets, const std::optional<SenderTraits>& sender) {
  const auto message = dhcp::MessageView::parse(octets);
  if (!message) return {};
  const Traits traits = read_traits(*message, sender);
  FirmwareGuess best;
  for (const Family family : kFamilies) {
    Score reached = score(family, traits);
    if (!reached.possible_at_all || reached.possible == 0) continue;
    const bool is_leftover = family == Family::OtherPxe || family == Family::OtherHttp ||
                             family == Family::OperatingSystem;
    const unsigned confidence =
        is_leftover ? kMostForLeftovers : reached.reached * 100 / reached.possible;
    if (confidence <= best.confidence) continue;
    best.family = family;
    best.name = name_of(family, traits.architecture);
    best.profile = profile_of(family, traits.architecture);
    best.confidence = confidence;
    best.matches = std::move(reached.matches);
    best.misses = std::move(reached.misses);
  }
  return best;
}

}  // namespace pxeproof::firmware

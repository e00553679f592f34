#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pxeproof::server {

// Why a datagram gets no answer. The first group has one value per condition of the acceptance
// filter (facts: "1.2 Acceptance filter"), in its order of evaluation.
enum class Reason : std::uint8_t {
  TooShort,
  NotARequest,
  HardwareAddressTooLong,
  HardwareTypeMissing,
  UnknownInterface,
  InterfaceWithoutAddress,
  InterfaceNotServed,
  BadCookie,
  OptionOverrun,
  NoRange,
  NoRangeForRelay,
  Bootp,
  NoVendorClass,
  ForeignVendorClass,
  NoArchitecture,
  LeaseRequest,
  InformWithoutItem,
  LeaseTraffic,
  ServerMessage,
  UnknownMessageType,
  RangeWithheld,
  ClientIgnored,
  HostIgnored,
  PxeNotConfigured,

  CredentialsRequested,
  UnknownBootType,
  LocalBootType,
  ForeignArchitectureItem,
  ItemWithheld,
  ClientOutsideRange,
  ForeignServerIdentifier,

  NothingToBoot,
  ServerNameUnknown,
  FileNameTooLong,
  NoReturnAddress,
  MulticastNotOffered,
  RelayLoop,
  QueueFull,

  NoUniqueIdentifier,
  AddressesExhausted,
  BootpWithoutAddress,
  LeaseLimit,
  UnknownLease,
  LeaseElsewhere,
  ForeignServerSelected,
  NoClientAddress,
  Released,
  Declined,
};

inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::Declined) + 1;

// What is known of a reason; one row of the table behind the functions below.
struct ReasonText {
  Reason reason;
  std::uint8_t row;       // of the acceptance filter; 0 for the silences that it does not have
  std::string_view slug;  // for counters and JSON: "no-vendor-class"
  std::string_view text;  // for people
};

std::span<const ReasonText> all_reasons();
std::string_view to_string(Reason reason);
std::string_view slug(Reason reason);
std::uint8_t row(Reason reason);

}  // namespace pxeproof::server

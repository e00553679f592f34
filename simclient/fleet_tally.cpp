#include "simclient/fleet_tally.h"

#include <algorithm>
#include <numeric>

namespace pxeproof::rom {

namespace {

struct SpanName {
  Span span;
  std::string_view name;
  std::string_view title;
};

constexpr std::array kNames{
    SpanName{Span::Offer, "offer", "offer"},
    SpanName{Span::Lease, "lease", "lease"},
    SpanName{Span::BootItem, "4011", "4011"},
    SpanName{Span::FirstByte, "firstbyte", "tftp 1st byte"},
    SpanName{Span::Nbp, "nbp", "file nbp"},
    SpanName{Span::Config, "config", "config"},
    SpanName{Span::Payload, "payload", "payload"},
    SpanName{Span::Boot, "boot", "boot total"},
};
static_assert(kNames.size() == kSpans);

}  // namespace

std::string_view to_string(Span span) { return kNames[static_cast<std::size_t>(span)].name; }

std::string_view title_of(Span span) { return kNames[static_cast<std::size_t>(span)].title; }

std::uint64_t FleetTally::resent_in(Span which) const {
  if (which == Span::Boot) return std::accumulate(resent.begin(), resent.end(), std::uint64_t{0});
  return resent[static_cast<std::size_t>(which)];
}

std::optional<Span> parse_span(std::string_view text) {
  const auto* const found = std::ranges::find(kNames, text, &SpanName::name);
  if (found == kNames.end()) return std::nullopt;
  return found->span;
}

}  // namespace pxeproof::rom

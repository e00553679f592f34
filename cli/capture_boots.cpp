#include "cli/capture_boots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/arguments.h"
#include "protocol/dhcp/client_options.h"
#include "trace/boot_grouper.h"
#include "trace/capture_reader.h"

namespace pxeproof::cli {

namespace {

using Boots = std::vector<const trace::Boot*>;

// Pairs the boots that agree in something, the first with the first.
template <typename Same>
void pair_by(Boots& good, Boots& bad, Same&& same, std::vector<BootPairs::Pair>& pairs) {
  for (const trace::Boot*& one : good) {
    for (const trace::Boot*& other : bad) {
      if (one == nullptr || other == nullptr || !same(*one, *other)) continue;
      pairs.push_back({one, other});
      one = nullptr;
      other = nullptr;
    }
  }
  std::erase(good, nullptr);
  std::erase(bad, nullptr);
}

Boots chosen(const CaptureBoots& capture, std::optional<MacAddress> mac) {
  Boots boots;
  for (const trace::Boot& boot : capture.boots) {
    if (!mac || boot.mac == *mac) boots.push_back(&boot);
  }
  return boots;
}

}  // namespace

Outcome<firmware::Family> parse_client_family(std::string_view text) {
  using firmware::Family;
  struct Row {
    std::string_view name;
    Family family;
  };
  constexpr std::array kRows = {Row{"ipxe", Family::Ipxe},      Row{"edk2", Family::Edk2},
                                Row{"ovmf", Family::Edk2},      Row{"intel", Family::IntelRom},
                                Row{"uboot", Family::Uboot},    Row{"grub", Family::Grub},
                                Row{"rpi", Family::RaspberryPi}};
  std::vector<std::string> names;
  for (const Row& row : kRows) {
    // A profile is named by its family and its machine: edk2-x64.
    if (text.substr(0, text.find('-')) == row.name) return row.family;
    names.emplace_back(row.name);
  }
  const auto suggestion = nearest(text, names);
  return wrong_usage(fmt::format("--as {}: no such firmware{}; known are {}", text,
                                 suggestion ? fmt::format(" (did you mean {}?)", *suggestion) : "",
                                 fmt::join(names, ", ")));
}

Outcome<CaptureBoots> read_boots(const std::string& path) {
  auto reader = trace::CaptureReader::open(path);
  if (!reader) return wrong_usage(reader.error().message);
  CaptureBoots capture;
  capture.path = path;
  trace::BootGrouper grouper;
  const auto collect = [&] {
    while (auto boot = grouper.poll_boot()) {
      if (capture.boots.size() < kMaximumComparedBoots) {
        capture.boots.push_back(std::move(*boot));
      } else {
        ++capture.left_out;
      }
    }
  };
  while (const auto frame = reader->next()) {
    grouper.on_frame({frame->number, frame->at, frame->interface, frame->octets});
    collect();
  }
  grouper.finish();
  collect();
  if (reader->error()) capture.damage = reader->error()->message;
  if (reader->counts().frames > 0) {
    if (const auto nothing = reader->nothing_readable()) return wrong_usage(nothing->message);
  }
  std::ranges::stable_sort(capture.boots, {}, &trace::Boot::number);
  return capture;
}

std::string describe_machine(const trace::Boot& boot) {
  std::string text = to_string(boot.mac);
  if (boot.architecture) text += ", " + dhcp::describe_architecture(*boot.architecture);
  if (!boot.firmware.name.empty()) text += ", " + boot.firmware.name;
  return text;
}

BootPairs match_boots(const CaptureBoots& good, const CaptureBoots& bad, const BootChoice& choice) {
  BootPairs matched;
  matched.only_good = chosen(good, choice.good);
  matched.only_bad = chosen(bad, choice.bad);
  const auto pair = [&matched](auto&& same) {
    pair_by(matched.only_good, matched.only_bad, same, matched.pairs);
  };
  pair([](const trace::Boot& one, const trace::Boot& other) { return one.mac == other.mac; });
  pair([](const trace::Boot& one, const trace::Boot& other) {
    return one.guid && one.guid == other.guid;
  });
  pair([](const trace::Boot& one, const trace::Boot& other) {
    return one.architecture == other.architecture;
  });
  if (matched.only_good.size() == 1 && matched.only_bad.size() == 1) {
    pair([](const trace::Boot&, const trace::Boot&) { return true; });
  }
  std::ranges::stable_sort(matched.pairs, {},
                           [](const BootPairs::Pair& two) { return two.good->number; });
  return matched;
}

}  // namespace pxeproof::cli

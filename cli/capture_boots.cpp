#include "cli/capture_boots.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/arguments.h"
#include "protocol/dhcp/client_options.h"
#include "trace/captured_boots.h"
#include "trace/second_card.h"

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

class Collector : public trace::BootSink {
 public:
  explicit Collector(CaptureBoots& capture) : capture_(capture) {}

  void begin() override {
    capture_.boots.clear();
    capture_.left_out = 0;
  }
  void on_boot(trace::Boot boot) override {
    if (capture_.boots.size() < kMaximumComparedBoots) {
      capture_.boots.push_back(std::move(boot));
    } else {
      ++capture_.left_out;
    }
  }

 private:
  CaptureBoots& capture_;
};

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
  CaptureBoots capture;
  capture.path = path;
  Collector collector(capture);
  const auto grouped = trace::group_capture(path, collector);
  if (!grouped) return wrong_usage(grouped.error().message);
  capture.moved = grouped->moved;
  capture.cut_frames = grouped->counts.cut;
  if (grouped->damage) capture.damage = grouped->damage->message;
  if (grouped->counts.frames > 0 && grouped->nothing) {
    return wrong_usage(grouped->nothing->message);
  }
  std::ranges::stable_sort(capture.boots, {}, &trace::Boot::number);
  std::vector<trace::Boot*> all;
  for (trace::Boot& boot : capture.boots) all.push_back(&boot);
  trace::judge_second_cards(all);
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

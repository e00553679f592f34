#include "trace/boot_diff_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "trace/step_text.h"

namespace pxeproof::trace {

namespace {

constexpr std::size_t kIndent = 2;

std::string packets(const Difference& difference) {
  const auto one = [](std::uint32_t packet) {
    return packet == 0 ? std::string("-") : std::to_string(packet);
  };
  return fmt::format("{} : {}", one(difference.good_packet), one(difference.bad_packet));
}

// What differs, without values.
std::string subject(const Difference& difference) {
  switch (difference.kind) {
    case Difference::Kind::Missing:
      return "is missing in BAD";
    case Difference::Kind::Extra:
      return "is only in BAD";
    case Difference::Kind::Field:
    case Difference::Kind::Moved:
    case Difference::Kind::Repeats:
    case Difference::Kind::Took:
    case Difference::Kind::Pause:
    case Difference::Kind::Verdict:
      return difference.label;
  }
  return {};
}

bool has_values(const Difference& difference) {
  return difference.kind != Difference::Kind::Missing && difference.kind != Difference::Kind::Extra;
}

// Names are printable ASCII; a value may hold an ellipsis.
std::string cut(const std::string& text, std::size_t columns) {
  if (text.size() <= columns) return text;
  return text.substr(0, columns < 4 ? columns : columns - 3) + (columns < 4 ? "" : "...");
}

std::string_view colour_of(Rank rank) {
  switch (rank) {
    case Rank::Semantic:
      return "\x1b[31m";
    case Rank::Timing:
      return "\x1b[33m";
    case Rank::Cosmetic:
      return "\x1b[2m";
  }
  return {};
}

class DiffText {
 public:
  DiffText(const BootDiff& diff, const BootDiffTextOptions& options)
      : diff_(diff), options_(options) {}

  std::string draw() {
    for (const Rank rank : {Rank::Semantic, Rank::Timing, Rank::Cosmetic}) tell(rank);
    if (left_out_ > 0) {
      text_ += fmt::format("{:{}}{} more lines; -v shows all\n", "", kIndent, left_out_);
    }
    return std::move(text_);
  }

 private:
  void tell(Rank rank) {
    const std::size_t count = diff_.count(rank);
    if (count == 0) return;
    const std::string heading = fmt::format("{} ({})", to_string(rank), count);
    text_ += options_.colour == BootDiffTextOptions::Colour::Yes
                 ? fmt::format("{}{}\x1b[0m\n", colour_of(rank), heading)
                 : heading + "\n";
    if (rank == Rank::Cosmetic && options_.detail == BootDiffTextOptions::Detail::Short) {
      tell_briefly(rank);
      return;
    }
    for (const Difference& difference : diff_.differences) {
      if (difference.significance.rank == rank) tell(difference);
    }
  }

  void line(const std::string& words) {
    if (options_.detail == BootDiffTextOptions::Detail::Short && lines_ >= options_.maximum_lines) {
      ++left_out_;
      return;
    }
    ++lines_;
    text_ += words + "\n";
  }

  // The packets, the step, what differs; values and consequence behind, or below when too long.
  void tell(const Difference& difference) {
    std::string words = fmt::format("{:{}}{:>11}  {}  {}", "", kIndent, packets(difference),
                                    cut(difference.step, 48), subject(difference));
    std::vector<std::string> parts;
    if (has_values(difference)) {
      parts.push_back("good: " + difference.good);
      parts.push_back("bad: " + difference.bad);
    }
    if (!difference.significance.consequence.empty()) {
      parts.push_back("(" + std::string(difference.significance.consequence) + ")");
    }
    std::size_t begin = kIndent + 13;
    std::string rest;
    for (const std::string& part : parts) {
      std::string& current = rest.empty() ? words : rest;
      if (current.size() + 2 + part.size() <= options_.columns) {
        current += "  " + part;
        continue;
      }
      if (!rest.empty()) line(cut(rest, options_.columns));
      if (rest.empty()) line(cut(words, options_.columns));
      words.clear();
      rest = fmt::format("{:{}}{}", "", begin, part);
    }
    line(cut(rest.empty() ? words : rest, options_.columns));
  }

  // Each field once, with the steps that have it.
  void tell_briefly(Rank rank) {
    struct Group {
      std::string what;
      std::string first_step;
      std::size_t steps = 0;
    };
    std::vector<Group> groups;
    for (const Difference& difference : diff_.differences) {
      if (difference.significance.rank != rank) continue;
      std::string what = has_values(difference) ? difference.label : subject(difference);
      const auto known = std::ranges::find(groups, what, &Group::what);
      if (known == groups.end()) {
        groups.push_back({std::move(what), difference.step, 1});
      } else {
        ++known->steps;
      }
    }
    for (const Group& group : groups) {
      line(cut(fmt::format("{:{}}{}: {}{}", "", kIndent, group.what, group.first_step,
                           group.steps > 1 ? fmt::format(" and {} more", group.steps - 1) : ""),
               options_.columns));
    }
  }

  const BootDiff& diff_;
  BootDiffTextOptions options_;
  std::string text_;
  std::size_t lines_ = 0;
  std::size_t left_out_ = 0;
};

std::string in_words(const Difference& difference) {
  if (difference.step == "end") {
    return fmt::format("the end ({}; in BAD {})", difference.good, difference.bad);
  }
  if (!has_values(difference)) return difference.step + " " + subject(difference);
  return fmt::format("{} of {} ({}, in BAD {})", difference.label, difference.step, difference.good,
                     difference.bad);
}

std::string where(const Difference& difference) {
  if (difference.good_packet == 0 && difference.bad_packet == 0) return {};
  return fmt::format(" (packets {})", packets(difference));
}

}  // namespace

std::string boot_diff_text(const BootDiff& diff, const BootDiffTextOptions& options) {
  return DiffText(diff, options).draw();
}

std::string fork_text(const BootDiff& diff) {
  if (!diff.fork) return {};
  const Difference& fork = diff.differences[*diff.fork];
  std::string text = in_words(fork) + where(fork);
  if (diff.cause) {
    const Difference& cause = diff.differences[*diff.cause];
    text += fmt::format("; before it differs {}{}", in_words(cause), where(cause));
  } else {
    text += "; nothing that decides differs before it";
  }
  const auto later = std::ranges::count_if(
      diff.differences, [](const Difference& difference) { return difference.follows; });
  if (later > 0) text += fmt::format("; {} later differences may follow from it", later);
  return text;
}

std::vector<std::string> hidden_texts(const BootDiff& diff, const std::string& good_file,
                                      const std::string& bad_file) {
  std::vector<std::string> texts;
  const auto add = [&texts](const BootDiff::Hidden& hidden, const std::string& file) {
    if (hidden.dhcp_frames > 0) {
      texts.push_back(fmt::format(
          "{}: no DHCP of this boot can be read, and {} frame{} of the file {} cut by the snap "
          "length; DHCP is not compared: capture whole packets (tcpdump -s 0)",
          file, hidden.dhcp_frames, hidden.dhcp_frames == 1 ? "" : "s",
          hidden.dhcp_frames == 1 ? "is" : "are"));
    } else if (hidden.packets > 0) {
      texts.push_back(fmt::format(
          "{}: {} packet{} of this boot {} cut by the snap length; what stood behind is not "
          "compared: capture whole packets (tcpdump -s 0)",
          file, hidden.packets, hidden.packets == 1 ? "" : "s",
          hidden.packets == 1 ? "is" : "are"));
    }
  };
  add(diff.good_hidden, good_file);
  add(diff.bad_hidden, bad_file);
  return texts;
}

std::string aligned_text(const BootDiff& diff) {
  const BootDiff::Normalised& n = diff.normalised;
  struct Count {
    std::size_t count;
    std::string_view one;
    std::string_view many;
  };
  const std::array<Count, 6> counts{{{n.macs, "MAC address", "MAC addresses"},
                                     {n.addresses, "IP address", "IP addresses"},
                                     {n.guids, "GUID", "GUIDs"},
                                     {n.xids, "xid", "xids"},
                                     {n.ports, "port", "ports"},
                                     {n.host_names, "host name", "host names"}}};
  std::string normalised;
  for (const Count& count : counts) {
    if (count.count == 0) continue;
    normalised += fmt::format("{}{} {}", normalised.empty() ? "" : ", ", count.count,
                              count.count == 1 ? count.one : count.many);
  }
  const double shift = to_seconds(n.clock_shift);
  if (shift >= 1 || shift <= -1) {
    normalised += fmt::format("{}a clock shift of {:.0f} s", normalised.empty() ? "" : ", ", shift);
  }
  return fmt::format("aligned {} of {} steps{}{}", diff.aligned, diff.places.size(),
                     normalised.empty() ? "" : "; normalised: ", normalised);
}

}  // namespace pxeproof::trace

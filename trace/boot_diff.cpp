#include "trace/boot_diff.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/letter_case.h"
#include "trace/boot_files.h"
#include "trace/step_text.h"
#include "trace/volatile_text.h"

namespace pxeproof::trace {

namespace {

constexpr std::string_view kAbsent = "absent";

// How well two steps fit together.
unsigned fit(const ComparedStep& good, const ComparedStep& bad) {
  if (good.kind != bad.kind) return may_be_of_one_kind(good, bad) ? 3 : 0;
  if (good.detail == bad.detail) return 8;
  if (good.side != ComparedStep::Side::File) return 4;
  if (may_be_one_name(good, bad)) return 7;
  // Two servers may name different files; they are asked for in the same place.
  if (good.is_boot_file && bad.is_boot_file) return 6;
  if (base_name(good.detail) == base_name(bad.detail)) return 5;
  // Another file in the same place: only when both went the same way.
  if (good.is_miss != bad.is_miss) return 0;
  return good.is_miss ? 1 : 2;
}

// Whether all of the DHCP may have been cut too short to be read.
bool hides_dhcp(const Boot& boot, std::uint64_t cut_frames) {
  return cut_frames > 0 && boot.begins_before_capture &&
         std::ranges::none_of(boot.steps, [](const Step& step) {
           return std::holds_alternative<DhcpStep>(step.what);
         });
}

// nullptr: the step has no such field.
const ComparedField* find_field(const ComparedStep& step, std::string_view key) {
  const auto field = std::ranges::find(step.fields, key, &ComparedField::key);
  return field == step.fields.end() ? nullptr : &*field;
}

// When the client last began to ask, up to a step.
Instant begin_of_round(const Boot& boot, const ComparedStep& step) {
  for (std::size_t index = step.step + 1; index-- > 0;) {
    const auto* message = std::get_if<DhcpStep>(&boot.steps[index].what);
    if (message != nullptr && message->type == dhcp::MessageType::Discover) {
      return boot.steps[index].at;
    }
  }
  return boot.begun;
}

BootDiff::Hidden hidden_of(const Boot& boot, std::uint64_t cut_frames) {
  BootDiff::Hidden hidden{.packets = boot.cut};
  if (hides_dhcp(boot, cut_frames)) hidden.dhcp_frames = cut_frames;
  // Without option 53 a question cannot be told from its repetition.
  const bool lacks_types = std::ranges::any_of(boot.steps, [](const Step& step) {
    const auto* message = std::get_if<DhcpStep>(&step.what);
    return message != nullptr && message->cut && !message->type;
  });
  hidden.dhcp_steps = hidden.dhcp_frames > 0 || lacks_types;
  return hidden;
}

class Comparison {
 public:
  Comparison(const Boot& good, const Boot& bad, const BootDiffOptions& options)
      : good_(good),
        bad_(bad),
        options_(options),
        family_(options.family.value_or(good.firmware.family == firmware::Family::Unknown
                                            ? bad.firmware.family
                                            : good.firmware.family)) {}

  BootDiff run();

 private:
  bool is_ignored(const Difference& difference) const;
  void add(Difference difference);
  Difference about(std::size_t place) const;

  bool hides_dhcp_steps() const {
    return diff_.good_hidden.dhcp_steps || diff_.bad_hidden.dhcp_steps;
  }
  enum class Lacking { Good, Bad };
  bool may_be_hidden(const ComparedStep& step, Lacking lacking) const;
  void compare_place(std::size_t place);
  void compare_fields(std::size_t place, const ComparedStep& good, const ComparedStep& bad);
  bool same_value(const ComparedField& good, const ComparedField& bad);
  bool has_implied_siaddr(const ComparedStep& good, const ComparedStep& bad);
  void compare_times(std::size_t place, const ComparedStep& good, const ComparedStep& bad);
  void add_time(std::size_t place, Difference::Kind kind, std::optional<Duration> good,
                std::optional<Duration> bad);
  void join_moved();
  void compare_verdicts();
  void find_fork();
  void count_normalised();

  const Boot& good_;
  const Boot& bad_;
  const BootDiffOptions& options_;
  firmware::Family family_;
  BootDiff diff_;
  NamePairing names_;
  std::vector<std::size_t> moved_;  // places of both halves, joined in the first
};

bool Comparison::is_ignored(const Difference& difference) const {
  const std::string rank = lower_case(to_string(difference.significance.rank));
  return options_.ignore.contains(rank) || options_.ignore.contains(difference.key) ||
         options_.ignore.contains(difference.step + ":" + difference.key);
}

void Comparison::add(Difference difference) {
  if (!is_ignored(difference)) diff_.differences.push_back(std::move(difference));
}

Difference Comparison::about(std::size_t place) const {
  const AlignedPair& pair = diff_.places[place];
  Difference difference;
  difference.place = place;
  if (pair.bad) {
    difference.step = diff_.bad[*pair.bad].title;
    difference.bad_packet = diff_.bad[*pair.bad].packet;
  }
  if (pair.good) {
    difference.step = diff_.good[*pair.good].title;
    difference.good_packet = diff_.good[*pair.good].packet;
  }
  return difference;
}

bool Comparison::same_value(const ComparedField& good, const ComparedField& bad) {
  if (good.whole && bad.whole && good.whole == bad.whole) {
    // Ports are used again when their turn comes; that says nothing.
    return names_.pair(*good.whole, good.value, bad.value) == NamePairing::Outcome::Agrees ||
           good.whole == Volatile::Port;
  }
  if (good.whole != bad.whole) return false;
  const VolatileText good_text(good.value, good_.address);
  const VolatileText bad_text(bad.value, bad_.address);
  if (good_text.shape() != bad_text.shape() ||
      good_text.names().size() != bad_text.names().size()) {
    return false;
  }
  bool agrees = true;
  for (std::size_t index = 0; index < good_text.names().size(); ++index) {
    const VolatileText::Name& one = good_text.names()[index];
    const VolatileText::Name& other = bad_text.names()[index];
    agrees = agrees && one.kind == other.kind &&
             names_.pair(one.kind, one.value, other.value) == NamePairing::Outcome::Agrees;
  }
  return agrees;
}

// Whether one message has no siaddr and its option 54 names the server of the other's siaddr.
bool Comparison::has_implied_siaddr(const ComparedStep& good, const ComparedStep& bad) {
  const ComparedField* good_id = find_field(good, "54");
  const ComparedField* bad_id = find_field(bad, "54");
  // In another network a server has another address: who is who must be known first.
  if (good_id != nullptr && bad_id != nullptr) same_value(*good_id, *bad_id);
  const ComparedField* good_siaddr = find_field(good, "siaddr");
  const ComparedField* bad_siaddr = find_field(bad, "siaddr");
  if ((good_siaddr == nullptr) == (bad_siaddr == nullptr)) return false;
  const ComparedStep& without = good_siaddr == nullptr ? good : bad;
  const ComparedField* server_id = good_siaddr == nullptr ? good_id : bad_id;
  if (server_id == nullptr) return without.cut.message;  // it may stand behind the cut
  return good_siaddr == nullptr
             ? names_.agrees(Volatile::Address, server_id->value, bad_siaddr->value)
             : names_.agrees(Volatile::Address, good_siaddr->value, server_id->value);
}

void Comparison::compare_fields(std::size_t place, const ComparedStep& good,
                                const ComparedStep& bad) {
  std::size_t found = 0;  // with those that are ignored
  const auto report = [&](const ComparedField& field, std::string good_value,
                          std::string bad_value) {
    ++found;
    Difference difference = about(place);
    difference.key = field.key;
    difference.label = field.label;
    difference.good = std::move(good_value);
    difference.bad = std::move(bad_value);
    difference.significance = significance_of(good, field.key, family_);
    if (field.key == "siaddr" && has_implied_siaddr(good, bad)) {
      difference.significance =
          significance_of_implied_siaddr(good, family_).value_or(difference.significance);
    }
    add(std::move(difference));
  };
  const auto follows_from_others = [&](const ComparedField& field) {
    return (field.key == "order" || field.key == "size") && found > 0;
  };
  for (const ComparedField& field : bad.fields) {
    const bool known =
        std::ranges::find(good.fields, field.key, &ComparedField::key) != good.fields.end();
    // A digest is missing where the capture holds no content.
    if (known || field.key == "content" || hides(good, bad, field.key)) continue;
    report(field, std::string(kAbsent), field.value);
  }
  for (const ComparedField& field : good.fields) {
    const auto other = std::ranges::find(bad.fields, field.key, &ComparedField::key);
    if (hides(good, bad, field.key) || hides(bad, good, field.key)) continue;
    if (field.key == "name" && may_be_one_name(good, bad)) continue;
    if (other == bad.fields.end()) {
      if (field.key != "content") report(field, field.value, std::string(kAbsent));
    } else if (!same_value(field, *other) && !follows_from_others(field)) {
      report(field, field.value, other->value);
    }
  }
}

void Comparison::add_time(std::size_t place, Difference::Kind kind, std::optional<Duration> good,
                          std::optional<Duration> bad) {
  // No answer, or no whole file, is told as what it is; no pause is a short one.
  if (kind == Difference::Kind::Took && (!good || !bad)) return;
  const Duration one = good.value_or(Duration(0));
  const Duration other = bad.value_or(Duration(0));
  const Duration longer = std::max(one, other);
  const Duration shorter = std::min(one, other);
  if (longer - shorter < options_.least_delay ||
      to_seconds(longer) < options_.least_ratio * to_seconds(shorter)) {
    return;
  }
  Difference difference = about(place);
  difference.kind = kind;
  difference.key = kind == Difference::Kind::Took ? "time" : "pause";
  difference.label = kind == Difference::Kind::Took ? "takes" : "comes after a pause of";
  difference.good = describe_duration(one);
  difference.bad = describe_duration(other);
  difference.significance.rank = Rank::Timing;
  const ComparedStep& step = diff_.good[*diff_.places[place].good];
  constexpr Duration kImpatience = std::chrono::seconds(1);
  if (kind == Difference::Kind::Took && step.kind == "OFFER proxy" && other > kImpatience) {
    difference.significance.consequence =
        "iPXE waits about 2 s for a proxy, UEFI 3 to 4 s: close to the edge";
  }
  add(std::move(difference));
}

void Comparison::compare_times(std::size_t place, const ComparedStep& good,
                               const ComparedStep& bad) {
  // Where no DHCP can be read, what comes round again with it looks like a repetition.
  if (good.times != bad.times && !hides_dhcp_steps()) {
    Difference difference = about(place);
    difference.kind = Difference::Kind::Repeats;
    difference.key = "repeats";
    difference.label = "said";
    difference.good = in_times(good.times);
    difference.bad = in_times(bad.times);
    difference.significance = {Rank::Timing, "an answer was late, lost, or not taken"};
    add(std::move(difference));
  }
  add_time(place, Difference::Kind::Took, good.took, bad.took);
  add_time(place, Difference::Kind::Pause, good.pause, bad.pause);
}

// Whether a step that one boot lacks may be there, but for what its capture cut off.
bool Comparison::may_be_hidden(const ComparedStep& step, Lacking lacking) const {
  const bool good_lacks = lacking == Lacking::Good;
  const std::vector<ComparedStep>& steps = good_lacks ? diff_.good : diff_.bad;
  if (step.is_dhcp()) {
    if (hides_dhcp_steps()) return true;
    // Whether a later round belongs to the boot shows in what its messages say.
    const Boot& boot = good_lacks ? good_ : bad_;
    const Boot& other = good_lacks ? bad_ : good_;
    return begin_of_round(other, step) - other.begun > boot.duration() &&
           std::ranges::any_of(steps, [](const ComparedStep& known) { return known.cut.message; });
  }
  // Without DHCP between them, a second search looks like the first one repeated.
  const BootDiff::Hidden& hidden = good_lacks ? diff_.good_hidden : diff_.bad_hidden;
  return hidden.dhcp_steps && std::ranges::any_of(steps, [&](const ComparedStep& known) {
           return known.times > 1 && known.kind == step.kind &&
                  (known.side == ComparedStep::Side::Network || known.detail == step.detail);
         });
}

void Comparison::compare_place(std::size_t place) {
  const AlignedPair& pair = diff_.places[place];
  if (pair.good && pair.bad) {
    const ComparedStep& good = diff_.good[*pair.good];
    const ComparedStep& bad = diff_.bad[*pair.bad];
    compare_fields(place, good, bad);
    compare_times(place, good, bad);
    return;
  }
  const ComparedStep& step = pair.good ? diff_.good[*pair.good] : diff_.bad[*pair.bad];
  if (may_be_hidden(step, pair.good ? Lacking::Bad : Lacking::Good)) return;
  Difference difference = about(place);
  difference.kind = pair.good ? Difference::Kind::Missing : Difference::Kind::Extra;
  difference.key = "step";
  difference.label = "the step";
  difference.good = pair.good ? "there" : "not there";
  difference.bad = pair.bad ? "there" : "not there";
  difference.significance = significance_of_absence(step, family_);
  add(std::move(difference));
}

// What one side has too little here and too much there has only changed its place.
void Comparison::join_moved() {
  for (std::size_t first = 0; first < diff_.places.size(); ++first) {
    for (std::size_t second = first + 1; second < diff_.places.size(); ++second) {
      AlignedPair& here = diff_.places[first];
      AlignedPair& there = diff_.places[second];
      const bool apart = (here.good && !here.bad && !there.good && there.bad) ||
                         (!here.good && here.bad && there.good && !there.bad);
      if (!apart) continue;
      const std::size_t good = here.good ? *here.good : *there.good;
      const std::size_t bad = here.bad ? *here.bad : *there.bad;
      if (diff_.good[good].kind != diff_.bad[bad].kind ||
          diff_.good[good].detail != diff_.bad[bad].detail) {
        continue;
      }
      here = {good, bad};
      diff_.places.erase(diff_.places.begin() + static_cast<std::ptrdiff_t>(second));
      moved_.push_back(first);
      break;
    }
  }
  for (const std::size_t place : moved_) {
    Difference difference = about(place);
    difference.kind = Difference::Kind::Moved;
    difference.key = "place";
    difference.label = "comes";
    const auto before = [](const std::vector<ComparedStep>& steps, std::size_t index) {
      return index == 0 ? std::string("first") : "after " + steps[index - 1].title;
    };
    difference.good = before(diff_.good, *diff_.places[place].good);
    difference.bad = before(diff_.bad, *diff_.places[place].bad);
    difference.significance = {Rank::Timing,
                               "the order is chance, unless a client takes the first"};
    add(std::move(difference));
  }
}

void Comparison::compare_verdicts() {
  if (good_.verdict.kind == bad_.verdict.kind && good_.verdict.state == bad_.verdict.state) return;
  // How a boot ended is told from its packets: where they are alike as far as they go, what was cut
  // off makes the difference.
  const bool is_cut = diff_.good_hidden.any() || diff_.bad_hidden.any();
  if (is_cut && diff_.count(Rank::Semantic) == 0) return;
  Difference difference;
  difference.kind = Difference::Kind::Verdict;
  difference.place = diff_.places.size();
  difference.step = "end";
  difference.key = "verdict";
  difference.label = "the boot is";
  const auto words = [](const Boot& boot) {
    return fmt::format("{}, {}", to_string(boot.verdict.kind), to_string(boot.verdict.state));
  };
  difference.good = words(good_);
  difference.bad = words(bad_);
  difference.significance.rank = Rank::Semantic;
  add(std::move(difference));
}

// The boots part where one goes a way that the other does not: a step only one has, a file that
// came out otherwise, the end. What led there is the first that differed before it.
void Comparison::find_fork() {
  const auto parts_here = [](const Difference& difference) {
    if (difference.significance.rank != Rank::Semantic) return false;
    return difference.kind == Difference::Kind::Missing ||
           difference.kind == Difference::Kind::Extra ||
           difference.kind == Difference::Kind::Verdict || difference.key == "outcome" ||
           difference.key == "status" || difference.key == "name" || difference.key == "target";
  };
  auto& all = diff_.differences;
  const auto fork = std::ranges::find_if(all, parts_here);
  const auto is_semantic = [](const Difference& difference) {
    return difference.significance.rank == Rank::Semantic;
  };
  const auto first = std::ranges::find_if(all, is_semantic);
  if (fork == all.end()) return;
  diff_.fork = static_cast<std::size_t>(fork - all.begin());
  if (first != fork) diff_.cause = static_cast<std::size_t>(first - all.begin());
  for (auto later = fork + 1; later != all.end(); ++later) later->follows = true;
}

void Comparison::count_normalised() {
  diff_.normalised = {.macs = names_.renamed(Volatile::Mac),
                      .addresses = names_.renamed(Volatile::Address),
                      .guids = names_.renamed(Volatile::Guid),
                      .xids = names_.renamed(Volatile::Xid),
                      .ports = names_.renamed(Volatile::Port),
                      .host_names = names_.renamed(Volatile::HostName),
                      .clock_shift = bad_.begun - good_.begun};
}

BootDiff Comparison::run() {
  diff_.good_hidden = hidden_of(good_, options_.good_cut_frames);
  diff_.bad_hidden = hidden_of(bad_, options_.bad_cut_frames);
  diff_.good = compared_steps(good_);
  diff_.bad = compared_steps(bad_);
  diff_.places = align(diff_.good.size(), diff_.bad.size(), [this](std::size_t g, std::size_t b) {
    return fit(diff_.good[g], diff_.bad[b]);
  });
  names_.pair(Volatile::Mac, to_string(good_.mac), to_string(bad_.mac));
  if (good_.guid && bad_.guid) {
    names_.pair(Volatile::Guid, to_string(*good_.guid), to_string(*bad_.guid));
  }
  join_moved();
  for (std::size_t place = 0; place < diff_.places.size(); ++place) compare_place(place);
  compare_verdicts();
  std::ranges::stable_sort(diff_.differences, {}, &Difference::place);
  diff_.aligned = static_cast<std::size_t>(std::ranges::count_if(
      diff_.places, [](const AlignedPair& pair) { return pair.good && pair.bad; }));
  find_fork();
  count_normalised();
  return std::move(diff_);
}

}  // namespace

std::size_t BootDiff::count(Rank rank) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      differences, [rank](const Difference& d) { return d.significance.rank == rank; }));
}

BootDiff compare_boots(const Boot& good, const Boot& bad, const BootDiffOptions& options) {
  return Comparison(good, bad, options).run();
}

}  // namespace pxeproof::trace

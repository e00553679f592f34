#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "firmware/builtin_texts.h"
#include "firmware/profile.h"

namespace pxeproof::firmware {

namespace {

std::vector<std::string_view> names_of(std::span<const BuiltinText> texts) {
  std::vector<std::string_view> names;
  for (const BuiltinText& text : texts) names.push_back(text.name);
  return names;
}

const BuiltinText* find(std::span<const BuiltinText> texts, std::string_view name) {
  const auto found = std::ranges::find(texts, name, &BuiltinText::name);
  return found == texts.end() ? nullptr : &*found;
}

// Each machine of a fleet asks for them, and nobody changes them.
template <typename Parsed>
Result<std::shared_ptr<const Parsed>, ProfileError> parsed_once(
    const BuiltinText& builtin,
    Result<Parsed, ProfileError> (*parse)(std::string_view text, std::string_view origin)) {
  static std::mutex mutex;
  static std::map<std::string_view, std::shared_ptr<const Parsed>> known;
  const std::lock_guard lock(mutex);
  auto& kept = known[builtin.name];
  if (!kept) {
    auto parsed = parse(builtin.text, builtin.name);
    if (!parsed) return fail(parsed.error());
    kept = std::make_shared<const Parsed>(std::move(*parsed));
  }
  return kept;
}

}  // namespace

std::vector<std::string_view> builtin_profile_names() { return names_of(builtin_profile_texts()); }

std::optional<std::string_view> builtin_profile_text(std::string_view name) {
  const BuiltinText* const builtin = find(builtin_profile_texts(), name);
  if (builtin == nullptr) return std::nullopt;
  return builtin->text;
}

Result<std::shared_ptr<const Profile>, ProfileError> builtin_profile(std::string_view name) {
  const BuiltinText* const builtin = find(builtin_profile_texts(), name);
  if (builtin == nullptr) {
    return fail(ProfileError{
        fmt::format("there is no profile '{}'; known profiles: {}; or name a TOML file", name,
                    fmt::join(builtin_profile_names(), ", "))});
  }
  return parsed_once(*builtin, parse_profile);
}

Result<std::shared_ptr<const Program>, ProfileError> builtin_program(std::string_view name) {
  const BuiltinText* const builtin = find(builtin_program_texts(), name);
  if (builtin == nullptr) {
    return fail(ProfileError{fmt::format("there is no program '{}'; known programs: {}", name,
                                         fmt::join(names_of(builtin_program_texts()), ", "))});
  }
  return parsed_once(*builtin, parse_program);
}

}  // namespace pxeproof::firmware

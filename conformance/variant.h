#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conformance/setting.h"

namespace pxeproof::conformance {

// A configuration of the server under test, in dnsmasq's language, which our server reads too. The
// placeholders {network}, {netmask}, {routed}, {routed-netmask}, {server} and {root} are filled in.
struct Variant {
  std::string_view name{};  // empty: the standard one
  std::string text{};
  // A server may refuse to start with it; that is an answer ("refused at start").
  enum class Start { Required, MayRefuse } start = Start::Required;
};

const std::vector<Variant>& variants();
const Variant* find_variant(std::string_view name);

// What the standard configuration offers: which item and which file each architecture boots.
struct ConfiguredBoot {
  unsigned architecture = 0;
  std::string_view file{};
  unsigned item = 0;  // the type of its first menu entry
};
const std::vector<ConfiguredBoot>& configured_boots();

// The texts of an architecture's menu in the variant "menus", in their order.
std::vector<std::string> configured_menu(unsigned architecture);

// The configuration in a setting.
std::string configuration_text(const Variant& variant, const Setting& setting);

// A text with its {placeholders} filled in.
std::string fill_placeholders(std::string text,
                              const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace pxeproof::conformance

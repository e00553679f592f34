#include "conformance/plan.h"

#include <algorithm>

namespace pxeproof::conformance {

std::vector<Instance> plan_instances(const std::vector<const Case*>& cases) {
  std::vector<Instance> instances;
  for (const Case* each : cases) {
    std::string name(each->company == Company::Alone ? each->id : each->group());
    if (!each->variant.empty()) name += "+" + std::string(each->variant);
    auto place = std::ranges::find(instances, name, &Instance::name);
    if (place == instances.end()) {
      instances.push_back({.name = name, .variant = std::string(each->variant)});
      place = std::prev(instances.end());
    }
    (each->company == Company::After ? place->after : place->cases).push_back(each);
  }
  return instances;
}

std::string why_skipped(const Case& subject, const Setting& setting) {
  std::string missing;
  for (const Need need : subject.needs) {
    if (setting.can(need)) continue;
    missing += missing.empty() ? "not offered: " : ", ";
    missing += to_string(need);
  }
  return missing;
}

}  // namespace pxeproof::conformance

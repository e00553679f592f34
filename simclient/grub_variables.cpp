// The variables of GRUB's contexts (kern/env.c, normal/context.c).

#include <fmt/format.h>

#include <utility>

#include "simclient/grub_machine.h"

namespace pxeproof::rom {

std::string GrubMachine::variable(std::string_view name) const {
  const auto found = find_variable(name);
  return found ? found->value : std::string();
}

std::optional<GrubMachine::Variable> GrubMachine::find_variable(std::string_view name) const {
  const auto found = contexts_.back().variables.find(std::string(name));
  if (found == contexts_.back().variables.end()) return std::nullopt;
  return found->second;
}

void GrubMachine::set(const std::string& name, std::string value) {
  Variable& variable = context().variables[name];
  // root and prefix take a name in brackets without them.
  if (name == "root" && value.size() > 1 && value.front() == '(' && value.back() == ')') {
    value = value.substr(1, value.size() - 2);
  }
  variable.value = std::move(value);
}

void GrubMachine::restore(const std::string& name, const std::optional<Variable>& before) {
  if (before) {
    context().variables[name] = *before;
  } else {
    context().variables.erase(name);
  }
}

void GrubMachine::open_context() {
  Context next;
  for (const auto& [name, variable] : context().variables) {
    if (variable.exported) next.variables.emplace(name, variable);
  }
  contexts_.push_back(std::move(next));
}

std::string GrubMachine::module_directory() const {
  return fmt::format("{}/{}", variable("prefix"), options_.image.platform);
}

}  // namespace pxeproof::rom

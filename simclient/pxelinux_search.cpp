#include "simclient/pxelinux_search.h"

#include <fmt/format.h>

#include <iterator>

namespace pxeproof::rom {

void PxelinuxSearch::begin_program(std::string_view prefix, Ipv4Address server) {
  server_ = server;
  directory_ = PxelinuxDirectory(prefix);
  path_.clear();
  retries_ = 0;
  next_ports_ = Fetch::Ports::First;
}

std::vector<std::string> PxelinuxSearch::along_path(std::string_view name) const {
  std::vector<std::string> names = {std::string(name)};
  for (const std::string& entry : path_) {
    names.push_back(fmt::format("{}{}{}", entry, entry.ends_with('/') ? "" : "/", name));
  }
  return names;
}

void PxelinuxSearch::look_for(std::vector<std::string> names, Fetch::Use use) {
  names_ = {std::make_move_iterator(names.begin()), std::make_move_iterator(names.end())};
  use_ = use;
  retries_left_ = retries_;
  try_next_name();
}

void PxelinuxSearch::try_next_name() {
  for (; !names_.empty(); names_.pop_front()) {
    const PxelinuxLocation location = directory_.locate(names_.front());
    if (location.scheme == PxelinuxLocation::Scheme::Foreign) {
      trouble_ = fmt::format("{} is not for TFTP, and only TFTP is simulated", names_.front());
      continue;
    }
    if (fetches_ == fetch_limit_) {
      result_ = LimitReached{path_under_way_};
      names_.clear();
      return;
    }
    ++fetches_;
    path_under_way_ = location.path;
    next_fetch_ = Fetch{.name = location.path,
                        .server = server_of(names_.front()),
                        .use = use_,
                        .ports = std::exchange(next_ports_, Fetch::Ports::Next)};
    return;
  }
  result_ = Missing{};
}

// A host that is no address would be a question for DNS; without an answer pxelinux turns to its
// own server.
Ipv4Address PxelinuxSearch::server_of(std::string_view name) const {
  return Ipv4Address::parse(directory_.locate(name).server).value_or(server_);
}

void PxelinuxSearch::on_fetched(const Fetched& fetched) {
  if (names_.empty()) return;
  switch (fetched.outcome) {
    case Fetched::Outcome::Complete: {
      // pxelinux cannot tell an empty file from a missing one.
      if (fetched.size == 0 && use_ != Fetch::Use::Probe) {
        trouble_ = fmt::format("{} is empty, which pxelinux takes for missing", path_under_way_);
        break;
      }
      const bool wanted =
          use_ == Fetch::Use::Text || use_ == Fetch::Use::Library || use_ == Fetch::Use::Program;
      result_ = Found{.name = names_.front(),
                      .path = path_under_way_,
                      .content = wanted ? as_text(fetched.content) : std::string(),
                      .size = fetched.size};
      names_.clear();
      return;
    }
    case Fetched::Outcome::NotFound:
      trouble_ = fmt::format("{} is not on the server", path_under_way_);
      break;
    case Fetched::Outcome::Refused:
      trouble_ = fmt::format("the server refused {}: {}", path_under_way_, fetched.error_text);
      break;
    case Fetched::Outcome::TimedOut:
      trouble_ = fmt::format("the server did not answer for {}", path_under_way_);
      if (fetched.size == 0) break;
      result_ = FellSilent{path_under_way_};
      names_.clear();
      return;
  }
  if (retries_left_ > 0) {
    --retries_left_;
  } else {
    names_.pop_front();
    retries_left_ = retries_;
  }
  try_next_name();
}

}  // namespace pxeproof::rom

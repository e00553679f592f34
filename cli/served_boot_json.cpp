#include "cli/served_boot_json.h"

#include <nlohmann/json.hpp>

namespace pxeproof::cli {

namespace {

using nlohmann::ordered_json;

ordered_json transfer_object(const ServedBoot::Transfer& transfer) {
  ordered_json object = {{"file", transfer.name}};
  if (transfer.octets) object["octets"] = *transfer.octets;
  if (transfer.size) object["size"] = *transfer.size;
  if (!transfer.failure.empty()) object["failure"] = transfer.failure;
  return object;
}

}  // namespace

ordered_json served_boot_json(const ServedBoot& boot, std::optional<ServedPhase> wanted) {
  ordered_json object = ordered_json::object();
  if (boot.mac) object["mac"] = to_string(*boot.mac);
  if (boot.address) object["address"] = to_string(*boot.address);
  if (boot.architecture) object["architecture"] = *boot.architecture;
  object["phase"] = to_string(boot.phase);
  object["steps"] = boot.steps;
  object["octets"] = boot.octets;
  object["unfinished"] = ordered_json::array();
  for (const auto* transfers : {&boot.failed, &boot.transfers}) {
    for (const ServedBoot::Transfer& each : *transfers) {
      object["unfinished"].push_back(transfer_object(each));
    }
  }
  object["names_not_found"] = boot.missing;
  object["seconds"] = to_seconds(boot.last_event - boot.began);
  if (!boot.trouble.empty()) object["trouble"] = boot.trouble;
  object["diagnosis"] = outcome_of(boot, wanted);
  return object;
}

}  // namespace pxeproof::cli

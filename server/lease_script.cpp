#include "server/lease_script.h"

#include <fmt/format.h>

#include "server/lease_text.h"

namespace pxeproof::server {

namespace {

// An environment variable ends at a NUL, and dnsmasq lets none hold a second '='.
void set(ScriptCall& call, std::string name, std::string_view value) {
  value = value.substr(0, value.find('\0'));
  call.environment.emplace_back(std::move(name), std::string(value));
}

void set_text(ScriptCall& call, std::string name, std::string_view value) {
  value = value.substr(0, value.find('\0'));
  value = value.substr(0, value.find('='));
  if (!value.empty()) set(call, std::move(name), value);
}

void set_user_classes(ScriptCall& call, std::string_view classes) {
  for (int number = 0; !classes.empty(); ++number) {
    const std::size_t end = std::min(classes.find('\0'), classes.size());
    set_text(call, fmt::format("DNSMASQ_USER_CLASS{}", number), classes.substr(0, end));
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
}

std::string numbers(const Bytes& octets) {
  std::string text;
  for (const std::uint8_t octet : octets)
    text += fmt::format("{}{}", text.empty() ? "" : ",", octet);
  return text;
}

// The tag that was set last stands first.
std::string words(const std::vector<std::string>& tags) {
  std::string text;
  for (const std::string& tag : tags) text = tag + (text.empty() ? "" : " ") + text;
  return text;
}

}  // namespace

ScriptCall LeaseScript::begin(std::string_view action, const Lease& lease,
                              std::string_view name) const {
  ScriptCall call;
  call.arguments = {std::string(action), hardware_text(lease.client), to_string(lease.address)};
  // The script never sees the domain in the name itself.
  const std::size_t dot = name.find('.');
  if (!name.empty()) call.arguments.emplace_back(name.substr(0, dot));
  if (!lease.client.client_id.empty()) {
    set(call, "DNSMASQ_CLIENT_ID", colon_separated(lease.client.client_id));
  }
  if (dot != std::string_view::npos) {
    set(call, "DNSMASQ_DOMAIN", name.substr(dot + 1));
  } else if (!name.empty() && !domain_.empty()) {
    set(call, "DNSMASQ_DOMAIN", domain_);
  }
  if (logs_dhcp_) set(call, "DNSMASQ_LOG_DHCP", "1");
  return call;
}

void LeaseScript::add_time(const Time& time, const Lease& lease, ScriptCall& call) const {
  std::int64_t expires = 0;
  if (lease.expires) {
    const Duration left = *lease.expires - time.now;
    const auto microseconds = std::chrono::floor<std::chrono::microseconds>(left).count();
    expires = (time.epoch_microseconds + microseconds) / 1'000'000;
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(left).count();
    if (seconds > 0) set(call, "DNSMASQ_TIME_REMAINING", std::to_string(seconds));
  }
  set(call, "DNSMASQ_LEASE_EXPIRES", std::to_string(expires));
}

void LeaseScript::add_circumstances(const LeaseCircumstances& known, ScriptCall& call) const {
  set_text(call, "DNSMASQ_INTERFACE", known.interface);
  if (!known.relay.is_unspecified()) set(call, "DNSMASQ_RELAY_ADDRESS", to_string(known.relay));
  set_text(call, "DNSMASQ_SUPPLIED_HOSTNAME", known.supplied_name);
  set_text(call, "DNSMASQ_VENDOR_CLASS", known.vendor_class);
  set_text(call, "DNSMASQ_MUD_URL", known.manufacturer_usage);
  set_text(call, "DNSMASQ_CPEWAN_OUI", known.gateway_manufacturer);
  set_text(call, "DNSMASQ_CPEWAN_SERIAL", known.gateway_serial_number);
  set_text(call, "DNSMASQ_CPEWAN_CLASS", known.gateway_product_class);
  set_text(call, "DNSMASQ_CIRCUIT_ID", known.circuit_id);
  set_text(call, "DNSMASQ_SUBSCRIBER_ID", known.subscriber_id);
  set_text(call, "DNSMASQ_REMOTE_ID", known.remote_id);
  set_text(call, "DNSMASQ_REQUESTED_OPTIONS", numbers(known.requested_options));
  set_text(call, "DNSMASQ_TAGS", words(known.tags));
  set_user_classes(call, known.user_classes);
}

// What a client said with its request is known while that is answered, and no longer.
void LeaseScript::add_missing(const Lease& lease, ScriptCall& call) const {
  set_text(call, "DNSMASQ_INTERFACE", interface_of_(lease.address));
  set(call, "DNSMASQ_DATA_MISSING", "1");
}

ScriptCall LeaseScript::call_for_end(const Time& time, const Lease& lease) const {
  ScriptCall call = begin("del", lease, lease.host_name);
  add_time(time, lease, call);
  std::erase_if(call.environment,
                [](const auto& entry) { return entry.first == "DNSMASQ_TIME_REMAINING"; });
  add_missing(lease, call);
  return call;
}

std::vector<ScriptCall> LeaseScript::calls_for(const Time& time, const LeaseChange& change) const {
  const Lease& lease = change.lease;
  if (change.kind == LeaseChange::Kind::Ended) return {call_for_end(time, lease)};
  const bool is_renewal = change.circumstances != nullptr && change.circumstances->is_renewal;
  std::vector<ScriptCall> calls;
  const auto add = [&](std::string_view action, std::string_view name) -> ScriptCall& {
    ScriptCall& call = calls.emplace_back(begin(action, lease, name));
    add_time(time, lease, call);
    if (change.circumstances && !is_renewal) {
      add_circumstances(*change.circumstances, call);
    } else {
      add_missing(lease, call);
    }
    return call;
  };
  if (!change.before) {
    add("add", lease.host_name);
    return calls;
  }
  const Lease& before = *change.before;
  if (is_another_machine(before.client, lease.client)) {
    calls.push_back(call_for_end(time, before));
    add("add", lease.host_name);
    return calls;
  }
  const bool is_renamed = before.host_name != lease.host_name;
  if (is_renamed && !before.host_name.empty()) {
    ScriptCall& call = add("old", {});
    const std::string_view old_name = before.host_name;
    set(call, "DNSMASQ_OLD_HOSTNAME", old_name.substr(0, old_name.find('.')));
    if (!domain_.empty()) set(call, "DNSMASQ_DOMAIN", domain_);
  }
  if (!is_renewal || is_renamed || on_renewal_ || before.client != lease.client) {
    add("old", lease.host_name);
  }
  return calls;
}

ScriptCall LeaseScript::call_for_known(const Time& time, const Lease& lease) const {
  ScriptCall call = begin("old", lease, lease.host_name);
  add_time(time, lease, call);
  add_missing(lease, call);
  return call;
}

ScriptCall LeaseScript::call_for_expired(const Lease& lease, std::int64_t ended_epoch) const {
  ScriptCall call = begin("del", lease, lease.host_name);
  std::erase_if(call.environment,
                [](const auto& entry) { return entry.first == "DNSMASQ_DOMAIN"; });
  set(call, "DNSMASQ_LEASE_EXPIRES", std::to_string(ended_epoch));
  set(call, "DNSMASQ_DATA_MISSING", "1");
  return call;
}

ScriptCall LeaseScript::call_for(const TftpFinished& finished, Ipv4Address client) {
  return {.arguments = {"tftp", std::to_string(finished.size), to_string(client), finished.path},
          .environment = {},
          .other_path = finished.shared_path};
}

}  // namespace pxeproof::server

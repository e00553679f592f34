#include "conformance/target_file.h"

#include <fmt/format.h>
#include <algorithm>

#include "conformance/builtin_texts.h"
#include "firmware/toml_reader.h"

namespace pxeproof::conformance {

namespace {

constexpr std::uint64_t kMaximumPort = 65535;

std::optional<TargetFile::Kind> kind_of(std::string_view text) {
  if (text == "builtin") return TargetFile::Kind::Builtin;
  if (text == "exec") return TargetFile::Kind::Exec;
  if (text == "remote") return TargetFile::Kind::Remote;
  return std::nullopt;
}

}  // namespace

bool TargetFile::serves_files_only() const {
  const auto claims_it = [this](Need need) {
    return std::find(claims.begin(), claims.end(), need) != claims.end();
  };
  return !claims.empty() && !claims_it(Need::Dhcp) && !claims_it(Need::BootServer);
}

Result<TargetFile, std::string> read_target(std::string_view text, const std::string& origin) {
  firmware::TomlReader reader(text, origin);
  if (reader.error()) return fail(*reader.error());
  TargetFile target;
  target.name = reader.text("name");
  if (const auto kind = kind_of(reader.text("kind"))) {
    target.kind = *kind;
  } else {
    reader.refuse("kind", "must be builtin, exec or remote");
  }
  if (target.kind == TargetFile::Kind::Exec) {
    target.command = reader.texts("command");
    if (!reader.error() && target.command.empty()) reader.refuse("command", "names no program");
    for (const std::uint64_t port : reader.numbers("ready", kMaximumPort)) {
      target.ready_ports.push_back(static_cast<std::uint16_t>(port));
    }
    if (!reader.error() && target.ready_ports.empty()) {
      reader.refuse("ready", "names no UDP port to wait for");
    }
  }
  if (target.kind == TargetFile::Kind::Remote) target.address = reader.text("address");
  if (reader.has("version")) {
    firmware::TomlReader version = reader.table("version");
    TargetFile::Version wanted;
    wanted.run = version.texts("run");
    wanted.match = version.text("match");
    version.finish();
    if (!reader.error() && wanted.run.empty()) reader.refuse("version", "runs nothing");
    target.version = std::move(wanted);
  }
  if (reader.has("configuration")) target.configuration = reader.text("configuration");
  if (reader.has("variants")) {
    firmware::TomlReader variants = reader.table("variants");
    for (const std::string& name : variants.keys()) target.variants[name] = variants.text(name);
    variants.finish();
  }
  if (reader.has("claims")) {
    for (const std::string& claim : reader.texts("claims")) {
      const auto need = claim_named(claim);
      if (!need) {
        reader.refuse("claims", fmt::format("\"{}\" is no ability; there are dhcp, boot-server, "
                                            "tftp, tftp.windowsize, tftp.timeout, tftp.tsize and "
                                            "tftp.blksize",
                                            claim));
        break;
      }
      target.claims.push_back(*need);
    }
  }
  if (reader.has("package")) target.package = reader.text("package");
  reader.finish();
  if (reader.error()) return fail(*reader.error());
  return target;
}

std::optional<TargetFile> builtin_target(std::string_view name) {
  for (const BuiltinText& each : builtin_targets()) {
    if (each.name != name) continue;
    auto target = read_target(each.text, std::string(each.name) + ".toml");
    if (target) return std::move(*target);
  }
  return std::nullopt;
}

std::vector<std::string> builtin_target_names() {
  std::vector<std::string> names;
  for (const BuiltinText& each : builtin_targets()) names.emplace_back(each.name);
  return names;
}

}  // namespace pxeproof::conformance

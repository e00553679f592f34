#include "cli/file_rules.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "cli/server_resources.h"
#include "live/disk.h"
#include "protocol/bytes.h"
#include "server/file_name.h"

namespace pxeproof::cli {

namespace {

Result<live::WalkedPath, FileFault> open_as_server(const std::string& root, const std::string& name,
                                                   const FileRules& rules) {
  const FileRequest request{.root = root,
                            .unique_directory = {},
                            .path = name,
                            .require_world_readable = rules.require_world_readable,
                            .require_own_file = rules.require_own_file};
  const uid_t owner = rules.require_own_file ? owner_of_served_files(rules.reader) : geteuid();
  const live::ActingAs user(rules.reader);
  return live::Disk::open_file(request, owner);
}

Refusal access_denied(const std::string& path, const FileRules& rules) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return {"it may not be looked at", "let the server's user enter its directory (chmod a+x)"};
  }
  if (rules.require_own_file && status.st_uid != owner_of_served_files(rules.reader)) {
    return {fmt::format("it belongs to user {}, and tftp-secure sends only the server's own files",
                        status.st_uid),
            fmt::format("chown it to {}, or leave tftp-secure out",
                        owner_of_served_files(rules.reader))};
  }
  if ((status.st_mode & S_IROTH) != 0) {
    return {"a directory on the way to it may not be entered", "chmod a+x those directories"};
  }
  return {fmt::format("not everybody may read it (mode {:04o})", status.st_mode & 07777U),
          fmt::format("chmod a+r {}", printable(path))};
}

Refusal refusal_for(FileFault fault, const std::string& path, const FileRules& rules) {
  switch (fault) {
    case FileFault::AccessDenied:
      return access_denied(path, rules);
    case FileFault::UntrustedLink:
      return {
          "it is a symbolic link out of the served directory that is not trusted",
          "put a copy there; or let root own the link, and only its owner write the directories "
          "round it"};
    case FileFault::OutsideRoot:
      return {"it leads out of the served directory", "put a copy there"};
    case FileFault::NotFound:
      return {"it is a link to nothing", "put the file there that it names, or a copy"};
    case FileFault::NotAFile:
    case FileFault::NameTooLong:
    case FileFault::Changed:
    case FileFault::ReadFailed:
    case FileFault::TooManyOpen:
      break;
  }
  return {std::string(to_string(fault)), "put a copy there"};
}

}  // namespace

Outcome<FileRules> file_rules(const server::Configuration& configuration) {
  auto reader = configured_user(configuration);
  if (!reader) return fail(reader.error());
  const bool is_root = reads_as_root(*reader);
  return FileRules{.reader = std::move(*reader),
                   .require_world_readable = is_root,
                   .require_own_file = configuration.tftp.secure,
                   .lowercase = configuration.tftp.lowercase};
}

uid_t owner_of_served_files(const std::optional<live::UserIdentity>& reader) {
  if (reader) return reader->user;
  if (geteuid() == 0) {
    if (const auto nobody = live::find_user("nobody", "")) return nobody->user;
  }
  return geteuid();
}

std::optional<Refusal> refusal_of(const std::string& root, const std::string& name,
                                  const FileRules& rules) {
  const auto resolved = server::resolve_name(
      name, {.root = root, .unique_directory = {}, .lowercase = rules.lowercase});
  if (!resolved || resolved->path != name) {
    return Refusal{fmt::format("a client that asks for it gets {} instead",
                               resolved ? printable(resolved->path) : "an error"),
                   rules.lowercase ? "rename it in lower case, without a backslash"
                                   : "rename it without a backslash"};
  }
  const auto opened = open_as_server(root, name, rules);
  if (opened) return std::nullopt;
  return refusal_for(opened.error(), root + "/" + name, rules);
}

}  // namespace pxeproof::cli

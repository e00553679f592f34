#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/configuration_record.h"
#include "cli/failure.h"
#include "cli/server_resources.h"
#include "live/message_channel.h"
#include "protocol/file_service.h"

namespace pxeproof::cli {

// The first octet of each message between a server and its opener, the process that keeps the
// rights.
//
//   server                                   opener
//     Open (id, root, unique directory, path) ->
//          <- Opened (id, fault or none) + descriptor
//     Load ->
//          <- Sockets + up to 64 descriptors, as often as it takes
//          <- Loaded + the record in memory [+ lease journal] [+ dump file]    or    LoadFailed
//          (code, text)
//     OpenAgain ->                           as Load, with the configuration that it has read last
//     LoadDirectories ->                     as Load, of the watched directories alone
//     NewJournal ->
//          <- Journal (error text or none) + descriptor
//     CommitJournal ->                       the new journal takes the old one's name
//          <- Committed (error text or none)
//     SyncJournal, Notify (text)             need no answer
//     ControlBound                           the control socket is this run's; needs none either
enum class OpenerMessage : std::uint8_t {
  Open = 1,
  Load,
  OpenAgain,
  NewJournal,
  CommitJournal,
  SyncJournal,
  Notify,
  Opened,
  Sockets,
  Loaded,
  LoadFailed,
  Journal,
  Committed,
  ControlBound,
  LoadDirectories,
};

Bytes encode_open(const FileRequest& request);
Bytes encode_opened(std::uint64_t id, std::optional<FileFault> fault);
Bytes encode_failure(const Failure& failure);
Bytes encode_text(OpenerMessage kind, std::string_view text);  // cut to fit
Bytes encode_plain(OpenerMessage kind);

// Each gives nullopt when the octets are no such message.
std::optional<OpenerMessage> kind_of(ByteView message);
std::optional<FileRequest> decode_open(ByteView message);
std::optional<std::pair<std::uint64_t, std::optional<FileFault>>> decode_opened(ByteView message);
std::optional<Failure> decode_failure(ByteView message);
std::string decode_text(ByteView message);

// What Loaded brings: the record of the configuration, and the resources but for descriptors.
Bytes encode_loaded(const ConfigurationRecord& record, const ServerResources& resources);
struct LoadedResources {
  ConfigurationRecord record;
  ServerResources resources;
  bool has_dump_file = false;  // its descriptor is the last
};
std::optional<LoadedResources> decode_loaded(ByteView octets);

}  // namespace pxeproof::cli

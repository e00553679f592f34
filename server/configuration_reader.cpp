#include "server/configuration_reader.h"

#include "server/reader_session.h"

namespace pxeproof::server {

Result<LoadedConfiguration, std::vector<Diagnostic>> read_configuration(
    const ConfigurationSources& sources, ConfigurationFiles& files, const ReaderLimits& limits) {
  ReaderSession session(files, limits);
  session.read_command_line(sources.command_line);
  for (const TextSource& source : sources.files) session.read_text(source);
  session.read_deferred_files();
  return session.finish();
}

}  // namespace pxeproof::server

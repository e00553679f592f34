#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/failure.h"

namespace pxeproof::cli {

// A file that a run writes, and the option that names it.
struct OutputFile {
  std::string_view option;  // "--json"
  std::string file;         // empty: not asked for; "-": standard output
};

// A file that a run reads, and what it is to the run: "the capture".
struct InputFile {
  std::string_view what;
  std::string file;  // empty: none; "-": standard input
};

// To be called before anything is read, run or written. Refuses a file that cannot be written, an
// input that would be written over (by any of its names), and two outputs to one place.
Outcome<void> check_outputs(const std::vector<OutputFile>& outputs,
                            const std::vector<InputFile>& inputs = {});

// Refuses an output below a directory that the run reads, such as "the configuration's tftp-root".
// The whole file system, or none, is no such directory.
Outcome<void> check_outside(const std::vector<OutputFile>& outputs, const InputFile& directory);

// The same as check_outputs for a directory that may still have to be made.
Outcome<void> check_output_directory(const OutputFile& output);

// Writes the text to the file or to standard output; nothing when no file was asked for.
Outcome<void> write_output(const OutputFile& output, std::string_view text);

}  // namespace pxeproof::cli

#pragma once

#include <string>
#include <vector>

#include "tests/support/test_directory.h"

namespace pxeproof::testing {

// How a run of the program ended, and all it wrote, standard output and error together.
struct ProgramRun {
  int exit_code = 0;
  std::string output;
};

// Runs the built program as a user would.
ProgramRun run_pxeproof(const std::vector<std::string>& arguments);

// The same with its standard output on a full disk.
ProgramRun run_pxeproof_on_full_disk(const std::vector<std::string>& arguments);

// The same with a redirection of the shell, such as "2>/dev/full".
ProgramRun run_pxeproof_redirected(const std::string& redirection,
                                   const std::vector<std::string>& arguments);

// A directory of a test's own, gone with it.
class ScratchDirectory {
 public:
  std::string path(const std::string& name) const { return directory_ / name; }

  // Writes a file that everybody may read; its directories are made.
  std::string write(const std::string& name, const std::string& text) const {
    return directory_.write(name, text);
  }

  // The article's configuration with this directory's "tree" as its TFTP root.
  std::string write_article(const std::string& name = "boot.conf") const;

 private:
  TestDirectory directory_;
};

}  // namespace pxeproof::testing

#include "tests/cli/run_pxeproof.h"

#include <stdexcept>

#include "live/child_process.h"

namespace pxeproof::testing {

namespace {

ProgramRun run_program(const std::string& program, const std::vector<std::string>& arguments) {
  auto process = live::ChildProcess::start(
      live::Command{.program = program, .arguments = arguments, .inherited = {}});
  if (!process) throw std::runtime_error(process.error().message);
  const live::Exit exit = process->wait();
  ProgramRun run;
  run.exit_code = exit.shell_code();
  for (const std::string& line : process->take_lines()) run.output += line + "\n";
  return run;
}

}  // namespace

ProgramRun run_pxeproof(const std::vector<std::string>& arguments) {
  return run_program(PXEPROOF_PROGRAM, arguments);
}

ProgramRun run_pxeproof_on_full_disk(const std::vector<std::string>& arguments) {
  return run_pxeproof_redirected(">/dev/full", arguments);
}

ProgramRun run_pxeproof_redirected(const std::string& redirection,
                                   const std::vector<std::string>& arguments) {
  std::vector<std::string> words{"-c", R"(exec "$0" "$@" )" + redirection, PXEPROOF_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_program("/bin/sh", words);
}

std::string ScratchDirectory::write_article(const std::string& name) const {
  return write(name,
               "port=0\nlog-dhcp\ndhcp-range=192.168.178.0,proxy\ndhcp-boot=pxelinux.0\n"
               "pxe-service=x86PC,\"Network Boot\",pxelinux\nenable-tftp\ntftp-root=" +
                   path("tree") + "\n");
}

}  // namespace pxeproof::testing

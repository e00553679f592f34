#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "server/argument.h"
#include "server/configuration.h"
#include "server/configuration_reader.h"
#include "server/directive_table.h"

namespace pxeproof::server {

// One reading of a configuration: what the directives' handlers fill in and may ask for.
class ReaderSession {
 public:
  ReaderSession(ConfigurationFiles& files, const ReaderLimits& limits)
      : files_(files), limits_(limits) {}

  // --- for the reader ---
  void read_command_line(const std::vector<std::string>& arguments);
  void read_text(const TextSource& source);
  // Hosts files and the like, which dnsmasq reads after everything else.
  void read_deferred_files();
  Result<LoadedConfiguration, std::vector<Diagnostic>> finish();

  // --- for the handlers ---
  Configuration& configuration() { return configuration_; }
  const SourceLocation& location() const { return location_; }
  void warn(std::string rule, std::string what, std::string remedy);
  // This line, or a part of it, does not concern network boot. The subject is "DNS", "DHCPv6", ...
  void ignore(std::string_view subject);

  // Reads another file, or the files of a directory, before the next line.
  Judgement include_file(const std::string& path);
  // What the program of a command line prints.
  Judgement include_output(const std::string& command);
  Judgement include_directory(const std::string& path, const std::vector<std::string>& suffixes);

  // Files with another form of line, read after everything else. A directory means its files.
  enum class DeferredFile { Hosts, DhcpHosts, DhcpOptions, Ethers };
  void defer_file(DeferredFile kind, std::string path);
  void read_etc_ethers();
  void leave_out_etc_hosts() { reads_etc_hosts_ = false; }
  void expand_host_names() { expands_host_names_ = true; }

  // 0x8000 and up over all services with a file (facts/server.md 1.7).
  std::uint16_t next_boot_type() { return next_boot_type_++; }
  // Where the address was claimed before; nullopt when it is new, which it is no longer then.
  std::optional<SourceLocation> claim_host_address(Ipv4Address address) {
    const auto [claim, is_new] = host_addresses_.try_emplace(address, location_);
    return is_new ? std::nullopt : std::optional(claim->second);
  }
  // True once: the first dhcp-pxe-vendor replaces what dnsmasq has by default.
  bool replaces_default_pxe_vendors() { return std::exchange(default_pxe_vendors_, false); }

 private:
  struct Deferred {
    DeferredFile kind;
    std::string path;
    SourceLocation location;
  };

  void read_lines(const TextSource& source, std::optional<DeferredFile> form);
  std::string_view without_byte_order_mark(std::string_view text, std::optional<DeferredFile> form);
  void read_line(std::string_view line, std::optional<DeferredFile> form);
  void leave_out_line(const Complaint& complaint);
  void read_deferred(const Deferred& deferred);
  void read_deferred_text(const Deferred& deferred, const TextSource& source);
  void dispatch(const DirectiveLine& line);
  Judgement handle(const Directive& directive, const std::optional<Argument>& argument);
  Judgement check_repetition(const Directive& directive);
  void add_ignored_warning();
  void add_expanded_names();
  bool is_full() const { return errors_.size() >= limits_.diagnostics; }
  void complain(std::string rule, const Complaint& complaint);
  std::optional<std::string> read_once(const std::string& path);

  ConfigurationFiles& files_;
  ReaderLimits limits_;
  Configuration configuration_;
  SourceLocation location_;
  int directives_read_ = 0;
  std::vector<Diagnostic> errors_;
  std::vector<Diagnostic> warnings_;
  std::vector<Diagnostic> ignored_;
  // Ignored directives by subject and name, with how often each stood there.
  std::map<std::string, std::map<std::string, std::size_t>, std::less<>> ignored_names_;
  std::optional<SourceLocation> first_ignored_;
  std::string current_directive_;
  std::set<std::string_view> seen_in_files_;
  std::set<std::string_view> seen_on_command_line_;
  std::set<std::string> files_read_;
  std::vector<Deferred> deferred_;
  std::map<Ipv4Address, SourceLocation> host_addresses_;
  std::size_t file_count_ = 0;
  std::size_t nesting_ = 0;
  std::uint16_t next_boot_type_ = 0x8000;
  bool default_pxe_vendors_ = true;
  bool reads_etc_hosts_ = true;
  bool reads_etc_ethers_ = false;
  bool expands_host_names_ = false;
  bool on_command_line_ = false;
};

}  // namespace pxeproof::server

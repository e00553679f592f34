#include "cli/opener_messages.h"

#include <algorithm>

namespace pxeproof::cli {

namespace {

constexpr std::size_t kMaximumText = live::MessageChannel::kMaximumOctets - 64;
constexpr std::uint8_t kNoFault = 0xff;

class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}
  explicit Writer(Bytes& out, OpenerMessage kind) : out_(out) {
    out_.u8(static_cast<std::uint8_t>(kind));
  }

  void number(std::uint64_t value) {
    out_.u32(static_cast<std::uint32_t>(value >> 32U));
    out_.u32(static_cast<std::uint32_t>(value));
  }
  void octet(std::uint8_t value) { out_.u8(value); }
  void text(std::string_view text) {
    out_.u32(static_cast<std::uint32_t>(text.size()));
    out_.text(text);
  }
  template <typename List, typename Write>
  void list(const List& list, Write write) {
    out_.u32(static_cast<std::uint32_t>(list.size()));
    for (const auto& each : list) write(each);
  }
  void texts(const std::vector<std::string>& list) {
    this->list(list, [this](const std::string& each) { text(each); });
  }

 private:
  ByteWriter out_;
};

// Reads what Writer wrote; after the first fault everything reads as empty.
class Reader {
 public:
  explicit Reader(ByteView octets) : in_(octets) {}
  static Reader behind_kind(ByteView message) {
    return Reader(message.empty() ? message : message.subspan(1));
  }

  bool is_whole() const { return !failed_; }

  std::uint32_t word() {
    const auto value = in_.u32();
    failed_ = failed_ || !value;
    return value.value_or(0);
  }
  std::uint64_t number() {
    const std::uint64_t high = word();
    return high << 32U | word();
  }
  std::uint8_t octet() {
    const auto value = in_.u8();
    failed_ = failed_ || !value;
    return value.value_or(0);
  }
  std::string text() {
    const auto octets = in_.take(word());
    failed_ = failed_ || !octets;
    return octets && !failed_ ? as_text(*octets) : std::string();
  }
  template <typename Read>
  void list(Read read) {
    const std::uint32_t count = word();
    for (std::uint32_t i = 0; i < count && !failed_; ++i) read();
  }
  std::vector<std::string> texts() {
    std::vector<std::string> texts;
    list([&] { texts.push_back(text()); });
    return texts;
  }

 private:
  ByteReader in_;
  bool failed_ = false;
};

void write_record(Writer& out, const ConfigurationRecord& record) {
  out.texts(record.sources.command_line);
  out.list(record.sources.files, [&](const server::TextSource& source) {
    out.text(source.name);
    out.text(source.text);
  });
  for (const auto* texts : {&record.texts, &record.outputs}) {
    out.list(*texts, [&](const auto& entry) {
      out.text(entry.first);
      out.octet(entry.second ? 1 : 0);
      out.text(entry.second ? *entry.second : entry.second.error());
    });
  }
  out.list(record.lists, [&](const auto& entry) {
    out.text(entry.first);
    out.octet(entry.second ? 1 : 0);
    out.texts(entry.second ? *entry.second : std::vector{entry.second.error()});
  });
  out.list(record.identities, [&](const auto& entry) {
    out.text(entry.first);
    out.text(entry.second);
  });
  out.list(record.file_warnings, [&](const server::Diagnostic& each) {
    out.texts({each.location.file, each.what, each.remedy});
  });
}

ConfigurationRecord read_record(Reader& in) {
  ConfigurationRecord record;
  record.sources.command_line = in.texts();
  in.list([&] {
    std::string name = in.text();
    record.sources.files.push_back({std::move(name), in.text()});
  });
  for (auto* texts : {&record.texts, &record.outputs}) {
    in.list([&] {
      std::string path = in.text();
      const bool is_good = in.octet() != 0;
      std::string text = in.text();
      Result<std::string, std::string> entry = fail(text);
      if (is_good) entry = std::move(text);
      texts->insert_or_assign(std::move(path), std::move(entry));
    });
  }
  in.list([&] {
    std::string path = in.text();
    const bool is_good = in.octet() != 0;
    std::vector<std::string> names = in.texts();
    Result<std::vector<std::string>, std::string> entry =
        fail(names.empty() ? std::string() : names.front());
    if (is_good) entry = std::move(names);
    record.lists.insert_or_assign(std::move(path), std::move(entry));
  });
  in.list([&] {
    std::string path = in.text();
    record.identities.insert_or_assign(std::move(path), in.text());
  });
  in.list([&] {
    std::vector<std::string> texts = in.texts();
    texts.resize(3);
    record.file_warnings.push_back({.severity = server::Diagnostic::Severity::Warning,
                                    .rule = {},
                                    .location = {.file = std::move(texts[0])},
                                    .what = std::move(texts[1]),
                                    .remedy = std::move(texts[2])});
  });
  return record;
}

void write_interface(Writer& out, const NetworkInterface& interface) {
  out.number(interface.index);
  out.text(interface.name);
  for (const std::uint8_t octet : interface.mac.octets) out.octet(octet);
  out.number(interface.mtu);
  out.list(interface.addresses, [&](const Subnet& subnet) {
    out.number(subnet.address.value);
    out.number(subnet.netmask.value);
  });
}

NetworkInterface read_interface(Reader& in) {
  NetworkInterface interface;
  interface.index = static_cast<std::uint32_t>(in.number());
  interface.name = in.text();
  for (std::uint8_t& octet : interface.mac.octets) octet = in.octet();
  interface.mtu = static_cast<std::uint32_t>(in.number());
  in.list([&] {
    const Ipv4Address address{static_cast<std::uint32_t>(in.number())};
    interface.addresses.push_back({address, {static_cast<std::uint32_t>(in.number())}});
  });
  return interface;
}

}  // namespace

std::optional<OpenerMessage> kind_of(ByteView message) {
  if (message.empty() || message[0] < static_cast<std::uint8_t>(OpenerMessage::Open) ||
      message[0] > static_cast<std::uint8_t>(OpenerMessage::LoadDirectories)) {
    return std::nullopt;
  }
  return static_cast<OpenerMessage>(message[0]);
}

Bytes encode_open(const FileRequest& request) {
  Bytes octets;
  Writer out(octets, OpenerMessage::Open);
  out.number(request.id);
  out.text(request.root);
  out.text(request.unique_directory);
  out.text(request.path);
  return octets;
}

std::optional<FileRequest> decode_open(ByteView message) {
  Reader in = Reader::behind_kind(message);
  FileRequest request;
  request.id = in.number();
  request.root = in.text();
  request.unique_directory = in.text();
  request.path = in.text();
  return in.is_whole() ? std::optional(std::move(request)) : std::nullopt;
}

Bytes encode_opened(std::uint64_t id, std::optional<FileFault> fault) {
  Bytes octets;
  Writer out(octets, OpenerMessage::Opened);
  out.number(id);
  out.octet(fault ? static_cast<std::uint8_t>(*fault) : kNoFault);
  return octets;
}

std::optional<std::pair<std::uint64_t, std::optional<FileFault>>> decode_opened(ByteView message) {
  Reader in = Reader::behind_kind(message);
  const std::uint64_t id = in.number();
  const std::uint8_t fault = in.octet();
  const bool is_known =
      fault == kNoFault || fault <= static_cast<std::uint8_t>(FileFault::TooManyOpen);
  if (!in.is_whole() || !is_known) return std::nullopt;
  if (fault == kNoFault) return std::pair(id, std::optional<FileFault>());
  return std::pair(id, std::optional(static_cast<FileFault>(fault)));
}

Bytes encode_failure(const Failure& failure) {
  Bytes octets;
  Writer out(octets, OpenerMessage::LoadFailed);
  out.octet(static_cast<std::uint8_t>(failure.code));
  out.text(std::string_view(failure.message).substr(0, kMaximumText));
  return octets;
}

std::optional<Failure> decode_failure(ByteView message) {
  Reader in = Reader::behind_kind(message);
  Failure failure;
  failure.code = static_cast<ExitCode>(in.octet());
  failure.message = in.text();
  return in.is_whole() ? std::optional(std::move(failure)) : std::nullopt;
}

Bytes encode_text(OpenerMessage kind, std::string_view text) {
  Bytes octets;
  Writer out(octets, kind);
  out.text(text.substr(0, kMaximumText));
  return octets;
}

std::string decode_text(ByteView message) { return Reader::behind_kind(message).text(); }

Bytes encode_plain(OpenerMessage kind) { return {static_cast<std::uint8_t>(kind)}; }

Bytes encode_loaded(const ConfigurationRecord& record, const ServerResources& resources) {
  Bytes octets;
  Writer out(octets);
  write_record(out, record);
  out.list(resources.interfaces,
           [&](const NetworkInterface& interface) { write_interface(out, interface); });
  out.list(resources.fixed_ports, [&](std::uint16_t port) { out.number(port); });
  out.list(resources.transfer_ports, [&](std::uint16_t port) { out.number(port); });
  out.octet(resources.reads_as_root ? 1 : 0);
  out.octet(resources.lease_file ? 1 : 0);
  out.text(resources.lease_file ? resources.lease_file->path : std::string());
  out.octet(resources.dump_file.is_open() ? 1 : 0);
  return octets;
}

std::optional<LoadedResources> decode_loaded(ByteView octets) {
  Reader in(octets);
  LoadedResources loaded;
  loaded.record = read_record(in);
  ServerResources& resources = loaded.resources;
  in.list([&] { resources.interfaces.push_back(read_interface(in)); });
  in.list([&] { resources.fixed_ports.insert(static_cast<std::uint16_t>(in.number())); });
  in.list([&] { resources.transfer_ports.push_back(static_cast<std::uint16_t>(in.number())); });
  resources.reads_as_root = in.octet() != 0;
  const bool has_lease_file = in.octet() != 0;
  std::string path = in.text();
  if (has_lease_file) resources.lease_file = LeaseFile{.path = std::move(path), .journal = {}};
  loaded.has_dump_file = in.octet() != 0;
  return in.is_whole() ? std::optional(std::move(loaded)) : std::nullopt;
}

}  // namespace pxeproof::cli

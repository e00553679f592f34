// TFTP: transfers without options.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "conformance/cases/groups.h"
#include "conformance/fixture.h"
#include "conformance/script.h"

namespace pxeproof::conformance {

namespace {

using namespace std::chrono_literals;

void octet_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.read({.file = "k1300.bin", .flow = flow});
  // RFC 1350 s.6: the ACK of a short block ends the transfer.
  s.settle(flow, [](std::span<const Reply> replies) -> Ruling {
    return replies.empty() ? go_on() : refuse("after the last ACK: " + replies.front().words());
  });
  s.read({.file = "k1300.bin", .mode = "OcTeT"});
}

void empty_script(Script& s) {
  s.read({.file = "empty.bin"}, [](const ReadResult& result) -> Ruling {
    if (result.ending != ReadResult::Ending::Complete) return refuse(result.words());
    return result.last_block == 1 ? admit("DATA 1 without octets") : refuse("more than one block");
  });
}

void exact_multiple_script(Script& s) {
  const auto judge = [](std::uint64_t last) {
    return [last](const ReadResult& result) -> Ruling {
      if (result.ending != ReadResult::Ending::Complete) return refuse(result.words());
      const std::uint64_t expected = result.oack ? last : 3;
      return result.last_block == expected && result.last_size == 0
                 ? admit("an empty last block")
                 : refuse(fmt::format("the last block is {} of {} octets", result.last_block,
                                      result.last_size));
    };
  };
  s.read({.file = "k1024.bin"}, judge(3));
  s.read({.file = "k1024.bin", .options = {{"blksize", "1024"}}}, judge(2));
}

constexpr std::size_t kTransfers = 32;

void fresh_tid_script(Script& s) {
  const auto flows = std::make_shared<std::vector<FlowPtr>>();
  for (std::size_t at = 0; at < kTransfers; ++at) {
    flows->push_back(s.flow());
    s.request(flows->back(), rrq("k5000.bin"));
  }
  for (const FlowPtr& flow : *flows) {
    s.next(flow, [](const Reply& reply) -> Ruling {
      if (reply.source.port == tftp::kPort) return refuse("a transfer from port 69");
      return reply.as_data() ? go_on() : refuse(reply.words());
    });
  }
  s.then([&s, flows] {
    std::set<std::uint16_t> ports;
    std::size_t in_steps = 0;
    for (std::size_t at = 0; at < flows->size(); ++at) {
      const std::uint16_t port = (*flows)[at]->server.port;
      ports.insert(port);
      if (at > 0 && port == (*flows)[at - 1]->server.port + 1) ++in_steps;
    }
    for (const FlowPtr& flow : *flows) s.error(flow, 0);
    if (ports.size() < kTransfers) {
      return s.rule(refuse(fmt::format("{} ports for {} transfers", ports.size(), kTransfers)));
    }
    s.rule(in_steps > kTransfers / 2 ? loosely("ports that count up") : admit("32 random ports"));
  });
}

void netascii_script(Script& s) {
  Bytes converted;
  for (const char letter : kNetasciiText) {
    if (letter == '\n') {
      converted.insert(converted.end(), {'\r', '\n'});
    } else if (letter == '\r') {
      converted.insert(converted.end(), {'\r', 0});
    } else {
      converted.push_back(static_cast<std::uint8_t>(letter));
    }
  }
  s.read({.file = "netascii.txt", .mode = "netascii", .content = converted},
         [](const ReadResult& result) -> Ruling {
           return result.ending == ReadResult::Ending::Complete
                      ? admit("converted")
                      : refuse("netascii: " + result.words());
         });
  // Small blocks part the pairs of CR with what belongs to it.
  for (const std::string_view size : {"10", "13"}) {
    if (!s.setting().can(Need::BlockSize)) break;
    s.read({.file = "netascii.txt",
            .mode = "netascii",
            .options = {{"blksize", std::string(size)}},
            .content = converted},
           [size](const ReadResult& result) -> Ruling {
             return result.ending == ReadResult::Ending::Complete
                        ? go_on()
                        : refuse(fmt::format("netascii blksize={}: {}", size, result.words()));
           });
  }
}

void bad_mode_script(Script& s) {
  for (const std::string_view mode : {"mail", "foo", "octets", ""}) {
    tftp::Request request = rrq("k1300.bin");
    request.mode = mode;
    const FlowPtr flow = s.flow();
    s.request(flow, request);
    s.next(flow, [mode](const Reply& reply) -> Ruling {
      const auto error = reply.as_error();
      if (error && (error->code == 4 || error->code == 0)) return admit("ERROR");
      return refuse(fmt::format("mode \"{}\": {}", mode, reply.words()));
    });
  }
}

void reply_address_script(Script& s) {
  const FlowPtr flow = s.flow();
  s.request_to(flow, rrq("small.bin"), {s.setting().second_server, tftp::kPort});
  s.next(flow, [&s, flow](const Reply& reply) -> Ruling {
    s.ack_block(flow, 1);
    if (reply.source.address != s.setting().second_server)
      return refuse("an answer from another address than was asked");
    return reply.as_data() ? admit("from that address") : refuse(reply.words());
  });
}

void broadcast_script(Script& s) {
  for (const Ipv4Address address : {s.setting().network.broadcast(), Ipv4Address::broadcast()}) {
    const FlowPtr flow = s.flow();
    s.request_to(flow, rrq("small.bin"), {address, tftp::kPort}, ScriptDatagram::Link::Broadcast);
    s.settle(flow, [&s, flow](std::span<const Reply> replies) -> Ruling {
      if (replies.empty()) return admit("silent");
      flow->server = replies.front().source;
      s.error(flow, 0);
      return refuse(fmt::format("a broadcast request is answered by {}", replies.front().words()));
    });
  }
}

void path_forms_script(Script& s) {
  for (const std::string_view name : {"/f.bin", "./f.bin", "//f.bin"}) {
    const FixtureEntry& entry = *find_fixture("f.bin");
    Bytes content(entry.size);
    fill_fixture(entry, 0, content);
    s.read({.file = std::string(name), .content = content},
           [name](const ReadResult& result) -> Ruling {
             return result.ending == ReadResult::Ending::Complete
                        ? go_on()
                        : refuse(fmt::format("\"{}\": {}", name, result.words()));
           });
  }
  s.read({.file = std::string(kLongName)}, [](const ReadResult& result) -> Ruling {
    return result.ending == ReadResult::Ending::Complete
               ? go_on()
               : refuse("a name of over 150 octets, with blanks: " + result.words());
  });
  const FixtureEntry& entry = *find_fixture("sub/f.bin");
  Bytes content(entry.size);
  fill_fixture(entry, 0, content);
  s.read({.file = "sub\\f.bin", .content = content}, [](const ReadResult& result) -> Ruling {
    if (result.ending == ReadResult::Ending::Complete) return admit("the same file");
    return result.ending == ReadResult::Ending::Refused ? loosely("no backslash")
                                                        : refuse("sub\\f.bin: " + result.words());
  });
}

void config_search_script(Script& s) {
  std::vector<std::string> names{"pxelinux.cfg/" + to_string(s.guid())};
  std::string mac = to_string(s.mac());
  std::ranges::replace(mac, ':', '-');
  names.push_back("pxelinux.cfg/01-" + mac);
  for (std::size_t digits = 8; digits > 0; --digits) {
    names.push_back("pxelinux.cfg/" + fmt::format("{:08X}", s.ip().value).substr(0, digits));
  }
  for (const std::string& name : names) {
    s.read({.file = name, .options = {{"tsize", "0"}, {"blksize", "1408"}}},
           [&s](const ReadResult& result) -> Ruling {
             if (!result.error || result.error->code != 1)
               return refuse("a missing file: " + result.words());
             // On the wire the machine may be busy: the time after which a client asks again
             // counts.
             const Duration allowed =
                 s.setting().time == Setting::Time::Virtual ? Duration(50ms) : Duration(4s);
             return result.until_first <= allowed ? go_on() : refuse("a slow ERROR 1");
           });
  }
  s.read({.file = "pxelinux.cfg/default", .options = {{"tsize", "0"}, {"blksize", "1408"}}},
         [](const ReadResult& result) -> Ruling {
           return result.ending == ReadResult::Ending::Complete
                      ? admit("ten times ERROR 1, then the file")
                      : refuse("pxelinux.cfg/default: " + result.words());
         });
}

void own_content_script(Script& s) {
  for (const std::string_view name : {"a.bin", "b.bin", "c.bin", "a.bin"}) {
    s.read({.file = std::string(name)});
  }
  for (const std::string_view name : {"a.bin", "b.bin", "c.bin"}) {
    s.read({.file = "k5000.bin", .stop_after = 2});
    s.read({.file = std::string(name), .patience = 10s});
  }
}

}  // namespace

std::vector<Case> tftp_cases() {
  const std::vector<Need> needs{Need::Tftp};
  return {
      {.id = "TFTP-01",
       .slug = "octet",
       .clause = "RFC 1350 s.2, s.4, s.5",
       .requirement =
           "A file comes in numbered blocks of 512 octets, each acknowledged, and nothing "
           "after the last ACK; the mode's name is free of case.",
       .stimulus = "read requests for 1300 octets in the modes octet and OcTeT",
       .answers = {"the whole file"},
       .problems = "None known.",
       .needs = needs,
       .script = octet_script},
      {.id = "TFTP-02",
       .slug = "empty",
       .clause = "RFC 1350 s.6",
       .requirement = "An empty file is one block without octets.",
       .stimulus = "a read request for 0 octets",
       .answers = {"DATA 1 without octets"},
       .problems = "None known.",
       .needs = needs,
       .script = empty_script},
      {.id = "TFTP-03",
       .slug = "exact-multiple",
       .clause = "RFC 1350 s.6; RFC 2348",
       .requirement = "A file that fills its blocks ends with an empty one.",
       .stimulus = "read requests for 1024 octets, also with blksize 1024",
       .answers = {"an empty last block"},
       .problems = "None known.",
       .needs = needs,
       .script = exact_multiple_script},
      {.id = "TFTP-04",
       .slug = "fresh-tid",
       .clause = "RFC 1350 s.4",
       .requirement = "Each transfer of a host has a port of its own, not 69, and not easily "
                      "guessed.",
       .stimulus = "32 read requests at once from one host",
       .answers = {"32 random ports", "~ports that count up"},
       .problems = "A server in single-port mode cannot pass.",
       .needs = needs,
       .script = fresh_tid_script},
      {.id = "TFTP-05",
       .slug = "netascii",
       .clause = "RFC 1350 s.1, s.5; RFC 764",
       .level = Level::Should,
       .requirement = "In netascii a line end is CR LF, and a CR is CR NUL.",
       .stimulus = "a read request in netascii for a text with all kinds of line ends",
       .answers = {"converted"},
       .problems = "None known.",
       .needs = needs,
       .script = netascii_script},
      {.id = "TFTP-06",
       .slug = "bad-mode",
       .clause = "RFC 1350 s.1, s.5; RFC 1123 s.4.2.2.1",
       .requirement = "A mode that is not served is refused.",
       .stimulus = "read requests in the modes mail, foo and the empty one",
       .answers = {"ERROR"},
       .problems = "None known.",
       .needs = needs,
       .script = bad_mode_script},
      {.id = "TFTP-07",
       .slug = "reply-address",
       .clause = "RFC 1122 s.4.1.3.5",
       .level = Level::Should,
       .requirement = "The answer comes from the address that was asked.",
       .stimulus = "a read request to a second address of the server",
       .answers = {"from that address"},
       .problems = "None known.",
       .needs = {Need::Tftp, Need::SecondAddress},
       .script = reply_address_script},
      {.id = "TFTP-08",
       .slug = "broadcast-rrq",
       .clause = "RFC 1123 s.4.2.3.5",
       .level = Level::Should,
       .requirement = "A request to a broadcast address gets no answer.",
       .stimulus = "a read request to the subnet's broadcast address",
       .answers = {"silent"},
       .problems = "None known.",
       .needs = needs,
       .reach = Reach::LabOnly,
       .script = broadcast_script},
      {.id = "TFTP-09",
       .slug = "path-forms",
       .clause = "EDK2, U-Boot and Windows' boot manager write names so",
       .level = Level::Quirk,
       .quirk_of = "firmware",
       .requirement =
           "A leading slash, a dot and doubled slashes lead to the same file; a backslash "
           "may. Long names with blanks are not cut.",
       .stimulus = "read requests for /f.bin, ./f.bin, //f.bin, a name of over 150 octets with "
                   "blanks and sub\\f.bin",
       .answers = {"the same file", "~no backslash"},
       .problems = "None known.",
       .needs = needs,
       .script = path_forms_script},
      {.id = "TFTP-10",
       .slug = "config-search",
       .clause = "pxelinux asks for ten names before the last",
       .level = Level::Quirk,
       .quirk_of = "pxelinux",
       .requirement = "A missing file is ERROR 1 at once, so that pxelinux goes on to the next "
                      "name.",
       .stimulus = "pxelinux' search: UUID, MAC address, eight to one digits, default",
       .answers = {"ten times ERROR 1, then the file"},
       .problems = "None known.",
       .needs = needs,
       .script = config_search_script},
      {.id = "TFTP-11",
       .slug = "own-content",
       .clause = "RFC 1350 s.2",
       .requirement = "Each transfer carries its own file, whatever was sent before.",
       .stimulus = "plain read requests for different small files back to back, with an abandoned "
                   "transfer between them",
       .answers = {"its own file"},
       .problems = "dnsmasq 2.92 and 2.93 send the block of the transfer before.",
       .needs = needs,
       .script = own_content_script},
  };
}

}  // namespace pxeproof::conformance

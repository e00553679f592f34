// Mutants of running transfers: blocks, ACKs, windows, repetition.

#include <algorithm>
#include <map>
#include <set>

#include "cli/mutant.h"
#include "cli/mutants/edited_service.h"
#include "protocol/tftp/negotiation.h"

namespace pxeproof::cli {

namespace {

using server::Configuration;

// What a mutant knows of one client's transfer.
struct Transfer {
  std::uint16_t server_port = 0;
  std::uint64_t highest_sent = 0;  // blocks, without wrap
  std::uint64_t last_acked = 0;
  std::vector<OutgoingDatagram> since_ack;  // copies of what was sent since
  std::string window;                       // asked for
  Bytes first_block;
};
using Transfers = std::map<Endpoint, Transfer>;

std::uint16_t block_of(ByteView packet) {
  return static_cast<std::uint16_t>(packet[2] << 8U | packet[3]);
}

bool is_data(ByteView packet) {
  return packet.size() >= 4 && tftp::peek_opcode(packet) == tftp::Opcode::Data;
}
bool is_ack(ByteView packet) {
  return packet.size() >= 4 && tftp::peek_opcode(packet) == tftp::Opcode::Ack;
}

using Hear = std::function<Pass(Transfer&, IncomingDatagram&, Bytes&, Mouth&)>;
using Say = std::function<Pass(Transfer&, OutgoingDatagram&, Mouth&, bool is_repeated)>;

constexpr std::size_t kKept = 128;

// Follows every transfer and asks what to do with its packets: hear for each ACK, say for each
// DATA.
ServicePtr follow(DatagramService& inner, Hear hear, Say say) {
  auto transfers = std::make_shared<Transfers>();
  Edits edits;
  edits.hear = [transfers, hear](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    if (is_dhcp_port(datagram.destination.port)) return Pass::On;
    if (datagram.destination.port == tftp::kPort) {
      if (tftp::peek_opcode(payload) == tftp::Opcode::Rrq) transfers->erase(datagram.source);
      return Pass::On;
    }
    const auto known = transfers->find(datagram.source);
    if (known == transfers->end() || !is_ack(payload)) return Pass::On;
    Transfer& transfer = known->second;
    const Pass pass = hear ? hear(transfer, datagram, payload, mouth) : Pass::On;
    const std::uint64_t block = tftp::unwrap_block(block_of(payload), transfer.highest_sent);
    if (block > transfer.last_acked && block <= transfer.highest_sent) {
      transfer.last_acked = block;
      transfer.since_ack.clear();
    }
    return pass;
  };
  edits.say = [transfers, say](OutgoingDatagram& out, Mouth& mouth) {
    if (is_dhcp_port(out.source.port) || !is_data(out.head)) return Pass::On;
    Transfer& transfer = (*transfers)[out.destination];
    transfer.server_port = out.source.port;
    const std::uint64_t block = tftp::unwrap_block(block_of(out.head), transfer.highest_sent + 1);
    const bool repeated = block <= transfer.highest_sent;
    transfer.highest_sent = std::max(transfer.highest_sent, block);
    const OutgoingDatagram copy = out;
    const Pass pass = say ? say(transfer, out, mouth, repeated) : Pass::On;
    if (!repeated && transfer.since_ack.size() < kKept) transfer.since_ack.push_back(copy);
    return pass;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

void repeat(const Transfer& transfer, Mouth& mouth) {
  for (const OutgoingDatagram& each : transfer.since_ack) mouth.say(each);
}

void jump(const IncomingDatagram& datagram, std::uint16_t acked, Mouth& mouth) {
  Bytes packet;
  tftp::encode_data_header(static_cast<std::uint16_t>(acked + 1), packet);
  packet.resize(packet.size() + 512, 'j');
  mouth.answer(datagram, std::move(packet));
}

ServicePtr sorcerers_apprentice(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram&, Bytes& payload, Mouth& mouth) {
        const std::uint64_t block = tftp::unwrap_block(block_of(payload), transfer.highest_sent);
        if (block == transfer.last_acked && block > 0) repeat(transfer, mouth);
        return Pass::On;
      },
      nullptr);
}

ServicePtr stale_ack_repeats(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram&, Bytes& payload, Mouth& mouth) {
        const std::uint64_t block = tftp::unwrap_block(block_of(payload), transfer.highest_sent);
        if (block < transfer.last_acked) repeat(transfer, mouth);
        return Pass::On;
      },
      nullptr);
}

ServicePtr future_ack_jumps(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
        const std::uint16_t block = block_of(payload);
        if (tftp::unwrap_block(block, transfer.highest_sent) > transfer.highest_sent)
          jump(datagram, block, mouth);
        return Pass::On;
      },
      nullptr);
}

// The ACK of the block that is next to be sent counts as that of the last one.
ServicePtr next_ack_jumps(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
        const std::uint16_t block = block_of(payload);
        if (tftp::unwrap_block(block, transfer.highest_sent) == transfer.highest_sent + 1)
          jump(datagram, block, mouth);
        return Pass::On;
      },
      nullptr);
}

// Any ACK begins the transfer that was negotiated.
ServicePtr any_ack_of_oack(DatagramService& inner, const Configuration&) {
  auto negotiating = std::make_shared<std::set<Endpoint>>();
  Edits edits;
  edits.hear = [negotiating](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    if (is_ack(payload) && negotiating->erase(datagram.source) > 0) payload[2] = payload[3] = 0;
    return Pass::On;
  };
  edits.say = [negotiating](OutgoingDatagram& out, Mouth&) {
    if (!is_dhcp_port(out.source.port) && tftp::peek_opcode(out.head) == tftp::Opcode::Oack)
      negotiating->insert(out.destination);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// A repeated ACK 0 repeats the first block.
ServicePtr apprentice_of_oack(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram&, Bytes& payload, Mouth& mouth) {
        if (block_of(payload) == 0 && transfer.last_acked == 0) repeat(transfer, mouth);
        return Pass::On;
      },
      nullptr);
}

ServicePtr compares_16_bits(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
        const std::uint16_t block = block_of(payload);
        if (transfer.highest_sent > 0xffffU && block > tftp::wire_block(transfer.highest_sent))
          jump(datagram, block, mouth);
        return Pass::On;
      },
      nullptr);
}

ServicePtr runt_again(DatagramService& inner, const Configuration&) {
  return follow(inner, nullptr, [](Transfer&, OutgoingDatagram& out, Mouth&, bool repeated) {
    if (repeated) out.head = {0, 3, 0};
    return Pass::On;
  });
}

ServicePtr never_again(DatagramService& inner, const Configuration&) {
  auto answered = std::make_shared<std::set<std::pair<Endpoint, std::uint16_t>>>();
  auto blocks = follow(inner, nullptr, [](Transfer&, OutgoingDatagram&, Mouth&, bool repeated) {
    return repeated ? Pass::Drop : Pass::On;
  });
  // The OACK too: it is what a client hears first.
  struct Both : DatagramService {
    ServicePtr inner;
    EditedService outer;
    Both(ServicePtr service, Edits edits) : inner(std::move(service)), outer(*inner, edits) {}
    std::vector<std::uint16_t> ports() const override { return outer.ports(); }
    void on_datagram(Instant now, const IncomingDatagram& datagram) override {
      outer.on_datagram(now, datagram);
    }
    void on_timeout(Instant now) override { outer.on_timeout(now); }
    bool poll_transmit(OutgoingDatagram& out) override { return outer.poll_transmit(out); }
    std::optional<Instant> poll_timeout() const override { return outer.poll_timeout(); }
  };
  Edits edits;
  edits.say = [answered](OutgoingDatagram& out, Mouth&) {
    if (is_dhcp_port(out.source.port) || tftp::peek_opcode(out.head) != tftp::Opcode::Oack)
      return Pass::On;
    return answered->insert({out.destination, out.source.port}).second ? Pass::On : Pass::Drop;
  };
  return std::make_unique<Both>(std::move(blocks), std::move(edits));
}

ServicePtr one_of_a_window_again(DatagramService& inner, const Configuration&) {
  return follow(
      inner, nullptr, [](Transfer& transfer, OutgoingDatagram& out, Mouth&, bool repeated) {
        const bool is_last = block_of(out.head) == tftp::wire_block(transfer.highest_sent);
        return repeated && !is_last ? Pass::Drop : Pass::On;
      });
}

ServicePtr never_gives_up(DatagramService& inner, const Configuration&) {
  auto last = std::make_shared<std::map<Endpoint, OutgoingDatagram>>();
  Edits edits;
  edits.hear = [last](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const auto opcode = tftp::peek_opcode(payload);
    if (opcode == tftp::Opcode::Ack || opcode == tftp::Opcode::Error) last->erase(datagram.source);
    return Pass::On;
  };
  edits.say = [last](OutgoingDatagram& out, Mouth&) {
    if (!is_dhcp_port(out.source.port) && is_data(out.head)) (*last)[out.destination] = out;
    return Pass::On;
  };
  edits.interval = std::chrono::seconds(3);
  edits.tick = [last](Mouth& mouth) {
    for (const auto& [client, datagram] : *last) mouth.say(datagram);
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr no_final_empty(DatagramService& inner, const Configuration&) {
  return follow(inner, nullptr, [](Transfer&, OutgoingDatagram& out, Mouth&, bool) {
    return out.head.size() == tftp::kDataHeaderSize ? Pass::Drop : Pass::On;
  });
}

ServicePtr flipped_octet(DatagramService& inner, const Configuration&) {
  return follow(inner, nullptr, [](Transfer&, OutgoingDatagram& out, Mouth&, bool) {
    // The smallest file stays whole, so that the suite sees a server at all.
    constexpr std::size_t kSmall = 300;
    if (out.head.size() > kSmall) out.head.back() ^= 1U;
    return Pass::On;
  });
}

// Windows are one block larger than agreed.
ServicePtr window_plus_one(DatagramService& inner, const Configuration&) {
  auto asked = std::make_shared<std::map<Endpoint, std::string>>();
  Edits edits;
  const auto window = [](std::vector<tftp::Option>& options) -> std::string* {
    for (tftp::Option& option : options) {
      if (tftp::same_word(option.name, "windowsize")) return &option.value;
    }
    return nullptr;
  };
  edits.hear = [asked, window](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    auto packet = tftp::decode(payload);
    auto* request = packet ? std::get_if<tftp::Request>(&*packet) : nullptr;
    if (datagram.destination.port != tftp::kPort || request == nullptr) return Pass::On;
    std::string* value = window(request->options);
    const auto number = value != nullptr ? tftp::parse_number(*value) : std::nullopt;
    if (!number || *number == 0 || *number > 60) return Pass::On;
    (*asked)[datagram.source] = *value;
    *value = std::to_string(*number + 1);
    payload = tftp::encode(*request);
    return Pass::On;
  };
  edits.say = [asked, window](OutgoingDatagram& out, Mouth&) {
    auto packet = is_dhcp_port(out.source.port)
                      ? Result<tftp::Packet, tftp::DecodeError>(tftp::Ack{})
                      : tftp::decode(out.head);
    auto* oack = packet ? std::get_if<tftp::Oack>(&*packet) : nullptr;
    const auto known = asked->find(out.destination);
    if (oack == nullptr || known == asked->end()) return Pass::On;
    if (std::string* value = window(oack->options)) *value = known->second;
    out.head = tftp::encode(*oack);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// An ACK within a window is not heard: the window goes on from its end.
ServicePtr bursts_only(DatagramService& inner, const Configuration&) {
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram&, Bytes& payload, Mouth&) {
        const std::uint64_t block = tftp::unwrap_block(block_of(payload), transfer.highest_sent);
        return block == 0 || block == transfer.highest_sent ? Pass::On : Pass::Drop;
      },
      nullptr);
}

// The block after 65535 is 1.
ServicePtr rolls_to_one(DatagramService& inner, const Configuration&) {
  const auto shown = [](std::uint64_t block) {
    return block == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>((block - 1) % 65535 + 1);
  };
  return follow(
      inner,
      [](Transfer& transfer, IncomingDatagram&, Bytes& payload, Mouth&) {
        // Back to what the server counts.
        const std::uint64_t laps =
            transfer.highest_sent > 65535 ? (transfer.highest_sent - 1) / 65535 : 0;
        const auto real = static_cast<std::uint16_t>(block_of(payload) + laps * 65535);
        payload[2] = static_cast<std::uint8_t>(real >> 8U);
        payload[3] = static_cast<std::uint8_t>(real);
        return Pass::On;
      },
      [shown](Transfer& transfer, OutgoingDatagram& out, Mouth&, bool repeated) {
        const std::uint64_t block =
            repeated ? tftp::unwrap_block(block_of(out.head), transfer.highest_sent)
                     : transfer.highest_sent;
        const std::uint16_t number = shown(block);
        out.head[2] = static_cast<std::uint8_t>(number >> 8U);
        out.head[3] = static_cast<std::uint8_t>(number);
        return Pass::On;
      });
}

// All transfers come from port 69.
ServicePtr from_port_69(DatagramService& inner, const Configuration&) {
  auto ports = std::make_shared<std::map<Endpoint, std::uint16_t>>();
  Edits edits;
  edits.hear = [ports](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const auto known = ports->find(datagram.source);
    if (datagram.destination.port == tftp::kPort && known != ports->end() &&
        tftp::peek_opcode(payload) != tftp::Opcode::Rrq) {
      datagram.destination.port = known->second;
    }
    return Pass::On;
  };
  edits.say = [ports](OutgoingDatagram& out, Mouth&) {
    if (is_dhcp_port(out.source.port)) return Pass::On;
    if (out.source.port != tftp::kPort) (*ports)[out.destination] = out.source.port;
    out.source.port = tftp::kPort;
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

// A plain request gets the first block of the transfer before (dnsmasq 2.92).
ServicePtr block_of_previous(DatagramService& inner, const Configuration&) {
  return edit_tftp(
      inner, [previous = Bytes()](tftp::Packet& packet, OutgoingDatagram&, Mouth&) mutable {
        auto* data = std::get_if<tftp::Data>(&packet);
        if (data == nullptr || data->block != 1) return Pass::On;
        static thread_local Bytes held;
        held = previous.empty() ? Bytes(data->payload.begin(), data->payload.end()) : previous;
        previous.assign(data->payload.begin(), data->payload.end());
        data->payload = held;
        return Pass::On;
      });
}

// A packet from a foreign port ends the transfer.
ServicePtr strays_kill(DatagramService& inner, const Configuration&) {
  // By the server's port and the client's address: clients at different addresses share a port.
  using Side = std::pair<std::uint16_t, Ipv4Address>;
  auto clients = std::make_shared<std::map<Side, Endpoint>>();
  Edits edits;
  edits.forge = [clients](const IncomingDatagram& heard,
                          Bytes& payload) -> std::optional<IncomingDatagram> {
    const auto client = clients->find({heard.destination.port, heard.source.address});
    if (client == clients->end() || client->second == heard.source) return std::nullopt;
    IncomingDatagram forged = heard;
    forged.source = client->second;
    tftp::encode_error(tftp::ErrorCode::NotDefined, "stray", payload);
    return forged;
  };
  edits.say = [clients](OutgoingDatagram& out, Mouth&) {
    if (!is_dhcp_port(out.source.port) && is_data(out.head)) {
      (*clients)[{out.source.port, out.destination.address}] = out.destination;
    }
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr deaf_to_errors(DatagramService& inner, const Configuration&) {
  Edits edits;
  edits.hear = [](IncomingDatagram& datagram, Bytes& payload, Mouth&) {
    const bool dhcp = is_dhcp_port(datagram.destination.port);
    return !dhcp && tftp::peek_opcode(payload) == tftp::Opcode::Error ? Pass::Drop : Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

ServicePtr refuses_repeated(DatagramService& inner, const Configuration&) {
  return edit_tftp_requests(inner, [seen = std::make_shared<std::set<Endpoint>>()](
                                       tftp::Request&, IncomingDatagram& to, Mouth& mouth) {
    if (seen->insert(to.source).second) return Pass::On;
    Bytes packet;
    tftp::encode_error(tftp::ErrorCode::NotDefined, "again", packet);
    mouth.answer(to, std::move(packet));
    return Pass::Drop;
  });
}

// An ACK that belongs to nothing gets the next block all the same.
ServicePtr answers_unknown_port(DatagramService& inner, const Configuration&) {
  auto known = std::make_shared<std::set<Endpoint>>();
  Edits edits;
  edits.hear = [known](IncomingDatagram& datagram, Bytes& payload, Mouth& mouth) {
    const bool transfer =
        !is_dhcp_port(datagram.destination.port) && datagram.destination.port != tftp::kPort;
    if (transfer && is_ack(payload) && !known->contains(datagram.source)) {
      jump(datagram, block_of(payload), mouth);
    }
    return Pass::On;
  };
  edits.say = [known](OutgoingDatagram& out, Mouth&) {
    known->insert(out.destination);
    return Pass::On;
  };
  return std::make_unique<EditedService>(inner, std::move(edits));
}

}  // namespace

std::vector<Mutant> transfer_mutants() {
  return {
      {.name = "no-final-empty",
       .what = "blocks without octets are not sent",
       .killed_by = {"TFTP-02", "TFTP-03"},
       .wrap = no_final_empty},
      {.name = "octet-flipped",
       .what = "the last octet of a block is another",
       .killed_by = {"TFTP-01", "TFTP-11"},
       .wrap = flipped_octet},
      {.name = "tid-69",
       .what = "transfers come from port 69",
       .killed_by = {"TFTP-04"},
       .wrap = from_port_69},
      {.name = "window-plus-one",
       .what = "windows are one block too large",
       .killed_by = {"TWIN-02", "TWIN-03"},
       .wrap = window_plus_one},
      {.name = "window-restarts-at-burst",
       .what = "an ACK within a window is not heard",
       .killed_by = {"TWIN-04"},
       .wrap = bursts_only},
      {.name = "sas",
       .what = "a repeated ACK repeats the blocks: the sorcerer's apprentice, as in atftpd",
       .killed_by = {"TLOSS-04", "TWIN-06"},
       .wrap = sorcerers_apprentice},
      {.name = "rtx-runt",
       .what = "a block comes again as three octets, as in atftpd",
       .killed_by = {"TLOSS-01"},
       .wrap = runt_again},
      {.name = "future-ack-jumps",
       .what = "an ACK of a later block skips those before it, as in atftpd",
       .killed_by = {"TLOSS-05"},
       .wrap = future_ack_jumps},
      {.name = "next-ack-jumps",
       .what = "an ACK of the next block skips it",
       .killed_by = {"TLOSS-05"},
       .wrap = next_ack_jumps},
      {.name = "any-ack-of-oack",
       .what = "an OACK is acknowledged by whatever number",
       .killed_by = {"TLOSS-05"},
       .wrap = any_ack_of_oack},
      {.name = "sas-of-oack",
       .what = "a repeated ACK 0 repeats the first block",
       .killed_by = {"TLOSS-04"},
       .wrap = apprentice_of_oack},
      {.name = "never-gives-up",
       .what = "a block is sent for ever",
       .killed_by = {"TLOSS-07"},
       .wrap = never_gives_up},
      {.name = "block-of-previous",
       .what = "the first block is that of the transfer before, as in dnsmasq 2.92",
       .killed_by = {"TFTP-11"},
       .wrap = block_of_previous},
      {.name = "stray-kills",
       .what = "a packet from a foreign port ends a transfer",
       .killed_by = {"TERR-06", "TERR-07"},
       .wrap = strays_kill},
      {.name = "rollover-to-1",
       .what = "the block after 65535 is 1",
       .killed_by = {"TBIG-01", "TBIG-02", "TWIN-09"},
       .wrap = rolls_to_one},
      {.name = "block16-compare",
       .what = "block numbers are compared without regard to the wrap",
       .killed_by = {"TBIG-03"},
       .wrap = compares_16_bits},
      {.name = "never-resends",
       .what = "what was lost is lost",
       .killed_by = {"TLOSS-01", "TLOSS-02", "TLOSS-03", "TLOSS-07", "TLOSS-08", "TLOSS-09",
                     "TWIN-05", "TWIN-08"},
       .wrap = never_again},
      {.name = "window-half-resent",
       .what = "of a lost window the last block only comes again",
       .killed_by = {"TWIN-05"},
       .wrap = one_of_a_window_again},
      {.name = "stale-ack-resends",
       .what = "an old ACK repeats the window",
       .killed_by = {"TWIN-07"},
       .wrap = stale_ack_repeats},
      {.name = "deaf-to-errors",
       .what = "a client's ERROR ends nothing",
       .killed_by = {"TOPT-15", "TERR-08"},
       .wrap = deaf_to_errors},
      {.name = "refuses-repeated-rrq",
       .what = "a request that comes twice is refused",
       .killed_by = {"TLOSS-06"},
       .wrap = refuses_repeated},
      {.name = "answers-unknown-tid",
       .what = "an ACK of no transfer gets a block",
       .killed_by = {"CONC-05"},
       .wrap = answers_unknown_port},
  };
}

}  // namespace pxeproof::cli

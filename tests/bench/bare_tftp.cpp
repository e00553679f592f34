// The floor for a TFTP server: one thread, one socket, batches of 64, DATA gathered from a header
// and the mapped file. It believes its clients and repeats nothing by itself: a lost packet is the
// client's to ask for again. With --offload on, a window goes down as one send, which the kernel
// cuts into datagrams (UDP_SEGMENT).
#include <fcntl.h>
#include <netinet/udp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/bench/settings.h"
#include "tests/bench/sockets.h"

namespace pxeproof::bench {
namespace {

constexpr std::size_t kHeaderOctets = 4;
constexpr std::size_t kMaximumSegments = 64;     // of one send, include/linux/udp.h
constexpr std::size_t kMaximumDatagram = 65507;  // of one send, all segments together
constexpr std::size_t kRequestOctets = 512;
constexpr std::size_t kExpectedFlows = 16384;

struct File {
  const std::uint8_t* octets = nullptr;
  std::size_t size = 0;
};

// A transfer. Blocks count from 1 and do not wrap here.
struct Flow {
  sockaddr_in client{};
  File file;
  std::uint32_t block_octets = 512;
  std::uint32_t window = 1;
  std::uint64_t acknowledged = 0;
  std::uint64_t last = 0;  // number of the short block that ends the file
};

// Sends that wait for the next system call. Each takes one block, or several when the kernel shall
// cut them.
class Outbox {
 public:
  explicit Outbox(int socket) : socket_(socket) {
    for (unsigned i = 0; i < kBatch; ++i) {
      messages_[i].msg_hdr.msg_iov = slots_[i].vectors.data();
      messages_[i].msg_hdr.msg_name = &slots_[i].client;
      messages_[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
  }

  void add_blocks(const Flow& flow, std::uint64_t first, std::uint64_t count) {
    Slot& slot = slots_[used_];
    slot.client = flow.client;
    for (std::uint64_t i = 0; i < count; ++i) {
      std::uint8_t* const header = slot.octets.data() + i * kHeaderOctets;
      store16(header, 3);
      store16(header + 2, static_cast<std::uint16_t>(first + i));
      const std::size_t offset = (first + i - 1) * flow.block_octets;
      slot.vectors[2 * i] = {.iov_base = header, .iov_len = kHeaderOctets};
      slot.vectors[2 * i + 1] = {
          .iov_base = const_cast<std::uint8_t*>(flow.file.octets + offset),
          .iov_len = std::min<std::size_t>(flow.block_octets, flow.file.size - offset)};
    }
    if (count > 1) {
      ask_for_segments(slot, static_cast<std::uint16_t>(kHeaderOctets + flow.block_octets));
    }
    finish(2 * count, count > 1 ? sizeof slot.control : 0);
  }

  void add(const sockaddr_in& client, std::string_view octets) {
    Slot& slot = slots_[used_];
    slot.client = client;
    octets.copy(reinterpret_cast<char*>(slot.octets.data()), slot.octets.size());
    slot.vectors[0] = {.iov_base = slot.octets.data(), .iov_len = octets.size()};
    finish(1, 0);
  }

  void flush() {
    send_all(socket_, messages_.data(), used_);
    used_ = 0;
  }

 private:
  struct Slot {
    sockaddr_in client{};
    std::array<iovec, 2 * kMaximumSegments> vectors{};
    std::array<std::uint8_t, kHeaderOctets * kMaximumSegments> octets{};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
  };

  static void ask_for_segments(Slot& slot, std::uint16_t octets_each) {
    auto* const control = reinterpret_cast<cmsghdr*>(slot.control.data());
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof octets_each);
    std::memcpy(CMSG_DATA(control), &octets_each, sizeof octets_each);
  }

  void finish(std::size_t vectors, std::size_t control_octets) {
    msghdr& header = messages_[used_].msg_hdr;
    header.msg_iovlen = vectors;
    header.msg_control = control_octets == 0 ? nullptr : slots_[used_].control.data();
    header.msg_controllen = control_octets;
    if (++used_ == kBatch) flush();
  }

  int socket_;
  unsigned used_ = 0;
  std::array<Slot, kBatch> slots_{};
  std::array<mmsghdr, kBatch> messages_{};
};

// The text of each field of a request up to its NUL.
std::optional<std::string_view> next_field(std::string_view& rest) {
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return field;
}

std::uint32_t number_within(std::string_view text, std::uint32_t low, std::uint32_t high) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return std::clamp(number, low, high);
}

class BareTftp {
 public:
  BareTftp(const Settings& settings)
      : socket_(open_udp(
            {settings.address("address"), static_cast<std::uint16_t>(settings.number("port"))})),
        outbox_(socket_.number()),
        root_(settings.text("root")),
        offload_(settings.text("offload") == "on") {
    flows_.reserve(kExpectedFlows);
  }

  [[noreturn]] void serve() {
    ReceiveBatch received(kRequestOctets);
    for (;;) {
      const unsigned count = received.wait(socket_.number());
      for (unsigned i = 0; i < count; ++i) on_datagram(received.source(i), received[i]);
      outbox_.flush();
    }
  }

 private:
  static std::uint64_t key_of(const sockaddr_in& client) {
    return std::uint64_t{client.sin_addr.s_addr} << 16U | client.sin_port;
  }

  void on_datagram(const sockaddr_in& client, ByteView datagram) {
    if (datagram.size() < kHeaderOctets) return;
    const std::uint16_t opcode = load16(datagram.data());
    if (opcode == 1) return on_request(client, datagram.subspan(2));
    const auto found = flows_.find(key_of(client));
    if (found == flows_.end()) return;
    if (opcode != 4) {
      flows_.erase(found);
      return;
    }
    Flow& flow = found->second;
    // The number in full that is nearest to what the two octets say.
    const auto step = static_cast<std::int16_t>(static_cast<std::uint16_t>(
        load16(datagram.data() + 2) - static_cast<std::uint16_t>(flow.acknowledged)));
    if (step > 0) flow.acknowledged += static_cast<std::uint64_t>(step);
    if (flow.acknowledged >= flow.last) {
      flows_.erase(found);
      return;
    }
    send_window(flow);
  }

  void send_window(const Flow& flow) {
    const std::uint64_t end = std::min(flow.acknowledged + flow.window, flow.last) + 1;
    const std::uint64_t most =
        offload_ ? std::min<std::uint64_t>(kMaximumSegments,
                                           kMaximumDatagram / (kHeaderOctets + flow.block_octets))
                 : 1;
    for (std::uint64_t block = flow.acknowledged + 1; block < end;) {
      const std::uint64_t count = std::min(most, end - block);
      outbox_.add_blocks(flow, block, count);
      block += count;
    }
  }

  void on_request(const sockaddr_in& client, ByteView fields) {
    std::string_view rest(reinterpret_cast<const char*>(fields.data()), fields.size());
    const auto name = next_field(rest);
    const auto mode = next_field(rest);
    if (!name || !mode) return;
    const File* const file = open_file(*name);
    if (file == nullptr) {
      using namespace std::string_view_literals;
      outbox_.add(client, "\0\5\0\1no such file\0"sv);
      return;
    }
    Flow flow{.client = client, .file = *file};
    std::string answer("\0\6", 2);
    while (const auto option = next_field(rest)) {
      const auto value = next_field(rest);
      if (!value) return;
      std::string accepted;
      if (*option == "blksize") {
        flow.block_octets = number_within(*value, 8, 1468);
        accepted = std::to_string(flow.block_octets);
      } else if (*option == "windowsize") {
        flow.window = number_within(*value, 1, kMaximumSegments);
        accepted = std::to_string(flow.window);
      } else if (*option == "tsize") {
        accepted = std::to_string(file->size);
      } else {
        continue;
      }
      answer.append(*option).append(1, '\0').append(accepted).append(1, '\0');
    }
    flow.last = file->size / flow.block_octets + 1;
    const Flow& kept = flows_.insert_or_assign(key_of(client), flow).first->second;
    if (answer.size() == 2) return send_window(kept);
    outbox_.add(client, answer);
  }

  // Maps a file on its first use and keeps it. nullptr: there is none.
  const File* open_file(std::string_view name) {
    const std::string path = root_ + "/" + std::string(name);
    if (const auto found = files_.find(path); found != files_.end()) return &found->second;
    const live::FileDescriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!descriptor.is_open() || fstat(descriptor.number(), &status) != 0) return nullptr;
    const auto size = static_cast<std::size_t>(status.st_size);
    void* const octets =
        mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor.number(), 0);
    if (octets == MAP_FAILED) return nullptr;
    return &files_.emplace(path, File{static_cast<const std::uint8_t*>(octets), size})
                .first->second;
  }

  live::FileDescriptor socket_;
  Outbox outbox_;
  std::string root_;
  bool offload_;
  std::unordered_map<std::string, File> files_;
  std::unordered_map<std::uint64_t, Flow> flows_;
};

}  // namespace
}  // namespace pxeproof::bench

int main(int count, char** words) {
  const pxeproof::bench::Settings settings(
      count, words, {{"address", "0.0.0.0"}, {"port", "69"}, {"root", "."}, {"offload", "off"}});
  pxeproof::bench::BareTftp(settings).serve();
}

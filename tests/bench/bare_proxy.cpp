// The floor for a proxyDHCP and boot server: one thread, two sockets, batches of 64, one walk over
// all options with bounds checks, answers written in place. Every machine gets the same answer.
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "tests/bench/settings.h"
#include "tests/bench/sockets.h"

namespace pxeproof::bench {
namespace {

constexpr std::size_t kDatagramOctets = 1500;
constexpr std::size_t kCookieOffset = 236;
constexpr std::size_t kOptionsOffset = 240;
constexpr std::size_t kMinimumMessage = 300;
constexpr std::uint16_t kServerPort = 67;
constexpr std::uint16_t kClientPort = 68;
constexpr std::uint16_t kBootServerPort = 4011;
constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::string_view kVendorClass = "PXEClient";
constexpr std::string_view kBootFile = "pxelinux.0";

// Where each option of a request lies, the first instance of each.
class OptionIndex {
 public:
  // False when the octets are no DHCP request or an option runs past their end.
  bool read(ByteView message) {
    values_.fill({});
    if (message.size() < kOptionsOffset || message[0] != 1 ||
        load32(&message[kCookieOffset]) != 0x63825363) {
      return false;
    }
    for (std::size_t at = kOptionsOffset; at < message.size();) {
      const std::uint8_t code = message[at];
      if (code == 255) return true;
      if (code == 0) {
        ++at;
        continue;
      }
      if (at + 2 > message.size() || at + 2 + message[at + 1] > message.size()) return false;
      if (values_[code].data() == nullptr) {
        values_[code] = message.subspan(at + 2, message[at + 1]);
      }
      at += std::size_t{2} + message[at + 1];
    }
    return true;
  }

  ByteView operator[](std::uint8_t code) const { return values_[code]; }

  bool is_pxe() const {
    const ByteView vendor_class = values_[60];
    return vendor_class.size() >= kVendorClass.size() &&
           std::memcmp(vendor_class.data(), kVendorClass.data(), kVendorClass.size()) == 0 &&
           values_[93].size() >= 2 && values_[53].size() == 1;
  }

 private:
  std::array<ByteView, 256> values_{};
};

std::uint8_t* put_option(std::uint8_t* at, std::uint8_t code, ByteView value) {
  at[0] = code;
  at[1] = static_cast<std::uint8_t>(value.size());
  if (!value.empty()) std::memcpy(at + 2, value.data(), value.size());
  return at + 2 + value.size();
}

class BareProxy {
 public:
  explicit BareProxy(const Settings& settings)
      : address_(settings.address("address")),
        requests_(open_udp({{}, kServerPort})),
        boot_requests_(open_udp({{}, kBootServerPort})) {
    for (const int socket : {requests_.number(), boot_requests_.number()}) {
      use_interface(socket, settings.text("interface"));
    }
  }

  [[noreturn]] void serve() {
    SendBatch offers(requests_.number(), kDatagramOctets);
    SendBatch acknowledgements(boot_requests_.number(), kDatagramOctets);
    std::array<pollfd, 2> sockets{
        {{requests_.number(), POLLIN, 0}, {boot_requests_.number(), POLLIN, 0}}};
    for (;;) {
      if (poll(sockets.data(), sockets.size(), -1) <= 0) continue;
      if (sockets[0].revents != 0) answer_all(sockets[0].fd, offers, Role::Proxy);
      if (sockets[1].revents != 0) answer_all(sockets[1].fd, acknowledgements, Role::BootServer);
    }
  }

 private:
  enum class Role { Proxy, BootServer };

  void answer_all(int socket, SendBatch& answers, Role role) {
    const unsigned count = received_.take(socket);
    for (unsigned i = 0; i < count; ++i) {
      const ByteView request = received_[i];
      if (!options_.read(request) || !options_.is_pxe()) continue;
      const std::uint8_t type = options_[53][0];
      if (type != (role == Role::Proxy ? 1 : 3)) continue;
      const std::size_t size = write_answer(request, role, answers.next());
      answers.add(size, destination(request, received_.source(i), role));
    }
    answers.flush();
  }

  static sockaddr_in destination(ByteView request, const sockaddr_in& source, Role role) {
    if (role == Role::BootServer) return source;
    const std::uint32_t giaddr = load32(&request[24]);
    if (giaddr != 0) return socket_address({{giaddr}, kServerPort});
    const std::uint32_t ciaddr = load32(&request[12]);
    if (ciaddr != 0) return socket_address({{ciaddr}, kClientPort});
    return socket_address({Ipv4Address::broadcast(), kClientPort});
  }

  std::size_t write_answer(ByteView request, Role role, std::uint8_t* answer) const {
    std::memcpy(answer, request.data(), 44);  // op to chaddr: most of it is echoed
    answer[0] = 2;
    answer[3] = 0;
    store16(answer + 8, 0);
    store16(answer + 10, load16(&request[10]) & kBroadcastFlag);
    store32(answer + 16, 0);
    store32(answer + 20, role == Role::BootServer ? address_.value : 0);
    std::memset(answer + 44, 0, kCookieOffset - 44);
    if (role == Role::BootServer) std::memcpy(answer + 108, kBootFile.data(), kBootFile.size());
    store32(answer + kCookieOffset, 0x63825363);

    static constexpr std::array<std::uint8_t, 1> kOffer{2};
    static constexpr std::array<std::uint8_t, 1> kAcknowledgement{5};
    // Discovery control: no multicast, no broadcast; one boot server of type 0x8000; a menu of one
    // line; a prompt that does not wait.
    static constexpr std::array<std::uint8_t, 36> kMenu{
        6,   1,   3,   10,  4,   0,   'P', 'X', 'E', 9,   18,  0x80, 0, 15,   'N', 'e', 't', 'w',
        'o', 'r', 'k', ' ', 'b', 'o', 'o', 't', ' ', ' ', ' ', 71,   4, 0x80, 0,   0,   0,   255};
    const auto server = address_.octets();
    std::uint8_t* at = answer + kOptionsOffset;
    at = put_option(at, 53, role == Role::Proxy ? kOffer : kAcknowledgement);
    at = put_option(at, 54, server);
    at = put_option(at, 60, as_bytes(kVendorClass));
    if (options_[97].size() == 17) at = put_option(at, 97, options_[97]);
    at = put_option(at, 43, kMenu);
    *at++ = 255;
    const auto size = static_cast<std::size_t>(at - answer);
    if (size >= kMinimumMessage) return size;
    std::memset(at, 0, kMinimumMessage - size);
    return kMinimumMessage;
  }

  Ipv4Address address_;
  live::FileDescriptor requests_;
  live::FileDescriptor boot_requests_;
  ReceiveBatch received_{kDatagramOctets};
  OptionIndex options_;
};

}  // namespace
}  // namespace pxeproof::bench

int main(int count, char** words) {
  const pxeproof::bench::Settings settings(count, words,
                                           {{"address", "10.77.0.1"}, {"interface", "eth0"}});
  pxeproof::bench::BareProxy(settings).serve();
}

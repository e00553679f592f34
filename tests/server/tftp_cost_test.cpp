// What a transfer costs: no allocation for a block, little memory for an idle one.

#include <malloc.h>

#include <cstdlib>
#include <new>

#include "tests/server/tftp_bench.h"

namespace {

// Counted over the whole test program.
std::size_t allocations = 0;
std::size_t live_octets = 0;

void* counted(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  live_octets += malloc_usable_size(memory);
  return memory;
}

void uncounted(void* memory) {
  if (memory != nullptr) live_octets -= malloc_usable_size(memory);
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void operator delete(void* memory) noexcept { uncounted(memory); }
void operator delete[](void* memory) noexcept { uncounted(memory); }
void operator delete(void* memory, std::size_t) noexcept { uncounted(memory); }
void operator delete[](void* memory, std::size_t) noexcept { uncounted(memory); }

namespace pxeproof::server {
namespace {

using namespace testing;

TEST(TftpCost, ABlockCostsNoAllocation) {
  for (const char* window : {"1", "16"}) {
    TftpBench bench;
    bench.add("f", pattern(1000000));
    bench.request(kClient, rrq("f", {{"blksize", "100"}, {"windowsize", window}}));
    Bytes packet = ack(0);
    OutgoingDatagram out;
    out.head.reserve(16);
    std::uint16_t sent = 0;
    const auto exchange = [&] {
      packet[2] = static_cast<std::uint8_t>(sent >> 8U);
      packet[3] = static_cast<std::uint8_t>(sent & 0xffU);
      bench.now += 100us;
      bench.server.on_datagram(
          bench.now,
          {.source = kClient, .destination = bench.peer, .interface_index = 2, .payload = packet});
      bench.server.on_timeout(bench.now);
      while (bench.server.poll_transmit(out)) ++sent;
    };
    exchange();
    const std::size_t before = allocations;
    for (int i = 0; i < 500; ++i) exchange();
    EXPECT_EQ(allocations, before) << "window " << window;
    EXPECT_GE(sent, 500);
  }
}

TEST(TftpCost, AnIdleTransferTakesLessThanTwoKibibytes) {
  constexpr std::uint32_t kTransfers = 4000;
  const auto file = std::make_shared<MemoryFile>(pattern(100000));
  const std::size_t before = live_octets;
  TftpServer server(bench_options(), Random(1));
  const Bytes packet = rrq("a/rather/long/name/of/a/file/as/clients/ask/for.efi",
                           {{"blksize", "1468"}, {"tsize", "0"}, {"windowsize", "4"}});
  FileRequest request;
  OutgoingDatagram out;
  TftpEvent event;
  for (std::uint32_t i = 0; i < kTransfers; ++i) {
    const Endpoint client{{kClient.address.value + i}, 2070};
    server.on_datagram(
        kStart,
        {.source = client, .destination = kRequestPort, .interface_index = 2, .payload = packet});
    while (server.poll_file_request(request)) server.on_file(kStart, {request.id, file});
    while (server.poll_transmit(out)) continue;
    while (server.poll_event(event)) continue;
  }
  ASSERT_EQ(server.transfers(), kTransfers);
  EXPECT_LT((live_octets - before) / kTransfers, 2048U);
  RecordProperty("octets_per_transfer", static_cast<int>((live_octets - before) / kTransfers));
}

}  // namespace
}  // namespace pxeproof::server

#include "protocol/tftp/negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/mutation.h"

namespace pxeproof::tftp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Values that a hostile or careless peer sends for a number.
constexpr std::string_view kNoNumbers[] = {"",
                                           " ",
                                           "abc",
                                           "-1",
                                           "+1",
                                           "1 ",
                                           " 1",
                                           "1.5",
                                           "0x10",
                                           "1e3",
                                           "1432b",
                                           "٣",
                                           "1\t",
                                           "--1",
                                           "512,512",
                                           "18446744073709551616",
                                           "99999999999999999999999999999999"};

TEST(ParseNumber, ReadsDecimalDigitsOnly) {
  EXPECT_EQ(parse_number("0"), 0U);
  EXPECT_EQ(parse_number("0512"), 512U);
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615U);
  for (const std::string_view text : kNoNumbers) EXPECT_EQ(parse_number(text), std::nullopt);
  EXPECT_EQ(parse_number(std::string_view("1\0", 2)), std::nullopt);
}

TEST(ReadOptions, TakesKnownOptionsInRequestOrder) {
  const std::vector<Option> options{{"TSize", "0"},
                                    {"utimeout", "5"},
                                    {"WINDOWSIZE", "4"},
                                    {"blksize", "1468"},
                                    {"timeout", "3"}};
  const RequestedOptions requested = read_options(options);
  EXPECT_EQ(requested.transfer_size, 0U);
  EXPECT_EQ(requested.window_size, 4);
  EXPECT_EQ(requested.block_size, 1468);
  EXPECT_EQ(requested.timeout, 3);
  // RFC 2347: the OACK repeats the names, so their spelling stays.
  EXPECT_THAT(requested.order, ElementsAre("TSize", "WINDOWSIZE", "blksize", "timeout"));
}

TEST(ReadOptions, IgnoresWhatIsNoNumber) {
  for (const char* name : {"blksize", "tsize", "timeout", "windowsize"}) {
    for (const std::string_view value : kNoNumbers) {
      const std::vector<Option> options{{name, std::string(value)}};
      EXPECT_THAT(read_options(options).order, IsEmpty()) << name << "=" << value;
    }
  }
}

TEST(ReadOptions, TakesTheLimitsAndNothingBeyond) {
  struct Limit {
    const char* name;
    std::vector<const char*> inside;
    std::vector<const char*> outside;
  };
  const std::vector<Limit> limits{
      {"blksize", {"8", "512", "65464"}, {"0", "7", "65465", "65536", "4294967808"}},  // RFC 2348
      {"timeout", {"1", "255"}, {"0", "256", "257"}},                                  // RFC 2349
      {"windowsize", {"1", "65535"}, {"0", "65536", "65537"}},                         // RFC 7440
      {"tsize", {"0", "4294967296", "18446744073709551615"}, {}},                      // RFC 2349
  };
  for (const Limit& limit : limits) {
    for (const char* value : limit.inside) {
      const std::vector<Option> options{{limit.name, value}};
      EXPECT_THAT(read_options(options).order, ElementsAre(limit.name)) << value;
    }
    for (const char* value : limit.outside) {
      const std::vector<Option> options{{limit.name, value}};
      EXPECT_THAT(read_options(options).order, IsEmpty()) << limit.name << "=" << value;
    }
  }
}

TEST(ReadOptions, TakesTheFirstValidOfDuplicates) {
  const std::vector<Option> options{{"blksize", "1"}, {"blksize", "1024"}, {"BLKSIZE", "512"}};
  const RequestedOptions requested = read_options(options);
  EXPECT_EQ(requested.block_size, 1024);
  EXPECT_THAT(requested.order, ElementsAre("blksize"));
}

const Request kRequest{
    Opcode::Rrq,
    "f",
    "octet",
    {{"blksize", "1432"}, {"tsize", "0"}, {"timeout", "5"}, {"windowsize", "8"}, {"multicast", ""}},
    {}};

Result<Agreement, OackFault> agree_on(std::vector<Option> options) {
  return agree(kRequest, Oack{std::move(options), {}});
}

TEST(Agree, WithoutOptionsMeansTheDefaults) {
  EXPECT_EQ(agree_on({}), (Agreement{512, 1, std::nullopt, std::nullopt}));
}

TEST(Agree, TakesWhatTheServerAcknowledges) {
  EXPECT_EQ(
      agree_on({{"BlkSize", "1432"}, {"tsize", "42430"}, {"timeout", "5"}, {"windowsize", "8"}}),
      (Agreement{1432, 8, 5, 42430}));
}

TEST(Agree, TheServerMayLowerBlockAndWindow) {
  EXPECT_EQ(agree_on({{"blksize", "8"}}), (Agreement{8, 1, std::nullopt, std::nullopt}));
  EXPECT_EQ(agree_on({{"windowsize", "1"}}), (Agreement{512, 1, std::nullopt, std::nullopt}));
}

TEST(Agree, NamesEachFault) {
  struct Case {
    std::vector<Option> oack;
    OackFault fault;
  };
  const std::vector<Case> cases{
      {{{"utimeout", "5"}}, OackFault::NotRequested},
      {{{"", ""}}, OackFault::NotRequested},
      {{{"tsize", "1"}, {"TSIZE", "1"}}, OackFault::Duplicate},
      {{{"multicast", "a"}, {"multicast", "b"}}, OackFault::Duplicate},
      {{{"blksize", ""}}, OackFault::NotANumber},
      {{{"tsize", "-1"}}, OackFault::NotANumber},
      {{{"tsize", "18446744073709551616"}}, OackFault::NotANumber},
      {{{"blksize", "1433"}}, OackFault::BlockSizeRaised},
      {{{"blksize", "7"}}, OackFault::BlockSizeOutOfRange},
      {{{"blksize", "65465"}}, OackFault::BlockSizeOutOfRange},
      {{{"blksize", "67968"}}, OackFault::BlockSizeOutOfRange},  // 1432 in its low 16 bits
      {{{"timeout", "4"}}, OackFault::TimeoutChanged},
      {{{"timeout", "261"}}, OackFault::TimeoutChanged},  // 5 in its low eight bits
      {{{"windowsize", "9"}}, OackFault::WindowRaised},
      {{{"windowsize", "0"}}, OackFault::WindowRaised},
      {{{"windowsize", "65544"}}, OackFault::WindowRaised},
  };
  for (const Case& row : cases) {
    const auto agreement = agree_on(row.oack);
    ASSERT_FALSE(agreement) << row.oack[0].name << "=" << row.oack[0].value;
    EXPECT_EQ(agreement.error(), row.fault) << row.oack[0].name << "=" << row.oack[0].value;
  }
}

// An acknowledged option that we know nothing of was judged as if it were a number.
TEST(Agree, LeavesForeignOptionsAlone) {
  EXPECT_EQ(agree_on({{"multicast", "224.0.1.1,1758,1"}}), Agreement{});
}

TEST(Agree, CannotRaiseWhatWasAskedAsNonsense) {
  const Request request{Opcode::Rrq, "f", "octet", {{"blksize", "lots"}, {"windowsize", ""}}, {}};
  EXPECT_EQ(agree(request, Oack{{{"blksize", "512"}}, {}}).error(), OackFault::BlockSizeRaised);
  EXPECT_EQ(agree(request, Oack{{{"windowsize", "1"}}, {}}).error(), OackFault::WindowRaised);
}

TEST(Agree, NeverExceedsTheRequest) {
  const std::string_view names[] = {"blksize", "tsize", "timeout", "windowsize", "x"};
  for (std::uint64_t seed = 0; seed < 50'000; ++seed) {
    Random random(seed);
    const auto draw = [&random, &names] {
      const std::uint64_t bound = random.chance(0.5) ? 12 : 70'000;
      return Option{std::string(names[random.below(std::size(names))]),
                    std::to_string(random.below(bound))};
    };
    Request request;
    Oack oack;
    for (std::uint64_t i = random.below(5); i > 0; --i) request.options.push_back(draw());
    for (std::uint64_t i = random.below(5); i > 0; --i) oack.options.push_back(draw());

    const auto agreement = agree(request, oack);

    if (!agreement) continue;
    const auto largest = [&request](std::string_view name) {
      std::uint64_t value = 0;
      for (const Option& option : request.options) {
        if (option.name == name) value = std::max(value, parse_number(option.value).value_or(0));
      }
      return value;
    };
    ASSERT_GE(agreement->block_size, 8) << "seed " << seed;
    ASSERT_LE(agreement->block_size, std::max<std::uint64_t>(512, largest("blksize")))
        << "seed " << seed;
    ASSERT_GE(agreement->window_size, 1) << "seed " << seed;
    ASSERT_LE(agreement->window_size, std::max<std::uint64_t>(1, largest("windowsize")))
        << "seed " << seed;
    ASSERT_NE(agreement->timeout, 0) << "seed " << seed;
    ASSERT_LE(agreement->timeout.value_or(0), largest("timeout")) << "seed " << seed;
  }
}

TEST(BlockNumbers, WrapOnTheWire) {
  EXPECT_EQ(wire_block(0), 0);
  EXPECT_EQ(wire_block(65535), 65535);
  EXPECT_EQ(wire_block(65536), 0);
  EXPECT_EQ(wire_block(65537), 1);
}

TEST(BlockNumbers, UnwrapToTheNearest) {
  EXPECT_EQ(unwrap_block(1, 0), 1U);
  EXPECT_EQ(unwrap_block(0, 65535), 65536U);
  EXPECT_EQ(unwrap_block(65535, 65536), 65535U);
  EXPECT_EQ(unwrap_block(65535, 3), 65535U);  // nothing lies before block 0
  EXPECT_EQ(unwrap_block(5, 1'000'000), 983'045U);
}

TEST(BlockNumbers, UnwrapUndoesTheWrap) {
  Random random(1);
  for (int i = 0; i < 100'000; ++i) {
    const std::uint64_t block = random.below(std::uint64_t{1} << 40U);
    const std::uint64_t low = block < 32'000 ? 0 : block - 32'000;
    ASSERT_EQ(unwrap_block(wire_block(block), random.between(low, block + 32'000)), block);
  }
}

}  // namespace
}  // namespace pxeproof::tftp

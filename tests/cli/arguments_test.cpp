#include "cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace pxeproof::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::array kOptions = {
    OptionSpec{"against", "SERVER", "where to boot from"},
    OptionSpec{"test", "", "a flag"},
};
constexpr Syntax kSyntax{.verb = "boot",
                         .purpose = "Boots.",
                         .options = kOptions,
                         .positionals = {},
                         .foreign = ForeignOptions::Refuse};

Outcome<Arguments> parse(std::vector<std::string> words, const Syntax& syntax = kSyntax) {
  return parse_arguments(syntax, words);
}

TEST(ParseArguments, TakesValuesInBothSpellings) {
  EXPECT_EQ(parse({"--against", "dnsmasq"})->value("against"), "dnsmasq");
  EXPECT_EQ(parse({"--against=dnsmasq"})->value("against"), "dnsmasq");
  EXPECT_FALSE(parse({})->value("against"));
}

TEST(ParseArguments, CountsVerbosity) {
  EXPECT_EQ(parse({})->verbosity, 0);
  EXPECT_EQ(parse({"-v"})->verbosity, 1);
  EXPECT_EQ(parse({"-vv"})->verbosity, 2);
  EXPECT_EQ(parse({"-v", "--verbose"})->verbosity, 2);
  EXPECT_EQ(parse({"-vvvv"})->verbosity, 2);
}

TEST(ParseArguments, RefusesWhatItDoesNotKnowAndSuggests) {
  const auto unknown = parse({"--agains", "x"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ExitCode::WrongUsage);
  EXPECT_THAT(unknown.error().message, HasSubstr("did you mean --against?"));
}

TEST(ParseArguments, RefusesAMissingValueAndAStrayWord) {
  EXPECT_FALSE(parse({"--against"}));
  EXPECT_FALSE(parse({"stray"}));
}

TEST(ParseArguments, TakesAnEmptyValueWhereItMayBe) {
  static constexpr std::array kMay = {OptionSpec{"file", "FILE", "", "", EmptyValue::Allowed},
                                      OptionSpec{"test", "", "a flag"}};
  const auto files = [](std::vector<std::string> words) {
    const Syntax syntax{
        .verb = "serve", .purpose = "", .options = kMay, .positionals = "[DIRECTORY]"};
    const auto arguments = parse(std::move(words), syntax);
    return arguments ? arguments->all("file") : std::vector<std::string>{"refused"};
  };
  EXPECT_THAT(files({"--file=", "--test"}), ElementsAre(""));
  EXPECT_THAT(files({"--file", "--test"}), ElementsAre(""));
  EXPECT_THAT(files({"--test", "--file"}), ElementsAre(""));
  EXPECT_THAT(files({"--file=", "there"}), ElementsAre(""));
  EXPECT_THAT(files({"--file", "-"}), ElementsAre("-"));
  EXPECT_THAT(files({"--file", "there"}), ElementsAre("there"));
  EXPECT_FALSE(parse({"--against="}));
}

// --output --anonymize wrote a file of that name, and it was not anonymous.
TEST(ParseArguments, RefusesAnOptionAsTheValueOfAnother) {
  const auto swallowed = parse({"--against", "--test"});
  ASSERT_FALSE(swallowed);
  EXPECT_EQ(swallowed.error().code, ExitCode::WrongUsage);
  EXPECT_THAT(
      swallowed.error().message,
      HasSubstr("--against needs a value, and --test is an option; write --against=--test"));
  EXPECT_EQ(parse({"--against=--test"})->value("against"), "--test");
  Syntax collecting = kSyntax;
  collecting.foreign = ForeignOptions::Collect;
  EXPECT_FALSE(parse({"--against", "--test"}, collecting));
  EXPECT_FALSE(parse({"--against", "--port=0"}, collecting));
}

// "-1" was taken for a letter of dnsmasq's.
TEST(ParseArguments, LeavesOurOptionItsValueAmongForeignOnes) {
  Syntax syntax = kSyntax;
  syntax.foreign = ForeignOptions::Collect;
  const auto arguments = parse({"--against", "-1", "-q"}, syntax);
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->value("against"), "-1");
  EXPECT_THAT(arguments->foreign, ElementsAre("-q"));
}

TEST(ParseArguments, KeepsForeignOptionsAsWritten) {
  Syntax syntax = kSyntax;
  syntax.foreign = ForeignOptions::Collect;
  const auto arguments = parse({"--port=0", "--test", "--enable-tftp"}, syntax);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(arguments->has("test"));
  EXPECT_THAT(arguments->foreign, ElementsAre("--port=0", "--enable-tftp"));
}

TEST(ParseArguments, LeavesAForeignOptionItsValue) {
  Syntax syntax = kSyntax;
  syntax.foreign = ForeignOptions::Collect;
  syntax.foreign_takes_next = [](std::string_view option) {
    return option == "--dhcp-range" || option == "-F";
  };
  const auto arguments =
      parse({"--user=", "-q", "-F", "10.0.0.0,proxy", "--dhcp-range", "10.1.0.0,proxy", "--test"},
            syntax);
  ASSERT_TRUE(arguments);
  EXPECT_TRUE(arguments->has("test"));
  EXPECT_THAT(arguments->positionals, IsEmpty());
  EXPECT_THAT(arguments->foreign, ElementsAre("--user=", "-q", "-F", "10.0.0.0,proxy",
                                              "--dhcp-range", "10.1.0.0,proxy"));
}

TEST(Nearest, FindsMisspellingsAndNothingElse) {
  const std::vector<std::string> names{"boot", "serve", "profile"};
  EXPECT_EQ(nearest("bot", names), "boot");
  EXPECT_EQ(nearest("profil", names), "profile");
  EXPECT_FALSE(nearest("zzzzzz", names));
}

TEST(ParseCount, JudgesTheWholeText) {
  EXPECT_EQ(parse_count("--n", "12", 1, 20).value(), 12U);
  for (const std::string wrong : {"", "x", "12x", "-1", "0", "21", "99999999999999999999"}) {
    EXPECT_FALSE(parse_count("--n", wrong, 1, 20)) << wrong;
  }
}

}  // namespace
}  // namespace pxeproof::cli

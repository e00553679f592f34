#include "simclient/grub_script.h"

#include <gmock/gmock.h>

#include "tests/simclient/grub_boot.h"

namespace pxeproof::rom {
namespace {

using ::testing::ElementsAre;

// The files that a script asks for, each with `cat`.
std::vector<std::string> asked(const std::string& script) {
  firmware::GrubImage image = full_image();
  image.modules.push_back("cat");
  GrubFiles files{{"/grub/grub.cfg", script}};
  return names_behind_config(boot_grub(files, grub_options(image)));
}

TEST(GrubScript, SplitsVariablesButNotQuotedOnes) {
  EXPECT_THAT(asked("a='/x y'\nfunction f { cat /$#; }\nf $a $none\nf \"$a\" \"$none\" ''\n"),
              ElementsAre("/2", "/3"));
}

TEST(GrubScript, KnowsQuotesAndEscapes) {
  EXPECT_THAT(asked("v=1\ncat /a'b $v'\ncat \"/c\\\"$v\\$v\\n\"\ncat /d\\ e\\$v\ncat /f\\\n g\n"),
              ElementsAre("/ab $v", "/c\"1$v\\n", "/d e$v", "/f"));
}

TEST(GrubScript, TakesTheFirstTrueBranch) {
  EXPECT_THAT(
      asked("for x in a b c d; do if [ $x = a ]; then cat /1; elif [ $x = b ]; then cat /2\n"
            "elif test $x == c; then cat /3; else cat /4; fi; done\n"),
      ElementsAre("/1", "/2", "/3", "/4"));
}

TEST(GrubScript, LeavesAndContinuesLoops) {
  EXPECT_THAT(asked("for x in 1 2 3; do for y in 1 2 3; do if [ $y = 2 ]; then continue; fi\n"
                    "if [ $x = 2 ]; then break 2; fi; cat /$x$y; done; done\n"
                    "until [ \"$z\" = 11 ]; do z=1$z; cat /z$z; done\n"),
              ElementsAre("/11", "/13", "/z1", "/z11"));
}

TEST(GrubScript, CallsFunctionsWithParameters) {
  EXPECT_THAT(asked("function f { cat /$1/$2; shift; cat /$1; return 1; cat /never; }\n"
                    "if f a b; then cat /true; else cat /false; fi\nif ! f c; then cat /not; fi\n"),
              ElementsAre("/a/b", "/b", "/false", "/c/", "/", "/not"));
}

TEST(GrubScript, AWrongLineSpoilsItselfOnly) {
  EXPECT_THAT(asked("cat /1\nif then\ncat /2\ncat /3 | cat /4\ncat /5\n} \ncat $(x)\ncat /6 && x\n"
                    "cat /7 # cat /8\n"),
              ElementsAre("/1", "/2", "/5", "/7"));
}

TEST(GrubScript, ExportsToOtherConfigurationsAndSharesWithSources) {
  firmware::GrubImage image = full_image();
  image.modules.push_back("cat");
  const GrubBoot boot =
      boot_grub({{"/grub/grub.cfg", "a=1\nb=2\nexport b\nsource /s\nconfigfile /c\ncat /$a$d\n"},
                 {"/s", "cat /s$a$b\nd=4\n"},
                 {"/c", "cat /c$a$b\na=9\n"}},
                grub_options(image));
  EXPECT_THAT(names_behind_config(boot), ElementsAre("/s", "/s12", "/c", "/c2", "/14"));
}

TEST(GrubScript, MatchesRegularExpressions) {
  EXPECT_THAT(asked("if regexp --set 1:a --set=2:b '^(.+)-(.+)$' 'x-y'; then cat /$a$b; fi\n"),
              ElementsAre("/xy"));
}

TEST(GrubScript, EndsDeepNesting) {
  std::string script;
  for (int i = 0; i < 2000; ++i) script += "if true; then\n";
  EXPECT_FALSE(parse_grub_script(script)->instructions.empty());
}

}  // namespace
}  // namespace pxeproof::rom

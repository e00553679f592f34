#include "simclient/received_file.h"

#include <gtest/gtest.h>

#include <string>

namespace pxeproof::rom {
namespace {

const std::string kContent = "the octets of the server's tree";

ReceivedFile checked() {
  ReceivedFile file({.keep = ReceivedFile::Keep::Nothing});
  file.expect(as_bytes(kContent));
  return file;
}

TEST(ReceivedFile, FindsEqualContentEqual) {
  ReceivedFile file = checked();
  file.on_octets(10, as_bytes(kContent).subspan(10));
  file.on_octets(0, as_bytes(kContent).first(10));
  EXPECT_FALSE(file.first_difference(ReceivedFile::Judge::Complete));
  EXPECT_EQ(file.size(), kContent.size());
  EXPECT_TRUE(file.kept().empty());
}

TEST(ReceivedFile, NamesTheFirstOctetThatDiffers) {
  ReceivedFile file = checked();
  file.on_octets(0, as_bytes("the octetz"));
  EXPECT_EQ(file.first_difference(ReceivedFile::Judge::SoFar), 9U);
}

TEST(ReceivedFile, ASurplusOrAMissingEndIsADifference) {
  ReceivedFile longer = checked();
  longer.on_octets(0, as_bytes(kContent + "!"));
  EXPECT_FALSE(longer.first_difference(ReceivedFile::Judge::SoFar));
  EXPECT_EQ(longer.first_difference(ReceivedFile::Judge::Complete), kContent.size());
  ReceivedFile shorter = checked();
  shorter.on_octets(0, as_bytes(kContent).first(5));
  EXPECT_FALSE(shorter.first_difference(ReceivedFile::Judge::SoFar));
  EXPECT_EQ(shorter.first_difference(ReceivedFile::Judge::Complete), 5U);
}

TEST(ReceivedFile, KeepsOnlyWhatNobodyElseHas) {
  for (const bool is_known : {false, true}) {
    ReceivedFile file({.keep = ReceivedFile::Keep::OctetsIfUnknown, .keep_limit = 100});
    if (is_known) file.expect(as_bytes(kContent));
    file.on_octets(0, as_bytes(kContent));
    EXPECT_EQ(file.kept().empty(), is_known);
    EXPECT_EQ(as_text(file.whole()), kContent);
  }
}

TEST(ReceivedFile, KeepsOctetsUpToTheLimit) {
  ReceivedFile file({.keep = ReceivedFile::Keep::Octets, .keep_limit = 8});
  file.on_octets(4, as_bytes("efgh"));
  file.on_octets(0, as_bytes("abcd"));
  EXPECT_EQ(as_text(file.kept()), "abcdefgh");
  EXPECT_TRUE(file.kept_all());
  file.on_octets(8, as_bytes("ij"));
  EXPECT_EQ(as_text(file.kept()), "abcdefgh");
  EXPECT_FALSE(file.kept_all());
}

}  // namespace
}  // namespace pxeproof::rom

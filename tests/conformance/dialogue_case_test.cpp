#include "conformance/dialogue_case.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <string>
#include <variant>

namespace pxeproof::conformance {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::vector<Dialogue> recorded(const std::string& name) {
  auto dialogues = read_dialogues(std::string(PXEPROOF_SOURCE_DIR) + "/pcaps/" + name, {});
  return dialogues ? std::move(*dialogues) : std::vector<Dialogue>();
}

std::string case_text() { return write_case(recorded("ipxe-bios-one-service.pcapng"), "boot"); }

std::string with(std::string text, std::string_view what, std::string_view instead) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), instead);
}

std::string error_of(const std::string& text) {
  const auto read = read_case(text, "case.toml");
  return read ? "no error" : read.error();
}

void expect_same(const RecordedQuestion& is, const RecordedQuestion& was) {
  EXPECT_EQ(is.payload, was.payload);
  EXPECT_EQ(is.source, was.source);
  EXPECT_EQ(is.destination, was.destination);
  EXPECT_EQ(is.to, was.to);
}

void expect_same(const RecordedRead& is, const RecordedRead& was) {
  EXPECT_EQ(is.request, was.request);
  EXPECT_EQ(is.port, was.port);
  EXPECT_EQ(is.ending, was.ending);
  EXPECT_EQ(is.octets, was.octets);
  EXPECT_EQ(is.oack, was.oack);
  EXPECT_EQ(is.refusal, was.refusal);
  EXPECT_EQ(is.abort, was.abort);
}

void expect_same(const RecordedAnswer& is, const RecordedAnswer& was) {
  EXPECT_EQ(is.packet, was.packet);
  EXPECT_EQ(is.payload, was.payload);
  EXPECT_EQ(is.source, was.source);
  EXPECT_EQ(is.destination, was.destination);
  EXPECT_EQ(is.link_broadcast, was.link_broadcast);
}

// All but what is finer than a microsecond, and when the first turn was.
void expect_same(const Turn& is, const Turn& was) {
  EXPECT_EQ(is.packet, was.packet);
  ASSERT_EQ(is.said.index(), was.said.index());
  if (const auto* const question = std::get_if<RecordedQuestion>(&was.said)) {
    expect_same(std::get<RecordedQuestion>(is.said), *question);
  } else {
    expect_same(std::get<RecordedRead>(is.said), std::get<RecordedRead>(was.said));
  }
  ASSERT_EQ(is.answers.size(), was.answers.size());
  for (std::size_t at = 0; at < was.answers.size(); ++at) {
    expect_same(is.answers[at], was.answers[at]);
  }
}

// Every recording of a real machine comes back as it was.
TEST(DialogueCase, KeepsEveryOctetOfEveryRecording) {
  std::size_t turns = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(PXEPROOF_SOURCE_DIR) + "/pcaps")) {
    if (entry.path().extension() != ".pcapng") continue;
    const auto dialogues = recorded(entry.path().filename().string());
    const std::string text = write_case(dialogues, "boot");
    if (dialogues.empty()) continue;
    const auto read = read_case(text, "case.toml");
    ASSERT_TRUE(read) << entry.path() << ": " << read.error();
    EXPECT_EQ(write_case(*read, "boot"), text);
    ASSERT_EQ(read->size(), dialogues.size());
    for (std::size_t each = 0; each < dialogues.size(); ++each) {
      EXPECT_EQ((*read)[each].client, dialogues[each].client);
      EXPECT_EQ((*read)[each].client_address, dialogues[each].client_address);
      EXPECT_EQ((*read)[each].server, dialogues[each].server);
      EXPECT_EQ((*read)[each].server_leases, dialogues[each].server_leases);
      ASSERT_EQ((*read)[each].turns.size(), dialogues[each].turns.size());
      for (std::size_t at = 0; at < dialogues[each].turns.size(); ++at, ++turns) {
        expect_same((*read)[each].turns[at], dialogues[each].turns[at]);
      }
    }
  }
  EXPECT_GT(turns, 100U);
}

TEST(DialogueCase, KeepsOctetsThatAreNoText) {
  auto dialogues = recorded("ipxe-bios-one-service.pcapng");
  ASSERT_EQ(dialogues.size(), 1U);
  for (Turn& turn : dialogues[0].turns) {
    if (auto* const read = std::get_if<RecordedRead>(&turn.said)) {
      read->request.filename = "a\"b\\c\xff\xc3\x01 d";
    } else {
      std::get<RecordedQuestion>(turn.said).payload = {1, 2, 3};
    }
  }
  const std::string text = write_case(dialogues, "boot");
  const auto read = read_case(text, "case.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(write_case(*read, "boot"), text);
  EXPECT_EQ(std::get<RecordedQuestion>((*read)[0].turns[0].said).payload, (Bytes{1, 2, 3}));
}

TEST(DialogueCase, AnswersMayBeLeftOut) {
  std::string text = case_text();
  const std::size_t begin = text.find("[client.01.turn.0001.answer.01]");
  text.erase(begin, text.find("[client.01.turn.0002]") - begin);
  const auto read = read_case(text, "case.toml");
  ASSERT_TRUE(read) << read.error();
  EXPECT_TRUE(read->at(0).turns.at(0).answers.empty());
}

// It used to be told from the edited answers, so that the server gave them and nothing failed.
TEST(DialogueCase, AnEditedAnswerChangesNothingOfTheServer) {
  const auto plain = read_case(case_text(), "case.toml");
  ASSERT_TRUE(plain) << plain.error();
  EXPECT_THAT(plain->at(0).configuration, HasSubstr("tftp-root={root}"));
  EXPECT_THAT(plain->at(0).configuration, HasSubstr("Network Boot"));
  const auto edited = read_case(with(case_text(), "4e6574776f726b", "4e4f5457414e54"), "case.toml");
  ASSERT_TRUE(edited) << edited.error();
  EXPECT_EQ(edited->at(0).configuration, plain->at(0).configuration);
  ASSERT_TRUE(edited->at(0).kept_files);
  EXPECT_EQ(edited->at(0).kept_files->size(), plain->at(0).files().size());
  EXPECT_THAT(error_of(with(case_text(), "files = [\n  \"", "files = [\n  \"x")),
              HasSubstr("is not SIZE NAME"));
}

TEST(DialogueCase, SaysWhereATextIsWrong) {
  const std::string text = case_text();
  EXPECT_EQ(error_of(text), "no error");
  EXPECT_THAT(error_of(with(text, "'53 01'", "'530 01'")),
              AllOf(HasSubstr("case.toml:"), HasSubstr("'530 01' is no option")));
  EXPECT_THAT(error_of(with(text, "\"everybody\"", "\"evrybody\"")),
              HasSubstr("'evrybody' is none of everybody, server"));
  EXPECT_THAT(error_of(with(text, "0.0.0.0:68", "0.0.0.0")), HasSubstr("is no ADDRESS:PORT"));
  EXPECT_THAT(error_of(with(text, "mac = \"52:", "mac = \"5x:")), HasSubstr("is no MAC address"));
  EXPECT_THAT(error_of(with(text, "secs = 4", "secs = 70000")), HasSubstr("case.toml:"));
  EXPECT_THAT(error_of(with(text, "secs = 4", "sex = 4")), HasSubstr("case.toml:"));
  EXPECT_THAT(error_of(with(text, "pxeproof/case/1", "pxeproof/case/9")), HasSubstr("schema"));
  EXPECT_THAT(error_of("nothing"), HasSubstr("case.toml:"));
  EXPECT_THAT(error_of(""), HasSubstr("case.toml"));
}

}  // namespace
}  // namespace pxeproof::conformance

#pragma once

#include <array>
#include <string_view>

#include "conformance/dialogue.h"
#include "firmware/profile_reading.h"

namespace pxeproof::conformance {

// The words of a case's text (schema pxeproof/case/1), for those who write and who read it.
namespace case_words {

using firmware::Word;

inline constexpr std::string_view kSchema = "pxeproof/case/1";
using To = RecordedQuestion::To;
using Ending = RecordedRead::Ending;
inline constexpr std::array kTo{
    Word<To>{"everybody", To::Everybody}, Word<To>{"server", To::TheServer},
    Word<To>{"another-server", To::AnotherServer}, Word<To>{"group", To::Group}};
inline constexpr std::array kEndings{
    Word<Ending>{"whole", Ending::Whole}, Word<Ending>{"aborted", Ending::Aborted},
    Word<Ending>{"refused", Ending::Refused}, Word<Ending>{"unanswered", Ending::Unanswered},
    Word<Ending>{"unfinished", Ending::Unfinished}};

}  // namespace case_words
}  // namespace pxeproof::conformance

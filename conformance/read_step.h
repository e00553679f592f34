#pragma once

#include <memory>

#include "conformance/step.h"

namespace pxeproof::conformance {

std::unique_ptr<Script::Step> make_read_step(Read what, JudgeRead judge);

}  // namespace pxeproof::conformance

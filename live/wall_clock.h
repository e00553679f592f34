#pragma once

#include <cstdint>
#include <string>

namespace pxeproof::live {

// Seconds since 1970.
std::int64_t wall_clock_seconds();

std::int64_t wall_clock_microseconds();

// "2024-11-26T13:31:05.123Z".
std::string wall_clock_text();

// "13:31:05", of this machine's time zone.
std::string wall_clock_time_of_day();

}  // namespace pxeproof::live

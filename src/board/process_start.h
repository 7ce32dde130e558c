// Which process a number stands for: numbers come again, beginnings do not.
#pragma once

#include <cstdint>

namespace isojoule {

// When a process began, in clock ticks since boot (/proc/PID/stat, proc(5)); 0 where there is none,
// or it has ended and nobody has waited for it.
std::int64_t process_start_of(std::int64_t process);

}  // namespace isojoule

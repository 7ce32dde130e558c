// The most memory that this process had resident since its program began.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace isojoule {

// VmHWM of /proc/self/status, in bytes (fs/proc/task_mmu.c; it counts in units of 1024 bytes). Not
// ru_maxrss of getrusage(2): that one begins with what the parent had at the fork. Nothing where
// the kernel does not tell.
std::optional<std::int64_t> own_peak_memory();

// The same of the text of such a file.
std::optional<std::int64_t> peak_memory_in(std::string_view status);

}  // namespace isojoule

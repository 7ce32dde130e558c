// Linux 4.9, the kernel of JetPack 4, as far as a program can tell: every system call that is newer
// answers "not there" (ENOSYS) to this process and to what it starts.
#pragma once

#include "base/error.h"

namespace isojoule::kernel_test {

Status forget_newer_system_calls();

}  // namespace isojoule::kernel_test

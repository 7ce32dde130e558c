// Where the program that runs lies.
#pragma once

#include <string>

namespace isojoule {

// Its full path; "" where /proc does not say. The static build's fleet program
// (cmake/IsojouleStatic.cmake) is started through the loader that was packed with it,
// PREFIX/lib/isojoule/fleet/ld-linux-..., which is then what /proc names: it answers
// PREFIX/bin/isojoule, as whom it works.
std::string own_program();
// Whether it was started so.
bool behind_own_loader();

}  // namespace isojoule

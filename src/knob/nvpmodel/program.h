// What the program `nvpmodel` of L4T says, and what its status file holds.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "knob/nvpmodel/conf.h"

namespace isojoule::nvpmodel {

// The id of `nvpmodel -q`: "NV Power Mode: MODE_30W\n2", with or without lines around it (the fan's
// mode, warnings, errors of a user without rights). parse: no mode in it, or one that the conf does
// not have.
Result<int> parse_query(std::string_view output, const Conf& conf);
// The id of /var/lib/nvpmodel/status: "pmode:0002", "pmode:0000 fmode:quiet".
Result<int> parse_status(std::string_view text, const std::string& path);
// The same text with another mode; what stands behind it stays.
std::string status_with(std::string_view text, int id);
// What `nvpmodel -m` said: ok, unsupported (it wants a reboot; it passes requests over in a chroot
// or container), permission_denied, io.
Status judge_answer(std::string_view output, const Mode& mode);

}  // namespace isojoule::nvpmodel

// What an agent says of its board.
#pragma once

#include <string>

#include "app/probe.h"
#include "fleet/message.h"

namespace isojoule::agent {

// Everything but name, instance, serial and allow_command.
fleet::BoardCard card_of(const ProbeResult& found);

}  // namespace isojoule::agent

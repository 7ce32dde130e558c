// What `isojoule measure --until` prints.
#pragma once

#include "app/measure_until.h"

namespace isojoule::cli {

void print_until_text(const UntilRequest& request, const UntilResult& result, bool budget);
void print_until_json(const UntilRequest& request, const UntilResult& result);  // units in the keys

}  // namespace isojoule::cli

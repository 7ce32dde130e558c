// What `isojoule measure --overhead` prints.
#pragma once

#include "app/overhead.h"

namespace isojoule::cli {

void print_overhead_text(const OverheadRequest& request, const OverheadResult& result);
void print_overhead_json(const OverheadRequest& request,
                         const OverheadResult& result);  // units in the keys

}  // namespace isojoule::cli

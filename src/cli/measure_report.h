// What `isojoule measure` prints.
#pragma once

#include "app/measure_once.h"

namespace isojoule::cli {

void print_text(const MeasureRequest& request, const MeasureResult& result);
void print_json(const MeasureRequest& request, const MeasureResult& result);  // units in the keys

}  // namespace isojoule::cli

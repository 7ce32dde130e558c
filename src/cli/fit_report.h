// What a fit learnt, for people.
#pragma once

#include <string>

#include "app/fit_model.h"

namespace isojoule::cli {

std::string fit_text(const FitResult& result);

}  // namespace isojoule::cli

// index.md beside the figures: each with its caption and its files, for people.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace isojoule {

// Of what stands in figures.json. Names are escaped: none becomes markup.
std::string figure_index_text(const nlohmann::ordered_json& index);

}  // namespace isojoule

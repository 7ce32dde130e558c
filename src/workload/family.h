// Networks that are made by name beside the zoo's: published families over width, size and version,
// and single layers with their sizes in the name. Wherever a network of the zoo is named, one of
// these may be, too: zoo_model(), write_zoo_model(), resolve_network(), in_zoo() know them.
#pragma once

#include <span>
#include <string_view>

namespace isojoule {

struct NetworkFamily {
  std::string_view name;     // "mobilenet-v1"
  std::string_view pattern;  // of its networks' names, for people
  std::string_view summary;
  std::string_view source;   // the publication whose definition it follows
  std::string_view example;  // a name of it
};

std::span<const NetworkFamily> network_families();  // sorted by name

}  // namespace isojoule

#include "sensor/jetson_rails.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace isojoule::jetson {
namespace {

bool contains(const std::vector<std::string>& all, std::string_view name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

// The rails of the two modules that have no input rail (device trees of L4T 32 and 35).
constexpr std::array<std::string_view, 6> kAgxXavier = {"GPU", "CPU",   "SOC",
                                                        "CV",  "VDDRQ", "SYS5V"};
constexpr std::array<std::string_view, 4> kAgxOrin = {"VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0",
                                                      "VDDQ_VDD2_1V8AO"};

template <std::size_t kSize>
bool are_all_in(const std::vector<std::string>& all,
                const std::array<std::string_view, kSize>& known) {
  return std::all_of(all.begin(), all.end(), [&](const std::string& rail) {
    return std::find(known.begin(), known.end(), rail) != known.end();
  });
}

}  // namespace

bool is_module_input(const std::string& rail) { return rail == "VDD_IN" || rail == "POM_5V_IN"; }

std::string parent_of(const std::string& rail, const std::vector<std::string>& all) {
  if (rail == "VDDQ_VDD2_1V8AO" && contains(all, "VIN_SYS_5V0")) return "VIN_SYS_5V0";
  // CVB_ATX_12V and the like are the carrier board's: they feed the module, if anything.
  if (is_module_input(rail) || rail.rfind("CVB_", 0) == 0) return {};
  const auto input = std::find_if(all.begin(), all.end(), is_module_input);
  return input == all.end() ? std::string() : *input;
}

Overlap overlap_of(const std::vector<std::string>& all) {
  // A label that is there twice is not the one that the device tree of the module gives.
  const bool is_unique = std::set<std::string>(all.begin(), all.end()).size() == all.size();
  const bool is_known = are_all_in(all, kAgxXavier) || are_all_in(all, kAgxOrin);
  return is_unique && is_known ? Overlap::none : Overlap::in_kind;
}

}  // namespace isojoule::jetson

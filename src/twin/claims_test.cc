// The constants in boards/ against the published figures: what the fit reached stays reached.
#include "twin/claims.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "twin/claims_studies.h"
#include "workload/zoo.h"

namespace isojoule::twin {
namespace {

Constants constants_of(const std::string& board, const std::string& variant = {}) {
  std::ifstream file(ISOJOULE_SOURCE_DIR "/boards/" + board + "/twin.toml");
  std::ostringstream text;
  text << file.rdbuf();
  auto parsed = parse_constants(text.str(), board, variant);
  EXPECT_TRUE(parsed) << to_string(parsed.error());
  return *parsed;
}

const NetworkCost& cost_of(const std::string& network, std::int64_t batch) {
  static std::map<std::pair<std::string, std::int64_t>, NetworkCost> known;
  auto [at, fresh] = known.try_emplace({network, batch});
  if (fresh) {
    const auto model = zoo_model(network, {.batch = batch, .weights = false});
    EXPECT_TRUE(model);
    auto cost = network_cost_of_bytes(*model, batch, network);
    EXPECT_TRUE(cost);
    at->second = std::move(*cost);
  }
  return at->second;
}

// Claims that the twins do not reach; docs/twins.md says why.
const std::set<std::string>& not_reproduced(const std::string& board) {
  static const std::map<std::string, std::set<std::string>> names = {
      {"jetson-nano", {"powersave: energy", "powersave: time"}},
      {"jetson-xavier-nx",
       {"Nano's energy over this board's mobilenet-v2", "powersave: energy", "powersave: power"}},
      {"jetson-orin-nx", {"powersave: time"}}};
  return names.at(board);
}

class Claims : public testing::TestWithParam<const char*> {};

// A quarter of the tolerance is left for compilers that round otherwise (governors amplify it).
TEST_P(Claims, AreMetButForTheNamedOnes) {
  const std::string board = GetParam();
  const auto nano = board == "jetson-nano" ? std::map<std::string, double>{}
                                           : default_energies(constants_of("jetson-nano"), cost_of);
  const auto claims = evaluate_claims(constants_of(board), cost_of, nano);
  EXPECT_GT(claims.size(), 20u);
  for (Claim claim : claims) {
    if (claim.weight <= 0 && claim.source.empty()) continue;  // shown only
    if (not_reproduced(board).contains(claim.name)) continue;
    claim.tolerance *= 1.25;
    EXPECT_TRUE(claim.met()) << board << ": " << claim.name << " is " << claim.value << claim.unit
                             << ", stated " << claim.low << " .. " << claim.high;
  }
}

INSTANTIATE_TEST_SUITE_P(Boards, Claims,
                         testing::Values("jetson-nano", "jetson-xavier-nx", "jetson-orin-nx"));

void expect_met(const std::vector<Claim>& claims, const std::set<std::string>& but) {
  std::size_t left_out = 0;
  for (const Claim& claim : claims) {
    if (claim.source.empty()) continue;  // shown only
    left_out += but.contains(claim.name) ? 1 : 0;
    EXPECT_EQ(claim.met(), !but.contains(claim.name))
        << claim.name << " is " << claim.value << claim.unit << ", stated " << claim.low << " .. "
        << claim.high;
  }
  EXPECT_EQ(left_out, but.size());
}

TEST(Claims, OfTheGraphsInitialisationAreMet) {
  const auto claims = graph_claims(constants_of("jetson-nano"), cost_of);
  EXPECT_EQ(claims.size(), 5u);
  expect_met(claims, {});
}

// UNet beside the GPU: the stated -60 % power and +300 % time; docs/twins.md says what they would
// need.
TEST(Claims, OfTheAgxOrinsPaperAreMetButForTheNamedOnes) {
  ByMode modes;
  for (const char* mode : {"15w", "30w", "50w", "maxn"})
    modes[mode] = constants_of("jetson-agx-orin", mode);
  const auto claims = agx_orin_claims(modes, cost_of);
  EXPECT_GT(claims.size(), 30u);
  expect_met(claims, {"UNet split: power against the GPU", "UNet split: latency against the GPU",
                      "UNet split: power against the DLA"});
}

TEST(Claims, AChangedConstantIsNoticed) {
  Constants c = constants_of("jetson-nano");
  const double before = misfit(evaluate_claims(c, cost_of));
  c.gpu_voltage.knee_hz *= 0.7;
  EXPECT_GT(misfit(evaluate_claims(c, cost_of)), before + 1);
}

TEST(Claims, AnUnknownBoardHasNone) {
  Constants c = constants_of("jetson-nano");
  c.board = "raspberry-pi-5";
  EXPECT_TRUE(evaluate_claims(c, cost_of).empty());
}

}  // namespace
}  // namespace isojoule::twin

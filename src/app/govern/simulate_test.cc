#include "app/govern/simulate.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace isojoule {
namespace {

SimulateRequest minutes(double seconds) {
  SimulateRequest request;
  request.board = "twin:jetson-tx2";
  request.network = "resnet-18";
  request.batch = 4;
  request.seconds = seconds;
  return request;
}

const PolicyResult& policy_named(const SimulateResult& result, const std::string& name) {
  for (const PolicyResult& one : result.policies)
    if (one.name == name) return one;
  ADD_FAILURE() << name;
  return result.policies.front();
}

TEST(Simulate, TheControllerLiesBetweenTheClairvoyantAndTheHighestClocks) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  const auto result = simulate_service(*paths, minutes(240));
  ASSERT_TRUE(result) << result.error().what;
  EXPECT_EQ(result->policies.size(), 7U);
  const PolicyResult& own = policy_named(*result, "controller");
  EXPECT_GT(own.over_clairvoyant, -0.01);
  EXPECT_LT(own.over_clairvoyant, 0.7 * policy_named(*result, "highest").over_clairvoyant);
  EXPECT_LT(own.outcome.late_share(), 0.03);
  EXPECT_GT(own.outcome.served, result->requests * 9 / 10);
  EXPECT_EQ(result->state.odd_reports, 0);
  EXPECT_NE(simulate_text(*result).find("simulated"), std::string::npos);
  EXPECT_EQ(to_json(*result)["simulated"], true);
}

TEST(Simulate, TheSameSeedGivesTheSameServiceAndAnotherAnother) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  SimulateRequest request = minutes(60);
  request.others = false;
  const auto once = simulate_service(*paths, request), again = simulate_service(*paths, request);
  request.seed = 2;
  const auto other = simulate_service(*paths, request);
  ASSERT_TRUE(once && again && other);
  EXPECT_EQ(once->policies[0].outcome.joules, again->policies[0].outcome.joules);
  EXPECT_EQ(once->policies[0].outcome.late, again->policies[0].outcome.late);
  EXPECT_NE(once->policies[0].outcome.joules, other->policies[0].outcome.joules);
}

TEST(Simulate, ALostMeterMeansTheGovernorsAndThenBack) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  SimulateRequest request = minutes(60);
  request.others = false;
  request.blind_from_s = 20;
  request.blind_to_s = 30;
  const auto result = simulate_service(*paths, request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->state.fallbacks, 1);
  EXPECT_EQ(result->policies[0].outcome.fallbacks, 1);
  EXPECT_TRUE(result->state.point);
}

TEST(Simulate, BadInputSaysWhatIsPossible) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  const auto error_of = [&](const SimulateRequest& request) {
    const auto result = simulate_service(*paths, request);
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  };
  SimulateRequest request = minutes(60);
  request.trace = "burst";
  EXPECT_EQ(error_of(request).kind, ErrorKind::not_found);
  EXPECT_NE(error_of(request).remedy.find("bursts"), std::string::npos);
  request = minutes(60);
  request.latency_limit_s = 1e-4;
  EXPECT_EQ(error_of(request).kind, ErrorKind::invalid);
  request = minutes(60);
  request.board = "jetson-tx2";
  EXPECT_EQ(error_of(request).kind, ErrorKind::unsupported);
  EXPECT_EQ(error_of(minutes(1)).kind, ErrorKind::out_of_range);
}

TEST(Simulate, AnInterruptionEndsItAtOnce) {
  const auto paths = find_paths();
  ASSERT_TRUE(paths);
  SimulateRequest request = minutes(3600);
  const std::atomic<bool> interrupted{true};
  request.interrupted = &interrupted;
  const auto result = simulate_service(*paths, request);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::interrupted);
}

}  // namespace
}  // namespace isojoule

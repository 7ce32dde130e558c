// The kept corpus of goal_fuzz.cc through its own entry: whole, cut anywhere, with bytes changed.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/random.h"
#include "optimise/goal_fuzz.cc"  // NOLINT(bugprone-suspicious-include): the fuzz entry

namespace isojoule {
namespace {

TEST(GoalFuzz, CorpusCutsAndChangedBytes) {
  const auto run = [](const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  std::size_t files = 0;
  Random random(1);
  for (const auto& entry : std::filesystem::directory_iterator(std::string(ISOJOULE_SOURCE_DIR) +
                                                               "/tests/corpus/optimise_goal")) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ++files;
    for (std::size_t size = 0; size <= text.size(); ++size) run(text.substr(0, size));
    for (int i = 0; i < 60 && !text.empty(); ++i) {
      constexpr std::string_view kOdd("\0()+-*/^,=<>?:!\"'_.e9 \xff", 23);
      std::string changed = text;
      for (std::uint64_t j = 0; j <= random.below(3); ++j)
        changed[random.below(changed.size())] = kOdd[random.below(kOdd.size())];
      run(changed);
    }
  }
  EXPECT_GE(files, 15u);
}

}  // namespace
}  // namespace isojoule

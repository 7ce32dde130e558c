#include "fleet/block.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "base/random.h"
#include "fleet/object.h"

namespace isojoule::fleet {
namespace {

constexpr std::int64_t kMostLanes = 4096;
constexpr std::int64_t kMostBlockRuns = 2000;
constexpr std::int64_t kMostRuns = 10'000'000;  // of a study: some gigabytes of blocks
constexpr std::int64_t kLeastPoints = 12, kMostPoints = 60;
// Points for each baseline: baselines are a quarter of a block.
constexpr std::int64_t kPointsPerBaseline = 3;

// What is measured of one network in one grid, once in each repeat of each lane.
struct BlockGroup {
  std::string grid, network;
  std::vector<PlannedRun> points, baselines;
  std::size_t size = 0;  // points of a block, at most

  std::size_t blocks() const { return std::max<std::size_t>(1, (points.size() + size - 1) / size); }
  std::int64_t runs() const {
    return static_cast<std::int64_t>(points.size() + blocks() * baselines.size());
  }
};

using BlockGroups = std::vector<BlockGroup>;

// Each grid is asked for alone, so that it has its own baselines; a point of two grids is the first
// one's, as in order_runs().
class Grouping {
 public:
  Grouping(const Plan& plan, const Board& board) : plan_(plan), board_(board) {}

  Result<BlockGroups> make() {
    for (const PlanGrid& grid : plan_.grids) {
      Plan alone = plan_;
      alone.grids = {grid};
      alone.protocol.repeats = 1;
      ISOJOULE_TRY(const auto runs, order_runs(alone, board_));
      add(grid.name, runs);
    }
    return std::move(groups_);
  }

 private:
  void add(const std::string& grid, const std::vector<PlannedRun>& runs) {
    std::map<std::string, BlockGroup> by_network;
    std::set<std::string> with_news;
    for (const PlannedRun& run : runs) {
      const bool is_new = seen_.emplace(run.network, run.baseline, run.setting).second;
      if (is_new) with_news.insert(run.network);
      BlockGroup& group = by_network[run.network];
      if (!run.baseline.empty())
        group.baselines.push_back(run);
      else if (is_new)
        group.points.push_back(run);
    }
    for (auto& [network, group] : by_network) {
      if (with_news.count(network) == 0) continue;
      group.grid = grid;
      group.network = network;
      groups_.push_back(std::move(group));
    }
  }

  const Plan& plan_;
  const Board& board_;
  BlockGroups groups_;
  std::set<std::tuple<std::string, std::string, Setting>> seen_;
};

std::size_t size_of_block(std::int64_t asked, std::size_t baselines) {
  const std::int64_t chosen = std::clamp(kPointsPerBaseline * static_cast<std::int64_t>(baselines),
                                         kLeastPoints, kMostPoints);
  return static_cast<std::size_t>(asked > 0 ? asked : chosen);
}

Status check_options(const BlockOptions& options) {
  if (options.lanes < 1 || options.lanes > kMostLanes)
    return fail(ErrorKind::invalid,
                fmt::format("{} boards for each setting are not possible", options.lanes),
                fmt::format("Give 1 to {}", kMostLanes));
  if (options.block_runs < 0 || options.block_runs > kMostBlockRuns)
    return fail(ErrorKind::invalid,
                fmt::format("blocks of {} runs are not possible", options.block_runs),
                fmt::format("Give 1 to {}, or 0 to have it chosen", kMostBlockRuns));
  return {};
}

// Cuts the groups for one repeat of one lane.
class Cutting {
 public:
  Cutting(const std::string& study, const Plan& plan, const BlockGroups& groups)
      : study_(study), plan_(plan), groups_(groups) {}

  std::vector<BlockMessage> make(std::int64_t lanes) {
    for (std::int64_t lane = 0; lane < lanes; ++lane)
      for (std::int64_t repeat = 0; repeat < plan_.protocol.repeats; ++repeat) cut(lane, repeat);
    return std::move(blocks_);
  }

 private:
  // Networks in turn, not one after the other: whoever looks at half a study sees all of them.
  void cut(std::int64_t lane, std::int64_t repeat) {
    std::vector<std::vector<PlannedRun>> cut;
    for (const BlockGroup& group : groups_) cut_group(group, lane, repeat, cut);
    random(lane, repeat, "blocks").shuffle(cut);
    for (auto& runs : cut) add(std::move(runs), lane, repeat);
  }

  Random random(std::int64_t lane, std::int64_t repeat, const std::string& of) const {
    return Random(
        seed_for(plan_.protocol.seed, fmt::format("lane {} repeat {} {}", lane, repeat, of)));
  }

  void cut_group(const BlockGroup& group, std::int64_t lane, std::int64_t repeat,
                 std::vector<std::vector<PlannedRun>>& cut) const {
    Random numbers = random(lane, repeat, "of " + group.network + " in " + group.grid);
    std::vector<PlannedRun> points = group.points;
    numbers.shuffle(points);
    const std::size_t blocks = group.blocks();
    for (std::size_t block = 0; block < blocks; ++block) {
      // Sizes differ by one at most.
      const auto place = [&](std::size_t of) {
        return points.begin() + static_cast<std::ptrdiff_t>(points.size() * of / blocks);
      };
      std::vector<PlannedRun> runs(place(block), place(block + 1));
      runs.insert(runs.end(), group.baselines.begin(), group.baselines.end());
      numbers.shuffle(runs);
      cut.push_back(std::move(runs));
    }
  }

  void add(std::vector<PlannedRun> runs, std::int64_t lane, std::int64_t repeat) {
    BlockMessage block;
    block.study = study_;
    block.lane = lane;
    block.block = static_cast<std::int64_t>(blocks_.size());
    for (PlannedRun& run : runs) {
      run.sequence = sequence_++;
      run.block = block.block;
      run.repeat = lane * plan_.protocol.repeats + repeat;
    }
    block.runs = std::move(runs);
    blocks_.push_back(std::move(block));
  }

  const std::string& study_;
  const Plan& plan_;
  const BlockGroups& groups_;
  std::vector<BlockMessage> blocks_;
  std::int64_t sequence_ = 0;
};

// Every setting is in the first repeat of the first lane: what can travel there can everywhere.
Status check_travel(const std::vector<BlockMessage>& blocks, std::int64_t repeats) {
  const std::size_t some = blocks.size() / static_cast<std::size_t>(repeats);
  for (std::size_t i = 0; i < some; ++i)
    if (const auto read = parse_block(to_bytes(blocks[i])); !read)
      return fail(ErrorKind::invalid, "the plan cannot be sent to boards: " + read.error().what,
                  "Shorten the plan's names, or make smaller blocks");
  return {};
}

}  // namespace

Result<std::vector<BlockMessage>> cut_blocks(const std::string& study, const Plan& plan,
                                             const Board& board, const BlockOptions& options) {
  ISOJOULE_CHECK(check_options(options));
  ISOJOULE_TRY(BlockGroups groups, Grouping(plan, board).make());
  std::int64_t runs = 0;
  for (BlockGroup& group : groups) {
    group.size = size_of_block(options.block_runs, group.baselines.size());
    runs += group.runs();
  }
  const std::int64_t repeats = options.lanes * plan.protocol.repeats;
  if (runs > 0 && repeats > kMostRuns / runs)
    return fail(ErrorKind::invalid,
                fmt::format("the study would have {} runs in each of {} repeats", runs, repeats),
                fmt::format("A fleet takes {} runs in a study", kMostRuns));
  auto blocks = Cutting(study, plan, groups).make(options.lanes);
  if (repeats > 0) ISOJOULE_CHECK(check_travel(blocks, repeats));
  return blocks;
}

std::string study_id(const std::string& plan_toml, const std::string& board, bool simulated,
                     const std::string& engine, const std::map<std::string, ObjectName>& networks,
                     const std::map<std::string, ObjectName>& files, const BlockOptions& options) {
  using nlohmann::json;
  const auto hashes = [](const std::map<std::string, ObjectName>& names) {
    json made = json::object();
    for (const auto& [name, object] : names) made[name] = object.hash;
    return made;
  };
  const json said = {{"plan", plan_toml},
                     {"board", board},
                     {"simulated", simulated},
                     {"engine", engine},
                     {"networks", hashes(networks)},
                     {"files", hashes(files)},
                     {"lanes", options.lanes},
                     {"block_runs", options.block_runs}};
  constexpr std::size_t kDigits = 24;
  return sha256(said.dump(-1, ' ', false, json::error_handler_t::replace)).substr(0, kDigits);
}

}  // namespace isojoule::fleet

// A simulated board that serves one network: its settings, and what each of them really costs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/paths.h"
#include "base/error.h"
#include "optimise/space.h"
#include "twin/constants.h"
#include "twin/process.h"

namespace isojoule {

// What no user has: batches of every size at every setting, without noise, at the temperature that
// the constants are given for.
class BatchTruth {
 public:
  BatchTruth() = default;
  BatchTruth(GridPoint points, std::int64_t batch)
      : batch_(batch),
        seconds_(static_cast<std::size_t>(points * batch)),
        joules_(seconds_.size()),
        idle_w_(static_cast<std::size_t>(points)) {}
  double& seconds(GridPoint p, std::int64_t n) { return seconds_[at(p, n)]; }
  double& joules(GridPoint p, std::int64_t n) { return joules_[at(p, n)]; }
  double& idle_w(GridPoint p) { return idle_w_[static_cast<std::size_t>(p)]; }
  double seconds(GridPoint p, std::int64_t n) const { return seconds_[at(p, n)]; }
  double joules(GridPoint p, std::int64_t n) const { return joules_[at(p, n)]; }
  double idle_w(GridPoint p) const { return idle_w_[static_cast<std::size_t>(p)]; }

 private:
  std::size_t at(GridPoint p, std::int64_t n) const {
    return static_cast<std::size_t>(p * batch_ + n - 1);
  }
  std::int64_t batch_ = 1;
  std::vector<double> seconds_, joules_, idle_w_;
};

struct ServiceBoard {
  std::string name;     // "jetson-nano"
  std::string network;  // "resnet-18"
  std::int64_t batch = 8;
  std::shared_ptr<const twin::Constants> constants;
  std::shared_ptr<const SearchSpace> space;                           // clocks of CPU and GPU
  std::vector<std::shared_ptr<const twin::ResidentNetwork>> batches;  // of 1, 2, ... requests
  BatchTruth truth;
  GridPoint highest = 0;  // all clocks

  std::size_t cpu_level(GridPoint p) const;
  std::size_t gpu_level(GridPoint p) const;  // 0 where there is no GPU
};

// `board`: "twin:jetson-nano", with a variant behind '/'. Errors: unsupported (a board that is no
// twin), not_found, parse, those of named_cost(); out_of_range (batch).
Result<ServiceBoard> open_service_board(const Paths& paths, const std::string& board,
                                        const std::string& network, std::int64_t batch);

}  // namespace isojoule

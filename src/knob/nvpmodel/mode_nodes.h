// The nodes behind a conf's power modes: written, compared, saved.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/file_tree.h"
#include "knob/knob.h"
#include "knob/number_choice.h"
#include "knob/nvpmodel/conf.h"

namespace isojoule::nvpmodel {

class ModeNodes {
 public:
  // Both must outlive it. `axis` stands in messages.
  ModeNodes(const Conf& conf, FileTree& tree, std::string axis)
      : conf_(conf), tree_(tree), axis_(std::move(axis)) {}

  // Remembers which parameters have a node on this kernel: those that have none now and whose cores
  // are online are passed over from here on, one that vanishes later is not_found.
  void remember_present();
  // unsupported where the mode needs a reboot.
  Status check_no_reboot(const Mode& mode);
  Status write(const Mode& mode);
  // Lifts the caps that the mode wants lifted wherever a number stands that may be a cap; for what
  // another program wrote.
  Status lift_doubtful(const Mode& mode);
  // Ok where every parameter reads as the mode wants it; not_reached names the first that does not.
  Status verify(const Mode& mode);
  // Every node that any mode may write, in the order in which they are to be written back: cores
  // that were on first, files, limits and caps, cores that were off last.
  Result<std::vector<SavedNode>> save();

 private:
  struct Found {
    std::string path;
    const Param* param;
    const Argument* argument;
  };
  std::optional<std::string> existing(const Param& param, const Argument& argument) const;
  // The node of a parameter; nullopt: passed over.
  Result<std::optional<Found>> find(const Assignment& assignment) const;
  Result<std::optional<NumberChoice>> table_of(const Param& param) const;
  Result<std::optional<std::int64_t>> wanted_clock(const Assignment& assignment,
                                                   const Param& param) const;
  std::int64_t highest_of(const Assignment& assignment) const;
  Status write_core(const std::string& path, const std::string& text);
  Status write_clock(const Assignment& assignment);
  Status lift(const std::string& path);
  bool is_open(const Assignment& assignment, const std::string& path,
               const std::optional<double>& cap) const;
  Status write_limits(const Mode& mode, const std::string& param);
  Result<bool> holds(const Assignment& assignment, const Found& found, std::string& wanted,
                     std::string& seen) const;
  Result<bool> holds_clock(const Assignment& assignment, const Found& found, std::string& wanted,
                           std::string& seen) const;

  const Conf& conf_;
  FileTree& tree_;
  std::string axis_;
  std::set<std::string> present_;         // "GPU MAX_FREQ"
  std::map<std::string, double> lifted_;  // by path: what it read without a cap
};

}  // namespace isojoule::nvpmodel

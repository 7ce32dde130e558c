// NVIDIA's power modes on a twin: the conf text, the status file and the program `nvpmodel`.
//
// The conf is written in nvpmodel's syntax from the [[nvpmodel.mode]]s of tree.toml;
// /etc/nvpmodel.conf is a link to it, as on the boards. Status: "pmode:0002", on JetPack 4
// "pmode:0000 fmode:quiet".
//
//   nvpmodel -q      the mode; to a user also an error about what he may not open, as on a board
//   nvpmodel -m N    puts the mode on: cores, limits, caps. A mode with another mask of GPU units
//                    needs a reboot: the program asks, gets no answer, and changes nothing.
//
// A mode is put on by writing the tree's own nodes, in an order that the old kernels do not refuse;
// a limit that is not in a table goes to the nearest entry, as nvpmodel does.
// Sources: nvpmodel_*.conf of L4T 35 (syntax), recorded dialogues of the program.
#pragma once

#include <string>
#include <vector>

#include "base/memory_tree.h"
#include "twin/board_shape.h"

namespace isojoule::twin {

// Its nodes hold references to it: it must outlive every use of the tree. Made after all nodes that
// a mode writes, while the tree still answers as to root.
class Nvpmodel {
 public:
  // `root`: whether the program runs as root.
  Nvpmodel(MemoryTree& tree, const BoardShape& shape, bool root);
  Nvpmodel(const Nvpmodel&) = delete;
  Nvpmodel& operator=(const Nvpmodel&) = delete;

  // The start mode's limits. Errors: those of the nodes.
  Status apply_start();

 private:
  using Command = std::vector<std::string>;
  void add_files();
  Result<std::string> run(const Command& command);
  Result<std::string> change(const Command& command);
  std::string query() const;
  std::string status() const;
  Status write_status(std::string_view text);

  Status apply(const PowerModeShape& mode);
  Status apply_cores(const PowerModeShape& mode);
  Status apply_caps(const PowerModeShape& mode);
  Status apply_cpu(const PowerModeShape& mode);
  Status apply_gpu(const PowerModeShape& mode);
  const PowerModeShape* find(std::int64_t id) const;

  MemoryTree& tree_;
  BoardShape shape_;
  bool root_;
  int mode_;
};

// The conf text of a board's modes.
std::string nvpmodel_conf(const BoardShape& shape);
// The CPUs that are online in a mode.
std::vector<int> online_in(const PowerModeShape& mode, const CpuShape& cpu);
// A mode's limit for a cap, Hz; 0 = none.
std::int64_t cap_in(const PowerModeShape& mode, const ClockCapShape& cap);

}  // namespace isojoule::twin

// Something of the board that can be set: a clock, a governor, the number of cores.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_tree.h"
#include "data/run.h"
#include "data/setting.h"

namespace isojoule {

// One node's text as it was found.
struct SavedNode {
  std::string path;
  std::string text;  // trimmed
  // False: the kernel moves it on from there (an unlocked clock, a fan that is handed back). It is
  // written back once, in its place, and never compared.
  bool settles = true;
  // Of one that does not settle: the node, saved too, that says whether it was taken from the
  // kernel. While that one is as it was saved, nobody has, and nothing is written. "" = always.
  std::string follows = {};
  // The node that shows it, where it is not the one that takes it. "" = path.
  std::string shown = {};
  enum class Lasts : std::uint8_t {
    boot,       // the kernel forgets it at a restart
    disk,       // a file: it stays
    from_disk,  // the board sets it at its start, from such a file
  } lasts = Lasts::boot;
};

class Knob {
 public:
  virtual ~Knob() = default;
  const Axis& axis() const { return do_axis(); }
  // Every value that may be asked for, ascending (names in the board's order).
  const std::vector<Value>& values() const { return do_values(); }
  Result<Value> get() { return do_get(); }
  // Writes and reads back until it is there or `deadline` from now is over. Returns what was
  // achieved, which may differ (the caller counts clock_not_reached). Errors: out_of_range with the
  // two nearest values, permission_denied, io.
  Result<Value> set(const Value& value, Clock& clock, Duration deadline) {
    return do_set(value, clock, deadline);
  }
  // Opens the knob's limits wide, so that a governor of another knob is free (a frequency's knob:
  // min and max to the table's ends). Does nothing for the others.
  Status release() { return do_release(); }
  // The nodes that set() and release() may write, with their present text, in the order in which
  // they must be written back. A second pass in the same order may be needed: an ordered kernel
  // takes either the saved minimum or the saved maximum first, depending on what stands there now.
  // Nodes that do not settle are written in the first pass only, before the ones they follow.
  Result<std::vector<SavedNode>> save() { return do_save(); }

 private:
  virtual const Axis& do_axis() const = 0;
  virtual const std::vector<Value>& do_values() const = 0;
  virtual Result<Value> do_get() = 0;
  virtual Result<Value> do_set(const Value& value, Clock& clock, Duration deadline) = 0;
  virtual Status do_release() = 0;
  virtual Result<std::vector<SavedNode>> do_save() = 0;
};

// What the board file says of one knob.
struct KnobSpec {
  std::string type;  // folder of the knob: "cpufreq", "governor", "emc"
  std::string axis;  // "cpu_frequency"
  // Directories (the policies, the devfreq folder) or files, as the kind says. Resolved: in the
  // board file a part may be "[type=pwm-fan]", see board/board.h.
  std::vector<std::string> nodes;
  // Kernel 4.9: min > max is refused, so the order matters. The knobs keep an order that every
  // kernel takes; this says what the board's kernel would do with another.
  bool ordered_limits = false;
  double scale = 1;         // node's unit in SI (cpufreq writes kHz: 1e3)
  std::string driver = {};  // where a kind has several: "bpmp" or "tegra210" of `emc`
  // What may be asked for where no node says it, in SI units, ascending (`range`: all between two
  // ends); a kind whose nodes have no table needs one of the two.
  std::vector<double> values = {};
  std::optional<std::pair<double, double>> range = {};
  std::map<std::string, std::string> options =
      {};  // further keys of the kind, each documented there
};

struct KnobKind {
  std::string_view name;
  std::string_view help;
  Result<std::unique_ptr<Knob>> (*open)(const KnobSpec& spec, FileTree& tree);
  // The knobs of this kind on a machine that no board file describes; null: none can be told.
  std::vector<KnobSpec> (*discover)(FileTree& tree) = nullptr;
  // No node of this kind says what it takes: the board file must give `values` or `range`.
  bool needs_range = false;
};

std::span<const KnobKind> knob_kinds();  // generated
Result<std::unique_ptr<Knob>> open_knob(const KnobSpec& spec, FileTree& tree);

}  // namespace isojoule

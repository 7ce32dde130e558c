// A board as its file describes it (boards/<name>/board.toml), and the same board opened on a tree.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_tree.h"
#include "data/trace.h"
#include "knob/knob.h"
#include "sensor/sensor.h"

namespace isojoule {

struct ThermalZone {
  std::string name;                    // the zone's `type` text
  std::vector<std::string> also = {};  // its text in other releases ("cpu-thermal" for "CPU-therm")
};

// In the board file, and in BoardFile, a part of a path (of knobs too) may be
// "[type=cpu-balanced]": the entry of that directory whose file `type` says "cpu-balanced", because
// the numbers of hwmon, thermal_zone and cooling_device change from boot to boot. In Board the
// paths are resolved, and those that lead nowhere are left out and listed in the problems.
//
// Nodes read at every tick (or at begin and end) beside the rails.
struct WatchSpec {
  std::string name;  // "cpu_frequency"
  std::string path;
  double scale = 1;  // node's unit in SI
};

// Where the board says that it throttles: a node, or a program. See board/throttle.h.
struct ThrottleSpec {
  std::string name;
  std::string path;                        // a whole number; "" where it is a program's
  std::vector<std::string> command = {};   // prints NAME=0xBITS ("vcgencmd", "get_throttled")
  std::uint64_t mask = ~std::uint64_t{0};  // of a program's number: the bits that count
  bool is_state = false;  // above 0 = throttles now; else a count (or a flag since boot) that rises
};

// What one software release of the board changes.
struct BoardRelease {
  std::string name;              // "32.7", the L4T release it stands for
  std::vector<std::string> l4t;  // prefixes of L4T releases that it covers: "32.5", "32.6", "32.7"
  // Sensors and knobs are those that the machine turns out to have; the lists below come on top.
  bool discover = false;
  std::vector<ChipSpec> chips;
  std::vector<KnobSpec> knobs;
  std::vector<WatchSpec> watches;
  std::vector<ThrottleSpec> throttles;
};

// A module or a mode of the same board that its device tree tells apart: another title, and in the
// twin's files other clocks (docs of both: boards/README.md).
struct BoardVariant {
  std::string name;  // "8gb", "super"
  std::string title;
  std::vector<std::string> compatible;
};

struct BoardFile {
  std::string name;   // "jetson-nano"
  std::string title;  // "NVIDIA Jetson Nano 4 GB"
  std::vector<std::string> compatible;
  // Strings that mean another board, although one of the above is there too (Nano 2 GB).
  std::vector<std::string> not_compatible = {};
  std::vector<BoardVariant> variants = {};
  std::vector<Rail> rails;
  std::string total;                                     // expression over rails
  std::map<std::string, std::string> default_governors;  // axis -> value
  std::vector<ThermalZone> thermal;
  std::vector<BoardRelease> releases;  // newest last
  std::vector<std::string> quirks;     // texts for people, each with its source
  std::string directory;               // where board.toml was found; the twin's file lies beside it
};

// docs of the format: boards/README.md. Errors: parse with line and column, invalid (a rail that
// feeds itself, a total that adds parent and child, an unknown rail, a knob without nodes).
Result<BoardFile> parse_board(const std::string& toml, const std::string& path);
Result<BoardFile> load_board(const std::string& boards_directory, const std::string& name);
std::vector<std::string> board_names(const std::string& boards_directory);

// By the device-tree's compatible strings and /etc/nv_tegra_release (in a container, where that is
// missing, the version of the package nvidia-l4t-core); not_found on another machine. Where two
// boards match, the one that matches the device's more specific string (they come first).
struct Detected {
  std::string board;
  std::string release;  // a BoardRelease's name, or "" if the board has no such
  std::string variant;  // a BoardVariant's name, or ""
};
Result<Detected> detect_board(const std::string& boards_directory, FileTree& tree);

// The board with its nodes opened. Sensors and knobs that are not there are problems, not errors:
// the others work. Keeps references to tree and clock.
struct Board {
  BoardFile file;
  BoardRelease release;
  std::string variant = {};  // "" = none of the file's
  FileTree* tree = nullptr;
  Clock* clock = nullptr;
  bool simulated = false;
  std::vector<std::unique_ptr<Sensor>> sensors;
  std::vector<std::unique_ptr<Knob>> knobs;
  std::vector<Error> problems;
  // Thermal zones by name -> path of `temp` (millidegrees).
  std::map<std::string, std::string> thermal_paths;
  // A twin's: brings it into the state that belongs to this seed (temperature, noise, phase of the
  // power chip), so that a run is the same whatever came before it. Empty on hardware.
  std::function<void(std::uint64_t seed)> begin_run;
  // What comparison with a better meter has shown of channels, by ChannelInfo::sensor
  // (app/calibration_store.h). Whoever samples takes them into the trace.
  std::map<std::string, Calibration> calibrations = {};
  // Why one of these may hold no longer, by the same; for people.
  std::map<std::string, std::string> calibration_doubts = {};

  Knob* knob(const std::string& axis) const;
  std::optional<Calibration> calibration_of(const ChannelInfo& channel) const;
};

// `release` is the name of one of the file's releases, "" for its newest. Errors: not_found with
// the nearest name.
Result<Board> open_board(const BoardFile& file, const std::string& release, FileTree& tree,
                         Clock& clock);

// The path with every "[file=text]" part resolved (a path without one, or that exists as it stands,
// is returned as it is). Errors: not_found.
Result<std::string> resolve_path(const std::string& path, FileTree& tree);

// A total expression, "VDD_IN" or "A + B + C": its rails. Errors: invalid.
Result<std::vector<std::string>> rails_of_total(const std::string& total);

}  // namespace isojoule

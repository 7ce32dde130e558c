// What NVIDIA's tegrastats prints, as typed values: JetPack 4 to 7 (L4T 28 to 39).
//
// The tool has no published grammar and no source; the forms below are those of lines seen on
// boards (golden lines with their origin: parse_test.cc). Unknown words are kept, never an error;
// a line that was cut (a full disk, a killed tool) gives what is whole in it.
//
//   [MM-DD-YYYY HH:MM:SS] RAM u/tMB (lfb nxmMB) [SWAP u/tMB (cached cMB)] [IRAM u/tkB(lfb nkB)]
//   CPU [l%@f,off,...] [EMC_FREQ l%@f] GR3D_FREQ l%[@f|@[f,f]] {ENGINE off|f|l%[@f]}
//   [MTS fg n% bg n%] {ZONE@x.xC[/y.yC]} {RAIL cur/avg | curmW/avgmW[/maxmW]}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/quantity.h"

namespace isojoule::tegrastats {

// Local time of the board, without zone; only some releases print it (seen from JetPack 5).
struct WallTime {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  bool operator==(const WallTime&) const = default;
};

struct Memory {
  std::int64_t used_mb = 0, total_mb = 0;
  std::int64_t free_blocks = 0, free_block_mb = 0;  // lfb: how many blocks of the largest free size
  bool operator==(const Memory&) const = default;
};

struct Swap {
  std::int64_t used_mb = 0, total_mb = 0, cached_mb = 0;
  bool operator==(const Swap&) const = default;
};

struct InternalMemory {  // IRAM, Tegra X1 only
  std::int64_t used_kb = 0, total_kb = 0, largest_free_kb = 0;
  bool operator==(const InternalMemory&) const = default;
};

struct Core {
  bool online = false;
  std::int64_t load_percent = 0;              // 0 where off
  std::optional<std::int64_t> frequency_mhz;  // absent where off, or not printed
  bool operator==(const Core&) const = default;
};

// A clock domain or an engine: EMC_FREQ, GR3D_FREQ, NVDEC, VIC_FREQ, APE, ...
struct Engine {
  std::string name;
  bool off = false;
  std::optional<std::int64_t> load_percent;
  std::vector<std::int64_t> frequency_mhz;  // none for a user who is not root; GR3D has one a GPC
  bool operator==(const Engine&) const = default;
};

struct Temperature {
  std::string zone;
  double celsius = 0;             // -256: the zone is not powered
  std::optional<double> maximum;  // since the tool's start, JetPack 7
  bool operator==(const Temperature&) const = default;
};

struct RailPower {
  std::string name;
  std::int64_t now_mw = 0;      // may be negative
  std::int64_t average_mw = 0;  // since the tool's start
  std::optional<std::int64_t> maximum_mw;
  bool operator==(const RailPower&) const = default;
};

struct BackgroundTasks {  // MTS: work of the Denver and Carmel cores' own firmware
  std::int64_t foreground_percent = 0, background_percent = 0;
  bool operator==(const BackgroundTasks&) const = default;
};

struct Line {
  std::optional<WallTime> time;
  std::optional<Memory> ram;
  std::optional<Swap> swap;
  std::optional<InternalMemory> iram;
  std::vector<Core> cores;
  std::vector<Engine> engines;
  std::optional<BackgroundTasks> mts;
  std::vector<Temperature> temperatures;
  std::vector<RailPower> rails;      // none where the tool may not read the power chip
  std::vector<std::string> unknown;  // words that fit none of the forms, in their order
  bool operator==(const Line&) const = default;
};

// Errors: parse, where no word of the line is known.
Result<Line> parse_line(std::string_view text);

// A whole log. `at` is the time of each line after the first: from the lines' own time stamps where
// they have them (whole seconds; lines of one second are spread evenly over it), else `interval`
// apart. Ascending.
struct Log {
  std::vector<Line> lines;
  std::vector<Duration> at;
  std::size_t skipped = 0;  // lines that are none of tegrastats (a shell's words, a cut beginning)
};
// Errors: parse, where no line at all is one of tegrastats.
Result<Log> parse_log(std::string_view text, Duration interval);

}  // namespace isojoule::tegrastats

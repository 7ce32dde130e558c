// A source of power readings: one chip or one device, with one or more channels.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file_tree.h"
#include "data/trace.h"

namespace isojoule {

enum class ReadingState : std::uint8_t { ok, no_data, failed };

struct RawReading {
  std::int64_t time_ns = 0;  // between the reads of a and b
  std::int32_t a = 0;
  std::int32_t b = 0;
  ReadingState state = ReadingState::failed;
};

class Sensor {
 public:
  virtual ~Sensor() = default;
  const std::vector<ChannelInfo>& channels() const { return do_channels(); }
  // Channels that the board should have and that gave nothing when the sensor was opened, with why.
  const std::vector<Error>& problems() const { return do_problems(); }
  // One reading of every channel, in the order of channels(); out.size() == channels().size().
  // Called from the sampling thread: no allocation, no lock when all is well.
  void read(Clock& clock, std::span<RawReading> out) { do_read(clock, out); }

 private:
  virtual const std::vector<ChannelInfo>& do_channels() const = 0;
  virtual const std::vector<Error>& do_problems() const = 0;
  virtual void do_read(Clock& clock, std::span<RawReading> out) = 0;
};

// What the board file says of one power source: a chip, a driver's folder, a library, a program.
struct ChipSpec {
  std::string type;         // "ina3221"; the folder of the sensor
  std::string bus_address;  // "6-0040"; "" for what is on no bus
  std::string driver;       // "iio" or "hwmon"; "" where there is only one
  struct Channel {
    int index = 0;     // the chip's channel, 0-based
    std::string rail;  // the rail's name; the label that the board must show there unless:
    double shunt_ohm = 0;
    std::string label = {};  // what the source itself calls it ("package-0"); "": as the rail
  };
  std::vector<Channel> channels;
  // The length of the chip's averaging as the board configures it, in seconds; 0: not known. Where
  // the driver says it itself (hwmon), that counts and this only decides between equal readings of
  // it.
  double averaging_window_s = 0;
  // Largest relative deviation of the shunt resistor from its nominal value.
  double shunt_tolerance = 0.01;
  // Where it is, for kinds that are on no bus: a folder of sysfs, a log file, a library. "" = the
  // kind's usual place.
  std::string path = {};
  std::map<std::string, std::string> options =
      {};  // further keys of the kind, each documented there
};

// What a source that no board file describes stands for, so that a total can be chosen.
enum class Coverage : std::uint8_t {
  machine,  // all that the battery or the mains give to it
  package,  // processor with its memory controller
  part,     // a GPU, a rail, a disk
};

// Whether power may be in two of a source's rails although neither is known to feed the other. Such
// rails are never added up.
enum class Overlap : std::uint8_t {
  none,
  in_source,  // among the source's own rails
  in_kind,    // also with the rails of other sources of the kind: chips of one board
};

// A source found on a machine that no board file describes: what opens it, and its rails with their
// places among each other (a parent may be another source's rail). One rail a channel, in the
// channels' order. The rails may get other names: a kind that finds its channel by name keeps that
// name in the channel's label.
struct FoundSource {
  ChipSpec spec;
  std::vector<Rail> rails;
  Coverage coverage = Coverage::part;
  Overlap overlap = Overlap::none;
};

// One row of the generated table of built-in sensors. `open` fails only where no channel at all can
// be read; its error says which places were tried.
struct SensorKind {
  std::string_view name;
  std::string_view help;
  Result<std::unique_ptr<Sensor>> (*open)(const ChipSpec& spec, FileTree& tree);
  // What of this kind the machine has, readable or not; null: only a board file can say (or, for
  // `estimate`, only a user may ask).
  std::vector<FoundSource> (*discover)(FileTree& tree) = nullptr;
};

std::span<const SensorKind> sensor_kinds();  // generated
Result<std::unique_ptr<Sensor>> open_sensor(const ChipSpec& spec, FileTree& tree);

}  // namespace isojoule

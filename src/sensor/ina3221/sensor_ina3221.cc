// The sensor: opens the channels that the board file names and reads them in pairs.

#include <limits>

#include "base/text.h"
#include "sensor/ina3221/ina3221.h"
#include "sensor/jetson_rails.h"

namespace isojoule {
namespace {

using ina3221::ChannelNodes;
using ina3221::Layout;

struct OpenChannel {
  std::unique_ptr<File> voltage, current;
};

class Ina3221 final : public Sensor {
 public:
  std::vector<ChannelInfo> channels_;
  std::vector<OpenChannel> files_;
  std::vector<Error> problems_;

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
};

// Takes the integer into `value`, or says why there is none.
ReadingState take(File& file, std::int32_t& value) {
  const auto number = read_integer(file);
  if (!number)
    return number.error().kind == ErrorKind::no_data ? ReadingState::no_data : ReadingState::failed;
  if (*number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max())
    return ReadingState::failed;
  value = static_cast<std::int32_t>(*number);
  return ReadingState::ok;
}

void Ina3221::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t i = 0; i < files_.size() && i < out.size(); ++i) {
    RawReading reading;
    const ReadingState first = take(*files_[i].voltage, reading.a);
    reading.time_ns = clock.now().ns;
    const ReadingState second = take(*files_[i].current, reading.b);
    reading.state = first != ReadingState::ok ? first : second;
    if (reading.state != ReadingState::ok) reading.a = reading.b = 0;
    out[i] = reading;
  }
}

// Opens one chip; holds what its steps share.
class Opener {
 public:
  Opener(const ChipSpec& spec, FileTree& tree, const Layout& layout)
      : spec_(spec), tree_(tree), layout_(layout), sensor_(std::make_unique<Ina3221>()) {}

  Result<std::unique_ptr<Sensor>> open();

 private:
  std::string chip() const { return "INA3221 at " + spec_.bus_address; }
  void read_labels();
  void ask_for_all();
  Error missing(const ChipSpec::Channel& channel) const;
  void explain(Error& error) const;
  Second window();
  int enabled_channels();
  Status open_channel(const ChipSpec::Channel& channel, Second window);
  Result<int> index_of(const ChipSpec::Channel& channel) const;
  double shunt_of(const ChipSpec::Channel& channel, const ChannelNodes& nodes);
  void say_assumed_shunt();

  const ChipSpec& spec_;
  FileTree& tree_;
  const Layout& layout_;
  std::unique_ptr<Ina3221> sensor_;
  std::string folder_;
  std::array<std::string, ina3221::kChannels> labels_;
  std::optional<Error> label_error_;  // of a label that is there and may not be read
  bool is_shunt_assumed_ = false;
};

// What a user can do about a node that only root may read.
void Opener::explain(Error& error) const {
  if (error.kind == ErrorKind::permission_denied)
    error.remedy = "Run as root, or make the node readable (" + std::string(layout_.modes) + ")";
}

void Opener::read_labels() {
  for (int i = 0; i < ina3221::kChannels; ++i) {
    auto label = read_line(tree_, nodes_of(layout_, folder_, i).label);
    if (label) {
      labels_[static_cast<std::size_t>(i)] = *label;
    } else if (label.error().kind != ErrorKind::not_found &&
               label.error().kind != ErrorKind::no_data && !label_error_) {
      label_error_ = label.error();
      explain(*label_error_);
    }
  }
}

// Without its label no channel is opened. A tree that lists refusals (`isojoule probe`) shall have
// them all at once, not one generation of nodes after the other.
void Opener::ask_for_all() {
  for (int i = 0; i < ina3221::kChannels; ++i) {
    const ChannelNodes nodes = nodes_of(layout_, folder_, i);
    (void)tree_.read(nodes.voltage);
    (void)tree_.read(nodes.current);
  }
}

Error Opener::missing(const ChipSpec::Channel& channel) const {
  if (label_error_) return *label_error_;
  const ChannelNodes nodes = nodes_of(layout_, folder_, channel.index);
  const std::string& there = labels_[static_cast<std::size_t>(channel.index)];
  Error error;
  error.kind = there.empty() ? ErrorKind::no_data : ErrorKind::not_found;
  error.what = channel.rail + ": " + chip() + " has no channel of this name; channel " +
               std::to_string(channel.index) +
               (there.empty() ? " is disabled (no label)" : " is labelled '" + there + "'");
  error.tried = nodes.label;
  error.remedy = "The other channels are read; energies that need this rail are absent";
  return error;
}

// Nano revision a00 has its first two rails the other way round: the label counts, not the index,
// which only decides between two channels of the same label.
Result<int> Opener::index_of(const ChipSpec::Channel& channel) const {
  const std::string& label = channel.label.empty() ? channel.rail : channel.label;
  if (labels_[static_cast<std::size_t>(channel.index)] == label) return channel.index;
  for (int i = 0; i < ina3221::kChannels; ++i)
    if (labels_[static_cast<std::size_t>(i)] == label) return i;
  return tl::unexpected<Error>(missing(channel));
}

int Opener::enabled_channels() {
  int count = 0;
  for (int i = 0; i < ina3221::kChannels; ++i) {
    const auto enable = read_integer(tree_, nodes_of(layout_, folder_, i).enable);
    const bool labelled = !labels_[static_cast<std::size_t>(i)].empty();
    if (enable ? *enable == 1 : labelled) ++count;
  }
  return count;
}

Second Opener::window() {
  const Second expected(spec_.averaging_window_s);
  if (&layout_ == &ina3221::iio_layout()) return expected;
  const auto samples = read_integer(tree_, folder_ + "/samples");
  const auto interval = read_integer(tree_, folder_ + "/update_interval");
  const int enabled = enabled_channels();
  if (samples && interval) {
    const auto found = ina3221::window_from_nodes(*samples, *interval, enabled, expected);
    if (found) return *found;
  }
  const Second otherwise =
      expected.value() > 0 ? expected : Second(2e-6 * ina3221::kDefaultConversion_us * enabled);
  Error error;
  error.kind = ErrorKind::no_data;
  error.what = chip() + ": the averaging window cannot be told from the driver; " +
               std::to_string(otherwise.value()) + " s is taken from the " +
               (expected.value() > 0 ? "board file" : "chip's power-on configuration");
  error.tried = folder_ + "/samples, " + folder_ + "/update_interval";
  sensor_->problems_.push_back(std::move(error));
  return otherwise;
}

// hwmon says the shunt itself, in micro-ohm; the board file's value stands in where it does not.
// iio does not say it and needs it no more than we do: it prints milliamperes.
double Opener::shunt_of(const ChipSpec::Channel& channel, const ChannelNodes& nodes) {
  if (nodes.shunt.empty() && channel.shunt_ohm <= 0) {
    is_shunt_assumed_ = true;
    return jetson::kAssumedShunt_ohm;
  }
  if (nodes.shunt.empty()) return channel.shunt_ohm;
  const auto shunt = read_integer(tree_, nodes.shunt);
  return shunt && *shunt > 0 ? static_cast<double>(*shunt) * 1e-6 : channel.shunt_ohm;
}

void Opener::say_assumed_shunt() {
  Error error;
  error.kind = ErrorKind::no_data;
  error.what = chip() +
               ": the driver does not say the shunt resistors; 5 mOhm is assumed. The "
               "readings do not depend on it, their resolution and uncertainty do";
  error.tried = folder_;
  error.remedy = "Give shunt_ohm in a board file";
  sensor_->problems_.push_back(std::move(error));
}

Status Opener::open_channel(const ChipSpec::Channel& channel, Second window) {
  ISOJOULE_TRY(const int index, index_of(channel));
  const ChannelNodes nodes = nodes_of(layout_, folder_, index);
  if (!nodes.enable.empty()) {
    const auto enable = read_integer(tree_, nodes.enable);
    if (enable && *enable == 0)
      return fail(ErrorKind::no_data, channel.rail + ": the channel is disabled",
                  "Write 1 to the node as root", nodes.enable);
  }
  // One reading of each now, so that a channel that answers ENODATA or EIO is out with its reason.
  ISOJOULE_CHECK(read_integer(tree_, nodes.voltage));
  ISOJOULE_CHECK(read_integer(tree_, nodes.current));
  OpenChannel files;
  ISOJOULE_TRY(files.voltage, tree_.open(nodes.voltage));
  ISOJOULE_TRY(files.current, tree_.open(nodes.current));

  const double shunt_ohm = shunt_of(channel, nodes);
  if (shunt_ohm <= 0)
    return fail(ErrorKind::invalid, channel.rail + ": the shunt resistor is not known",
                "Give shunt_ohm in the board file");
  ChannelInfo info;
  info.rail = channel.rail;
  info.sensor = "ina3221 " + spec_.bus_address + " channel " + std::to_string(index);
  info.kind = ChannelKind::voltage_current;
  info.step_a = info.step_b = 1e-3;  // both drivers print millivolts and milliamperes
  info.voltage_quantum = ina3221::kBusStep;
  info.current_quantum = Ampere(ina3221::kShuntStep.value() / shunt_ohm);
  info.window = window;
  info.update_period = window;  // it converts again and again, one window after the other
  info.gain_uncertainty = ina3221::gain_uncertainty(spec_.shunt_tolerance);
  info.current_offset_uncertainty = ina3221::offset_uncertainty(shunt_ohm);
  sensor_->channels_.push_back(std::move(info));
  sensor_->files_.push_back(std::move(files));
  return {};
}

Result<std::unique_ptr<Sensor>> Opener::open() {
  std::vector<std::string> tried;
  auto folder = find_folder(layout_, spec_.bus_address, tree_, tried);
  if (!folder) {
    Error error = folder.error();
    error.tried = join(tried, ", ");
    error.remedy =
        "Check that the ina3221 driver is bound to the chip, and that /sys is visible here";
    return tl::unexpected<Error>(std::move(error));
  }
  folder_ = *folder;
  read_labels();
  if (label_error_ && label_error_->kind == ErrorKind::permission_denied) ask_for_all();
  const Second averaging = window();
  std::optional<Error> first;
  for (const auto& channel : spec_.channels) {
    auto status = open_channel(channel, averaging);
    if (status) continue;
    explain(status.error());
    if (!first) first = status.error();
    sensor_->problems_.push_back(std::move(status.error()));
  }
  if (is_shunt_assumed_) say_assumed_shunt();
  if (!sensor_->channels_.empty()) return std::unique_ptr<Sensor>(std::move(sensor_));
  Error error =
      first ? *first : Error{ErrorKind::invalid, "the board file names no channel", {}, {}};
  error.what = chip() + ": no channel can be read: " + error.what;
  error.tried = error.tried.empty() ? folder_ : folder_ + ": " + error.tried;
  return tl::unexpected<Error>(std::move(error));
}

Result<std::unique_ptr<Sensor>> open_ina3221(const ChipSpec& spec, FileTree& tree) {
  for (const auto& channel : spec.channels)
    if (channel.index < 0 || channel.index >= ina3221::kChannels)
      return fail(ErrorKind::invalid,
                  channel.rail + ": an INA3221 has no channel " + std::to_string(channel.index),
                  "Give an index from 0 to 2 in the board file");
  for (const Layout* layout : {&ina3221::iio_layout(), &ina3221::hwmon_layout()})
    if (layout->driver == spec.driver) return Opener(spec, tree, *layout).open();
  return fail(ErrorKind::not_found, "ina3221 driver '" + spec.driver + "' is not known",
              unknown_name_remedy(spec.driver, {"iio", "hwmon"}));
}

// A chip that a driver is bound to, "6-0040": every labelled channel is a rail.
std::optional<FoundSource> found_at(const Layout& layout, const std::string& address,
                                    FileTree& tree) {
  std::vector<std::string> tried;
  const auto folder = find_folder(layout, address, tree, tried);
  if (!folder) return std::nullopt;
  FoundSource source;
  source.spec.type = "ina3221";
  source.spec.bus_address = address;
  source.spec.driver = std::string(layout.driver);
  for (int i = 0; i < ina3221::kChannels; ++i) {
    const auto label = read_line(tree, nodes_of(layout, *folder, i).label);
    const bool is_refused = !label && label.error().kind == ErrorKind::permission_denied;
    if (!is_refused && (!label || label->empty())) continue;
    // One whose label is for root only is there all the same: opening it says so.
    const std::string rail = is_refused ? address + " channel " + std::to_string(i) : *label;
    source.spec.channels.push_back({i, rail, 0, is_refused ? std::string() : *label});
    source.rails.push_back({rail, "", "INA3221 " + address});
  }
  if (source.rails.empty()) return std::nullopt;
  return source;
}

// Which rail feeds which, over all chips: TX2 has its input rail on one and others on both.
void place(std::vector<FoundSource>& chips) {
  std::vector<std::string> all;
  for (const FoundSource& chip : chips)
    for (const Rail& rail : chip.rails) all.push_back(rail.name);
  for (FoundSource& chip : chips) {
    chip.overlap = jetson::overlap_of(all);
    for (Rail& rail : chip.rails) rail.parent = jetson::parent_of(rail.name, all);
  }
}

std::vector<FoundSource> discover_ina3221(FileTree& tree) {
  std::vector<FoundSource> found;
  for (const Layout* layout : {&ina3221::iio_layout(), &ina3221::hwmon_layout()}) {
    const auto names = tree.list(layout->driver_folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      if (name.find('-') == std::string::npos) continue;  // bind, unbind, uevent
      if (auto source = found_at(*layout, name, tree)) found.push_back(std::move(*source));
    }
  }
  place(found);
  return found;
}

}  // namespace

const SensorKind& sensor_kind_ina3221();
const SensorKind& sensor_kind_ina3221() {
  static const SensorKind kind{
      "ina3221", "INA3221 power monitor: voltage and current of up to three rails (iio or hwmon)",
      open_ina3221, discover_ina3221};
  return kind;
}

}  // namespace isojoule

#include "sensor/file_sensor.h"

namespace isojoule {

Status FileSensor::add(FileTree& tree, ChannelInfo info, const std::vector<std::string>& paths) {
  std::array<std::unique_ptr<File>, kNodes> nodes;
  for (std::size_t i = 0; i < paths.size() && i < kNodes; ++i) {
    ISOJOULE_CHECK(read_integer(tree, paths[i]));
    ISOJOULE_TRY(nodes[i], tree.open(paths[i]));
  }
  infos_.push_back(std::move(info));
  nodes_.push_back(std::move(nodes));
  return {};
}

void FileSensor::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t channel = 0; channel < nodes_.size() && channel < out.size(); ++channel) {
    RawReading reading;
    reading.state = ReadingState::ok;
    reading.time_ns = clock.now().ns;
    std::array<std::int64_t, kNodes> numbers{};
    for (std::size_t i = 0; i < kNodes && nodes_[channel][i]; ++i) {
      const auto number = read_integer(*nodes_[channel][i]);
      if (number)
        numbers[i] = *number;
      else
        reading.state = number.error().kind == ErrorKind::no_data ? ReadingState::no_data
                                                                  : ReadingState::failed;
    }
    if (reading.state == ReadingState::ok && !convert(channel, numbers, reading) &&
        reading.state == ReadingState::ok)
      reading.state = ReadingState::failed;
    if (reading.state != ReadingState::ok) reading.a = reading.b = 0;
    out[channel] = reading;
  }
}

Result<std::unique_ptr<Sensor>> finish(std::unique_ptr<FileSensor> sensor,
                                       const std::string& place) {
  if (!sensor->empty()) return std::unique_ptr<Sensor>(std::move(sensor));
  const auto& problems = static_cast<const Sensor&>(*sensor).problems();
  Error error = problems.empty() ? Error{ErrorKind::invalid, "no channel is named", {}, {}}
                                 : problems.front();
  error.what = place + ": no channel can be read: " + error.what;
  error.tried = error.tried.empty() ? place : place + ": " + error.tried;
  if (error.remedy.empty())
    error.remedy = "Check that the driver is loaded, and that /sys is visible";
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace isojoule
